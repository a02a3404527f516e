/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter.h - how far a read has come, in words and in numbers
 *
 * Makes the text of --progress (one line that is written over again and again, for a terminal)
 * and of --stats-interval (one object a line). The caller brings the clock and writes the text.
 * An offset is text in JSON, as everywhere.
 */
#ifndef MAIP_KAFKA_METER_H
#define MAIP_KAFKA_METER_H

#include "base/buf.h"
#include "kafka/consume.h"

struct meter_conf {
	int64_t stats_every;            /* ms; 0: no statistics */
	bool    progress;
	bool    partitions;             /* in the progress, too */
	size_t  columns;                /* of the terminal */
};

struct meter_mark {                     /* as of one moment */
	int64_t  at;                    /* monotonic ms */
	uint64_t records;
};

struct meter {
	struct meter_conf conf;
	struct meter_mark stats, progress;      /* the last that was told */
	double            rate;         /* of the progress: records a second, smoothed */
};

void meter_init(struct meter *m, const struct meter_conf *conf, int64_t now_ms);

/* Append what is due at now_ms (monotonic; wall_ms is the time that statistics tell) to to; last:
 * the read is over. */
void meter_tick(struct meter *m, const struct consume *c, uint64_t bad, int64_t now_ms,
                int64_t wall_ms, bool last, struct buf *to);

#endif
