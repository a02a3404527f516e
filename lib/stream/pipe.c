/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.c - the loop that every filter runs
 *
 * Lines are handed to the stage in batches, straight from the read buffer. The
 * loop leaves that path only for what is rare: the first line, a control line, a
 * line that is too long or has no end. The clock is read once a read(2), not once
 * a record.
 */
#include "stream/pipe.h"

#include <inttypes.h>

#include "base/time.h"

#define STOP_CHECK_MS 500               /* a signal just before a wait is noticed after this */

struct loop {
	const struct stage    *stage;
	struct bad_records    *bad;
	struct out            *out;
	const struct pipe_env *env;
	struct line_reader    *reader;
	struct err            *err;
	bool           begun;           /* the first line has been seen */
	bool           stopped;         /* by a signal, before the end of the input */
	bool           ended;           /* the end line has been seen */
	struct control hello, end;      /* of kind CONTROL_NONE until they come */
	int64_t        watermark;
	struct str     text[BATCH_MAX];
	uint64_t       number[BATCH_MAX];
};

/* ---- clocks and counters */

static void
waiting(struct loop *l, enum stats_wait what)
{
	if (l->env->stats != NULL)
		stats_wait(l->env->stats, what, l->env->clock_ns(l->env->clock_self));
}

static void
out_waits(void *arg, bool blocked)
{
	waiting(arg, blocked ? STATS_BLOCKED : STATS_BUSY);
}

bool
pipe_give_up(struct out *out)
{
	fail_as(&out->err, STATUS_RETRY,
	        "stopped by a signal while nobody read the output: its last line may be cut");
	return true;
}

/* Has a signal come that this input is not told of by itself? */
static bool
has_signal(const struct loop *l)
{
	return l->env->stop != NULL && *l->env->stop != STOP_NONE &&
	       l->hello.kind != CONTROL_HELLO;
}

static bool
is_stopped(const struct loop *l)
{
	return has_signal(l) && !(l->env->reads_on && l->env->is_fed != NULL &&
	                          l->env->is_fed(l->env->asked_self));
}

/* Stopped, and the input counts as complete. */
static bool
is_drained(const struct loop *l)
{
	return is_stopped(l) && l->env->wants_drain != NULL &&
	       l->env->wants_drain(l->env->asked_self);
}

static bool
give_up(void *arg)
{
	struct loop *l = arg;

	if (l->env->stop == NULL)
		return false;
	return (*l->env->stop == STOP_NOW ||
	        (*l->env->stop == STOP_OVERDUE && is_stopped(l) && !is_drained(l))) &&
	       pipe_give_up(l->out);
}

static void
count_in(struct loop *l, size_t n)
{
	struct pipe_stats *s = l->env->stats;
	uint64_t bytes = n;             /* the newlines */

	if (s == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		bytes += l->text[i].n;
	atomic_fetch_add_explicit(&s->records_in, n, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->bytes_in, bytes, memory_order_relaxed);
}

static void
count_out(struct loop *l)
{
	struct pipe_stats *s = l->env->stats;

	if (s == NULL)
		return;
	atomic_store_explicit(&s->records_out, l->out->lines, memory_order_relaxed);
	atomic_store_explicit(&s->bytes_out, l->out->bytes, memory_order_relaxed);
	atomic_store_explicit(&s->bad, l->bad->count, memory_order_relaxed);
}

/* ---- what is wrong with a line, and where */

/* Put where the line stands before the message. */
static int
at_line(struct loop *l, uint64_t number)
{
	char position[BAD_POSITION_MAX];

	return fail_in(l->err, "%s", bad_position(l->bad, number, position));
}

static int
wrong_line(struct loop *l, uint64_t number, const char *why)
{
	fail_as(l->err, STATUS_DATA, "%s", why);
	return at_line(l, number);
}

static int
cut_off(struct loop *l, const char *where)
{
	return fail_as(l->err, STATUS_RETRY, "the input ended %s: an upstream stage died", where);
}

static int
check_stop(struct loop *l)
{
	if (!is_stopped(l) || is_drained(l))
		return 0;
	l->stopped = true;
	return fail_as(l->err, STATUS_RETRY, "stopped by a signal before the end of the input");
}

/* ---- what the stage is told */

static int
tick(struct loop *l)
{
	const struct stage_ops *ops = l->stage->ops;

	if (ops->tick == NULL)
		return 0;
	return ops->tick(l->stage->self, l->env->clock_ms(l->env->clock_self), l->out, l->err);
}

static int
feed(struct loop *l, size_t n)
{
	const struct batch batch = { n, l->text, l->number };

	if (n == 0)
		return 0;
	count_in(l, n);
	if (tick(l) < 0 || l->stage->ops->batch(l->stage->self, &batch, l->bad, l->out, l->err) < 0)
		return -1;
	count_out(l);
	return l->out->failed || l->out->reader_gone ? -1 : 0;
}

static int
forward(struct loop *l, const struct control *c)
{
	return l->env->forward_control ? control_print(l->out, c) : 0;
}

static int
begin(struct loop *l, const struct control *hello)
{
	const struct stage_ops *ops = l->stage->ops;

	l->begun = true;
	if (hello != NULL) {
		l->hello = *hello;
		if (l->env->stats != NULL)
			atomic_store_explicit(&l->env->stats->has_hello, 1, memory_order_relaxed);
		if (forward(l, hello) < 0)
			return -1;
	}
	return ops->begin == NULL ? 0 : ops->begin(l->stage->self, hello, l->out, l->err);
}

static int
advance(struct loop *l, const struct control *c, uint64_t number)
{
	const struct stage_ops *ops = l->stage->ops;

	if (!l->hello.watermarks)
		return wrong_line(l, number, "a watermark, though the hello line promises none");
	if (c->ts < l->watermark) {
		fail_as(l->err, STATUS_DATA, "the watermark falls from %" PRId64 " to %" PRId64,
		        l->watermark, c->ts);
		return at_line(l, number);
	}
	l->watermark = c->ts;
	if (l->env->stats != NULL)
		atomic_store_explicit(&l->env->stats->watermark, c->ts, memory_order_relaxed);
	if (ops->watermark != NULL && ops->watermark(l->stage->self, c->ts, l->out, l->err) < 0)
		return -1;
	return forward(l, c);
}

/* ---- lines */

static int
obey(struct loop *l, const struct line *line)
{
	struct control c;

	if (l->hello.kind == CONTROL_NONE) {
		struct err reason;

		fail_as(&reason, STATUS_DATA, "control line before hello");
		return bad_record(l->bad, line->number, line->text, &reason, l->err);
	}
	if (control_parse(&c, line->text, l->err) < 0)
		return at_line(l, line->number);
	switch (c.kind) {
	case CONTROL_HELLO:
		return wrong_line(l, line->number, "a second hello line");
	case CONTROL_WATERMARK:
		return advance(l, &c, line->number);
	case CONTROL_END:
		l->end = c;             /* obeyed when nothing has followed it */
		return 0;
	default:
		return forward(l, &c);
	}
}

static size_t
max_line(const struct pipe_env *env)
{
	return env->max_line != 0 ? env->max_line : LINE_MAX_DEFAULT;
}

static int
odd_line(struct loop *l, const struct line *line)
{
	if (l->end.kind == CONTROL_END)
		return wrong_line(l, line->number, "data after the end line");
	if (line->unterminated)
		return cut_off(l, "in the middle of a line");
	if (line->too_long)
		return bad_long_line(l->bad, line->number, line->text, max_line(l->env), l->err);
	return obey(l, line);
}

static bool
is_odd(const struct loop *l, const struct line *line)
{
	return line->too_long || l->end.kind == CONTROL_END || control_looks(line->text) ||
	       (line->unterminated && l->hello.kind == CONTROL_HELLO);
}

/* The first line of all: a hello line is taken (1), anything else is data like the rest (0). */
static int
first_line(struct loop *l, const struct line *line)
{
	struct control c;

	if (line->too_long || line->unterminated || !control_looks(line->text))
		return begin(l, NULL);
	if (control_parse(&c, line->text, l->err) < 0 && c.kind == CONTROL_HELLO)
		return at_line(l, line->number);
	if (c.kind != CONTROL_HELLO)
		return begin(l, NULL);
	return begin(l, &c) < 0 ? -1 : 1;
}

/* Data lines in one batch, the odd ones one at a time between. */
static int
hand_on(struct loop *l, const struct line *lines, size_t n)
{
	size_t data = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_odd(l, &lines[i])) {
			l->text[data] = lines[i].text;
			l->number[data++] = lines[i].number;
			continue;
		}
		if (feed(l, data) < 0 || odd_line(l, &lines[i]) < 0)
			return -1;
		data = 0;
	}
	return feed(l, data);
}

/* ---- input */

/* How long the stage lets us wait for input; -1: as long as it takes. */
static int64_t
patience(const struct loop *l)
{
	const struct stage_ops *ops = l->stage->ops;
	int64_t wait = l->env->stop != NULL ? STOP_CHECK_MS : -1;
	int64_t next = TIME_MAX, now;

	if (l->begun && ops->next_tick != NULL)
		next = ops->next_tick(l->stage->self);
	if (next == TIME_MAX)
		return wait;
	now = l->env->clock_ms(l->env->clock_self);
	next = next > now ? next - now : 0;
	return wait < 0 || next < wait ? next : wait;
}

/* What follows out (tail -f) sees the rest as soon. */
static int
flush_all(struct loop *l)
{
	if (out_flush(l->out) < 0 || out_left(l->out) || bad_flush(l->bad, l->err) < 0)
		return -1;
	for (size_t i = 0; i < PIPE_SIDE_OUTPUTS; i++) {
		struct out *side = l->env->side_outputs[i];

		if (side != NULL && out_flush(side) < 0)
			return out_hand_on(side, l->err);
	}
	return 0;
}

/* Before a read that would block: let go of what has been said, and keep time. */
static int
await_input(struct loop *l)
{
	while (!is_drained(l) && !line_ready(l->reader, 0)) {
		bool ready;

		if (check_stop(l) < 0 || (l->begun && tick(l) < 0) || flush_all(l) < 0)
			return -1;
		count_out(l);
		waiting(l, STATS_IDLE);
		ready = line_ready(l->reader, patience(l));
		waiting(l, STATS_BUSY);
		if (ready)
			break;
	}
	return check_stop(l);
}

/* 1 there is more, 0 the input is over, -1. */
static int
refill(struct loop *l)
{
	int got;

	do {
		if (await_input(l) < 0)
			return -1;
		if (is_drained(l))
			return 0;
		got = line_fill(l->reader, l->err);
	} while (got == -2);
	if (got < 0 && l->bad->source != NULL)
		fail_in(l->err, "%s", l->bad->source);
	return got;
}

static int
read_input(struct loop *l)
{
	struct line lines[BATCH_MAX];
	bool more = true;

	for (;;) {
		const size_t n = line_take(l->reader, lines, BATCH_MAX);
		int taken = 0;

		if (n == 0 && !more)
			return 0;
		if (n == 0) {
			const int got = refill(l);

			if (got < 0)
				return -1;
			more = got > 0;
			continue;
		}
		if (!l->begun && (taken = first_line(l, lines)) < 0)
			return -1;
		if (hand_on(l, lines + taken, n - (size_t)taken) < 0 || check_stop(l) < 0)
			return -1;
	}
}

static int
read_inputs(struct loop *l, const struct pipe_input *inputs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		line_open(l->reader, &inputs[i].source);
		l->bad->source = inputs[i].name;
		if (read_input(l) < 0)
			return -1;
	}
	if (!l->begun && begin(l, NULL) < 0)
		return -1;
	if (!has_signal(l) || is_stopped(l))
		return 0;
	/* what was read on to its end is no whole input, either */
	l->stopped = true;
	*l->err = (struct err){ .status = STATUS_RETRY };
	return -1;
}

/* ---- the end */

static int
finish(struct loop *l, bool drain)
{
	const struct stage_ops *ops = l->stage->ops;

	return ops->finish == NULL ? 0 : ops->finish(l->stage->self, drain, l->out, l->err);
}

static int
run(struct loop *l, const struct pipe_input *inputs, size_t n)
{
	if (read_inputs(l, inputs, n) < 0) {
		if (l->stopped && l->begun && finish(l, false) < 0)
			l->stopped = false;
		return -1;
	}
	if (l->hello.kind == CONTROL_NONE)
		return finish(l, true);
	if (l->end.kind == CONTROL_NONE)
		return cut_off(l, "without an end line");
	return finish(l, l->end.drain) < 0 ? -1 : forward(l, &l->end);
}

/* How a run ends that could not go on. */
static enum status
verdict(struct loop *l)
{
	const bool whole_job = l->hello.kind == CONTROL_HELLO;

	if (l->out->reader_gone)
		*l->err = (struct err){ .status = whole_job ? STATUS_RETRY : STATUS_OK };
	else if (l->out->failed)
		*l->err = l->out->err;
	return l->err->status;
}

enum status
pipe_run(const struct stage *stage, const struct pipe_input *inputs, size_t n_inputs,
         struct bad_records *bad, struct out *out, const struct pipe_env *env, struct err *err)
{
	struct loop l = {
		.stage = stage, .bad = bad, .out = out, .env = env, .err = err,
		.watermark = TIME_MIN,
	};
	enum status status;

	*err = (struct err){ .status = STATUS_OK };
	if (env->stats != NULL)
		stats_start(env->stats, env->clock_ns(env->clock_self));
	l.reader = line_new(max_line(env));
	out->wait = out_waits;
	out->give_up = give_up;
	out->wait_arg = &l;

	status = run(&l, inputs, n_inputs) < 0 ? verdict(&l) : STATUS_OK;
	if (out_flush(out) < 0 && status == STATUS_OK)
		status = verdict(&l);
	count_out(&l);

	out->wait = NULL;
	out->give_up = NULL;
	line_free(l.reader);
	return status;
}
