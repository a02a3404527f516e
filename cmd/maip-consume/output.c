/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.c - standard output, which may be blocked for hours while the group wants us to answer
 *
 * A signal every few seconds interrupts a blocked write, and in between the group is served.
 */
#define _GNU_SOURCE                     /* F_SETPIPE_SZ */
#include "output.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define TICK_S        5
#define TICKS_BLOCKED 2                 /* so long is a write blocked, not only slow */

struct patient_sink {
	int                 fd;
	int                 ticks;      /* since something could be written */
	struct sink         inner;
	struct consume     *consume;    /* NULL: no group is to be served */
	struct out         *out;
	const volatile int *stop;
	bool                patient;
};

static struct patient_sink standard_output = { .fd = STDOUT_FILENO };

static void
on_tick(int signal)
{
	(void)signal;                   /* its whole work is to interrupt a write */
	alarm(TICK_S);
}

void
output_serve(struct consume *c)
{
	struct sigaction action = { .sa_handler = on_tick };

	standard_output.consume = c;
	if (c == NULL)
		return;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	alarm(TICK_S);
}

static int64_t
patient_write(void *self, const char *p, size_t n, struct err *err)
{
	struct patient_sink *s = self;
	const int64_t got = s->inner.write(s->inner.self, p, n, err);

	if (got >= 0)
		s->ticks = 0;
	else if (got == SINK_INTERRUPTED && ++s->ticks >= TICKS_BLOCKED && s->consume != NULL)
		consume_serve(s->consume);
	return got;
}

/* A plain stream is cut off once a signal has come and nobody reads; one with control lines waits
 * for its pipeline, until a second signal comes. */
static bool
give_up(void *arg)
{
	const struct patient_sink *s = &standard_output;

	(void)arg;                      /* what waits for the output, which is not ours */
	return (*s->stop == STOP_NOW ||
	        (*s->stop != STOP_NONE && s->ticks >= TICKS_BLOCKED && !s->patient)) &&
	       pipe_give_up(s->out);
}

static int
patient_close(void *self, struct err *err)
{
	struct patient_sink *s = self;

	return s->inner.close(s->inner.self, err);
}

static bool
patient_gone(void *self)
{
	struct patient_sink *s = self;

	return s->inner.gone(s->inner.self);
}

void
output_open(struct out *out, const volatile int *stop, bool patient)
{
	/* fails on what is no pipe, or past the user's share */
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20);
	standard_output.inner = sink_fd(&standard_output.fd);
	standard_output.out = out;
	standard_output.stop = stop;
	standard_output.patient = patient;
	out_init(out, &(struct sink){ .self = &standard_output, .write = patient_write,
	                              .close = patient_close, .gone = patient_gone });
	out->give_up = give_up;
}
