/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id.h - a name that nothing else has: of a job, of a run
 */
#ifndef MAIP_BASE_ID_H
#define MAIP_BASE_ID_H

#include "base/diag.h"

#define ID_SIZE 33                      /* 32 digits of 0-9 and a-f, and NUL */

/* Draw one at random. 0, or -1 with err: the system has no random numbers. */
int id_random(char to[ID_SIZE], struct err *err);

#endif
