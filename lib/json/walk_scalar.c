/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_scalar.c - the template path in plain C, eight bytes at a time in strings
 */
#include "json/walk.h"

#define WALK_TARGET

static inline bool
same_head(const struct run *r, const char *p)
{
	return memcmp(r->head, p, r->length < RUN_HEAD ? r->length : RUN_HEAD) == 0;
}

/* Is one of the eight bytes zero? (Mycroft; may also say yes to a 0x01 above a zero, never no.) */
static inline uint64_t
zero_byte(uint64_t v)
{
	return (v - 0x0101010101010101) & ~v & 0x8080808080808080;
}

struct marks {
	uint64_t ones;
};

static inline const struct marks *
find_marks(void)
{
	static const struct marks marks = { 0x0101010101010101 };

	return &marks;
}

static inline const char *
special_at(const struct marks *m, const char *p, const char *end)
{
	const uint64_t ones = m->ones;
	uint64_t       v;

	for (; p < end; p += 8) {
		memcpy(&v, p, 8);
		if (((v - ones * ' ') & 0x8080808080808080) != 0 || (v & 0x8080808080808080) != 0 ||
		    zero_byte(v ^ ones * '"') != 0 || zero_byte(v ^ ones * '\\') != 0)
			break;
	}
	while (p < end && (unsigned char)*p >= ' ' && (unsigned char)*p < 0x80 && *p != '"' &&
	       *p != '\\')
		p++;
	return p;
}

static inline unsigned
digits_at(const char *p)
{
	unsigned n = 0;

	while (n < 16 && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

#include "json/walk_body.h"

bool
walk_scalar(struct shapes *s, struct str line, struct field *fields)
{
	return walk(s, line, fields);
}
