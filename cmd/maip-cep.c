/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-cep - find patterns of events
 *
 * Reads records, keeps those that may belong to a match, writes one line a match.
 * The pattern is written as options, one for each method of Flink's Pattern API, in the same order.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/mem.h"
#include "base/opt.h"
#include "base/time.h"
#include "cep/recognize.h"
#include "cep/stage.h"
#include "job/page.h"
#include "stream/pipe.h"

#define KEYS_MAX   RECOGNIZE_MAX
#define CLAUSE_MAX 65536                /* bytes of the file of --match-recognize */

static struct pattern pattern;
static const char *keys[KEYS_MAX];
static char **files;
static size_t n_files, cap_files;
static struct bad_records bad;
static const char *late_path, *timeouts_path, *clause_path, *select_text;
static struct recognize clause;
static int64_t max_line = (int64_t)LINE_MAX_DEFAULT, max_partial = 10000000, max_matches;
static int emit, on_limit, time_style;
static bool watermark_given, after_match_given, explains, explains_as_dot;
static struct cep_conf conf = { .pattern = &pattern, .keys = keys };

static const char *const on_limit_words[] = { "stop", "oldest", NULL };
static const char *const time_style_words[] = { "rfc3339", "ms", NULL };

/* ---- the pattern: each option calls one function */

static int
begin(void *p, const char *name, struct err *err)
{
	return pattern_begin(p, name, err);
}

static int
next(void *p, const char *name, struct err *err)
{
	return pattern_follow(p, STRICT, "--next", name, err);
}

static int
followed_by(void *p, const char *name, struct err *err)
{
	return pattern_follow(p, RELAXED, "--followed-by", name, err);
}

static int
followed_by_any(void *p, const char *name, struct err *err)
{
	return pattern_follow(p, ANY, "--followed-by-any", name, err);
}

static int
not_next(void *p, const char *name, struct err *err)
{
	return pattern_follow(p, NOT_NEXT, "--not-next", name, err);
}

static int
not_followed_by(void *p, const char *name, struct err *err)
{
	return pattern_follow(p, NOT_FOLLOWED, "--not-followed-by", name, err);
}

static int
where(void *p, const char *text, struct err *err)
{
	return pattern_where(p, text, err);
}

static int
or(void *p, const char *text, struct err *err)
{
	return pattern_or(p, text, err);
}

static int
until(void *p, const char *text, struct err *err)
{
	return pattern_until(p, text, err);
}

static int
times(void *p, const char *value, struct err *err)
{
	return pattern_times(p, value, err);
}

static int
times_or_more(void *p, const char *value, struct err *err)
{
	return pattern_times_or_more(p, value, err);
}

static int
one_or_more(void *p, const char *gap, struct err *err)
{
	return pattern_one_or_more(p, gap, err);
}

static int
optional(void *p, const char *value, struct err *err)
{
	(void)value;
	return pattern_optional(p, err);
}

static int
greedy(void *p, const char *value, struct err *err)
{
	(void)value;
	return pattern_greedy(p, err);
}

static int
consecutive(void *p, const char *value, struct err *err)
{
	(void)value;
	return pattern_consecutive(p, err);
}

static int
allow_combinations(void *p, const char *value, struct err *err)
{
	(void)value;
	return pattern_allow_combinations(p, err);
}

static int
within(void *p, const char *duration, struct err *err)
{
	return pattern_within(p, duration, err);
}

static int
within_each(void *p, const char *duration, struct err *err)
{
	return pattern_within_each(p, duration, err);
}

static int
after_match(void *p, const char *value, struct err *err)
{
	after_match_given = true;
	return pattern_after_match(p, value, err);
}

static int
watermark(void *arg, const char *value, struct err *err)
{
	watermark_given = true;
	return watermark_option(arg, value, err);
}

static int
key(void *arg, const char *text, struct err *err)
{
	(void)arg;
	if (conf.n_keys == KEYS_MAX)
		return fail(err, "more than %d keys", KEYS_MAX);
	keys[conf.n_keys++] = text;
	return 0;
}

static int
explain(void *arg, const char *form, struct err *err)
{
	char q[QUOTE_MAX];

	(void)arg;
	if (form != NULL && strcmp(form, "dot") != 0)
		return fail(err, "%s is not a form (say dot, or nothing)", quote(q, str_of(form)));
	explains = true;
	explains_as_dot = form != NULL;
	return 0;
}

/* ")" belongs to the pattern, and so would "("; anything else is a file. */
static int
operand(void *p, const char *value, struct err *err)
{
	if (strcmp(value, ")") == 0)
		return pattern_close(p, err);
	if (strcmp(value, "(") == 0)
		return fail_as(err, STATUS_USAGE,
		               "'(' stands alone (a group has no name: write --begin '(' or "
		               "--next '('; a file of that name is ./'(')");
	files = mem_more(files, n_files, &cap_files, sizeof(*files));
	files[n_files++] = (char *)(uintptr_t)value;
	return 0;
}

static const struct opt opts[] = {
	OPT_HEADING("Pattern, in its order"),
	OPT_CALL(0, "begin", begin, &pattern, "NAME",
	         "the first element; '(' in place of a NAME opens a group, ')' closes it"),
	OPT_CALL(0, "next", next, &pattern, "NAME", "the very next event of the key"),
	OPT_CALL(0, "followed-by", followed_by, &pattern, "NAME",
	         "the next event that fits; others in between are passed over"),
	OPT_CALL(0, "followed-by-any", followed_by_any, &pattern, "NAME",
	         "any later event that fits: one match for each"),
	OPT_CALL(0, "not-next", not_next, &pattern, "NAME", "the very next event is not this"),
	OPT_CALL(0, "not-followed-by", not_followed_by, &pattern, "NAME",
	         "this does not come before the next element, or before the window ends"),
	OPT_CALL(0, "where", where, &pattern, "EXPR",
	         "condition on the element; several must all hold"),
	OPT_CALL(0, "or", or, &pattern, "EXPR",
	         "another condition that is enough, in place of all before it"),
	OPT_CALL(0, "times", times, &pattern, "N[,M][:GAP]",
	         "the element comes N times, or N to M times, each but the last sooner than GAP "
	         "after the event before it"),
	OPT_CALL(0, "times-or-more", times_or_more, &pattern, "N[:GAP]",
	         "the element comes at least N times, the first N sooner than GAP after the event "
	         "before them"),
	OPT_CALL(0, "one-or-more", one_or_more, &pattern, "[=GAP]",
	         "the element comes at least once, the first time sooner than GAP after the event "
	         "before it"),
	OPT_CALL(0, "until", until, &pattern, "EXPR",
	         "an event for which this holds ends the loop, and is not part of it"),
	OPT_CALL(0, "optional", optional, &pattern, NULL, "the element may be missing"),
	OPT_CALL(0, "greedy", greedy, &pattern, NULL,
	         "the loop takes what it can before the next element gets any"),
	OPT_CALL(0, "consecutive", consecutive, &pattern, NULL,
	         "repeats follow each other directly"),
	OPT_CALL(0, "allow-combinations", allow_combinations, &pattern, NULL,
	         "repeats may leave out events that fit: one match for each choice"),
	OPT_CALL(0, "within", within, &pattern, "DURATION",
	         "the match, from first to last event, is shorter than this"),
	OPT_CALL(0, "within-each", within_each, &pattern, "DURATION",
	         "the element comes sooner than this after the one before it"),
	OPT_CALL(0, "after-match", after_match, &pattern,
	         "no-skip|skip-to-next|skip-past-last-event|skip-to-first=NAME[,error]|"
	         "skip-to-last=NAME[,error]",
	         "where the search goes on after a match (default no-skip)"),
	OPT_STR(0, "match-recognize", &clause_path, "FILE",
	        "the pattern as the MATCH_RECOGNIZE (...) of Flink SQL in a file, in place of "
	        "the options above"),

	OPT_HEADING("Records"),
	OPT_CALL('k', "key", key, NULL, "EXPR [AS NAME]",
	         "matches are looked for among the events of one key; repeatable"),
	OPT_STR(0, "time", &conf.time, "EXPR", "event time (default timestamp)"),
	OPT_CHOICE(0, "time-format", &conf.time_format, time_format_words,
	           "how times are written (default auto)"),
	OPT_CALL(0, "watermark", watermark, &conf.bound, "DURATION|none",
	         "how far out of order records may come (default 0s); a stream with "
	         "watermarks of its own goes by those"),
	OPT_FLAG(0, "processing-time", &conf.processing_time,
	         "records have the time at which they are read, in place of --time and "
	         "--watermark"),
	OPT_STR(0, "order-by", &conf.order_by, "EXPR",
	        "the order of events with equal time (default: of arrival)"),

	OPT_HEADING("Output"),
	OPT_STR(0, "name", &conf.name, "TYPE",
	        "what a match is called: the first member, anomalyType, of each"),
	OPT_CHOICE(0, "emit", &emit, emit_words,
	           "matches with their lines, with the number of lines, or only how many there "
	           "are (default match)"),
	OPT_STR(0, "select", &select_text, "EXPR [AS NAME], ...",
	        "values of a match in place of its lines, such as COUNT(p) or LAST(p.x)"),
	OPT_CHOICE(0, "time-style", &time_style, time_style_words,
	           "how times are printed (default rfc3339)"),
	OPT_STR(0, "timeouts", &timeouts_path, "FILE",
	        "append partial matches that ran out of time"),
	OPT_STR(0, "late", &late_path, "FILE", "append records that came too late"),
	OPT_CALL(0, "explain", explain, NULL, "[=dot]",
	         "print the compiled pattern, as a table or as a graph for dot(1), and read "
	         "nothing"),

	OPT_STR(0, "trace", &conf.trace, "KEY",
	        "tell on stderr why each match of this key begins, goes on, dies; a key of "
	        "several --key, or of none, is a JSON array"),

	OPT_HEADING("Limits and bad records"),
	OPT_INT(0, "max-partial", &max_partial, 1, INT64_MAX, "N",
	        "how many partial matches there may be at a time (default 10000000)"),
	OPT_INT(0, "max-matches", &max_matches, 1, INT64_MAX, "N",
	        "stop with an error before more than N matches are printed (default: no limit)"),
	OPT_CHOICE(0, "on-limit", &on_limit, on_limit_words,
	           "at --max-partial, stop or drop the key's oldest partial matches (default "
	           "stop)"),
	BAD_OPTIONS(&bad, &max_line, "line"),
	OPT_END
};

static const struct tool tool = {
	.name = "maip-cep", .operands = "[FILE]...", .opts = opts,
	.summary = "find patterns of events",
	.operand = operand, .operand_arg = &pattern,
};

/* ---- */

static struct out *
side_output(struct out *o, const char *option, const char *path)
{
	struct err err;

	if (path == NULL)
		return NULL;
	if (out_open_file(o, path, &err) < 0)
		die(err.status, "%s: %s", option, err.msg);
	return o;
}

static enum status
close_side_output(struct out *o, enum status so_far)
{
	if (o == NULL)
		return so_far;
	so_far = out_finish(o, so_far);
	out_release(o);
	return so_far;
}

static uint64_t
seed(void)
{
	uint64_t s = 0;

	return getrandom(&s, sizeof(s), GRND_NONBLOCK) == (ssize_t)sizeof(s)
	               ? s
	               : (uint64_t)(uintptr_t)&tool;
}

/* Options that have no effect, and the like: said once, and the work goes on. */
static void
remark(const struct cep *cep)
{
	char *remarks[6 * PATTERN_ELEMENTS];
	const size_t n = cep_remarks(cep, remarks, sizeof(remarks) / sizeof(remarks[0]));

	for (size_t i = 0; i < n; i++) {
		warn("%s", remarks[i]);
		free(remarks[i]);
	}
	if (clause.remark != NULL)
		warn("%s", clause.remark);
}

static struct page *page;

/* The stream may bring its own watermarks, and says which job it belongs to. */
static int
begin_stream(void *self, const struct control *hello, struct out *out, struct err *err)
{
	if (hello != NULL && hello->watermarks && watermark_given)
		warn("--watermark is not used: the stream brings its own watermarks (leave it out "
		     "here)");
	if (hello != NULL)
		page_job(page, hello->job);
	return cep_ops.begin(self, hello, out, err);
}

static void
tell(const struct cep *cep)
{
	const char *const absent = cep_absent_key(cep);
	char q[QUOTE_MAX];

	if (absent != NULL)
		warn("PARTITION BY: no record has %s, so that all of them are one partition (is "
		     "that the name?)",
		     quote(q, str_of(absent)));
	if (late_path == NULL && cep_late(cep) > 0)
		warn("%" PRIu64 " record%s came too late and %s dropped (raise --watermark, or "
		                "keep %s with --late FILE)",
		     cep_late(cep), cep_late(cep) == 1 ? "" : "s",
		     cep_late(cep) == 1 ? "was" : "were", cep_late(cep) == 1 ? "it" : "them");
	if (cep_gave_up(cep) > 0)
		warn("REGEXP or LIKE gave up %" PRIu64
		     " time%s on text that takes too long to match; the result was NULL there",
		     cep_gave_up(cep), cep_gave_up(cep) == 1 ? "" : "s");
	if (cep_shed(cep) > 0)
		warn("dropped %" PRIu64 " partial match%s at --max-partial %" PRId64
		     ": matches may be missing",
		     cep_shed(cep), cep_shed(cep) == 1 ? "" : "es", max_partial);
}

static enum status
run(struct cep *cep, struct out *late, struct out *timeouts)
{
	struct pipe_env  env;
	struct stage_ops ops = cep_ops;

	ops.begin = begin_stream;
	pipe_env_real(&env);
	page_lend(page, &env);
	env.max_line = (size_t)max_line;
	env.side_outputs[0] = late;
	env.side_outputs[1] = timeouts;
	return (enum status)pipe_main(&(struct stage){ &ops, cep }, (int)n_files, files, &bad,
	                              &env);
}

/* Of standard input, "-", it leaves no records there. */
static FILE *
open_clause(void)
{
	char q[QUOTE_MAX];

	if (strcmp(clause_path, "-") == 0) {
		bool from_stdin = n_files == 0;
		for (size_t i = 0; i < n_files; i++)
			from_stdin |= strcmp(files[i], "-") == 0;
		if (from_stdin)
			die(STATUS_USAGE, "--match-recognize: - takes the clause from standard "
			                  "input, so that the records must stand in a FILE");
		return stdin;
	}
	FILE *f = fopen(clause_path, "r");
	if (f == NULL && strchr(clause_path, '(') != NULL)
		die(STATUS_USAGE, "--match-recognize: wants a file with the clause, not the clause "
		                  "(- is standard input: --match-recognize - FILE <<'END')");
	if (f == NULL)
		die(STATUS_NOINPUT, "--match-recognize: cannot open %s: %s",
		    quote(q, str_of(clause_path)), strerror(errno));
	return f;
}

/* The whole file, without a byte order mark; a clause is short. */
static struct str
read_clause(void)
{
	static char text[CLAUSE_MAX + 1];
	const struct str mark = STR("\xef\xbb\xbf");
	FILE *f = open_clause();
	char  q[QUOTE_MAX];

	const size_t n = fread(text, 1, sizeof(text), f);
	if (ferror(f))
		die(STATUS_NOINPUT, "--match-recognize: cannot read %s: %s",
		    quote(q, str_of(clause_path)), strerror(errno));
	if (f != stdin)
		fclose(f);
	if (n > CLAUSE_MAX)
		die(STATUS_USAGE, "--match-recognize: %s is longer than %d KiB",
		    quote(q, str_of(clause_path)), CLAUSE_MAX / 1024);
	const struct str clause_text = { text, n };
	return str_starts(clause_text, mark) ? str_slice(clause_text, mark.n, n) : clause_text;
}

static void
use_clause(void)
{
	struct err err;

	if (pattern.n > 0 || after_match_given || conf.n_keys > 0 || conf.order_by != NULL ||
	    select_text != NULL || conf.name != NULL)
		die(STATUS_USAGE, "--match-recognize: says all about the pattern, its keys, order "
		                  "and columns (leave --begin and its like, --key, "
		                  "--order-by, --select and --name out)");
	if (recognize_parse(&clause, read_clause(), conf.time, &pattern, &err) < 0)
		die(STATUS_USAGE, "--match-recognize: %s", err.msg);
	conf.time = clause.time;
	conf.order_by = clause.order_by[0];
	conf.then_by = clause.order_by + 1;
	conf.n_then_by = clause.n_order_by > 0 ? clause.n_order_by - 1 : 0;
	conf.order_down = clause.down;
	memcpy(keys, clause.keys, clause.n_keys * sizeof(keys[0]));
	conf.n_keys = clause.n_keys;
	conf.columns = clause.measures;
	conf.column_names = clause.names;
	conf.n_columns = clause.n_measures;
	conf.columns_option = "MEASURES";
	conf.rows = true;
}

static enum status
print_explanation(struct cep *cep)
{
	int descriptor = 1;
	const struct sink sink = sink_fd(&descriptor);
	struct buf text;
	struct out out;

	buf_init(&text, BUF_NO_MAX);
	out_init(&out, &sink);
	cep_explain(cep, explains_as_dot, &text);
	out_str(&out, buf_str(&text));
	const enum status status = out_finish(&out, STATUS_OK);
	out_release(&out);
	buf_release(&text);
	return status;
}

static const char *
columns_option(void)
{
	return select_text != NULL ? "--select" : clause_path != NULL ? "--match-recognize" : NULL;
}

/* What contradicts something else that was said is refused; what merely has nothing to do is
 * remarked on, see below. */
static void
check_options(void)
{
	const struct { const char *name; bool given; } of_time[] = {
		{ "--time", conf.time != NULL },
		{ "--time-format", conf.time_format != 0 },
		{ "--watermark", watermark_given },
	};
	char q[QUOTE_MAX];

	if (conf.name != NULL && !pattern_is_name(str_of(conf.name)))
		die(STATUS_USAGE, "--name: %s is not a name (any text without control characters)",
		    quote(q, str_of(conf.name)));
	for (size_t i = 0; conf.processing_time && i < sizeof(of_time) / sizeof(of_time[0]); i++)
		if (of_time[i].given)
			die(STATUS_USAGE, "%s: has no meaning with --processing-time",
			    of_time[i].name);
	if (emit == EMIT_COUNT && columns_option() != NULL)
		die(STATUS_USAGE, "--emit count: has no meaning with %s, which asks for values",
		    columns_option());
}

static void
remark_on_options(const struct cep *cep)
{
	if (conf.processing_time && late_path != NULL)
		warn("--late: has no effect with --processing-time: no record comes too late");
	if (timeouts_path != NULL && !cep_runs_out(cep))
		warn("--timeouts: has no effect, since nothing runs out of time (add --within)");
	if (emit == EMIT_SUMMARY && columns_option() != NULL && timeouts_path == NULL)
		warn("--emit summary: has no effect with %s, which says what is printed of a match",
		     columns_option());
}

static struct cep *
make_stage(void)
{
	struct cep *cep;
	struct err err;

	check_options();
	if (clause_path != NULL)
		use_clause();
	if (pattern_finish(&pattern, &err) < 0)
		die(STATUS_USAGE, "%s", err.msg);
	if (select_text != NULL) {
		conf.columns = &select_text;
		conf.n_columns = 1;
		conf.columns_option = "--select";
	}
	if (conf.time == NULL)
		conf.time = "timestamp";
	conf.emit = (enum emit)emit;
	conf.times_as_ms = time_style == 1;
	conf.max_partial = (size_t)max_partial;
	conf.max_matches = (uint64_t)max_matches;
	conf.shed = on_limit == 1;
	conf.seed = seed();
	cep = cep_new(&conf, &err);
	if (cep == NULL && clause_path != NULL && recognize_locate(&clause, &err))
		die(STATUS_USAGE, "--match-recognize: %s", err.msg);
	if (cep == NULL)
		die(STATUS_USAGE, "%s", err.msg);
	return cep;
}

static enum status
filter(struct cep *cep, int argc, char **argv)
{
	const struct sink stderr_sink = sink_fd(&(int){ 2 });
	struct out late_file, timeouts_file, trace, *late, *timeouts;
	struct err err;

	if (bad_open(&bad, &err) < 0)
		die(err.status, "%s", err.msg);
	late = side_output(&late_file, "--late", late_path);
	timeouts = side_output(&timeouts_file, "--timeouts", timeouts_path);
	if (conf.trace != NULL) {
		out_init(&trace, &stderr_sink);
		cep_trace_to(cep, &trace, n_files > 1);
	}
	page = page_register(tool.name, argc, argv, &err);
	cep_outputs(cep, late, timeouts, page_stats(page));

	enum status status = run(cep, late, timeouts);

	if (conf.trace != NULL) {
		cep_trace_end(cep);
		out_flush(&trace);
	}
	tell(cep);
	status = close_side_output(late, status);
	status = close_side_output(timeouts, status);
	page_finish(page, status);
	if (conf.trace != NULL)         /* closes stderr, too */
		out_release(&trace);
	return status;
}

int
main(int argc, char **argv)
{
	opt_parse(&tool, argc, argv);
	struct cep *cep = make_stage();
	remark(cep);
	remark_on_options(cep);
	const enum status status = explains ? print_explanation(cep) : filter(cep, argc, argv);

	cep_free(cep);
	pattern_release(&pattern);
	recognize_release(&clause);
	free(files);
	return (int)status;
}
