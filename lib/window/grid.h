/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid.h - where the windows of a fixed shape lie
 *
 * Tumbling, sliding, cumulating and calendar windows are cuts through time that
 * depend on no record. They are made of panes: the longest stretches of time
 * that no window begins or ends inside of, so that a record is added to one
 * pane, whatever the number of windows over it (J. Li et al., "No Pane, No
 * Gain", 2005; where the size is no multiple of the slide a slide has two
 * panes, S. Krishnamurthy et al., "On-the-fly sharing", 2006).
 *
 * Moments lie in [TIME_FIRST, TIME_LAST] and durations up to DUR_MAX, so
 * nothing here can overflow; bounds of panes and windows may lie outside, by a
 * size.
 */
#ifndef MAIP_WINDOW_GRID_H
#define MAIP_WINDOW_GRID_H

#include <stdbool.h>
#include <stdint.h>

struct calendar;

enum grid_kind {
	/* [offset + k * slide, + size); tumbling: slide is the size; gaps where it is larger */
	GRID_SLIDING,
	/* starts every size, ends every slide: [s, s + slide), [s, s + 2 * slide), ... [s, s +
	 * size) */
	GRID_CUMULATE,
	GRID_CALENDAR                   /* days, weeks or months of a time zone */
};

struct grid {
	enum grid_kind kind;
	int64_t size, slide;            /* > 0; CUMULATE: size is a multiple of slide */
	int64_t offset;                 /* |offset| < size, or slide for SLIDING */
	const struct calendar *calendar;
};

struct span {                           /* [start, end) */
	int64_t start, end;
};

/* The pane that ts lies in; false: it lies in a gap that no window covers. */
bool grid_pane(const struct grid *g, int64_t ts, struct span *pane);

/* The first end of a window that is > t. */
int64_t grid_next_end(const struct grid *g, int64_t t);

/* The end of the last window that covers a pane. */
int64_t grid_last_end(const struct grid *g, const struct span *pane);

/* Where the window that ends at end starts. */
int64_t grid_start(const struct grid *g, int64_t end);

#endif
