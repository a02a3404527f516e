/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_avx2.c - the template path, 32 bytes at a time
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "json/walk.h"

#define WALK_TARGET __attribute__((target("avx2,bmi")))

WALK_TARGET static inline __m256i
load32(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

WALK_TARGET static inline bool
same_head(const struct run *r, const char *p)
{
	__m256i same = _mm256_cmpeq_epi8(load32(p), load32(r->head));

	return (~(unsigned)_mm256_movemask_epi8(same) & r->mask) == 0;
}

struct marks {
	__m256i quote, backslash, space;
};

/* Read from memory where they are used; hidden, lest the compiler make them anew for
 * each string, which is slower. */
WALK_TARGET static inline const struct marks *
find_marks(void)
{
	static const struct marks marks = {
		{ 0x2222222222222222, 0x2222222222222222, 0x2222222222222222, 0x2222222222222222 },
		{ 0x5c5c5c5c5c5c5c5c, 0x5c5c5c5c5c5c5c5c, 0x5c5c5c5c5c5c5c5c, 0x5c5c5c5c5c5c5c5c },
		{ 0x2020202020202020, 0x2020202020202020, 0x2020202020202020, 0x2020202020202020 },
	};
	const struct marks *m = &marks;

	__asm__("" : "+r"(m));
	return m;
}

WALK_TARGET static inline const char *
special_at(const struct marks *m, const char *p, const char *end)
{
	for (; p < end; p += 32) {
		__m256i  v = load32(p);
		__m256i  odd = _mm256_cmpgt_epi8(m->space, v); /* signed: from 0x80, too */
		__m256i mark = _mm256_or_si256(_mm256_cmpeq_epi8(v, m->quote),
		                               _mm256_cmpeq_epi8(v, m->backslash));
		unsigned mask = (unsigned)_mm256_movemask_epi8(_mm256_or_si256(odd, mark));

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
	return end;
}

WALK_TARGET static inline unsigned
digits_at(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_cmpgt_epi8(v, _mm_set1_epi8('0' - 1));
	__m128i digit = _mm_and_si128(low, _mm_cmpgt_epi8(_mm_set1_epi8('9' + 1), v));

	return (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(digit));
}

#include "json/walk_body.h"

WALK_TARGET bool
walk_avx2(struct shapes *s, struct str line, struct field *fields)
{
	bool known = walk(s, line, fields);

	/* gcc 12 forgets it on one way out, and all SSE code after that is half as fast. */
	_mm256_zeroupper();
	return known;
}
#else
typedef int nothing_here;
#endif
