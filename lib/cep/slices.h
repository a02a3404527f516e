/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slices.h - the engine for one repeated element
 *
 * In "--begin A --times-or-more N --within D" every event of a key that fits is taken by
 * every branch that lives, so that a branch is a slice of one list: from its start to
 * the newest event. The list is all there is to keep; the matches of an event are counted, not
 * searched. An event costs the same whatever the window holds; what is printed comes on top.
 *
 * Which programs have that form is decided when they are compiled. The answers are those of nfa.h.
 */
#ifndef MAIP_CEP_SLICES_H
#define MAIP_CEP_SLICES_H

#include "cep/event.h"
#include "cep/program.h"

struct slicer {
	uint64_t       min, max;        /* length of a match; max 0: no limit */
	int64_t        window;          /* 0: no limit */
	bool           strict;          /* an event that does not fit ends all slices */
	enum skip_kind skip;            /* NO_SKIP, SKIP_TO_NEXT or SKIP_PAST_LAST */
	int            element, cond;
};

/* Has the program the form? Fills to if so. */
bool slicer_of(const struct program *g, struct slicer *to);

struct slices {                         /* of one key; all zero: empty */
	struct stamped *a;              /* the list is a[first .. first + n); each a reference */
	uint32_t        first, n, cap;
};

static inline struct stamped *
slices_events(const struct slices *k)
{
	return k->a + k->first;
}

/* The event is next; fits says whether the element's condition holds. Returns how many matches it completes: the slices that start
 * at the first so many events of the list. After they are printed, slices_matched must be called. */
size_t slices_event(const struct slicer *s, struct slices *k, struct event *e, bool fits);
void slices_matched(const struct slicer *s, struct slices *k);

/* Has the oldest slice run out of time? Print it, then drop its start. */
bool slices_expired(const struct slicer *s, const struct slices *k, int64_t now);
void slices_drop_oldest(struct slices *k);

void slices_push(struct slices *k, struct event *e);    /* keeps a reference */
void slices_release(struct slices *k);

#endif
