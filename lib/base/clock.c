/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - clock_gettime(2), as one number
 */
#include "base/clock.h"

#include <time.h>

static int64_t
read_clock(clockid_t id, int64_t per_second)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * per_second + (int64_t)t.tv_nsec / (1000000000 / per_second);
}

int64_t
clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME, 1000);
}

int64_t
clock_monotonic_ms(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t
clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000000000);
}
