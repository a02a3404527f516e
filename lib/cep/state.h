/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - what the stage holds: shared by the files that make it up, and nobody else
 *
 *	stage.c   lines in, records out of them
 *	turns.c   events in their turn, timers, keys that come and go
 *	save.c    all of it to bytes and back
 */
#ifndef MAIP_CEP_STATE_H
#define MAIP_CEP_STATE_H

#include "base/keys.h"
#include "base/ring.h"
#include "cep/slices.h"
#include "cep/stage.h"
#include "cep/trace.h"
#include "cep/waiting.h"

struct key_refs {                       /* who refers to a key */
	uint32_t waiting : 31;          /* events */
	uint32_t listed : 1;            /* it is among those that may be idle */
	uint32_t timers : 31;
	uint32_t touched : 1;           /* in this pass, which moves it on at its end */
};

struct key_slices {
	struct key_refs refs;
	struct slices   slices;
};

struct key_branches {                   /* two in a cache line */
	_Alignas(32) struct key_refs refs;
	struct partials partials;
};

struct timer {
	int64_t  ts;
	uint32_t key;
};

struct cep {
	struct cep_conf     conf;
	struct out         *late_out, *timeouts;
	struct pipe_stats  *stats;
	struct program      program;
	struct event_store  store;      /* of all that waits or has been taken */
	bool                slicing;    /* slicer is used in place of nfa */
	struct slicer       slicer;
	bool                quiet;      /* time alone completes no match, nor lets one go */
	struct nfa         *nfa;
	struct printer     *printer;
	struct tracer       tracer;
	struct extractor   *fields;
	struct time_expr   *time;
	struct expr       **order_by;   /* n_order_by of them */
	size_t              n_order_by;
	struct expr_column *key_columns;
	size_t              n_key_columns;
	/* bit by bit, of conf.rows: it has had a value; it has had none */
	uint64_t            keys_seen, keys_missed;
	int                 key_field;  /* of the only key, if it is a path; or -1 */
	struct expr_column *columns;    /* of the output */
	size_t              n_columns;
	bool                keeps_fields;       /* events are asked for theirs later */
	bool brief; /* the values of its keys stand in place of an event's line */

	bool             own_watermarks;
	bool             over;          /* the input is: nobody needs the room of idle keys */
	struct watermark watermark;
	int64_t          now;           /* of processing time */
	uint32_t         moment;        /* number of those that have had events */
	int64_t          moment_ts;     /* time of the last */
	uint64_t         arrivals, seq, matches, late, gave_up, n_shed;
	struct waiting   waiting;
	struct ring      timers;        /* of struct timer; they only ever grow later */

	struct keys      *keys;
	/* by key; NULL: the other one is used */
	struct key_slices   *slices;
	struct key_branches *branches;
	size_t            cap_keys;
	/* of uint32_t: keys that nothing refers to, or did not when they were put here */
	struct ring       idle;
	struct stamped   *listed;       /* events of a slice, to print it */
	size_t            cap_listed;
	uint32_t         *touched;      /* keys, in this pass */
	size_t            n_touched, cap_touched;

	struct field     *values;       /* of the current line */
	struct arena      scratch;
	/* key, brief_keys: those of the lines that are being read, one behind the other */
	struct buf        key, brief_keys, order;
	struct found_list found, timed_out;
};

/* What is known of this key has a place. */
void cep_make_room(struct cep *c, uint32_t key);

static inline struct key_refs *
cep_refs(const struct cep *c, uint32_t key)
{
	return c->slicing ? &c->slices[key].refs : &c->branches[key].refs;
}

/* Nothing refers to the key. */
bool cep_key_is_idle(const struct cep *c, uint32_t key);

/* If nothing refers to the key any more it may be forgotten: not at once, because many come back,
 * but as soon as the keys that wait for that outnumber the others by IDLE_KEYS. */
#define IDLE_KEYS 65536
void cep_release_if_idle(struct cep *c, uint32_t key);

/* Its events will be asked for soon; the state itself is there. */
void cep_prefetch_key(const struct cep *c, uint32_t key);

/* A waiting_soon_fn; self is the struct cep. */
void cep_expect(void *self, const struct event *e, int step);

/* The first moment at which time alone changes something, or TIME_MAX. */
int64_t cep_next_moment(const struct cep *c);

static inline struct timer *
cep_timer(const struct cep *c, size_t i)
{
	return ring_at(&c->timers, i, sizeof(struct timer));
}

void cep_add_timer(struct cep *c, uint32_t key, int64_t ts);

/* Everything up to the watermark has its turn. */
int cep_drain(struct cep *c, int64_t until, struct out *out, struct err *err);

/* The input is over: time has run out for every key. */
int cep_end(struct cep *c, struct out *out, struct err *err);

int cep_save(struct cep *c, struct buf *to, struct err *err);
int cep_load(struct cep *c, struct str from, struct err *err);

#endif
