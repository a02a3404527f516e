/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64.h - bytes that are no text, as text (RFC 4648, section 4)
 *
 * Reading is strict: padding is there, nothing but the alphabet, and the bits that padding leaves
 * over are zero, so that every byte string has exactly one spelling.
 */
#ifndef MAIP_BASE_BASE64_H
#define MAIP_BASE_BASE64_H

#include "base/str.h"

/* Characters that n bytes become; n < SIZE_MAX / 2. */
static inline size_t
base64_size(size_t n)
{
	return (n + 2) / 3 * 4;
}

/* Writes base64_size(bytes.n) characters to to. Returns how many. */
size_t base64_encode(char *to, struct str bytes);

/* Writes at most text.n / 4 * 3 bytes to to (may be text.p itself). How many, or -1: text is not
 * base64. */
long long base64_decode(char *to, struct str text);

#endif
