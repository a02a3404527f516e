/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.h - the local pipelines: what the status pages and the pipes between them say
 *
 * A job is what the pipes connect: the process whose stdout is the pipe that is another's stdin
 * is upstream of it. Filters that are not ours (jq, grep) are seen through /proc while they run.
 * Stages that have ended stay in their job, by the inode numbers that they wrote down or the job
 * id that came down the pipe, until the whole job has been over for an hour: then its pages are
 * removed.
 *
 * The state of a job in Flink's terms: RUNNING while a stage runs, or "maip-jobctl run" waits for
 * what it has started; CANCELLING while it was asked to stop and any of that runs; then FINISHED if
 * every stage, and what was run, ended with 0, CANCELED if it was asked to stop, FAILED otherwise
 * (a stage that vanished without a status was killed).
 */
#ifndef MAIP_JOB_JOBS_H
#define MAIP_JOB_JOBS_H

#include "base/diag.h"
#include "base/id.h"
#include "job/page_file.h"
#include "job/process.h"

enum job_state { JOB_RUNNING, JOB_CANCELLING, JOB_FINISHED, JOB_CANCELED, JOB_FAILED };
extern const char *const job_state_words[];             /* Flink's spelling: "RUNNING", ... */

struct job_stage {
	struct process    process;
	char              name[32];     /* "maip-window"; of a foreign filter what /proc calls it */
	char              vertex[ID_SIZE];      /* id in Flink's manner: 32 hex digits */
	uint64_t          in, out;      /* pipes; 0: none */
	struct page_file *page;         /* mapped, shared with the tool; NULL: a foreign filter */
	bool              alive;
	/* wall clock, at a guess if it was killed; INT64_MAX while it runs */
	int64_t           ended_ms;
};

struct job {
	char              id[ID_SIZE], name[JOB_NAME_SIZE];
	enum job_state    state;
	int64_t           start_ms, end_ms;     /* end_ms -1 while it runs */
	struct job_stage *stages;       /* in the order of the data */
	size_t            n;
	struct job_stage *runner;       /* the "maip-jobctl run" that waits for it; NULL: none */
	size_t            n_all;        /* of stages, with those that run them behind the others */
};

struct jobs {
	struct job *list;               /* newest first */
	size_t      n;
};

/* Look around. now_ms is the wall clock. 0, or -1 with err: the run directory cannot be used. */
int  jobs_read(struct jobs *to, int64_t now_ms, struct err *err);
void jobs_release(struct jobs *j);

/* Remove the pages that nobody would be shown any more, as jobs_read() does. For tools that end:
 * nobody may ever look. */
void jobs_tidy(int64_t now_ms);

/* A text of a page or of /proc, as one for people and for JSON: ends at its NUL or after
 * from_size bytes, cut to to_size with its NUL; controls and what is not UTF-8 become "?". */
void job_text(char *to, size_t to_size, const char *from, size_t from_size);

/* The job with this id, or NULL with err (STATUS_NOINPUT). Names and beginnings of ids are
 * resolve.h's business. */
struct job *jobs_find(const struct jobs *j, struct str id, struct err *err);

/* Whose descriptor fd this pipe is, stdin or stdout: the name of a filter that is not ours at an
 * end of a job. Of a shell and the command that it runs there it is the command. False: it is
 * nobody's. */
bool jobs_neighbour(uint64_t pipe, int fd, char name[32]);

#define JOB_AFTER_KILL_MS 2000          /* what reads from one that was killed has this to end */

/* Ask the job to stop in the order of the data, then wait. request: PAGE_REQUEST_CANCEL, _STOP or
 * _DRAIN. Stages that still run after grace_ms are killed, from the source on, those behind it a
 * little later; *killed says how many. Where "maip-jobctl run" waits for the job, it is the one
 * that is asked: it ends all that it has started, filters of others as well. 0, or -1 with err. */
int job_stop(const struct job *job, enum page_request request, int64_t grace_ms, size_t *killed,
             struct err *err);

/* Its two halves for the stages alone, whoever runs them. A stage's signal says that it was asked,
 * and its page for what. A stage that was stopped goes on, so that it can end. */
int job_tell(const struct job *job, enum page_request request, struct err *err);
int job_wait(const struct job *job, int64_t grace_ms, size_t *killed, struct err *err);

/* Have the stages ended that were alive when the job was read? */
bool job_has_ended(const struct job *job);

#endif
