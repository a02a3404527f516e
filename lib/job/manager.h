/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manager.h - one who answers the calls of Flink's REST API
 *
 * A JobManager at a URL (remote.c, over libcurl), or the pipelines of this machine
 * (local.c, from their status pages). maip-jobctl's commands are written once,
 * against this, so that both give the same output for the same question.
 *
 * Paths and bodies are Flink's, without the /v1 prefix; local answers carry every member that
 * clients of Flink 1.20 and 2.x need.
 */
#ifndef MAIP_JOB_MANAGER_H
#define MAIP_JOB_MANAGER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"

struct manager {
	void *self;
	/* One call; body may be NULL. 0 and *answer (to be freed with cJSON_Delete) when the
	 * answer is a 2xx; -1 with err: the first line of Flink's own message without its class
	 * names, and STATUS_NOINPUT for 404, _UNAVAILABLE when nobody answers, ... */
	int (*call)(void *self, const char *method, const char *path, const cJSON *body,
	            cJSON **answer, struct err *err);
	void (*close)(void *self);
	bool local;
};

/* The pipelines of this machine. grace_ms: how long cancel and stop wait before they kill.
 * clock_ms: the wall clock. */
void manager_local(struct manager *to, int64_t grace_ms, int64_t (*clock_ms)(void));

/* A JobManager. url: "host:8081", "http://host:8081", with a path prefix such as YARN's proxy. A
 * call takes timeout_ms at most. token_file: a file with a bearer token, or NULL. */
int manager_remote(struct manager *to, const char *url, int64_t timeout_ms, const char *token_file,
                   struct err *err);

#endif
