/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - one Kafka record, loss-free
 *
 * Everything is borrowed from whoever hands the record out. A null key or value
 * has p == NULL; an empty one has p != NULL and n == 0.
 */
#ifndef MAIP_KAFKA_RECORD_H
#define MAIP_KAFKA_RECORD_H

#include <stdint.h>

#include "base/str.h"

enum ts_type { TS_NONE, TS_CREATE, TS_APPEND };

struct header {
	/* UTF-8 by protocol, any bytes in practice; may occur twice */
	struct str name;
	struct str value;               /* p == NULL: null */
};

struct record {
	struct str     topic;
	int32_t        partition;       /* writing: -1 lets the partitioner choose */
	int64_t        offset;          /* writing: ignored */
	int64_t        timestamp;       /* ms; writing: -1 is now, and 0 cannot be */
	enum ts_type   timestamp_type;
	struct str     key, value;
	const struct header *headers;
	size_t         n_headers;
};

#endif
