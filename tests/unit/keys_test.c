/* SPDX-License-Identifier: Apache-2.0 */
/* The hash table, against an array that is searched from front to back. */
#include "unit.h"

#include "base/keys.h"
#include "base/mem.h"

static uint32_t
intern(struct keys *k, struct str key, bool *fresh)
{
	return keys_intern(k, key, keys_hash(k, key), fresh);
}

static uint32_t
find(const struct keys *k, struct str key)
{
	return keys_find(k, key, keys_hash(k, key));
}

static void
ids_count_up_in_order_of_arrival(void **state)
{
	struct keys *k = keys_new(1);
	bool         fresh;

	(void)state;
	assert_int_equal(find(k, STR("a")), KEYS_NONE);
	assert_int_equal(intern(k, STR("a"), &fresh), 0);
	assert_true(fresh);
	assert_int_equal(intern(k, STR("b"), &fresh), 1);
	assert_true(fresh);
	assert_int_equal(intern(k, STR("a"), &fresh), 0);
	assert_false(fresh);
	assert_int_equal(intern(k, STR(""), NULL), 2);
	assert_int_equal(intern(k, STR("a\0"), NULL), 3);
	assert_int_equal(find(k, STR("")), 2);
	assert_true(str_eq(keys_text(k, 3), STR("a\0")));
	assert_int_equal(keys_count(k), 4);
	assert_int_equal(keys_limit(k), 4);
	keys_free(k);
	keys_free(NULL);
}

static void
a_forgotten_key_is_gone_and_its_id_used_again(void **state)
{
	struct keys *k = keys_new(1);
	bool         fresh;

	(void)state;
	intern(k, STR("a"), NULL);
	intern(k, STR("b"), NULL);
	keys_forget(k, 0);
	assert_int_equal(find(k, STR("a")), KEYS_NONE);
	assert_int_equal(find(k, STR("b")), 1);
	assert_int_equal(keys_count(k), 1);
	assert_int_equal(intern(k, STR("c"), &fresh), 0);
	assert_true(fresh);
	assert_int_equal(intern(k, STR("a"), &fresh), 2);
	assert_true(fresh);
	keys_free(k);
}

/* A naive twin: a key of number i is known when known[i], under id ids[i]. */
enum { NAMES = 3000 };

static struct str
name(char to[1100], uint32_t i)
{
	static const size_t lengths[] = { 3, 7, 8, 9, 16, 36, 511, 512, 513, 1000 };
	size_t              n = lengths[i % 10];

	memset(to, 'k', n);
	to[0] = (char)(i & 0xFF);
	to[1] = (char)(i >> 8);
	to[n - 1] = (char)(i % 7);
	return (struct str){ to, n };
}

static void
check_all(const struct keys *k, const bool *known, const uint32_t *ids)
{
	char   text[1100];
	size_t count = 0;

	for (uint32_t i = 0; i < NAMES; i++) {
		struct str key = name(text, i);

		assert_int_equal(find(k, key), known[i] ? ids[i] : KEYS_NONE);
		if (known[i])
			assert_true(str_eq(keys_text(k, ids[i]), key));
		count += known[i];
	}
	assert_int_equal(keys_count(k), count);
}

static void
it_knows_what_an_array_knows(void **state)
{
	char text[1100];

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct keys *k = keys_new(seed);
		bool         known[NAMES] = { false }, taken[NAMES] = { false }, fresh;
		uint32_t     ids[NAMES];
		uint64_t     random = seed;

		for (int step = 0; step < 60000; step++) {
			/* Waves of growth and of forgetting. */
			bool forget = next_random(&random) % 8 < (step / 10000 % 2 == 0 ? 2u : 6u);
			uint32_t   i = next_random(&random) % NAMES;
			struct str key = name(text, i);

			if (forget && known[i]) {
				keys_forget(k, ids[i]);
				taken[ids[i]] = known[i] = false;
			} else if (!forget) {
				uint32_t id = intern(k, key, &fresh);

				assert_int_equal(fresh, !known[i]);
				assert_true(known[i] ? id == ids[i] : !taken[id]);
				ids[i] = id;
				taken[id] = known[i] = true;
			}
			if (step % 5000 == 0)
				check_all(k, known, ids);
		}
		check_all(k, known, ids);
		assert_true(keys_limit(k) <= NAMES);
		keys_free(k);
	}
}

static void
a_batch_is_as_good_as_one_after_the_other(void **state)
{
	struct keys *one = keys_new(7), *many = keys_new(7);
	uint64_t     random = 3;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char       texts[KEYS_BATCH][16];
		struct str keys[KEYS_BATCH];
		uint64_t   hashes[KEYS_BATCH];
		uint32_t   ids[KEYS_BATCH];
		bool       fresh[KEYS_BATCH], want;
		size_t     n = next_random(&random) % (KEYS_BATCH + 1);

		for (size_t i = 0; i < n; i++) {
			keys[i].p = texts[i];
			keys[i].n = (size_t)snprintf(texts[i], sizeof(texts[i]), "%u",
			                             next_random(&random) % 20000);
			hashes[i] = keys_hash(many, keys[i]);
		}
		keys_intern_batch(many, n, keys, hashes, ids, round % 2 == 0 ? fresh : NULL);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(ids[i], intern(one, keys[i], &want));
			if (round % 2 == 0)
				assert_int_equal(fresh[i], want);
		}
	}
	keys_free(one);
	keys_free(many);
}

static void
coming_and_going_for_ever_does_not_grow_it(void **state)
{
	struct keys *k = keys_new(9);
	char         text[32];
	size_t       settled = 0;

	(void)state;
	for (int i = 0; i < 500000; i++) {
		struct str key = { text, (size_t)snprintf(text, sizeof(text), "session-%09d", i) };

		intern(k, key, NULL);
		if (i >= 100) {
			key.n = (size_t)snprintf(text, sizeof(text), "session-%09d", i - 100);
			keys_forget(k, find(k, key));
		}
		if (i == 1000)
			settled = keys_bytes(k);
	}
	assert_int_equal(keys_bytes(k), settled);
	assert_int_equal(keys_count(k), 100);
	assert_int_equal(keys_limit(k), 101);
	keys_free(k);
}

static void
a_million_keys_are_found_again(void **state)
{
	struct keys *k = keys_new(11);
	char         text[40];

	(void)state;
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 1000000; i++) {
			struct str key = { text, (size_t)snprintf(text, sizeof(text), "customer-%u", i) };
			bool       fresh;

			if (intern(k, key, &fresh) != i || fresh != (round == 0))
				fail_msg("key %u", i);
		}
	}
	assert_int_equal(keys_count(k), 1000000);
	assert_true(keys_bytes(k) < 100000000);
	keys_free(k);
}

/* Rounds of arrivals, each followed by forgetting all but a random share. */
static void
those_that_are_kept_are_numbered_in_their_order(void **state)
{
	static uint32_t new_id[NAMES];
	char            text[1100];

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct keys *k = keys_new(seed);
		bool         known[NAMES] = { false };
		uint32_t     ids[NAMES] = { 0 };
		uint64_t     random = seed;

		for (int round = 0; round < 12; round++) {
			const uint64_t share = next_random(&random) % 9;
			uint64_t       live[NAMES / 64 + 1] = { 0 };
			uint32_t       limit, n = 0;

			for (int i = 0; i < 600; i++) {
				const uint32_t at = next_random(&random) % NAMES;

				ids[at] = intern(k, name(text, at), NULL);
				known[at] = true;
			}
			limit = keys_limit(k);
			assert_int_equal(limit, keys_count(k));
			for (uint32_t id = 0; id < limit; id++)
				if (next_random(&random) % 8 < share)
					live[id / 64] |= (uint64_t)1 << id % 64;
			keys_keep(k, live, new_id);
			for (uint32_t id = 0; id < limit; id++)
				assert_int_equal(new_id[id],
				                 live[id / 64] >> id % 64 & 1 ? n++ : KEYS_NONE);
			for (uint32_t i = 0; i < NAMES; i++) {
				known[i] &= new_id[ids[i]] != KEYS_NONE;
				ids[i] = known[i] ? new_id[ids[i]] : 0;
			}
			check_all(k, known, ids);
			assert_int_equal(keys_limit(k), n);
		}
		keys_free(k);
	}
}

static void
keeping_few_of_many_gives_memory_back(void **state)
{
	enum { MANY = 300000 };
	struct keys *k = keys_new(3);
	uint64_t    *live = mem_zalloc(MANY / 64 + 1, sizeof(*live));
	uint32_t    *new_id = mem_alloc(MANY * sizeof(*new_id));
	char         text[600] = "";

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "customer-%06u", i);
		/* some longer than what chunks hold */
		intern(k, (struct str){ text, i % 100000 == 0 ? sizeof(text) : 15 }, NULL);
	}
	assert_true(keys_bytes(k) > 10000000);
	for (uint32_t i = 0; i < MANY; i += 50000)
		live[i / 64] |= (uint64_t)1 << i % 64;
	keys_keep(k, live, new_id);
	assert_int_equal(keys_count(k), MANY / 50000);
	assert_true(keys_bytes(k) < 10000);
	for (uint32_t i = 0; i < MANY / 50000; i++) {
		snprintf(text, sizeof(text), "customer-%06u", i * 50000);
		assert_int_equal(find(k, (struct str){ text, i % 2 == 0 ? sizeof(text) : 15 }), i);
	}
	free(live);
	free(new_id);
	keys_free(k);
}

static void
another_seed_gives_other_hashes(void **state)
{
	struct keys *a = keys_new(1), *b = keys_new(2);

	(void)state;
	assert_true(keys_hash(a, STR("x")) != keys_hash(b, STR("x")));
	keys_free(a);
	keys_free(b);
}

/* With equal hashes only the bytes tell keys apart. */
static void
keys_of_one_hash_are_kept_apart(void **state)
{
	struct keys *k = keys_new(1);
	char         text[16];

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		struct str key = { text, (size_t)snprintf(text, sizeof(text), "%u", i) };

		assert_int_equal(keys_intern(k, key, UINT64_MAX, NULL), i);
	}
	for (uint32_t i = 0; i < 500; i += 3)
		keys_forget(k, i);
	for (uint32_t i = 0; i < 500; i++) {
		struct str key = { text, (size_t)snprintf(text, sizeof(text), "%u", i) };

		assert_int_equal(keys_find(k, key, UINT64_MAX), i % 3 == 0 ? KEYS_NONE : i);
	}
	keys_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_count_up_in_order_of_arrival),
		cmocka_unit_test(a_forgotten_key_is_gone_and_its_id_used_again),
		cmocka_unit_test(it_knows_what_an_array_knows),
		cmocka_unit_test(a_batch_is_as_good_as_one_after_the_other),
		cmocka_unit_test(coming_and_going_for_ever_does_not_grow_it),
		cmocka_unit_test(a_million_keys_are_found_again),
		cmocka_unit_test(those_that_are_kept_are_numbered_in_their_order),
		cmocka_unit_test(keeping_few_of_many_gives_memory_back),
		cmocka_unit_test(another_seed_gives_other_hashes),
		cmocka_unit_test(keys_of_one_hash_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
