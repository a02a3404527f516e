/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cep_case.h - random patterns and inputs for maip-cep's stage, and one way to run them
 *
 * A case is a list of options as on the command line, and lines
 * {"t":12,"k":"x","e":"a","v":3,"id":0}. Times are milliseconds.
 */
#ifndef MAIP_TESTS_CEP_CASE_H
#define MAIP_TESTS_CEP_CASE_H

#include "cep/stage.h"

#define CASE_ARGS  64
#define CASE_LINES 40

struct cep_line { int64_t t; char k, e; int v; };

struct cep_case {
	/* option, value, option, value, ...; "" where an option has none */
	char   args[CASE_ARGS][48];
	int    n_args;
	struct cep_line lines[CASE_LINES];
	int    n_lines;
	int64_t bound;
};

enum cep_shape {
	/* what the naive matcher understands: sequences and counts, in order, no-skip */
	SHAPE_PLAIN,
	SHAPE_ONE,                      /* one repeated element, any strategy */
	SHAPE_ANY                       /* everything */
};

void cep_case_random(struct cep_case *c, enum cep_shape shape, uint64_t seed);

/* How to run it. cut: save, and go on with what was loaded into a new stage, after each line for
 * which it says so. */
struct cep_run {
	bool     general;
	enum emit emit;
	uint64_t cuts;                  /* seed of random cuts; 0: none */
	bool     traced;                /* the general engine, because of --trace */
	size_t   max_partial;           /* 0: 20000 */
	bool     shed;
	uint64_t max_matches;           /* 0: no limit */
	/* how many there were after a line, at most; NULL: nobody asks */
	uint64_t *most_partial;
};

/* Matches, then timeouts behind a line "-- timeouts", then late lines behind "-- late". 0; 1: the
 * pattern is refused; -1 the run failed, and what it printed before is there. */
int cep_case_run(const struct cep_case *c, const struct cep_run *how, struct buf *to);

/* The line as the stage reads it. */
size_t cep_line_text(char to[96], const struct cep_line *line, int id);

/* The case for a person, as a command. */
void cep_case_print(const struct cep_case *c, struct buf *to);

/* Make c smaller as long as differs(c, arg): without some lines, or options. */
void cep_case_shrink(struct cep_case *c, bool (*differs)(const struct cep_case *c, void *arg),
                     void *arg);

#endif
