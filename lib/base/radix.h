/* SPDX-License-Identifier: Apache-2.0 */
/*
 * radix.h - sort many items of one size by a number that each has
 *
 * Digit by digit from the lowest, between two arrays that change places (Knuth, vol. 3, 5.2.5,
 * algorithm R), but for digits that all items have in common. Items with the same number keep
 * their order: sorted by one number and then by another, they stand by the second, then the first.
 *
 * Cost: a pass over the items, and for each digit in which any two differ two more, and one over
 * the counts. For a few dozen items anything else is better. Where the caller's struct radix is
 * made of constants, all of it is compiled for them.
 */
#ifndef MAIP_BASE_RADIX_H
#define MAIP_BASE_RADIX_H

#include <stdint.h>
#include <string.h>

struct radix {
	size_t   size;                  /* of an item */
	uint64_t (*key)(const void *item);
	unsigned first, end;            /* bits of the key to sort by: from first, below end */
	unsigned bits;                  /* of a digit */
	size_t  *counts;                /* room for 1 << bits */
};

/* The digit at shift: fewer bits where end is near. */
static inline uint64_t
radix_mask(const struct radix *r, unsigned shift)
{
	return ((uint64_t)1 << (r->end - shift < r->bits ? r->end - shift : r->bits)) - 1;
}

/* One pass, by the digit at shift. */
static inline __attribute__((always_inline)) void
radix_pass(const struct radix *r, const char *from, char *to, size_t n, unsigned shift)
{
	const uint64_t mask = radix_mask(r, shift);
	size_t sum = 0;

	memset(r->counts, 0, (mask + 1) * sizeof(*r->counts));
	for (size_t i = 0; i < n; i++)
		r->counts[r->key(from + i * r->size) >> shift & mask]++;
	for (size_t d = 0; d <= mask; d++) {
		const size_t count = r->counts[d];

		r->counts[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++, from += r->size)
		memcpy(to + r->counts[r->key(from) >> shift & mask]++ * r->size, from, r->size);
}

/* Sorts n > 0 items. Returns where they stand then: a, or aside, which has as much room. */
static inline __attribute__((always_inline)) void *
radix_sort(const struct radix *r, void *a, void *aside, size_t n)
{
	const uint64_t one = r->key(a);
	uint64_t differ = 0;

	for (size_t i = 1; i < n; i++)
		differ |= r->key((const char *)a + i * r->size) ^ one;
	for (unsigned shift = r->first; shift < r->end; shift += r->bits) {
		void *from = a;

		if ((differ >> shift & radix_mask(r, shift)) == 0)
			continue;
		radix_pass(r, from, aside, n, shift);
		a = aside;
		aside = from;
	}
	return a;
}

#endif
