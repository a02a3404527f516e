/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.h - what a process has started: its children, theirs, and so on
 *
 * Whoever runs a job adopts the orphans in it (family_adopt), so that no process of the job can
 * leave the family, whatever session or process group it makes for itself; and nothing else is
 * in it, so that whoever ends a family ends nothing that is somebody else's.
 */
#ifndef MAIP_JOB_FAMILY_H
#define MAIP_JOB_FAMILY_H

#include "job/jobs.h"

struct relative {
	struct process process;
	pid_t          parent;
	bool           stage;           /* of the job */
	bool           above;           /* a stage runs below it */
	bool           behind;          /* reads, by way of others perhaps, what a stage wrote */
	bool           shell;           /* goes on with its text when what it waits for ends */
};

struct family {
	struct relative *list;
	size_t           n;
};

/* From now on this process is the parent of every orphan below it, and has to wait for it. */
void family_adopt(void);

/* Those below this process that live now. job has its stages, NULL: none are known. */
void family_read(struct family *to, const struct job *job);
void family_release(struct family *f);

/* As if pid were none of them. */
void family_leave_out(struct family *f, pid_t pid);

/* Which relatives: NULL is all. */
typedef bool relative_test(const struct relative *r);

/* How many of them there are, and send number to those that may be sent it. */
size_t family_count(const struct family *f, relative_test *which);
void   family_signal(const struct family *f, relative_test *which, int number);

#endif
