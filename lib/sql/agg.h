/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agg.h - the kinds of aggregates
 *
 * Internal to lib/sql. A kind is a row of functions over an accumulator of fixed size, 8-byte
 * aligned (COUNT's 2), fresh when all its bytes are zero. Adding and merging commute wherever the
 * result can: the order of arrival shows in FIRST and LAST on equal times, and
 * in the last digits of sums of doubles.
 */
#ifndef MAIP_SQL_AGG_H
#define MAIP_SQL_AGG_H

#include "sql/aggregate.h"
#include "sql/node.h"

/* What a call takes from one record. */
enum agg_state { AGG_NOTHING, AGG_SMALL, AGG_VAL };

struct agg_value {
	union {
		struct small      small;
		const struct val *val;  /* never NULL */
	};
	enum agg_state state;           /* NOTHING: NULL, or filtered out */
};

struct agg_input {
	int64_t          ts;
	uint64_t         arrival;
	const struct agg_call *misfit;  /* takes numbers, and there is something else; or NULL */
	struct agg_value value[];       /* one a call */
};

struct agg_kind {
	const char *name;               /* upper case */
	size_t      size;
	int         result;             /* kind of the result; KIND_UNKNOWN: that of the argument */
	bool        numbers;            /* takes nothing but numbers */
	bool        timed;
	bool        grows;              /* with what it has taken in: merging costs what it holds */
	void (*add)(const struct agg_call *call, void *acc, const struct agg_value *v,
	            const struct agg_input *in);
	void   (*merge)(const struct agg_call *call, void *into, const void *from);
	void (*result_of)(const struct agg_call *call, const void *acc, struct val *to,
	                  struct arena *scratch);
	void   (*drop)(void *acc);      /* NULL: nothing hangs off it */
	size_t (*heap)(const void *acc);        /* NULL: nothing */
	/* bytes that result_of takes, in scratch and from the heap; NULL: next to none */
	size_t (*takes)(const void *acc);
	void   (*save)(const void *acc, struct buf *to);
	int    (*load)(const struct agg_call *call, void *acc, struct cursor *from);
};

/* How a call comes to its value. */
enum agg_how {
	AGG_EACH,                       /* COUNT(*): nothing to evaluate */
	AGG_THERE,                      /* COUNT(path): is the field there? */
	AGG_FIELD,                      /* F(path) */
	AGG_EXPR,
	AGG_BY                          /* the text form of an expression, NULL too */
};

struct agg_call {
	const struct agg_kind *kind;
	const struct agg_kind *inner;   /* of F(DISTINCT x): F */
	struct expr *arg;               /* NULL: every record, as in COUNT(*) */
	struct expr *filter;            /* NULL: none */
	enum agg_how how;
	int          field;             /* THERE, FIELD */
	struct num   fraction;          /* QUANTILE(x, fraction) */
	size_t       top;               /* TOP(top, x) */
	uint64_t     seed;
	size_t       offset;            /* of its accumulator among all of the list */
	char        *signature;         /* two calls with the same one are the same */
};

/* A count of 48 bits, the low ones first: years of a million records a second, and small enough for
 * what a sum leaves of two words. */
struct count {
	uint16_t part[3];
};

static inline void
count_one(struct count *c)
{
	if (__builtin_expect(++c->part[0] == 0, 0) && ++c->part[1] == 0)
		c->part[2]++;
}

static inline uint64_t
count_get(const struct count *c)
{
	return c->part[0] | (uint64_t)c->part[1] << 16 | (uint64_t)c->part[2] << 32;
}

static inline void
count_set(struct count *c, uint64_t n)
{
	c->part[0] = (uint16_t)n;
	c->part[1] = (uint16_t)(n >> 16);
	c->part[2] = (uint16_t)(n >> 32);
}

/* A sum: exact in place while it fits, else on the heap. */
struct sum {
	union {
		int64_t     v;
		struct num *num;
	};
	uint8_t      scale;
	uint8_t      state;             /* enum sum_state */
	struct count n;                 /* AVG's, or of the COUNT that its list has put here */
};

_Static_assert(sizeof(struct sum) == 16, "a sum and a count are two words");

enum sum_state { SUM_NOTHING, SUM_SMALL, SUM_NUM, SUM_LOST };

void sum_add_slowly(struct sum *s, const struct num *n);

static inline void
sum_add_small(struct sum *s, struct small x)
{
	struct small a = { s->v, s->scale };
	struct num   n;

	if (__builtin_expect(s->state == SUM_SMALL && small_add(&a, x), 1)) {
		s->v = a.v;
		s->scale = a.scale;
	} else if (s->state == SUM_NOTHING) {
		s->v = x.v;
		s->scale = x.scale;
		s->state = SUM_SMALL;
	} else {
		n = small_num(x);
		sum_add_slowly(s, &n);
	}
}

/* The value of v, which is there, as a val; room is used if it has to be made. */
static inline const struct val *
agg_val(const struct agg_value *v, struct val *room)
{
	if (v->state == AGG_VAL)
		return v->val;
	val_set_num(room, small_num(v->small));
	return room;
}

/* false: not a number. */
static inline bool
agg_num(const struct agg_value *v, struct num *to)
{
	if (v->state == AGG_SMALL)
		*to = small_num(v->small);
	else if (v->val->kind == VAL_NUM)
		*to = v->val->num;
	else
		return false;
	return true;
}

/* agg_basic.c */
extern const struct agg_kind agg_count, agg_sum, agg_avg, agg_min, agg_max, agg_first, agg_last;
/* agg_bag.c */
extern const struct agg_kind agg_count_distinct, agg_distinct, agg_by, agg_top, agg_collect;
/* agg_spread.c */
extern const struct agg_kind agg_stddev_pop, agg_stddev_samp, agg_var_pop, agg_var_samp;
/* agg_quantile.c */
extern const struct agg_kind agg_median, agg_quantile;
/* agg_approx.c */
extern const struct agg_kind agg_approx_count_distinct;

#endif
