/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-jobctl cancel - end jobs at once: no window fires, nothing more is found
 */
#include "jobctl.h"

#include <stdio.h>

#include "print.h"

static int64_t grace_ms = 30000;
static bool no_wait;

static const struct opt opts[] = {
	OPT_MS(0, "grace", &grace_ms, "DURATION",
	       "wait so long; what still runs of a local job is killed then (default 30s)"),
	OPT_FLAG(0, "no-wait", &no_wait, "with -m: do not wait until the job is over"),
	OPT_END
};

const struct tool cancel_tool = {
	.name = "maip-jobctl cancel", .parent = &jobctl_tool, .operands = "JOB...", .opts = opts,
	.summary = "end jobs at once: no open window fires",
	.operand_call = "--timeout 1s list --words --running",
};

static const char *const columns[] = { "id", "name", "state", "killed", NULL };

static void
print_result(struct printer *p, const struct job_name *job, const char *state, const cJSON *answer)
{
	print_text(p, job->id);
	print_text(p, job->name);
	print_text(p, state);
	print_int(p, member_int(answer, "killed"));
}

static enum status
cancel(const struct manager *m, const char *text, struct printer *p)
{
	char path[64], state[16] = "CANCELLING";
	struct job_name job;
	cJSON *answer;
	struct err err;
	int over = 1;

	if (job_resolve(m, text, &job, &err) < 0)
		return jobctl_failed(&err);
	snprintf(path, sizeof(path), "/jobs/%s?mode=cancel", job.id);
	if (m->call(m->self, "PATCH", path, NULL, &answer, &err) < 0)
		return jobctl_failed(&err);
	if (!no_wait)
		over = jobctl_wait(m, &job, grace_ms, state, &err);
	if (over >= 0)
		print_result(p, &job, state, answer);
	cJSON_Delete(answer);
	if (over < 0)
		return jobctl_failed(&err);
	if (over == 0)
		warn("%s is still %s (maip-jobctl list shows when it ends)", job.name, state);
	return over > 0 ? STATUS_OK : STATUS_RETRY;
}

static enum status
run(const struct jobctl *ctl, const struct manager *m, int argc, char **argv)
{
	enum status worst = STATUS_OK, status;
	struct printer *p;

	if (argc == 0)
		die(STATUS_USAGE, "cancel wants at least one JOB (maip-jobctl list shows them)");
	if (m->local && no_wait)
		die(STATUS_USAGE,
		    "--no-wait is for a JobManager (-m): a local pipeline is over when cancel is");
	p = printer_new(columns, ctl->json);
	for (int i = 0; i < argc; i++) {
		status = cancel(m, argv[i], p);
		worst = worst == STATUS_OK ? status : worst;
	}
	status = printer_finish(p);
	return worst == STATUS_OK ? status : worst;
}

const struct command command_cancel = { &cancel_tool, run, &grace_ms };
