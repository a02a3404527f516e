/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - what /proc tells about a process
 *
 * A pid alone names a process only while it lives; with its start time it names
 * it for good. Signals go through a pidfd, so that they cannot hit a process
 * that took the number over.
 */
#ifndef MAIP_JOB_PROCESS_H
#define MAIP_JOB_PROCESS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t    pid;
	uint64_t start;                 /* clock ticks after boot, field 22 of /proc/PID/stat */
};

/* When pid started, 0 if there is no such process (a zombie counts as gone). */
uint64_t process_start(pid_t pid);

/* The same, and *parent is the one that waits for it; unchanged if there is no such process. */
uint64_t process_look(pid_t pid, pid_t *parent);

static inline bool
process_alive(const struct process *p)
{
	return p->start != 0 && process_start(p->pid) == p->start;
}

/* The next process of those that are there, 0 at the end. proc is /proc, opened with opendir(3). */
pid_t process_next(DIR *proc);

/* The inode of the pipe that a descriptor of a process is an end of; 0: it is no pipe, or cannot
 * be seen. */
uint64_t process_pipe(pid_t pid, int fd);

/* 0; -1 with errno, ESRCH when the process is gone. */
int process_signal(const struct process *p, int signal);

/* Wait until it has ended, at most wait_ms; signals do not cut that short. False: it has not, or
 * nobody can tell. */
bool process_wait(const struct process *p, int64_t wait_ms);

#endif
