/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervise.c - the shell is a child, the rest are orphans that may be adopted at any time
 *
 * So nothing is remembered of them: who is in the family, and who of them is behind the stages, is
 * asked anew whenever it matters.
 */
#include "supervise.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "job/family.h"
#include "stream/pipe.h"

#define GRACE_MS    30000               /* for what a signal cancels */
#define GIVE_UP_MS  5000                /* after the first SIGKILL */
#define LOOK_NS     20000000            /* while it ends ... */
#define GUARD_MAX   256                 /* shells, one in the other */
#define LOOK_S      1                   /* ... and while stages go on that the shell has left */

/* What it waits for, one after the other. */
enum phase { NOT_ASKED, STAGES_END, REST_ENDS, CUT };

struct ending {
	pid_t         child;            /* 0: it is over */
	const char   *id;
	struct page  *page;
	enum phase    phase;
	int           first;            /* the signal that asked for it */
	int64_t       asked_at, cut_at, kill_at;        /* monotonic ms */
	/* as they were when it was asked for */
	struct jobs   jobs;
	struct job   *job;              /* what was told to end; NULL: there was no stage */
	struct family held;
	pid_t         guard;            /* of those that are held; 0: nobody could be started */
	int           guard_pipe;       /* takes a struct process each */
};

/* ---- which of them */

static bool
is_held(const struct relative *r)
{
	return r->shell && r->above && !r->behind;
}

static bool
is_not_held(const struct relative *r)
{
	return !is_held(r);
}

static bool
is_not_behind(const struct relative *r)
{
	return !r->behind;
}

static bool
is_waited_for(const struct relative *r)
{
	return r->stage || r->behind;
}

/* The job, or NULL when it has no page that can be read; jobs is to be released. */
static struct job *
read_job(struct jobs *jobs, const char *id)
{
	struct err ignored;

	if (jobs_read(jobs, clock_wall_ms(), &ignored) < 0)
		return NULL;
	return jobs_find(jobs, str_of(id), &ignored);
}

static struct family
read_family(const struct ending *e, const struct job *job)
{
	struct family f;

	family_read(&f, job);
	family_leave_out(&f, e->guard);
	return f;
}

static struct family
look_around(const struct ending *e)
{
	struct family f;
	struct jobs jobs;

	f = read_family(e, read_job(&jobs, e->id));
	jobs_release(&jobs);
	return f;
}

/* ---- holding */

/* What is held would be so for ever if this process were killed: then the guard lets it end. It has
 * the signals blocked that this process has. */
static _Noreturn void
guard(int from)
{
	struct process held[GUARD_MAX], p;
	size_t n = 0;

	while (read(from, &p, sizeof(p)) == sizeof(p)) {
		if (p.pid == 0)
			_exit(0);
		if (n < GUARD_MAX)
			held[n++] = p;
	}
	for (size_t i = 0; i < n; i++) {
		(void)process_signal(&held[i], SIGTERM);
		(void)process_signal(&held[i], SIGCONT);
	}
	_exit(0);
}

static void
start_guard(struct ending *e)
{
	int ends[2];

	if (pipe(ends) < 0)
		return;
	e->guard = fork();
	if (e->guard == 0) {
		close(ends[1]);
		guard(ends[0]);
	}
	close(ends[0]);
	if (e->guard > 0) {
		e->guard_pipe = ends[1];
		return;
	}
	close(ends[1]);
	e->guard = 0;
}

/* Before p is stopped; of pid 0: nothing is, any more. */
static void
tell_guard(const struct ending *e, struct process p)
{
	if (e->guard != 0)
		(void)!write(e->guard_pipe, &p, sizeof(p));
}

/* The child at once: a terminal has sent its signal to the stages, too, and they may have ended
 * before they are found. */
static void
hold(struct ending *e)
{
	start_guard(e);
	if (e->child != 0) {
		tell_guard(e, (struct process){ e->child, process_start(e->child) });
		kill(e->child, SIGSTOP);
	}
	e->job = read_job(&e->jobs, e->id);
	e->held = read_family(e, e->job);
	for (size_t i = 0; i < e->held.n; i++) {
		struct relative *r = &e->held.list[i];

		if (r->process.pid == e->child && e->job != NULL && e->job->n > 0)
			r->above = true;
		if (is_held(r))
			tell_guard(e, r->process);
	}
	family_signal(&e->held, is_held, SIGSTOP);
	family_signal(&e->held, is_not_held, SIGCONT);
}

static void
let_go(struct ending *e)
{
	family_signal(&e->held, is_held, SIGCONT);
	tell_guard(e, (struct process){ 0 });
	if (e->guard != 0)
		close(e->guard_pipe);
	family_release(&e->held);
}

/* ---- ending */

static void
begin_end(struct ending *e)
{
	enum page_request request;
	int64_t grace_ms;
	struct err err;

	page_ask(e->page, GRACE_MS);
	request = page_request(e->page, &grace_ms);
	e->cut_at = clock_monotonic_ms() + grace_ms;
	e->phase = STAGES_END;
	hold(e);
	if (e->job != NULL && job_tell(e->job, request, &err) < 0)
		warn("%s", err.msg);
}

/* The stages have ended, or have to now. */
static void
end_rest(struct ending *e)
{
	struct family rest;
	size_t killed = 0;
	struct err err;

	if (e->job != NULL && job_wait(e->job, 0, &killed, &err) < 0)
		warn("%s", err.msg);
	page_killed(e->page, killed);
	jobs_release(&e->jobs);
	rest = look_around(e);
	family_signal(&rest, is_not_behind, SIGTERM);
	family_release(&rest);
	let_go(e);                      /* and so hears of it */
	e->phase = REST_ENDS;
}

static void
cut(struct ending *e, const struct family *left)
{
	e->phase = CUT;
	e->kill_at = clock_monotonic_ms() + JOB_AFTER_KILL_MS;
	page_killed(e->page, left->n);
	family_signal(left, NULL, SIGTERM);
	family_signal(left, NULL, SIGCONT);
}

/* left is what there is of the family, once the stages have ended. */
static void
go_on(struct ending *e, const struct family *left)
{
	const int64_t now = clock_monotonic_ms();

	if (e->phase == REST_ENDS && now >= e->cut_at && left->n > 0)
		cut(e, left);
	else if (e->phase == CUT && now >= e->kill_at)
		family_signal(left, NULL, SIGKILL);
}

static bool
stages_have_ended(const struct ending *e)
{
	return e->job == NULL || job_has_ended(e->job) || clock_monotonic_ms() >= e->cut_at;
}

/* What belongs to another user, or waits for a disk that is gone. */
static bool
gives_up(const struct ending *e, size_t left)
{
	if (e->phase != CUT || clock_monotonic_ms() < e->kill_at + GIVE_UP_MS)
		return false;
	warn("%zu process%s of the job could not be ended", left, left == 1 ? "" : "es");
	return true;
}

/* Signals that come together are one request (stream/pipe.h), and so are all that come until the
 * job is told. Nor is another SIGHUP: the shell sends it and, when that has ended, the kernel. */
static void
on_signal(struct ending *e, int number, const sigset_t *signals)
{
	const struct timespec none = { 0 };
	const int64_t now = clock_monotonic_ms();

	if (number <= 0 || number == SIGCHLD)
		return;
	if (e->phase == NOT_ASKED) {
		e->first = number;
		e->asked_at = now;
		begin_end(e);
		while (sigtimedwait(signals, NULL, &none) > 0)
			;
	} else if ((number != SIGHUP || e->first != SIGHUP) &&
	           now - e->asked_at >= PIPE_SAME_STOP_MS) {
		e->cut_at = 0;
	}
}

/* ---- waiting */

/* Let go of what has ended, the child and orphans. */
static void
reap(struct ending *e, int *wait_status)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == e->child) {
			*wait_status = status;
			e->child = 0;
		}
}

/* Is all over that has to be? */
static bool
is_over(struct ending *e)
{
	struct family left;
	size_t n;

	if (e->phase == STAGES_END && stages_have_ended(e))
		end_rest(e);
	if (e->phase == STAGES_END || (e->phase == NOT_ASKED && e->child != 0))
		return false;
	left = look_around(e);
	go_on(e, &left);
	n = family_count(&left, e->phase == NOT_ASKED ? is_waited_for : NULL);
	family_release(&left);
	return e->child == 0 && (n == 0 || gives_up(e, n));
}

struct ended
supervise(pid_t child, const char *id, struct page *page, const sigset_t *signals)
{
	const struct timespec moment = { .tv_nsec = LOOK_NS }, second = { .tv_sec = LOOK_S };
	struct ending e = { .child = child, .id = id, .page = page };
	struct ended ended = { 0 };
	int64_t unused;

	for (reap(&e, &ended.wait_status); !is_over(&e); reap(&e, &ended.wait_status))
		on_signal(&e,
		          e.phase != NOT_ASKED ? sigtimedwait(signals, NULL, &moment)
		          : e.child == 0       ? sigtimedwait(signals, NULL, &second)
		                               : sigwaitinfo(signals, NULL),
		          signals);
	reap(&e, &ended.wait_status);   /* those that were the last */
	ended.asked = page_request(page, &unused);
	ended.in_time = e.phase != CUT;
	return ended;
}
