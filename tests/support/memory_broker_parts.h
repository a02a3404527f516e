/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_broker_parts.h - what the files of the broker in memory share
 *
 * Private to memory_*.c: memory_broker.c keeps the topics and the groups, and reads;
 * memory_writer.c writes.
 */
#ifndef MAIP_TESTS_MEMORY_BROKER_PARTS_H
#define MAIP_TESTS_MEMORY_BROKER_PARTS_H

#include "memory_broker.h"

/* May others go first, and does whoever asks get nothing this time? */
bool memory_hesitates(struct memory_broker *b);
/* Is the next record that was sent to be given up? */
bool memory_loses(struct memory_broker *b);

/* -1 with err: there is no such topic */
int memory_partitions(struct memory_broker *b, struct str topic, struct err *err);
/* Copies the record; partition -1: by key. What became of it, borrowed until the next. */
const struct record *memory_append(struct memory_broker *b, const struct record *r);

struct str memory_copy(struct str s);
/* all but the topic's name, which stays borrowed */
void memory_copy_record(struct record *to, const struct record *r);
void memory_free_record(struct record *r);

#endif
