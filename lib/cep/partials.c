/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partials.c - one branch and the wait, or a heap of them
 */
#include "cep/partials.h"

#define PREFETCH_MAX 4                  /* branches of a key */

void
partials_release(struct event_store *s, struct partials *p)
{
	if (p->is_lone)
		node_drop(s, p->lone.node);
	else
		branches_release(s, &p->live);
	branches_release(s, &p->done);
	*p = (struct partials){ .is_lone = false };
}

size_t
partials_live(const struct partials *p, int start, struct branch pair[2], const struct branch **to)
{
	if (!p->is_lone) {
		*to = p->live.a;
		return p->live.n;
	}
	pair[0] = p->lone;
	pair[1] = branch_wait(start);
	*to = pair;
	return 2;
}

void
partials_unpack(struct event_store *s, struct partials *p, int start)
{
	const struct branch lone = p->lone, wait = branch_wait(start);

	if (!p->is_lone)
		return;
	p->is_lone = false;
	p->live = (struct branches){ .a = NULL };
	branches_append(s, &p->live, &lone);
	branches_append(s, &p->live, &wait);
}

void
partials_become(struct event_store *s, struct partials *p, struct branches *from)
{
	if (p->is_lone)
		p->live = (struct branches){ .a = NULL };
	p->is_lone = from->n == 2 && from->a[1].start == START_NEVER;
	if (!p->is_lone) {
		branches_become(s, &p->live, from);
		return;
	}
	const struct branch lone = from->a[0];
	p->live.n = from->n = 0;
	branches_release(s, &p->live);
	p->lone = lone;
}

void
partials_prefetch(const struct partials *p, int step)
{
	const struct branch *b = p->is_lone ? &p->lone : p->live.a;
	const size_t n = p->is_lone ? 1 : p->live.n;

	if (step == 0 && n > 0)
		__builtin_prefetch(b);
	for (size_t i = 0; step > 0 && i < n && i < PREFETCH_MAX; i++)
		if (step == 1)
			__builtin_prefetch(b[i].node);
		else if (b[i].node != NULL)
			__builtin_prefetch(b[i].node->event);
}
