/* SPDX-License-Identifier: Apache-2.0 */
/*
 * func_time.c - functions of moments, in UTC
 *
 * As in Flink, EXTRACT numbers weeks as ISO 8601 does, from Monday, while FLOOR and CEIL go to
 * Sundays. Unlike in Flink, moments before 1970 and fractions of a second are right.
 */
#include "base/time.h"
#include "sql/func.h"

#define SECOND ((int64_t)1000)
#define DAY    (86400 * SECOND)

static const struct { const char *word; int64_t ms; } units[] = {
	[UNIT_MILLISECOND] = { "MILLISECOND", 1 },
	[UNIT_SECOND] = { "SECOND", SECOND },
	[UNIT_MINUTE] = { "MINUTE", 60 * SECOND },
	[UNIT_HOUR] = { "HOUR", 3600 * SECOND },
	[UNIT_DAY] = { "DAY", DAY },
	[UNIT_WEEK] = { "WEEK", 7 * DAY },
	[UNIT_MONTH] = { "MONTH", 0 },
	[UNIT_QUARTER] = { "QUARTER", 0 },
	[UNIT_YEAR] = { "YEAR", 0 },
	[UNIT_DOW] = { "DOW", 0 },
	[UNIT_ISODOW] = { "ISODOW", 0 },
	[UNIT_DOY] = { "DOY", 0 },
	[UNIT_EPOCH] = { "EPOCH", 0 },
};

/* The word, or its plural. */
static bool
is_unit(struct str name, struct str word)
{
	if (name.n == word.n + 1 && (name.p[word.n] | 32) == 's')
		name.n--;
	if (name.n != word.n)
		return false;
	for (size_t i = 0; i < word.n; i++)
		if ((name.p[i] & ~32) != word.p[i])
			return false;
	return true;
}

int
unit_find(struct str name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (is_unit(name, str_of(units[i].word)))
			return (int)i;
	return -1;
}

int64_t
unit_ms(enum unit unit)
{
	return units[unit].ms;
}

static int64_t
floor_to(int64_t ms, int64_t size)
{
	int64_t rest = ms % size;

	return ms - (rest < 0 ? rest + size : rest);
}

/* Midnight of the Monday before or at ms; the epoch was a Thursday. */
static int64_t
monday(int64_t ms)
{
	return floor_to(ms + 3 * DAY, 7 * DAY) - 3 * DAY;
}

static int64_t
iso_week(int64_t ms)
{
	int64_t      thursday = monday(ms) + 3 * DAY;
	struct civil c;

	time_to_civil(&c, thursday);
	return (thursday - time_of_civil(c.year, 1, 1)) / (7 * DAY) + 1;
}

static bool
in_range(int64_t ms)
{
	return ms >= TIME_FIRST && ms <= TIME_LAST;
}

static int64_t
extract_whole(const struct civil *c, int64_t ms, enum unit unit)
{
	switch (unit) {
	case UNIT_YEAR:
		return c->year;
	case UNIT_QUARTER:
		return (c->month + 2) / 3;
	case UNIT_MONTH:
		return c->month;
	case UNIT_WEEK:
		return iso_week(ms);
	case UNIT_DAY:
		return c->day;
	case UNIT_HOUR:
		return c->hour;
	case UNIT_MINUTE:
		return c->minute;
	case UNIT_SECOND:
		return c->second;
	case UNIT_MILLISECOND:
		return c->ms;
	case UNIT_DOW:                          /* 1 = Sunday */
		return c->weekday + 1;
	case UNIT_ISODOW:                       /* 1 = Monday, 7 = Sunday */
		return (c->weekday + 6) % 7 + 1;
	case UNIT_DOY:
		return (floor_to(ms, DAY) - time_of_civil(c->year, 1, 1)) / DAY + 1;
	case UNIT_EPOCH:
		break;
	}
	return floor_to(ms, SECOND) / SECOND;
}

void
func_extract_unit(const struct node *n, const struct val *arg, struct arena *scratch,
                  struct val *to)
{
	struct civil c;

	(void)scratch;
	if (!in_range(arg[0].ms))
		return;
	time_to_civil(&c, arg[0].ms);
	val_set_num(to, num_of(extract_whole(&c, arg[0].ms, n->unit)));
}

static int64_t
floor_to_unit(int64_t ms, enum unit unit)
{
	struct civil c;

	if (unit == UNIT_WEEK)                  /* Sunday */
		return floor_to(ms + 4 * DAY, 7 * DAY) - 4 * DAY;
	if (unit_ms(unit) > 0)
		return floor_to(ms, unit_ms(unit));
	time_to_civil(&c, ms);
	if (unit == UNIT_YEAR)
		return time_of_civil(c.year, 1, 1);
	return time_of_civil(c.year, unit == UNIT_MONTH ? c.month : (c.month - 1) / 3 * 3 + 1, 1);
}

void
func_floor_to(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)scratch;
	if (in_range(arg[0].ms))
		val_set_ms(to, VAL_TIME, floor_to_unit(arg[0].ms, n->unit));
}

/* The start of the next unit, unless the moment is the start of one. */
void
func_ceil_to(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	int64_t      start, ms = arg[0].ms;
	struct civil c;
	int          months = n->unit == UNIT_MONTH ? 1 : n->unit == UNIT_QUARTER ? 3 : 12;

	(void)scratch;
	if (!in_range(ms))
		return;
	start = floor_to_unit(ms, n->unit);
	if (start != ms && unit_ms(n->unit) > 0) {
		start += unit_ms(n->unit);
	} else if (start != ms) {
		time_to_civil(&c, start);
		c.month += months;
		start = time_of_civil(c.year + (c.month > 12),
		                      c.month > 12 ? c.month - 12 : c.month, 1);
	}
	val_set_ms(to, VAL_TIME, start);
}

int
text_to_time(int64_t *ms, struct str text)
{
	char   with_zone[64];
	size_t n = text.n;

	if (time_parse_rfc3339(ms, text) == 0)
		return 0;
	if (n > sizeof(with_zone) - sizeof("T00:00:00Z") || n == 0 || text.p[n - 1] == 'Z')
		return -1;
	memcpy(with_zone, text.p, n);
	if (n == sizeof("2026-01-16") - 1) {
		memcpy(with_zone + n, "T00:00:00", 9);
		n += 9;
	}
	with_zone[n++] = 'Z';
	return time_parse_rfc3339(ms, (struct str){ with_zone, n });
}

static int
num_to_time(int64_t *ms, const struct num *n, enum time_format unit)
{
	char text[NUM_TEXT_MAX];

	return time_parse_number(ms, (struct str){ text, num_print(text, n) }, unit);
}

void
func_to_timestamp(const struct node *n, const struct val *arg, struct arena *scratch,
                  struct val *to)
{
	int64_t ms;

	(void)n, (void)scratch;
	if (arg[0].kind == VAL_TIME ||
	    (arg[0].kind == VAL_TEXT && text_to_time(&ms, arg[0].text) == 0) ||
	    (arg[0].kind == VAL_NUM && num_to_time(&ms, &arg[0].num, TIME_FORMAT_AUTO) == 0))
		val_set_ms(to, VAL_TIME, arg[0].kind == VAL_TIME ? arg[0].ms : ms);
}

/* TO_TIMESTAMP_LTZ(number, 0): seconds; 3: milliseconds. */
void
func_to_timestamp_ltz(const struct node *n, const struct val *arg, struct arena *scratch,
                      struct val *to)
{
	int64_t ms, precision;

	(void)n, (void)scratch;
	if (num_to_i64(&arg[1].num, &precision) < 0 || (precision != 0 && precision != 3))
		return;
	if (num_to_time(&ms, &arg[0].num, precision == 0 ? TIME_FORMAT_S : TIME_FORMAT_MS) == 0)
		val_set_ms(to, VAL_TIME, ms);
}
