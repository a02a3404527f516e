/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.h - the tree behind an expression
 *
 * Internal to lib/sql. Every node has two ways to be evaluated: eval() gives its value, truth()
 * only whether it is TRUE, FALSE or neither, which conditions pass among themselves without
 * building values. The functions are chosen once, by build.c, for what the operands are: a path
 * compared with a constant has a pair of its own that works on the bytes of the line.
 */
#ifndef MAIP_SQL_NODE_H
#define MAIP_SQL_NODE_H

#include "sql/expr.h"
#include "sql/small.h"

enum tri { TRI_FALSE, TRI_TRUE, TRI_NULL };

#define KIND_UNKNOWN (-1)               /* a field: known only when it is read */
#define NODE_DEPTH   1000               /* levels of a tree; evaluation recurses */
#define TEXT_MAX     ((size_t)64 << 20) /* a longer computed text is NULL */

enum op {
	OP_CONST, OP_FIELD, OP_SLOT, OP_TAKEN,
	OP_AND, OP_OR, OP_NOT,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_DISTINCT,
	OP_IS_NULL, OP_IS_TRUE, OP_IS_FALSE, OP_BETWEEN, OP_IN, OP_LIKE, OP_REGEXP,
	OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD, OP_NEG, OP_CONCAT,
	OP_CASE, OP_CAST, OP_COALESCE, OP_CALL
};

enum unit {                             /* of EXTRACT, FLOOR(t TO unit) and INTERVAL */
	UNIT_MILLISECOND, UNIT_SECOND, UNIT_MINUTE, UNIT_HOUR, UNIT_DAY, UNIT_WEEK,
	UNIT_MONTH, UNIT_QUARTER, UNIT_YEAR,
	UNIT_DOW, UNIT_ISODOW, UNIT_DOY, UNIT_EPOCH
};

enum cast { CAST_BOOL, CAST_INT, CAST_DECIMAL, CAST_DOUBLE, CAST_TEXT, CAST_TIME };

struct cast_type {
	enum cast to;
	int64_t   min, max;             /* INT */
	int       digits, scale;        /* DECIMAL */
	size_t    length;               /* TEXT: characters kept; 0: all */
	bool      only_text;            /* leave what is not text as it is */
};

struct node;
struct func;
struct agg_kind;
struct regexp;
typedef void     eval_fn(const struct node *n, const struct expr_env *env, struct val *to);
typedef enum tri truth_fn(const struct node *n, const struct expr_env *env);

enum taken_fn {
	TAKEN_FIRST, TAKEN_LAST, TAKEN_COUNT, TAKEN_SUM, TAKEN_AVG, TAKEN_MIN, TAKEN_MAX,
	TAKEN_FIRST_VALUE, TAKEN_LAST_VALUE,    /* of those that are not NULL */
	TAKEN_SPREAD                            /* kind says which */
};

struct node {
	eval_fn      *eval;
	truth_fn     *truth;
	enum op       op;
	int           kind;             /* enum val_kind, or KIND_UNKNOWN */
	bool          negated;          /* IS NOT ..., NOT IN, NOT BETWEEN, NOT LIKE */
	uint16_t      depth;
	size_t        at, end;          /* where it stands in the text */
	size_t        n;
	struct node **arg;
	union {
		struct val val;                                 /* CONST */
		int        index;                               /* FIELD, SLOT */
		struct {
			enum taken_fn          fn;
			int                    pattern;
			size_t                 offset;  /* FIRST, LAST */
			const struct agg_kind *kind;    /* SPREAD */
		} taken;
		struct { const struct func *func; enum unit unit; void *locale; };      /* CALL */
		struct cast_type cast;
		struct regexp *regexp;
		/* a comparison of a field with a constant */
		struct {
			int          field;
			struct small small;
			struct str   text;
		} fast;
	};
};

static inline enum tri
tri_not(enum tri t)
{
	return t == TRI_NULL ? TRI_NULL : t == TRI_TRUE ? TRI_FALSE : TRI_TRUE;
}

static inline enum tri
tri_of_val(const struct val *v)
{
	return v->kind != VAL_BOOL ? TRI_NULL : v->truth ? TRI_TRUE : TRI_FALSE;
}

static inline void
val_set_null(struct val *to)
{
	to->kind = VAL_NULL;
	to->raw = (struct str){ NULL, 0 };
}

static inline void
val_set_tri(struct val *to, enum tri t)
{
	to->kind = t == TRI_NULL ? VAL_NULL : VAL_BOOL;
	to->raw = (struct str){ NULL, 0 };
	to->truth = t == TRI_TRUE;
}

static inline void
val_set_num(struct val *to, struct num n)
{
	to->kind = VAL_NUM;
	to->raw = (struct str){ NULL, 0 };
	to->num = n;
}

static inline void
val_set_text(struct val *to, struct str text)
{
	to->kind = VAL_TEXT;
	to->raw = (struct str){ NULL, 0 };
	to->text = text;
}

static inline void
val_set_ms(struct val *to, enum val_kind kind, int64_t ms)
{
	to->kind = kind;
	to->raw = (struct str){ NULL, 0 };
	to->ms = ms;
}

/* Fill in n->eval and n->truth for n->op and what its operands are (eval.c). */
void node_bind(struct node *n);

/* The value as text, as || and CAST(x AS STRING) make it; -1 for NULL. */
int val_to_text(struct str *to, const struct val *v, struct arena *scratch);

/* Text as a moment: RFC 3339, or "2026-01-16 12:00:00", or a date, both UTC without a zone. */
int text_to_time(int64_t *ms, struct str text);

/* Text that is a number, with space around it perhaps; ".5" and "5." are numbers, too. */
int text_to_num(struct num *to, struct str text, struct arena *scratch);

void cast_val(struct val *to, const struct val *v, const struct cast_type *type,
              struct arena *scratch);

/* LIKE over UTF-8. escape is empty, or one character. NULL, and one more in gave_up (which may be
 * NULL), after as many steps as no two texts of a sane record take. */
enum tri like_match(struct str text, struct str pattern, struct str escape, uint64_t *gave_up);

/* REGEXP: the pattern is compiled once. NULL with a message in err. */
struct regexp *regexp_new(struct str pattern, struct err *err);
void     regexp_free(struct regexp *r);
enum tri regexp_match(struct regexp *r, struct str text, uint64_t *gave_up);

/* FIRST(p.x) and the like (taken.c). */
void taken_eval(const struct node *n, const struct expr_env *env, struct val *to);

size_t text_length(struct str text);                    /* in characters */
struct str text_slice(struct str text, size_t from, size_t to);         /* characters from .. to */

#endif
