/* SPDX-License-Identifier: Apache-2.0 */
/* The log behind the slices of all keys: its lists against plain arrays, however often it is
 * cleaned. */
#include "unit.h"

#include "cep/slices.h"

#define KEYS 50

/* a list as it should be: times of events, which are all different */
struct plain {
	int64_t ts[20];
	size_t  n;
};

static struct slices lists[KEYS];
static struct plain  plain[KEYS];

static struct slices *
list_of(void *arg, uint32_t key)
{
	(void)arg;
	return &lists[key];
}

static struct event_store store = { .in_order = true };

static void
push(struct slicer *s, uint32_t key, int64_t ts)
{
	struct event *e = event_new(s->store, STR("{\"a\":1}"), NULL, STR(""));

	e->ts = ts;
	e->key = key;
	slices_push(s, &lists[key], e);
	plain[key].ts[plain[key].n++] = ts;
}

static void
drop(struct slicer *s, uint32_t key)
{
	slices_drop_oldest(s, &lists[key]);
	memmove(plain[key].ts, plain[key].ts + 1, --plain[key].n * sizeof(plain[key].ts[0]));
}

static void
check(const struct slicer *s)
{
	struct stamped got[20];

	for (uint32_t key = 0; key < KEYS; key++) {
		assert_int_equal(lists[key].n, plain[key].n);
		slices_list(s, &lists[key], got);
		for (size_t i = 0; i < plain[key].n; i++) {
			assert_int_equal(got[i].ts, plain[key].ts[i]);
			assert_int_equal(got[i].event->ts, plain[key].ts[i]);
			assert_true(str_eq(event_line(got[i].event), STR("{\"a\":1}")));
		}
	}
}

static void
a_log_that_is_cleaned_keeps_every_list_in_order(void **state)
{
	/* positions wrap around on the way */
	struct slicer s = { .store = &store, .first = UINT32_MAX - 5000 };
	uint64_t dice = 1;
	size_t   cleaned = 0;

	(void)state;
	for (int64_t ts = 0; ts < 100000; ts++) {
		const uint32_t key = roll(&dice, KEYS);
		if (plain[key].n == 20 || (plain[key].n > 0 && roll(&dice, 4) == 0))
			drop(&s, key);
		push(&s, key, ts);
		if (!slicer_is_dirty(&s))
			continue;
		slicer_clean(&s, list_of, NULL);
		assert_int_equal(s.n, s.live);
		check(&s);
		cleaned++;
	}
	check(&s);
	assert_true(cleaned > 5);
	slicer_release(&s);
	event_store_release(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		a_log_that_is_cleaned_keeps_every_list_in_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
