/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace.c - when may the next record leave?
 */
#include "kafka/pace.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/time.h"

#define SECOND   1e9
#define MAX      1e9                    /* records a second, and times as fast */
#define CATCH_UP (SECOND / 10)

/* A positive number: digits and a point, for strtod alone would take "inf", " 1", "1e9" and
 * "0x1", too. */
static bool
parse_number(const char *text, double *to, const char **rest)
{
	const size_t n = strspn(text, "0123456789.");
	char *end;

	*to = strtod(text, &end);
	*rest = end;
	return n > 0 && end == text + n && *to > 0 && *to <= MAX;
}

int
pace_rate_option(void *arg, const char *value, struct err *err)
{
	static const struct { const char *unit; double seconds; } units[] = {
		{ "", 1 }, { "/s", 1 }, { "/m", 60 }, { "/min", 60 }, { "/h", 3600 },
	};
	struct pace *p = arg;
	char q[QUOTE_MAX];
	const char *rest;
	double n;

	if (parse_number(value, &n, &rest))
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (strcmp(rest, units[i].unit) != 0)
				continue;
			p->interval = units[i].seconds * SECOND / n;
			return 0;
		}
	return fail_as(err, STATUS_USAGE, "%s is not a rate (try 100/s, 600/m or 5000/h)",
	               quote(q, str_of(value)));
}

int
pace_speed_option(void *arg, const char *value, struct err *err)
{
	struct pace *p = arg;
	char q[QUOTE_MAX];
	const char *rest;
	double n;

	if (!parse_number(value, &n, &rest) || (strcmp(rest, "") != 0 && strcmp(rest, "x") != 0))
		return fail_as(err, STATUS_USAGE,
		               "%s is not a speed (1 is as it happened, 60 a minute in a second, "
		               "0.5 half as fast)",
		               quote(q, str_of(value)));
	p->speed = n;
	return 0;
}

int64_t
pace_wait(const struct pace *p, int64_t time, int64_t now_ns)
{
	double wait = p->due - (double)now_ns, replay;

	if (p->speed > 0 && p->started && time > p->first_time) {
		replay = ((double)time - (double)p->first_time) * 1e6 / p->speed -
		         (double)(now_ns - p->first_ns);
		if (replay > wait)
			wait = replay;
	}
	if (wait <= 0)
		return 0;
	return wait < (double)INT64_MAX / 2 ? (int64_t)(wait / 1e6) + 1 : INT64_MAX / 1000000;
}

void
pace_pass(struct pace *p, int64_t time, int64_t now_ns)
{
	if (!p->started && time != TIME_MIN) {
		p->started = true;
		p->first_time = time;
		p->first_ns = now_ns;
	}
	if (p->due < (double)now_ns - CATCH_UP)
		p->due = (double)now_ns - CATCH_UP;
	p->due += p->interval;
}
