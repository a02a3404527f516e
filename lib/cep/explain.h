/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - a compiled pattern for people
 *
 * As a table, a state and its edges a paragraph, or as a graph for dot(1).
 */
#ifndef MAIP_CEP_EXPLAIN_H
#define MAIP_CEP_EXPLAIN_H

#include "cep/program.h"

struct explain_keys {                   /* as they were given */
	const char *const *texts;
	size_t n;
};

/* Append the text. slicing: the engine for one repeated element will run it (slices.h). */
int explain_table(const struct program *g, const struct explain_keys *keys, bool slicing,
                  struct buf *to);
int explain_dot(const struct program *g, const struct explain_keys *keys, struct buf *to);

#endif
