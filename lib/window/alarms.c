/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarms.c - a radix heap
 *
 * When time passes from now to later, and differs from it first in bit b, then alarms in the
 * buckets below b all ring, those of b may ring or move down, and those above stay where they
 * are. The buckets up to 32 hold alarms whose time differs from now in its lower half only, so that
 * half is all they keep of it. Before time has come anywhere now is the beginning of time, which is
 * far from everything: the buckets are counted from a time near the first alarm then, and alarms
 * before that stand in bucket 0.
 */
#include "window/alarms.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"

enum {
	CHUNK = 1008,                   /* bytes: with what malloc adds, a KiB */
	SPARE_MAX = 64,
	NEAR = 32                       /* the last bucket of alarms that are kept by half */
};

struct near {
	uint32_t at;                    /* the lower half */
	uint32_t what;
};

struct alarm_chunk {
	struct alarm_chunk *next;
	size_t              n;
	union {
		struct near  near[(CHUNK - 16) / sizeof(struct near)];
		struct alarm far[(CHUNK - 16) / sizeof(struct alarm)];
	};
};

void
alarms_init(struct alarms *a)
{
	*a = (struct alarms){ .now = TIME_MIN, .base = TIME_MIN };
	for (int i = 0; i < ALARM_BUCKETS; i++)
		a->bucket[i].least = TIME_MAX;
}

static void
free_chunks(struct alarm_chunk *c)
{
	for (struct alarm_chunk *next; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
}

void
alarms_release(struct alarms *a)
{
	for (int i = 0; i < ALARM_BUCKETS; i++)
		free_chunks(a->bucket[i].chunk);
	free_chunks(a->spare);
	free(a->ringing);
}

static struct alarm_chunk *
chunk_new(struct alarms *a, struct alarm_chunk *next)
{
	struct alarm_chunk *c = a->spare;

	if (c != NULL) {
		a->spare = c->next;
		a->n_spare--;
	} else {
		c = mem_alloc(sizeof(*c));
		a->bytes += sizeof(*c);
	}
	c->next = next;
	c->n = 0;
	return c;
}

static void
chunk_free(struct alarms *a, struct alarm_chunk *c)
{
	if (a->n_spare == SPARE_MAX) {
		a->bytes -= sizeof(*c);
		free(c);
		return;
	}
	c->next = a->spare;
	a->spare = c;
	a->n_spare++;
}

static bool
is_near(int bucket)
{
	return bucket > 0 && bucket <= NEAR;
}

static size_t
chunk_room(int bucket)
{
	const struct alarm_chunk *c = NULL;

	return is_near(bucket) ? sizeof(c->near) / sizeof(c->near[0])
	                      : sizeof(c->far) / sizeof(c->far[0]);
}

/* The k-th alarm of a chunk of that bucket, filled when it was counted from base. */
static struct alarm
alarm_at(const struct alarm_chunk *c, int bucket, size_t k, int64_t base)
{
	if (!is_near(bucket))
		return c->far[k];
	return (struct alarm){
		(int64_t)(((uint64_t)base & ~(uint64_t)UINT32_MAX) | c->near[k].at),
		c->near[k].what,
	};
}

/* The highest bit that differs, from 1; 0: none. */
static int
bucket_of(int64_t base, int64_t at)
{
	uint64_t differ = (uint64_t)base ^ (uint64_t)at;

	return differ == 0 ? 0 : 64 - __builtin_clzll(differ);
}

static void
put(struct alarms *a, struct alarm alarm)
{
	const int i = alarm.at <= a->base ? 0 : bucket_of(a->base, alarm.at);
	struct alarm_bucket *b = &a->bucket[i];

	if (i > 0)
		a->used |= (uint64_t)1 << (i - 1);
	if (b->chunk == NULL || b->chunk->n == chunk_room(i))
		b->chunk = chunk_new(a, b->chunk);
	if (is_near(i))
		b->chunk->near[b->chunk->n++] = (struct near){ (uint32_t)alarm.at, alarm.what };
	else
		b->chunk->far[b->chunk->n++] = alarm;
	if (alarm.at < b->least)
		b->least = alarm.at;
}

void
alarms_set(struct alarms *a, int64_t at, uint32_t what)
{
	assert(at > a->now);
	if (a->base == TIME_MIN)
		a->base = (int64_t)((uint64_t)(at - 1) & ~(uint64_t)UINT32_MAX);
	put(a, (struct alarm){ at, what });
}

int64_t
alarms_next(const struct alarms *a)
{
	if (a->bucket[0].chunk != NULL)
		return a->bucket[0].least;
	return a->used == 0 ? TIME_MAX : a->bucket[__builtin_ctzll(a->used) + 1].least;
}

static void
put_ringing(struct alarms *a, struct alarm alarm)
{
	const size_t had = a->cap_ringing;

	a->ringing = mem_more(a->ringing, a->n_ringing, &a->cap_ringing, sizeof(*a->ringing));
	a->bytes += (a->cap_ringing - had) * sizeof(*a->ringing);
	a->ringing[a->n_ringing++] = alarm;
}

/* It was filled when buckets were counted from before. */
static void
empty_bucket(struct alarms *a, int i, int64_t before)
{
	struct alarm_chunk *c = a->bucket[i].chunk, *next;

	if (i > 0)
		a->used &= ~((uint64_t)1 << (i - 1));
	a->bucket[i] = (struct alarm_bucket){ .least = TIME_MAX };
	for (; c != NULL; c = next) {
		for (size_t k = 0; k < c->n; k++) {
			const struct alarm alarm = alarm_at(c, i, k, before);

			if (alarm.at <= a->now)
				put_ringing(a, alarm);
			else
				put(a, alarm);
		}
		next = c->next;
		chunk_free(a, c);
	}
}

const struct alarm *
alarms_ring(struct alarms *a, int64_t now, size_t *n)
{
	const int64_t before = a->base;
	uint64_t      left = 0;

	a->now = now;
	a->n_ringing = 0;
	if (now > before) {
		left = a->used & UINT64_MAX >> (64 - bucket_of(before, now));
		a->base = now;
	}
	if (a->bucket[0].chunk != NULL)
		empty_bucket(a, 0, before);
	for (; left != 0; left &= left - 1)
		empty_bucket(a, __builtin_ctzll(left) + 1, before);
	*n = a->n_ringing;
	return a->ringing;
}

/* Those of a bucket that ring until then, added to the n in what. */
static size_t
add_bucket(const struct alarms *a, int i, int64_t until, uint32_t *what, size_t n, size_t max)
{
	for (const struct alarm_chunk *c = a->bucket[i].chunk; c != NULL && n < max; c = c->next) {
		for (size_t k = 0; k < c->n && n < max; k++) {
			const struct alarm alarm = alarm_at(c, i, k, a->base);

			what[n] = alarm.what;
			n += alarm.at <= until;
		}
	}
	return n;
}

size_t
alarms_soon(const struct alarms *a, int64_t until, uint32_t *what, size_t max)
{
	size_t n = add_bucket(a, 0, until, what, 0, max);

	for (uint64_t left = a->used; left != 0 && n < max; left &= left - 1) {
		const int i = __builtin_ctzll(left) + 1;

		if (a->bucket[i].least > until)
			break;
		n = add_bucket(a, i, until, what, n, max);
	}
	return n;
}
