/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha1.c - method 1 of RFC 3174, section 6.1
 */
#include "base/sha1.h"

static uint32_t
rotate(uint32_t v, int by)
{
	return v << by | v >> (32 - by);
}

void
sha1_init(struct sha1 *s)
{
	*s = (struct sha1){ .h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } };
}

/* f(t) and K(t) of the RFC. */
static inline uint32_t
mix(int t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return (d ^ (b & (c ^ d))) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void
take_block(struct sha1 *s, const unsigned char *p)
{
	uint32_t w[80], a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];

	for (int t = 0; t < 16; t++)
		w[t] = (uint32_t)p[4 * t] << 24 | (uint32_t)p[4 * t + 1] << 16 |
		       (uint32_t)p[4 * t + 2] << 8 | p[4 * t + 3];
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (int t = 0; t < 80; t++) {
		uint32_t next = rotate(a, 5) + e + w[t] + mix(t, b, c, d);

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	s->h[0] += a;
	s->h[1] += b;
	s->h[2] += c;
	s->h[3] += d;
	s->h[4] += e;
}

void
sha1_add(struct sha1 *s, struct str bytes)
{
	while (bytes.n > 0) {
		size_t used = s->n % 64, take = bytes.n < 64 - used ? bytes.n : 64 - used;

		memcpy(s->block + used, bytes.p, take);
		s->n += take;
		if (s->n % 64 == 0)
			take_block(s, s->block);
		bytes = str_slice(bytes, take, bytes.n);
	}
}

void
sha1_end(struct sha1 *s, unsigned char digest[SHA1_SIZE])
{
	uint64_t bits = s->n * 8;
	char     length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (char)(bits >> (56 - 8 * i) & 0xff);
	sha1_add(s, (struct str){ "\x80", 1 });
	while (s->n % 64 != 56)
		sha1_add(s, (struct str){ "", 1 });
	sha1_add(s, (struct str){ length, 8 });
	for (int i = 0; i < SHA1_SIZE; i++)
		digest[i] = (unsigned char)(s->h[i / 4] >> (24 - 8 * (i % 4)) & 0xff);
}

void
uuid_of_sha1(char to[UUID_TEXT], const unsigned char digest[SHA1_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char     id[16];
	char             *at = to;

	memcpy(id, digest, sizeof(id));
	id[6] = (unsigned char)((id[6] & 0x0f) | 0x50);         /* version 5 */
	id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);         /* the variant of the RFC */
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[id[i] >> 4];
		*at++ = hex[id[i] & 15];
	}
	*at = '\0';
}
