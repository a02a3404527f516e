/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - what time it is
 *
 * For the edge of a process: commands, deadlines, status pages. A stage never
 * calls these; whoever runs it hands it a clock.
 */
#ifndef MAIP_BASE_CLOCK_H
#define MAIP_BASE_CLOCK_H

#include <stdint.h>

/* milliseconds since 1970, as time.h has them; may be set back */
int64_t clock_wall_ms(void);
int64_t clock_monotonic_ms(void);       /* since some moment before the process; never goes back */
int64_t clock_monotonic_ns(void);

#endif
