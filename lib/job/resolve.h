/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h - which job does a person mean
 *
 * By id, by the unique beginning of an id (4 digits or more), or by name. Of several
 * that fit, the one that runs is meant, if only one does; if none does, the one that began last.
 */
#ifndef MAIP_JOB_RESOLVE_H
#define MAIP_JOB_RESOLVE_H

#include "base/id.h"
#include "job/manager.h"
#include "job/page_file.h"

struct job_name {
	char id[ID_SIZE];
	char name[JOB_NAME_SIZE];
};

/* 0, or -1 with err: nothing fits (STATUS_NOINPUT), or several do, and then it names two of
 * them. */
int job_resolve(const struct manager *m, const char *text, struct job_name *to, struct err *err);

/* Is this a state that Flink never leaves? */
bool job_is_over(const char *state);

#endif
