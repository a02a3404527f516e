/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.c - Flink's REST answers, made from the status pages of this machine
 *
 * A stage is a vertex of parallelism 1. Shapes and members are those that a live Flink 2.3 sends;
 * where a pipeline has nothing of the kind (slots, attempts), the value is Flink's own for
 * "none".
 */
#include "job/manager.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "job/jobs.h"

struct local {
	int64_t   grace_ms;
	int64_t (*clock_ms)(void);
};

static const char *const execution_states[] = {
	"CREATED", "SCHEDULED", "DEPLOYING", "RUNNING", "FINISHED", "CANCELING", "CANCELED",
	"FAILED", "RECONCILING", "INITIALIZING", NULL
};
static const char *const execution_words[] = {
	"created", "scheduled", "deploying", "running", "finished", "canceling", "canceled",
	"failed", "reconciling", "initializing", NULL
};

/* Index in the tables above. */
static int
execution_state(const struct job_stage *s)
{
	bool asked = s->page != NULL && atomic_load(&s->page->request) != PAGE_REQUEST_NONE;

	if (s->alive)
		return asked ? 5 : 3;
	if (asked)
		return 6;
	return s->page == NULL || (atomic_load(&s->page->ended_ms) != 0 &&
	                           atomic_load(&s->page->status) == 0)
	               ? 4
	               : 7;
}

static void
add_number(cJSON *to, const char *name, int64_t v)
{
	cJSON_AddNumberToObject(to, name, (double)v);
}

static cJSON *
count_states(const struct job *job, const struct job_stage *only, const char *const *words)
{
	cJSON *counts = cJSON_CreateObject();

	for (int w = 0; words[w] != NULL; w++) {
		int64_t n = 0;

		for (size_t i = 0; i < job->n; i++)
			if ((only == NULL || only == &job->stages[i]) &&
			    execution_state(&job->stages[i]) == w)
				n++;
		add_number(counts, words[w], n);
	}
	return counts;
}

static int64_t
duration(const struct job *job, int64_t now)
{
	return (job->end_ms < 0 ? now : job->end_ms) - job->start_ms;
}

static cJSON *
overview_job(const struct job *job, int64_t now)
{
	cJSON *o = cJSON_CreateObject(), *tasks = count_states(job, NULL, execution_words);

	cJSON_AddStringToObject(o, "jid", job->id);
	cJSON_AddStringToObject(o, "name", job->name);
	cJSON_AddStringToObject(o, "jobType", "STREAMING");
	cJSON_AddStringToObject(o, "schedulerType", "Default");
	add_number(o, "start-time", job->start_ms);
	add_number(o, "end-time", job->end_ms);
	add_number(o, "duration", duration(job, now));
	cJSON_AddStringToObject(o, "state", job_state_words[job->state]);
	add_number(o, "last-modification", job->end_ms < 0 ? job->start_ms : job->end_ms);
	add_number(tasks, "total", (int64_t)job->n);
	cJSON_AddItemToObject(o, "tasks", tasks);
	add_number(o, "pending-operators", 0);
	return o;
}

static cJSON *
overview(const struct jobs *jobs, int64_t now)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "jobs");

	for (size_t i = 0; i < jobs->n; i++)
		cJSON_AddItemToArray(list, overview_job(&jobs->list[i], now));
	return o;
}

/* Counters of a stage; of a foreign filter nothing is known. */
static cJSON *
io_metrics(const struct job_stage *s)
{
	static const struct pipe_stats unknown;
	const struct pipe_stats *p = s->page != NULL ? &s->page->stats : &unknown;
	cJSON *m = cJSON_CreateObject();
	int64_t idle = (int64_t)(atomic_load(&p->idle_ns) / 1000000),
		blocked = (int64_t)(atomic_load(&p->blocked_ns) / 1000000);
	int64_t life = (clock_monotonic_ns() - atomic_load(&p->started_ns)) / 1000000;

	add_number(m, "read-bytes", (int64_t)atomic_load(&p->bytes_in));
	cJSON_AddBoolToObject(m, "read-bytes-complete", s->page != NULL);
	add_number(m, "write-bytes", (int64_t)atomic_load(&p->bytes_out));
	cJSON_AddBoolToObject(m, "write-bytes-complete", s->page != NULL);
	add_number(m, "read-records", (int64_t)atomic_load(&p->records_in));
	cJSON_AddBoolToObject(m, "read-records-complete", s->page != NULL);
	add_number(m, "write-records", (int64_t)atomic_load(&p->records_out));
	cJSON_AddBoolToObject(m, "write-records-complete", s->page != NULL);
	add_number(m, "accumulated-backpressured-time", blocked);
	add_number(m, "accumulated-idle-time", idle);
	add_number(m, "accumulated-busy-time",
	           s->page == NULL || life < idle + blocked ? 0 : life - idle - blocked);
	return m;
}

static cJSON *
vertex(const struct job *job, const struct job_stage *s, int64_t now)
{
	cJSON *v = cJSON_CreateObject();
	int64_t start = s->page != NULL ? s->page->started_ms : job->start_ms;
	int64_t end = s->alive ? -1
	              : s->page != NULL && atomic_load(&s->page->ended_ms) != 0
	                      ? atomic_load(&s->page->ended_ms)
	                      : job->end_ms;

	cJSON_AddStringToObject(v, "id", s->vertex);
	cJSON_AddStringToObject(v, "slotSharingGroupId", job->id);
	cJSON_AddStringToObject(v, "name", s->name);
	add_number(v, "pid", s->process.pid);           /* not Flink's; its clients pass over it */
	add_number(v, "maxParallelism", 1);
	add_number(v, "parallelism", 1);
	cJSON_AddStringToObject(v, "status", execution_states[execution_state(s)]);
	add_number(v, "start-time", start);
	add_number(v, "end-time", end);
	add_number(v, "duration", (end < 0 ? now : end) - start);
	cJSON_AddItemToObject(v, "tasks", count_states(job, s, execution_states));
	cJSON_AddItemToObject(v, "metrics", io_metrics(s));
	return v;
}

/* A word as the shell would read it. */
static void
add_word(struct buf *to, const char *word)
{
	const size_t plain = strspn(
		word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@%+");

	if (plain > 0 && word[plain] == '\0') {
		buf_add_str(to, str_of(word));
		return;
	}
	buf_add_char(to, '\'');
	for (; *word != '\0'; word++)
		buf_add_str(to, *word == '\'' ? STR("'\\''") : (struct str){ word, 1 });
	buf_add_char(to, '\'');
}

/* "maip-window --tumbling 5m", as the plan's description of a stage. */
static void
describe(cJSON *node, const struct job_stage *s)
{
	const struct page_file *page = s->page;
	const size_t n = page == NULL                        ? 0
	                 : page->args_n < sizeof(page->args) ? page->args_n
	                                                     : sizeof(page->args);
	char word[sizeof(page->args) + 1];
	struct buf text;

	buf_init(&text, BUF_NO_MAX);
	buf_add_str(&text, str_of(s->name));
	for (size_t i = 0; i < n; i += strnlen(page->args + i, n - i) + 1) {
		job_text(word, sizeof(word), page->args + i, n - i);
		buf_add_char(&text, ' ');
		add_word(&text, word);
	}
	buf_add_char(&text, '\0');
	cJSON_AddStringToObject(node, "description", text.p);
	buf_release(&text);
}

static cJSON *
plan(const struct job *job)
{
	cJSON *p = cJSON_CreateObject(), *nodes;

	cJSON_AddStringToObject(p, "jid", job->id);
	cJSON_AddStringToObject(p, "name", job->name);
	cJSON_AddStringToObject(p, "type", "STREAMING");
	nodes = cJSON_AddArrayToObject(p, "nodes");
	for (size_t i = 0; i < job->n; i++) {
		cJSON *node = cJSON_CreateObject(), *input;

		cJSON_AddStringToObject(node, "id", job->stages[i].vertex);
		add_number(node, "parallelism", 1);
		cJSON_AddStringToObject(node, "operator", "");
		cJSON_AddStringToObject(node, "operator_strategy", "");
		describe(node, &job->stages[i]);
		cJSON_AddObjectToObject(node, "optimizer_properties");
		if (i > 0) {
			input = cJSON_CreateObject();
			add_number(input, "num", 0);
			cJSON_AddStringToObject(input, "id", job->stages[i - 1].vertex);
			cJSON_AddStringToObject(input, "ship_strategy", "FORWARD");
			cJSON_AddStringToObject(input, "exchange", "pipelined_bounded");
			cJSON_AddItemToArray(cJSON_AddArrayToObject(node, "inputs"), input);
		}
		cJSON_AddItemToArray(nodes, node);
	}
	return p;
}

static cJSON *
timestamps(const struct job *job)
{
	static const char *const states[] = { "FAILING",     "RESTARTING",   "RUNNING",
		                              "CREATED",     "CANCELLING",   "SUSPENDED",
		                              "RECONCILING", "INITIALIZING", "FINISHED",
		                              "FAILED",      "CANCELED",     NULL };
	cJSON *t = cJSON_CreateObject();

	for (int i = 0; states[i] != NULL; i++) {
		bool began = strcmp(states[i], "RUNNING") == 0 ||
		             strcmp(states[i], "CREATED") == 0 ||
		             strcmp(states[i], "INITIALIZING") == 0;

		add_number(t, states[i],
		           began                                                 ? job->start_ms
		           : strcmp(states[i], job_state_words[job->state]) == 0 ? job->end_ms
		                                                                 : 0);
	}
	return t;
}

static cJSON *
detail(const struct job *job, int64_t now)
{
	cJSON *o = cJSON_CreateObject(), *vertices;

	cJSON_AddStringToObject(o, "jid", job->id);
	cJSON_AddStringToObject(o, "application-id", job->id);
	cJSON_AddStringToObject(o, "name", job->name);
	cJSON_AddBoolToObject(o, "isStoppable", false);
	cJSON_AddStringToObject(o, "state", job_state_words[job->state]);
	cJSON_AddStringToObject(o, "job-type", "STREAMING");
	cJSON_AddStringToObject(o, "schedulerType", "Default");
	add_number(o, "start-time", job->start_ms);
	add_number(o, "end-time", job->end_ms);
	add_number(o, "duration", duration(job, now));
	add_number(o, "maxParallelism", -1);
	add_number(o, "now", now);
	cJSON_AddItemToObject(o, "timestamps", timestamps(job));
	vertices = cJSON_AddArrayToObject(o, "vertices");
	for (size_t i = 0; i < job->n; i++)
		cJSON_AddItemToArray(vertices, vertex(job, &job->stages[i], now));
	cJSON_AddItemToObject(o, "status-counts", count_states(job, NULL, execution_states));
	cJSON_AddItemToObject(o, "plan", plan(job));
	add_number(o, "pending-operators", 0);
	return o;
}

/* Flink's levels, from the share of time that a stage waited for its output. */
static const char *
level(double ratio)
{
	return ratio <= 0.10 ? "ok" : ratio <= 0.5 ? "low" : "high";
}

static double
thousandths(double share)
{
	return (double)(int)(share * 1000 + 0.5) / 1000;
}

/* Before the first stage and behind the last there may be a filter that is not ours. (Flink has no
 * such members.) */
static void
add_neighbours(cJSON *to, const struct job *job, const struct job_stage *s)
{
	char name[32];

	if (s == job->stages && jobs_neighbour(s->in, STDOUT_FILENO, name))
		cJSON_AddStringToObject(to, "writer", name);
	if (s == job->stages + job->n - 1 && jobs_neighbour(s->out, STDIN_FILENO, name))
		cJSON_AddStringToObject(to, "reader", name);
}

static cJSON *
backpressure(const struct job *job, const struct job_stage *s, int64_t now)
{
	cJSON *o = cJSON_CreateObject(), *subtask;
	struct stats_ratios r;

	if (s == NULL || s->page == NULL || !s->alive) {
		/* Flink's word for "not known" */
		cJSON_AddStringToObject(o, "status", "deprecated");
		return o;
	}
	r = stats_ratios(&s->page->stats, clock_monotonic_ns());
	cJSON_AddStringToObject(o, "status", "ok");
	cJSON_AddStringToObject(o, "backpressureLevel", level(r.blocked));
	add_number(o, "end-timestamp", now);
	subtask = cJSON_CreateObject();
	add_number(subtask, "subtask", 0);
	cJSON_AddStringToObject(subtask, "backpressureLevel", level(r.blocked));
	cJSON_AddNumberToObject(subtask, "ratio", thousandths(r.blocked));
	cJSON_AddNumberToObject(subtask, "idleRatio", thousandths(r.idle));
	cJSON_AddNumberToObject(subtask, "busyRatio", thousandths(r.busy));
	cJSON_AddStringToObject(subtask, "backpressure-level", level(r.blocked));
	cJSON_AddItemToArray(cJSON_AddArrayToObject(o, "subtasks"), subtask);
	cJSON_AddStringToObject(o, "backpressure-level", level(r.blocked));
	add_neighbours(o, job, s);
	return o;
}

static cJSON *
watermarks(const struct job_stage *s)
{
	cJSON *list = cJSON_CreateArray(), *one;
	char text[24];

	if (s == NULL || s->page == NULL)
		return list;
	snprintf(text, sizeof(text), "%" PRId64, atomic_load(&s->page->stats.watermark));
	one = cJSON_CreateObject();
	cJSON_AddStringToObject(one, "id", "0.currentInputWatermark");
	cJSON_AddStringToObject(one, "value", text);
	cJSON_AddItemToArray(list, one);
	return list;
}

/* ---- calls */

/* "/jobs/ID/vertices/V/backpressure" cut at its slashes; query cut off. */
#define PARTS_MAX 6

static size_t
split(struct str path, struct str parts[PARTS_MAX])
{
	size_t n = 0;

	for (size_t at = 0; at < path.n && path.p[at] != '?' && n < PARTS_MAX;) {
		size_t end = at + 1;

		while (end < path.n && path.p[end] != '/' && path.p[end] != '?')
			end++;
		if (end > at + 1)
			parts[n++] = str_slice(path, at + 1, end);
		at = end;
	}
	return n;
}

static const struct job_stage *
find_vertex(const struct job *job, struct str id)
{
	for (size_t i = 0; i < job->n; i++)
		if (str_eq(str_of(job->stages[i].vertex), id))
			return &job->stages[i];
	return NULL;
}

static int
stop(const struct local *l, const struct job *job, enum page_request request, cJSON **answer,
     struct err *err)
{
	size_t killed;

	if (job->end_ms >= 0)
		return fail_as(err, STATUS_USAGE, "job %.8s (%s) is over: %s", job->id, job->name,
		               job_state_words[job->state]);
	if (job_stop(job, request, l->grace_ms, &killed, err) < 0)
		return -1;
	*answer = cJSON_CreateObject();
	if (killed > 0)
		add_number(*answer, "killed", (int64_t)killed);
	return 0;
}

static int
get(const struct job *job, const struct str *parts, size_t n, int64_t now, cJSON **answer)
{
	if (n == 2)
		*answer = detail(job, now);
	else if (n == 5 && str_eq(parts[2], STR("vertices")) &&
	         str_eq(parts[4], STR("backpressure")))
		*answer = backpressure(job, find_vertex(job, parts[3]), now);
	else if (n == 5 && str_eq(parts[2], STR("vertices")) && str_eq(parts[4], STR("watermarks")))
		*answer = watermarks(find_vertex(job, parts[3]));
	return *answer != NULL ? 0 : -1;
}

static int
answer_job(const struct local *l, const char *method, const struct str *parts, size_t n,
           const cJSON *body, cJSON **answer, const struct job *job, struct err *err)
{
	bool drain = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "drain"));

	if (strcmp(method, "GET") == 0 && get(job, parts, n, l->clock_ms(), answer) == 0)
		return 0;
	if (strcmp(method, "PATCH") == 0 && n == 2)
		return stop(l, job, PAGE_REQUEST_CANCEL, answer, err);
	if (strcmp(method, "POST") == 0 && n == 3 && str_eq(parts[2], STR("stop")))
		return stop(l, job, drain ? PAGE_REQUEST_DRAIN : PAGE_REQUEST_STOP, answer, err);
	return fail_as(err, STATUS_NOINPUT, "local pipelines have nothing at %s", parts[n - 1].p);
}

static int
call(void *self, const char *method, const char *path, const cJSON *body, cJSON **answer,
     struct err *err)
{
	const struct local *l = self;
	struct str parts[PARTS_MAX];
	size_t n = split(str_of(path), parts);
	struct jobs jobs;
	struct job *job;
	int got = -1;

	*answer = NULL;
	if (n < 2 || !str_eq(parts[0], STR("jobs")))
		return fail_as(err, STATUS_NOINPUT, "local pipelines have nothing at %s", path);
	if (jobs_read(&jobs, l->clock_ms(), err) < 0)
		return -1;
	if (str_eq(parts[1], STR("overview"))) {
		*answer = overview(&jobs, l->clock_ms());
		got = 0;
	} else {
		job = jobs_find(&jobs, parts[1], err);
		got = job == NULL ? -1 : answer_job(l, method, parts, n, body, answer, job, err);
	}
	jobs_release(&jobs);
	return got;
}

void
manager_local(struct manager *to, int64_t grace_ms, int64_t (*clock_ms)(void))
{
	struct local *l = mem_zalloc(1, sizeof(*l));

	l->grace_ms = grace_ms;
	l->clock_ms = clock_ms;
	*to = (struct manager){ .self = l, .call = call, .close = free, .local = true };
}
