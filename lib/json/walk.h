/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - the template path: one line along the shapes that are known
 *
 * Compiled once for each width of vectors (walk_*.c), from one text (walk_body.h);
 * an extractor picks one when it is made.
 */
#ifndef MAIP_JSON_WALK_H
#define MAIP_JSON_WALK_H

#include "json/shape.h"

/* True: line is a record, and fields say where its fields stand. False: not known, ask the exact
 * path. LINE_SLACK bytes behind line are readable. */
typedef bool walk_fn(struct shapes *s, struct str line, struct field *fields);

walk_fn walk_scalar;
walk_fn walk_sse2;
walk_fn walk_avx2;

#endif
