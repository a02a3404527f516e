/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-jobctl show - the stages of one job, with what they have read and written
 */
#include "jobctl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "print.h"

static const struct opt opts[] = { OPT_END };

const struct tool show_tool = {
	.name = "maip-jobctl show", .parent = &jobctl_tool, .operands = "JOB", .opts = opts,
	.summary = "the stages of a job: state, records, watermark",
	.operand_call = "--timeout 1s list --words",
};

static const char *const columns[] = {
	"job", "stage", "state", "parallelism", "records_in", "records_out", "bytes_in",
	"bytes_out", "watermark", "pid", "command", NULL
};

/* The lowest watermark of a vertex's subtasks; TIME_MIN: none. */
static int64_t
watermark(const struct manager *m, const char *job, const char *vertex)
{
	int64_t lowest = TIME_MAX;
	const cJSON *one;
	struct err err;
	char path[128];
	cJSON *answer;

	snprintf(path, sizeof(path), "/jobs/%s/vertices/%s/watermarks", job, vertex);
	answer = jobctl_get(m, path, &err);
	cJSON_ArrayForEach(one, answer) {
		int64_t ts = strtoll(member_text(one, "value"), NULL, 10);

		if (ts < lowest)
			lowest = ts;
	}
	cJSON_Delete(answer);
	return lowest == TIME_MAX ? TIME_MIN : lowest;
}

static const char *
description(const cJSON *job, const char *vertex)
{
	const cJSON *node;

	cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(
					 cJSON_GetObjectItemCaseSensitive(job, "plan"),
					 "nodes")) if (strcmp(member_text(node, "id"), vertex) ==
	                                               0) return member_text(node, "description");
	return "";
}

static void
print_vertex(struct printer *p, const struct manager *m, const cJSON *job, const cJSON *v)
{
	const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(v, "metrics");
	int64_t ts = watermark(m, member_text(job, "jid"), member_text(v, "id"));

	print_text(p, member_text(job, "name"));
	print_text(p, member_text(v, "name"));
	print_text(p, member_text(v, "status"));
	print_int(p, member_int(v, "parallelism"));
	print_int(p, member_int(metrics, "read-records"));
	print_int(p, member_int(metrics, "write-records"));
	print_int(p, member_int(metrics, "read-bytes"));
	print_int(p, member_int(metrics, "write-bytes"));
	if (ts < TIME_FIRST || ts > TIME_LAST)
		print_none(p);
	else
		print_time(p, ts);
	if (cJSON_HasObjectItem(v, "pid"))
		print_int(p, member_int(v, "pid"));
	else
		print_none(p);
	print_text(p, description(job, member_text(v, "id")));
}

static enum status
run(const struct jobctl *ctl, const struct manager *m, int argc, char **argv)
{
	struct job_name job;
	struct printer *p;
	cJSON *answer;
	const cJSON *v;
	struct err err;

	if (argc != 1)
		die(STATUS_USAGE, "show wants one JOB (maip-jobctl list shows them)");
	if (job_resolve(m, argv[0], &job, &err) < 0)
		return jobctl_failed(&err);
	answer = jobctl_job(m, &job, &err);
	if (answer == NULL)
		return jobctl_failed(&err);
	p = printer_new(columns, ctl->json);
	cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(answer, "vertices"))
		print_vertex(p, m, answer, v);
	cJSON_Delete(answer);
	return printer_finish(p);
}

const struct command command_show = { &show_tool, run, NULL };
