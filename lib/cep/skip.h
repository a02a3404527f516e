/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skip.h - what a match rules out, by the pattern's after-match strategy
 *
 * A match takes away the partial matches that began before some event: the next one, the one behind
 * its last, or the first or last that an element took in it. Flink's AfterMatchSkipStrategy.
 */
#ifndef MAIP_CEP_SKIP_H
#define MAIP_CEP_SKIP_H

#include "cep/branches.h"
#include "cep/pattern.h"

struct skip_bound {
	uint64_t seq;                   /* what began before it is gone */
	bool     inclusive;             /* and what began with it */
	bool     none;                  /* nothing is gone: the others do not stand */
};

/* 0, or -1 with err (STATUS_DATA): the strategy wants an error where the target is not in the
 * match, or is where it began. Cost: the length of the match. */
int skip_find(const struct pattern *p, const struct branch *match, struct skip_bound *to,
              struct err *err);

#endif
