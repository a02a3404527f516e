/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-jobctl backpressure - which stage is the slow one
 *
 * A stage that waits for its output is back-pressured; the slow one is the first that is
 * not, behind the last that is. Where none is, it may be the source that the first waits for. Of
 * local pipelines both may be filters of others, known by the stage beside them alone.
 */
#include "jobctl.h"

#include <stdio.h>

#include "print.h"

static const struct opt opts[] = { OPT_END };

const struct tool backpressure_tool = {
	.name = "maip-jobctl backpressure", .parent = &jobctl_tool,
	.operands = "JOB [STAGE]", .opts = opts,
	.summary = "how long each stage was back-pressured, idle and busy in the last minute",
	.operand_call = "--timeout 1s list --words",
};

static const char *const columns[] = {
	"job", "stage", "subtask", "level", "backpressured", "idle", "busy", NULL
};

/* What is known of the slow stage while the stages go by in the order of the data. */
struct verdict {
	char waits[128];                /* the last stage that is back-pressured */
	char slow[128];                 /* the one behind it */
	char reader[128];               /* who is behind it when no stage is */
	/* while no stage is back-pressured: the source, and the first stage, which waits for it */
	char source[128], waits_for_source[128];
	/* slow is a filter that keeps no clocks: the next stage tells whether it is fed */
	bool unsure;
};

static void
judge(struct verdict *v, const char *stage, const char *level, const cJSON *answer)
{
	const cJSON *subtasks = cJSON_GetObjectItemCaseSensitive(answer, "subtasks");
	const bool idle = member_number(cJSON_GetArrayItem(subtasks, 0), "idleRatio") >= 0.5;
	const char *const writer = member_text(answer, "writer");

	if (strcmp(level, "ok") != 0) {
		*v = (struct verdict){ .waits = "" };
		snprintf(v->waits, sizeof(v->waits), "%s", stage);
		snprintf(v->reader, sizeof(v->reader), "%s", member_text(answer, "reader"));
	} else if (v->waits[0] != '\0' && (v->slow[0] == '\0' || (v->unsure && !idle))) {
		snprintf(v->slow, sizeof(v->slow), "%s", stage);
	} else if (v->waits[0] == '\0' && idle && *writer != '\0') {
		snprintf(v->source, sizeof(v->source), "%s", writer);
		snprintf(v->waits_for_source, sizeof(v->waits_for_source), "%s", stage);
	}
	v->unsure = false;
}

static void
judge_unknown(struct verdict *v, const char *stage)
{
	if (v->waits[0] == '\0' || v->slow[0] != '\0')
		return;
	snprintf(v->slow, sizeof(v->slow), "%s", stage);
	v->unsure = true;
}

static const char *
level_of(const cJSON *o)
{
	const char *level = member_text(o, "backpressureLevel");

	/* as older JobManagers spell it */
	return *level != '\0' ? level : member_text(o, "backpressure-level");
}

static void
print_subtask(struct printer *p, const char *job, const char *stage, const cJSON *s)
{
	print_text(p, job);
	print_text(p, stage);
	print_int(p, member_int(s, "subtask"));
	print_text(p, level_of(s));
	print_share(p, member_number(s, "ratio"));
	print_share(p, member_number(s, "idleRatio"));
	print_share(p, member_number(s, "busyRatio"));
}

static void
print_unknown(struct printer *p, const char *job, const char *stage)
{
	print_text(p, job);
	print_text(p, stage);
	for (int i = 0; i < 5; i++)
		print_none(p);
}

static int
print_vertex(struct printer *p, const struct manager *m, const struct job_name *job,
             const cJSON *vertex, struct verdict *v)
{
	const char *stage = member_text(vertex, "name");
	struct err err;
	const cJSON *s;
	char path[128];
	cJSON *answer;

	snprintf(path, sizeof(path), "/jobs/%s/vertices/%s/backpressure", job->id,
	         member_text(vertex, "id"));
	answer = jobctl_get(m, path, &err);
	if (answer == NULL)
		return (int)jobctl_failed(&err);
	if (strcmp(member_text(answer, "status"), "ok") != 0) {
		print_unknown(p, job->name, stage);
		judge_unknown(v, stage);
	} else {
		cJSON_ArrayForEach(s, cJSON_GetObjectItemCaseSensitive(answer, "subtasks"))
			print_subtask(p, job->name, stage, s);
		judge(v, stage, level_of(answer), answer);
	}
	cJSON_Delete(answer);
	return 0;
}

static void
print_verdict(struct printer *p, const struct verdict *v)
{
	const char *const slow = v->slow[0] != '\0'    ? v->slow
	                         : v->waits[0] != '\0' ? v->reader
	                                               : v->source;

	char line[320];

	if (*slow == '\0')
		return;
	snprintf(line, sizeof(line), "%s is the slow stage: %s waits for it", slow,
	         v->waits[0] != '\0' ? v->waits : v->waits_for_source);
	print_note(p, line);
}

static bool
wanted(const cJSON *vertex, const char *text)
{
	return text == NULL || strcmp(member_text(vertex, "name"), text) == 0 ||
	       (strlen(text) >= 4 && strncmp(member_text(vertex, "id"), text, strlen(text)) == 0);
}

static enum status
print_vertices(const struct jobctl *ctl, const struct manager *m, const struct job_name *job,
               const cJSON *answer, const char *only)
{
	struct printer *p = printer_new(columns, ctl->json);
	struct verdict verdict = { .waits = "" };
	char quoted[QUOTE_MAX];
	size_t shown = 0;
	const cJSON *v;
	int failed = 0;
	enum status status;

	cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(answer, "vertices"))
		if (wanted(v, only) && failed == 0) {
			failed = print_vertex(p, m, job, v, &verdict);
			shown++;
		}
	print_verdict(p, &verdict);
	status = printer_finish(p);
	if (failed != 0)
		return (enum status)failed;
	if (shown == 0 && only == NULL) {
		warn("%s has no stages (maip-jobctl list shows how many a job has)", job->name);
		return STATUS_NOINPUT;
	}
	if (shown == 0) {
		warn("%s has no stage %s (maip-jobctl show %s lists them)", job->name,
		     quote(quoted, str_of(only)), job->name);
		return STATUS_NOINPUT;
	}
	return status;
}

static enum status
run(const struct jobctl *ctl, const struct manager *m, int argc, char **argv)
{
	struct job_name job;
	enum status status;
	cJSON *answer;
	struct err err;

	if (argc < 1 || argc > 2)
		die(STATUS_USAGE, "backpressure wants a JOB, and perhaps one of its stages");
	if (job_resolve(m, argv[0], &job, &err) < 0)
		return jobctl_failed(&err);
	answer = jobctl_job(m, &job, &err);
	if (answer == NULL)
		return jobctl_failed(&err);
	status = print_vertices(ctl, m, &job, answer, argc == 2 ? argv[1] : NULL);
	cJSON_Delete(answer);
	return status;
}

const struct command command_backpressure = { &backpressure_tool, run, NULL };
