/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h - memory that is there, or the tool ends
 *
 * Out of memory is the one error that library code does not hand back: the
 * message goes to stderr and the process ends with STATUS_RETRY (a later run
 * with more memory can succeed; what was acknowledged stays acknowledged).
 * Caps on growth are the callers' business and are reported as errors.
 */
#ifndef MAIP_BASE_MEM_H
#define MAIP_BASE_MEM_H

#include <stddef.h>

#include "base/str.h"

void *mem_alloc(size_t n);                              /* not cleared; n may be 0 */
void *mem_zalloc(size_t count, size_t size);            /* cleared; the product is checked */
void *mem_resize(void *p, size_t count, size_t size);   /* the product is checked */
char *mem_dup(struct str s);                            /* a copy that ends in NUL */
void  mem_wipe(char *secret);           /* overwrite a text, and free it; NULL is fine */

void *mem_double(void *p, size_t *cap, size_t size);     /* mem_more, where the array is full */

/* Make room for one more element: doubles *cap (from 8) when n has reached it. Returns the array,
 * maybe moved. a = mem_more(a, n, &cap, sizeof(*a)). */
static inline void *
mem_more(void *p, size_t n, size_t *cap, size_t size)
{
	return n < *cap ? p : mem_double(p, cap, size);
}

/* For the whole process, at its start: keep up to 64 MiB of what is freed in each of the arenas of
 * malloc (a thread has one), for what comes and goes many times a second would otherwise be given
 * back, and cleared by the system, each time. So it is for those whose threads hold little. */
void mem_keep_freed(void);

/* Large, long-lived and cleared memory, on huge pages where the system has them: it begins with a
 * cache line, and with a huge page where it fills one. */
#define MEM_BIG_ALIGN ((size_t)64)
void *mem_big(size_t n);
void  mem_big_free(void *p, size_t n);

/* The same, larger: what is new is cleared, what is there stays, maybe at another address. Pages
 * are moved, not copied. NULL and 0: a new one. p = mem_big_grow(p, n, new_n). */
void *mem_big_grow(void *p, size_t n, size_t new_n);

/* Short-lived memory that is dropped all at once: values computed for one record or one batch.
 * Freed memory is kept for the next round, so a steady stream allocates nothing. */
struct arena {
	char  *block;                   /* current block */
	size_t used, cap;
	void  *full;                    /* earlier blocks of this round */
};

void *arena_alloc_more(struct arena *a, size_t n); /* arena_alloc, where the block may be full */

/* Aligned to 16, not cleared; n may be 0. In line, because a record takes a few. */
static inline void *
arena_alloc(struct arena *a, size_t n)
{
	size_t size = (n + 15) & ~(size_t)15;
	void  *p;

	if (size < n || size >= a->cap - a->used)
		return arena_alloc_more(a, n);
	p = a->block + a->used;
	a->used += size;
	return p;
}

struct str arena_dup(struct arena *a, struct str s);
void arena_reset(struct arena *a);                      /* all of it is gone */
void arena_release(struct arena *a);

#endif
