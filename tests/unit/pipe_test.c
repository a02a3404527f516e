/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe_test.c - how the loop reads, obeys, fires and ends
 *
 * The stage under it writes down what it is told: [begin], each batch as its
 * lines between bars, [wm N], [tick N], [finish N]. Every expectation is the text of such a run.
 */
#include "unit.h"

#include "base/time.h"
#include "sched.h"
#include "stream/pipe.h"

#define IDS "\"job\":\"0123456789abcdef0123456789abcdef\",\"run\":\"ffffffffffffffffffffffffffffffff\""
#define HELLO "{\"_maip\":\"hello\",\"version\":1," IDS ",\"watermarks\":true,\"checkpoints\":false}\n"
#define HELLO_NO_WM "{\"_maip\":\"hello\",\"version\":1," IDS ",\"watermarks\":false,\"checkpoints\":false}\n"
#define WM(t) "{\"_maip\":\"watermark\",\"ts\":" t "}\n"
#define END "{\"_maip\":\"end\",\"drain\":true}\n"
#define STOPPED "{\"_maip\":\"end\",\"drain\":false}\n"

/* ---- a stage that writes down what it is told */

struct recorder {
	int64_t next_tick;
	bool    say_finish;             /* a line at the end, as a window that fires */
};

static int
rec_begin(void *self, const struct control *hello, struct out *out, struct err *err)
{
	(void)self, (void)err;
	return out_line(out, hello != NULL ? STR("[hello]") : STR("[begin]"));
}

static int
rec_batch(void *self, const struct batch *batch, struct bad_records *bad, struct out *out,
          struct err *err)
{
	static const struct err reason = { .status = STATUS_DATA, .msg = "no good" };

	(void)self;
	assert_true(batch->n >= 1 && batch->n <= BATCH_MAX);
	for (size_t i = 0; i < batch->n; i++) {
		if (str_starts(batch->line[i], STR("bad"))) {
			if (bad_record(bad, batch->number[i], batch->line[i], &reason, err) < 0)
				return -1;
			continue;
		}
		out_char(out, i == 0 ? '|' : ',');
		out_i64(out, (int64_t)batch->number[i]);
		out_char(out, ':');
		out_str(out, batch->line[i]);
	}
	return out_end_line(out);
}

static int
tell(struct out *out, const char *what, int64_t n)
{
	out_str(out, str_of(what));
	out_i64(out, n);
	return out_line(out, STR("]"));
}

static int
rec_watermark(void *self, int64_t ts, struct out *out, struct err *err)
{
	(void)self, (void)err;
	return tell(out, "[wm ", ts);
}

static int
rec_tick(void *self, int64_t now, struct out *out, struct err *err)
{
	struct recorder *r = self;

	(void)err;
	if (now < r->next_tick)
		return 0;
	r->next_tick = TIME_MAX;
	return tell(out, "[tick ", now);
}

static int64_t
rec_next_tick(void *self)
{
	return ((struct recorder *)self)->next_tick;
}

static int
rec_finish(void *self, bool drain, struct out *out, struct err *err)
{
	(void)self, (void)err;
	return tell(out, "[finish ", drain);
}

static const struct stage_ops recorder_ops = {
	.begin = rec_begin,
	.batch = rec_batch,
	.watermark = rec_watermark,
	.tick = rec_tick,
	.next_tick = rec_next_tick,
	.finish = rec_finish,
};

/* ---- a world of memory */

struct world {
	struct recorder recorder;
	struct pipe_stats stats;
	struct bad_records bad;
	struct pipe_env env;
	struct err err;
	struct buf got;
	struct out out;
	/* what read hands out next, up to a line "---" each time; "" is the end */
	const char *text;
	int64_t now_ms, arrives_ms;     /* input is not ready before */
	volatile int stop;
	int stop_at_read;               /* raise stop at this read; 0: never */
	int reads;
	int64_t room;                   /* the sink breaks after so many bytes */
	int64_t breaks_with;
	int interrupted;                /* see stuck_write */
};

static int64_t
world_read(void *self, char *p, size_t n, struct err *err)
{
	struct world *w = self;
	const char *end = strstr(w->text, "---\n");
	size_t len = end != NULL ? (size_t)(end - w->text) : strlen(w->text);

	(void)err;
	if (++w->reads == w->stop_at_read) {
		w->stop = 1;
		return SOURCE_INTERRUPTED;
	}
	assert_true(len <= n);
	memcpy(p, w->text, len);
	w->text += len + (end != NULL ? 4 : 0);
	return (int64_t)len;
}

static bool
world_ready(void *self, int64_t wait_ms)
{
	struct world *w = self;

	if (w->now_ms >= w->arrives_ms)
		return true;
	if (wait_ms < 0 || w->now_ms + wait_ms >= w->arrives_ms)
		w->now_ms = w->arrives_ms;
	else
		w->now_ms += wait_ms;
	return w->now_ms >= w->arrives_ms;
}

static int64_t
world_write(void *self, const char *p, size_t n, struct err *err)
{
	struct world *w = self;

	if ((int64_t)w->got.n + (int64_t)n > w->room)
		return w->breaks_with == -1 ? fail_as(err, STATUS_IO, "cannot write: no space") : w->breaks_with;
	w->now_ms += 7;                 /* writing takes its time */
	buf_add(&w->got, p, n);
	return (int64_t)n;
}

static int64_t
world_ms(void *self)
{
	return ((struct world *)self)->now_ms;
}

static int64_t
world_ns(void *self)
{
	return world_ms(self) * 1000000;
}

static void
open_world(struct world *w)
{
	*w = (struct world){ .recorder.next_tick = TIME_MAX, .now_ms = 1000, .room = INT64_MAX };
	w->env = (struct pipe_env){
		.clock_ms = world_ms,
		.clock_ns = world_ns,
		.clock_self = w,
		.stats = &w->stats,
		.forward_control = true,
	};
	buf_init(&w->got, BUF_NO_MAX);
	out_init(&w->out, &(struct sink){ .self = w, .write = world_write });
}

static void
close_world(struct world *w)
{
	out_release(&w->out);
	buf_release(&w->got);
}

static enum status
run_files(struct world *w, const char *const *texts, const char *const *names, size_t n)
{
	const struct stage stage = { &recorder_ops, &w->recorder };
	struct world others[3] = { { .text = NULL } };
	struct pipe_input inputs[4] = { { { w, world_read, world_ready }, names[0] } };

	w->text = texts[0];
	for (size_t i = 1; i < n; i++) {
		others[i - 1].text = texts[i];
		inputs[i] = (struct pipe_input){ { &others[i - 1], world_read, NULL }, names[i] };
	}
	return pipe_run(&stage, inputs, n, &w->bad, &w->out, &w->env, &w->err);
}

static enum status
run(struct world *w, const char *text)
{
	const char *const none = NULL;

	return run_files(w, &text, &none, 1);
}

static void
assert_got(struct world *w, const char *expected)
{
	buf_add_char(&w->got, '\0');
	assert_string_equal(w->got.p, expected);
	w->got.n--;
}

/* Run text in a fresh world; status, message and output must be these. */
static void
check(const char *text, enum status status, const char *message, const char *output)
{
	struct world w;

	open_world(&w);
	assert_int_equal(run(&w, text), status);
	assert_string_equal(w.err.msg, message);
	assert_got(&w, output);
	close_world(&w);
}

/* ---- ends */

static void
without_hello_the_end_of_file_is_the_end(void **state)
{
	(void)state;
	check("a\nb\n", STATUS_OK, "", "[begin]\n|1:a,2:b\n[finish 1]\n");
	check("a\r\n\nb", STATUS_OK, "", "[begin]\n|1:a\n|3:b\n[finish 1]\n");
	check("", STATUS_OK, "", "[begin]\n[finish 1]\n");
	check("\n\n", STATUS_OK, "", "[begin]\n[finish 1]\n");
}

static void
after_hello_only_the_end_line_is_the_end(void **state)
{
	(void)state;
	check(HELLO "a\n" WM("5") "b\n" END, STATUS_OK, "",
	      HELLO "[hello]\n|2:a\n[wm 5]\n" WM("5") "|4:b\n[finish 1]\n" END);
	check(HELLO "a\n" STOPPED, STATUS_OK, "", HELLO "[hello]\n|2:a\n[finish 0]\n" STOPPED);
	check(HELLO "a\n", STATUS_RETRY, "the input ended without an end line: an upstream stage died", HELLO "[hello]\n|2:a\n");
	check(HELLO, STATUS_RETRY, "the input ended without an end line: an upstream stage died", HELLO "[hello]\n");
	check(HELLO "a\nb", STATUS_RETRY, "the input ended in the middle of a line: an upstream stage died",
	      HELLO "[hello]\n|2:a\n");
	check(HELLO "a\n{\"_maip\":\"end\",\"drain\":true}", STATUS_RETRY,
	      "the input ended in the middle of a line: an upstream stage died", HELLO "[hello]\n|2:a\n");
	check("{\"_maip\":\"hello\",\"version\":1,", STATUS_RETRY,
	      "the input ended in the middle of a line: an upstream stage died", "[begin]\n");
}

static void
nothing_may_follow_the_end_line(void **state)
{
	(void)state;
	check(HELLO "a\n" END "b\n", STATUS_DATA, "line 4: data after the end line", HELLO "[hello]\n|2:a\n");
	check(HELLO "a\n" END "---\nb\n", STATUS_DATA, "line 4: data after the end line", HELLO "[hello]\n|2:a\n");
	check(HELLO END END, STATUS_DATA, "line 3: data after the end line", HELLO "[hello]\n");
}

/* Wherever an upstream stage is cut off, nothing fires and nothing looks complete. */
static void
a_stream_cut_off_at_any_byte_fires_nothing(void **state)
{
	static const char whole[] = HELLO "a\n" WM("5") "b\n" END;

	(void)state;
	for (size_t n = sizeof(HELLO) - 1; n < sizeof(whole) - 1; n++) {
		char *cut = strndup(whole, n);
		struct world w;

		open_world(&w);
		assert_int_equal(run(&w, cut), STATUS_RETRY);
		buf_add_char(&w.got, '\0');
		assert_null(strstr(w.got.p, "[finish"));
		assert_null(strstr(w.got.p, "\"end\""));
		close_world(&w);
		free(cut);
	}
}

/* ---- control lines */

static void
hello_is_the_first_line_or_none(void **state)
{
	struct world w;

	(void)state;
	check("a\n" HELLO, STATUS_DATA, "line 2: control line before hello", "[begin]\n|1:a\n");
	check(WM("5"), STATUS_DATA, "line 1: control line before hello", "[begin]\n");
	check("{\"_maip\":1}\n", STATUS_DATA, "line 1: control line before hello", "[begin]\n");
	check(HELLO HELLO, STATUS_DATA, "line 2: a second hello line", HELLO "[hello]\n");

	open_world(&w);                 /* elsewhere it is a bad record like any other */
	w.bad.policy = ON_ERROR_SKIP;
	assert_int_equal(run(&w, "a\n" HELLO "b\n"), STATUS_OK);
	assert_got(&w, "[begin]\n|1:a\n|3:b\n[finish 1]\n");
	assert_int_equal(w.bad.count, 1);
	assert_string_equal(w.bad.first.msg, "line 2: control line before hello");
	close_world(&w);
}

static void
a_wrong_control_line_ends_the_run_whatever_the_policy(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.bad.policy = ON_ERROR_SKIP;
	assert_int_equal(run(&w, HELLO "{\"_maip\":\"what\"}\n" END), STATUS_DATA);
	assert_string_equal(w.err.msg, "line 2: unknown kind of control line: 'what'");
	close_world(&w);
	check("{\"_maip\":\"hello\",\"version\":9}\n", STATUS_DATA,
	      "line 1: the stream has version 9 and this tool reads version 1: install the same release of every stage", "");
}

static void
the_watermark_never_falls(void **state)
{
	(void)state;
	check(HELLO WM("5") WM("5") WM("4") END, STATUS_DATA, "line 4: the watermark falls from 5 to 4",
	      HELLO "[hello]\n[wm 5]\n" WM("5") "[wm 5]\n" WM("5"));
	check(HELLO_NO_WM WM("5"), STATUS_DATA, "line 2: a watermark, though the hello line promises none",
	      HELLO_NO_WM "[hello]\n");
}

static void
idle_and_active_pass_through(void **state)
{
	(void)state;
	check(HELLO "{\"_maip\":\"idle\"}\n{\"_maip\":\"active\"}\n" END, STATUS_OK, "",
	      HELLO "[hello]\n{\"_maip\":\"idle\"}\n{\"_maip\":\"active\"}\n[finish 1]\n" END);
}

static void
control_lines_are_no_records(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(run(&w, HELLO WM("5") END), STATUS_OK);
	assert_int_equal(w.stats.records_in, 0);
	/* [hello], [wm 5] and [finish 1] */
	assert_int_equal(w.stats.records_out, 3);
	close_world(&w);
}

static void
the_last_stage_keeps_control_lines_to_itself(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.env.forward_control = false;
	assert_int_equal(run(&w, HELLO "a\n" WM("5") END), STATUS_OK);
	assert_got(&w, "[hello]\n|2:a\n[wm 5]\n[finish 1]\n");
	close_world(&w);
}

/* ---- data */

static void
lines_come_in_batches_of_64(void **state)
{
	struct world w;
	char text[1000] = "";

	(void)state;
	for (int i = 0; i < 130; i++)
		strcat(text, "x\n");
	open_world(&w);
	assert_int_equal(run(&w, text), STATUS_OK);
	buf_add_char(&w.got, '\0');
	assert_non_null(strstr(w.got.p, ",64:x\n|65:x,"));
	assert_non_null(strstr(w.got.p, ",128:x\n|129:x,130:x\n[finish"));
	assert_int_equal(w.stats.records_in, 130);
	assert_int_equal(w.stats.bytes_in, 260);
	assert_int_equal(w.stats.records_out, 5);
	assert_int_equal(w.stats.bytes_out, w.got.n - 1);
	close_world(&w);
}

static void
what_was_good_before_a_bad_line_is_delivered(void **state)
{
	(void)state;
	check("a\nbad\nb\n", STATUS_DATA, "line 2: no good", "[begin]\n|1:a");
}

static void
bad_lines_are_skipped_and_counted_when_the_policy_says_so(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.bad.policy = ON_ERROR_SKIP;
	assert_int_equal(run(&w, "a\nbad\nb\n"), STATUS_OK);
	assert_got(&w, "[begin]\n|1:a,3:b\n[finish 1]\n");
	assert_int_equal(w.stats.bad, 1);
	close_world(&w);
}

static void
a_line_that_is_too_long_is_a_bad_record(void **state)
{
	struct world w;
	char text[400];

	(void)state;
	memset(text, 'x', 200);
	strcpy(text + 200, "\nb\n");
	open_world(&w);
	w.env.max_line = 100;
	assert_int_equal(run(&w, text), STATUS_DATA);
	assert_string_equal(w.err.msg, "line 1: longer than the 100 bytes of --max-line");
	close_world(&w);
	open_world(&w);
	w.env.max_line = 100;
	w.bad.policy = ON_ERROR_SKIP;
	assert_int_equal(run(&w, text), STATUS_OK);
	assert_got(&w, "[begin]\n|2:b\n[finish 1]\n");
	close_world(&w);
}

static void
files_are_read_in_order_and_named(void **state)
{
	static const char *const names[] = { "one.ndjson", "two.ndjson" };
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(run_files(&w, (const char *[]){ "a\nb", "c\nbad\n" }, names, 2), STATUS_DATA);
	assert_string_equal(w.err.msg, "two.ndjson: line 2: no good");
	assert_got(&w, "[begin]\n|1:a\n|2:b\n|1:c");
	close_world(&w);

	open_world(&w);
	assert_int_equal(run_files(&w, (const char *[]){ "a\n", HELLO }, names, 2), STATUS_DATA);
	assert_string_equal(w.err.msg, "two.ndjson: line 1: control line before hello");
	close_world(&w);

	open_world(&w);
	assert_int_equal(run_files(&w, (const char *[]){ HELLO END, "a\n" }, names, 2), STATUS_DATA);
	assert_string_equal(w.err.msg, "two.ndjson: line 1: data after the end line");
	close_world(&w);

	open_world(&w);
	assert_int_equal(run_files(&w, (const char *[]){ "", "" }, names, 2), STATUS_OK);
	assert_got(&w, "[begin]\n[finish 1]\n");
	close_world(&w);
}

/* ---- signals, readers, disks */

static void
a_signal_stops_a_plain_input_without_firing(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.env.stop = &w.stop;
	w.stop_at_read = 2;
	assert_int_equal(run(&w, "a\n---\nb\n"), STATUS_RETRY);
	assert_string_equal(w.err.msg, "stopped by a signal before the end of the input");
	assert_got(&w, "[begin]\n|1:a\n[finish 0]\n");
	close_world(&w);
}

static bool
wants_drain(void *self)
{
	(void)self;
	return true;
}

static void
a_drained_input_counts_as_complete(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.env.stop = &w.stop;
	w.env.wants_drain = wants_drain;
	w.stop_at_read = 2;
	assert_int_equal(run(&w, "a\nb\nhal---\nf\n"), STATUS_OK);
	assert_got(&w, "[begin]\n|1:a,2:b\n[finish 1]\n");
	close_world(&w);

	open_world(&w);
	w.env.stop = &w.stop;
	w.env.wants_drain = wants_drain;
	w.stop = 1;
	w.arrives_ms = INT64_MAX;
	assert_int_equal(run(&w, "a\n"), STATUS_OK);
	assert_got(&w, "[begin]\n[finish 1]\n");
	close_world(&w);
}

static void
what_is_on_its_way_is_read_on_where_the_upstream_was_stopped_too(void **state)
{
	for (int fed = 0; fed < 2; fed++) {
		struct world w;

		(void)state;
		open_world(&w);
		w.env.stop = &w.stop;
		w.env.is_fed = fed ? wants_drain : NULL;
		w.env.reads_on = true;
		w.stop_at_read = 2;
		assert_int_equal(run(&w, "a\n---\nb\n"), STATUS_RETRY);
		assert_string_equal(w.err.msg, fed ? "" : "stopped by a signal before the end of the input");
		assert_got(&w, fed ? "[begin]\n|1:a\n|2:b\n[finish 0]\n" : "[begin]\n|1:a\n[finish 0]\n");
		close_world(&w);
	}
}

static void
a_signal_while_waiting_is_noticed(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.env.stop = &w.stop;
	w.stop = 1;
	w.arrives_ms = INT64_MAX;
	assert_int_equal(run(&w, "a\n"), STATUS_RETRY);
	assert_got(&w, "");
	close_world(&w);
}

static void
after_hello_a_signal_waits_for_the_end_line(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.env.stop = &w.stop;
	w.stop_at_read = 2;
	assert_int_equal(run(&w, HELLO "a\n---\nb\n" STOPPED), STATUS_OK);
	assert_got(&w, HELLO "[hello]\n|2:a\n|3:b\n[finish 0]\n" STOPPED);
	close_world(&w);
}

/* A write is interrupted four times before there is room; at the third the stop is overdue. */
static int64_t
stuck_write(void *self, const char *p, size_t n, struct err *err)
{
	struct world *w = self;

	if (w->interrupted == 4)
		return world_write(w, p, n, err);
	w->stop = ++w->interrupted >= 3 ? STOP_OVERDUE : STOP_SOON;
	return SINK_INTERRUPTED;
}

static void
a_reader_that_does_not_read_cannot_keep_a_plain_input_from_stopping(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.env.stop = &w.stop;
	w.out.to.write = stuck_write;
	assert_int_equal(run(&w, "a\n"), STATUS_RETRY);
	assert_string_equal(w.err.msg, "stopped by a signal while nobody read the output: its last line may be cut");
	assert_int_equal(w.interrupted, 3);
	assert_got(&w, "");
	assert_int_equal(out_finish(&w.out, STATUS_RETRY), STATUS_RETRY);
	close_world(&w);
}

static void
the_reader_of_a_drained_input_is_waited_for(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.env.stop = &w.stop;
	w.env.wants_drain = wants_drain;
	w.out.to.write = stuck_write;
	assert_int_equal(run(&w, "a\n"), STATUS_OK);
	assert_int_equal(w.interrupted, 4);
	close_world(&w);
}

static void
after_hello_a_reader_that_does_not_read_is_waited_for(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.env.stop = &w.stop;
	w.out.to.write = stuck_write;
	assert_int_equal(run(&w, HELLO END), STATUS_OK);
	assert_int_equal(w.interrupted, 4);
	close_world(&w);
}

static void
a_reader_that_leaves_ends_the_run_quietly(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.room = 0, w.breaks_with = SINK_READER_GONE;
	assert_int_equal(run(&w, "a\n"), STATUS_OK);
	assert_string_equal(w.err.msg, "");
	close_world(&w);
	open_world(&w);
	w.room = 0, w.breaks_with = SINK_READER_GONE;
	assert_int_equal(run(&w, HELLO "a\n" END), STATUS_RETRY);
	assert_string_equal(w.err.msg, "");
	close_world(&w);
}

static void
a_reader_that_leaves_does_not_hide_a_bad_line(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.room = 0, w.breaks_with = SINK_READER_GONE;
	assert_int_equal(run(&w, "a\nbad\n"), STATUS_DATA);
	assert_string_equal(w.err.msg, "line 2: no good");
	close_world(&w);
}

static void
a_failed_write_is_an_error(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.room = 0, w.breaks_with = -1;
	assert_int_equal(run(&w, "a\n"), STATUS_IO);
	assert_string_equal(w.err.msg, "cannot write: no space");
	close_world(&w);
}

/* ---- time */

static void
the_stage_is_ticked_when_it_asked_while_the_input_is_quiet(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.recorder.next_tick = 3000;
	w.arrives_ms = 5000;
	w.text = "";
	w.env.stop = &w.stop;
	assert_int_equal(run(&w, "a\n"), STATUS_OK);
	assert_got(&w, "[begin]\n[tick 5000]\n|1:a\n[finish 1]\n");     /* begin only comes with the first line */
	close_world(&w);
}

struct slow {                           /* a second line that comes much later */
	struct world *w;
	int reads;
};

static int64_t
slow_read(void *self, char *p, size_t n, struct err *err)
{
	struct slow *s = self;

	(void)n, (void)err;
	s->w->arrives_ms = s->w->now_ms + 10000;
	if (s->reads++ == 2)
		return 0;
	memcpy(p, "a\n", 2);
	return 2;
}

static bool
slow_ready(void *self, int64_t wait_ms)
{
	return world_ready(((struct slow *)self)->w, wait_ms);
}

static void
waiting_is_clocked_as_idle_or_back_pressured(void **state)
{
	struct world w;
	struct slow slow = { &w, 0 };
	const struct pipe_input input = { { &slow, slow_read, slow_ready }, NULL };
	const struct stage stage = { &recorder_ops, &w.recorder };

	(void)state;
	open_world(&w);
	w.recorder.next_tick = 4000;
	assert_int_equal(pipe_run(&stage, &input, 1, &w.bad, &w.out, &w.env, &w.err), STATUS_OK);
	assert_got(&w, "[begin]\n|1:a\n[tick 4000]\n|2:a\n[finish 1]\n");
	/* a flush before each wait */
	assert_int_equal(w.stats.idle_ns / 1000000, 20000 - 3 * 7);
	assert_int_equal(w.stats.blocked_ns / 1000000, 4 * 7);
	assert_int_equal(w.stats.waiting, STATS_BUSY);
	close_world(&w);
}

/* ---- stages in a row, in any order of events */

struct hop {
	struct sched *s;
	struct pipe_input input;
	struct out out;
	struct pipe_stats stats;
	enum status status;
	struct err err;
	struct bad_records bad;
};

static int
copy_batch(void *self, const struct batch *batch, struct bad_records *bad, struct out *out,
           struct err *err)
{
	(void)self, (void)bad, (void)err;
	for (size_t i = 0; i < batch->n; i++)
		out_line(out, batch->line[i]);
	return 0;
}

static void
hop_main(void *arg)
{
	static const struct stage_ops copy = { .batch = copy_batch };
	struct hop *h = arg;
	const struct stage stage = { &copy, NULL };
	const struct pipe_env env = {
		.clock_ms = sched_clock_ms,
		.clock_ns = sched_clock_ns,
		.clock_self = h->s,
		.stats = &h->stats,
		.forward_control = true,
	};

	h->status = pipe_run(&stage, &h->input, 1, &h->bad, &h->out, &env, &h->err);
	h->status = out_finish(&h->out, h->status);
}

/* Three hops from text to got; the first pipe breaks after cut bytes. The last one's status. */
static enum status
run_hops(uint64_t seed, struct str text, uint64_t cut, struct buf *got)
{
	struct sched *s = sched_new(seed);
	struct sched_pipe *pipes[] = { sched_pipe(s, 1 + sched_random(s, 300)),
		                       sched_pipe(s, 1 + sched_random(s, 300)) };
	struct hop *hops = calloc(3, sizeof(*hops));
	enum status status;

	sched_cut(pipes[0], cut);
	for (int i = 0; i < 3; i++) {
		const struct sink to = i < 2 ? sched_sink(pipes[i]) : sched_collect(s, got);

		hops[i].s = s;
		hops[i].input.source = i == 0 ? sched_bytes(s, text) : sched_source(pipes[i - 1]);
		out_init(&hops[i].out, &to);
		sched_spawn(s, "hop", hop_main, &hops[i]);
	}
	assert_null(sched_run(s));
	status = hops[2].status;
	for (int i = 0; i < 3; i++)
		out_release(&hops[i].out);
	free(hops);
	sched_free(s);
	return status;
}

static struct str
some_stream(struct buf *b)
{
	buf_add(b, HELLO, sizeof(HELLO) - 1);
	for (int i = 1; i <= 200; i++)
		buf_addf(b, i % 7 == 0 ? "{\"_maip\":\"watermark\",\"ts\":%d}\n" : "{\"number\":%d}\n", i);
	buf_add(b, END, sizeof(END) - 1);
	return buf_str(b);
}

static void
three_stages_pass_a_stream_on_byte_for_byte_in_any_order_of_events(void **state)
{
	struct buf text, got;
	struct str whole;

	(void)state;
	buf_init(&text, BUF_NO_MAX);
	whole = some_stream(&text);
	for (uint64_t seed = 1; seed <= 300; seed++) {
		buf_init(&got, BUF_NO_MAX);
		assert_int_equal(run_hops(seed, whole, UINT64_MAX, &got), STATUS_OK);
		assert_true(str_eq(buf_str(&got), whole));
		buf_release(&got);
	}
	buf_release(&text);
}

static void
when_a_stage_dies_none_behind_it_claims_to_be_complete(void **state)
{
	struct buf text, got;
	struct str whole;

	(void)state;
	buf_init(&text, BUF_NO_MAX);
	whole = some_stream(&text);
	for (uint64_t seed = 1; seed <= 300; seed++) {
		const uint64_t cut = sizeof(HELLO) + seed * 7919 % (whole.n - sizeof(HELLO));

		buf_init(&got, BUF_NO_MAX);
		assert_int_equal(run_hops(seed, whole, cut, &got), STATUS_RETRY);
		assert_true(got.n <= cut && str_starts(whole, buf_str(&got)));
		buf_release(&got);
	}
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_hello_the_end_of_file_is_the_end),
		cmocka_unit_test(after_hello_only_the_end_line_is_the_end),
		cmocka_unit_test(nothing_may_follow_the_end_line),
		cmocka_unit_test(a_stream_cut_off_at_any_byte_fires_nothing),
		cmocka_unit_test(hello_is_the_first_line_or_none),
		cmocka_unit_test(a_wrong_control_line_ends_the_run_whatever_the_policy),
		cmocka_unit_test(the_watermark_never_falls),
		cmocka_unit_test(idle_and_active_pass_through),
		cmocka_unit_test(control_lines_are_no_records),
		cmocka_unit_test(the_last_stage_keeps_control_lines_to_itself),
		cmocka_unit_test(lines_come_in_batches_of_64),
		cmocka_unit_test(what_was_good_before_a_bad_line_is_delivered),
		cmocka_unit_test(bad_lines_are_skipped_and_counted_when_the_policy_says_so),
		cmocka_unit_test(a_line_that_is_too_long_is_a_bad_record),
		cmocka_unit_test(files_are_read_in_order_and_named),
		cmocka_unit_test(a_signal_stops_a_plain_input_without_firing),
		cmocka_unit_test(a_drained_input_counts_as_complete),
		cmocka_unit_test(what_is_on_its_way_is_read_on_where_the_upstream_was_stopped_too),
		cmocka_unit_test(the_reader_of_a_drained_input_is_waited_for),
		cmocka_unit_test(
			a_reader_that_does_not_read_cannot_keep_a_plain_input_from_stopping),
		cmocka_unit_test(after_hello_a_reader_that_does_not_read_is_waited_for),
		cmocka_unit_test(a_signal_while_waiting_is_noticed),
		cmocka_unit_test(after_hello_a_signal_waits_for_the_end_line),
		cmocka_unit_test(a_reader_that_leaves_ends_the_run_quietly),
		cmocka_unit_test(a_reader_that_leaves_does_not_hide_a_bad_line),
		cmocka_unit_test(a_failed_write_is_an_error),
		cmocka_unit_test(the_stage_is_ticked_when_it_asked_while_the_input_is_quiet),
		cmocka_unit_test(waiting_is_clocked_as_idle_or_back_pressured),
		cmocka_unit_test(
			three_stages_pass_a_stream_on_byte_for_byte_in_any_order_of_events),
		cmocka_unit_test(when_a_stage_dies_none_behind_it_claims_to_be_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
