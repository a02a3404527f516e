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

struct jobctl {                         /* the options before the command */
	const char *url;                /* -m; NULL: local pipelines */
	const char *token_file;
	int64_t     timeout_ms;
	bool        json;
};

struct command {
	const struct tool *tool;        /* "maip-jobctl list" */
	enum status (*run)(const struct jobctl *ctl, int argc, char **argv);    /* the operands */
};

extern const struct tool list_tool, show_tool, backpressure_tool, cancel_tool, stop_tool, run_tool, broker_tool;

extern const struct command command_list, command_show, command_backpressure, command_cancel, command_stop, command_run, command_broker;

/* The manager that the options name; dies with a message when it cannot be. grace_ms: before a local stage is killed. */
struct manager jobctl_manager(const struct jobctl *ctl, int64_t grace_ms);

/* warn() and the status that err asks for. */
enum status jobctl_failed(const struct err *err);

/* GET path, or NULL after telling why. */
cJSON *jobctl_get(const struct manager *m, const char *path, struct err *err);

/* Wait until the job is over, at most grace_ms. 1 and its last state, 0 when the time is up, -1 with err. */
int jobctl_wait(const struct manager *m, const struct job_name *job, int64_t grace_ms, char state[16], struct err *err);

const char *member_text(const cJSON *o, const char *member);      /* "" if it is none */
double      member_number(const cJSON *o, const char *member);    /* 0 if it is none */

#endif
