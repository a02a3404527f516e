/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - bytes that grow, up to a maximum
 *
 * Caller-owned: buf_init .. buf_release. Adding past max changes nothing and
 * returns -1: the caller says what was too long. Adding within max cannot fail.
 * A smaller addition may still fit after one that did not: who makes many looks
 * at refused in the end, which stays set until buf_init or buf_release.
 */
#ifndef MAIP_BASE_BUF_H
#define MAIP_BASE_BUF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"

struct buf {
	char  *p;
	size_t n, cap, max;
	bool   refused;                 /* something was past max */
};

#define BUF_NO_MAX ((size_t)1 << 46)

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
void buf_wipe(struct buf *b);           /* overwrite what may be a secret, and release */

static inline void
buf_clear(struct buf *b)
{
	b->n = 0;
}

static inline struct str
buf_str(const struct buf *b)            /* borrowed until the next change */
{
	return (struct str){ b->p, b->n };
}

/* Room for n more bytes at b->p + b->n, not yet counted in b->n. NULL past max. */
char *buf_room(struct buf *b, size_t n);

int buf_add(struct buf *b, const void *p, size_t n);

static inline int
buf_add_str(struct buf *b, struct str s)
{
	return buf_add(b, s.p, s.n);
}

static inline int
buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_add_i64(struct buf *b, int64_t v);
int buf_add_u64(struct buf *b, uint64_t v);
int buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Saved state: little-endian fixed width, and a length before bytes. Read back with struct
 * cursor. */
int buf_put_u64(struct buf *b, uint64_t v);
int buf_put_i64(struct buf *b, int64_t v);
int buf_put_str(struct buf *b, struct str s);

/* Reads what buf_put_* wrote; hostile input cannot take it past the end. After the first failure
 * everything reads as 0 or empty, so that one check of ok at the end is enough. */
struct cursor {
	struct str rest;
	bool       ok;
};

uint64_t   cursor_u64(struct cursor *c);
int64_t    cursor_i64(struct cursor *c);
struct str cursor_str(struct cursor *c);                /* borrowed from what is read */

#endif
