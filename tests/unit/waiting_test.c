/* SPDX-License-Identifier: Apache-2.0 */
/* Events that wait for their turn, against a list searched from front to back; by the seed. */
#include "unit.h"

#include <inttypes.h>

#include "base/time.h"
#include "cep/waiting.h"
#include "sql/value.h"

enum { MAX = 4000 };

struct twin {                           /* what waits, by a number that stands in truth */
	int64_t  ts[MAX], value[MAX];
	uint64_t number[MAX];
	size_t   n;
};

/* How far ahead: of all magnitudes. */
static int64_t
stretch(uint64_t *seed)
{
	static const int magnitudes[] = { 1, 3, 6, 7, 12, 13, 18, 31, 45, 53 };
	const size_t n = sizeof(magnitudes) / sizeof(magnitudes[0]);
	const int bits = magnitudes[next_random(seed) % n];

	return (int64_t)(next_random64(seed) >> (64 - bits));
}

static struct event *
event_of(struct event_store *s, int64_t ts, int64_t value, uint64_t arrival)
{
	struct buf    order;
	struct event *e;

	buf_init(&order, BUF_NO_MAX);
	val_save(&order, &(struct val){ .kind = VAL_TIME, .ms = value });
	e = event_new(s, STR(""), NULL, buf_str(&order));
	e->ts = ts;
	e->arrival = e->truth = arrival;
	buf_release(&order);
	return e;
}

/* The number of the first, up to until; 0: none. It is gone from the list. */
static uint64_t
twin_take(struct twin *t, int64_t until, bool by_value)
{
	size_t   first = MAX;
	uint64_t number;

	for (size_t i = 0; i < t->n; i++) {
		if (t->ts[i] > until)
			continue;
		if (first == MAX || t->ts[i] < t->ts[first] ||
		    (by_value && t->ts[i] == t->ts[first] && t->value[i] < t->value[first]))
			first = i;      /* arrival: the one that stands before */
	}
	if (first == MAX)
		return 0;
	number = t->number[first];
	t->n--;
	memmove(t->ts + first, t->ts + first + 1, (t->n - first) * sizeof(t->ts[0]));
	memmove(t->value + first, t->value + first + 1, (t->n - first) * sizeof(t->value[0]));
	memmove(t->number + first, t->number + first + 1, (t->n - first) * sizeof(t->number[0]));
	return number;
}

static void
add_up(void *arg, struct event *e)
{
	*(uint64_t *)arg += e->truth;
}

static void
check_taken(struct waiting *w, struct event_store *s, struct twin *t, int64_t until, uint64_t seed)
{
	struct event *e;

	do {
		const uint64_t wanted = twin_take(t, until, w->by_value);
		uint64_t got = 0, left = 0, wanted_left = 0;

		e = waiting_take(w, until);
		if (e != NULL) {
			got = e->truth;
			event_drop(s, e);
		}
		if (got != wanted)
			fail_msg("MAIP_SEED=%" PRIu64 ": %" PRIu64 " comes, not %" PRIu64, seed,
			         got, wanted);
		assert_int_equal(waiting_count(w), t->n);
		waiting_each(w, add_up, &left);
		for (size_t i = 0; i < t->n; i++)
			wanted_left += t->number[i];
		assert_int_equal(left, wanted_left);
	} while (e != NULL && next_random(&(uint64_t){ seed + t->n }) % 16 != 0);
}

static void
run(uint64_t seed)
{
	static struct twin t;
	struct event_store s = { .n_fields = 0 };
	struct waiting     w = { .by_value = seed % 2 == 0 };
	uint64_t           random = seed * 7919, arrival = 0;
	const int64_t      most = (int64_t)1 << 53;
	int64_t            now = next_random(&random) % 3 * INT64_C(1768564800000) - most;

	t.n = 0;
	for (int step = 0; step < 60; step++) {
		const uint64_t burst = next_random(&random) % 16 == 0 ? 200 : 6;

		for (uint64_t more = next_random(&random) % burst; more > 0 && t.n < MAX; more--) {
			const int64_t ts = now + 1 + stretch(&random);
			const int64_t value = next_random(&random) % 3;

			t.ts[t.n] = ts;
			t.value[t.n] = value;
			t.number[t.n++] = ++arrival;
			waiting_add(&w, event_of(&s, ts, value, arrival));
		}
		if (next_random(&random) % 3 == 0)
			now += stretch(&random);
		check_taken(&w, &s, &t, now, seed);
	}
	if (seed % 3 == 0)
		check_taken(&w, &s, &t, TIME_MAX, seed);
	waiting_release(&w, &s);
	event_store_release(&s);
}

static void
events_come_when_a_sorted_list_says(void **state)
{
	const char    *given = getenv("MAIP_SEED");
	const uint64_t first = given == NULL ? 1 : strtoull(given, NULL, 10);

	(void)state;
	for (uint64_t seed = first; seed < first + (given == NULL ? 1000 : 1); seed++)
		run(seed);
}

/* Thousands at a time, in no order, of a few moments: each comes once, in order of arrival. */
static void
a_crowd_keeps_the_order_of_arrival(void **state)
{
	struct event_store s = { .n_fields = 0 };
	struct waiting     w = { .by_value = false };
	uint64_t           arrival = 0;

	(void)state;
	for (int64_t round = 0; round < 5; round++) {
		int64_t  last = INT64_MIN;
		uint64_t before = 0;
		struct event *e;

		for (int i = 0; i < 20000; i++)
			waiting_add(&w, event_of(&s, round * 10000 + 1 + i * 7919 % 997 * 10, 0,
			                         ++arrival));
		while ((e = waiting_take(&w, (round + 1) * 10000)) != NULL) {
			assert_true(e->ts > last || (e->ts == last && e->arrival > before));
			last = e->ts;
			before = e->arrival;
			event_drop(&s, e);
		}
		assert_int_equal(waiting_count(&w), 0);
	}
	waiting_release(&w, &s);
	event_store_release(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_when_a_sorted_list_says),
		cmocka_unit_test(a_crowd_keeps_the_order_of_arrival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
