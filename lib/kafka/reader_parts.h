/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_parts.h - what the files of the reader of a real broker share
 *
 * Private to reader_*.c: reader_ask.c asks the broker, reader_touch.c whether it is still there,
 * reader_hide.c keeps topics out of sight, reader_assign.c says what is read, reader_group.c lets a
 * group say it, reader_poll.c takes records and errors, reader_leave.c commits and says farewell,
 * reader_rdkafka.c makes a reader of them. The functions that are named as those of reader.h, and
 * have void *self, are these.
 */
#ifndef MAIP_KAFKA_READER_PARTS_H
#define MAIP_KAFKA_READER_PARTS_H

#include <regex.h>

#include "kafka/handle.h"
#include "kafka/reader_rdkafka.h"

#define ASK_MS  10000                   /* one question to a broker */
#define LOOK_MS 1000                    /* the same between records: are there new partitions? */

#define FEED_MOST 64                    /* records that are taken out of a queue at once */

struct feed {                           /* one partition that is read apart, or all together */
	rd_kafka_queue_t   *queue;      /* NULL: not in use */
	rd_kafka_message_t *message;    /* handed out */
	rd_kafka_message_t *gathered[FEED_MOST];        /* from at to n: to be handed out next */
	size_t              at, n;
	size_t              largest;    /* bytes, of those that were gathered last; 0: none yet */
	struct str          topic;
	int32_t             partition;
	struct header      *headers;
	size_t              n_headers, cap_headers;
	/* bytes and records handed out since the last look, or the nudge of this number */
	size_t              drained, n_drained;
	uint64_t            nudges;
	bool                full;       /* at the last look there was more than is to be fetched */
	bool                dropped;    /* no more of it is wanted */
};

struct kafka_reader {
	struct handle        h;
	struct reader_conf   conf;
	struct reader_events events;
	struct str          *topics;    /* every topic seen, each at its one address */
	size_t               n_topics, cap_topics;
	struct str          *listed;    /* the last answer of topics() */
	size_t               n_listed, cap_listed;
	regex_t             *hidden;    /* topics of these names are not there for anybody */
	size_t               n_hidden;
	/* by slot; each stays where it is, for while one is looked at others may come */
	struct feed        **feeds;
	size_t               n_feeds, cap_feeds;
	struct feed          together;  /* what poll() hands out */
	/* were taken away; what they handed out lives until the next poll or take */
	struct feed         *parted;
	size_t               n_parted, cap_parted;
	bool                 apart, closing;
	bool                 unanswered;        /* the last commit */
	bool                 joined;    /* together has partitions, or had */
	bool                 assigned;  /* a group has given us something, be it nothing */
	/* the group rebalances so; asked before it is joined, for librdkafka may not say while it
	 * is left, and then the configuration may be gone */
	bool                 cooperative;
	bool                 reading;   /* partitions of our own choice; no longer the start */
	/* inside the callback: librdkafka is not to be polled */
	bool                 rebalancing;
	/* so many partitions, read apart, the client was made for */
	size_t               fits;
	size_t               gather_bytes;      /* of a feed that may be gathered at once */
	/* look whether to nudge whenever so much of a feed was handed out; 0: never */
	size_t               nudge_bytes;
	/* partitions whose leader has not answered since a connection was lost; the offset is where
	 * each was assigned. NULL: none was lost yet */
	rd_kafka_topic_partition_list_t *doubtful;
	int64_t              next_touch;        /* monotonic ms: they are not asked for before */
	int                  touch_ms;          /* for so long */
	/* monotonic ms: since when there was always one of them */
	int64_t              doubtful_since;
	bool                 doubt_told;        /* and the user knows */
	int64_t              fetch_wait_ms;     /* a broker may hold a fetch */
	uint64_t             nudges;
	bool                 failed;    /* where nobody looked: err is for the next poll */
	struct err           err;
};

/* ---- reader_ask.c */

/* The topic of this name, at its one address for the life of k; ends with a NUL. */
struct str reader_intern(struct kafka_reader *k, struct str name);

/* "cannot DOING TOPIC[PARTITION]: why". Returns -1. */
int reader_fail_part(struct kafka_reader *k, rd_kafka_resp_err_t code, const char *doing,
                     const struct part *p, struct err *err);

/* What a question failed with: after a signal a broker that has no answer is not asked again, and
 * it is RD_KAFKA_RESP_ERR__INTR. */
rd_kafka_resp_err_t reader_asked(const struct kafka_reader *k, rd_kafka_resp_err_t code);

/* A list of one partition, for questions; and the offset that the question brought. answer frees
 * the list. */
rd_kafka_topic_partition_list_t *reader_one(struct kafka_reader *k, const struct part *p,
                                            int64_t offset);
int reader_answer(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list,
                  rd_kafka_resp_err_t code, const char *doing, const struct part *p,
                  int64_t *offset, struct err *err);

int reader_topics(void *self, struct str **names, size_t *n, struct err *err);
int reader_partitions(void *self, struct str topic, struct err *err);
int reader_ends(void *self, const struct part *p, int64_t *first, int64_t *next, struct err *err);
int reader_offset_at(void *self, const struct part *p, int64_t ts, int64_t *offset,
                     struct err *err);
int reader_committed(void *self, const struct part *p, int64_t *offset, struct err *err);
int reader_position(void *self, const struct part *p, int64_t *offset, struct err *err);
int64_t reader_heard_end(void *self, const struct part *p);

/* ---- reader_hide.c */

/* Take over what the property topic.blacklist says. */
void reader_hide(struct kafka_reader *k);
void reader_hide_release(struct kafka_reader *k);
/* Is a topic hidden by it? Its name ends with a NUL. */
bool reader_hides(const struct kafka_reader *k, struct str topic);
/* "topic 'NAME' is hidden (-X: topic.blacklist=...)", STATUS_NOINPUT. Returns -1. */
int reader_fail_hidden(const struct kafka_reader *k, struct str topic, struct err *err);
/* Let patterns of a group not mean Kafka's own topics, either. */
void reader_hide_internal(const struct kafka_reader *k, rd_kafka_conf_t *conf);

/* ---- reader_touch.c */

int reader_ends_at(void *self, const struct part *p, int64_t offset);
bool reader_in_touch(void *self, const struct part *p);
/* It was taken away: nobody asks whether it is silent. */
void reader_trust(struct kafka_reader *k, const struct part *p);
void reader_trust_all(struct kafka_reader *k);

/* ---- reader_rdkafka.c */

/* So many partitions will be read apart. How much of each may be fetched ahead is a property of the
 * client: for more than it was made for, another takes its place. Before anything is read. */
int reader_fit(struct kafka_reader *k, size_t partitions, struct err *err);

/* ---- reader_assign.c */

void feed_release(struct feed *f);

/* Before rd_kafka_assign(): let the partition's records go where they are taken from, a queue of
 * its own or the one of all. */
void reader_lead(struct kafka_reader *k, const struct part *p);
/* The offset of the first record that was gathered of p, and not handed out; or OFFSET_NONE. */
int64_t reader_gathered(const struct kafka_reader *k, const struct part *p);
/* It was taken away: what was gathered of it comes again to whoever gets it. The owner may be in
 * the middle of writing its last record, which therefore lives on until reader_release_parted(). */
void reader_part_with(struct kafka_reader *k, const struct part *p);
void reader_release_parted(struct kafka_reader *k);

int reader_assign(void *self, const struct part *parts, const int64_t *offsets, size_t n,
                  bool apart, struct err *err);
int reader_add(void *self, const struct part *p, int64_t offset, struct err *err);
int reader_drop(void *self, const struct part *p, struct err *err);

/* ---- reader_group.c */

/* librdkafka's callback; its opaque is the handle. */
void reader_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *list, void *opaque);

int reader_subscribe(void *self, const struct str *names, size_t n, bool apart,
                     const struct reader_events *events, struct err *err);

/* ---- reader_poll.c */

/* The handle's: the next poll or take fails, unless no more of that partition is wanted. */
void reader_gone(void *owner, struct str topic, int32_t partition);

int reader_poll(void *self, int64_t wait_ms, struct record *r, struct err *err);
int reader_take(void *self, uint32_t slot, int64_t wait_ms, struct record *r, struct err *err);
int reader_serve(void *self, struct err *err);
/* for the next poll, unless another one waits for that already */
void reader_keep_error(struct kafka_reader *k, const struct err *err);

/* ---- reader_leave.c */

int reader_store(void *self, const struct part *p, int64_t offset, struct err *err);
int reader_commit(void *self, bool wait, struct err *err);
/* Leave the group, if there is one, and free the client, in bounded time. False: the client still
 * hangs on to k, which must live as long as the process. */
bool reader_leave(struct kafka_reader *k);

#endif
