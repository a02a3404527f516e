/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offsets.c - where to start in a partition, and where to end
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "kafka/offsets.h"
#include "sql/node.h"

#define GONE_TOLD    5                  /* partitions that a message names */
#define GONE_WORDS   180                /* bytes of it beside them and the way to go on */
#define EXTENT_WORDS 80                 /* bytes of what a partition holds */

static const struct { const char *word; enum place_kind kind; } words[] = {
	{ "earliest", PLACE_EARLIEST }, { "beginning", PLACE_EARLIEST },
	{ "start", PLACE_EARLIEST },
	{ "latest", PLACE_LATEST }, { "end", PLACE_LATEST },
	{ "committed", PLACE_COMMITTED }, { "stored", PLACE_COMMITTED },
};

/* Nothing but digits, and not too many. */
static bool
parse_count(struct str s, int64_t *to)
{
	int64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, s.p[i] - '0', &v))
			return false;
	}
	*to = v;
	return s.n > 0;
}

static bool
parse_ago(struct str s, int64_t now, int64_t *to)
{
	int64_t length;

	if (s.n < 2 || s.p[0] != '-' || dur_parse(&length, str_slice(s, 1, s.n), false, NULL) < 0)
		return false;
	*to = now - length;
	return true;
}

static bool
parse_moment(struct str s, int64_t now, int64_t *to)
{
	return text_to_time(to, s) == 0 || parse_ago(s, now, to) ||
	       time_parse_number(to, s, TIME_FORMAT_AUTO) == 0;
}

static bool
parse(struct place *to, struct str s, int64_t now)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_eq(s, str_of(words[i].word)))
			continue;
		*to = (struct place){ words[i].kind, 0 };
		return true;
	}
	if (s.n == 0)
		return false;
	switch (s.p[0]) {
	case '@':
		to->kind = PLACE_TIME;
		return parse_moment(str_slice(s, 1, s.n), now, &to->value);
	case '-':
		to->kind = PLACE_BEFORE_END;
		if (parse_count(str_slice(s, 1, s.n), &to->value))
			return true;
		to->kind = PLACE_TIME;
		return parse_ago(s, now, &to->value);
	case '+':
		to->kind = PLACE_AFTER_START;
		return parse_count(str_slice(s, 1, s.n), &to->value);
	default:
		to->kind = PLACE_NUMBER;
		return parse_count(s, &to->value);
	}
}

static int
refuse(struct str text, const char *or_what, struct err *err)
{
	char q[QUOTE_MAX];

	return fail_as(err, STATUS_USAGE,
	               "%s is not an offset (try earliest, latest, committed, 42, -10, +10, "
	               "@2026-01-16T12:00:00Z%s)",
	               quote(q, text), or_what);
}

int
place_parse(struct place *to, struct str text, int64_t now, struct err *err)
{
	return parse(to, text, now) ? 0 : refuse(text, " or -3d", err);
}

/* Moments have colons in them, too: the range is split where both sides are places. */
static bool
parse_range(struct place_range *to, struct str s, int64_t now)
{
	for (size_t i = 0; i < s.n; i++) {
		struct str a = str_slice(s, 0, i), b = str_slice(s, i + 1, s.n);

		if (s.p[i] != ':')
			continue;
		*to = (struct place_range){ { PLACE_EARLIEST, 0 }, { PLACE_NONE, 0 } };
		if ((a.n == 0 || parse(&to->from, a, now)) &&
		    (b.n == 0 || parse(&to->to, b, now)) && a.n + b.n > 0)
			return true;
	}
	return false;
}

/* What can be told without asking the broker. */
static bool
ends_before_it_starts(const struct place_range *r)
{
	if (r->from.kind == PLACE_LATEST && r->to.kind == PLACE_EARLIEST)
		return true;
	if (r->from.kind != r->to.kind)
		return false;
	return r->from.kind == PLACE_BEFORE_END ? r->from.value < r->to.value
	                                        : r->from.value > r->to.value;
}

int
place_range_parse(struct place_range *to, struct str text, int64_t now, struct err *err)
{
	char q[QUOTE_MAX];

	*to = (struct place_range){ 0 };
	if (parse_range(to, text, now)) {
		if (to->from.kind == PLACE_AFTER_START)
			return fail_as(err, STATUS_USAGE, "a range cannot start with +N");
		if (ends_before_it_starts(to))
			return fail_as(err, STATUS_USAGE,
			               "the range %s ends before it starts: it is A:B, from A "
			               "up to, not including, B",
			               quote(q, text));
		return 0;
	}
	if (!parse(&to->from, text, now))
		return refuse(text, ", -3d, or a range A:B of these", err);
	to->to = (struct place){ PLACE_NONE, 0 };
	if (to->from.kind == PLACE_AFTER_START) {
		to->to = to->from;
		to->from = (struct place){ PLACE_EARLIEST, 0 };
	}
	return 0;
}

static const char *
say_extent(char to[EXTENT_WORDS], const struct gone *g)
{
	if (g->first == g->next)
		snprintf(to, EXTENT_WORDS, "it is empty, and its next offset is %" PRId64, g->next);
	else
		snprintf(to, EXTENT_WORDS, "it has %" PRId64 " to %" PRId64, g->first, g->next);
	return to;
}

static int
fail_one_gone(const struct gone *g, const char *ways, struct err *err)
{
	char extent[EXTENT_WORDS];

	return fail_as(err, STATUS_CONFIG,
	               "%.*s[%" PRId32 "] does not hold %soffset %" PRId64
	               "%s: %s (go on with --offsets-from a file with the line %s)",
	               STR_ARGS(g->part.topic), g->part.partition,
	               g->committed ? "the committed " : "", g->offset,
	               g->offset < g->first ? " any more" : "", say_extent(extent, g), ways);
}

/* As many of them as there is room for. Returns how many these are. */
static size_t
list_gone(char *to, size_t size, const struct gone *gone, size_t n)
{
	char extent[EXTENT_WORDS];
	size_t used = 0, i;

	to[0] = '\0';
	for (i = 0; i < n && i < GONE_TOLD; i++) {
		const struct gone *g = &gone[i];
		const int more = snprintf(to + used, size - used,
		                          "%s%.*s[%" PRId32 "] %soffset %" PRId64 " (%s)",
		                          i > 0 ? ", " : "", STR_ARGS(g->part.topic),
		                          g->part.partition, g->committed ? "committed " : "",
		                          g->offset, say_extent(extent, g));

		if (more < 0 || (size_t)more >= size - used) {
			to[used] = '\0';
			break;
		}
		used += (size_t)more;
	}
	return i;
}

/* A number after -o would move the other partitions, too, and in a group a word there would not
 * move these. */
int
place_fail_gone(const struct gone *gone, size_t n, struct err *err)
{
	char ways[sizeof(err->msg)], list[sizeof(err->msg)], rest[40] = "", other[40] = "";
	size_t told, room;

	if (gone->first < gone->next)
		snprintf(other, sizeof(other), ", or with %" PRId64 " in it", gone->next);
	snprintf(ways, sizeof(ways),
	         "{\"topic\":\"%.*s\",\"partition\":%" PRId32 ",\"offset\":\"%" PRId64
	         "\"}%s to read what comes",
	         STR_ARGS(gone->part.topic), gone->part.partition, gone->first, other);
	if (n == 1)
		return fail_one_gone(gone, ways, err);
	room = sizeof(err->msg) - strlen(ways);
	told = list_gone(list, room > GONE_WORDS ? room - GONE_WORDS : 1, gone, n);
	if (told < n)
		snprintf(rest, sizeof(rest), "%s%zu more", told > 0 ? ", and " : "", n - told);
	return fail_as(err, STATUS_CONFIG,
	               "%zu partitions do not hold the offset to be read next: %s%s (go on with "
	               "--offsets-from a file with a line for each, such as %s)",
	               n, list, rest, ways);
}

static int
held(int64_t offset, const struct extent *e)
{
	return offset >= e->first && offset <= e->next ? 0 : 1;
}

static int64_t
clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static int64_t
committed(const struct extent *e)
{
	return e->committed == OFFSET_NONE ? e->first : e->committed;
}

int
place_start(const struct place *p, const struct reader *reader, const struct part *part,
            const struct extent *e, int64_t *offset, struct err *err)
{
	switch (p->kind) {
	case PLACE_LATEST:
		*offset = e->next;
		return 0;
	case PLACE_COMMITTED:
		*offset = committed(e);
		return held(*offset, e);
	case PLACE_NUMBER:
		*offset = p->value;
		return held(*offset, e);
	case PLACE_BEFORE_END:
		*offset = clamp(e->next - p->value, e->first, e->next);
		return 0;
	case PLACE_TIME:
		if (reader->offset_at(reader->self, part, p->value, offset, err) < 0)
			return -1;
		*offset = clamp(*offset, e->first, e->next);
		return 0;
	default:
		*offset = e->first;
		return 0;
	}
}

int
place_end(const struct place *p, const struct reader *reader, const struct part *part,
          const struct extent *e, int64_t start, int64_t *offset, struct err *err)
{
	int64_t end = e->next;

	switch (p->kind) {
	case PLACE_EARLIEST:
		end = e->first;
		break;
	case PLACE_COMMITTED:
		end = committed(e);
		break;
	case PLACE_NUMBER:
		end = p->value;
		break;
	case PLACE_BEFORE_END:
		end = e->next - p->value;
		break;
	case PLACE_AFTER_START:
		end = p->value < e->next - start ? start + p->value : e->next;
		break;
	case PLACE_TIME:
		if (reader->offset_at(reader->self, part, p->value, &end, err) < 0)
			return -1;
		break;
	default:
		break;
	}
	*offset = clamp(end, start, e->next > start ? e->next : start);
	return 0;
}

bool
place_ends_with_log(const struct place *p, const struct extent *e, int64_t start)
{
	switch (p->kind) {
	case PLACE_NONE:
	case PLACE_LATEST:
		return true;
	case PLACE_NUMBER:
		return p->value > e->next;
	case PLACE_AFTER_START:
		return p->value > e->next - start;
	default:
		return false;
	}
}
