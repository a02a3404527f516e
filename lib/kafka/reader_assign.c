/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_assign.c - which partitions are read, and the queue of each that is read apart
 *
 * Read apart, each partition keeps librdkafka's own queue: it prefetches and throttles each by
 * itself, so a merge neither copies records nor pauses partitions (pausing throws the prefetched
 * away). The queues have to be split off before rd_kafka_assign(), which otherwise forwards them
 * to the consumer's one queue.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/reader_parts.h"

void
feed_release(struct feed *f)
{
	if (f->message != NULL)
		rd_kafka_message_destroy(f->message);
	if (f->queue != NULL)
		rd_kafka_queue_destroy(f->queue);
	free(f->headers);
	*f = (struct feed){ 0 };
}

void
reader_split(struct kafka_reader *k, const struct part *p)
{
	struct feed *f;

	while (k->n_feeds <= p->slot) {
		k->feeds = mem_more(k->feeds, k->n_feeds, &k->cap_feeds, sizeof(*k->feeds));
		k->feeds[k->n_feeds++] = (struct feed){ 0 };
	}
	f = &k->feeds[p->slot];
	feed_release(f);
	f->topic = reader_intern(k, p->topic);
	f->partition = p->partition;
	f->queue = rd_kafka_queue_get_partition(k->h.rk, f->topic.p, p->partition);
	rd_kafka_queue_forward(f->queue, NULL);
}

void
reader_part_with(struct kafka_reader *k, const struct part *p)
{
	for (size_t i = 0; i < k->n_feeds; i++) {
		struct feed *f = &k->feeds[i];

		if (f->queue == NULL || f->partition != p->partition || !str_eq(f->topic, p->topic))
			continue;
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

void
reader_drop_early(struct kafka_reader *k, const struct part *p)
{
	const rd_kafka_message_t *m = k->early;

	if (m == NULL || m->rkt == NULL || m->partition != p->partition ||
	    !str_eq(str_of(rd_kafka_topic_name(m->rkt)), p->topic))
		return;
	rd_kafka_message_destroy(k->early);
	k->early = NULL;
}

int
reader_assign(void *self, const struct part *parts, const int64_t *offsets, size_t n, bool apart,
              struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	rd_kafka_resp_err_t code;

	k->apart = apart;
	for (size_t i = 0; i < n; i++) {
		rd_kafka_topic_partition_list_add(list, reader_intern(k, parts[i].topic).p,
		                                  parts[i].partition)
			->offset = offsets[i];
		if (apart)
			reader_split(k, &parts[i]);
	}
	k->reading = true;
	code = rd_kafka_assign(k->h.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR
	               ? 0
	               : handle_fail(&k->h, code, "cannot start to read", err);
}

int
reader_add(void *self, const struct part *p, int64_t offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = reader_one(k, p, offset);
	rd_kafka_error_t *error = rd_kafka_incremental_assign(k->h.rk, list);
	int rc = 0;

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
	rd_kafka_pause_partitions(k->h.rk, list); /* an optimization: failing is no harm */
	rd_kafka_topic_partition_list_destroy(list);
	return 0;
}
