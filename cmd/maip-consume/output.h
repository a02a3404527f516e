/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h - standard output, which may be blocked for hours while the group wants us to answer
 */
#ifndef MAIP_CONSUME_OUTPUT_H
#define MAIP_CONSUME_OUTPUT_H

#include "kafka/consume.h"

/* Make out write to standard output. patient: once a signal has come a blocked write is waited for
 * all the same, because the stages downstream wait for the end line. stop is the signal's flag. One
 * output a process. */
void output_open(struct out *out, const volatile int *stop, bool patient);

/* From now on a write that has been blocked for some seconds lets c keep its place in the group;
 * NULL: no longer. */
void output_serve(struct consume *c);

#endif
