/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.c - find the stages, follow the pipes, name the jobs
 *
 * Stages are few (a person's pipelines on one machine), so everything here is
 * a plain walk over arrays; what must be right is the trust: a page is looked at only after
 * its size, magic and owner are checked, and every text in it is cut where its field ends.
 */
#define XXH_INLINE_ALL
#include "job/jobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/utf8.h"
#include "job/page.h"
#include "job/rundir.h"

/* How long an ended job stays in the list, as in Flink's job store. */
#define KEEP_MS  3600000
#define PAGES_MAX  4096                 /* pages that are looked at */
/* Of stages that are over, once there are more than PAGES_MAX pages. */
#define PAGES_KEPT 1024

const char *const job_state_words[] = {
	"RUNNING", "CANCELLING", "FINISHED", "CANCELED", "FAILED", NULL
};

struct stages {
	struct job_stage *list;
	size_t            n, cap;
};

/* ---- pages */

static bool
is_time(int64_t t)
{
	return t >= 0 && t <= TIME_LAST;
}

/* Times are what is calculated with, so they have to be some. */
static bool
is_page(const struct page_file *page, const struct process *owner)
{
	bool right = memcmp(page->magic, PAGE_MAGIC, sizeof(page->magic)) == 0 &&
	             page->layout == PAGE_LAYOUT;

	right = right && page->pid == owner->pid && page->start == owner->start;
	right = right && is_time(page->started_ms) && is_time(atomic_load(&page->ended_ms));
	right = right && atomic_load(&page->stats.started_ns) >= 0 &&
	        atomic_load(&page->stats.waiting_since) >= 0;
	for (int i = 0; i < STATS_STEPS; i++)
		right = right && atomic_load(&page->stats.marks[i].at_ns) >= 0;
	return right;
}

static struct page_file *
map_page(int dir, const char *name, const struct process *owner)
{
	int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct page_file *page = MAP_FAILED;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    st.st_size == sizeof(*page))
		page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return NULL;
	if (!is_page(page, owner)) {
		munmap(page, sizeof(*page));
		return NULL;
	}
	return page;
}

void
job_text(char *to, size_t to_size, const char *from, size_t from_size)
{
	const char *const end = from + strnlen(from, from_size);
	size_t n = 0;

	while (from < end) {
		const size_t len = utf8_length(from, end);
		const bool plain =
			len > 1 || (len == 1 && (unsigned char)*from >= ' ' && *from != 127);

		if (n + (len > 0 ? len : 1) >= to_size)
			break;
		memcpy(to + n, plain ? from : "?", plain ? len : 1);
		n += plain ? len : 1;
		from += len > 0 ? len : 1;
	}
	to[n] = '\0';
}

static void
hex_id(char to[ID_SIZE], const char *what, const struct process *p)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "%s %ld %llu", what, (long)p->pid,
	                 (unsigned long long)p->start);
	XXH128_hash_t h = XXH3_128bits(text, (size_t)n);

	snprintf(to, ID_SIZE, "%016llx%016llx", (unsigned long long)h.high64,
	         (unsigned long long)h.low64);
}

static struct job_stage *
add_stage(struct stages *s)
{
	struct job_stage *stage;

	s->list = mem_more(s->list, s->n, &s->cap, sizeof(*s->list));
	stage = &s->list[s->n++];
	*stage = (struct job_stage){ 0 };
	return stage;
}

/* Waits for a job, and is no stage of it: the pipes that it holds are those of its stages. */
static bool
is_runner(const struct job_stage *s)
{
	return s->page != NULL && s->page->job_id[0] != '\0' &&
	       strncmp(s->page->tool, PAGE_RUNNER, sizeof(s->page->tool)) == 0;
}

static void
add_page(struct stages *s, struct page_file *page)
{
	struct job_stage *stage = add_stage(s);

	stage->page = page;
	stage->process = (struct process){ page->pid, page->start };
	stage->in = is_runner(stage) ? 0 : page->stdin_pipe;
	stage->out = is_runner(stage) ? 0 : page->stdout_pipe;
	stage->alive = atomic_load(&page->ended_ms) == 0 && process_alive(&stage->process);
	job_text(stage->name, sizeof(stage->name), page->tool, sizeof(page->tool));
	hex_id(stage->vertex, "vertex", &stage->process);
}

/* When the stage ended. A killed one did not write it down: the last time that it waited for
 * something is the best guess. */
static int64_t
stage_end(const struct job_stage *s, int64_t now_ms)
{
	int64_t ended;

	if (s->alive || s->page == NULL)
		return s->alive ? now_ms : 0;
	ended = atomic_load(&s->page->ended_ms);
	if (ended == 0)
		ended = s->page->started_ms + (atomic_load(&s->page->stats.waiting_since) -
		                               atomic_load(&s->page->stats.started_ns)) /
		                                      1000000;
	return ended > now_ms ? now_ms : ended;
}

/* The process that a file is named after. False: it is not named as a page. */
static bool
named_process(const char *name, struct process *to)
{
	char *end;
	const long pid = strtol(name, &end, 10);

	if (pid <= 0 || pid > INT_MAX || *end != '-' || end[1] < '0' || end[1] > '9')
		return false;
	*to = (struct process){ .pid = (pid_t)pid, .start = strtoull(end + 1, &end, 10) };
	return strcmp(end, PAGE_SUFFIX) == 0;
}

/* A file that is no page was being made when its process was killed, or is spoilt; keep it as
 * long as any other. */
static bool
is_refuse(int dir, const char *name, const struct process *owner, int64_t now_ms)
{
	struct stat st;

	return !process_alive(owner) && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now_ms / 1000 - (int64_t)st.st_mtim.tv_sec > KEEP_MS / 1000;
}

static void
remove_page(int dir, const struct job_stage *s)
{
	char name[64];

	page_name(name, &s->process);
	unlinkat(dir, name, 0);
	munmap(s->page, sizeof(*s->page));
}

static void
read_page(struct stages *s, int dir, const char *name, int64_t now_ms)
{
	struct process owner;
	struct page_file *page;
	struct job_stage *stage;

	if (!named_process(name, &owner))
		return;
	page = map_page(dir, name, &owner);
	if (page == NULL) {
		if (is_refuse(dir, name, &owner, now_ms))
			unlinkat(dir, name, 0);
		return;
	}
	add_page(s, page);
	stage = &s->list[s->n - 1];
	stage->ended_ms = stage->alive ? INT64_MAX : stage_end(stage, now_ms);
	if (!stage->alive && now_ms - stage_end(stage, now_ms) > KEEP_MS) {
		remove_page(dir, stage);
		s->n--;
	}
}

static int
later_end_first(const void *a, const void *b)
{
	const struct job_stage *x = a, *y = b;

	return (x->ended_ms < y->ended_ms) - (x->ended_ms > y->ended_ms);
}

/* A shell loop can leave thousands of pages an hour: of those that are over, keep the newest. */
static void
make_room(struct stages *s, int dir)
{
	size_t alive = 0;

	qsort(s->list, s->n, sizeof(*s->list), later_end_first);
	while (alive < s->n && s->list[alive].alive)
		alive++;
	while (s->n > alive + PAGES_KEPT)
		remove_page(dir, &s->list[--s->n]);
}

static int
read_pages(struct stages *s, int64_t now_ms, struct err *err)
{
	char path[RUNDIR_PATH_MAX];
	int dir = rundir_open(path, err);
	struct dirent *entry;
	DIR *d;

	if (dir < 0)
		return -1;
	d = fdopendir(dir);
	if (d == NULL) {
		fail_as(err, STATUS_CONFIG, "cannot read %s: %s", path, strerror(errno));
		close(dir);
		return -1;
	}
	while (s->n < PAGES_MAX && (entry = readdir(d)) != NULL) {
		read_page(s, dir, entry->d_name, now_ms);
		if (s->n == PAGES_MAX)
			make_room(s, dir);
	}
	closedir(d);
	return 0;
}

/* ---- filters that are not ours: only those that a pipe connects to one of our stages matter
 * later */

static bool
known_pid(const struct stages *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].alive && s->list[i].process.pid == pid)
			return true;
	return false;
}

/* What /proc calls it. */
static void
foreign_name(char to[32], pid_t pid)
{
	char path[64], comm[32] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	f = fopen(path, "re");
	if (f != NULL && fgets(comm, sizeof(comm), f) != NULL)
		comm[strcspn(comm, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
	job_text(to, 32, comm, sizeof(comm));
}

static void
add_foreign(struct stages *s, pid_t pid)
{
	const uint64_t in = process_pipe(pid, STDIN_FILENO);
	const uint64_t out = in == 0 ? 0 : process_pipe(pid, STDOUT_FILENO);
	struct job_stage *stage;

	if (in == 0 || out == 0)
		return;
	stage = add_stage(s);
	stage->process = (struct process){ pid, process_start(pid) };
	stage->in = in;
	stage->out = out;
	stage->alive = stage->process.start != 0;
	foreign_name(stage->name, pid);
	hex_id(stage->vertex, "vertex", &stage->process);
}

bool
jobs_neighbour(uint64_t pipe, int fd, char name[32])
{
	DIR *proc = pipe == 0 ? NULL : opendir("/proc");
	pid_t found = 0, pid;

	while (proc != NULL && (pid = process_next(proc)) != 0) {
		pid_t parent = 0;

		if (process_pipe(pid, fd) != pipe || process_look(pid, &parent) == 0)
			continue;
		if (found == 0 || parent == found)
			found = pid;
	}
	if (proc != NULL)
		closedir(proc);
	if (found != 0)
		foreign_name(name, found);
	return found != 0;
}

static void
read_foreign(struct stages *s)
{
	DIR *proc = opendir("/proc");
	pid_t pid;

	while (proc != NULL && (pid = process_next(proc)) != 0)
		if (!known_pid(s, pid))
			add_foreign(s, pid);
	if (proc != NULL)
		closedir(proc);
}

/* ---- jobs */

#define NOWHERE SIZE_MAX

static bool
same_job_id(const struct job_stage *a, const struct job_stage *b)
{
	return a->page != NULL && b->page != NULL && a->page->job_id[0] != '\0' &&
	       strncmp(a->page->job_id, b->page->job_id, sizeof(a->page->job_id)) == 0;
}

/* Pipes connect; so does the id that came down the pipe. An inode number may be used again, but
 * not while either end lives. */
static bool
connected(const struct job_stage *a, const struct job_stage *b)
{
	bool piped = (a->out != 0 && a->out == b->in) || (b->out != 0 && b->out == a->in);

	return same_job_id(a, b) ||
	       (piped && ((a->alive && b->alive) || (a->page != NULL && b->page != NULL)));
}

/* Give every stage that is reachable from first the group's number. */
static void
mark_group(const struct stages *s, size_t *group, size_t first, size_t number)
{
	bool grown = true;

	group[first] = number;
	while (grown) {
		grown = false;
		for (size_t i = 0; i < s->n; i++)
			for (size_t j = 0; group[i] == number && j < s->n; j++)
				if (group[j] == NOWHERE && connected(&s->list[i], &s->list[j])) {
					group[j] = number;
					grown = true;
				}
	}
}

/* In the order of the data: a stage comes after the one that writes what it reads. */
static void
sort_stages(struct job *job)
{
	for (size_t placed = 0; placed < job->n; placed++) {
		size_t next = placed;

		for (size_t i = placed; i < job->n; i++) {
			bool fed = false;

			for (size_t k = placed; k < job->n; k++)
				fed = fed || (k != i && job->stages[i].in != 0 &&
				              job->stages[k].out == job->stages[i].in);
			if (!fed) {
				next = i;
				break;
			}
		}
		struct job_stage s = job->stages[next];
		memmove(&job->stages[placed + 1], &job->stages[placed],
		        (next - placed) * sizeof(s));
		job->stages[placed] = s;
	}
}

/* What is known of a job while its stages go by. */
struct verdict {
	bool alive, asked, bad;
};

static void
judge_stage(struct job *job, const struct job_stage *s, int64_t now_ms, struct verdict *v)
{
	v->alive = v->alive || s->alive;
	v->asked = v->asked || atomic_load(&s->page->request) != PAGE_REQUEST_NONE;
	v->bad = v->bad || (!s->alive && (atomic_load(&s->page->ended_ms) == 0 ||
	                                  atomic_load(&s->page->status) != 0));
	if (s->page->started_ms < job->start_ms)
		job->start_ms = s->page->started_ms;
	if (stage_end(s, now_ms) > job->end_ms)
		job->end_ms = stage_end(s, now_ms);
}

/* It ends when all that it has started has. Of one that was killed the stages alone can tell. */
static void
judge_runner(struct job *job, int64_t now_ms, struct verdict *v)
{
	const struct job_stage *r = job->runner;

	v->asked = v->asked || atomic_load(&r->page->request) != PAGE_REQUEST_NONE;
	if (job->n == 0 || r->alive || atomic_load(&r->page->ended_ms) != 0)
		judge_stage(job, r, now_ms, v);
}

static void
judge(struct job *job, int64_t now_ms)
{
	struct verdict v = { false, false, false };

	job->start_ms = INT64_MAX;
	job->end_ms = 0;
	for (size_t i = 0; i < job->n; i++)
		if (job->stages[i].page != NULL)
			judge_stage(job, &job->stages[i], now_ms, &v);
	if (job->runner != NULL)
		judge_runner(job, now_ms, &v);
	job->state = v.alive   ? (v.asked ? JOB_CANCELLING : JOB_RUNNING)
	             : v.asked ? JOB_CANCELED
	             : v.bad   ? JOB_FAILED
	                       : JOB_FINISHED;
	if (v.alive)
		job->end_ms = -1;
}

static void
name_job(struct job *job)
{
	size_t used = 0;

	for (size_t i = 0; i < job->n_all; i++) {
		const struct page_file *page = job->stages[i].page;

		if (page != NULL && page->job_id[0] != '\0' && job->id[0] == '\0')
			job_text(job->id, sizeof(job->id), page->job_id, sizeof(page->job_id));
		if (page != NULL && page->job_name[0] != '\0' && job->name[0] == '\0')
			job_text(job->name, sizeof(job->name), page->job_name,
			         sizeof(page->job_name));
	}
	if (job->id[0] == '\0')
		hex_id(job->id, "job", &job->stages[0].process);
	if (job->name[0] != '\0')
		return;
	if (job->n == 0)
		snprintf(job->name, sizeof(job->name), "pipeline");
	for (size_t i = 0; i < job->n && used < sizeof(job->name) - 40; i++)
		used += (size_t)snprintf(job->name + used, sizeof(job->name) - used, "%s%s",
		                         i > 0 ? " | " : "", job->stages[i].name);
}

static void
add_job(struct jobs *to, size_t *cap, const struct stages *s, const size_t *group, size_t number)
{
	struct job *job;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += group[i] == number;
	to->list = mem_more(to->list, to->n, cap, sizeof(*to->list));
	job = &to->list[to->n++];
	*job = (struct job){ .stages = mem_zalloc(n, sizeof(*s->list)) };
	for (size_t i = 0; i < s->n; i++)
		if (group[i] == number && !is_runner(&s->list[i]))
			job->stages[job->n++] = s->list[i];
	n = job->n;
	for (size_t i = 0; i < s->n; i++)       /* behind the stages */
		if (group[i] == number && is_runner(&s->list[i]))
			job->stages[n++] = s->list[i];
	job->n_all = n;
	job->runner = n > job->n ? &job->stages[job->n] : NULL;
	sort_stages(job);
	name_job(job);
}

static int
newer_first(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return x->start_ms != y->start_ms
	               ? (x->start_ms < y->start_ms) - (x->start_ms > y->start_ms)
	               : strcmp(x->id, y->id);
}

int
jobs_read(struct jobs *to, int64_t now_ms, struct err *err)
{
	struct stages s = { 0 };
	size_t *group, cap = 0;

	*to = (struct jobs){ 0 };
	if (read_pages(&s, now_ms, err) < 0) {
		free(s.list);
		return -1;
	}
	read_foreign(&s);
	group = mem_zalloc(s.n, sizeof(*group));
	for (size_t i = 0; i < s.n; i++)
		group[i] = NOWHERE;
	for (size_t i = 0; i < s.n; i++)
		if (group[i] == NOWHERE && s.list[i].page != NULL) {
			mark_group(&s, group, i, i);
			add_job(to, &cap, &s, group, i);
		}
	for (size_t i = 0; i < to->n; i++)
		judge(&to->list[i], now_ms);
	if (to->n > 1)
		qsort(to->list, to->n, sizeof(*to->list), newer_first);
	free(group);
	free(s.list);
	return 0;
}

void
jobs_tidy(int64_t now_ms)
{
	struct stages s = { 0 };
	struct err ignored;

	if (read_pages(&s, now_ms, &ignored) == 0)
		for (size_t i = 0; i < s.n; i++)
			munmap(s.list[i].page, sizeof(*s.list[i].page));
	free(s.list);
}

void
jobs_release(struct jobs *j)
{
	for (size_t i = 0; i < j->n; i++) {
		for (size_t k = 0; k < j->list[i].n_all; k++)
			if (j->list[i].stages[k].page != NULL)
				munmap(j->list[i].stages[k].page, sizeof(struct page_file));
		free(j->list[i].stages);
	}
	free(j->list);
	*j = (struct jobs){ 0 };
}

struct job *
jobs_find(const struct jobs *j, struct str id, struct err *err)
{
	char quoted[QUOTE_MAX];

	for (size_t i = 0; i < j->n; i++)
		if (str_eq(str_of(j->list[i].id), id))
			return &j->list[i];
	fail_as(err, STATUS_NOINPUT, "no job %s (maip-jobctl list shows them)", quote(quoted, id));
	return NULL;
}

/* ---- stopping */

/* Flink's cancel fires nothing. A stage that sees no control lines would take the end of its
 * input for its completion, so it is told itself, before its upstream is. */
static bool
told_by_itself(const struct job_stage *s, enum page_request request)
{
	return request != PAGE_REQUEST_DRAIN && atomic_load(&s->page->stats.has_hello) == 0;
}

static int
signal_stage(const struct job_stage *s, int number, struct err *err)
{
	if (process_signal(&s->process, number) == 0 || errno == ESRCH)
		return 0;
	return fail_as(err, STATUS_DENIED, "cannot stop %s (pid %ld): %s", s->name,
	               (long)s->process.pid, strerror(errno));
}

/* Does none of the job's stages that live write what s reads, be it by way of other filters? */
static bool
is_source(const struct job *job, const struct job_stage *s)
{
	uint64_t in = s->in;

	for (size_t steps = 0; in != 0 && steps < job->n; steps++) {
		const struct job_stage *feeder = NULL;

		for (size_t i = 0; i < job->n; i++)
			if (job->stages[i].alive && job->stages[i].out == in)
				feeder = &job->stages[i];
		if (feeder != NULL && feeder->page != NULL)
			return false;
		in = feeder == NULL ? 0 : feeder->in;
	}
	return true;
}

static void
mark_stages(const struct job *job, enum page_request request)
{
	for (size_t i = 0; i < job->n; i++) {
		const struct job_stage *s = &job->stages[i];

		if (s->page == NULL || !s->alive)
			continue;
		atomic_store(&s->page->fed, !is_source(job, s));
		atomic_store(&s->page->request, (int32_t)request);
	}
}

int
job_tell(const struct job *job, enum page_request request, struct err *err)
{
	mark_stages(job, request);
	for (size_t i = job->n; i-- > 0;) {
		const struct job_stage *s = &job->stages[i];

		if (s->page == NULL || !s->alive)
			continue;
		if ((told_by_itself(s, request) || atomic_load(&s->page->fed) == 0) &&
		    signal_stage(s, SIGTERM, err) < 0)
			return -1;
		(void)process_signal(&s->process, SIGCONT);
	}
	return 0;
}

int
job_wait(const struct job *job, int64_t grace_ms, size_t *killed, struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + grace_ms;

	*killed = 0;
	for (size_t i = 0; i < job->n; i++) {
		const struct job_stage *s = &job->stages[i];
		int64_t left = deadline - clock_monotonic_ms();

		/* Behind a stage that was killed the input has ended only now. */
		if (*killed > 0 && left < JOB_AFTER_KILL_MS)
			left = JOB_AFTER_KILL_MS;
		if (s->page == NULL || !s->alive || process_wait(&s->process, left < 0 ? 0 : left))
			continue;
		if (signal_stage(s, SIGKILL, err) < 0)
			return -1;
		process_wait(&s->process, 5000);
		(*killed)++;
	}
	return 0;
}

bool
job_has_ended(const struct job *job)
{
	for (size_t i = 0; i < job->n; i++)
		if (job->stages[i].page != NULL && job->stages[i].alive &&
		    process_alive(&job->stages[i].process))
			return false;
	return true;
}

int
job_stop(const struct job *job, enum page_request request, int64_t grace_ms, size_t *killed,
         struct err *err)
{
	/* in which those that are killed end, and those behind them */
	const int64_t margin_ms = 2 * JOB_AFTER_KILL_MS * (1 + (int64_t)job->n);
	const struct job_stage *const runner = job->runner;
	struct page_file *page;

	*killed = 0;
	if (runner == NULL || !runner->alive)
		return job_tell(job, request, err) < 0 ? -1
		                                       : job_wait(job, grace_ms, killed, err);
	page = runner->page;
	if (atomic_load(&page->request) == PAGE_REQUEST_NONE) {
		atomic_store(&page->grace_ms, grace_ms);
		atomic_store(&page->request, (int32_t)request);
	}
	if (signal_stage(runner, SIGTERM, err) < 0)
		return -1;
	(void)process_signal(&runner->process, SIGCONT);
	process_wait(&runner->process, grace_ms + margin_ms);
	*killed = (size_t)atomic_load(&page->killed);
	return 0;
}
