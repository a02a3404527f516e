/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nfa.h - the general engine: every pattern, one key at a time
 *
 * Holds a program and working memory; what is known of a key stands in a struct
 * partials that the caller keeps. Events come in order of time, and time is
 * moved on before each new moment and whenever the watermark says so. No clock, no I/O.
 *
 * Cost: every event looks at every branch of its key, as in Flink. What becomes of a branch is
 * worked out once for each state and each set of conditions that hold, and remembered; only where
 * a condition asks what has been taken, it is worked out each time. A key of which nothing is
 * known but the wait for a first event, or one branch beside it, costs no memory beyond its
 * struct, and an event that leaves all branches as they are costs a look at each.
 */
#ifndef MAIP_CEP_NFA_H
#define MAIP_CEP_NFA_H

#include "cep/partials.h"
#include "cep/program.h"

#define NFA_BRANCHES_MAX ((uint32_t)1 << 30)            /* of one key */
#define NFA_STATES_MAX   4096           /* in a larger program nothing is remembered */

struct found {                          /* a match, or a partial one that ran out of time */
	struct node *node;              /* holds a reference */
	int64_t      at;                /* when it was found; for a timeout, when it ran out */
};

struct found_list {
	struct found *a;
	size_t        n, cap;
};

void found_clear(struct event_store *s, struct found_list *l);  /* drops the references */
void found_release(struct event_store *s, struct found_list *l);

struct nfa;                                             /* opaque; lives in nfa.c */

struct nfa_conf {
	const struct program *program;
	/* branches that have begun, of all keys together; see nfa_keep_below_limit() */
	size_t                max_live;
	bool                  shed;
	bool                  forgets;  /* work everything out each time: for tests */
	struct event_store   *store;    /* of events, nodes and branches */
	uint64_t             *gave_up;  /* counts REGEXPs that ran into their match limit */
	uint64_t             *seq;      /* numbers the events, with those that pass by */
};

struct nfa *nfa_new(const struct nfa_conf *conf);
void nfa_free(struct nfa *f);                           /* NULL is fine */

/* An idle key has these branches, entry for entry, which somebody else has filled, from now on. */
void nfa_adopt(struct nfa *f, struct partials *p, struct branches *live, struct branches *done);

/* An event of this key, no earlier than the time it has been moved to. Appends matches. 0, or -1
 * with err: a skip target that is not there (STATUS_DATA), or more branches than a key can have. */
int nfa_event(struct nfa *f, struct partials *p, struct event *e, struct found_list *matches,
              struct err *err);

/* After an event of the key: beyond max_live -1 with err, or with shed the key's oldest branches
 * are dropped. */
int nfa_keep_below_limit(struct nfa *f, struct partials *p, struct err *err);

/* Is it known that the event leaves a key as it is of which nothing is known but the wait? */
bool nfa_passes_by(const struct nfa *f, const struct event *e);

/* Time is now for this key, where it may have been before. Appends matches that only waited for
 * it, and timeouts, unless that is NULL. */
int nfa_time(struct nfa *f, struct partials *p, int64_t now, struct found_list *matches,
             struct found_list *timeouts, struct err *err);

/* What becomes of branches, for whoever wants to know; e is NULL where time alone did it. b is as
 * it is afterwards, or as it was last; of one that a NOT has ended, in the state of the NOT. at is
 * the time of e, or when the branch's own time was over, however much later that was noticed. */
enum nfa_news {
	NEWS_BEGAN,
	NEWS_TOOK,
	NEWS_WAITS,
	NEWS_DIED,
	NEWS_STOPPED,
	NEWS_MATCHED,
	NEWS_SKIPPED,
	NEWS_TIMED_OUT,
	NEWS_SHED
};
typedef void nfa_news_fn(void *arg, enum nfa_news what, const struct branch *b,
                         const struct event *e, int64_t at);
/* NULL: nobody does (the default) */
void nfa_listen(struct nfa *f, nfa_news_fn *tell, void *arg);

/* The message at the limit. Returns -1. */
int nfa_too_many(size_t max_live, struct err *err);

size_t   nfa_live(const struct nfa *f);                 /* that have begun, of all keys */
uint64_t nfa_shed(const struct nfa *f);                 /* dropped at the limit so far */

#endif
