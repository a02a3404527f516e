/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.h - many stages in one process, in an order drawn from a seed
 *
 * Each task is a coroutine with a stack of its own that runs ordinary blocking
 * code: pipe_run(), a consumer's loop. Where it would block in the world (a read, a
 * write, a wait for a broker) it waits here, and the seed decides who goes on.
 * Time is virtual: it stands still while anybody can run and jumps to the next
 * deadline when nobody can. The same seed gives the same run, to the byte.
 *
 * Pipes are bounded, and every read and write is cut at a random place.
 */
#ifndef MAIP_TEST_SCHED_H
#define MAIP_TEST_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/line.h"
#include "json/out.h"

struct sched;

struct sched *sched_new(uint64_t seed);
void sched_free(struct sched *s);                       /* after sched_run; its pipes go with it */

/* A new task. name is borrowed. */
void sched_spawn(struct sched *s, const char *name, void (*fn)(void *arg), void *arg);

/* Run until every task has returned: NULL; or the name of a task that waits for what can never
 * come. */
const char *sched_run(struct sched *s);

/* Uniform in [0, below). The only source of chance a test should use. */
uint64_t sched_random(struct sched *s, uint64_t below);

/* ---- for a task: */

/* Perhaps let others go first. */
void sched_pause(struct sched *s);

/* Wait until ready(arg) holds, or wait_ms of virtual time have gone by (-1: no limit). Whether it
 * holds. */
bool sched_wait(struct sched *s, bool (*ready)(void *arg), void *arg, int64_t wait_ms);

/* Virtual time, for struct pipe_env: pass the sched as self. Starts at 2026-01-01T00:00:00Z. */
int64_t sched_clock_ms(void *s);
int64_t sched_clock_ns(void *s);

/* ---- a pipe between two tasks, holding at most size bytes */

struct sched_pipe;

struct sched_pipe *sched_pipe(struct sched *s, size_t size);
struct source sched_source(struct sched_pipe *p);
struct sink sched_sink(struct sched_pipe *p);           /* closing it is the end of file */
/* from now on a write finds the reader gone */
void sched_close_reader(struct sched_pipe *p);

/* The writer dies after so many bytes: what it writes later is lost, the reader finds the end of
 * file. */
void sched_cut(struct sched_pipe *p, uint64_t after_bytes);

/* A source over borrowed bytes, and a sink that collects into to. */
struct source sched_bytes(struct sched *s, struct str bytes);
struct sink sched_collect(struct sched *s, struct buf *to);

#endif
