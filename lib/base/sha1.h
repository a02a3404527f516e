/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha1.h - SHA-1 (RFC 3174), for names and not for secrets
 *
 * UUIDs of version 5 are made of it (RFC 9562, section 5.5). Not to be used where somebody gains by a collision.
 */
#ifndef MAIP_BASE_SHA1_H
#define MAIP_BASE_SHA1_H

#include <stdint.h>

#include "base/str.h"

#define SHA1_SIZE 20

struct sha1 {
	uint32_t h[5];
	uint64_t n;                     /* bytes so far */
	unsigned char block[64];
};

void sha1_init(struct sha1 *s);
void sha1_add(struct sha1 *s, struct str bytes);
void sha1_end(struct sha1 *s, unsigned char digest[SHA1_SIZE]);

/* "886313e1-3b8a-5372-9b90-0c9aee199e5d" and NUL: the UUID of version 5 that a digest of namespace and name stands for. */
#define UUID_TEXT 37
void uuid_of_sha1(char to[UUID_TEXT], const unsigned char digest[SHA1_SIZE]);

#endif
