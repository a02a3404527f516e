/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of alarms, against a list that is searched from front to back; by the seed. */
#include "unit.h"

#include <inttypes.h>

#include "base/time.h"
#include "window/alarms.h"

enum { MAX = 600 };

struct list {                           /* the twin */
	struct alarm alarm[MAX];
	size_t       n;
};

static int
by_time_and_number(const void *a, const void *b)
{
	const struct alarm *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->what > y->what) - (x->what < y->what);
}

static int64_t
list_next(const struct list *l)
{
	int64_t next = TIME_MAX;

	for (size_t i = 0; i < l->n; i++)
		next = l->alarm[i].at < next ? l->alarm[i].at : next;
	return next;
}

/* Those at or before until, in order; taken: they are gone from the list. */
static size_t
list_until(struct list *l, int64_t until, struct alarm *to, bool taken)
{
	size_t n = 0, left = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->alarm[i].at <= until)
			to[n++] = l->alarm[i];
		else if (taken)
			l->alarm[left++] = l->alarm[i];
	}
	l->n = taken ? left : l->n;
	qsort(to, n, sizeof(*to), by_time_and_number);
	return n;
}

/* How far ahead: of all magnitudes. */
static int64_t
stretch(uint64_t *seed)
{
	static const int magnitudes[] = { 1, 3, 6, 11, 17, 31, 32, 33, 45, 53 };
	const int bits =
		magnitudes[next_random(seed) % (sizeof(magnitudes) / sizeof(magnitudes[0]))];

	return (int64_t)(next_random64(seed) >> (64 - bits));
}

static void
check_ringing(struct alarms *a, struct list *l, int64_t now, uint64_t seed)
{
	struct alarm        wanted[MAX], got[MAX];
	const size_t        n = list_until(l, now, wanted, true);
	size_t              n_got;
	const struct alarm *rung = alarms_ring(a, now, &n_got);

	if (n_got != n)
		fail_msg("MAIP_SEED=%" PRIu64 ": %zu ring, not %zu", seed, n_got, n);
	for (size_t i = 0; i < n; i++)
		got[i] = rung[i];
	qsort(got, n, sizeof(*got), by_time_and_number);
	for (size_t i = 0; i < n; i++)
		if (got[i].at != wanted[i].at || got[i].what != wanted[i].what)
			fail_msg("MAIP_SEED=%" PRIu64 ": %" PRIu32 " rings, not %" PRIu32, seed,
			         got[i].what, wanted[i].what);
}

/* All of those that ring until then, or so many of them. */
static void
check_soon(const struct alarms *a, struct list *l, int64_t until, size_t max)
{
	struct alarm wanted[MAX];
	uint32_t     soon[MAX];
	const size_t n = list_until(l, until, wanted, false),
		     got = alarms_soon(a, until, soon, max);

	assert_int_equal(got, n < max ? n : max);
	for (size_t i = 0; i < got; i++) {
		size_t k = 0;

		while (k < n && wanted[k].what != soon[i])
			k++;
		assert_true(k < n);
		wanted[k].what = UINT32_MAX;    /* none twice */
	}
}

static void
run(uint64_t seed)
{
	static struct list l;
	struct alarms a;
	uint64_t      random = seed * 7919;
	int64_t now =
		(int64_t)(next_random(&random) % 3) * INT64_C(1768564800000) - stretch(&random);
	bool          begun = false;
	uint32_t      what = 0;

	l.n = 0;
	alarms_init(&a);
	for (int step = 0; step < 300; step++) {
		for (uint64_t more = next_random(&random) % 6; more > 0 && l.n < MAX; more--) {
			const struct alarm new = { now + 1 + stretch(&random), what++ };

			l.alarm[l.n++] = new;
			alarms_set(&a, new.at, new.what);
		}
		assert_int_equal(alarms_next(&a), list_next(&l));
		check_soon(&a, &l, now + stretch(&random), next_random(&random) % MAX);
		if (next_random(&random) % 3 != 0)
			continue;
		/* before the first time that it hears of, alarms may be set for any */
		now += begun || next_random(&random) % 2 == 0 ? stretch(&random)
		                                              : -stretch(&random);
		if (next_random(&random) % 8 == 0 && list_next(&l) != TIME_MAX &&
		    list_next(&l) > now)
			now = list_next(&l);
		begun = true;
		check_ringing(&a, &l, now, seed);
	}
	check_ringing(&a, &l, TIME_MAX, seed);
	assert_int_equal(alarms_next(&a), TIME_MAX);
	alarms_release(&a);
}

static void
alarms_ring_when_a_sorted_list_says(void **state)
{
	const char    *given = getenv("MAIP_SEED");
	const uint64_t first = given == NULL ? 1 : strtoull(given, NULL, 10);

	(void)state;
	for (uint64_t seed = first; seed < first + (given == NULL ? 2000 : 1); seed++)
		run(seed);
}

/* Thousands at a time, so that buckets have many chunks: each rings once, and its memory is used
 * again. */
static void
what_has_rung_takes_no_room(void **state)
{
	struct alarms a;
	size_t        most = 0;

	(void)state;
	alarms_init(&a);
	for (int64_t round = 0; round < 50; round++) {
		uint64_t sum = 0;
		size_t   n;
		const struct alarm *rung;

		for (uint32_t i = 0; i < 20000; i++)
			alarms_set(&a, round * 100000 + 1 + (int64_t)(i * 7919 % 100000), i);
		rung = alarms_ring(&a, (round + 1) * 100000, &n);
		assert_int_equal(n, 20000);
		for (size_t i = 0; i < n; i++)
			sum += rung[i].what;
		assert_int_equal(sum, 20000 * UINT64_C(19999) / 2);
		assert_true(round < 2 || a.bytes <= most);
		most = a.bytes > most ? a.bytes : most;
	}
	assert_int_equal(alarms_next(&a), TIME_MAX);
	alarms_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alarms_ring_when_a_sorted_list_says),
		cmocka_unit_test(what_has_rung_takes_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
