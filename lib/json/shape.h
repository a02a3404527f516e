/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape.h - what lines look like between their values, learned
 *
 * A line is scalars and, between them, runs: {"eventId": or ,"payload":{"orderId": or }} say.
 * What a run means depends on its bytes and on its context alone: which containers are open, and
 * at which wanted paths they stand. So a run that the grammar has accepted once in a context may
 * be compared from then on, and what it does to the fields is known. A line with its members in
 * another order, an array of another length, a name with spaces after it: other runs, or the same
 * ones in another order, and no line has to be learned as a whole.
 *
 * Both runs and contexts are bounded in number; when either is full all is forgotten and
 * learned anew, which costs a few microseconds in many lines.
 */
#ifndef MAIP_JSON_SHAPE_H
#define MAIP_JSON_SHAPE_H

#include "json/paths.h"

#define RUN_HEAD 32                     /* bytes compared at once */

/* The place after a value: the innermost open container. The root: before the record. */
struct context {
	struct context *parent;         /* where its end leads; NULL at the root */
	struct context *child, *sibling;
	struct run     *nameless;       /* runs from here without a name in them */
	uint32_t        id;
	/* of the next element in an array, as far as a path cares */
	uint32_t        index;
	uint16_t        node;
	uint16_t        depth;
	bool            object;
};

/* What a run does to a field apart from the scalar behind it. */
struct action {
	enum { ACTION_FORGET, ACTION_BEGIN, ACTION_END } kind;
	int16_t        field;
	enum json_kind container;       /* BEGIN */
	size_t         offset;          /* of the bracket in the run */
	uint64_t       fields;          /* FORGET: one bit each */
};

struct run {
	char            head[RUN_HEAD];
	uint32_t        mask;           /* which bytes of head are its own */
	uint32_t        length;
	struct run     *next;           /* what followed last: a run of the context to */
	int16_t         field;          /* that the scalar behind it is, or -1 */
	uint16_t        n_actions;
	bool            last;           /* ends the line, instead of a scalar */

	const char     *rest;           /* behind head */
	struct run     *earlier;        /* what followed before that */
	struct context *to;             /* after the scalar behind it */
	struct context *from;
	struct action  *actions;
	struct run     *chain;
};

/* The kind of the scalar that begins with a byte, or JSON_MISSING. */
extern const unsigned char scalar_kinds[256];

#define SHAPE_BUCKETS 1024

struct shapes {
	const struct paths *paths;
	struct run      start;          /* not a run: before the first one */
	struct run      once;           /* a run that is too long to keep */
	struct run     *bucket[SHAPE_BUCKETS];
	struct arena    memory;         /* contexts, runs, their bytes and actions */
	struct arena    scratch;        /* decoded names */
	struct action  *actions;        /* of the run being learned */
	size_t          n_actions, cap_actions;
	size_t          n_runs, n_contexts, n_bytes;
	bool            full;
};

void shapes_init(struct shapes *s, const struct paths *paths);
void shapes_release(struct shapes *s);

/* Forget everything. */
void shapes_clear(struct shapes *s);

/* The run at p that follows prev, looked up or learned. NULL: leave the line to the exact path.
 * RUN_HEAD bytes and more behind end are readable. */
struct run *shapes_find(struct shapes *s, struct run *prev, const char *p, const char *end);

#endif
