/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid.c - arithmetic of windows of a fixed shape
 *
 * Everything rests on rounding towards the past, so times before 1970 need no
 * case of their own.
 */
#include "window/grid.h"

#include "window/calendar.h"

/* The last t0 <= t with t0 = origin + k * step. */
static int64_t
round_down(int64_t t, int64_t origin, int64_t step)
{
	int64_t rest = (t - origin) % step;

	return t - (rest < 0 ? rest + step : rest);
}

static bool
sliding_pane(const struct grid *g, int64_t ts, struct span *pane)
{
	int64_t base = round_down(ts, g->offset, g->slide);
	int64_t cut = base + g->size % g->slide;        /* a window that began earlier ends here */

	if (cut == base) {
		*pane = (struct span){ base, base + g->slide };
		return true;
	}
	if (ts < cut) {
		*pane = (struct span){ base, cut };
		return true;
	}
	*pane = (struct span){ cut, base + g->slide };
	return g->slide < g->size;
}

bool
grid_pane(const struct grid *g, int64_t ts, struct span *pane)
{
	switch (g->kind) {
	case GRID_SLIDING:
		return sliding_pane(g, ts, pane);
	case GRID_CUMULATE:
		pane->start = round_down(ts, g->offset, g->slide);
		pane->end = pane->start + g->slide;
		return true;
	case GRID_CALENDAR:
		calendar_period(g->calendar, ts, &pane->start, &pane->end);
		return true;
	}
	return false;
}

int64_t
grid_next_end(const struct grid *g, int64_t t)
{
	struct span period;

	switch (g->kind) {
	case GRID_SLIDING:
		return round_down(t, g->offset + g->size, g->slide) + g->slide;
	case GRID_CUMULATE:
		return round_down(t, g->offset, g->slide) + g->slide;
	case GRID_CALENDAR:
		break;
	}
	calendar_period(g->calendar, t, &period.start, &period.end);
	return period.end;
}

int64_t
grid_last_end(const struct grid *g, const struct span *pane)
{
	switch (g->kind) {
	case GRID_SLIDING:
		return round_down(pane->start, g->offset, g->slide) + g->size;
	case GRID_CUMULATE:
		return round_down(pane->start, g->offset, g->size) + g->size;
	case GRID_CALENDAR:
		break;
	}
	return pane->end;
}

int64_t
grid_start(const struct grid *g, int64_t end)
{
	struct span period;

	switch (g->kind) {
	case GRID_SLIDING:
		return end - g->size;
	case GRID_CUMULATE:
		return round_down(end - 1, g->offset, g->size);
	case GRID_CALENDAR:
		break;
	}
	calendar_period(g->calendar, end - 1, &period.start, &period.end);
	return period.start;
}
