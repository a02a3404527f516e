/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dice.h - numbers that look random, and come again with the same seed
 *
 * Knuth's MMIX generator, of which the upper half is used. The state starts as any seed.
 */
#ifndef MAIP_TESTS_DICE_H
#define MAIP_TESTS_DICE_H

#include <stdint.h>

static inline uint32_t
next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 32);
}

static inline uint64_t
next_random64(uint64_t *state)
{
	const uint64_t high = next_random(state);

	return high << 32 | next_random(state);
}

static inline uint32_t
roll(uint64_t *state, uint32_t below)
{
	return next_random(state) % below;
}

/* The state in which case i of a run starts: far from that of the next. */
static inline uint64_t
case_state(uint64_t seed, uint64_t i)
{
	uint64_t state = seed + i * 0x9e3779b97f4a7c15u;

	next_random(&state);
	return state;
}

#endif
