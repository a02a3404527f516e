/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_leave.c - what a member of a group leaves behind: its offsets, and its place
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/cond.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/auth.h"
#include "kafka/reader_parts.h"

#define COMMIT_MS 5000                  /* an answer to a commit takes no longer */
#define LEAVE_MS  10000
#define DOWN_MS   1000                  /* both, when no broker answers any more */
#define SIGNAL_MS 100                   /* between two looks whether a second signal has come */
#define FREE_MS   1000                  /* there is no good but memory in it */

/* from this librdkafka on, a member that was never given anything can be freed (its issue 4312) */
#define COOPERATIVE_FIXED 0x020300ff

int
reader_store(void *self, const struct part *p, int64_t offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = reader_one(k, p, offset);
	int64_t same;

	return reader_answer(k, list, rd_kafka_offsets_store(k->h.rk, list), "store the offset of",
	                     p, &same, err);
}

static int
limit(const struct kafka_reader *k, int usual)
{
	return k->unanswered || k->h.down_since != TIME_MAX ? DOWN_MS : usual;
}

/* Wait for the answer to a commit. rd_kafka_commit() would wait for a broker that is gone as long
 * as the session lasts, and there is nothing more to be lost than is read again. */
static rd_kafka_resp_err_t
commit_answer(struct kafka_reader *k, rd_kafka_queue_t *queue)
{
	rd_kafka_event_t *event = NULL;
	rd_kafka_resp_err_t code;

	for (int left = limit(k, COMMIT_MS); event == NULL && left > 0 && !handle_hurried(&k->h);
	     left -= SIGNAL_MS)
		event = rd_kafka_queue_poll(queue, left < SIGNAL_MS ? left : SIGNAL_MS);
	code = event != NULL ? rd_kafka_event_error(event)
	       : handle_hurried(&k->h) ? RD_KAFKA_RESP_ERR__INTR
	                               : RD_KAFKA_RESP_ERR__TIMED_OUT;
	k->unanswered = event == NULL;
	if (event != NULL)
		rd_kafka_event_destroy(event);
	return code;
}

static rd_kafka_resp_err_t
commit_and_wait(struct kafka_reader *k)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(k->h.rk);
	rd_kafka_resp_err_t code = rd_kafka_commit_queue(k->h.rk, NULL, queue, NULL, NULL);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = commit_answer(k, queue);
	rd_kafka_queue_destroy(queue);
	return code;
}

int
reader_commit(void *self, bool wait, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_resp_err_t code;

	if (k->h.rk == NULL)            /* another client could not be made */
		return 0;
	code = wait ? commit_and_wait(k) : rd_kafka_commit(k->h.rk, NULL, 1);
	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
	case RD_KAFKA_RESP_ERR__NO_OFFSET:              /* nothing stored since the last time */
		return 0;
	case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
	case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
		return 0; /* the partitions are another's by now, and will be read again there */
	default:
		return handle_fail(&k->h, code, "cannot commit the group's offsets", err);
	}
}

/* rd_kafka_consumer_close() can wait for a broker that never answers (librdkafka issues 4041,
 * 4884), and rd_kafka_destroy() of 2.0.2 waits for ever for the thread of a broker that led a
 * topic which was deleted meanwhile. So both have a thread of their own and a deadline, behind
 * which the client is left to the end of the process. */
enum part_way { STAYING, LEFT, DONE };

struct farewell {
	struct kafka_reader *reader;
	pthread_mutex_t      lock;
	pthread_cond_t       news;
	enum part_way        stage;
	bool                 may_abort; /* asked first: the configuration goes before the thread */
	bool                 kept;      /* when DONE: left to the end of the process */
};

static void
reached(struct farewell *f, enum part_way stage)
{
	pthread_mutex_lock(&f->lock);
	f->stage = stage;
	pthread_cond_signal(&f->news);
	pthread_mutex_unlock(&f->lock);
}

/* librdkafka aborts when the client of a cooperative group is freed between the answer to its
 * request to join and its first assignment. */
static bool
may_abort(const struct kafka_reader *k)
{
	return rd_kafka_version() < COOPERATIVE_FIXED && kafka_conf_cooperative(k->h.conf);
}

static void *
say_farewell(void *arg)
{
	struct farewell *f = arg;
	struct handle *h = &f->reader->h;

	if (h->consumer)
		rd_kafka_consumer_close(h->rk);
	reached(f, LEFT);
	f->kept = f->may_abort && !f->reader->assigned;
	if (!f->kept)
		handle_close(h);
	reached(f, DONE);
	return NULL;
}

static bool
await(struct farewell *f, enum part_way stage, int ms)
{
	bool done;

	pthread_mutex_lock(&f->lock);
	for (; f->stage < stage && ms > 0 && !handle_hurried(&f->reader->h); ms -= SIGNAL_MS) {
		const struct timespec end = cond_deadline(ms < SIGNAL_MS ? ms : SIGNAL_MS);

		while (f->stage < stage && pthread_cond_timedwait(&f->news, &f->lock, &end) == 0)
			;
	}
	done = f->stage >= stage;
	pthread_mutex_unlock(&f->lock);
	return done;
}

static struct farewell *
farewell_new(struct kafka_reader *k)
{
	struct farewell *f = mem_zalloc(1, sizeof(*f));

	f->reader = k;
	f->may_abort = may_abort(k);
	pthread_mutex_init(&f->lock, NULL);
	cond_init(&f->news);
	return f;
}

bool
reader_leave(struct kafka_reader *k)
{
	struct farewell *f = farewell_new(k);
	pthread_t thread;
	sigset_t all, before;
	int failed;
	bool kept;

	/* signals are for the thread that waits */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	failed = pthread_create(&thread, NULL, say_farewell, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0) {
		free(f);
		return false;
	}
	if (!await(f, LEFT, limit(k, LEAVE_MS)) || !await(f, DONE, FREE_MS)) {
		pthread_detach(thread);
		auth_stop(k->h.auth);   /* nobody may be there any more to be told anything */
		return false;           /* f belongs to the thread, for ever */
	}
	pthread_join(thread, NULL);
	kept = f->kept;
	if (kept)
		auth_stop(k->h.auth);
	pthread_cond_destroy(&f->news);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return !kept;
}
