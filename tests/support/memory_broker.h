/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_broker.h - a broker in memory, for whole jobs in one process
 *
 * Topics, partitions, groups with offsets, transaction markers, retention; a reader and a writer
 * over them. A seeded generator decides when nothing is there yet, when a queue is full, when a
 * delivery is reported: the same seed, the same run. Not thread-safe; readers and writers are
 * borrowed from the broker and closed before it is freed.
 */
#ifndef MAIP_TESTS_MEMORY_BROKER_H
#define MAIP_TESTS_MEMORY_BROKER_H

#include "kafka/reader.h"
#include "kafka/writer.h"

struct memory_broker;

struct memory_broker *memory_broker_new(uint64_t seed);
void memory_broker_free(struct memory_broker *b);

/* Out of 100 polls and sends, how many bring and take nothing, though they could. Default 0. */
void memory_broker_hesitate(struct memory_broker *b, unsigned percent);
/* Every n-th record is given up instead of delivered; 0: none. */
void memory_broker_lose(struct memory_broker *b, unsigned n);
/* Called whenever a reader or a writer is asked for something: lets others go first. */
void memory_broker_pause(struct memory_broker *b, void (*pause)(void *arg), void *arg);
/* the time of records without one */
void memory_broker_clock(struct memory_broker *b, int64_t now_ms);

void memory_broker_topic(struct memory_broker *b, const char *name, int32_t partitions);
/* Copies the record; partition -1: by key. Returns its offset. */
int64_t memory_broker_append(struct memory_broker *b, const struct record *r);
/* of a transaction: takes an offset */
void memory_broker_marker(struct memory_broker *b, const char *topic, int32_t partition);
/* A transaction is open: its first record, which may be yet to come, has this offset; -1: it has
 * ended. */
void memory_broker_open(struct memory_broker *b, const char *topic, int32_t partition,
                        int64_t from);
/* How often was a reader's ends_at() called? */
size_t memory_broker_asked_again(const struct memory_broker *b);
void memory_broker_forget(struct memory_broker *b, const char *topic, int32_t partition,
                          int64_t before);

/* Members of one group share its topics' partitions; a member that comes or goes makes all of them
 * give theirs back first. The oldest member gets the first partition, and so on: where there are
 * fewer than members the youngest get none. group NULL: none. */
struct reader memory_broker_reader(struct memory_broker *b, const char *group);
/* its process dies: nothing more is committed; instead of close */
void memory_broker_kill(struct reader *r);
/* Its session is over: others get its partitions at once, and nothing more is committed; it learns
 * that these are lost when it is served next, and joins again. */
void memory_broker_expire(struct reader *r);
void memory_broker_rebalance(struct memory_broker *b, const char *group);
int64_t memory_broker_committed(struct memory_broker *b, const char *group, const char *topic,
                                int32_t partition);
/* as if another member did */
void memory_broker_commit(struct memory_broker *b, const char *group, const char *topic,
                          int32_t partition, int64_t offset);

/* How often has any reader asked for a commit? */
size_t memory_broker_commits(const struct memory_broker *b);
/* The next n of them fail, with STATUS_DENIED. */
void memory_broker_refuse_commits(struct memory_broker *b, unsigned n);

struct writer memory_broker_writer(struct memory_broker *b, const struct writer_events *events);

/* What a topic holds, markers left out: the i-th of a partition in the order of offsets. */
size_t memory_broker_count(struct memory_broker *b, const char *topic, int32_t partition);
const struct record *memory_broker_record(struct memory_broker *b, const char *topic,
                                          int32_t partition, size_t i);

#endif
