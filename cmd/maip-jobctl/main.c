/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-jobctl - list, watch, start and stop jobs
 *
 * The same commands for the pipelines of this machine and, with -m, for a Flink
 * JobManager. A table on a terminal, NDJSON in a pipe.
 */
#include "jobctl.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

static const struct command *const commands[] = {
	&command_list, &command_show, &command_backpressure, &command_cancel,
	&command_stop, &command_run, &command_broker, NULL
};

static struct jobctl ctl = { .timeout_ms = 10000 };

static const struct opt opts[] = {
	OPT_STR('m', "jobmanager", &ctl.url, "URL",
	        "ask the Flink JobManager at URL (default MAIP_JOBMANAGER, else local pipelines)"),
	OPT_STR(0, "token-file", &ctl.token_file, "FILE",
	        "send the bearer token that FILE holds; FILE must be readable by you alone"),
	OPT_MS(0, "timeout", &ctl.timeout_ms, "DURATION",
	       "longest wait for one answer of a JobManager (default 10s)"),
	OPT_FLAG(0, "json", &ctl.json, "print NDJSON on a terminal, too"),
	OPT_END
};

static const struct tool *const tools[] = {
	&list_tool, &show_tool, &backpressure_tool, &cancel_tool,
	&stop_tool, &run_tool, &broker_tool, NULL
};

const struct tool jobctl_tool = {
	.name = "maip-jobctl",
	.operands = "COMMAND [ARGUMENT]...",
	.opts = opts,
	.stop_at_operand = true,
	.commands = tools,
	.summary = "list, watch, start and stop jobs, here or on a Flink cluster",
};

static struct manager
open_manager(const struct jobctl *c, int64_t grace_ms)
{
	struct manager m;
	struct err err;

	if (c->url == NULL)
		manager_local(&m, grace_ms, clock_wall_ms);
	else if (manager_remote(&m, c->url, c->timeout_ms, c->token_file, &err) < 0)
		die(err.status, "%s", err.msg);
	return m;
}

enum status
jobctl_failed(const struct err *err)
{
	warn("%s", err->msg);
	return err->status;
}

cJSON *
jobctl_get(const struct manager *m, const char *path, struct err *err)
{
	cJSON *answer;

	return m->call(m->self, "GET", path, NULL, &answer, err) < 0 ? NULL : answer;
}

cJSON *
jobctl_job(const struct manager *m, const struct job_name *job, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/jobs/%s", job->id);
	return jobctl_get(m, path, err);
}

const char *
member_text(const cJSON *o, const char *member)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, member);

	return cJSON_IsString(v) ? v->valuestring : "";
}

double
member_number(const cJSON *o, const char *member)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, member);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

int64_t
member_int(const cJSON *o, const char *member)
{
	double v = member_number(o, member);

	return v >= 0x1p63 ? INT64_MAX : v < -0x1p63 ? INT64_MIN : (int64_t)v;
}

int
jobctl_wait(const struct manager *m, const struct job_name *job, int64_t grace_ms, char state[16],
            struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + grace_ms;
	struct timespec pause = { .tv_nsec = 20000000 };

	for (;;) {
		cJSON *answer = jobctl_job(m, job, err);

		if (answer == NULL)
			return -1;
		snprintf(state, 16, "%s", member_text(answer, "state"));
		cJSON_Delete(answer);
		if (job_is_over(state))
			return 1;
		if (clock_monotonic_ms() >= deadline)
			return 0;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 640000000)
			pause.tv_nsec *= 2;
	}
}

static const struct command *
find_command(const char *name)
{
	const char *nearest;
	char quoted[QUOTE_MAX];

	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(strrchr(commands[i]->tool->name, ' ') + 1, name) == 0)
			return commands[i];
	nearest = opt_nearest_command(&jobctl_tool, name);
	quote(quoted, str_of(name));
	if (nearest != NULL)
		die(STATUS_USAGE, "unknown command %s (did you mean %s?)", quoted, nearest);
	die(STATUS_USAGE, "unknown command %s (maip-jobctl --help lists them)", quoted);
}

int
main(int argc, char **argv)
{
	int first = opt_parse(&jobctl_tool, argc, argv);
	const struct command *command;
	struct manager m;
	enum status status;
	int operands;

	if (first == argc)
		die(STATUS_USAGE, "no command given (list, show, backpressure, cancel, stop, run "
		                  "or broker; see --help)");
	signal(SIGPIPE, SIG_IGN);
	command = find_command(argv[first]);
	argc -= first;
	argv += first;
	operands = opt_parse(command->tool, argc, argv);
	if (ctl.url == NULL)
		ctl.url = getenv("MAIP_JOBMANAGER");
	if (ctl.url != NULL && *ctl.url == '\0')
		ctl.url = NULL;
	m = open_manager(&ctl, command->grace_ms == NULL ? 0 : *command->grace_ms);
	status = command->run(&ctl, &m, argc - operands, argv + operands);
	m.close(m.self);
	return (int)status;
}
