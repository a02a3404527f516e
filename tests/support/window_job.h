/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window_job.h - a window stage of any kind, and records for it, from a seed
 */
#ifndef MAIP_TESTS_WINDOW_JOB_H
#define MAIP_TESTS_WINDOW_JOB_H

#include "json/out.h"
#include "window/window.h"

enum { WINDOW_JOB_KINDS = 9 };

/* Everything that a stage of this kind, 0 .. WINDOW_JOB_KINDS - 1, may be asked for, by the seed.
 * The texts are static; calendar_free((void *)conf->calendar) is the caller's. */
void window_job_conf(struct window_conf *conf, int kind, uint64_t *seed);

/* Record number i, without a newline. */
void window_job_line(struct buf *to, int i, uint64_t *seed);

/* Feed records from .. from + n - 1 to a stage, one batch each. */
int window_job_feed(const struct stage *stage, struct out *out, int from, int n, uint64_t *seed);

/* A sink that appends to rows. */
struct sink window_job_sink(struct buf *rows);

#endif
