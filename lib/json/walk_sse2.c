/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_sse2.c - the template path, 16 bytes at a time: what every x86-64 has
 */
#if defined(__x86_64__)
#include <emmintrin.h>

#include "json/walk.h"

#define WALK_TARGET

static inline __m128i
load16(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline bool
same_head(const struct run *r, const char *p)
{
	unsigned low = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(load16(p), load16(r->head)));
	unsigned high =
		(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(load16(p + 16), load16(r->head + 16)));

	return (~(low | high << 16) & r->mask) == 0;
}

struct marks {
	__m128i quote, backslash, space;
};

/* Read from memory where they are used; hidden, lest the compiler make them anew for
 * each string, which is slower. */
static inline const struct marks *
find_marks(void)
{
	static const struct marks marks = {
		{ 0x2222222222222222, 0x2222222222222222 },
		{ 0x5c5c5c5c5c5c5c5c, 0x5c5c5c5c5c5c5c5c },
		{ 0x2020202020202020, 0x2020202020202020 },
	};
	const struct marks *m = &marks;

	__asm__("" : "+r"(m));
	return m;
}

static inline const char *
special_at(const struct marks *m, const char *p, const char *end)
{
	for (; p < end; p += 16) {
		__m128i  v = load16(p);
		__m128i  odd = _mm_cmplt_epi8(v, m->space);    /* signed: from 0x80, too */
		__m128i mark =
			_mm_or_si128(_mm_cmpeq_epi8(v, m->quote), _mm_cmpeq_epi8(v, m->backslash));
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(odd, mark));

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
	return end;
}

static inline unsigned
digits_at(const char *p)
{
	__m128i v = load16(p);
	__m128i low = _mm_cmpgt_epi8(v, _mm_set1_epi8('0' - 1));
	__m128i digit = _mm_and_si128(low, _mm_cmplt_epi8(v, _mm_set1_epi8('9' + 1)));

	return (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(digit));
}

#include "json/walk_body.h"

bool
walk_sse2(struct shapes *s, struct str line, struct field *fields)
{
	return walk(s, line, fields);
}
#else
typedef int nothing_here;
#endif
