/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_touch.c - is a partition silent, or is its broker away?
 *
 * librdkafka tells that a connection was lost, but not which partitions are behind it, nor when it
 * is back. So after a loss all are in doubt until their leaders have answered: asked all at once,
 * each for its own, for one that is away is waited for in vain. None of the questions here is worth
 * more than a moment: a short one at first, and a longer one, as rarely, where no answer came in
 * time, for a broker may be far away. But an answer comes no sooner than that of the fetch that was
 * sent before, which the broker may hold for fetch.wait.max.ms.
 */
#include <inttypes.h>
#include <stdio.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/time.h"
#include "kafka/reader_parts.h"

#define TOUCH_FIRST_MS 200
#define TOUCH_MOST_MS  800
#define TOUCH_EVERY    5                /* times as long as an answer is waited for */
#define ANSWERS        3                /* that tell of more to come, of which nothing comes */
#define TELL_AFTER_MS  5000

/* How long one of these questions waits for its answer: ms, and as long as a broker may hold a
 * fetch; but none blocks us for longer than ASK_MS. */
static int
question_ms(const struct kafka_reader *k, int ms)
{
	const int64_t all = ms + k->fetch_wait_ms;

	return (int)(all < ASK_MS ? all : ASK_MS);
}

void
reader_trust_all(struct kafka_reader *k)
{
	if (k->doubtful != NULL)
		rd_kafka_topic_partition_list_destroy(k->doubtful);
	k->doubtful = NULL;
}

void
reader_trust(struct kafka_reader *k, const struct part *p)
{
	if (k->doubtful != NULL)
		rd_kafka_topic_partition_list_del(k->doubtful, reader_intern(k, p->topic).p,
		                                  p->partition);
}

/* A connection was lost, and it may be that of any partition. The list of rd_kafka_assignment()
 * must not be kept: it holds librdkafka's own partitions. */
static bool
doubt_all(struct kafka_reader *k)
{
	rd_kafka_topic_partition_list_t *assigned;

	if (rd_kafka_assignment(k->h.rk, &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	if (k->doubtful == NULL || k->doubtful->cnt == 0) {
		k->doubtful_since = clock_monotonic_ms();
		k->doubt_told = false;
	}
	reader_trust_all(k);
	k->doubtful = rd_kafka_topic_partition_list_new(assigned->cnt);
	for (int i = 0; i < assigned->cnt; i++)
		rd_kafka_topic_partition_list_add(k->doubtful, assigned->elems[i].topic,
		                                  assigned->elems[i].partition)
			->offset = assigned->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(assigned);
	k->touch_ms = question_ms(k, TOUCH_FIRST_MS);
	k->h.lost = false;
	return true;
}

/* Who leads it, according to the brokers that answer? -1: nobody. */
static int32_t
leader_of(const struct rd_kafka_metadata *md, const rd_kafka_topic_partition_t *p)
{
	for (int t = 0; t < md->topic_cnt; t++) {
		const rd_kafka_metadata_topic_t *topic = &md->topics[t];

		if (strcmp(topic->topic, p->topic) != 0)
			continue;
		for (int i = 0; i < topic->partition_cnt; i++)
			if (topic->partitions[i].id == p->partition)
				return topic->partitions[i].leader;
	}
	return -1;
}

/* Does it stand where the leader has just said that it ends? One of which nothing was read stands
 * where it was assigned. */
static bool
caught_up(struct kafka_reader *k, const rd_kafka_topic_partition_t *asked, int64_t assigned)
{
	const struct part p = { str_of(asked->topic), asked->partition, 0 };
	struct err ignored;
	int64_t at;

	if (reader_position(k, &p, &at, &ignored) < 0)
		return false;
	if (at == OFFSET_NONE)
		at = assigned;
	return at < 0 || at >= asked->offset;
}

/* The leader of p, which is in doubt, has answered. Is p silent? Or is it said for long enough that
 * something will come? There may be nothing to be had: compaction can leave an empty batch. */
static bool
is_settled(struct kafka_reader *k, const rd_kafka_topic_partition_t *answer)
{
	rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_find(
		k->doubtful, answer->topic, answer->partition);
	uintptr_t answers = (uintptr_t)p->opaque;

	if (answer->err != RD_KAFKA_RESP_ERR_NO_ERROR || answer->offset < 0)
		return false;
	p->opaque = (void *)++answers;
	return answers >= ANSWERS || caught_up(k, answer, p->offset);
}

/* Ask one leader for the ends of what it leads: whoever has nothing for us is silent. */
static void
ask_leader(struct kafka_reader *k, const struct rd_kafka_metadata *md, int32_t leader)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(k->doubtful->cnt);

	for (int i = 0; i < k->doubtful->cnt; i++) {
		const rd_kafka_topic_partition_t *p = &k->doubtful->elems[i];

		if (leader_of(md, p) == leader)
			rd_kafka_topic_partition_list_add(list, p->topic, p->partition)->offset =
				RD_KAFKA_OFFSET_END;
	}
	if (list->cnt > 0 && rd_kafka_offsets_for_times(k->h.rk, list, k->touch_ms) ==
	                             RD_KAFKA_RESP_ERR_NO_ERROR) {
		for (int i = 0; i < list->cnt; i++) {
			const rd_kafka_topic_partition_t *p = &list->elems[i];

			if (is_settled(k, p))
				rd_kafka_topic_partition_list_del(k->doubtful, p->topic,
				                                  p->partition);
		}
	}
	rd_kafka_topic_partition_list_destroy(list);
}

/* Told once: nothing else shows why windows do not close. */
static void
tell_doubt(struct kafka_reader *k)
{
	const rd_kafka_topic_partition_t *p = &k->doubtful->elems[0];
	const int most = question_ms(k, TOUCH_MOST_MS);
	char more[40] = "", text[700];

	if (k->doubt_told || k->h.watch.log == NULL ||
	    clock_monotonic_ms() - k->doubtful_since < TELL_AFTER_MS)
		return;
	k->doubt_told = true;
	if (k->doubtful->cnt > 1)
		snprintf(more, sizeof(more), " and %d more", k->doubtful->cnt - 1);
	snprintf(text, sizeof(text),
	         "no answer for %s[%" PRId32 "]%s since a connection was lost: watermarks, and "
	         "with them windows, wait until the broker that leads it answers (is it up, and "
	         "does it answer within %d ms?%s)",
	         p->topic, p->partition, more, most,
	         most == ASK_MS ? " -X fetch.wait.max.ms=... should be less" : "");
	k->h.watch.log(k->h.watch.log_arg, LOG_WARNING, text);
}

static void
ask_leaders(struct kafka_reader *k)
{
	const int most = question_ms(k, TOUCH_MOST_MS);
	const struct rd_kafka_metadata *md;

	k->next_touch = clock_monotonic_ms() + TOUCH_EVERY * k->touch_ms;
	if (rd_kafka_metadata(k->h.rk, 0, NULL, &md, k->touch_ms) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		for (int i = 0; i < md->broker_cnt; i++)
			ask_leader(k, md, md->brokers[i].id);
		rd_kafka_metadata_destroy(md);
	}
	if (k->doubtful->cnt == 0)
		return;
	k->touch_ms = 2 * k->touch_ms < most ? 2 * k->touch_ms : most;
	tell_doubt(k);
}

bool
reader_in_touch(void *self, const struct part *p)
{
	struct kafka_reader *k = self;

	if (k->h.lost && !doubt_all(k))
		return false;
	if (k->doubtful == NULL || k->doubtful->cnt == 0)
		return true;
	if (k->h.down_since == TIME_MAX && clock_monotonic_ms() >= k->next_touch)
		ask_leaders(k);
	return p == NULL ? k->doubtful->cnt == 0
	                 : rd_kafka_topic_partition_list_find(k->doubtful,
	                                                      reader_intern(k, p->topic).p,
	                                                      p->partition) == NULL;
}

int
reader_ends_at(void *self, const struct part *p, int64_t offset)
{
	struct kafka_reader *k = self;
	int64_t first, next;

	if (rd_kafka_query_watermark_offsets(k->h.rk, reader_intern(k, p->topic).p, p->partition,
	                                     &first, &next, question_ms(k, TOUCH_MOST_MS)) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return -1;
	return next == offset;
}
