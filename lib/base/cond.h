/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cond.h - conditions of threads that are waited for by a clock which nobody sets
 */
#ifndef MAIP_BASE_COND_H
#define MAIP_BASE_COND_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

void cond_init(pthread_cond_t *cond);

/* The moment ms from now, ms >= 0, for pthread_cond_timedwait() on such a condition. */
struct timespec cond_deadline(int64_t ms);

#endif
