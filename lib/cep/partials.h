/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partials.h - what is known of one key: its partial matches
 *
 * Beside them each key has a branch that waits for a first event. Most keys have one other, or
 * none: then the wait goes without saying. While that one other has taken but a first event it is
 * bare: all that it is stands in the struct, and it gets a node when it goes on. Whatever else
 * lives is a heap (branches.h), in which the wait has its place.
 *
 * Cost: 24 bytes, since keys are many; 32 a branch that is not bare, its nodes and the wait of a
 * heap apart.
 */
#ifndef MAIP_CEP_PARTIALS_H
#define MAIP_CEP_PARTIALS_H

#include "cep/branches.h"

#define PARTIALS_MOMENTS ((uint32_t)1 << 30)

struct partials {                       /* all zero: only the wait for a first event */
	union {
		struct branch *live;    /* n of them; NULL: none */
		struct event  *first;   /* of a bare branch; holds a reference */
	};
	union {
		/* complete, but an older branch may still get in before them; NULL: none */
		struct branches *done;
		int64_t          start_ts;      /* of a bare branch */
	};
	union {
		uint32_t n;             /* 1: that branch, and the wait behind it */
		struct {
			uint32_t state : 26, element : 6;       /* of a bare branch */
		};
	};
	/* up to the caller: when its time was moved last, below PARTIALS_MOMENTS */
	uint32_t moment : 30;
	uint32_t is_bare : 1;
	uint32_t started : 1;           /* a match has begun since the caller looked last */
};

static inline bool
partials_idle(const struct partials *p)
{
	return p->live == NULL && p->done == NULL;
}

/* Branches that live, without the wait: what has begun. */
static inline uint32_t
partials_count(const struct partials *p)
{
	return p->is_bare || p->n == 1 ? 1 : p->n > 0 ? p->n - 1 : 0;
}

/* When the oldest branch began, where there is one beside the wait. */
static inline int64_t
partials_oldest(const struct partials *p)
{
	return p->is_bare ? p->start_ts : p->live[0].start_ts;
}

/* The wait, in a program that starts with this state. */
static inline struct branch
branch_wait(int start)
{
	return (struct branch){ .state = start, .start = START_NEVER };
}

/* An idle key's only branch begins: with e, taken by element, it waits in this state. */
void partials_begin(struct partials *p, struct event *e, int element, int state);

/* A bare branch gets its node. */
void partials_dress(struct event_store *s, struct partials *p);

/* A bare branch is gone, and its reference. */
void partials_end_bare(struct event_store *s, struct partials *p);

/* The branches that live, in the order of their heap: in pair where there is none. Returns how
 * many; 0: only the wait. A bare one has no node there, and 0 for a start. */
uint32_t partials_live(const struct partials *p, int start, struct branch pair[2],
                       const struct branch **to);

/* Appended to to, their references with them, until partials_become() puts back what is left. */
void partials_take_out(struct event_store *s, struct partials *p, int start, struct branches *to);

/* Those that live are those of from, whose references go over; those of p, none of which is bare,
 * are the caller's. */
void partials_become(struct event_store *s, struct partials *p, struct branches *from);

/* Those that are complete, to be changed and put back. */
struct branches partials_take_done(struct event_store *s, struct partials *p);
void partials_put_done(struct event_store *s, struct partials *p, struct branches *done);

/* The key will have an event soon, or its time will be moved on: fetches what that needs. Steps 0,
 * 1, 2 and so on each come some time after the one before: the branches, their last nodes, the
 * events of those and the nodes before them, and so on. p itself is there. */
void partials_prefetch(const struct partials *p, int step);

#endif
