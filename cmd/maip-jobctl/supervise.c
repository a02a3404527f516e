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

#define GRACE_MS    30000               /* for what a signal cancels */
#define GIVE_UP_MS  5000                /* after the first SIGKILL */
#define LOOK_NS     20000000            /* while it ends ... */
#define LOOK_S      1                   /* ... and while stages go on that the shell has left */

struct ending {
	const char   *id;
	struct page  *page;
	bool          asked, cut;
	int64_t       cut_at, kill_at;
};

/* ---- which of them */

static bool
is_held(const struct relative *r)
{
	return r->shell && r->above && !r->behind;
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
read_family(const char *id)
{
	struct jobs jobs;
	struct family f;

	family_read(&f, read_job(&jobs, id));
	jobs_release(&jobs);
	return f;
}

/* ---- ending */

/* told: a terminal sends SIGINT to all that run before it, and a second signal would cut short
 * what the first has begun. */
static void
end_stages(struct ending *e, const struct job *job, bool told)
{
	int64_t grace_ms;
	const enum page_request request = page_request(e->page, &grace_ms);
	size_t killed = 0;
	struct err err;

	if (told)
		job_mark(job, request);
	else if (job_tell(job, request, &err) < 0)
		warn("%s", err.msg);
	if (job_wait(job, grace_ms, &killed, &err) < 0)
		warn("%s", err.msg);
	page_killed(e->page, killed);
}

static void
begin_end(struct ending *e, bool told)
{
	struct family held, rest;
	struct jobs jobs;
	struct job *job;
	int64_t grace_ms;

	e->asked = true;
	page_ask(e->page, GRACE_MS);
	(void)page_request(e->page, &grace_ms);
	e->cut_at = clock_monotonic_ms() + grace_ms;
	job = read_job(&jobs, e->id);
	family_read(&held, job);
	family_signal(&held, is_held, SIGSTOP);
	if (job != NULL)
		end_stages(e, job, told);
	jobs_release(&jobs);

	rest = read_family(e->id);
	family_signal(&rest, is_not_behind, SIGTERM);
	family_signal(&held, is_held, SIGCONT);         /* to hear of it */
	family_release(&rest);
	family_release(&held);
}

/* What is left. */
static void
go_on(struct ending *e, const struct family *f)
{
	const int64_t now = clock_monotonic_ms();

	if (!e->cut && now >= e->cut_at && f->n > 0) {
		e->cut = true;
		e->kill_at = now + JOB_AFTER_KILL_MS;
		page_killed(e->page, f->n);
		family_signal(f, NULL, SIGTERM);
		family_signal(f, NULL, SIGCONT);
	} else if (e->cut && now >= e->kill_at) {
		family_signal(f, NULL, SIGKILL);
	}
}

/* What belongs to another user, or waits for a disk that is gone. */
static bool
gives_up(const struct ending *e, size_t left)
{
	if (!e->cut || clock_monotonic_ms() < e->kill_at + GIVE_UP_MS)
		return false;
	warn("%zu process%s of the job could not be ended", left, left == 1 ? "" : "es");
	return true;
}

static void
on_signal(struct ending *e, int number, const siginfo_t *info)
{
	if (number != SIGTERM && number != SIGINT)
		return;
	if (e->asked)
		e->cut_at = 0;
	else
		begin_end(e, number == SIGINT && info->si_code == SI_KERNEL);
}

/* ---- waiting */

/* Has the child ended? Orphans that have ended are let go. */
static bool
reap(pid_t child, int *wait_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child) {
			*wait_status = status;
			ended = true;
		}
	return ended;
}

/* Is all over that has to be, now that the child is? */
static bool
is_over(struct ending *e, const struct family *f)
{
	const size_t left = family_count(f, e->asked ? NULL : is_waited_for);

	return left == 0 || gives_up(e, left);
}

struct ended
supervise(pid_t child, const char *id, struct page *page, const sigset_t *signals)
{
	const struct timespec moment = { .tv_nsec = LOOK_NS }, second = { .tv_sec = LOOK_S };
	struct ending e = { .id = id, .page = page };
	struct ended ended = { .in_time = true };
	bool child_over = false, over = false;
	int64_t unused;

	for (;;) {
		siginfo_t info = { 0 };
		struct family left = { 0 };

		child_over = reap(child, &ended.wait_status) || child_over;
		if (child_over || e.asked)
			left = read_family(id);
		if (e.asked)
			go_on(&e, &left);
		over = child_over && is_over(&e, &left);
		family_release(&left);
		if (over)
			break;
		on_signal(&e,
		          e.asked      ? sigtimedwait(signals, &info, &moment)
		          : child_over ? sigtimedwait(signals, &info, &second)
		                       : sigwaitinfo(signals, &info),
		          &info);
	}
	(void)reap(child, &ended.wait_status);  /* those that were the last */
	ended.asked = page_request(page, &unused);
	ended.in_time = !e.cut;
	return ended;
}
