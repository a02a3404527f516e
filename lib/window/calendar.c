/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar.c - days, weeks and months of a time zone
 *
 * A zone is a list of moments at which its clocks change, each with how far
 * ahead of UTC they are from then on, and, after the last, a rule in the form of
 * POSIX's TZ variable ("CET-1CEST,M3.5.0,M10.5.0/3"). The rule is spelled out
 * into changes for all years that times can lie in, once, so that one list has it all.
 */
#include "window/calendar.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"

#define DAY_MS      ((int64_t)86400000)
#define RULE_YEARS  400                 /* the Gregorian calendar repeats after that */
#define MONDAY      4                   /* days from 1970-01-01 to a Monday */
#define COUNT_MAX   9999

struct change {
	int64_t at;                     /* ms */
	int64_t ahead;                  /* ms, from then on */
};

struct calendar {
	enum calendar_unit unit;
	int64_t        count;
	struct change *changes;         /* by time; the first one at TIME_MIN */
	size_t         n, cap;
	/* TIME_MAX: no rule; else the last RULE_YEARS of changes repeat from here on */
	int64_t        rule_from;
};

static void
add_change(struct calendar *c, int64_t at, int64_t ahead)
{
	if (c->n > 0 && c->changes[c->n - 1].ahead == ahead)
		return;
	c->changes = mem_more(c->changes, c->n, &c->cap, sizeof(*c->changes));
	c->changes[c->n++] = (struct change){ at, ahead };
}

/* ---- the rule after the last change */

struct rule_date {                      /* when in a year */
	enum { RULE_MONTH, RULE_JULIAN, RULE_DAY } kind;
	int     month, week, day;
	int64_t time;                   /* seconds after midnight */
};

struct rule {
	int64_t standard, daylight;     /* seconds ahead of UTC */
	bool    has_daylight;
	struct rule_date start, end;    /* of daylight time */
};

static bool
take_char(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_slice(*s, 1, s->n);
	return true;
}

static bool
take_number(struct str *s, int max, int *to)
{
	int v = 0;
	size_t i = 0;

	for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9' && i < 4; i++)
		v = v * 10 + (s->p[i] - '0');
	*s = str_slice(*s, i, s->n);
	*to = v;
	return i > 0 && v <= max;
}

/* "CET" or "<+03>" */
static bool
take_name(struct str *s)
{
	size_t i = 0;

	if (take_char(s, '<')) {
		while (i < s->n && s->p[i] != '>')
			i++;
		*s = str_slice(*s, i, s->n);
		return take_char(s, '>');
	}
	while (i < s->n && ((s->p[i] >= 'A' && s->p[i] <= 'Z') ||
	                    (s->p[i] >= 'a' && s->p[i] <= 'z')))
		i++;
	*s = str_slice(*s, i, s->n);
	return i >= 3;
}

/* "[+-]hh[:mm[:ss]]" in seconds */
static bool
take_time(struct str *s, int64_t *to)
{
	int  h, m = 0, sec = 0;
	bool minus = take_char(s, '-');

	if (!minus)
		take_char(s, '+');
	if (!take_number(s, 167, &h))
		return false;
	if (take_char(s, ':') && (!take_number(s, 59, &m) ||
	                          (take_char(s, ':') && !take_number(s, 59, &sec))))
		return false;
	*to = (int64_t)h * 3600 + m * 60 + sec;
	if (minus)
		*to = -*to;
	return true;
}

static bool
take_date(struct str *s, struct rule_date *d)
{
	bool ok;

	d->time = 7200;
	if (take_char(s, 'M')) {
		d->kind = RULE_MONTH;
		ok = take_number(s, 12, &d->month) && d->month > 0 && take_char(s, '.') &&
		    take_number(s, 5, &d->week) &&
		     d->week > 0 && take_char(s, '.') && take_number(s, 6, &d->day);
	} else {
		d->kind = take_char(s, 'J') ? RULE_JULIAN : RULE_DAY;
		ok = take_number(s, 365, &d->day) && (d->kind == RULE_DAY || d->day > 0);
	}
	return ok && (!take_char(s, '/') || take_time(s, &d->time));
}

/* The rule of a TZif footer. An offset there says how far behind UTC the clocks are. */
static bool
parse_rule(struct str s, struct rule *r)
{
	*r = (struct rule){ .has_daylight = false };
	if (!take_name(&s) || !take_time(&s, &r->standard))
		return false;
	r->standard = -r->standard;
	if (s.n == 0)
		return true;
	r->has_daylight = true;
	if (!take_name(&s))
		return false;
	r->daylight = r->standard + 3600;
	if (s.n > 0 && s.p[0] != ',') {
		if (!take_time(&s, &r->daylight))
			return false;
		r->daylight = -r->daylight;
	}
	return take_char(&s, ',') && take_date(&s, &r->start) && take_char(&s, ',') &&
	       take_date(&s, &r->end) && s.n == 0;
}

/* That date in a year: ms, as clocks without an offset would show it. */
static int64_t
rule_at(const struct rule_date *d, int64_t year)
{
	struct civil c;
	int64_t at;

	if (d->kind == RULE_DAY)
		return time_of_civil(year, 1, 1) + d->day * DAY_MS + d->time * 1000;
	if (d->kind == RULE_JULIAN) {           /* 29 February is not counted */
		bool leap = time_of_civil(year, 3, 1) - time_of_civil(year, 2, 28) > DAY_MS;
		int  day = d->day - 1 + (leap && d->day >= 60);

		return time_of_civil(year, 1, 1) + day * DAY_MS + d->time * 1000;
	}
	at = time_of_civil(year, d->month, 1);
	time_to_civil(&c, at);
	at += ((d->day - c.weekday + 7) % 7 + (d->week - 1) * 7) * DAY_MS;
	time_to_civil(&c, at);
	if (c.month != d->month)                /* week 5 is the last one */
		at -= 7 * DAY_MS;
	return at + d->time * 1000;
}

static void
add_rule_change(struct calendar *c, int64_t after, int64_t at, int64_t ahead)
{
	if (at > after)
		add_change(c, at, ahead * 1000);
}

/* Spell the rule out from the last change on. */
static void
add_rule(struct calendar *c, const struct rule *r)
{
	int64_t      after = c->changes[c->n - 1].at;
	struct civil civil;

	if (!r->has_daylight) {
		add_rule_change(c, TIME_MIN, after == TIME_MIN ? TIME_FIRST : after + 1,
		                r->standard);
		return;
	}
	time_to_civil(&civil, after == TIME_MIN ? 0 : after);
	for (int64_t year = civil.year; year <= civil.year + 2 * RULE_YEARS; year++) {
		int64_t start = rule_at(&r->start, year) - r->standard * 1000;
		int64_t end = rule_at(&r->end, year) - r->daylight * 1000;

		if (start < end) {
			add_rule_change(c, after, start, r->daylight);
			add_rule_change(c, after, end, r->standard);
		} else {
			add_rule_change(c, after, end, r->standard);
			add_rule_change(c, after, start, r->daylight);
		}
	}
	c->rule_from = time_of_civil(civil.year + RULE_YEARS, 1, 1);
}

/* ---- the file (RFC 8536) */

struct tzif {
	struct str data, footer;
	uint32_t   n_changes, n_types;
	size_t     width;               /* bytes of a moment: 4 or 8 */
};

static int64_t
big_endian(const char *p, size_t n)
{
	uint64_t v = (unsigned char)p[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | (unsigned char)p[i];
	return (int64_t)v;
}

/* One header and the block behind it; *rest is what follows. */
static bool
read_block(struct str file, size_t width, struct tzif *to, struct str *rest)
{
	uint32_t n[6];                  /* isut, isstd, leap, time, type, char counts */
	size_t   size;

	if (file.n < 44 || memcmp(file.p, "TZif", 4) != 0)
		return false;
	for (size_t i = 0; i < 6; i++) {
		n[i] = (uint32_t)big_endian(file.p + 20 + 4 * i, 4);
		if (n[i] > 100000)
			return false;
	}
	size = n[3] * (width + 1) + n[4] * 6 + n[5] + n[2] * (width + 4) + n[1] + n[0];
	if (size > file.n - 44 || n[4] == 0)
		return false;
	*to = (struct tzif){ .data = str_slice(file, 44, 44 + size),
		             .n_changes = n[3],
		             .n_types = n[4],
		             .width = width };
	*rest = str_slice(file, 44 + size, file.n);
	return true;
}

static bool
read_tzif(struct str file, struct tzif *to)
{
	struct str rest;
	const char *end;

	if (!read_block(file, 4, to, &rest))
		return false;
	if (file.p[4] < '2')
		return true;
	if (!read_block(rest, 8, to, &rest) || !take_char(&rest, '\n') ||
	    (end = memchr(rest.p, '\n', rest.n)) == NULL)
		return false;
	to->footer = str_slice(rest, 0, (size_t)(end - rest.p));
	return true;
}

static bool
add_changes(struct calendar *c, const struct tzif *t)
{
	const char *kinds = t->data.p + t->n_changes * t->width;
	const char *types = kinds + t->n_changes;

	add_change(c, TIME_MIN, big_endian(types, 4) * 1000);
	for (size_t i = 0; i < t->n_changes; i++) {
		int64_t at = big_endian(t->data.p + i * t->width, t->width);
		size_t  kind = (unsigned char)kinds[i];

		if (kind >= t->n_types)
			return false;
		if (at < TIME_FIRST / 1000 || at > TIME_LAST / 1000)
			continue;               /* "the Big Bang" of some files */
		if (c->n > 1 && at * 1000 <= c->changes[c->n - 1].at)
			return false;
		add_change(c, at * 1000, big_endian(types + 6 * kind, 4) * 1000);
	}
	return true;
}

struct calendar *
calendar_new(struct str tzif, enum calendar_unit unit, int64_t count, struct err *err)
{
	struct calendar *c = mem_zalloc(1, sizeof(*c));
	struct tzif t = { .footer = { NULL, 0 } };
	struct rule rule;

	c->unit = unit;
	c->count = count;
	c->rule_from = TIME_MAX;
	if (!read_tzif(tzif, &t) || !add_changes(c, &t) ||
	    (t.footer.n > 0 && !parse_rule(t.footer, &rule))) {
		calendar_free(c);
		fail_as(err, STATUS_CONFIG, "is not a time zone file");
		return NULL;
	}
	if (t.footer.n > 0)
		add_rule(c, &rule);
	return c;
}

void
calendar_free(struct calendar *c)
{
	if (c == NULL)
		return;
	free(c->changes);
	free(c);
}

int
calendar_size(struct str text, enum calendar_unit *unit, int64_t *count, struct err *err)
{
	static const struct { struct str name; enum calendar_unit unit; } units[] = {
		{ { "d", 1 }, CALENDAR_DAY }, { { "w", 1 }, CALENDAR_WEEK },
		{ { "mo", 2 }, CALENDAR_MONTH },
	};
	char       quoted[QUOTE_MAX];
	struct str rest = text;
	int        n;

	if (take_number(&rest, COUNT_MAX, &n) && n > 0) {
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (!str_eq(rest, units[i].name))
				continue;
			*unit = units[i].unit;
			*count = n;
			return 0;
		}
	}
	return fail_as(err, STATUS_USAGE,
	               "%s is not a number of days, weeks or months (try 1d, 1w, 1mo)",
	               quote(quoted, text));
}

/* ---- use */

/* The last change at or before ts. */
static size_t
change_before(const struct calendar *c, int64_t ts)
{
	size_t lo = 0, hi = c->n;

	while (hi - lo > 1) {
		size_t middle = lo + (hi - lo) / 2;

		if (c->changes[middle].at <= ts)
			lo = middle;
		else
			hi = middle;
	}
	return lo;
}

/* A moment that the list of changes covers: years after it repeat as the calendar does. *moved is
 * what was taken away. */
static int64_t
into_list(const struct calendar *c, int64_t ts, int64_t *moved)
{
	const int64_t cycle = time_of_civil(2400, 1, 1) - time_of_civil(2000, 1, 1);

	*moved = ts < c->rule_from ? 0 : (ts - c->rule_from) / cycle * cycle;
	return ts - *moved;
}

int64_t
calendar_ahead(const struct calendar *c, int64_t ts)
{
	int64_t moved;

	ts = into_list(c, ts, &moved);
	return c->changes[change_before(c, ts)].ahead;
}

/* The first moment at which the clocks show local or later. */
static int64_t
first_moment(const struct calendar *c, int64_t local)
{
	int64_t moved, at;
	size_t  i;

	local = into_list(c, local - 2 * DAY_MS, &moved) + 2 * DAY_MS;
	for (i = change_before(c, local - 2 * DAY_MS);; i++) {
		at = local - c->changes[i].ahead;
		if (i + 1 == c->n || at < c->changes[i + 1].at)
			break;
	}
	if (at < c->changes[i].at)
		at = c->changes[i].at;
	return at + moved;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The day (from 1970-01-01) on which period number n begins. */
static int64_t
first_day(const struct calendar *c, int64_t n)
{
	int64_t month;

	if (c->unit == CALENDAR_DAY)
		return n * c->count;
	if (c->unit == CALENDAR_WEEK)
		return n * c->count * 7 + MONDAY;
	month = n * c->count;
	return floor_div(time_of_civil(floor_div(month, 12),
	                               (int)(month - floor_div(month, 12) * 12) + 1, 1), DAY_MS);
}

static int64_t
period_of(const struct calendar *c, int64_t local)
{
	struct civil civil;
	int64_t day = floor_div(local, DAY_MS);

	if (c->unit == CALENDAR_DAY)
		return floor_div(day, c->count);
	if (c->unit == CALENDAR_WEEK)
		return floor_div(day - MONDAY, c->count * 7);
	time_to_civil(&civil, local);
	return floor_div(civil.year * 12 + civil.month - 1, c->count);
}

void
calendar_period(const struct calendar *c, int64_t ts, int64_t *start, int64_t *end)
{
	int64_t n = period_of(c, ts + calendar_ahead(c, ts));

	*end = first_moment(c, first_day(c, n + 1) * DAY_MS);
	*start = first_moment(c, first_day(c, n) * DAY_MS);
	while (*end <= ts) {                    /* the clocks show yesterday again */
		n++;
		*start = *end;
		*end = first_moment(c, first_day(c, n + 1) * DAY_MS);
	}
}
