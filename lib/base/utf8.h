/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h - the characters of UTF-8 text
 *
 * Well-formed is what Unicode 15, table 3-7 says: no overlong forms, no surrogates, nothing past
 * U+10FFFF. Inline, because each is asked for every character.
 */
#ifndef MAIP_BASE_UTF8_H
#define MAIP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does a character of well-formed text start with this byte? */
static inline bool
utf8_starts(char c)
{
	return ((unsigned char)c & 0xC0) != 0x80;
}

/* Characters of well-formed text. */
static inline size_t
utf8_count(const char *p, const char *end)
{
	size_t n = 0;

	for (; p < end; p++)
		n += utf8_starts(*p);
	return n;
}

static inline bool
utf8_continues(const char *p, const char *end, unsigned char from, unsigned char to)
{
	return p < end && (unsigned char)*p >= from && (unsigned char)*p <= to;
}

/* Length of the well-formed sequence at p, 0 if there is none. p < end. */
static inline size_t
utf8_length(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;
	unsigned char from = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
	unsigned char to = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;

	if (c < 0x80)
		return 1;
	if (c < 0xC2 || c > 0xF4 || !utf8_continues(p + 1, end, from, to))
		return 0;
	if (c < 0xE0)
		return 2;
	if (!utf8_continues(p + 2, end, 0x80, 0xBF))
		return 0;
	if (c < 0xF0)
		return 3;
	return utf8_continues(p + 3, end, 0x80, 0xBF) ? 4 : 0;
}

/* The code point of the well-formed sequence of n bytes at p. */
static inline uint32_t
utf8_code(const char *p, size_t n)
{
	uint32_t code = n == 1 ? (unsigned char)*p : (unsigned char)*p & (0x7Fu >> n);

	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)p[i] & 0x3F);
	return code;
}

/* Write a code point up to U+10FFFF, at most 4 bytes: how many. */
static inline size_t
utf8_put(char *to, uint32_t code)
{
	static const unsigned char marks[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	const size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--) {
		to[i] = (char)(0x80 | (code & 0x3F));
		code >>= 6;
	}
	to[0] = (char)(marks[n] | code);
	return n;
}

#endif
