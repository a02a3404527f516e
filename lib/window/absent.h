/* SPDX-License-Identifier: Apache-2.0 */
/*
 * absent.h - the keys that get rows for windows they have no record in
 *
 * A key that has had a record in a window is owed a row for each of the windows
 * that follow, until it has been absent from so many in a row. Keys are asked
 * for by ascending id while a window fires, between those that are there.
 *
 * Cost: 4 bytes a key, and a look at each of them every time a window fires.
 */
#ifndef MAIP_WINDOW_ABSENT_H
#define MAIP_WINDOW_ABSENT_H

#include "base/buf.h"

struct absent {
	uint32_t  most;                 /* rows that a key is owed; 0: none, ever */
	uint32_t *left;                 /* by key id */
	uint32_t  cap;
	uint32_t  n;                    /* keys that are owed any */
	uint32_t  at;                   /* keys before it are done with for this window */
};

void absent_init(struct absent *a, uint32_t most);
void absent_release(struct absent *a);

void absent_begin(struct absent *a);                    /* a window fires */

/* The next key before the given one that is owed a row, which is taken from what it is owed. */
bool absent_next(struct absent *a, uint32_t before, uint32_t *key);

/* This one is there. All before it have been asked for. */
void absent_seen(struct absent *a, uint32_t key);

size_t absent_bytes(const struct absent *a);

void absent_mark(const struct absent *a, uint64_t *live);
/* ids only become smaller */
void absent_renumber(struct absent *a, const uint32_t *new_id);

void absent_save(const struct absent *a, struct buf *to);
/* -1: not what was saved */
int  absent_load(struct absent *a, struct cursor *from, uint32_t n_keys);

#endif
