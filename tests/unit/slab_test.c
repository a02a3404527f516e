/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slab_test.c - no two pieces overlap, whatever order they come back in, and the bound holds
 */
#include "kafka/slab.h"
#include "unit.h"

#define PIECES 4096

struct piece { char *p; size_t n; char mark; };

static uint64_t state;

static void
give_checked(struct slab *s, struct piece *piece)
{
	for (size_t i = 0; i < piece->n; i++)
		assert_int_equal(piece->p[i], piece->mark);
	slab_give(s, piece->p);
	piece->p = NULL;
}

static void
no_piece_is_written_by_another(void **unused)
{
	static struct piece pieces[PIECES];
	struct slab *s = slab_new(8);
	size_t refused = 0;

	(void)unused;
	for (state = 1; state != 0 && refused < 2000;) {
		struct piece *piece = &pieces[roll(&state, PIECES)];

		if (piece->p != NULL) {
			give_checked(s, piece);
			continue;
		}
		piece->n = roll(&state, roll(&state, 8) == 0 ? SLAB_LARGEST + 1 : 2000);
		piece->mark = (char)roll(&state, 256);
		piece->p = slab_take(s, piece->n);
		if (piece->p == NULL)
			refused++;
		else
			memset(piece->p, piece->mark, piece->n);
	}
	for (size_t i = 0; i < PIECES; i++)
		if (pieces[i].p != NULL)
			give_checked(s, &pieces[i]);
	slab_free(s);
}

static void
all_that_came_back_can_be_taken_again(void **unused)
{
	enum { BLOCKS = 3, MOST = BLOCKS * SLAB_BLOCK / SLAB_LARGEST };
	struct slab *s = slab_new(BLOCKS);
	char *p[MOST];

	(void)unused;
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < MOST; i++) {
			p[i] = slab_take(s, SLAB_LARGEST);
			assert_non_null(p[i]);
		}
		assert_null(slab_take(s, 1));
		for (size_t i = 0; i < MOST; i++)
			slab_give(s, p[round % 2 == 0 ? i : MOST - 1 - i]);
	}
	slab_free(s);
}

static void
a_piece_that_stays_out_keeps_its_block_alone(void **unused)
{
	struct slab *s = slab_new(2);
	char *stays = slab_take(s, 1), *p;

	(void)unused;
	*stays = 's';
	for (size_t i = 0; i < 10000; i++) {
		p = slab_take(s, 1000);
		assert_non_null(p);
		memset(p, 'x', 1000);
		slab_give(s, p);
	}
	assert_int_equal(*stays, 's');
	slab_free(s);
}

static void
it_knows_its_own_and_refuses_what_is_too_large(void **unused)
{
	struct slab *s = slab_new(1);
	char other, *empty = slab_take(s, 0);

	(void)unused;
	assert_true(slab_owns(s, empty));
	assert_false(slab_owns(s, &other));
	assert_false(slab_owns(s, NULL));
	assert_null(slab_take(s, SLAB_LARGEST + 1));
	assert_null(slab_take(s, SIZE_MAX));
	slab_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_piece_is_written_by_another),
		cmocka_unit_test(all_that_came_back_can_be_taken_again),
		cmocka_unit_test(a_piece_that_stays_out_keeps_its_block_alone),
		cmocka_unit_test(it_knows_its_own_and_refuses_what_is_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
