/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - a running tool's status page
 *
 * Every tool registers itself, with no daemon: one small file in the run directory, mapped into
 * memory, that the stage loop writes counters into and maip-jobctl reads. The run directory is
 * MAIP_RUN_DIR, else $XDG_RUNTIME_DIR/maip, else /tmp/maip-UID (made with mode 0700; refused if
 * it is somebody else's, or a link). A page whose process is gone (pid and start time) is stale:
 * readers pass over it and remove it.
 *
 * Registering never stops a tool from working: where the directory cannot be used the page is
 * private memory, and *told says why.
 */
#ifndef MAIP_JOB_PAGE_H
#define MAIP_JOB_PAGE_H

#include "base/diag.h"
#include "job/page_file.h"
#include "stream/pipe.h"

struct page;                                            /* opaque; lives in page.c */

/* The tool of a page that is no stage: it runs a job, and ends with the status of all of it. */
#define PAGE_RUNNER "maip-jobctl"

/* Register this process: tool name, arguments (what looks like a secret is masked), the inodes of
 * its stdin and stdout pipes, MAIP_JOB_NAME, process group. Never NULL. */
struct page *page_register(const char *tool, int argc, char *const *argv, struct err *told);
struct pipe_stats *page_stats(struct page *p);

/* For a stage: the page's counters, its wish to drain, to fire what is open before it stops
 * ("maip-jobctl stop --drain"), and whether the stages upstream were asked to stop, too. */
void page_lend(struct page *p, struct pipe_env *env);

/* What somebody asked this process for, if anything; for a PAGE_RUNNER: and how long what it runs
 * may still take. */
enum page_request page_request(const struct page *p, int64_t *grace_ms);

/* A signal came that nobody sent by way of this page: a PAGE_REQUEST_CANCEL, unless there is a
 * request already. */
void page_ask(struct page *p, int64_t grace_ms);

/* So many processes more did not end in time. */
void page_killed(struct page *p, size_t n);

/* The job id that came down the pipe in hello, so that stages that belong together are listed
 * together. */
void page_job(struct page *p, const char *job_id);

/* Leave: the page is kept for a while with the status the tool ended with, so that a job that has
 * ended can be seen. One run in some hundreds also removes what others have left. */
void page_finish(struct page *p, enum status status);

#endif
