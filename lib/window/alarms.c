/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarms.c - a radix heap
 *
 * When time passes from now to later, and differs from it first in bit b, then alarms in the
 * buckets below b all ring, those of b may ring or move down, and those above stay where they
 * are.
 */
#include "window/alarms.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"

void
alarms_init(struct alarms *a)
{
	*a = (struct alarms){ .now = TIME_MIN };
	for (int i = 0; i < ALARM_BUCKETS; i++)
		a->bucket[i].least = TIME_MAX;
}

void
alarms_release(struct alarms *a)
{
	for (int i = 0; i < ALARM_BUCKETS; i++)
		free(a->bucket[i].alarm);
	free(a->ringing.alarm);
}

/* The highest bit that differs, from 1; 0: none. */
static int
bucket_of(int64_t now, int64_t at)
{
	uint64_t differ = (uint64_t)now ^ (uint64_t)at;

	return differ == 0 ? 0 : 64 - __builtin_clzll(differ);
}

static void
put(struct alarms *a, struct alarm_bucket *b, struct alarm alarm)
{
	if (b->n == b->cap) {
		size_t cap = b->cap + b->cap / 2 + 16;

		b->alarm = mem_resize(b->alarm, cap, sizeof(*b->alarm));
		a->bytes += (cap - b->cap) * sizeof(*b->alarm);
		b->cap = cap;
	}
	b->alarm[b->n++] = alarm;
	if (alarm.at < b->least)
		b->least = alarm.at;
}

static void
put_in_bucket(struct alarms *a, struct alarm alarm)
{
	int i = bucket_of(a->now, alarm.at);

	a->used |= (uint64_t)1 << (i - 1);
	put(a, &a->bucket[i], alarm);
}

void
alarms_set(struct alarms *a, int64_t at, uint32_t what)
{
	assert(at > a->now);
	put_in_bucket(a, (struct alarm){ at, what });
}

int64_t
alarms_next(const struct alarms *a)
{
	return a->used == 0 ? TIME_MAX : a->bucket[__builtin_ctzll(a->used) + 1].least;
}

/* A bucket that will not fill up like this again soon gives its memory back. */
static void
empty_bucket(struct alarms *a, int i)
{
	struct alarm_bucket *b = &a->bucket[i];

	a->used &= ~((uint64_t)1 << (i - 1));
	b->least = TIME_MAX;
	b->n = 0;
	if (b->cap < 4096)
		return;
	a->bytes -= b->cap * sizeof(*b->alarm);
	free(b->alarm);
	b->alarm = NULL;
	b->cap = 0;
}

const struct alarm *
alarms_ring(struct alarms *a, int64_t now, size_t *n)
{
	const int last = bucket_of(a->now, now);
	uint64_t  left = a->used & (last == 0 ? 0 : UINT64_MAX >> (64 - last));

	a->now = now;
	a->ringing.n = 0;
	for (; left != 0; left &= left - 1) {
		int i = __builtin_ctzll(left) + 1;

		for (size_t k = 0; k < a->bucket[i].n; k++) {
			struct alarm alarm = a->bucket[i].alarm[k];

			if (alarm.at <= now)
				put(a, &a->ringing, alarm);
			else
				put_in_bucket(a, alarm);
		}
		empty_bucket(a, i);
	}
	*n = a->ringing.n;
	return a->ringing.alarm;
}

size_t
alarms_soon(const struct alarms *a, uint32_t *what, size_t max)
{
	size_t n = 0;

	for (uint64_t left = a->used; left != 0 && n < max; left &= left - 1) {
		const struct alarm_bucket *b = &a->bucket[__builtin_ctzll(left) + 1];

		for (size_t k = 0; k < b->n && n < max; k++)
			what[n++] = b->alarm[k].what;
	}
	return n;
}
