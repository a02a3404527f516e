/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_writer.c - writing to the broker in memory
 */
#include <stdlib.h>

#include "base/mem.h"
#include "memory_broker_parts.h"

#define QUEUE_MAX 64                    /* records that a writer takes before it is full */

struct sending {
	struct record r;
	uint64_t      tag;
};

struct queue {
	struct memory_broker *b;
	struct writer_events  events;
	struct sending        waiting[QUEUE_MAX];
	size_t                n;
};

static int
queue_partitions(void *self, struct str topic, struct err *err)
{
	return memory_partitions(((struct queue *)self)->b, topic, err);
}

static int
queue_send(void *self, const struct record *r, uint64_t tag, struct err *err)
{
	struct queue *q = self;

	if (memory_partitions(q->b, r->topic, err) < 0)
		return -1;
	if (q->n == QUEUE_MAX || memory_hesitates(q->b))
		return 0;
	q->waiting[q->n].tag = tag;
	memory_copy_record(&q->waiting[q->n].r, r);
	q->waiting[q->n].r.topic = memory_copy(r->topic);
	q->n++;
	return 1;
}

static void
report_first(struct queue *q, const struct err *why)
{
	struct sending s = q->waiting[0];
	struct record told = s.r;

	memmove(q->waiting, q->waiting + 1, --q->n * sizeof(s));
	if (why == NULL)
		told = *memory_append(q->b, &s.r);
	q->events.report(q->events.arg, s.tag, &told, why);
	free((char *)s.r.topic.p);
	memory_free_record(&s.r);
}

static void
deliver_first(struct queue *q)
{
	const struct err lost = { .status = STATUS_IO, .msg = "lost on purpose" };

	report_first(q, memory_loses(q->b) ? &lost : NULL);
}

static int
queue_poll(void *self, int64_t wait_ms, struct err *err)
{
	struct queue *q = self;

	(void)wait_ms;
	(void)err;
	while (q->n > 0 && !memory_hesitates(q->b))
		deliver_first(q);
	return 0;
}

static int
queue_flush(void *self, int64_t wait_ms, struct err *err)
{
	struct queue *q = self;

	queue_poll(self, wait_ms, err);
	return q->n == 0;
}

static void
queue_give_up(void *self, const struct err *why)
{
	struct queue *q = self;

	while (q->n > 0)
		report_first(q, why);
}

static void
queue_close(void *self)
{
	const struct err closed = { .status = STATUS_IO, .msg = "closed" };

	queue_give_up(self, &closed);
	free(self);
}

struct writer
memory_broker_writer(struct memory_broker *b, const struct writer_events *events)
{
	struct queue *q = mem_zalloc(1, sizeof(*q));

	q->b = b;
	q->events = *events;
	return (struct writer){
		.self = q,
		.partitions = queue_partitions,
		.send = queue_send,
		.poll = queue_poll,
		.flush = queue_flush,
		.give_up = queue_give_up,
		.close = queue_close,
	};
}
