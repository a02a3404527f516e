/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_assign.c - which partitions are read, and through which queue
 *
 * Read apart, each partition keeps librdkafka's own queue: it prefetches and throttles each by
 * itself, so a merge neither copies records nor pauses partitions (pausing throws the prefetched
 * away). Read together, all go into one queue of ours. In both cases this has to be said before
 * rd_kafka_assign(), which otherwise forwards them to the consumer's queue: where the group's
 * events are, whose callbacks would come in the middle of gathering many records at once.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/reader_parts.h"

static bool
is_of(const rd_kafka_message_t *m, const struct part *p)
{
	return m->rkt != NULL && m->partition == p->partition &&
	       str_eq(str_of(rd_kafka_topic_name(m->rkt)), p->topic);
}

/* What was gathered of p, or of all (NULL), is not handed out. */
static void
forget_gathered(struct feed *f, const struct part *p)
{
	size_t kept = f->at;

	for (size_t i = f->at; i < f->n; i++) {
		if (p != NULL && !is_of(f->gathered[i], p))
			f->gathered[kept++] = f->gathered[i];
		else
			rd_kafka_message_destroy(f->gathered[i]);
	}
	f->n = kept;
}

int64_t
reader_gathered(const struct kafka_reader *k, const struct part *p)
{
	const struct feed *f = k->apart ? k->feeds[p->slot] : &k->together;

	for (size_t i = f->at; i < f->n; i++)
		if (f->gathered[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR && is_of(f->gathered[i], p))
			return f->gathered[i]->offset;
	return OFFSET_NONE;
}

void
feed_release(struct feed *f)
{
	if (f->message != NULL)
		rd_kafka_message_destroy(f->message);
	forget_gathered(f, NULL);
	if (f->queue != NULL)
		rd_kafka_queue_destroy(f->queue);
	free(f->headers);
	*f = (struct feed){ 0 };
}

static struct feed *
feed_of(struct kafka_reader *k, const struct part *p)
{
	while (k->n_feeds <= p->slot) {
		k->feeds = mem_more(k->feeds, k->n_feeds, &k->cap_feeds, sizeof(*k->feeds));
		k->feeds[k->n_feeds++] = mem_zalloc(1, sizeof(**k->feeds));
	}
	return k->feeds[p->slot];
}

/* Keep the partition's queue for itself. Whoever was told of it may have dropped it at once. */
static void
split(struct kafka_reader *k, const struct part *p, rd_kafka_queue_t *queue)
{
	struct feed *f = feed_of(k, p);
	const bool dropped = f->dropped;

	feed_release(f);
	f->dropped = dropped;
	f->topic = reader_intern(k, p->topic);
	f->partition = p->partition;
	f->queue = queue;
	rd_kafka_queue_forward(queue, NULL);
}

void
reader_lead(struct kafka_reader *k, const struct part *p)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(
		k->h.rk, reader_intern(k, p->topic).p, p->partition);

	if (k->apart) {
		split(k, p, queue);
		return;
	}
	rd_kafka_queue_forward(queue, k->together.queue);
	rd_kafka_queue_destroy(queue);
	k->joined = true;
}

void
reader_part_with(struct kafka_reader *k, const struct part *p)
{
	reader_trust(k, p);
	forget_gathered(&k->together, p);
	for (size_t i = 0; i < k->n_feeds; i++) {
		struct feed *f = k->feeds[i];

		if (f->queue == NULL || f->partition != p->partition || !str_eq(f->topic, p->topic))
			continue;
		forget_gathered(f, NULL);
		rd_kafka_queue_destroy(f->queue);
		f->queue = NULL;
		k->parted = mem_more(k->parted, k->n_parted, &k->cap_parted, sizeof(*k->parted));
		k->parted[k->n_parted++] = *f;
		*f = (struct feed){ 0 };
	}
}

void
reader_release_parted(struct kafka_reader *k)
{
	while (k->n_parted > 0)
		feed_release(&k->parted[--k->n_parted]);
}

static int
assign(struct kafka_reader *k, const struct part *parts, const int64_t *offsets, size_t n,
       struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < n; i++) {
		rd_kafka_topic_partition_list_add(list, reader_intern(k, parts[i].topic).p,
		                                  parts[i].partition)
			->offset = offsets[i];
		reader_lead(k, &parts[i]);
	}
	code = rd_kafka_assign(k->h.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR
	               ? 0
	               : handle_fail(&k->h, code, "cannot start to read", err);
}

int
reader_assign(void *self, const struct part *parts, const int64_t *offsets, size_t n, bool apart,
              struct err *err)
{
	struct kafka_reader *k = self;

	k->apart = apart;
	if (apart && reader_fit(k, n, err) < 0)
		return -1;
	k->reading = true;
	return assign(k, parts, offsets, n, err);
}

int
reader_add(void *self, const struct part *p, int64_t offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = reader_one(k, p, offset);
	rd_kafka_error_t *error;
	int rc = 0;

	reader_lead(k, p);
	error = rd_kafka_incremental_assign(k->h.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (error != NULL) {
		rc = reader_fail_part(k, rd_kafka_error_code(error), "start to read", p, err);
		rd_kafka_error_destroy(error);
	}
	return rc;
}

int
reader_drop(void *self, const struct part *p, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = reader_one(k, p, RD_KAFKA_OFFSET_INVALID);

	(void)err;
	if (k->apart) {
		forget_gathered(feed_of(k, p), NULL);
		feed_of(k, p)->dropped = true;
	}
	rd_kafka_pause_partitions(k->h.rk, list); /* an optimization: failing is no harm */
	rd_kafka_topic_partition_list_destroy(list);
	return 0;
}
