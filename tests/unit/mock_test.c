/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded broker: that it listens, and which topics it refuses. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kafka/mock.h"

static bool
answers(const char *brokers)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int                fd = socket(AF_INET, SOCK_STREAM, 0);
	int                got;

	to.sin_port = htons((uint16_t)atoi(strchr(brokers, ':') + 1));
	got = connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return got == 0;
}

static void
it_listens_when_it_has_started(void **state)
{
	struct err   err;
	struct mock *m = mock_start(1, &err);

	(void)state;
	assert_non_null(m);
	assert_int_equal(strncmp(mock_brokers(m), "127.0.0.1:", 10), 0);
	assert_true(answers(mock_brokers(m)));
	mock_stop(m);
}

static void
a_topic_is_a_name_and_perhaps_a_number_of_partitions(void **state)
{
	static const struct { struct str spec; const char *message; } refused[] = {
		{ STR(""), "'' is not the name of a topic (letters, digits, '.', '_' and '-'; at most 249)" },
		{ STR(":4"), "'' is not the name of a topic (letters, digits, '.', '_' and '-'; at most 249)" },
		{ STR("a/b"), "'a/b' is not the name of a topic (letters, digits, '.', '_' and '-'; at most 249)" },
		{ STR(".."), "'..' is not the name of a topic (letters, digits, '.', '_' and '-'; at most 249)" },
		{ STR("a:0"), "'a:0': the number of partitions is not from 1 to 1000" },
		{ STR("a:"), "'a:': the number of partitions is not from 1 to 1000" },
		{ STR("a:1001"), "'a:1001': the number of partitions is not from 1 to 1000" },
		{ STR("a:99999999999"), "'a:99999999999': the number of partitions is not from 1 to 1000" },
		{ STR("a:4x"), "'a:4x': the number of partitions is not from 1 to 1000" },
		{ STR("orders"), "'orders': the topic is there already" },
	};
	struct err   err;
	struct mock *m = mock_start(1, &err);

	(void)state;
	assert_non_null(m);
	assert_int_equal(mock_topic(m, STR("orders"), &err), 0);
	assert_int_equal(mock_topic(m, STR("maip.product_created-2:7"), &err), 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		assert_int_equal(mock_topic(m, refused[i].spec, &err), -1);
		assert_int_equal(err.status, STATUS_USAGE);
		assert_string_equal(err.msg, refused[i].message);
	}
	mock_stop(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_listens_when_it_has_started),
		cmocka_unit_test(a_topic_is_a_name_and_perhaps_a_number_of_partitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
