/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - what a shell command prints
 *
 * For commands that hand out a secret, as git's credential helpers do: sh -c runs it with no
 * input, in a process group of its own that is killed when it takes too long or when nobody wants
 * the answer any more. What it prints is kept in memory that is wiped, and is never shown; of its
 * errors the first line is.
 */
#ifndef MAIP_KAFKA_COMMAND_H
#define MAIP_KAFKA_COMMAND_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

#define COMMAND_OUTPUT_MAX 65536        /* bytes */

struct command {
	const char        *line;        /* for sh -c */
	int64_t            timeout;     /* ms */
	/* another thread may set it: then it is killed within 0.1 s; NULL: never */
	const atomic_bool *stop;
};

/* Run it and append what it printed on stdout to out (release it with buf_wipe). 0, or -1 with
 * err: "exit status 1: no such vault"; STATUS_DENIED, or STATUS_CONFIG when there is no such
 * command. */
int command_run(const struct command *c, struct buf *out, struct err *err);

#endif
