/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-produce - write records to Kafka, and know that they arrived
 *
 * Reads lines, sends one record each, and ends with 0 only if every one was acknowledged.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

#include "base/mem.h"
#include "base/opt.h"
#include "base/time.h"
#include "job/page.h"
#include "kafka/conf.h"
#include "kafka/produce.h"
#include "kafka/topics.h"
#include "kafka/writer_rdkafka.h"
#include "stream/pipe.h"

#define NAME             "maip-produce"
#define DELIVERY_TIMEOUT 120000         /* ms; as in the Java client */

static const char *const acks_words[] = { "all", "1", "0", NULL };
static const char *const compression_words[] = { "none", "gzip", "snappy", "lz4", "zstd", NULL };

static struct route_conf   route_conf;
static struct route_header *headers;
static size_t              cap_headers;
static struct kafka_conf  *kafka;
static struct writer_conf  writer_conf = { .linger = -1 };
static struct bad_records  bad;
static struct topic_conf   create;
static const char *letter_path, *receipt_path;
static bool text, envelope, tee, dry, allow_loss, verbose;
static int acks, compression = -1;
static int64_t delivery_timeout = -1, grace = 10000, max_line = LINE_MAX_DEFAULT;
static struct page *page;
static struct stage inner;              /* the stage without what this file adds */

static int
add_header(void *arg, const char *value, struct err *err)
{
	const char *equals = strchr(value, '=');
	char        quoted[QUOTE_MAX];

	(void)arg;
	if (equals == NULL || equals == value)
		return fail_as(err, STATUS_USAGE, "%s is not NAME=EXPR",
		               quote(quoted, str_of(value)));
	headers = mem_more(headers, route_conf.n_headers, &cap_headers, sizeof(*headers));
	headers[route_conf.n_headers++] = (struct route_header){
		{ value, (size_t)(equals - value) }, equals + 1
	};
	return 0;
}

/* Users of kcat mean a text. */
static void
tell_header_lacks(size_t i)
{
	char value[QUOTE_MAX];

	warn("-H %.*s=%s: the first record has no %s, so the header is null; a text is in quotes: "
	     "-H \"%.*s='%s'\"",
	     STR_ARGS(headers[i].name), headers[i].value,
	     quote(value, str_of(headers[i].value)), STR_ARGS(headers[i].name),
	     headers[i].value);
}

static int
set_create(void *arg, const char *value, struct err *err)
{
	(void)arg;
	topic_conf_release(&create);
	writer_conf.create = &create;
	return topic_conf_parse(&create, value, err);
}

/* Obey the command line. Returns the index of the first operand. */
static const struct opt opts[] = {
	OPT_HEADING("Where records go"),
	OPT_STR('t', "topic", &route_conf.topic, "TOPIC", "write to this topic"),
	OPT_STR(0, "topic-expr", &route_conf.topic_expr, "EXPR",
	        "write each line to the topic that EXPR yields"),
	OPT_STR('k', "key", &route_conf.key, "EXPR",
	        "make the text of EXPR the key; NULL is no key"),
	OPT_STR(0, "partition-expr", &route_conf.partition, "EXPR",
	        "write to this partition; NULL lets the key decide"),
	OPT_STR(0, "timestamp", &route_conf.timestamp, "EXPR",
	        "make EXPR the time of the record (default now)"),
	OPT_CALL('H', "header", add_header, NULL, "NAME=EXPR", "add a header; repeatable"),
	OPT_CALL(0, "create-topics", set_create, NULL, "[=PARTITIONS[,KEY=VALUE]...]",
	         "make topics that are not there, with these settings (replication.factor among "
	         "them)"),
	KAFKA_CONF_OPTS(&kafka),
	OPT_HEADING("What the value is (default: the line, which must be a JSON object)"),
	OPT_FLAG(0, "text", &text, "the line, whatever it is, but for control lines"),
	OPT_FLAG(0, "envelope", &envelope,
	         "lines are what maip-consume --envelope prints: a record with everything"),
	OPT_STR(0, "event-type", &route_conf.event_type, "TYPE",
	        "a MAIP event of this type with the line as its payload"),
	OPT_STR(0, "source", &route_conf.source, "NAME",
	        "the source that events name (default " NAME ")"),
	OPT_STR(0, "tombstone-when", &route_conf.tombstone_when, "CONDITION",
	        "send no value, but a tombstone, where this is true"),
	OPT_HEADING("Delivery"),
	OPT_MS(0, "delivery-timeout", &delivery_timeout, "DURATION",
	       "give a record up after so long (default 2m)"),
	OPT_STR(0, "transactional-id", &writer_conf.transactional_id, "ID",
	        "publish the whole input in one transaction, or nothing"),
	OPT_CHOICE(0, "compression", &compression, compression_words,
	           "compress batches (default none)"),
	OPT_MS(0, "linger", &writer_conf.linger, "DURATION",
	       "wait so long for a batch to fill (default 20ms)"),
	OPT_SIZE(0, "batch-size", &writer_conf.batch_size, 1, INT32_MAX, "BYTES",
	         "send a batch when it has so many bytes (default 1000000)"),
	OPT_CHOICE(0, "acks", &acks, acks_words,
	           "who must have a record: all replicas in sync, 1, or nobody (0)"),
	OPT_FLAG(0, "allow-loss", &allow_loss,
	         "yes, --acks 1 and 0 can lose records, or send them twice"),
	OPT_MS(0, "grace", &grace, "DURATION",
	       "after a signal, wait so long for acknowledgements (default 10s)"),
	OPT_HEADING("What becomes of each record"),
	OPT_STR(0, "dead-letter", &letter_path, "FILE",
	        "append records that were not delivered to FILE, and go on"),
	OPT_STR(0, "receipts", &receipt_path, "FILE",
	        "append line, topic, partition and offset of each delivered record to FILE"),
	OPT_FLAG(0, "tee", &tee, "repeat each line that was sent on standard output"),
	OPT_FLAG(0, "dry-run", &dry,
	         "send nothing; print what would be sent, as envelopes"),
	OPT_FLAG('v', "verbose", &verbose,
	         "say how many records were delivered, and what librdkafka logs"),
	OPT_HEADING("Lines that are no records"),
	BAD_OPTIONS(&bad, &max_line, "line"),
	OPT_END
};

/* kafka-console-producer and rpk */
static const struct opt_foreign foreign_names[] = {
	{ "bootstrap-server", "-b HOST:PORT" },
	{ "broker-list", "-b HOST:PORT" },
	{ "producer-property", "-X NAME=VALUE" },
	{ "command-property", "-X NAME=VALUE" },
	{ "producer.config", "-F FILE" },
	{ "command-config", "-F FILE" },
	{ "reader-property", "--key EXPR, or --envelope" },
	{ "format", "--key EXPR, or --envelope" },
	{ "compression-codec", "--compression CODEC" },
	{ "request-required-acks", "--acks" },
	{ "timeout", "--linger DURATION" },
	{ "request-timeout-ms", "--delivery-timeout DURATION" },
	{ "message-send-max-retries", "--delivery-timeout DURATION" },
	{ "max-block-ms", "--broker-timeout DURATION" },
	{ "retry-backoff-ms", "-X retry.backoff.ms=N" },
	{ "max-memory-bytes", "-X queue.buffering.max.kbytes=N" },
	{ "sync", "not needed: every report is waited for" },
	{ "partition", "--partition-expr EXPR" },
	{ "tombstone", "--tombstone-when CONDITION" },
	{ "allow-auto-topic-creation", "--create-topics" },
	{ "max-message-bytes", "-X message.max.bytes=N" },
	{ "output-format", "--receipts FILE" },
	{ NULL, NULL }
};

static int
read_options(int argc, char **argv)
{
	const struct tool tool = {
		.name = NAME, .operands = "[FILE]...", .opts = opts,
		.summary = "write records to Kafka, and know that they arrived",
		.library = kafka_conf_library,
		.foreign = KCAT_LETTERS,
		.foreign_hint = "FOR USERS OF KCAT in " NAME "(1)",
		.foreign_names = foreign_names,
	};

	return opt_parse(&tool, argc, argv);
}

/* ---- what does not go together */

static void
refuse(bool both, const char *message)
{
	if (both)
		die(STATUS_USAGE, "%s", message);
}

static bool
same_file(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
check_topic(void)
{
	struct err err;

	refuse(route_conf.topic == NULL && route_conf.topic_expr == NULL && !envelope,
	       "no topic: -t TOPIC or --topic-expr EXPR");
	refuse(route_conf.topic != NULL && route_conf.topic_expr != NULL,
	       "-t and --topic-expr both name the topic");
	refuse(route_conf.topic != NULL && *route_conf.topic == '\0',
	       "-t: the name of the topic is empty");
	if (route_conf.topic != NULL && topics_check_name(str_of(route_conf.topic), &err) < 0)
		die(err.status, "-t: %s", err.msg);
}

static void
check_options(void)
{
	const char *id = writer_conf.transactional_id;

	check_topic();
	refuse(id != NULL && *id == '\0', "--transactional-id: the transactional id is empty");
	refuse(route_conf.event_type != NULL && *route_conf.event_type == '\0',
	       "--event-type: the type of the event is empty");
	refuse(text + envelope + (route_conf.event_type != NULL) > 1,
	       "--text, --envelope and --event-type are three kinds of value: choose one");
	refuse(route_conf.source != NULL && route_conf.event_type == NULL,
	       "--source is for --event-type");
	refuse(acks != ACKS_ALL && !allow_loss,
	       "--acks 1 and 0 can lose records; if that is meant, say --allow-loss as well");
	refuse(acks == ACKS_ALL && allow_loss, "--allow-loss is for --acks 1 or 0");
	refuse(id != NULL && acks != ACKS_ALL, "--transactional-id needs --acks all");
	refuse(id != NULL && letter_path != NULL,
	       "--transactional-id publishes all or nothing: there are no dead letters");
	refuse(id != NULL && receipt_path != NULL,
	       "--transactional-id has no receipts: what is sent is not published yet");
	refuse(id != NULL && delivery_timeout >= 0,
	       "--delivery-timeout has no place in a transaction (-X transaction.timeout.ms=...)");
	refuse(delivery_timeout == 0, "--delivery-timeout: 0 gives every record up at once");
	refuse(writer_conf.linger >= (delivery_timeout < 0 ? DELIVERY_TIMEOUT : delivery_timeout),
	       "--linger must be shorter than --delivery-timeout");
	refuse(dry && (tee || letter_path != NULL || receipt_path != NULL || id != NULL ||
	               writer_conf.create != NULL),
	       "--dry-run sends nothing: no --tee, --dead-letter, --receipts, --transactional-id "
	       "or --create-topics");
	refuse(same_file(letter_path, receipt_path) || same_file(letter_path, bad.letter_path) ||
	               same_file(receipt_path, bad.letter_path),
	       "--dead-letter, --receipts and --on-error dead-letter need a file each");
}

static void
complete_options(void)
{
	struct err err;

	route_conf.headers = headers;
	route_conf.lacks = tell_header_lacks;
	route_conf.form = envelope                        ? ROUTE_ENVELOPE
	                  : text                          ? ROUTE_TEXT
	                  : route_conf.event_type != NULL ? ROUTE_EVENT
	                                                  : ROUTE_JSON;
	if (route_conf.source == NULL)
		route_conf.source = NAME;
	writer_conf.acks = (enum writer_acks)acks;
	writer_conf.compression = compression < 0 ? NULL : compression_words[compression];
	if (kafka_conf_finish(kafka, &err) < 0)
		die(err.status, "%s", err.msg);
	if (delivery_timeout >= 0 || kafka_conf_get(kafka, "delivery.timeout.ms") == NULL)
		writer_conf.delivery_timeout = delivery_timeout < 0 ? DELIVERY_TIMEOUT
		                                                    : delivery_timeout;
	if (getrandom(&route_conf.seed, sizeof(route_conf.seed), 0) < 0)
		die(STATUS_BUG, "no random numbers: %s", strerror(errno));
}

/* ---- the run */

static void
on_log(void *arg, int level, const char *line)
{
	(void)arg;
	if (level <= LOG_WARNING || verbose || kafka_conf_get(kafka, "debug") != NULL)
		warn("%s", line);
}

static void
open_file(struct out *o, const char *option, const char *path)
{
	struct err err;

	if (out_open_file(o, path, &err) < 0)
		die(err.status, "%s: %s", option, err.msg);
}

static enum status
close_file(struct out *o, enum status status)
{
	if (o == NULL)
		return status;
	status = out_finish(o, status);
	out_release(o);
	return status;
}

static int
connect_writer(struct produce *p, struct writer *w, const volatile int *stop, struct err *err)
{
	const struct writer_events events = produce_events(p);

	if (dry)
		return 0;
	writer_conf.kafka = kafka;
	writer_conf.watch = (struct kafka_watch){ .log = on_log, .stop = stop };
	return writer_rdkafka(w, &writer_conf, &events, err) < 0 ? -1 : produce_connect(p, w, err);
}

/* What the user should know before it takes a while. */
static void
tell_stopping(uint64_t in_flight, int64_t wait)
{
	char text_of_wait[DUR_TEXT_MAX];

	text_of_wait[dur_print(text_of_wait, wait)] = '\0';
	warn("stopped: waiting up to %s for %" PRIu64
	     " records to be acknowledged (a second signal leaves at once)",
	     text_of_wait, in_flight);
}

/* It may be long until the end tells. */
static void
tell_gave_up(const struct err *why)
{
	warn("%s: from here on nothing is sent, and each line is put into %s", why->msg,
	     letter_path);
}

/* The id of the job comes down the pipe. */
static int
begin(void *self, const struct control *hello, struct out *out, struct err *err)
{
	if (hello != NULL)
		page_job(page, hello->job);
	return inner.ops->begin(self, hello, out, err);
}

/* Where the records are that were not delivered. letters were flushed. */
static const char *
fate_of_failed(const struct out *letters)
{
	if (letters == NULL)
		return " (--dead-letter FILE keeps them, and goes on)";
	return letters->failed ? "; not all of them could be kept in " : "; they are in ";
}

static void
tell_counts(const struct produce_counts *c)
{
	char maybe[80] = "";

	if (c->maybe > 0)
		snprintf(maybe, sizeof(maybe), " (%" PRIu64 " of them perhaps there)", c->maybe);
	if (dry)
		warn("%" PRIu64 " records, none of them sent; %" PRIu64 " bad lines", c->taken,
		     bad.count);
	else if (c->unconfirmed)
		warn("%" PRIu64 " records, published or not; %" PRIu64 " bad lines", c->taken,
		     bad.count);
	else
		warn("%" PRIu64 " records, %" PRIu64 " delivered, %" PRIu64 " not%s; %" PRIu64
		     " bad lines",
		     c->taken, c->delivered, c->failed, maybe, bad.count);
}

static enum status
run(struct produce *p, const struct out *letters, int n_files, char **files, struct pipe_env *env)
{
	struct err            err;
	struct produce_counts c;
	struct stage_ops      ops;
	enum status           status;

	inner = produce_stage(p);
	ops = *inner.ops;
	ops.begin = begin;
	status = (enum status)pipe_main(&(struct stage){ &ops, inner.self }, n_files, files, &bad,
	                                env);
	status = produce_end(p, status, &err);
	c = produce_counts(p);
	if (err.msg[0] != '\0')
		warn("%s%s%s", err.msg,
		     c.failed == 0 || writer_conf.transactional_id != NULL
		             ? ""
		             : fate_of_failed(letters),
		     c.failed > 0 && letters != NULL ? letter_path : "");
	if (verbose)
		tell_counts(&c);
	return status;
}

static enum status
work(int n_files, char **files)
{
	struct out          letters, receipts;
	struct pipe_env     env;
	struct produce_conf conf = {
		.topic = route_conf.topic,
		.tee = tee,
		.dry = dry,
		.grace = grace,
		.stopping = tell_stopping,
		.gave_up = tell_gave_up,
	};
	struct produce     *p;
	struct writer       w = { 0 };
	struct err          err;
	enum status         status;

	pipe_env_real(&env);
	pipe_count_stops();     /* what was not acknowledged at the second is told */
	conf.stop = env.stop;
	page_lend(page, &env);
	/* a transaction is aborted anyway */
	env.reads_on = writer_conf.transactional_id == NULL;
	env.max_line = (size_t)max_line;
	env.forward_control = tee;
	conf.clock_ms = env.clock_ms;
	conf.clock_ns = env.clock_ns;
	conf.route = route_new(&route_conf, &err);
	if (conf.route == NULL)
		die(STATUS_USAGE, "%s", err.msg);
	if (bad_open(&bad, &err) < 0)
		die(err.status, "%s", err.msg);
	if (letter_path != NULL)
		open_file(conf.letters = &letters, "--dead-letter", letter_path);
	if (receipt_path != NULL)
		open_file(conf.receipts = &receipts, "--receipts", receipt_path);
	env.side_outputs[0] = conf.letters;
	env.side_outputs[1] = conf.receipts;
	p = produce_new(&conf);

	if (connect_writer(p, &w, env.stop, &err) < 0) {
		status = err.status;
		warn("%s%s", err.msg,
		     status == STATUS_RETRY ? "; no line was read, and nothing sent" : "");
	} else {
		status = run(p, conf.letters, n_files, files, &env);
	}

	if (w.close != NULL)
		w.close(w.self);
	status = close_file(conf.letters, status);
	status = close_file(conf.receipts, status);
	produce_free(p);
	route_free(conf.route);
	return status;
}

int
main(int argc, char **argv)
{
	struct err  told;
	enum status status;
	int         first;

	mem_keep_freed();       /* of records, by librdkafka */
	kafka = kafka_conf_new();
	first = read_options(argc, argv);
	check_options();
	complete_options();
	page = page_register(NAME, argc, argv, &told);
	status = work(argc - first, argv + first);
	page_finish(page, status);
	kafka_conf_free(kafka);
	topic_conf_release(&create);
	free(headers);
	return (int)status;
}
