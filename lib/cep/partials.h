/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partials.h - what is known of one key: its partial matches
 *
 * Beside them each key has a branch that waits for a first event. Most keys have one other, or
 * none: then what is known stands in the struct alone. Otherwise it is a heap (branches.h), in
 * which the wait has its place.
 */
#ifndef MAIP_CEP_PARTIALS_H
#define MAIP_CEP_PARTIALS_H

#include "cep/branches.h"

struct partials {                       /* all zero: only the wait for a first event */
	union {
		struct branches live;   /* the wait among them, if there are any */
		struct branch   lone;
	};
	/* complete, but an older branch may still get in before them */
	struct branches done;
	uint32_t        moment;         /* up to the caller: when its time was moved last */
	bool            is_lone;        /* lone and the wait: live does not stand */
	bool            started;        /* a match has begun since the caller looked last */
};

void partials_release(struct event_store *s, struct partials *p);       /* the references, too */

static inline bool
partials_idle(const struct partials *p)
{
	return !p->is_lone && p->live.n == 0;
}

/* The wait, in a program that starts with this state. */
static inline struct branch
branch_wait(int start)
{
	return (struct branch){ .state = start, .start = START_NEVER };
}

/* The branches that live, in the order of their heap: in pair where there is none. Returns how
 * many; 0: only the wait. */
size_t partials_live(const struct partials *p, int start, struct branch pair[2],
                     const struct branch **to);

/* They stand in p->live from now on. */
void partials_unpack(struct event_store *s, struct partials *p, int start);

/* Those that live are those of from, whose references go over; those of p are the caller's. */
void partials_become(struct event_store *s, struct partials *p, struct branches *from);

/* The key will have an event soon, or its time will be moved on: fetches what that needs. Three
 * misses: steps 0, 1 and 2, each some time after the one before; p itself is there. */
void partials_prefetch(const struct partials *p, int step);

#endif
