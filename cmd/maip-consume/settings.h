/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h - what the command line and the environment ask maip-consume to do
 */
#ifndef MAIP_CONSUME_SETTINGS_H
#define MAIP_CONSUME_SETTINGS_H

#include "kafka/conf.h"
#include "kafka/consume.h"
#include "kafka/meter.h"

#define NAME "maip-consume"

struct settings {
	struct consume_conf consume;    /* all but its callbacks */
	struct kafka_conf  *kafka;
	const char         *group;      /* NULL: none */
	struct bad_records  bad;
	struct meter_conf   meter;
	/* what else was asked for cannot be done, and all that is not in consume.watermarks, .job
	 * and .run is void; STATUS_OK: it can */
	struct err          unusable;
	bool                list_topics, list_offsets;
	bool                verbose;
};

/* Read and check everything; what is wrong on the command line ends the process with STATUS_USAGE.
 * All else, such as a file that cannot be read, is only noted, as unusable: it is to be told when
 * the stages downstream know of us, see consume_hello(). now: the wall clock. To be called once;
 * the settings live until settings_release(). */
struct settings *settings_read(int argc, char **argv, int64_t now);
void settings_release(void);

#endif
