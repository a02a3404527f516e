/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.c - write this process's status page
 *
 * The file has its name from the start, so that a kill leaves nothing that readers
 * would not find and remove; its magic is written last, so that they never take
 * half a page for one.
 */
#include "job/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/time.h"
#include "job/jobs.h"
#include "job/page_file.h"
#include "job/process.h"
#include "job/rundir.h"

/* One run in so many, by chance, looks for pages to remove. */
#define TIDY_EVERY 256

struct page {
	struct page_file *file;
	bool              shared;       /* a mapped file, not private memory */
};

static struct page_file *
map_file(int fd)
{
	struct page_file *file;

	if (ftruncate(fd, sizeof(*file)) < 0)
		return NULL;
	file = mmap(NULL, sizeof(*file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return file == MAP_FAILED ? NULL : file;
}

/* Does the name before "=" promise something that must not be shown? */
static bool
is_secret(struct str name)
{
	static const char *const words[] = {
		"password", "passwd", "secret", "token", "key.pem", "credential"
	};

	for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++)
		for (size_t i = 0; i + strlen(words[w]) <= name.n; i++)
			if (memcmp(name.p + i, words[w], strlen(words[w])) == 0)
				return true;
	return false;
}

static void
put_args(struct page_file *file, int argc, char *const *argv)
{
	bool masked = false; /* the argument is the value of "--oauth-token-command", say */

	for (int i = 1; i < argc; i++) {
		const char *equals = strchr(argv[i], '=');
		size_t room = sizeof(file->args) - file->args_n;
		char *to = file->args + file->args_n;
		int n;

		if (!masked && equals != NULL &&
		    is_secret((struct str){ argv[i], (size_t)(equals - argv[i]) }))
			n = snprintf(to, room, "%.*s=***", (int)(equals - argv[i]), argv[i]);
		else
			n = snprintf(to, room, "%s", masked ? "***" : argv[i]);
		masked = !masked && equals == NULL && str_starts(str_of(argv[i]), STR("--")) &&
		         is_secret(str_of(argv[i]));
		if (n < 0 || (size_t)n >= room)
			return;
		file->args_n += (uint32_t)n + 1;
	}
}

static void
fill(struct page_file *file, const struct process *self, const char *tool, int argc,
     char *const *argv)
{
	const char *name = getenv("MAIP_JOB_NAME");
	const char *id = getenv("MAIP_JOB_ID");

	file->layout = PAGE_LAYOUT;
	atomic_store(&file->stats.watermark, TIME_MIN);
	file->pid = (int32_t)self->pid;
	file->start = self->start;
	file->started_ms = clock_wall_ms();
	file->stdin_pipe = process_pipe(self->pid, STDIN_FILENO);
	file->stdout_pipe = process_pipe(self->pid, STDOUT_FILENO);
	snprintf(file->tool, sizeof(file->tool), "%s", tool);
	if (name != NULL)
		snprintf(file->job_name, sizeof(file->job_name), "%s", name);
	if (id != NULL && strlen(id) == 32)
		memcpy(file->job_id, id, 33);
	put_args(file, argc, argv);
	atomic_thread_fence(memory_order_release);
	memcpy(file->magic, PAGE_MAGIC, sizeof(file->magic));
}

void
page_name(char to[64], const struct process *owner)
{
	snprintf(to, 64, "%ld-%llu" PAGE_SUFFIX, (long)owner->pid,
	         (unsigned long long)owner->start);
}

/* A new file: a name that exists is that of a process before the last boot. */
static int
create(int dir, const char *name)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags, 0600);

	if (fd < 0 && errno == EEXIST && unlinkat(dir, name, 0) == 0)
		fd = openat(dir, name, flags, 0600);
	return fd;
}

/* The page in the run directory, or NULL with *told. */
static struct page_file *
make_file(const char *tool, int argc, char *const *argv, struct err *told)
{
	const struct process self = { getpid(), process_start(getpid()) };
	char path[RUNDIR_PATH_MAX], name[64];
	struct page_file *file = NULL;
	int dir = rundir_open(path, told);
	int fd;

	if (dir < 0)
		return NULL;
	page_name(name, &self);
	fd = create(dir, name);
	if (fd >= 0)
		file = map_file(fd);
	if (file != NULL)
		fill(file, &self, tool, argc, argv);
	else
		fail_as(told, STATUS_CONFIG, "cannot write a status page in %s: %s", path,
		        strerror(errno));
	if (fd >= 0 && file == NULL)
		unlinkat(dir, name, 0);
	if (fd >= 0)
		close(fd);
	close(dir);
	return file;
}

struct page *
page_register(const char *tool, int argc, char *const *argv, struct err *told)
{
	struct page *p = mem_zalloc(1, sizeof(*p));

	p->file = make_file(tool, argc, argv, told);
	p->shared = p->file != NULL;
	if (!p->shared)
		p->file = mem_zalloc(1, sizeof(*p->file));
	return p;
}

struct pipe_stats *
page_stats(struct page *p)
{
	return &p->file->stats;
}

static bool
wants_drain(void *self)
{
	const struct page *p = self;

	return atomic_load(&p->file->request) == PAGE_REQUEST_DRAIN;
}

static bool
is_fed(void *self)
{
	const struct page *p = self;

	return atomic_load(&p->file->request) != PAGE_REQUEST_NONE && !wants_drain(self) &&
	       atomic_load(&p->file->fed) != 0;
}

void
page_lend(struct page *p, struct pipe_env *env)
{
	env->stats = page_stats(p);
	env->is_fed = is_fed;
	env->wants_drain = wants_drain;
	env->asked_self = p;
}

enum page_request
page_request(const struct page *p, int64_t *grace_ms)
{
	const enum page_request request = (enum page_request)atomic_load(&p->file->request);

	*grace_ms = atomic_load(&p->file->grace_ms);
	return request;
}

void
page_ask(struct page *p, int64_t grace_ms)
{
	int64_t unused;

	if (page_request(p, &unused) != PAGE_REQUEST_NONE)
		return;
	atomic_store(&p->file->grace_ms, grace_ms);
	atomic_store(&p->file->request, PAGE_REQUEST_CANCEL);
}

void
page_killed(struct page *p, size_t n)
{
	atomic_fetch_add(&p->file->killed, (int32_t)n);
}

void
page_job(struct page *p, const char *job_id)
{
	snprintf(p->file->job_id, sizeof(p->file->job_id), "%s", job_id);
}

void
page_finish(struct page *p, enum status status)
{
	atomic_store(&p->file->status, (int32_t)status);
	atomic_store(&p->file->ended_ms, clock_wall_ms());
	if (p->shared && clock_monotonic_ns() / 64 % TIDY_EVERY == 0)
		jobs_tidy(clock_wall_ms());
	if (p->shared)
		munmap(p->file, sizeof(*p->file));
	else
		free(p->file);
	free(p);
}
