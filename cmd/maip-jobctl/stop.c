/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-jobctl stop - end a job in order; with --drain everything that is open fires first
 *
 * Flink stops with a savepoint: the answer is a trigger id that is polled until the savepoint is
 * there.
 */
#include "jobctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "print.h"

static int64_t grace_ms = 30000;
static bool drain;
static const char *savepoint_path;

static const struct opt opts[] = {
	OPT_FLAG('d', "drain", &drain,
	         "treat the input as complete: open windows fire before the job ends"),
	OPT_STR('p', "savepoint-path", &savepoint_path, "DIR",
	        "with -m: where Flink writes the savepoint (default: its configuration's)"),
	OPT_MS(0, "grace", &grace_ms, "DURATION",
	       "wait so long; what still runs of a local job is killed then (default 30s)"),
	OPT_END
};

const struct tool stop_tool = {
	.name = "maip-jobctl stop", .parent = &jobctl_tool, .operands = "JOB", .opts = opts,
	.summary = "end a job in order; on Flink, with a savepoint",
	.operand_call = "--timeout 1s list --words --running",
};

static const char *const columns[] = { "id", "name", "state", "savepoint", "killed", NULL };

static cJSON *
request(void)
{
	cJSON *body = cJSON_CreateObject();

	if (savepoint_path != NULL)
		cJSON_AddStringToObject(body, "targetDirectory", savepoint_path);
	cJSON_AddBoolToObject(body, "drain", drain);
	return body;
}

/* Ask until Flink says how the savepoint went. 1 done, with its place; 0 the time is up; -1 with
 * err. */
static int
poll_savepoint(const struct manager *m, const struct job_name *job, const char *trigger,
               char *place, size_t n, struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + grace_ms;
	struct timespec pause = { .tv_nsec = 100000000 };
	char path[160];

	snprintf(path, sizeof(path), "/jobs/%s/savepoints/%s", job->id, trigger);
	for (;;) {
		cJSON *answer = jobctl_get(m, path, err);
		const cJSON *operation = cJSON_GetObjectItemCaseSensitive(answer, "operation");
		const cJSON *cause = cJSON_GetObjectItemCaseSensitive(operation, "failure-cause");
		bool done = strcmp(member_text(cJSON_GetObjectItemCaseSensitive(answer, "status"),
		                               "id"),
		                   "COMPLETED") == 0;

		snprintf(place, n, "%s", member_text(operation, "location"));
		if (done && cause != NULL)
			fail_as(err, STATUS_UNAVAILABLE,
			        "%s: the savepoint failed: %s (can Flink write to that directory?)",
			        job->name, member_text(cause, "class"));
		bool failed = answer == NULL || (done && cause != NULL);
		cJSON_Delete(answer);
		if (failed)
			return -1;
		if (done)
			return 1;
		if (clock_monotonic_ms() >= deadline)
			return 0;
		nanosleep(&pause, NULL);
	}
}

static int
wait_until_over(const struct manager *m, const struct job_name *job, const cJSON *answer,
                char *place, size_t n, char state[16], struct err *err)
{
	const char *trigger = member_text(answer, "request-id");
	int done = *trigger == '\0' ? 1 : poll_savepoint(m, job, trigger, place, n, err);

	return done <= 0 ? done : jobctl_wait(m, job, grace_ms, state, err);
}

static enum status
stop(const struct manager *m, const struct job_name *job, struct printer *p)
{
	char path[64], place[512] = "", state[16] = "RUNNING";
	cJSON *body = request(), *answer;
	struct err err;
	int64_t killed;
	int over;

	snprintf(path, sizeof(path), "/jobs/%s/stop", job->id);
	over = m->call(m->self, "POST", path, body, &answer, &err);
	cJSON_Delete(body);
	if (over < 0)
		return jobctl_failed(&err);
	over = wait_until_over(m, job, answer, place, sizeof(place), state, &err);
	if (over >= 0) {
		print_text(p, job->id);
		print_text(p, job->name);
		print_text(p, state);
		if (*place != '\0')
			print_text(p, place);
		else
			print_none(p);
		print_int(p, member_int(answer, "killed"));
	}
	killed = member_int(answer, "killed");
	cJSON_Delete(answer);
	if (over < 0)
		return jobctl_failed(&err);
	if (killed > 0)
		warn("%s did not end in order: %" PRId64
		     " of its processes had to be ended (give it a longer --grace)",
		     job->name, killed);
	if (over == 0)
		warn("%s has not ended within the grace (maip-jobctl list shows when it does)",
		     job->name);
	return over > 0 && killed == 0 ? STATUS_OK : STATUS_RETRY;
}

static enum status
run(const struct jobctl *ctl, const struct manager *m, int argc, char **argv)
{
	enum status status, printed;
	struct job_name job;
	struct printer *p;
	struct err err;

	if (argc != 1)
		die(STATUS_USAGE, "stop wants one JOB (maip-jobctl list shows them)");
	if (m->local && savepoint_path != NULL)
		die(STATUS_USAGE, "--savepoint-path is for a JobManager (-m): a local pipeline has "
		                  "no savepoints");
	if (job_resolve(m, argv[0], &job, &err) < 0)
		return jobctl_failed(&err);
	p = printer_new(columns, ctl->json);
	status = stop(m, &job, p);
	printed = printer_finish(p);
	return status == STATUS_OK ? printed : status;
}

const struct command command_stop = { &stop_tool, run, &grace_ms };
