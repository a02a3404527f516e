/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: sizes that overflow, alignment, and an arena that settles. */
#include "unit.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"

static void
an_array_grows_by_doubling(void **state)
{
	size_t cap = 0;
	int   *a = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		a = mem_more(a, (size_t)i, &cap, sizeof(*a));
		a[i] = i;
	}
	assert_int_equal(cap, 1024);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(a[i], i);
	free(a);
}

static void
nothing_can_be_asked_for(void **state)
{
	void *a = mem_alloc(0), *b = mem_zalloc(0, 8), *c = mem_resize(NULL, 0, 8);
	char *d = mem_dup((struct str){ NULL, 0 });

	(void)state;
	assert_true(a != NULL && b != NULL && c != NULL);
	assert_string_equal(d, "");
	free(a);
	free(b);
	free(c);
	free(d);
}

static void
big_memory_is_cleared_and_can_be_written_to_its_end(void **state)
{
	static const size_t sizes[] = { 1,       4096,          65535,  65536, 65537, (2 << 20) - 1,
		                        2 << 20, (2 << 20) + 1, 5 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *p = mem_big(sizes[i]);

		for (size_t at = 0; at < sizes[i]; at++)
			if (p[at] != 0)
				fail_msg("byte %zu of %zu", at, sizes[i]);
		memset(p, 1, sizes[i]);
		assert_int_equal((uintptr_t)p % MEM_BIG_ALIGN, 0);
		if (sizes[i] >= 2 << 20)
			assert_int_equal((uintptr_t)p % (2 << 20), 0);
		mem_big_free(p, sizes[i]);
	}
	mem_big_free(NULL, 1);
	mem_big_free(NULL, 5 << 20);
}

static void
big_memory_grows_and_keeps_what_is_there(void **state)
{
	static const size_t sizes[] = { 1,       100,           65536,         65537,
		                        1 << 20, (2 << 20) - 1, (2 << 20) + 1, 4 << 20,
		                        17 << 20 };
	size_t n = 0;
	char  *p = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		p = mem_big_grow(p, n, sizes[i]);
		for (size_t at = 0; at < sizes[i]; at++)
			if (p[at] != (at < n ? (char)(at % 127 + 1) : 0))
				fail_msg("byte %zu of %zu, which were %zu", at, sizes[i], n);
		for (n = 0; n < sizes[i]; n++)
			p[n] = (char)(n % 127 + 1);
		assert_int_equal((uintptr_t)p % (n >= 2 << 20 ? 2 << 20 : MEM_BIG_ALIGN), 0);
	}
	mem_big_free(p, n);
}

static void
an_arena_hands_out_aligned_pieces_that_do_not_overlap(void **state)
{
	struct arena a = { 0 };
	unsigned char *pieces[2000];
	uint64_t     random = 1;

	(void)state;
	for (int round = 0; round < 3; round++) {
		uint64_t again = random;

		for (int i = 0; i < 2000; i++) {
			size_t n = next_random(&random) % (i % 100 == 0 ? 40000 : 100);

			pieces[i] = arena_alloc(&a, n);
			assert_int_equal((uintptr_t)pieces[i] % 16, 0);
			memset(pieces[i], i & 0xFF, n);
		}
		for (int i = 0; i < 2000; i++) {
			size_t n = next_random(&again) % (i % 100 == 0 ? 40000 : 100);

			for (size_t at = 0; at < n; at++)
				if (pieces[i][at] != (i & 0xFF))
					fail_msg("piece %d was overwritten", i);
		}
		arena_reset(&a);
	}
	arena_release(&a);
	arena_release(&a);
}

static void
an_arena_settles_on_one_block(void **state)
{
	struct arena a = { 0 };
	char        *block;

	(void)state;
	arena_reset(&a);
	for (int i = 0; i < 300; i++)
		arena_alloc(&a, 1000);
	arena_reset(&a);
	for (int round = 0; round < 5; round++) {
		block = a.block;
		for (int i = 0; i < 300; i++)
			arena_alloc(&a, 1000);
		if (round > 0) {
			assert_ptr_equal(a.block, block);
			assert_null(a.full);
		}
		arena_reset(&a);
	}
	assert_true(str_eq(arena_dup(&a, STR("abc")), STR("abc")));
	assert_int_equal(arena_dup(&a, STR("")).n, 0);
	arena_release(&a);
}

/* Let the address sanitizer's malloc refuse what is too large, as every other malloc does, and not
 * abort. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void too_large(void)   { free(mem_alloc(SIZE_MAX / 4)); }
static void overflow(void)    { free(mem_zalloc(SIZE_MAX / 2, 3)); }
static void overflow2(void)   { free(mem_resize(NULL, SIZE_MAX / 8, 9)); }
static void too_big(void)     { mem_big_free(mem_big(SIZE_MAX / 3), 1); }
static void too_full(void)    { struct arena a = { 0 }; arena_alloc(&a, SIZE_MAX - 5); }

static void
without_memory_the_tool_ends_and_says_so(void **state)
{
	static void (*const asks[])(void) = { too_large, overflow, overflow2, too_big, too_full };

	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		char    text[20000];
		size_t  n = 0;
		int     ends[2], status;
		ssize_t got;
		pid_t   child;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct rlimit none = { 0, 0 };

			setrlimit(RLIMIT_CORE, &none);
			dup2(ends[1], STDERR_FILENO);
			asks[i]();
			_exit(0);
		}
		close(ends[1]);
		while ((got = read(ends[0], text + n, sizeof(text) - 1 - n)) > 0)
			n += (size_t)got;
		text[n] = '\0';
		close(ends[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), STATUS_RETRY);
		assert_non_null(strstr(text, "out of memory"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_grows_by_doubling),
		cmocka_unit_test(nothing_can_be_asked_for),
		cmocka_unit_test(big_memory_is_cleared_and_can_be_written_to_its_end),
		cmocka_unit_test(big_memory_grows_and_keeps_what_is_there),
		cmocka_unit_test(an_arena_hands_out_aligned_pieces_that_do_not_overlap),
		cmocka_unit_test(an_arena_settles_on_one_block),
		cmocka_unit_test(without_memory_the_tool_ends_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
