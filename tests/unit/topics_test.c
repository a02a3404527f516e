/* SPDX-License-Identifier: Apache-2.0 */
/* Topics by name and pattern, partitions by number, places in a partition, and the order of a
 * merge. */
#include "unit.h"

#include "base/time.h"
#include "kafka/merge.h"
#include "kafka/offsets.h"
#include "kafka/topics.h"

#define NOW 1767225600000

static const struct str all[] = {
	STR("__consumer_offsets"), STR("maip.order.created"), STR("maip.order.paid"), STR("maip_order_x"), STR("other"),
};

static void
assert_selects(const char *spec, const char *expected)
{
	struct topics *t = topics_new();
	char found[200] = "";
	struct str *list;
	struct err err;
	size_t n;

	assert_int_equal(topics_option(t, spec, &err), 0);
	n = topics_select(t, all, sizeof(all) / sizeof(all[0]), &list);
	for (size_t i = 0; i < n; i++)
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%.*s",
		         i > 0 ? " " : "", STR_ARGS(list[i]));
	assert_string_equal(found, expected);
	free(list);
	topics_free(t);
}

static void
names_globs_and_expressions_select_topics(void **state)
{
	(void)state;
	assert_selects("absent", "absent");
	assert_selects("maip.order.*", "maip.order.created maip.order.paid");
	assert_selects("maip.order.pai?", "maip.order.paid");
	assert_selects("maip[._]order[!.]x", "maip_order_x");
	assert_selects("*", "maip.order.created maip.order.paid maip_order_x other");
	assert_selects("^.*(paid|ther)$", "maip.order.paid other");
	assert_selects("^o", "other");
	assert_selects("__*", "__consumer_offsets");
	assert_selects("^nothing", "");
}

static void
a_count_is_a_whole_number_within_its_bounds(void **state)
{
	(void)state;
	assert_int_equal(topics_number(STR("1"), 1000), 1);
	assert_int_equal(topics_number(STR("1000"), 1000), 1000);
	assert_int_equal(topics_number(STR("007"), 1000), 7);
	assert_int_equal(topics_number(STR("1001"), 1000), 0);
	assert_int_equal(topics_number(STR("99999999999999999999"), 1000), 0);
	assert_int_equal(topics_number(STR(""), 1000), 0);
	assert_int_equal(topics_number(STR("0"), 1000), 0);
	assert_int_equal(topics_number(STR("-1"), 1000), 0);
	assert_int_equal(topics_number(STR("4x"), 1000), 0);
}

static void
what_is_no_topic_is_refused(void **state)
{
	static const char *const specs[] = { "", "a b", "a,b", "a[b", "^(", "\xc3\xa9" };
	struct topics *t = topics_new();
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		assert_int_equal(topics_option(t, specs[i], &err), -1);
		assert_int_equal(err.status, STATUS_USAGE);
	}
	assert_int_equal(topics_count(t), 0);
	topics_free(t);
}

static void
a_topic_that_is_meant_twice_is_read_once(void **state)
{
	struct topics *t = topics_new();
	struct str *list;
	struct err err;

	(void)state;
	topics_option(t, "other", &err);
	topics_option(t, "o*", &err);
	assert_int_equal(topics_select(t, all, sizeof(all) / sizeof(all[0]), &list), 1);
	free(list);
	topics_free(t);
}

static void
partitions_are_numbers_and_ranges(void **state)
{
	static const char *const wrong[] = { "", "a", "1-", "3-1", "1,", "-1", "99999999999", "1;2" };
	struct partitions p = { .n = 0 };
	struct err err;

	(void)state;
	assert_true(partitions_has(&p, 7));
	assert_int_equal(partitions_option(&p, "0,3-5", &err), 0);
	for (int32_t i = 0; i < 8; i++)
		assert_int_equal(partitions_has(&p, i), i == 0 || (i >= 3 && i <= 5));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(partitions_option(&p, wrong[i], &err), -1);
}

static void
every_spelling_of_a_place_is_read(void **state)
{
	static const struct { const char *text; struct place place;
	} cases[] = {
		{ "earliest", { PLACE_EARLIEST, 0 } },
		{ "beginning", { PLACE_EARLIEST, 0 } },
		{ "end", { PLACE_LATEST, 0 } },
		{ "stored", { PLACE_COMMITTED, 0 } },
		{ "42", { PLACE_NUMBER, 42 } },
		{ "-42", { PLACE_BEFORE_END, 42 } },
		{ "+42", { PLACE_AFTER_START, 42 } },
		{ "@2026-01-01T00:00:00Z", { PLACE_TIME, NOW } },
		{ "@1767225600", { PLACE_TIME, NOW } },
		{ "@1767225600000", { PLACE_TIME, NOW } },
		{ "-1h", { PLACE_TIME, NOW - 3600000 } },
		{ "@-1h30m", { PLACE_TIME, NOW - 5400000 } },
	};
	static const char *const wrong[] = { "", "soon", "4x", "--4", "@", "@x", "99999999999999999999", "+", "1h", "+1h" };
	struct place p;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (place_parse(&p, str_of(cases[i].text), NOW, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.msg);
		assert_int_equal(p.kind, cases[i].place.kind);
		assert_int_equal(p.value, cases[i].place.value);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(place_parse(&p, str_of(wrong[i]), NOW, &err), -1);
}

static void
a_range_of_moments_is_split_between_them(void **state)
{
	struct place_range r;
	struct err err;

	(void)state;
	assert_int_equal(place_range_parse(&r, STR("@2026-01-01T00:00:00Z:@2026-01-01T00:00:01Z"), NOW, &err), 0);
	assert_int_equal(r.from.value, NOW);
	assert_int_equal(r.to.value, NOW + 1000);
	assert_int_equal(place_range_parse(&r, STR("@2026-01-01T00:00:00Z"), NOW, &err), 0);
	assert_int_equal(r.to.kind, PLACE_NONE);
	assert_int_equal(place_range_parse(&r, STR(":5"), NOW, &err), 0);
	assert_int_equal(r.from.kind, PLACE_EARLIEST);
	assert_int_equal(r.to.value, 5);
	assert_int_equal(place_range_parse(&r, STR("5:"), NOW, &err), 0);
	assert_int_equal(r.from.value, 5);
	assert_int_equal(place_range_parse(&r, STR(":"), NOW, &err), -1);
	assert_int_equal(place_range_parse(&r, STR("+5:9"), NOW, &err), -1);
}

static void
the_end_stays_between_the_start_and_what_is_there(void **state)
{
	static const struct { struct place to; int64_t start, expected;
	} cases[] = {
		{ { PLACE_NONE, 0 }, 10, 50 },
		{ { PLACE_NUMBER, 99 }, 10, 50 },
		{ { PLACE_NUMBER, 5 }, 10, 10 },
		{ { PLACE_AFTER_START, 7 }, 10, 17 },
		{ { PLACE_AFTER_START, INT64_MAX }, 10, 50 },
		{ { PLACE_BEFORE_END, 5 }, 10, 45 },
		{ { PLACE_BEFORE_END, 500 }, 10, 10 },
		{ { PLACE_COMMITTED, 0 }, 10, 30 },
		{ { PLACE_COMMITTED, 0 }, 40, 40 },
	};
	const struct extent extent = { 0, 50, 30 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t end;

		assert_int_equal(
			place_end(&cases[i].to, NULL, NULL, &extent, cases[i].start, &end, &err),
			0);
		assert_int_equal(end, cases[i].expected);
	}
}

static void
a_merge_hands_out_by_time_then_topic_then_partition(void **state)
{
	struct merge m = { 0 };
	uint64_t random = 11;

	(void)state;
	for (int round = 0; round < 200; round++) {
		int64_t last_time = TIME_MIN;
		int32_t last_part = -1;

		for (uint32_t i = 0; i < 40; i++)
			merge_put(&m, next_random(&random) % 10,
			          &(struct part){ i % 2 ? STR("a") : STR("b"), (int32_t)i, i });
		for (uint32_t i = 0; i < 10; i++)
			merge_remove(&m, i * 3);
		for (const struct merge_head *h; (h = merge_first(&m)) != NULL; merge_pop(&m)) {
			const int32_t rank =
				h->part.partition + (h->part.topic.p[0] == 'b' ? 100 : 0);

			assert_true(h->part.slot % 3 != 0 || h->part.slot > 27);
			assert_true(h->time > last_time ||
			            (h->time == last_time && rank > last_part));
			last_time = h->time;
			last_part = rank;
		}
	}
	merge_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_globs_and_expressions_select_topics),
		cmocka_unit_test(a_count_is_a_whole_number_within_its_bounds),
		cmocka_unit_test(what_is_no_topic_is_refused),
		cmocka_unit_test(a_topic_that_is_meant_twice_is_read_once),
		cmocka_unit_test(partitions_are_numbers_and_ranges),
		cmocka_unit_test(every_spelling_of_a_place_is_read),
		cmocka_unit_test(a_range_of_moments_is_split_between_them),
		cmocka_unit_test(the_end_stays_between_the_start_and_what_is_there),
		cmocka_unit_test(a_merge_hands_out_by_time_then_topic_then_partition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
