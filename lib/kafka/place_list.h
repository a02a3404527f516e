/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place_list.h - where to start in each of many partitions, from a file
 *
 * One object a line:
 *	{"topic":"maip.orders","partition":0,"offset":"1000"}
 * offset is whatever -o takes: 1000, "-10", "@2026-01-16T12:00:00Z", "1000:2000". Without it
 * "committed" counts (null: the beginning), and without that "next": so what --list-offsets
 * prints can be read back, and reading goes on at the ends of that moment, or with -g where the
 * group stood. Other members are passed over.
 */
#ifndef MAIP_KAFKA_PLACE_LIST_H
#define MAIP_KAFKA_PLACE_LIST_H

#include "kafka/offsets.h"
#include "kafka/topics.h"

#define PLACE_LIST_MAX 1000000          /* lines */

struct place_list;                                      /* opaque; lives in place_list.c */

struct place_list *place_list_new(void);
void place_list_free(struct place_list *l);             /* NULL is fine */

/* Read a file, "-" standard input; now is what "so long ago" counts from. -1 with err:
 * STATUS_NOINPUT it cannot be read, STATUS_DATA a line of it is wrong, STATUS_RETRY a signal came
 * first. */
int place_list_read(struct place_list *l, const char *path, int64_t now, struct err *err);

/* NULL: not named */
const struct place_range *place_list_find(const struct place_list *l, const struct part *part);
/* The highest partition that is named of a topic, -1: none is. */
int32_t place_list_highest(const struct place_list *l, struct str topic);
bool place_list_bounded(const struct place_list *l);    /* does any line say where to end? */
bool place_list_committed(const struct place_list *l);  /* is any offset "committed"? */

/* Is any line about one of these partitions of one of these topics? */
bool place_list_any(const struct place_list *l, const struct topics *of,
                    const struct partitions *partitions);

/* Make the topics that are named those that are read. */
int place_list_topics(const struct place_list *l, struct topics *to, struct err *err);

#endif
