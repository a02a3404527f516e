/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace.h - when may the next record leave?
 *
 * Two brakes, each of them optional: so many records a second (--rate), and as fast as things
 * happened, times a factor (--replay-speed). The caller brings the clock. A rate is kept on the
 * average of a tenth of a second: who comes late may catch up by so much and no more.
 */
#ifndef MAIP_KAFKA_PACE_H
#define MAIP_KAFKA_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"

struct pace {                           /* all zero: no brake */
	double  interval;               /* ns between two records; 0: no rate */
	/* event time may go so many times as fast as the clock; 0: any */
	double  speed;
	double  due;                    /* ns: no record leaves before */
	bool    started;                /* the first record with a time has left: */
	int64_t first_time, first_ns;
};

/* opt_fns; arg is the struct pace. "100", "100/s", "600/m", "5000/h"; and "1", "0.5", "60x". */
int pace_rate_option(void *arg, const char *value, struct err *err);
int pace_speed_option(void *arg, const char *value, struct err *err);

static inline bool
pace_used(const struct pace *p)
{
	return p->interval > 0 || p->speed > 0;
}

/* How many ms, rounded up, a record has to wait; 0: it may leave. time: of the record, ms,
 * TIME_MIN: it has none. */
int64_t pace_wait(const struct pace *p, int64_t time, int64_t now_ns);

/* It leaves now. */
void pace_pass(struct pace *p, int64_t time, int64_t now_ns);

#endif
