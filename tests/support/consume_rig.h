/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume_rig.h - one run of maip-consume's routing over a broker in memory
 *
 * rig_init, then change conf, then rig_open and rig_steps, or rig_run; what was written is
 * rig_text. Anything that fails in between fails the test.
 */
#ifndef MAIP_TESTS_CONSUME_RIG_H
#define MAIP_TESTS_CONSUME_RIG_H

#include "base/time.h"
#include "kafka/consume.h"
#include "memory_broker.h"

#define NOW 1767225600000               /* 2026-01-01T00:00:00Z */

/* Everything that one run borrows. */
struct rig {
	struct memory_broker *broker;
	struct reader         reader;
	struct topics        *topics;
	struct consume_conf   conf;
	struct bad_records    bad;
	struct pipe_env       env;
	struct out            out;
	struct buf            written;
	struct consume       *consume;
	struct err            err;
	int64_t               now;
	bool                  output_fails;
	int64_t               write_takes;      /* ms that every write is blocked for */
	void                (*while_blocked)(struct rig *r);
	int                   writes;
	const char           *group;
	const char           *where[4];
};

void rig_init(struct rig *r, struct memory_broker *b, const char *topic);
/* The same for a read without an end of "t", which it makes, from its first record on, with
 * watermarks. */
void rig_init_timed(struct rig *r, struct memory_broker *b, int32_t partitions);
void rig_open(struct rig *r);
void rig_start(struct rig *r);          /* rig_open(), and the consume starts */
enum status rig_run(struct rig *r);
const char *rig_text(struct rig *r);
void rig_release(struct rig *r);
void rig_put(struct memory_broker *b, const char *topic, int32_t partition, int64_t ts,
             const char *key, const char *value);
void rig_put_event(struct memory_broker *b, const char *topic, int32_t partition, int64_t ts,
                   int n);
void rig_steps(struct rig *r, int n);

#endif
