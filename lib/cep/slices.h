/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slices.h - the engine for one repeated element
 *
 * In "--begin A --times-or-more N --within D" every event of a key that fits is taken by
 * every branch that lives, so that a branch is a slice of one list: from its start to
 * the newest event. The list is all there is to keep; the matches of an event are counted, not
 * searched. An event costs the same whatever the window holds; what is printed comes on top.
 *
 * The lists of all keys run through one log, in which events stand in the order of their turn. So
 * what runs out of time next is at the log's head, and nobody sets a timer. What a key lets go
 * earlier stays in the log as dead weight until then, or until the log is cleaned: never more
 * than half of it, but for a small constant.
 *
 * Which programs have that form is decided when they are compiled. The answers are those of nfa.h.
 */
#ifndef MAIP_CEP_SLICES_H
#define MAIP_CEP_SLICES_H

#include "cep/event.h"
#include "cep/program.h"

#define SLICES_MAX ((size_t)1 << 30)    /* live events */

struct logged {                         /* an event in the log */
	int64_t       ts;
	struct event *event;            /* a reference, the only one */
	uint32_t      key;
	uint32_t      next;             /* position of the key's next event, if there is one */
};

struct slicer {
	uint64_t       min, max;        /* length of a match; max 0: no limit */
	int64_t        window;          /* 0: no limit */
	bool           strict;          /* an event that does not fit ends all slices */
	enum skip_kind skip;            /* NO_SKIP, SKIP_TO_NEXT or SKIP_PAST_LAST */
	int            element, cond;

	size_t         live;            /* events that are in a list */
	/* a ring: position p stands at log[p % cap], cap is a power of two; positions wrap
	 * around */
	struct logged *log;
	uint32_t       first, n;
	size_t         cap;
	struct event_store *store;      /* of all events that it is given: its pool */
};

struct slices {                         /* of one key; all zero: empty */
	uint32_t first, last, n;        /* positions of the ends of the list */
};

/* Has the program the form? Fills to if so, but for the store. */
bool slicer_of(const struct program *g, struct slicer *to);
void slicer_release(struct slicer *s);                  /* drops all events; the lists are void */

static inline struct logged *
slicer_at(const struct slicer *s, uint32_t position)
{
	return &s->log[position & (s->cap - 1)];
}

/* Is what stands at that position of the log, which belongs to the key, in its list? A list is a
 * key's newest events. */
static inline bool
slices_have(const struct slices *k, uint32_t position)
{
	return k->n > 0 && position - k->first <= k->last - k->first;
}

/* The event is next; fits says whether the element's condition holds. It is taken over, and gone
 * if it does not. Returns how many matches it completes: the slices that start at the first so
 * many events of the list. After they are printed, slices_matched must be called. */
size_t slices_event(struct slicer *s, struct slices *k, struct event *e, bool fits);
void slices_matched(struct slicer *s, struct slices *k);

/* Has an event of that time run out of time as the first of a slice? */
bool slicer_expired(const struct slicer *s, int64_t ts, int64_t now);

/* Has any in the log? */
static inline bool
slicer_any_expired(const struct slicer *s, int64_t now)
{
	return s->n > 0 && slicer_expired(s, slicer_at(s, s->first)->ts, now);
}

void slices_drop_oldest(struct slicer *s, struct slices *k);

/* Append without a question asked; the event is taken over. */
void slices_push(struct slicer *s, struct slices *k, struct event *e);

/* The events of a list, oldest first, into to, which has room for k->n. */
void slices_list(const struct slicer *s, const struct slices *k, struct stamped *to);

/* Remove the log's head, which is in no list any more. */
void slicer_pop(struct slicer *s);

/* Is the log worth cleaning? Then do so: of() says which list is that of a key. */
typedef struct slices *slices_of_fn(void *arg, uint32_t key);
bool slicer_is_dirty(const struct slicer *s);
void slicer_clean(struct slicer *s, slices_of_fn *of, void *arg);

#endif
