/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64.c - three bytes are four characters
 */
#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t
base64_encode(char *to, struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	char                *at = to;

	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t   left = bytes.n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
		             (left > 2 ? p[i + 2] : 0);

		*at++ = alphabet[v >> 18];
		*at++ = alphabet[v >> 12 & 63];
		*at++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
		*at++ = left > 2 ? alphabet[v & 63] : '=';
	}
	return (size_t)(at - to);
}

long long
base64_decode(char *to, struct str text)
{
	char  *at = to;
	size_t n = text.n;

	if (n % 4 != 0)
		return -1;
	for (size_t i = 0; i < n; i += 4) {
		size_t   pad = i + 4 < n || text.p[i + 3] != '=' ? 0 : text.p[i + 2] != '=' ? 1 : 2;
		uint32_t v = 0;

		for (size_t j = 0; j < 4; j++) {
			int d = j < 4 - pad ? digit(text.p[i + j]) : 0;

			if (d < 0)
				return -1;
			v = v << 6 | (uint32_t)d;
		}
		if ((v & ((1u << 8 * pad) - 1)) != 0)
			return -1;
		*at++ = (char)(v >> 16);
		if (pad < 2)
			*at++ = (char)(v >> 8 & 0xff);
		if (pad < 1)
			*at++ = (char)(v & 0xff);
	}
	return at - to;
}
