/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watermark.c - one watermark out of many
 *
 * A topic has many partitions and each has come a different way. Their common
 * watermark is the minimum over those that speak: Flink's rule
 * (CombinedWatermarkStatus), where a source that was idle and returns behind the
 * others cannot pull the common watermark back.
 *
 * Seeing a record is the common case and costs O(1). The minimum is looked for
 * again, O(sources), only when the source that held it has moved, or when one
 * could have become idle.
 */
#include "stream/watermark.h"

#include <stdlib.h>

#include "base/mem.h"

struct source_mark {
	struct watermark w;
	int64_t seen;                   /* when it spoke last, or joined */
	bool    joined, idle;
};

struct watermark_set {
	struct source_mark *source;
	size_t  n, cap;
	int64_t bound, idle_timeout;
	int64_t common;                 /* what was told */
	bool    told_idle;
	bool    stale;                  /* the minimum has to be looked for again */
	size_t  low;                    /* a source that holds the minimum */
	int64_t next_idle;              /* no source becomes idle before */
	int64_t (*grace)(void *arg, size_t source);     /* NULL: there is none */
	void   *grace_arg;
};

int
watermark_option(void *arg, const char *value, struct err *err)
{
	int64_t *bound = arg;

	if (strcmp(value, "none") == 0) {
		*bound = WATERMARK_NONE;
		return 0;
	}
	return dur_parse(bound, str_of(value), false, err);
}

struct watermark_set *
watermark_set_new(int64_t bound, int64_t idle_timeout)
{
	struct watermark_set *s = mem_zalloc(1, sizeof(*s));

	s->bound = bound;
	s->idle_timeout = idle_timeout;
	s->common = TIME_MIN;
	s->next_idle = TIME_MAX;
	return s;
}

void
watermark_set_free(struct watermark_set *s)
{
	if (s == NULL)
		return;
	free(s->source);
	free(s);
}

void
watermark_set_ask(struct watermark_set *s, int64_t (*grace)(void *arg, size_t source), void *arg)
{
	s->grace = grace;
	s->grace_arg = arg;
}

static void
touch(struct watermark_set *s, struct source_mark *m, int64_t now)
{
	m->seen = now;
	if (m->idle) {
		m->idle = false;
		s->stale = true;
	}
	if (s->idle_timeout > 0 && now + s->idle_timeout < s->next_idle)
		s->next_idle = now + s->idle_timeout;
}

void
watermark_set_join(struct watermark_set *s, size_t source, int64_t now)
{
	while (s->n <= source) {
		s->source = mem_more(s->source, s->n, &s->cap, sizeof(*s->source));
		s->source[s->n++] = (struct source_mark){ .joined = false };
	}
	s->source[source] = (struct source_mark){ .joined = true, .w = { s->bound, TIME_MIN } };
	s->stale = true;
	touch(s, &s->source[source], now);
}

void
watermark_set_leave(struct watermark_set *s, size_t source)
{
	if (source < s->n && s->source[source].joined) {
		s->source[source].joined = false;
		s->stale = true;
	}
}

void
watermark_set_see(struct watermark_set *s, size_t source, int64_t ts, int64_t now)
{
	struct source_mark *m = &s->source[source];
	const int64_t before = m->w.now;

	touch(s, m, now);
	watermark_see(&m->w, ts);
	if (source == s->low && m->w.now != before)
		s->stale = true;
}

/* Has it been silent too long, and was it heard in all that time? */
static bool
falls_asleep(struct watermark_set *s, size_t source, int64_t now)
{
	struct source_mark *m = &s->source[source];
	int64_t grace;

	if (s->idle_timeout == 0 || now - m->seen < s->idle_timeout)
		return false;
	grace = s->grace != NULL ? s->grace(s->grace_arg, source) : 0;
	m->seen = now - s->idle_timeout + grace;
	return grace == 0;
}

/* Put to sleep who has been silent too long, and find the minimum of the rest, *low. False: nobody
 * speaks. Several may fall asleep at one look. They did so one after the other: the one that spoke
 * last was alone for a moment, and what it said is *low then; TIME_MIN: nobody fell asleep. */
static bool
find_low(struct watermark_set *s, int64_t now, bool *any, int64_t *low)
{
	int64_t last = TIME_MIN, alone = TIME_MIN;
	bool active = false;

	*any = false;
	s->stale = false;
	s->next_idle = TIME_MAX;
	for (size_t i = 0; i < s->n; i++) {
		struct source_mark *m = &s->source[i];
		const int64_t seen = m->seen;

		if (!m->joined)
			continue;
		*any = true;
		if (!m->idle && falls_asleep(s, i, now)) {
			m->idle = true;
			if (seen > last || (seen == last && m->w.now > alone))
				alone = m->w.now;
			last = seen > last ? seen : last;
		}
		if (m->idle)
			continue;
		if (!active || m->w.now < s->source[s->low].w.now)
			s->low = i;
		active = true;
		if (s->idle_timeout > 0 && m->seen + s->idle_timeout < s->next_idle)
			s->next_idle = m->seen + s->idle_timeout;
	}
	*low = active ? s->source[s->low].w.now : alone;
	return active;
}

bool
watermark_set_advance(struct watermark_set *s, int64_t now, int64_t *ts, bool *idle)
{
	bool news = false;

	if (s->stale || now >= s->next_idle) {
		bool any;
		int64_t low;
		const bool active = find_low(s, now, &any, &low);

		if (low > s->common) {
			s->common = low;
			news = true;
		}
		if (any && s->told_idle == active) {
			s->told_idle = !active;
			news = true;
		}
	}
	*ts = s->common;
	*idle = s->told_idle;
	return news;
}

int64_t
watermark_set_spoken(const struct watermark_set *s,
                     bool (*done)(void *arg, size_t source), void *arg)
{
	int64_t least = TIME_MAX;

	for (size_t i = 0; i < s->n; i++) {
		const struct source_mark *m = &s->source[i];

		if (!m->joined || m->idle)
			continue;
		if (m->w.now == TIME_MIN && !done(arg, i))
			return TIME_MIN;
		if (m->w.now != TIME_MIN && m->w.now < least)
			least = m->w.now;
	}
	return least == TIME_MAX ? TIME_MIN : least;
}

/* What is combined is not above any source that speaks, so mostly the source's own tells enough. */
bool
watermark_set_may_meet(const struct watermark_set *s, size_t source, int64_t ts)
{
	const struct source_mark *m = &s->source[source];

	return s->stale && (m->idle || ts - 1 <= m->w.now);
}

int64_t
watermark_set_next(const struct watermark_set *s)
{
	return s->next_idle;
}
