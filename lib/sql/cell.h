/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell.h - one value kept in 16 bytes
 *
 * Internal to lib/sql. Numbers of up to 18 digits and texts of up to 14 plain characters
 * stand in the cell itself; anything else hangs off it. All-zero bytes are an
 * empty cell.
 */
#ifndef MAIP_SQL_CELL_H
#define MAIP_SQL_CELL_H

#include "sql/value.h"

enum cell_tag { CELL_EMPTY, CELL_SMALL, CELL_SHORT, CELL_BLOB };

struct blob;

struct cell {
	union {
		int64_t      v;         /* SMALL */
		struct blob *blob;      /* BLOB: as val_save wrote it */
		char         head[8];   /* SHORT: the text goes on in tail */
	};
	char    tail[6];
	uint8_t n;                      /* SHORT: its length; SMALL: the scale */
	uint8_t tag;
};

/* Forget what it holds, and hold v with its raw bytes. */
void cell_set(struct cell *c, const struct val *v);

/* Text is borrowed from the cell. An empty cell is NULL. */
void cell_get(const struct cell *c, struct val *to);

void   cell_drop(struct cell *c);
size_t cell_heap(const struct cell *c);
void   cell_save(const struct cell *c, struct buf *to);
int    cell_load(struct cell *c, struct cursor *from);

#endif
