/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.c - news of the general engine in words
 */
#include "cep/trace.h"

#include "base/time.h"

static const char *const words[] = {
	[NEWS_BEGAN] = "begins with it, goes on to ",
	[NEWS_TOOK] = "takes it, goes on to ",
	[NEWS_WAITS] = "passes it over, waits in ",
	[NEWS_DIED] = "dies: it fits nowhere in ",
	[NEWS_STOPPED] = "dies: what must not come has come, in ",
	[NEWS_MATCHED] = "is complete: ",
	[NEWS_SKIPPED] = "dies: ruled out by --after-match, in ",
	[NEWS_TIMED_OUT] = "dies: out of time in ",
	[NEWS_SHED] = "dies: dropped at --max-partial, in ",
};

void
trace_news(void *arg, enum nfa_news what, const struct branch *b, const struct event *e)
{
	const struct tracer *t = arg;
	const struct node *first = b->node;
	struct buf state;
	char    time[TIME_TEXT_MAX];
	int64_t taken = 0;

	for (const struct node *n = b->node; n != NULL; n = n->before, taken++)
		first = n;
	buf_init(&state, BUF_NO_MAX);
	program_state_name(t->program, b->state, &state);
	if (e == NULL && t->now == TIME_MAX)
		out_str(t->to, STR("end"));
	else
		out_bytes(t->to, time, time_print(time, e != NULL ? e->ts : t->now));
	if (e != NULL) {
		out_str(t->to, STR(" record "));
		out_i64(t->to, (int64_t)e->arrival);
	}
	out_str(t->to, STR(": match from record "));
	out_i64(t->to, (int64_t)first->event->arrival);
	out_str(t->to, STR(": "));
	out_str(t->to, str_of(words[what]));
	out_str(t->to, buf_str(&state));
	out_str(t->to, STR(" ("));
	out_i64(t->to, taken);
	out_str(t->to, STR(" taken)"));
	out_end_line(t->to);
	buf_release(&state);
}
