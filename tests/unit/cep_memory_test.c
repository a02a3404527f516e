/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern with a window holds what is open in it, however many keys have come and gone. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "cep/stage.h"
#include "json/line.h"
#include "stream/bad.h"
#include "unit.h"

#define WINDOW_MS 1000

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
#define KEEPS_WHAT_IS_FREED true        /* for a while, to notice who uses it */
#else
#define KEEPS_WHAT_IS_FREED false
#endif

struct shape {
	const char *name;
	bool        slices, loop, not;
	const char *skip;
	enum emit   emit;
};

static const struct shape shapes[] = {
	{ "one element, counted", .slices = true, .emit = EMIT_COUNT },
	{ "one element, its lines", .slices = true, .skip = "skip-past-last-event" },
	{ "two elements", .slices = false },
	{ "two elements, a loop", .loop = true, .skip = "skip-past-last-event" },
	{ "a last not-followed-by", .not = true },
};

static void
pattern_of(struct pattern *p, const struct shape *shape)
{
	struct err err;
	int result;

	pattern_init(p);
	result = pattern_begin(p, "a", &err) | pattern_where(p, "e = 'a'", &err);
	if (shape->slices)
		result |= pattern_times_or_more(p, "2", &err);
	else
		result |= pattern_follow(p, shape->not ? NOT_FOLLOWED : RELAXED, "--followed-by", "b", &err) |
		          pattern_where(p, "e = 'b'", &err);
	if (shape->loop)
		result |= pattern_one_or_more(p, NULL, &err);
	result |= pattern_within(p, "1s", &err);
	if (shape->skip != NULL)
		result |= pattern_after_match(p, shape->skip, &err);
	assert_int_equal(result | pattern_finish(p, &err), 0);
}

struct usage {                          /* the most at any time, but for saved: at the end */
	uint64_t partial, keys;
	size_t   saved;
};

static void
look(const struct pipe_stats *stats, struct usage *u)
{
	const uint64_t partial = atomic_load(&stats->partial_matches),
		       keys = atomic_load(&stats->keys);

	u->partial = partial > u->partial ? partial : u->partial;
	u->keys = keys > u->keys ? keys : u->keys;
}

static int64_t
forget(void *self, const char *p, size_t n, struct err *err)
{
	(void)self, (void)p, (void)err;
	return (int64_t)n;
}

/* Every key has one event, which begins a match; so many come within a window. */
static void
feed(struct cep *cep, int n, int open, const struct pipe_stats *stats, struct out *out,
     struct usage *u)
{
	char text[BATCH_MAX][64 + LINE_SLACK];
	struct str line[BATCH_MAX];
	uint64_t number[BATCH_MAX];
	struct bad_records bad = { .policy = ON_ERROR_STOP };
	struct err err;

	for (int done = 0; done < n; done += BATCH_MAX) {
		for (int i = 0; i < BATCH_MAX; i++) {
			const int64_t t = (int64_t)(done + i) * WINDOW_MS / open;
			const int length = snprintf(text[i], 64, "{\"t\":%" PRId64 ",\"k\":\"key-%d\",\"e\":\"a\"}", t, done + i);
			line[i] = (struct str){ text[i], (size_t)length };
			number[i] = (uint64_t)(done + i + 1);
		}
		const struct batch batch = { BATCH_MAX, line, number };
		if (cep_ops.batch(cep, &batch, &bad, out, &err) < 0)
			fail_msg("%s", err.msg);
		look(stats, u);
	}
}

static struct usage
usage_of(const struct shape *shape, int n, int open)
{
	static const char *const keys[] = { "k" };
	struct pattern pattern;
	struct pipe_stats stats = { 0 };
	struct usage u = { 0 };
	struct buf saved;
	struct out out;
	struct err err;

	pattern_of(&pattern, shape);
	struct cep *cep = cep_new(&(struct cep_conf){ .pattern = &pattern,
	                                              .keys = keys,
	                                              .n_keys = 1,
	                                              .time = "t",
	                                              .time_format = TIME_FORMAT_MS,
	                                              .max_partial = 10000000,
	                                              .emit = shape->emit },
	                          &err);
	out_init(&out, &(struct sink){ .write = forget });
	cep_outputs(cep, NULL, NULL, &stats);
	cep_ops.begin(cep, NULL, &out, &err);
	feed(cep, n, open, &stats, &out, &u);
	buf_init(&saved, BUF_NO_MAX);
	assert_int_equal(cep_ops.save(cep, &saved, &err), 0);
	u.saved = saved.n;
	buf_release(&saved);
	cep_free(cep);
	out_release(&out);
	pattern_release(&pattern);
	return u;
}

static long
peak_kib(void)                          /* of the process, so far */
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* Keys that are idle are kept for a while (65,536 of them), for many come back: so the first
 * 200,000 show what it takes. */
static void
the_memory_of_keys_that_are_gone_is_used_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		usage_of(&shapes[i], 200000, 5000);
		const long before = peak_kib();
		usage_of(&shapes[i], 1000000, 5000);
		if (!KEEPS_WHAT_IS_FREED)
			assert_in_range(peak_kib() - before, 0, 2048);
	}
}

static void
a_million_keys_of_one_event_leave_no_more_than_the_window_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct usage few = usage_of(&shapes[i], 200000, 500),
				   many = usage_of(&shapes[i], 1000000, 5000);
		/* beyond the window there may be a batch */
		assert_in_range(few.partial, 500, 500 + BATCH_MAX);
		assert_in_range(many.partial, 5000, 5000 + BATCH_MAX);
		assert_in_range(few.keys, 500, 500 + BATCH_MAX);
		assert_in_range(many.keys, 5000, 5000 + BATCH_MAX);
		assert_in_range(many.saved, 5 * few.saved, 20 * few.saved);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* first, since the peak of a process never falls */
		cmocka_unit_test(the_memory_of_keys_that_are_gone_is_used_again),
		cmocka_unit_test(a_million_keys_of_one_event_leave_no_more_than_the_window_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
