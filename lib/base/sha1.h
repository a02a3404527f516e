/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha1.h - SHA-1 (RFC 3174), for names and not for secrets
 *
 * UUIDs of version 5 are made of it (RFC 9562, section 5.5). Not to be used where somebody gains
 * by a collision.
 */
#ifndef MAIP_BASE_SHA1_H
#define MAIP_BASE_SHA1_H

#include "base/str.h"

#define SHA1_SIZE 20

struct sha1;                                            /* opaque; one for many digests */

struct sha1 *sha1_new(void);                            /* never NULL */
void sha1_free(struct sha1 *s);                         /* NULL is fine */

/* The digest of the parts, one after the other. */
void sha1_of(struct sha1 *s, const struct str *parts, size_t n, unsigned char digest[SHA1_SIZE]);

/* "886313e1-3b8a-5372-9b90-0c9aee199e5d" and NUL: the UUID of version 5 that a digest of
 * namespace and name stands for. */
#define UUID_TEXT 37
void uuid_of_sha1(char to[UUID_TEXT], const unsigned char digest[SHA1_SIZE]);

#endif
