/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time.c - moments and durations
 *
 * The RFC 3339 reader runs once a record and is written for that: eight bytes at
 * a time are checked and turned into numbers without a branch (the idea: Langdale
 * and Lemire, "Parsing Gigabytes of JSON per Second"); the exact rules then decide.
 */
#define _DEFAULT_SOURCE /* le64toh */

#include "base/time.h"

#include <endian.h>
#include <stdio.h>

#include "base/num.h"

#define MS_PER_DAY 86400000

const char *const time_format_words[] = { "auto", "rfc3339", "s", "ms", "us", "ns", NULL };

/* ---- calendar */

/* Days before 1970-01-01 of a civil date (Hinnant: days_from_civil). */
static int64_t
days_of_civil(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

int64_t
time_of_civil(int64_t year, int month, int day)
{
	return days_of_civil(year, month, day) * MS_PER_DAY;
}

/* Hinnant: civil_from_days. */
static void
civil_of_days(struct civil *to, int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
	                       day_of_era / 146096) /
	                      365;
	int64_t day_of_year = day_of_era -
	                      (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int     month = (int)((5 * day_of_year + 2) / 153);     /* 0 = March */

	to->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	to->month = month < 10 ? month + 3 : month - 9;
	to->year = year_of_era + era * 400 + (to->month <= 2);
}

void
time_to_civil(struct civil *to, int64_t ms)
{
	int64_t days = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0);
	int     rest = (int)((ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY);

	civil_of_days(to, days);
	to->hour = rest / 3600000;
	to->minute = rest / 60000 % 60;
	to->second = rest / 1000 % 60;
	to->ms = rest % 1000;
	to->weekday = (int)(((days + 4) % 7 + 7) % 7);
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool             leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month] + (month == 2 && leap);
}

/* ---- RFC 3339 */

static uint64_t
load8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* The eight bytes at p, where shape has '0' for any digit and other bytes for themselves, and room
 * says so by byte: 6 for a digit, 15 for another. *pairs gets, at each byte, the number that its
 * digit and the next one make. Nonzero if the shape does not fit. */
static uint64_t
read8(const char *p, const char shape[8], uint64_t room, uint64_t *pairs)
{
	uint64_t x = load8(p) ^ load8(shape);

	*pairs = x * 10 + (x >> 8);
	/* A digit is now 0..9 and can take 6 more in its half byte, another byte must be 0 and can
	 * take 15. */
	return (x | (x + room)) & 0xF0F0F0F0F0F0F0F0;
}

static int
pair(uint64_t pairs, int byte)
{
	return (int)(pairs >> (8 * byte) & 0xFF);
}

/* Fraction and offset: what follows the seconds. Adds the milliseconds of both to *ms. */
static int
read_tail(int64_t *ms, struct str s)
{
	static const int place[] = { 100, 10, 1 };
	size_t           i = 0;
	int              hours, minutes;

	if (s.n > 1 && s.p[0] == '.') {
		for (i = 1; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
			if (i <= 3)
				*ms += (s.p[i] - '0') * place[i - 1];
		if (i == 1)
			return -1;
	}
	s = str_slice(s, i, s.n);
	if (s.n == 1 && (s.p[0] == 'Z' || s.p[0] == 'z'))
		return 0;
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
		return -1;
	for (i = 1; i < 6; i++)
		if (i != 3 && (s.p[i] < '0' || s.p[i] > '9'))
			return -1;
	hours = (s.p[1] - '0') * 10 + s.p[2] - '0';
	minutes = (s.p[4] - '0') * 10 + s.p[5] - '0';
	if (hours > 23 || minutes > 59)
		return -1;
	*ms -= (s.p[0] == '-' ? -1 : 1) * (hours * 60 + minutes) * INT64_C(60000);
	return 0;
}

int
time_parse_rfc3339(int64_t *ms, struct str text)
{
	uint64_t date, clock, wrong;
	int      year, month, day, hour, minute, second;
	char     mark;
	unsigned tens, ones;
	int64_t  at;

	if (text.n < sizeof("2026-01-16T12:00:00Z") - 1)
		return -1;
	wrong = read8(text.p, "0000-00-", 0x0F06060F06060606, &date);
	wrong |= read8(text.p + 11, "00:00:00", 0x06060F06060F0606, &clock);
	tens = (unsigned char)text.p[8] - (unsigned)'0';
	ones = (unsigned char)text.p[9] - (unsigned)'0';
	mark = text.p[10];
	if (wrong != 0 || tens > 9 || ones > 9 || (mark != 'T' && mark != 't' && mark != ' '))
		return -1;

	year = pair(date, 0) * 100 + pair(date, 2);
	month = pair(date, 5);
	day = (int)(tens * 10 + ones);
	hour = pair(clock, 0);
	minute = pair(clock, 3);
	second = pair(clock, 6);
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
	    hour > 23 || minute > 59 || second > 59)
		return -1;

	at = time_of_civil(year, month, day) + (hour * 3600 + minute * 60 + second) * INT64_C(1000);
	if (read_tail(&at, str_slice(text, 19, text.n)) < 0 || at < TIME_FIRST || at > TIME_LAST)
		return -1;
	*ms = at;
	return 0;
}

/* ---- numbers */

/* A run of digits at the start of *s, which is moved past it: its value, at most cap, and how many
 * there were. */
static size_t
read_digits(struct str *s, uint64_t cap, uint64_t *value)
{
	size_t n = 0;

	for (*value = 0; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
		*value = *value * 10 + (uint64_t)(s->p[n] - '0');
		if (*value > cap)
			*value = cap;
	}
	*s = str_slice(*s, n, s->n);
	return n;
}

#define AMOUNT_DIGITS 19                /* any number of them is less than 2^64 */
#define EXPONENT_MAX  10000000          /* beyond every moment */

/* A number without its sign: digits times 10 to the scale, and a little more if more. */
struct amount {
	uint64_t digits;
	int      n;                     /* of the digits */
	int64_t  scale;
	bool     more;
};

/* Take the run of digits at the start of *s, which is moved past it: how many there were. */
static size_t
take_digits(struct amount *to, struct str *s)
{
	size_t n = 0;

	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
		if (to->n == AMOUNT_DIGITS) {
			to->more |= s->p[n] != '0';
			to->scale++;
			continue;
		}
		to->digits = to->digits * 10 + (uint64_t)(s->p[n] - '0');
		to->n += to->digits != 0;
	}
	*s = str_slice(*s, n, s->n);
	return n;
}

/* What follows the e of a number. */
static int
read_exponent(struct str s, int64_t *to)
{
	const bool sign = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
	const bool minus = sign && s.p[0] == '-';
	uint64_t   value;

	s = str_slice(s, sign, s.n);
	if (read_digits(&s, EXPONENT_MAX, &value) == 0 || s.n > 0)
		return -1;
	*to = minus ? -(int64_t)value : (int64_t)value;
	return 0;
}

static int
read_amount(struct str s, struct amount *to)
{
	int64_t exponent;
	size_t  fraction;

	*to = (struct amount){ 0 };
	if (take_digits(to, &s) == 0)
		return -1;
	if (s.n > 0 && s.p[0] == '.') {
		s = str_slice(s, 1, s.n);
		fraction = take_digits(to, &s);
		if (fraction == 0)
			return -1;
		to->scale -= (int64_t)fraction;
	}
	if (s.n == 0)
		return 0;
	if ((s.p[0] != 'e' && s.p[0] != 'E') ||
	    read_exponent(str_slice(s, 1, s.n), &exponent) < 0)
		return -1;
	to->scale += exponent;
	return 0;
}

static enum time_format
unit_by_magnitude(const struct amount *a)
{
	const int64_t places = a->n + a->scale;         /* before the point */

	return places <= 11   ? TIME_FORMAT_S
	       : places <= 14 ? TIME_FORMAT_MS
	       : places <= 17 ? TIME_FORMAT_US
	                      : TIME_FORMAT_NS;
}

/* So many milliseconds, floored, or -1 if that is no moment. */
static int
in_ms(const struct amount *a, bool minus, int64_t *ms)
{
	static const uint64_t tens[] = {
		1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000
	};
	const int64_t last = sizeof(tens) / sizeof(*tens) - 1;
	uint64_t v = a->digits, by;
	bool more = a->more;

	for (int64_t left = a->scale; left > 0 && v != 0; left--) {
		if (v > TIME_LAST)
			return -1;
		v *= 10;
	}
	for (int64_t left = -a->scale; left > 0 && v != 0; left -= last) {
		by = tens[left < last ? left : last];
		more |= v % by != 0;
		v /= by;
	}
	if (v > -TIME_FIRST)
		return -1;
	*ms = minus ? -(int64_t)v - more : (int64_t)v;
	return *ms < TIME_FIRST || *ms > TIME_LAST ? -1 : 0;
}

int
time_parse_number(int64_t *ms, struct str number, enum time_format unit)
{
	static const int scale[] = {
		[TIME_FORMAT_S] = 3,
		[TIME_FORMAT_MS] = 0,
		[TIME_FORMAT_US] = -3,
		[TIME_FORMAT_NS] = -6,
	};
	const bool minus = number.n > 0 && number.p[0] == '-';
	const bool sign = minus || (number.n > 0 && number.p[0] == '+');
	struct amount a;
	int64_t at;

	if (unit == TIME_FORMAT_RFC3339 || read_amount(str_slice(number, sign, number.n), &a) < 0)
		return -1;
	a.scale += scale[unit == TIME_FORMAT_AUTO ? unit_by_magnitude(&a) : unit];
	if (in_ms(&a, minus, &at) < 0)
		return -1;
	*ms = at;
	return 0;
}

/* ---- printing */

/* The last n decimal digits of v. */
static char *
put_digits(char *to, uint64_t v, int n)
{
	for (int i = n; i-- > 0; v /= 10)
		to[i] = (char)('0' + v % 10);
	return to + n;
}

static char *
put_char(char *to, char c)
{
	*to = c;
	return to + 1;
}

size_t
time_print(char to[TIME_TEXT_MAX], int64_t ms)
{
	struct civil c;
	char        *p = to;
	uint64_t     year;
	int          width = 4;

	time_to_civil(&c, ms);
	year = (uint64_t)(c.year < 0 ? -c.year : c.year);
	if (c.year < 0 || c.year > 9999)
		p = put_char(p, c.year < 0 ? '-' : '+');
	for (uint64_t bound = 10000; year >= bound; bound *= 10)
		width++;
	p = put_char(put_digits(p, year, width), '-');
	p = put_char(put_digits(p, (uint64_t)c.month, 2), '-');
	p = put_char(put_digits(p, (uint64_t)c.day, 2), 'T');
	p = put_char(put_digits(p, (uint64_t)c.hour, 2), ':');
	p = put_char(put_digits(p, (uint64_t)c.minute, 2), ':');
	p = put_char(put_digits(p, (uint64_t)c.second, 2), '.');
	p = put_char(put_digits(p, (uint64_t)c.ms, 3), 'Z');
	return (size_t)(p - to);
}

/* ---- durations */

struct unit {
	const char *name;
	int64_t     ns;
};

static const struct unit units[] = {    /* largest first */
	{ "w",  INT64_C(604800000000000) },
	{ "d",  INT64_C(86400000000000) },
	{ "h",  INT64_C(3600000000000) },
	{ "m",  INT64_C(60000000000) },
	{ "s",  INT64_C(1000000000) },
	{ "ms", INT64_C(1000000) },
	{ "us", INT64_C(1000) },
	{ "ns", INT64_C(1) },
};

enum { UNITS = sizeof(units) / sizeof(units[0]) };

/* The unit that *s starts with, past which it is moved; UNITS if none. */
static size_t
read_unit(struct str *s)
{
	size_t n = 0;

	while (n < s->n && s->p[n] >= 'a' && s->p[n] <= 'z')
		n++;
	for (size_t u = 0; u < UNITS; u++) {
		if (str_eq(str_slice(*s, 0, n), str_of(units[u].name))) {
			*s = str_slice(*s, n, s->n);
			return u;
		}
	}
	return UNITS;
}

/* One number with its unit, which must be smaller than *last, which it becomes. In nanoseconds; -1
 * if there is none, -2 if it is no whole number of nanoseconds. */
static int128
read_part(struct str *s, size_t *last)
{
	const uint64_t cap = UINT64_C(1000000000000000000);
	uint64_t       whole, fraction = 0, one = 1;
	size_t         n = read_digits(s, cap, &whole), u;
	int128         ns;

	if (n == 0)
		return -1;
	if (s->n > 0 && s->p[0] == '.') {
		*s = str_slice(*s, 1, s->n);
		n = read_digits(s, cap, &fraction);
		if (n == 0 || n > 17)
			return n == 0 ? -1 : -2;
		while (n-- > 0)
			one *= 10;
	}
	u = read_unit(s);
	if (u == UNITS || (*last != UNITS && u <= *last))
		return -1;
	*last = u;
	ns = (int128)fraction * units[u].ns;
	return ns % one != 0 ? -2 : (int128)whole * units[u].ns + ns / one;
}

int
dur_parse(int64_t *ms, struct str text, bool may_be_negative, struct err *err)
{
	char       q[QUOTE_MAX];
	struct str s = text;
	bool       minus = s.n > 0 && s.p[0] == '-';
	size_t     last = UNITS;
	int128     sum = 0, part = 0;

	if (minus)
		s = str_slice(s, 1, s.n);
	if (str_eq(s, STR("0"))) {
		*ms = 0;
		return 0;
	}
	do {
		part = read_part(&s, &last);
		sum += part;
	} while (part >= 0 && s.n > 0);
	if (part == -1)
		return fail_as(err, STATUS_USAGE, "%s is not a duration (try 30s, 5m, 1h)",
		               quote(q, text));
	if (part == -2 || sum % 1000000 != 0)
		return fail_as(err, STATUS_USAGE, "%s is not a whole number of milliseconds",
		               quote(q, text));
	sum /= 1000000;
	if (sum > DUR_MAX)
		return fail_as(err, STATUS_USAGE, "%s is too long (at most 2^53 milliseconds)",
		               quote(q, text));
	if (minus && sum != 0 && !may_be_negative)
		return fail_as(err, STATUS_USAGE, "%s is negative, which has no meaning here",
		               quote(q, text));
	*ms = minus ? -(int64_t)sum : (int64_t)sum;
	return 0;
}

size_t
dur_print(char to[DUR_TEXT_MAX], int64_t ms)
{
	static const struct {
		char name;
		uint64_t ms;
	} parts[] = { { 'd', 86400000 }, { 'h', 3600000 }, { 'm', 60000 } };
	uint64_t rest = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
	size_t   n = 0;

	if (ms < 0)
		to[n++] = '-';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (rest >= parts[i].ms)
			n += (size_t)snprintf(to + n, DUR_TEXT_MAX - n, "%llu%c",
			                      (unsigned long long)(rest / parts[i].ms),
			                      parts[i].name);
		rest %= parts[i].ms;
	}
	if (rest >= 1000) {
		n += (size_t)snprintf(to + n, DUR_TEXT_MAX - n, "%u.%03u", (unsigned)(rest / 1000),
		                      (unsigned)(rest % 1000));
		while (to[n - 1] == '0')
			n--;
		if (to[n - 1] == '.')
			n--;
		to[n++] = 's';
	} else if (rest > 0 || ms == 0) {
		n += (size_t)snprintf(to + n, DUR_TEXT_MAX - n, ms == 0 ? "0s" : "%ums",
		                      (unsigned)rest);
	}
	to[n] = '\0';
	return n;
}
