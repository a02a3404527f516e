/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-window - aggregate records over windows of event time
 *
 * Reads records, writes one line per fired window and key. Time is whatever the
 * records say it is: output depends on input alone, unless --processing-time or
 * --idle-advance ask for the clock.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/mem.h"
#include "base/opt.h"
#include "base/time.h"
#include "job/page.h"
#include "stream/pipe.h"
#include "stream/watermark.h"
#include "window/window.h"

#define TOP_MAX 10000
#define RECORDS_MAX ((int64_t)1 << 40)

enum { STYLE_RFC3339, STYLE_MS };
static const char *const style_words[] = { "rfc3339", "ms", NULL };

struct texts {                          /* an option given several times */
	const char **text;
	size_t       n, cap;
};

/* The window as it was given; read when all options are known. */
struct shape {
	enum window_kind kind;
	const char      *option;        /* "--tumbling" */
	const char      *text;
};

static struct shape shape;
static struct texts keys, aggs;
static struct window_conf conf = { .time = "timestamp", .early = -1 };
static struct bad_records bad;
static struct calendar *calendar;
static const char *zone;
static const char *time_text, *late_path, *session_expr, *top_text;
static int64_t watermark_bound, max_line = LINE_MAX_DEFAULT, state_memory;
static bool watermark_given, offset_given, verbose;
static int style;

static int
add_text(void *arg, const char *value, struct err *err)
{
	struct texts *t = arg;

	(void)err;
	t->text = mem_more(t->text, t->n, &t->cap, sizeof(*t->text));
	t->text[t->n++] = value;
	return 0;
}

static int
set_shape(enum window_kind kind, const char *option, const char *text, struct err *err)
{
	if (shape.kind != WINDOW_NONE)
		return fail_as(err, STATUS_USAGE, "there is a window already: %s", shape.option);
	shape = (struct shape){ kind, option, text };
	return 0;
}

static int
set_tumbling(void *arg, const char *value, struct err *err)
{
	(void)arg;
	return set_shape(WINDOW_TUMBLING, "--tumbling", value, err);
}

static int
set_sliding(void *arg, const char *value, struct err *err)
{
	(void)arg;
	return set_shape(WINDOW_SLIDING, "--sliding", value, err);
}

static int
set_cumulate(void *arg, const char *value, struct err *err)
{
	(void)arg;
	return set_shape(WINDOW_CUMULATE, "--cumulate", value, err);
}

static int
set_session(void *arg, const char *value, struct err *err)
{
	(void)arg;
	return set_shape(WINDOW_SESSION, "--session", value, err);
}

static int
set_session_expr(void *arg, const char *value, struct err *err)
{
	(void)arg;
	session_expr = value;
	return set_shape(WINDOW_SESSION, "--session-expr", NULL, err);
}

static int
set_count(void *arg, const char *value, struct err *err)
{
	(void)arg;
	return set_shape(WINDOW_COUNT, "--count", value, err);
}

static int
set_global(void *arg, const char *value, struct err *err)
{
	(void)arg;
	(void)value;
	return set_shape(WINDOW_GLOBAL, "--global", NULL, err);
}

static int
set_watermark(void *arg, const char *value, struct err *err)
{
	watermark_given = true;
	return watermark_option(arg, value, err);
}

static int
set_offset(void *arg, const char *value, struct err *err)
{
	offset_given = true;
	return dur_parse(arg, str_of(value), true, err);
}

static const struct opt opts[] = {
	OPT_HEADING("Windows"),
	OPT_CALL(0, "tumbling", set_tumbling, NULL, "LENGTH",
	         "windows of LENGTH, one after the other"),
	OPT_CALL(0, "sliding", set_sliding, NULL, "LENGTH,SLIDE",
	         "windows of LENGTH, one every SLIDE"),
	OPT_CALL(0, "cumulate", set_cumulate, NULL, "LENGTH,STEP",
	         "windows that grow by STEP up to LENGTH, then start anew"),
	OPT_CALL(0, "session", set_session, NULL, "GAP",
	         "windows that last until a key is silent for GAP"),
	OPT_CALL(0, "session-expr", set_session_expr, NULL, "EXPR",
	         "the same, with a gap that each record gives"),
	OPT_CALL(0, "count", set_count, NULL, "N[,SLIDE]",
	         "the last N records of a key, every SLIDE (default N) records"),
	OPT_CALL(0, "global", set_global, NULL, NULL,
	         "one window, which the end of the input fires"),
	OPT_CALL(0, "offset", set_offset, &conf.offset, "DURATION",
	         "move the windows away from 1970-01-01T00:00Z, either way"),
	OPT_STR(0, "tz", &zone, "ZONE",
	        "with --tumbling of whole days, weeks or months (1d, 1w, 1mo): those of this time "
	        "zone"),
	OPT_HEADING("Results"),
	OPT_CALL('k', "key", add_text, &keys, "EXPR [AS NAME]",
	         "group records by this value; may be given several times"),
	OPT_CALL(
		'a', "agg", add_text, &aggs, "F(...) [AS NAME]",
		"a column of the result (default 'COUNT(*) AS count'); may be given several times"),
	OPT_STR(0, "where", &conf.where, "CONDITION",
	        "count only the records for which this is true"),
	OPT_STR(0, "having", &conf.having, "CONDITION",
	        "print only the rows for which this is true"),
	OPT_STR(0, "top", &top_text, "K BY EXPR",
	        "print only the K rows of a window with the greatest EXPR, greatest first"),
	OPT_CHOICE(0, "time-style", &style, style_words, "how times are printed (default rfc3339)"),
	OPT_MS(0, "emit-every", &conf.early, "DURATION",
	       "print what open windows hold each time the watermark passes a multiple of this, "
	       "marked early"),
	OPT_INT(0, "emit-empty", &conf.empty, 1, EMPTY_MAX, "N",
	        "print a row for a key in each of the N windows after its last one, too"),
	OPT_INT(0, "emit-every-records", &conf.every, 1, RECORDS_MAX, "N",
	        "with --global: print what a key's window holds every N records, marked early"),
	OPT_HEADING("Time"),
	OPT_STR(0, "time", &time_text, "EXPR", "time of a record (default timestamp)"),
	OPT_CHOICE(0, "time-format", &conf.time_format, time_format_words,
	           "what the time is written in (default auto)"),
	OPT_CALL(0, "watermark", set_watermark, &watermark_bound, "DURATION|none",
	         "how far records may arrive out of order (default 0); none: windows fire at the "
	         "end"),
	OPT_STR(0, "watermark-by", &conf.watermark_by, "EXPR",
	        "records of each EXPR are in order apart; the slowest counts"),
	OPT_MS(0, "allowed-lateness", &conf.lateness, "DURATION",
	       "keep windows this long after they fired, to fire again for late records"),
	OPT_STR(0, "late", &late_path, "FILE", "append the records to FILE that came too late"),
	OPT_MS(0, "idle-advance", &conf.idle_advance, "DURATION",
	       "after so long without input let time go on with the clock"),
	OPT_FLAG(0, "processing-time", &conf.processing_time,
	         "the time of a record is the time of its arrival here"),
	OPT_HEADING("Trouble"),
	BAD_OPTIONS(&bad, &max_line, "line"),
	OPT_SIZE(0, "state-memory", &state_memory, 1 << 16, INT64_MAX, "SIZE",
	         "stop with status 75 rather than hold more than this"),
	OPT_FLAG('v', "verbose", &verbose, "say at the end on stderr what was counted"),
	OPT_END
};

static const struct tool tool = {
	.name = "maip-window", .operands = "[FILE]...", .opts = opts,
	.summary = "aggregate records over windows of event time",
};

/* ---- the window that was asked for */

static _Noreturn void
refuse(const char *option, const struct err *err)
{
	die(STATUS_USAGE, "%s: %s", option, err->msg);
}

/* "SIZE,SLIDE": the text before the comma, and what is behind it (p NULL: no comma). */
static struct str
split(struct str text, struct str *rest)
{
	const char *comma = memchr(text.p, ',', text.n);

	if (comma == NULL) {
		*rest = (struct str){ NULL, 0 };
		return text;
	}
	*rest = str_slice(text, (size_t)(comma - text.p) + 1, text.n);
	return str_slice(text, 0, (size_t)(comma - text.p));
}

/* A month is a size of a calendar, not a duration. */
static void
refuse_month(struct str text)
{
	const bool tumbling = shape.kind == WINDOW_TUMBLING;
	enum calendar_unit unit;
	char       quoted[QUOTE_MAX];
	int64_t    count;
	struct err err;

	if (calendar_size(text, &unit, &count, &err) < 0 || unit != CALENDAR_MONTH)
		return;
	die(STATUS_USAGE,
	    "%s: months are not all of one length, so %s needs the calendar of a time "
	    "zone (%s)",
	    shape.option, quote(quoted, text),
	    tumbling ? "add --tz UTC, or another zone"
	             : "which only --tumbling with --tz has; try 30d");
}

static int64_t
length(struct str text, const char *what)
{
	struct err err;
	int64_t    ms;

	if (dur_parse(&ms, text, false, &err) < 0) {
		refuse_month(text);
		refuse(shape.option, &err);
	}
	if (ms <= 0)
		die(STATUS_USAGE, "%s: the %s has to be longer than 0", shape.option, what);
	return ms;
}

static int64_t
records(struct str text)
{
	char       quoted[QUOTE_MAX];
	struct num n;
	int64_t    value = 0;
	bool       digits = text.n > 0 && text.n < 14;

	for (size_t i = 0; i < text.n; i++)
		digits = digits && text.p[i] >= '0' && text.p[i] <= '9';
	if (!digits || num_parse(&n, text) < 0 || num_to_i64(&n, &value) < 0 || value < 1 ||
	    value > RECORDS_MAX)
		die(STATUS_USAGE, "--count: %s is not a number of records from 1 to %" PRId64,
		    quote(quoted, text), RECORDS_MAX);
	return value;
}

/* The bytes of a zone's file in the system's database. */
static void
read_zone(struct buf *to)
{
	const char *folder = getenv("TZDIR");
	char        quoted[QUOTE_MAX];
	struct buf  path;
	FILE       *file = NULL;
	size_t      n;

	if (folder == NULL || *folder == '\0')
		folder = "/usr/share/zoneinfo";
	buf_init(&path, BUF_NO_MAX);
	buf_addf(&path, "%s/%s%c", folder, zone, '\0');
	if (strstr(zone, "..") == NULL && *zone != '/' && *zone != '\0')
		file = fopen(path.p, "rb");
	if (file == NULL)
		die(STATUS_USAGE,
		    "--tz: there is no time zone %s in %s (try Europe/Berlin; Debian's package is "
		    "tzdata)",
		    quote(quoted, str_of(zone)), folder);
	while ((n = fread(buf_room(to, 4096), 1, 4096, file)) > 0)
		to->n += n;
	fclose(file);
	buf_release(&path);
}

static void
read_calendar(void)
{
	enum calendar_unit unit;
	struct buf tzif;
	char       quoted[QUOTE_MAX];
	int64_t    count;
	struct err err;

	if (shape.kind != WINDOW_TUMBLING)
		die(STATUS_USAGE, "--tz: works with --tumbling only");
	if (offset_given)
		die(STATUS_USAGE, "--offset: has no meaning with --tz");
	if (calendar_size(str_of(shape.text), &unit, &count, &err) < 0)
		refuse("--tumbling with --tz", &err);
	buf_init(&tzif, (size_t)1 << 20);
	read_zone(&tzif);
	calendar = calendar_new(buf_str(&tzif), unit, count, &err);
	if (calendar == NULL)
		die(STATUS_CONFIG, "--tz: %s %s", quote(quoted, str_of(zone)), err.msg);
	buf_release(&tzif);
	conf.size = 1;
	conf.calendar = calendar;
	conf.zone = zone;
}

static void
read_shape(void)
{
	struct str rest, text = shape.text == NULL ? STR("") : str_of(shape.text);
	struct str first = split(text, &rest);

	conf.kind = shape.kind;
	switch (shape.kind) {
	case WINDOW_NONE:
		die(STATUS_USAGE, "no window given: name one of --tumbling, --sliding, --cumulate, "
		    "--session, --count and --global");
	case WINDOW_SLIDING:
	case WINDOW_CUMULATE:
		if (rest.p == NULL)
			die(STATUS_USAGE, "%s: wants two durations, as in 10m,1m", shape.option);
		conf.size = length(first, "size");
		conf.slide = length(rest, shape.kind == WINDOW_SLIDING ? "slide" : "step");
		break;
	case WINDOW_COUNT:
		conf.size = records(first);
		conf.slide = rest.p == NULL ? conf.size : records(rest);
		break;
	case WINDOW_TUMBLING:
	case WINDOW_SESSION:
		if (zone == NULL && session_expr == NULL)
			conf.size = length(text, shape.kind == WINDOW_SESSION ? "gap" : "size");
		conf.gap_expr = session_expr;
		break;
	case WINDOW_GLOBAL:
		break;
	}
	if (zone != NULL)
		read_calendar();
	if (shape.kind == WINDOW_CUMULATE && conf.size % conf.slide != 0)
		die(STATUS_USAGE, "--cumulate: the size has to be a multiple of the step");
}

static bool
is_grid(void)
{
	return conf.kind == WINDOW_TUMBLING || conf.kind == WINDOW_SLIDING ||
	       conf.kind == WINDOW_CUMULATE;
}

static void
check_offset(void)
{
	const bool sliding = conf.kind == WINDOW_SLIDING;
	int64_t    period = sliding ? conf.slide : conf.size;

	if (offset_given && !is_grid())
		die(STATUS_USAGE, "--offset: has no meaning with %s", shape.option);
	if (conf.calendar != NULL)
		return;
	if (conf.offset >= period || conf.offset <= -period)
		if (is_grid())
			die(STATUS_USAGE, "--offset: has to be shorter than the %s of %s",
			    sliding ? "slide" : "size", shape.option);
}

static void
check_combinations(void)
{
	const bool timed = conf.kind != WINDOW_COUNT && conf.kind != WINDOW_GLOBAL;

	check_offset();
	if (conf.early == 0)
		die(STATUS_USAGE, "--emit-every: has to be longer than 0");
	if (conf.early < 0)
		conf.early = 0;
	if (conf.lateness > 0 && (!timed || conf.processing_time))
		die(STATUS_USAGE, "--allowed-lateness: nothing is late with %s",
		    timed ? "--processing-time" : shape.option);
	if (conf.early > 0 && !timed)
		die(STATUS_USAGE, "--emit-every: has no meaning with %s (see --emit-every-records)",
		    shape.option);
	if (conf.empty > 0 && ((conf.kind != WINDOW_TUMBLING && conf.kind != WINDOW_SLIDING) ||
	                       conf.lateness > 0))
		die(STATUS_USAGE, "--emit-empty: %s", conf.lateness > 0 ?
		    "does not work with --allowed-lateness" :
		    "works with --tumbling and --sliding only");
	if (conf.every > 0 && conf.kind != WINDOW_GLOBAL)
		die(STATUS_USAGE, "--emit-every-records: works with --global only");
	if (conf.processing_time && (watermark_given || time_text != NULL || conf.time_format != 0))
		die(STATUS_USAGE, "%s: has no meaning with --processing-time",
		    watermark_given     ? "--watermark"
		    : time_text != NULL ? "--time"
		                        : "--time-format");
	if (conf.processing_time && late_path != NULL)
		warn("--late: has no effect with --processing-time: no record comes too late");
	if (conf.watermark_by != NULL && (conf.processing_time || conf.bound == WATERMARK_NONE))
		die(STATUS_USAGE, "--watermark-by: has no meaning with %s",
		    conf.processing_time ? "--processing-time" : "--watermark none");
	if (conf.idle_advance > 0 && (conf.processing_time || !timed ||
	                              conf.bound == WATERMARK_NONE))
		die(STATUS_USAGE, "--idle-advance: has no meaning with %s", !timed ? shape.option :
		    conf.processing_time ? "--processing-time" : "--watermark none");
	if (conf.top_by != NULL && (!is_grid() || conf.lateness > 0))
		die(STATUS_USAGE, "--top: does not work with %s",
		    is_grid() ? "--allowed-lateness" : shape.option);
}

/* "3 BY total": BY in any case. */
static void
read_top(void)
{
	char      *end;
	long long  k;

	if (top_text == NULL)
		return;
	errno = 0;
	k = strtoll(top_text, &end, 10);
	while (*end == ' ')
		end++;
	if (errno != 0 || k < 1 || k > TOP_MAX || (end[0] != 'B' && end[0] != 'b') ||
	    (end[1] != 'Y' && end[1] != 'y') || end[2] != ' ')
		die(STATUS_USAGE,
		    "--top: wants a number from 1 to %d, BY and a value, as in '3 BY total'",
		    TOP_MAX);
	conf.top = k;
	conf.top_by = end + 3;
}

static void
read_conf(void)
{
	conf.keys = keys.text;
	conf.n_keys = keys.n;
	conf.aggs = aggs.text;
	conf.n_aggs = aggs.n;
	conf.bound = watermark_bound;
	conf.max_bytes = (size_t)state_memory;
	conf.ms = style == STYLE_MS;
	conf.time_given = time_text != NULL;
	if (time_text != NULL)
		conf.time = time_text;
	read_top();
	read_shape();
	check_combinations();
	if (getrandom(&conf.seed, sizeof(conf.seed), 0) != (ssize_t)sizeof(conf.seed))
		conf.seed = 1;                  /* only a defence against chosen keys is lost */
}

/* ---- running */

static struct stage inner;
static struct page *job_page;

/* A stream that brings its own watermarks knows more than --watermark does. */
static int
begin(void *self, const struct control *hello, struct out *out, struct err *err)
{
	if (hello != NULL && hello->watermarks && watermark_given)
		warn("--watermark is not used: the stream brings its own watermarks (leave it out "
		     "here)");
	if (hello != NULL)
		page_job(job_page, hello->job);
	return inner.ops->begin(self, hello, out, err);
}

static void
report(const struct window *w)
{
	struct window_counts c;

	window_counts(w, &c);
	if (c.late > 0 && late_path == NULL && !verbose)
		warn("%" PRIu64 " late record%s dropped "
		     "(--late FILE keeps them, --watermark or --allowed-lateness waits for them)",
		     c.late, c.late == 1 ? " was" : "s were");
	if (verbose)
		warn("records=%" PRIu64 " bad=%" PRIu64 " filtered=%" PRIu64 " late=%" PRIu64
		     " between-windows=%" PRIu64 " rows=%" PRIu64 " open=%" PRIu64 " keys=%" PRIu64
		     " state-bytes=%" PRIu64 " key-bytes=%" PRIu64,
		     c.records, bad.count, c.filtered, c.late, c.nowhere, c.fired, c.open, c.keys,
		     c.bytes, c.key_bytes);
	if (c.gave_up > 0)
		warn("REGEXP or LIKE gave up %" PRIu64
		     " time%s on text that takes too long to match; "
		     "the result was NULL there",
		     c.gave_up, c.gave_up == 1 ? "" : "s");
}

static enum status
run(struct window *w, int n_files, char **files, struct page *page)
{
	struct pipe_env  env;
	struct stage_ops ops;
	struct stage     outer;

	job_page = page;
	window_stats(w, page_stats(page));
	inner = window_stage(w);
	ops = *inner.ops;
	ops.begin = begin;
	pipe_env_real(&env);
	page_lend(page, &env);
	env.max_line = (size_t)max_line;
	env.side_outputs[0] = conf.late;
	outer = (struct stage){ &ops, inner.self };
	return (enum status)pipe_main(&outer, n_files, files, &bad, &env);
}

int
main(int argc, char **argv)
{
	struct page   *page;
	struct window *w;
	struct out     late;
	struct err     err;
	enum status    status;
	int            first = opt_parse(&tool, argc, argv);

	read_conf();
	conf.late = late_path == NULL ? NULL : &late;
	w = window_new(&conf, &err);
	if (w == NULL)
		die(STATUS_USAGE, "%s", err.msg);
	if (bad_open(&bad, &err) < 0)
		die(err.status, "%s", err.msg);
	if (late_path != NULL && out_open_file(&late, late_path, &err) < 0)
		die(err.status, "--late: %s", err.msg);
	page = page_register(tool.name, argc, argv, &err);

	status = run(w, argc - first, argv + first, page);
	report(w);
	if (late_path != NULL) {
		status = out_finish(&late, status);
		out_release(&late);
	}
	page_finish(page, status);
	window_free(w);
	calendar_free(calendar);
	free(keys.text);
	free(aggs.text);
	return (int)status;
}
