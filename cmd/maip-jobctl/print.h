/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.h - a table on a terminal, NDJSON in a pipe
 *
 * A command adds the same values once; where they go decides how they look.
 * Text from outside is shown with its control characters escaped. On a narrow terminal names,
 * commands and ids are cut, but nothing else: it is wrapped rather than lost.
 */
#ifndef MAIP_JOBCTL_PRINT_H
#define MAIP_JOBCTL_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"

struct printer;                         /* opaque; lives in print.c */

/* Columns are named as members of the NDJSON line; the table's heading is the name in capitals.
 * json: NDJSON on a terminal, too. */
struct printer *printer_new(const char *const *columns, bool json);
/* A table of one column without a heading, wherever it goes. */
struct printer *printer_new_words(void);

/* The cells of a row, in order; after the last column a new row begins. */
void print_text(struct printer *p, const char *text);
void print_int(struct printer *p, int64_t v);
void print_share(struct printer *p, double ratio);              /* "12 %", 0.12 */
void print_time(struct printer *p, int64_t ms);                 /* RFC 3339; -1: none */
void print_duration(struct printer *p, int64_t ms);             /* "1h30m"; milliseconds */
void print_none(struct printer *p);                             /* "-", null */

/* A line under the table; NDJSON has none. */
void print_note(struct printer *p, const char *line);

/* Write it all; frees the printer. STATUS_OK, or STATUS_IO after telling why. A reader that has
 * gone away is no error. */
enum status printer_finish(struct printer *p);

#endif
