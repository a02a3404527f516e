/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_file.h - what stands in a status page, for its writer and its readers
 *
 * Fixed layout, native byte order: pages never leave the machine. A page is the
 * file PID-START.page of the process that writes it. A reader checks magic (written
 * last), layout, size and times before it looks at anything else, and trusts no
 * length or text in it.
 */
#ifndef MAIP_JOB_PAGE_FILE_H
#define MAIP_JOB_PAGE_FILE_H

#include "job/process.h"
#include "stream/stats.h"

#define PAGE_MAGIC  "maippage"
#define PAGE_LAYOUT 3
#define PAGE_SUFFIX ".page"
#define JOB_NAME_SIZE 128               /* bytes, with the NUL; a longer name is cut */

enum page_request { PAGE_REQUEST_NONE, PAGE_REQUEST_CANCEL, PAGE_REQUEST_STOP, PAGE_REQUEST_DRAIN };

struct page_file {
	char     magic[8];
	uint32_t layout;
	int32_t  pid;
	uint64_t start;                 /* struct process: tells a pid that was used again */
	int64_t  started_ms;            /* wall clock */
	_Atomic int64_t ended_ms;       /* 0: still running, or killed */
	_Atomic int32_t status;         /* exit status, once ended_ms is set */
	/* enum page_request: written by maip-jobctl before it signals */
	_Atomic int32_t request;
	/* of a PAGE_RUNNER: how long what it runs may still take, written before the request; and
	 * how many of its processes it then had to end */
	_Atomic int64_t grace_ms;
	_Atomic int32_t killed;
	/* with the request: 1 if a stage upstream was asked as well, whose last lines still come */
	_Atomic int32_t fed;
	uint64_t stdin_pipe, stdout_pipe;       /* inodes; 0: no pipe */
	char     tool[32];
	char     job_id[40];            /* 32 hex digits; empty: not known yet */
	char     job_name[JOB_NAME_SIZE];
	char     args[2048];            /* each ends in NUL; cut after the last that fits */
	uint32_t args_n;                /* bytes of args in use */
	struct pipe_stats stats;
};

/* The name of the page of a process, in the run directory. */
void page_name(char to[64], const struct process *owner);

#endif
