/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobctl.h - what the commands of maip-jobctl share
 *
 * A command is a struct command: its option table and a function. It asks a
 * struct manager and prints through print.h, so that local pipelines and Flink look the same.
 */
#ifndef MAIP_JOBCTL_H
#define MAIP_JOBCTL_H

#include "base/opt.h"
#include "job/manager.h"
#include "job/resolve.h"

struct jobctl {                         /* the options that every command has */
	const char *url;                /* -m; NULL: local pipelines */
	const char *token_file;
	int64_t     timeout_ms;
	bool        json;
};

struct command {
	const struct tool *tool;        /* "maip-jobctl list" */
	/* m: the manager that the options name, closed by the caller; argv: the operands. */
	enum status (*run)(const struct jobctl *ctl, const struct manager *m, int argc,
	                   char **argv);
	/* how long a local stage has before it is killed; NULL: it is not asked to end */
	const int64_t *grace_ms;
};

extern const struct tool jobctl_tool;
extern const struct tool list_tool, show_tool, backpressure_tool, cancel_tool, stop_tool, run_tool,
	broker_tool;

extern const struct command command_list, command_show, command_backpressure, command_cancel,
	command_stop, command_run, command_broker;

/* warn() and the status that err asks for. */
enum status jobctl_failed(const struct err *err);

/* GET path, or NULL after telling why. */
cJSON *jobctl_get(const struct manager *m, const char *path, struct err *err);

/* What Flink says of a job at /jobs/ID, or NULL with err. */
cJSON *jobctl_job(const struct manager *m, const struct job_name *job, struct err *err);

/* Wait until the job is over, at most grace_ms. 1 and its last state, 0 when the time is up, -1
 * with err. */
int jobctl_wait(const struct manager *m, const struct job_name *job, int64_t grace_ms,
                char state[16], struct err *err);

const char *member_text(const cJSON *o, const char *member);      /* "" if it is none */
double      member_number(const cJSON *o, const char *member);    /* 0 if it is none */
/* 0 if it is none; the nearest there is if it is too large */
int64_t     member_int(const cJSON *o, const char *member);

#endif
