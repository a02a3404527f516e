/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_leave.c - what a member of a group leaves behind: its offsets, and its place
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "kafka/reader_parts.h"

#define CLOSE_S 10

int
reader_store(void *self, const struct part *p, int64_t offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = reader_one(k, p, offset);
	int64_t same;

	return reader_answer(k, list, rd_kafka_offsets_store(k->h.rk, list), "store the offset of",
	                     p, &same, err);
}

int
reader_commit(void *self, bool wait, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_resp_err_t code = rd_kafka_commit(k->h.rk, NULL, !wait);

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
 * 4884), so it is given a thread of its own and a deadline. Behind the deadline the client is left
 * to the end of the process. */
struct farewell {
	rd_kafka_t     *rk;
	pthread_mutex_t lock;
	pthread_cond_t  done_signal;
	bool            done, abandoned;
};

static void *
say_farewell(void *arg)
{
	struct farewell *f = arg;
	bool abandoned;

	rd_kafka_consumer_close(f->rk);
	pthread_mutex_lock(&f->lock);
	f->done = true;
	abandoned = f->abandoned;
	pthread_cond_signal(&f->done_signal);
	pthread_mutex_unlock(&f->lock);
	if (abandoned)
		free(f);
	return NULL;
}

bool
reader_leave(struct kafka_reader *k)
{
	struct farewell *f = mem_zalloc(1, sizeof(*f));
	pthread_condattr_t clock;
	struct timespec end;
	pthread_t thread;
	bool done;

	f->rk = k->h.rk;
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&f->done_signal, &clock);
	pthread_condattr_destroy(&clock);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += CLOSE_S;
	if (pthread_create(&thread, NULL, say_farewell, f) != 0) {
		free(f);
		return false;
	}
	pthread_mutex_lock(&f->lock);
	while (!f->done && pthread_cond_timedwait(&f->done_signal, &f->lock, &end) == 0)
		;
	done = f->done;
	f->abandoned = !done;
	pthread_mutex_unlock(&f->lock);
	if (!done) {
		pthread_detach(thread);
		return false;
	}
	pthread_join(thread, NULL);
	free(f);
	return true;
}
