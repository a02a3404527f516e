/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rundir.h - the directory where running tools leave their status pages
 *
 * MAIP_RUN_DIR, else $XDG_RUNTIME_DIR/maip, else /tmp/maip-UID. Made with mode
 * 0700 when missing. Refused when it is a link, belongs to somebody else, or
 * lets others write: a page decides whom maip-jobctl signals.
 */
#ifndef MAIP_JOB_RUNDIR_H
#define MAIP_JOB_RUNDIR_H

#include "base/diag.h"

#define RUNDIR_PATH_MAX 512

/* Descriptor of the directory, to be closed, or -1 with err (STATUS_CONFIG or STATUS_DENIED).
 * path gets its name. */
int rundir_open(char path[RUNDIR_PATH_MAX], struct err *err);

#endif
