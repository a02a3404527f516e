/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervise.h - wait for the pipeline that "maip-jobctl run" has started, and end it when asked
 *
 * It is over when the shell is, with the stages that it has left in the background and the filters
 * that read from them. Asked to stop, it is over when all is that the shell has started:
 *
 *	first   the shell is held, so that its text does not go on, and the stages end in the
 *	        order of the data; those that still run after the grace are killed
 *	then    the rest is told SIGTERM, but filters behind the stages only when the grace is
 *	        over: until then they may read what the stages have written
 *	last    two seconds after the grace what is left is killed
 *
 * A second request ends the grace. A signal that comes with the first one (PIPE_SAME_STOP_MS), or
 * before all are told, is none, nor is a SIGHUP after a SIGHUP. Nothing is left held when this
 * process is killed meanwhile.
 */
#ifndef MAIP_JOBCTL_SUPERVISE_H
#define MAIP_JOBCTL_SUPERVISE_H

#include <signal.h>

#include "job/page.h"

struct ended {
	int               wait_status;  /* of the child, as waitpid(2) tells it */
	enum page_request asked;        /* PAGE_REQUEST_NONE: it has ended by itself */
	bool              in_time;      /* nothing had to be ended when the grace was over */
};

/* Wait for child, which runs the job with this id. signals are blocked: SIGCHLD, and SIGTERM,
 * SIGINT and SIGHUP unless they are ignored. The caller has called family_adopt(). */
struct ended supervise(pid_t child, const char *id, struct page *page, const sigset_t *signals);

#endif
