/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.c - look a job up in the overview
 */
#include "job/resolve.h"

#include <stdio.h>

#define PREFIX_MIN 4

static const char *
text_of(const cJSON *job, const char *member)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(job, member);

	return cJSON_IsString(v) ? v->valuestring : "";
}

bool
job_is_over(const char *state)
{
	return strcmp(state, "FINISHED") == 0 || strcmp(state, "CANCELED") == 0 ||
	       strcmp(state, "FAILED") == 0;
}

static bool
fits(const cJSON *job, const char *text)
{
	size_t n = strlen(text);

	return strcmp(text_of(job, "name"), text) == 0 ||
	       (n >= PREFIX_MIN && strncmp(text_of(job, "jid"), text, n) == 0);
}

static double
start_of(const cJSON *job)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(job, "start-time");

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

struct found {
	const cJSON *first, *last, *running, *newest;
	size_t       n, n_running;
};

static void
look(const cJSON *jobs, const char *text, struct found *f)
{
	const cJSON *job;

	cJSON_ArrayForEach(job, jobs) {
		if (!fits(job, text))
			continue;
		f->n++;
		f->first = f->first == NULL ? job : f->first;
		f->last = job;
		if (f->newest == NULL || start_of(job) > start_of(f->newest))
			f->newest = job;
		if (!job_is_over(text_of(job, "state"))) {
			f->n_running++;
			f->running = job;
		}
	}
}

int
job_resolve(const struct manager *m, const char *text, struct job_name *to, struct err *err)
{
	char quoted[QUOTE_MAX];
	struct found f = { 0 };
	const cJSON *it;
	cJSON *answer;
	int got = -1;

	if (m->call(m->self, "GET", "/jobs/overview", NULL, &answer, err) < 0)
		return -1;
	look(cJSON_GetObjectItemCaseSensitive(answer, "jobs"), text, &f);
	it = f.n == 1 ? f.first : f.n_running == 1 ? f.running : f.n_running == 0 ? f.newest : NULL;
	if (it != NULL) {
		snprintf(to->id, sizeof(to->id), "%s", text_of(it, "jid"));
		snprintf(to->name, sizeof(to->name), "%s", text_of(it, "name"));
		got = 0;
	} else if (f.n == 0) {
		fail_as(err, STATUS_NOINPUT, "no job %s (maip-jobctl list shows them)",
		        quote(quoted, str_of(text)));
	} else {
		fail_as(err, STATUS_NOINPUT,
		        "%s fits %zu jobs, %.8s and %.8s among them (give more of the id)",
		        quote(quoted, str_of(text)), f.n, text_of(f.first, "jid"),
		        text_of(f.last, "jid"));
	}
	cJSON_Delete(answer);
	return got;
}
