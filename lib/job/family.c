/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.c - walk /proc from this process down
 *
 * _GNU_SOURCE: prctl(2).
 */
#define _GNU_SOURCE
#include "job/family.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"

void
family_adopt(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* ---- who is in it */

static void
read_all(struct family *to)
{
	DIR *proc = opendir("/proc");
	size_t cap = 0;
	pid_t pid;

	while (proc != NULL && (pid = process_next(proc)) != 0) {
		pid_t parent = 0;
		const uint64_t start = process_look(pid, &parent);

		if (start == 0)
			continue;
		to->list = mem_more(to->list, to->n, &cap, sizeof(*to->list));
		to->list[to->n++] =
			(struct relative){ .process = { pid, start }, .parent = parent };
	}
	if (proc != NULL)
		closedir(proc);
}

static bool
is_below(const struct family *f, size_t n, pid_t parent)
{
	if (parent == getpid())
		return true;
	for (size_t i = 0; i < n; i++)
		if (f->list[i].process.pid == parent)
			return true;
	return false;
}

/* Move what is below this process to the front, until nothing more is, and forget the rest. */
static void
keep_below(struct family *f)
{
	size_t kept = 0;
	bool grown = true;

	while (grown) {
		grown = false;
		for (size_t i = kept; i < f->n; i++)
			if (is_below(f, kept, f->list[i].parent)) {
				const struct relative r = f->list[i];

				f->list[i] = f->list[kept];
				f->list[kept++] = r;
				grown = true;
			}
	}
	f->n = kept;
}

/* ---- what they are */

static bool
is_shell(pid_t pid)
{
	static const char *const shells[] = { "bash", "sh",   "dash",    "ksh", "ksh93",
		                              "mksh", "zsh",  "busybox" };
	char path[64], program[256];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	n = readlink(path, program, sizeof(program) - 1);
	program[n < 0 ? 0 : n] = '\0';
	name = strrchr(program, '/');
	for (size_t i = 0; name != NULL && i < sizeof(shells) / sizeof(*shells); i++)
		if (strcmp(name + 1, shells[i]) == 0)
			return true;
	return false;
}

static bool
is_stage(const struct relative *r, const struct job *job)
{
	for (size_t i = 0; job != NULL && i < job->n; i++)
		if (job->stages[i].page != NULL &&
		    job->stages[i].process.pid == r->process.pid &&
		    job->stages[i].process.start == r->process.start)
			return true;
	return false;
}

static void
mark_above(struct family *f, const struct relative *stage)
{
	pid_t parent = stage->parent;

	for (size_t steps = 0; steps < f->n; steps++)   /* /proc may change meanwhile */
		for (size_t i = 0; i < f->n; i++)
			if (f->list[i].process.pid == parent) {
				f->list[i].above = true;
				parent = f->list[i].parent;
				break;
			}
}

/* Does one of the job's stages, or a relative behind one, write what comes out of this pipe? */
static bool
is_fed(const struct family *f, const struct job *job, uint64_t in, const uint64_t *outs)
{
	for (size_t i = 0; job != NULL && i < job->n; i++)
		if (job->stages[i].page != NULL && job->stages[i].out == in)
			return true;
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].behind && outs[i] == in)
			return true;
	return false;
}

static void
mark_behind(struct family *f, const struct job *job)
{
	uint64_t *const ins = mem_zalloc(f->n + 1, sizeof(*ins));
	uint64_t *const outs = mem_zalloc(f->n + 1, sizeof(*outs));
	const uint64_t own = process_pipe(getpid(), STDIN_FILENO);
	bool grown = true;

	for (size_t i = 0; i < f->n; i++) {
		ins[i] = process_pipe(f->list[i].process.pid, STDIN_FILENO);
		outs[i] = process_pipe(f->list[i].process.pid, STDOUT_FILENO);
	}
	while (grown) {
		grown = false;
		for (size_t i = 0; i < f->n; i++)
			if (!f->list[i].behind && ins[i] != 0 && ins[i] != own &&
			    is_fed(f, job, ins[i], outs))
				f->list[i].behind = grown = true;
	}
	free(ins);
	free(outs);
}

void
family_read(struct family *to, const struct job *job)
{
	*to = (struct family){ 0 };
	read_all(to);
	keep_below(to);
	for (size_t i = 0; i < to->n; i++) {
		to->list[i].stage = is_stage(&to->list[i], job);
		to->list[i].shell = is_shell(to->list[i].process.pid);
	}
	for (size_t i = 0; i < to->n; i++)
		if (to->list[i].stage)
			mark_above(to, &to->list[i]);
	mark_behind(to, job);
}

void
family_release(struct family *f)
{
	free(f->list);
	*f = (struct family){ 0 };
}

void
family_leave_out(struct family *f, pid_t pid)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].process.pid == pid)
			f->list[i--] = f->list[--f->n];
}

size_t
family_count(const struct family *f, relative_test *which)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += which == NULL || which(&f->list[i]);
	return n;
}

void
family_signal(const struct family *f, relative_test *which, int number)
{
	for (size_t i = 0; i < f->n; i++)
		if (which == NULL || which(&f->list[i]))
			(void)process_signal(&f->list[i].process, number);
}
