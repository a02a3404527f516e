/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of partitions out of a file. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kafka/place_list.h"

#define NOW 1767225600000

static int
read_text(struct place_list *l, const char *text, struct err *err)
{
	char path[] = "/tmp/maip-places.XXXXXX";
	const int fd = mkstemp(path);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	rc = place_list_read(l, path, NOW, err);
	unlink(path);
	return rc;
}

static void
what_list_offsets_prints_is_read_back(void **state)
{
	struct place_list *l = place_list_new();
	const struct place_range *r;
	struct err err;

	(void)state;
	assert_int_equal(read_text(l, "{\"topic\":\"b\",\"partition\":1,\"first\":\"0\",\"next\":\"7\"}\n"
	                              "{\"topic\":\"b\",\"partition\":0,\"first\":\"0\",\"next\":\"9\",\"committed\":\"4\",\"lag\":\"5\"}\n"
	                              "{\"topic\":\"a\",\"partition\":0,\"first\":\"2\",\"next\":\"9\",\"committed\":null,\"lag\":\"7\"}\n", &err), 0);
	assert_false(place_list_bounded(l));
	r = place_list_find(l, &(struct part){ STR("b"), 1, 0 });
	assert_int_equal(r->from.kind, PLACE_NUMBER);
	assert_int_equal(r->from.value, 7);
	assert_int_equal(place_list_find(l, &(struct part){ STR("b"), 0, 0 })->from.value, 4);
	assert_int_equal(place_list_find(l, &(struct part){ STR("a"), 0, 0 })->from.kind,
	                 PLACE_EARLIEST);
	assert_null(place_list_find(l, &(struct part){ STR("a"), 1, 0 }));
	assert_null(place_list_find(l, &(struct part){ STR("c"), 0, 0 }));
	place_list_free(l);
}

static void
an_offset_is_all_that_o_takes(void **state)
{
	struct place_list *l = place_list_new();
	const struct place_range *r;
	struct err err;

	(void)state;
	assert_int_equal(read_text(l, "{\"topic\":\"t\",\"partition\":0,\"offset\":5}\n\n{\"offset\":\"-10\",\"partition\":1,\"topic\":\"t\"}\n"
	                              "{\"topic\":\"t\",\"partition\":2,\"offset\":\"5:9\",\"next\":\"1\"}", &err), 0);
	assert_true(place_list_bounded(l));
	assert_int_equal(place_list_find(l, &(struct part){ STR("t"), 0, 0 })->from.value, 5);
	assert_int_equal(place_list_find(l, &(struct part){ STR("t"), 1, 0 })->from.kind,
	                 PLACE_BEFORE_END);
	r = place_list_find(l, &(struct part){ STR("t"), 2, 0 });
	assert_int_equal(r->from.value, 5);
	assert_int_equal(r->to.value, 9);
	place_list_free(l);
}

static void
a_wrong_line_is_named(void **state)
{
	static const struct { const char *line, *message; } cases[] = {
		{ "{\"topic\":\"t\",\"partition\":0}", "line 1: has no \"offset\", and no \"next\" as --list-offsets prints it" },
		{ "{\"partition\":0,\"offset\":1}", "line 1: has no \"topic\"" },
		{ "{\"topic\":\"t\",\"offset\":1}", "line 1: has no \"partition\"" },
		{ "{\"topic\":\"t\",\"partition\":-1,\"offset\":1}", "\"partition\" is not a whole number" },
		{ "{\"topic\":\"t\",\"partition\":99999999999,\"offset\":1}", "\"partition\" is too large" },
		{ "{\"topic\":\"t\",\"partition\":0,\"offset\":\"soon\"}", "\"offset\": 'soon' is not an offset" },
		{ "[1]", "line 1: is not an object" },
		{ "{", "line 1: column 2" },
		{ "{\"topic\":\"t\",\"partition\":0,\"offset\":1}\n{\"topic\":\"t\",\"partition\":0,\"offset\":2}", "t[0] is there twice" },
		{ "", "no line says an offset" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place_list *l = place_list_new();
		struct err err;

		assert_int_equal(read_text(l, cases[i].line, &err), -1);
		assert_int_equal(err.status, STATUS_DATA);
		if (strstr(err.msg, cases[i].message) == NULL)
			fail_msg("%s", err.msg);
		place_list_free(l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_list_offsets_prints_is_read_back),
		cmocka_unit_test(an_offset_is_all_that_o_takes),
		cmocka_unit_test(a_wrong_line_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
