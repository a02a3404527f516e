/* SPDX-License-Identifier: Apache-2.0 */
/* A client's token: what is kept for the thread that renews it. */
#include "unit.h"

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kafka/auth.h"

enum { ROUNDS = 3000, ROUND_MS = 10 };

static struct auth *
auth_with(const char *command)
{
	struct kafka_conf *c = kafka_conf_new();
	struct auth       *a;
	struct err         err;

	assert_int_equal(kafka_conf_token_command(&c, command, &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), 0);
	a = auth_new(c, &(struct kafka_watch){ 0 });
	kafka_conf_free(c);
	return a;
}

static void *
refresh(void *arg)
{
	auth_refresh(arg, NULL);        /* there is never a token that could be handed over */
	return NULL;
}

static off_t
size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* A client that cannot be freed in time outlives its configuration. */
static void
a_source_of_tokens_is_asked_again_when_the_configuration_is_gone(void **state)
{
	char         path[] = "/tmp/maip-auth.XXXXXX", command[100];
	int          fd = mkstemp(path);
	struct auth *a;
	pthread_t    thread;
	struct err   why;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command), "echo >>%s; echo no vault >&2; exit 1", path);
	a = auth_with(command);
	assert_int_equal(pthread_create(&thread, NULL, refresh, a), 0);
	for (int i = 0; i < ROUNDS && size_of(path) < 2; i++)
		nanosleep(&(struct timespec){ .tv_nsec = ROUND_MS * 1000000 }, NULL);
	assert_true(size_of(path) >= 2);
	assert_true(auth_trouble(a, &why));
	assert_string_equal(why.msg, "--oauth-token-command: exit status 1: 'no vault'");
	auth_stop(a);
	assert_int_equal(pthread_join(thread, NULL), 0);
	auth_free(a);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_of_tokens_is_asked_again_when_the_configuration_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
