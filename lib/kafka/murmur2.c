/* SPDX-License-Identifier: Apache-2.0 */
/*
 * murmur2.c - the partition of a key
 */
#include "kafka/murmur2.h"

#define SEED 0x9747b28cu
#define M    0x5bd1e995u

static uint32_t
byte_at(struct str s, size_t i)
{
	return (unsigned char)s.p[i];
}

uint32_t
murmur2(struct str key)
{
	uint32_t h = SEED ^ (uint32_t)key.n;
	size_t i = 0;

	for (; i + 4 <= key.n; i += 4) {
		uint32_t k = byte_at(key, i) | byte_at(key, i + 1) << 8 |
		             byte_at(key, i + 2) << 16 | byte_at(key, i + 3) << 24;

		k *= M;
		k ^= k >> 24;
		h = h * M ^ k * M;
	}
	for (size_t rest = key.n - i; rest > 0; rest--)
		h ^= byte_at(key, i + rest - 1) << 8 * (rest - 1);
	if (i < key.n)
		h *= M;
	h ^= h >> 13;
	h *= M;
	return h ^ h >> 15;
}

int32_t
murmur2_partition(struct str key, int n)
{
	return (int32_t)((murmur2(key) & 0x7fffffff) % (uint32_t)n);
}
