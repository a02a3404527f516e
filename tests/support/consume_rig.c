/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume_rig.c - one run of maip-consume's routing over a broker in memory
 */
#include "consume_rig.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static int64_t
rig_clock(void *self)
{
	return ((struct rig *)self)->now;
}

static int64_t
rig_clock_ns(void *self)
{
	return ((struct rig *)self)->now * 1000000;
}

static int64_t
rig_write(void *self, const char *p, size_t n, struct err *err)
{
	struct rig *r = self;

	if (r->output_fails)
		return fail_as(err, STATUS_IO, "the disk is full");
	r->now += r->write_takes;
	r->writes++;
	if (r->while_blocked != NULL)
		r->while_blocked(r);
	buf_add(&r->written, p, n);
	return (int64_t)n;
}

void
rig_init(struct rig *r, struct memory_broker *b, const char *topic)
{
	struct err err;

	*r = (struct rig){ .broker = b, .now = NOW };
	r->topics = topics_new();
	assert(topics_option(r->topics, topic, &err) == 0);
	r->conf = (struct consume_conf){
		.topics = r->topics, .max_line = 1 << 20, .max_future = -1, .where = r->where,
		.job = "0123456789abcdef0123456789abcdef", .run = "fedcba9876543210fedcba9876543210",
	};
	r->env = (struct pipe_env){ .clock_ms = rig_clock,
		                    .clock_ns = rig_clock_ns,
		                    .clock_self = r };
	buf_init(&r->written, BUF_NO_MAX);
	out_init(&r->out, &(struct sink){ .self = r, .write = rig_write });
}

void
rig_init_timed(struct rig *r, struct memory_broker *b, int32_t partitions)
{
	memory_broker_topic(b, "t", partitions);
	rig_init(r, b, "t");
	r->conf.watermarks = true;
	r->conf.range.from.kind = PLACE_EARLIEST;
}

void
rig_open(struct rig *r)
{
	r->conf.group = r->group != NULL;
	r->reader = memory_broker_reader(r->broker, r->group);
	r->consume = consume_new(&r->conf, &r->bad, &r->out, &r->env, &r->err);
	if (r->consume == NULL)
		die(STATUS_BUG, "%s", r->err.msg);
}

void
rig_start(struct rig *r)
{
	rig_open(r);
	assert(consume_start(r->consume, &r->reader, &r->err) == 0);
}

enum status
rig_run(struct rig *r)
{
	rig_open(r);
	return consume_run(r->consume, &r->reader, &r->err);
}

const char *
rig_text(struct rig *r)
{
	buf_add_char(&r->written, '\0');
	r->written.n--;
	return r->written.p;
}

void
rig_release(struct rig *r)
{
	if (r->reader.self != NULL)
		r->reader.close(r->reader.self);
	consume_free(r->consume);
	topics_free(r->topics);
	out_release(&r->out);
	buf_release(&r->written);
}

void
rig_put(struct memory_broker *b, const char *topic, int32_t partition, int64_t ts, const char *key,
        const char *value)
{
	struct record r = {
		.topic = str_of(topic),
		.partition = partition,
		.timestamp = ts,
		.key = key != NULL ? str_of(key) : (struct str){ 0 },
		.value = value != NULL ? str_of(value) : (struct str){ 0 },
	};

	memory_broker_append(b, &r);
}

void
rig_put_event(struct memory_broker *b, const char *topic, int32_t partition, int64_t ts, int n)
{
	char value[100];

	snprintf(value, sizeof(value), "{\"n\":%d,\"timestamp\":%" PRId64 "}", n, ts);
	rig_put(b, topic, partition, ts, "k", value);
}

void
rig_steps(struct rig *r, int n)
{
	for (int i = 0; i < n; i++)
		assert(consume_step(r->consume, 0, &r->err) == 1);
}
