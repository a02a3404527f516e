/* SPDX-License-Identifier: Apache-2.0 */
/*
 * func.c - which functions there are
 *
 * Functions that the parser turns into something else, or that have a grammar of their own,
 * stand here, too: for their names and the number of their arguments.
 */
#include "sql/func.h"

static const struct func funcs[] = {
	{ "ABS", "n", 1, 1, VAL_NUM, func_abs },
	{ "CEIL", "n", 1, 1, VAL_NUM, func_ceil },
	{ "CEILING", "n", 1, 1, VAL_NUM, func_ceil },
	{ "CHAR_LENGTH", "t", 1, 1, VAL_NUM, func_char_length },
	{ "CHARACTER_LENGTH", "t", 1, 1, VAL_NUM, func_char_length },
	{ "COALESCE", "a", 1, 0, KIND_UNKNOWN, NULL },
	{ "CONCAT", "a", 1, 0, VAL_TEXT, NULL },
	{ "EXTRACT", "m", 1, 1, VAL_NUM, func_extract_unit },
	{ "FLOOR", "n", 1, 1, VAL_NUM, func_floor },
	{ "GREATEST", "a", 1, 0, KIND_UNKNOWN, func_greatest },
	{ "LEAST", "a", 1, 0, KIND_UNKNOWN, func_least },
	{ "LOWER", "t", 1, 1, VAL_TEXT, func_lower },
	{ "MOD", "n", 2, 2, VAL_NUM, func_mod },
	{ "NULLIF", "a", 2, 2, KIND_UNKNOWN, NULL },
	{ "POSITION", "t", 2, 2, VAL_NUM, func_position },
	{ "POWER", "n", 2, 2, VAL_NUM, func_power },
	{ "REGEXP", "t", 2, 2, VAL_BOOL, NULL },
	{ "REPLACE", "t", 3, 3, VAL_TEXT, func_replace },
	{ "ROUND", "n", 1, 2, VAL_NUM, func_round },
	{ "SIGN", "n", 1, 1, VAL_NUM, func_sign },
	{ "SPLIT_INDEX", "ttn", 3, 3, VAL_TEXT, func_split_index },
	{ "SQRT", "n", 1, 1, VAL_NUM, func_sqrt },
	{ "SUBSTRING", "tn", 2, 3, VAL_TEXT, func_substring },
	{ "TO_TIMESTAMP", "a", 1, 1, VAL_TIME, func_to_timestamp },
	{ "TO_TIMESTAMP_LTZ", "n", 2, 2, VAL_TIME, func_to_timestamp_ltz },
	{ "TRIM", "t", 1, 2, VAL_TEXT, func_trim_both },
	{ "TRUNCATE", "n", 1, 2, VAL_NUM, func_truncate },
	{ "UPPER", "t", 1, 1, VAL_TEXT, func_upper },
};

const struct func func_floor_time = { "FLOOR", "m", 1, 1, VAL_TIME, func_floor_to };
const struct func func_ceil_time = { "CEIL", "m", 1, 1, VAL_TIME, func_ceil_to };
const struct func func_extract = { "EXTRACT", "m", 1, 1, VAL_NUM, func_extract_unit };
const struct func func_trim = { "TRIM", "t", 1, 2, VAL_TEXT, func_trim_both };
const struct func func_ltrim = { "TRIM", "t", 1, 2, VAL_TEXT, func_trim_left };
const struct func func_rtrim = { "TRIM", "t", 1, 2, VAL_TEXT, func_trim_right };

/* Names that a misspelt one may have meant, besides those above. */
static const char *const other_names[] = {
	"CAST", "TRY_CAST", "COUNT", "SUM", "AVG", "MIN", "MAX", "FIRST", "LAST",
	"STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE", "VAR_POP", "VAR_SAMP",
	"MEDIAN", "QUANTILE", "APPROX_COUNT_DISTINCT", "TOP", "COLLECT",
};

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static bool
same_name(struct str name, const char *known)
{
	for (size_t i = 0; i < name.n; i++)
		if (known[i] == '\0' || upper(name.p[i]) != known[i])
			return false;
	return known[name.n] == '\0';
}

const struct func *
func_find(struct str name)
{
	for (size_t i = 0; i < sizeof(funcs) / sizeof(funcs[0]); i++)
		if (same_name(name, funcs[i].name))
			return &funcs[i];
	return NULL;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance. */
static size_t
distance(struct str name, const char *known)
{
	size_t row[FUNC_NAME_MAX + 1], n = strlen(known), above, left;

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; i < name.n; i++) {
		above = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			left = row[j + 1];
			row[j + 1] = least(above + (upper(name.p[i]) != known[j]),
			                   least(row[j], left) + 1);
			above = left;
		}
	}
	return row[n];
}

const char *
func_name(size_t i)
{
	const size_t n = sizeof(funcs) / sizeof(funcs[0]);
	const size_t others = sizeof(other_names) / sizeof(other_names[0]);

	return i < n ? funcs[i].name : i - n < others ? other_names[i - n] : NULL;
}

const char *
func_nearest(struct str name)
{
	const char *best = NULL, *known;
	size_t      nearest = name.n / 2 < 3 ? name.n / 2 + 1 : 4;

	if (name.n > FUNC_NAME_MAX)
		return NULL;
	for (size_t i = 0; (known = func_name(i)) != NULL; i++) {
		size_t d = distance(name, known);

		if (d < nearest) {
			nearest = d;
			best = known;
		}
	}
	return best;
}

int
func_wants(const struct func *f, size_t i)
{
	size_t last = strlen(f->takes) - 1;

	switch (f->takes[i < last ? i : last]) {
	case 'n':
		return VAL_NUM;
	case 't':
		return VAL_TEXT;
	case 'm':
		return VAL_TIME;
	default:
		return KIND_UNKNOWN;
	}
}
