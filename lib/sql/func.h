/* SPDX-License-Identifier: Apache-2.0 */
/*
 * func.h - the table of functions
 *
 * Internal to lib/sql. A function is a row: its name, what it takes and yields, and the C
 * function that computes it. Arguments come evaluated, not NULL, and of the
 * kinds that the row names. What is left as NULL is NULL.
 */
#ifndef MAIP_SQL_FUNC_H
#define MAIP_SQL_FUNC_H

#include "sql/node.h"

typedef void func_call(const struct node *n, const struct val *arg, struct arena *scratch,
                       struct val *to);

struct func {
	const char *name;               /* upper case */
	/* a letter an argument: n number, t text, m moment, a any; the last one repeats */
	const char *takes;
	uint8_t     min, max;           /* how many arguments; max 0: any number */
	int         kind;               /* of the result */
	func_call  *call;               /* NULL: the parser makes something else of it */
};

#define FUNC_NAME_MAX 32

/* By name in any case; NULL: no such function. */
const struct func *func_find(struct str name);

/* The known name of a function or aggregate that is nearest to a misspelt one, or NULL. */
const char *func_nearest(struct str name);

/* All names, one for each i from 0; NULL after the last. */
const char *func_name(size_t i);

/* The kind that the i-th argument must have, or KIND_UNKNOWN for any. */
int func_wants(const struct func *f, size_t i);

extern const struct func func_floor_time, func_ceil_time, func_extract, func_trim, func_ltrim,
	func_rtrim;

/* func_num.c */
func_call func_abs, func_sign, func_floor, func_ceil, func_round, func_truncate, func_mod,
	func_power, func_sqrt, func_greatest, func_least;
/* func_text.c */
func_call func_lower, func_upper, func_substring, func_position, func_char_length, func_replace,
	func_split_index, func_trim_both, func_trim_left, func_trim_right;
/* func_time.c */
func_call func_to_timestamp, func_to_timestamp_ltz, func_extract_unit, func_floor_to, func_ceil_to;

/* -1: no such unit. */
int unit_find(struct str name);

/* The length of a unit that has one ("2 hours" but not "2 months"), else 0. */
int64_t unit_ms(enum unit unit);

#endif
