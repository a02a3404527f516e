/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.h - events that wait or have been taken, each stored once
 *
 * An event is its line, copied out of the reader's buffer, and what was found out
 * about it when it came. Where nobody will ask for the line, the values of its keys stand in its
 * place (print.h), or nothing does: then an event is half a cache line. Everybody who keeps one
 * holds a reference.
 *
 * A node says that an event was taken after those of another node: branches that have
 * a beginning in common share its nodes, and a match is the way from a node to its root.
 */
#ifndef MAIP_CEP_EVENT_H
#define MAIP_CEP_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cells.h"
#include "json/scan.h"

struct event {
	int64_t  ts;
	uint64_t arrival;               /* position in the input; no two are equal */
	union {
		/* until it is processed: bit i: leaf i holds; only of leaves that look at this
		 * event alone */
		uint64_t truth;
		/* from then on: position in the order of processing, from 1 */
		uint64_t seq;
	};
	uint32_t key;                   /* number of its key */
	uint32_t refs : 31;
	uint32_t has_text : 1;
	/* lengths of the line and of the saved --order-by value, then both, then the fields: if it
	 * has text */
	uint32_t n[];
};

/*
 * Where events stand that come and go in about the same order: large blocks, filled one after the
 * other and free once all that stood in them is gone. Those who hold few of many events had
 * better take them from cells.
 */
struct event_pool {                     /* all zero: empty */
	struct block *open;             /* is being filled; up to used */
	size_t        used;
	struct block *spare;            /* free ones that are kept for what comes next */
	size_t        n_spare;
};

struct event_store {                    /* all zero: empty */
	struct event_pool pool;
	struct cells      cells;        /* of events that are not of the pool, and of nodes */
	bool              in_order;     /* events are of the pool, not of the cells */
	/* all of it will be released, and hardly anything comes: what is dropped stays there */
	bool              leaving;
	size_t            n_fields;     /* that each event keeps; it and in_order never change */
};

/* After the events of the pool; with all that is in the cells, dropped or not. */
void event_store_release(struct event_store *s);

/* A copy of line and what is known about it; one reference. The store's n_fields fields point into
 * line, as extract() filled them; those of the copy do so into the copy. */
struct event *event_new(struct event_store *s, struct str line, const struct field *fields,
                        struct str order);
void event_drop(struct event_store *s, struct event *e);

/* The same for an event of a pool that nobody else holds: it is not even looked at. */
void event_drop_pooled(const struct event *e);

/* A copy in place of an event of the pool that nobody else holds. */
struct event *event_move(struct event_store *s, struct event *e);

static inline struct event *
event_keep(struct event *e)
{
	e->refs++;
	return e;
}

static inline struct str
event_line(const struct event *e)
{
	return (struct str){ (const char *)(e->n + 2), e->has_text ? e->n[0] : 0 };
}

static inline struct str
event_order(const struct event *e)
{
	const struct str line = event_line(e);

	return (struct str){ line.p + line.n, e->has_text ? e->n[1] : 0 };
}

/* Of an event that has text. */
static inline const struct field *
event_fields(const struct event *e)
{
	const size_t at = ((size_t)e->n[0] + e->n[1] + 7) / 8 * 8;

	return (const struct field *)(const void *)((const char *)(e->n + 2) + at);
}

struct stamped {                        /* an event and its time, here to save a cache miss */
	int64_t       ts;
	struct event *event;
};

struct node {
	struct event *event;
	union {
		struct node *before;    /* NULL: this is the first event */
		uint64_t     number;    /* in its place while a save is going on */
	};
	uint32_t      refs;
	int32_t       element;          /* that took it */
};

/* A node for event after before, NULL or kept; one reference. */
struct node *node_new(struct event_store *s, struct event *event, struct node *before, int element);
void node_drop(struct event_store *s, struct node *n);  /* NULL is fine */

static inline struct node *
node_keep(struct node *n)
{
	if (n != NULL)
		n->refs++;
	return n;
}

#endif
