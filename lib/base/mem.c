/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.c - memory that is there, or the tool ends
 */
#define _GNU_SOURCE     /* explicit_bzero, MAP_ANONYMOUS, madvise, MADV_HUGEPAGE, mremap */

#include "base/mem.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/diag.h"

#define HUGE_PAGE   ((size_t)2 << 20)
#define BIG ((size_t)64 << 10) /* what mem_big asks the system for; less comes from the heap */
#define KEEP_FREED ((size_t)64 << 20)
#define FROM_HEAP ((size_t)32 << 20) /* the largest piece that glibc takes out of what it keeps */
#define ARENA_BLOCK ((size_t)16 << 10)

/* _exit, because what exit() would run may need memory too. */
static _Noreturn void
out_of_memory(size_t n)
{
	warn("out of memory (%zu bytes more were needed)", n);
	_exit(STATUS_RETRY);
}

void
mem_keep_freed(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, (int)KEEP_FREED);
	mallopt(M_MMAP_THRESHOLD, (int)FROM_HEAP);
#endif
}

static size_t
product(size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		out_of_memory(SIZE_MAX);
	return n;
}

void *
mem_alloc(size_t n)
{
	void *p = malloc(n == 0 ? 1 : n);

	if (p == NULL)
		out_of_memory(n);
	return p;
}

void *
mem_zalloc(size_t count, size_t size)
{
	size_t n = product(count, size);
	void  *p = calloc(1, n == 0 ? 1 : n);

	if (p == NULL)
		out_of_memory(n);
	return p;
}

void *
mem_resize(void *p, size_t count, size_t size)
{
	size_t n = product(count, size);

	p = realloc(p, n == 0 ? 1 : n);
	if (p == NULL)
		out_of_memory(n);
	return p;
}

char *
mem_dup(struct str s)
{
	char *p = mem_alloc(s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

void
mem_wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void *
mem_double(void *p, size_t *cap, size_t size)
{
	*cap = *cap == 0 ? 8 : product(*cap, 2);
	return mem_resize(p, *cap, size);
}

/* What mem_big(n) maps: whole huge pages once n fills one, else whole pages. */
static size_t
big_size(size_t n)
{
	size_t unit = n >= HUGE_PAGE ? HUGE_PAGE : (size_t)sysconf(_SC_PAGESIZE);

	if (n > SIZE_MAX / 2)
		out_of_memory(n);
	return (n + unit - 1) / unit * unit;
}

static void *
map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		out_of_memory(size);
	return p;
}

static void *
small(size_t n)
{
	const size_t size = (n / MEM_BIG_ALIGN + 1) * MEM_BIG_ALIGN;
	void *p = aligned_alloc(MEM_BIG_ALIGN, size);

	if (p == NULL)
		out_of_memory(size);
	return memset(p, 0, size);
}

void *
mem_big(size_t n)
{
	size_t size, before;
	char  *p;

	if (n < BIG)
		return small(n);
	size = big_size(n);
	if (n < HUGE_PAGE)
		return map(size);
	p = map(size + HUGE_PAGE);              /* one more, to cut an aligned piece from */
	before = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	if (before > 0)
		munmap(p, before);
	munmap(p + before + size, HUGE_PAGE - before);
	madvise(p + before, size, MADV_HUGEPAGE);       /* a wish: the system may not have any */
	return p + before;
}

void
mem_big_free(void *p, size_t n)
{
	if (n < BIG)
		free(p);
	else if (p != NULL)
		munmap(p, big_size(n));
}

void *
mem_big_grow(void *p, size_t n, size_t new_n)
{
	const size_t size = n < BIG ? 0 : big_size(n);
	void *to;

	if (size >= new_n)
		return p;
	to = mem_big(new_n);
	if (size > 0 && mremap(p, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
		out_of_memory(new_n);
	if (size == 0 && n > 0)
		memcpy(to, p, n);
	if (size == 0)
		mem_big_free(p, n);
	return to;
}

/* Every block starts with one of these; 16 bytes, so that what follows stays aligned. */
struct arena_header {
	_Alignas(16) struct arena_header *next;
};

/* Retire the block and start one at least twice as large, which will do for the whole of the next
 * such round. */
static void
arena_grow(struct arena *a, size_t n)
{
	size_t               cap = a->cap == 0 ? ARENA_BLOCK : product(a->cap, 2);
	struct arena_header *last = (struct arena_header *)(void *)a->block;

	while (cap - sizeof(*last) < n)
		cap = product(cap, 2);
	if (last != NULL) {
		last->next = a->full;
		a->full = last;
	}
	a->block = mem_alloc(cap);
	a->used = sizeof(*last);
	a->cap = cap;
}

void *
arena_alloc_more(struct arena *a, size_t n)
{
	size_t size = product((n / 16) + (n % 16 != 0), 16);
	void  *p;

	if (a->block == NULL || size > a->cap - a->used)
		arena_grow(a, size);
	p = a->block + a->used;
	a->used += size;
	return p;
}

struct str
arena_dup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

static void
arena_free_full(struct arena *a)
{
	for (struct arena_header *h = a->full, *next; h != NULL; h = next) {
		next = h->next;
		free(h);
	}
	a->full = NULL;
}

/* Only the newest block is kept; it is the largest. */
void
arena_reset(struct arena *a)
{
	arena_free_full(a);
	a->used = a->block == NULL ? 0 : sizeof(struct arena_header);
}

void
arena_release(struct arena *a)
{
	arena_free_full(a);
	free(a->block);
	*a = (struct arena){ 0 };
}
