/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.c - what is asked about topics before anything is sent there
 */
#include "kafka/target.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/topics.h"

#define ASK_AGAIN_MS 2000 /* what was not there, or not answered, is not asked for again before */
#define MAKE_MS        10000            /* until the brokers tell of a topic that we made */
#define LEADERS_MS     1000             /* one question for all leaders of a topic */
#define MADE_WITHIN_MS 3000             /* how long a broker may take to make one on demand */
#define SETTING_MS     3000             /* for an answer that we can do without */

void
targets_init(struct targets *t, struct handle *h, const struct topic_conf *create)
{
	*t = (struct targets){ .h = h, .create = create, .failed = TIME_MIN };
}

void
targets_forget(struct targets *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->list[i].rkt != NULL)
			rd_kafka_topic_destroy(t->list[i].rkt);
		t->list[i].rkt = NULL;
	}
}

void
targets_release(struct targets *t)
{
	targets_forget(t);
	for (size_t i = 0; i < t->n; i++)
		free(t->list[i].name);
	free(t->list);
}

/* Where the topic is, or where it would have to be. */
static size_t
place_of(const struct targets *t, struct str name, bool *found)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int    d = str_cmp(str_of(t->list[middle].name), name);

		if (d == 0) {
			*found = true;
			return middle;
		}
		if (d < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = false;
	return low;
}

/* The topic, a new one if need be; until the next is made. */
static struct target *
make(struct targets *t, struct str name)
{
	bool   found;
	size_t at = place_of(t, name, &found);

	if (found)
		return &t->list[at];
	t->list = mem_more(t->list, t->n, &t->cap, sizeof(*t->list));
	memmove(t->list + at + 1, t->list + at, (t->n - at) * sizeof(*t->list));
	t->n++;
	t->list[at] = (struct target){ .name = mem_dup(name),
		                       .asked = TIME_MIN,
		                       .limits.bytes = -1 };
	return &t->list[at];
}

/* Of all topics: asking for a single one needs a handle, with which librdkafka would ask a broker
 * that makes topics to make it. */
static int
ask_all(struct targets *t, struct err *err)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t code = handle_metadata(
		t->h, true, NULL, kafka_conf_patience(t->h->conf, true), &md);

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return handle_fail(t->h, code, "cannot list the topics", err);
	handle_heard(t->h);
	t->broker = md->orig_broker_id;
	if (t->broker < 0 && md->broker_cnt > 0) /* over the address of -b: it has no number yet */
		t->broker = md->brokers[0].id;
	for (int i = 0; i < md->topic_cnt; i++)
		make(t, str_of(md->topics[i].topic))->partitions = md->topics[i].partition_cnt;
	rd_kafka_metadata_destroy(md);
	return 0;
}

/* Does the leader of each partition take it for its own? */
static bool
leaders_answer(struct handle *h, rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = RD_KAFKA_OFFSET_END;
	if (rd_kafka_offsets_for_times(h->rk, list, LEADERS_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	for (int i = 0; i < list->cnt; i++)
		if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			return false;
	return true;
}

/* The brokers tell of a new topic some moments before its leaders take records. They would refuse
 * the first ones, and take those behind: see only_implied() in writer_report.c. */
static int
await_leaders(struct targets *t, struct str name, struct err *err)
{
	const struct target             *to = make(t, name);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(to->partitions);
	int64_t                          end = clock_monotonic_ms() + MAKE_MS;
	int                              got = 0;

	rd_kafka_topic_partition_list_add_range(list, to->name, 0, to->partitions - 1);
	while (got == 0 && !leaders_answer(t->h, list) && clock_monotonic_ms() < end) {
		rd_kafka_poll(t->h->rk, 20);
		if (handle_stopped(t->h))
			got = fail_as(err, STATUS_RETRY, "stopped by a signal");
	}
	rd_kafka_topic_partition_list_destroy(list);
	return got;
}

/* Make it, and wait until the brokers tell of it. */
static int
create(struct targets *t, struct str name, struct err *err)
{
	int64_t end = clock_monotonic_ms() + MAKE_MS;

	if (topic_create(t->h, make(t, name)->name, t->create, err) < 0)
		return -1;
	do {
		if (ask_all(t, err) < 0)
			return -1;
		if (make(t, name)->partitions > 0)
			return await_leaders(t, name, err);
		rd_kafka_poll(t->h->rk, 20);
		if (handle_stopped(t->h))
			return fail_as(err, STATUS_RETRY, "stopped by a signal");
	} while (clock_monotonic_ms() < end);
	return 0;
}

/* Some brokers make a topic when it is asked for by its name (auto.create.topics.enable), and say
 * so only once it is there: as with any other producer, that is up to them. */
static int
let_make(struct targets *t, struct str name, struct err *err)
{
	int64_t end = clock_monotonic_ms() + MADE_WITHIN_MS;
	int     partitions;

	for (;;) {
		partitions = topic_ask(t->h, make(t, name)->name, err);
		if (partitions < 0)
			return -1;
		make(t, name)->partitions = partitions;
		if (partitions > 0)
			return await_leaders(t, name, err);
		if (clock_monotonic_ms() >= end)
			return 0;
		if (handle_stopped(t->h))
			return fail_as(err, STATUS_RETRY, "stopped by a signal");
		rd_kafka_poll(t->h->rk, 50);
	}
}

/* Ask until it is known whether the topic is there. */
static int
look_up(struct targets *t, struct str name, struct err *err)
{
	if (ask_all(t, err) < 0)
		return -1;
	if (make(t, name)->partitions > 0)
		return 0;
	return t->create != NULL ? create(t, name, err) : let_make(t, name, err);
}

/* A failure stands for a while, so that not every record of a batch waits for the next. */
static int
look_up_now_and_then(struct targets *t, struct str name, struct err *err)
{
	if (t->failed != TIME_MIN && clock_monotonic_ms() - t->failed < ASK_AGAIN_MS &&
	    (t->whose == NULL || str_eq(str_of(t->whose), name))) {
		*err = t->why;
		return -1;
	}
	if (look_up(t, name, err) == 0) {
		make(t, name)->asked = clock_monotonic_ms();
		return 0;
	}
	t->why = *err;
	t->failed = clock_monotonic_ms();
	t->whose = err->status == STATUS_UNAVAILABLE || err->status == STATUS_RETRY
	                   ? NULL
	                   : make(t, name)->name;
	return -1;
}

int64_t
targets_find(struct targets *t, struct str name, struct err *err)
{
	struct target *to;
	char           text[QUOTE_MAX];

	if (topics_check_name(name, err) < 0)
		return -1;
	to = make(t, name);
	if (to->partitions == 0 &&
	    (to->asked == TIME_MIN || clock_monotonic_ms() - to->asked >= ASK_AGAIN_MS)) {
		if (look_up_now_and_then(t, name, err) < 0)
			return -1;
		to = make(t, name);
	}
	if (to->partitions == 0)
		return fail_as(
			err, STATUS_NOINPUT,
			"there is no topic %s, or none that we may see (--create-topics makes it)",
			quote(text, name));
	if (to->limits.bytes < 0 &&
	    topic_limits(t->h, t->broker, to->name, SETTING_MS, &to->limits, err) < 0)
		return fail_in(err, "cannot ask for the settings of topic %s", quote(text, name));
	return to - t->list;
}

int64_t
targets_batch_max(const struct targets *t, struct str name)
{
	bool         found;
	const size_t at = place_of(t, name, &found);

	return found && t->list[at].limits.bytes > 0 ? t->list[at].limits.bytes : 0;
}
