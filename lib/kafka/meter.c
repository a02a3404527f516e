/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter.c - how far a read has come, in words and in numbers
 */
#include "kafka/meter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define PROGRESS_EVERY_MS 500
#define SMOOTH            0.3           /* weight of the newest half second */

void
meter_init(struct meter *m, const struct meter_conf *conf, int64_t now_ms)
{
	*m = (struct meter){ .conf = *conf, .stats.at = now_ms, .progress.at = now_ms };
}

static void PRINTF_LIKE(2, 3)
add(struct buf *to, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_add_str(to, str_of(text));
}

static double
rate_since(struct meter_mark *mark, uint64_t records, int64_t now_ms)
{
	const double rate = now_ms > mark->at ? (double)(records - mark->records) * 1000 /
	                                                (double)(now_ms - mark->at)
	                                      : 0;

	*mark = (struct meter_mark){ now_ms, records };
	return rate;
}

/* -1: its end is not known yet. */
static int64_t
lag_of(const struct consume_position *p)
{
	return p->end == OFFSET_NONE ? -1 : p->end > p->next ? p->end - p->next : 0;
}

/* Of all partitions whose end is known; -1: of none. */
static int64_t
lag(const struct consume *c)
{
	struct consume_position p;
	int64_t sum = -1;

	for (size_t i = 0; consume_position(c, i, &p); i++)
		if (p.ours && lag_of(&p) >= 0)
			sum = (sum < 0 ? 0 : sum) + lag_of(&p);
	return sum;
}

static void
add_offset(struct buf *to, const char *name, int64_t v)
{
	if (v < 0)
		add(to, ",\"%s\":null", name);
	else
		add(to, ",\"%s\":\"%" PRId64 "\"", name, v);
}

static void
add_partitions(struct buf *to, const struct consume *c)
{
	struct consume_position p;
	const char *comma = "";

	buf_add_str(to, STR(",\"partitions\":["));
	for (size_t i = 0; consume_position(c, i, &p); i++) {
		if (!p.ours)
			continue;
		add(to, "%s{\"topic\":\"%.*s\",\"partition\":%" PRId32, comma,
		    STR_ARGS(p.part->topic), p.part->partition);
		add_offset(to, "next", p.next);
		add_offset(to, "end", p.end);
		add_offset(to, "lag", lag_of(&p));
		buf_add_char(to, '}');
		comma = ",";
	}
	buf_add_char(to, ']');
}

static void
add_stats(struct meter *m, const struct consume *c, uint64_t bad, int64_t now_ms, int64_t wall_ms,
          struct buf *to)
{
	const struct consume_counts n = consume_counts(c);
	const int64_t watermark = consume_watermark(c);
	char at[TIME_TEXT_MAX];

	at[time_print(at, wall_ms)] = '\0';
	add(to, "{\"time\":\"%s\",\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"lines\":%" PRIu64,
	    at, n.records, n.bytes, n.lines);
	add(to, ",\"filtered\":%" PRIu64 ",\"tombstones\":%" PRIu64 ",\"bad\":%" PRIu64, n.filtered,
	    n.tombstones, bad);
	add(to, ",\"rate\":%.1f", rate_since(&m->stats, n.records, now_ms));
	add_offset(to, "lag", lag(c));
	if (watermark == TIME_MIN)
		buf_add_str(to, STR(",\"watermark\":null"));
	else
		add(to, ",\"watermark\":%" PRId64, watermark);
	add_partitions(to, c);
	buf_add_str(to, STR("}\n"));
}

/* "1234567" as "1,234,567". */
static void
add_grouped(struct buf *to, uint64_t v)
{
	char digits[24];
	const int n = snprintf(digits, sizeof(digits), "%" PRIu64, v);

	for (int i = 0; i < n; i++) {
		buf_add_char(to, digits[i]);
		if ((n - i) % 3 == 1 && i + 1 < n)
			buf_add_char(to, ',');
	}
}

static void
add_eta(struct meter *m, int64_t left, struct buf *to)
{
	const double seconds = m->rate > 0 ? (double)left / m->rate : 0;
	char text[DUR_TEXT_MAX];

	if (left <= 0 || m->rate <= 0 || seconds > 1e8)
		return;
	text[dur_print(text, ((int64_t)seconds + 1) * 1000)] = '\0';
	add(to, "  %s left", text);
}

static void
add_progress(struct meter *m, const struct consume *c, int64_t now_ms, bool last, struct buf *to)
{
	const struct consume_counts n = consume_counts(c);
	const size_t start = to->n;
	const int64_t behind = lag(c);
	struct consume_position p;

	m->rate += SMOOTH * (rate_since(&m->progress, n.records, now_ms) - m->rate);
	buf_add_str(to, STR("\033[K"));
	add_grouped(to, n.records);
	buf_add_str(to, STR(" records  "));
	add_grouped(to, (uint64_t)(m->rate + 0.5));
	buf_add_str(to, STR("/s"));
	if (behind >= 0) {
		buf_add_str(to, STR("  lag "));
		add_grouped(to, (uint64_t)behind);
	}
	if (consume_ends(c))
		add_eta(m, behind, to);
	for (size_t i = 0; m->conf.partitions && consume_position(c, i, &p); i++)
		if (p.ours && lag_of(&p) >= 0)
			add(to, "  %.*s[%" PRId32 "] %" PRId64, STR_ARGS(p.part->topic),
			    p.part->partition, lag_of(&p));
	/* the escape sequence takes 3 bytes and no room */
	if (m->conf.columns > 0 && to->n - start > m->conf.columns + 2)
		to->n = start + m->conf.columns + 2;
	buf_add_char(to, last ? '\n' : '\r');
}

void
meter_tick(struct meter *m, const struct consume *c, uint64_t bad, int64_t now_ms, int64_t wall_ms,
           bool last, struct buf *to)
{
	if (m->conf.stats_every > 0 && (last || now_ms - m->stats.at >= m->conf.stats_every))
		add_stats(m, c, bad, now_ms, wall_ms, to);
	if (m->conf.progress && (last || now_ms - m->progress.at >= PROGRESS_EVERY_MS))
		add_progress(m, c, now_ms, last, to);
}
