/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-consume - read Kafka topics as lines of JSON
 *
 * One record a line: live, with a watermark of each partition, or up to the ends of this moment, merged by time.
 */
#define _GNU_SOURCE                     /* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/opt.h"
#include "base/time.h"
#include "job/page.h"
#include "kafka/conf.h"
#include "kafka/consume.h"
#include "kafka/envelope.h"
#include "kafka/listing.h"
#include "kafka/meter.h"
#include "kafka/reader_rdkafka.h"
#include "stream/pipe.h"

#define NAME        "maip-consume"
#define TICK_S      5                   /* a write blocked for two ticks no longer keeps us from serving the group */
#define IDLE_MS     30000
#define LOOK_MS     30000               /* between two looks for new partitions */

static struct consume_conf conf = { .max_future = -1, .idle_timeout = -1, .only = -1 };
static const char *const   only_words[] = {
	[ENVELOPE_KEY] = "key", [ENVELOPE_VALUE] = "value", [ENVELOPE_HEADERS] = "headers", NULL
};
static struct place_list  *places;
static struct kafka_conf  *kafka;
static struct reader_conf  reader_conf;
static struct bad_records  bad;
static const char        **where;
static size_t              cap_where;
static const char *group, *from_text, *until_text, *places_path, *key;
static struct meter_conf meter_conf;
static bool listing_topics, listing_offsets, verbose;
static int64_t max_line = LINE_MAX_DEFAULT, max_messages;

/* ---- options */

static int
add_where(void *arg, const char *value, struct err *err)
{
	(void)arg;
	(void)err;
	where = mem_more(where, conf.n_where, &cap_where, sizeof(*where));
	where[conf.n_where++] = value;
	return 0;
}

static int
set_watermark(void *arg, const char *value, struct err *err)
{
	conf.watermarks = true;
	return watermark_option(arg, value, err);
}

static int
set_progress(void *arg, const char *value, struct err *err)
{
	char q[QUOTE_MAX];

	(void)arg;
	if (value != NULL && strcmp(value, "partitions") != 0)
		return fail_as(err, STATUS_USAGE, "%s is not partitions", quote(q, str_of(value)));
	meter_conf.progress = true;
	meter_conf.partitions = value != NULL;
	return 0;
}

static int
read_options(int argc, char **argv)
{
	struct topics *topics = topics_new();
	const struct opt opts[] = {
		OPT_HEADING("What to read"),
		OPT_CALL('t', "topic", topics_option, topics, "NAME|GLOB|^REGEX", "read this topic, or those that match; repeatable"),
		OPT_CALL('p', "partition", partitions_option, &conf.partitions, "LIST", "only these partitions: 0, 0,3 or 0-7"),
		OPT_STR('g', "group", &group, "NAME", "share the partitions with the others of the group, and commit there what has been read"),
		OPT_STR('o', "offset", &from_text, "OFFSET", "start at earliest, latest, committed, N, -N, +N, @TIME, -DURATION, or read a range A:B"),
		OPT_STR(0, "offsets-from", &places_path, "FILE",
		        "read from these offsets on: lines as --list-offsets prints them, or with \"offset\":OFFSET"),
		OPT_FLAG('e', "exit-at-end", &conf.exit_at_end, "end when everything has been read that is there at the start"),
		OPT_STR(0, "until", &until_text, "OFFSET", "end there: end, N, +N, -N, @TIME or -DURATION, at most the present end"),
		OPT_INT('c', "max-messages", &max_messages, 1, INT64_MAX, "N", "end after N lines"),
		OPT_STR('k', "key", &key, "KEY", "only records with this key, out of the partition where the Java client puts it"),
		OPT_CALL('w', "where", add_where, NULL, "CONDITION", "only records for which this is true; it may use $key, $headers.NAME, "
		         "$topic, $partition, $offset and $timestamp; repeatable"),
		KAFKA_CONF_OPTS(kafka),
		OPT_HEADING("What a line is (default: the value, a JSON object)"),
		OPT_FLAG(0, "envelope", &conf.envelope, "the whole record: topic, partition, offset, timestamp, key, headers and value"),
		OPT_CHOICE(0, "only", &conf.only, only_words, "an envelope of this alone"),
		OPT_HEADING("How fast"),
		OPT_CALL(0, "rate", pace_rate_option, &conf.pace, "N[/s|/m|/h]", "write no more than N lines a second, minute or hour"),
		OPT_CALL(0, "replay-speed", pace_speed_option, &conf.pace, "X",
		         "write as fast as it happened, times X: 1, 60, 0.5; by the time of the records"),
		OPT_HEADING("Event time"),
		OPT_CALL(0, "watermark", set_watermark, &conf.bound, "none|DURATION", "write watermarks, for records that are up to DURATION out of order"),
		OPT_STR(0, "time", &conf.time, "EXPR", "the time of a record (default timestamp; '$timestamp' is Kafka's)"),
		OPT_CHOICE(0, "time-format", &conf.time_format, time_format_words, "what the time is when it is a number or text (default auto)"),
		OPT_MS(0, "idle-timeout", &conf.idle_timeout, "DURATION", "do not wait for a partition that has been silent so long (default 30s; 0: wait)"),
		OPT_MS(0, "idle-advance", &conf.idle_advance, "DURATION",
		       "once all topics have been silent so long, let time go on with the clock"),
		OPT_MS(0, "max-future", &conf.max_future, "DURATION", "a record further ahead of the clock is bad"),
		OPT_HEADING("Values that are no records"),
		OPT_CALL(0, "on-error", bad_option, &bad, "POLICY", "stop, skip or dead-letter=FILE (default stop)"),
		OPT_INT(0, "ok-errors", &bad.ok_errors, 0, INT64_MAX, "N", "end with 0 all the same if no more than N were bad"),
		OPT_SIZE(0, "max-line", &max_line, 1024, 1 << 30, "BYTES", "refuse longer values (default 16MiB)"),
		OPT_HEADING("Instead of reading"),
		OPT_FLAG('L', "list-topics", &listing_topics, "list the topics"),
		OPT_FLAG(0, "list-offsets", &listing_offsets, "list the first and the next offset of each partition, with -g also the group's"),
		OPT_HEADING("Other"),
		OPT_FLAG('v', "verbose", &verbose, "tell where each partition starts and ends, and how many records were read"),
		OPT_CALL(0, "progress", set_progress, NULL, "[=partitions]",
		         "on a terminal: show how far it has come, and how far each partition is behind"),
		OPT_MS(0, "stats-interval", &meter_conf.stats_every, "DURATION", "write counts and positions to stderr, an object a line"),
		OPT_END
	};
	const struct tool tool = { .name = NAME, .operands = "", .opts = opts, .summary = "read Kafka topics as lines of JSON" };

	conf.topics = topics;
	return opt_parse(&tool, argc, argv);
}

static void
refuse(bool both, const char *message)
{
	if (both)
		die(STATUS_USAGE, "%s", message);
}

static void
check_options(void)
{
	const bool listing = listing_topics || listing_offsets, bounded = consume_bounded(&conf);

	refuse(!listing && topics_count(conf.topics) == 0, "no topic: -t NAME (--list-topics shows those there are)");
	refuse(listing_topics && listing_offsets, "--list-topics and --list-offsets are two questions: ask one");
	refuse(until_text != NULL && conf.exit_at_end, "--until and --exit-at-end are two ends: choose one");
	refuse(until_text != NULL && conf.range.to.kind != PLACE_NONE, "--until and the end of -o are two ends: choose one");
	refuse(key != NULL && conf.partitions.n > 0, "-p and --key both say which partitions are read: choose one");
	refuse(meter_conf.stats_every > 0 && listing, "--stats-interval is for reading, not for a list");
	refuse(key != NULL && listing, "--key is for reading, not for a list");
	refuse(places != NULL && listing, "--offsets-from is for reading, not for a list");
	refuse(conf.idle_advance > 0 && (!conf.watermarks || bounded), "--idle-advance is for --watermark in a read without an end");
	refuse(conf.idle_advance > 0 && conf.bound == WATERMARK_NONE, "--idle-advance is for --watermark DURATION: with none there is no time to go on");
	refuse(group != NULL && *group == '\0', "-g: the name of the group is empty");
	refuse(!listing && group != NULL && conf.partitions.n > 0, "-p: in a group the partitions are shared out; without -g they can be chosen");
	refuse(group == NULL && conf.range.from.kind == PLACE_COMMITTED, "-o committed: committed by which group? (-g NAME)");
	refuse(conf.idle_timeout >= 0 && (!conf.watermarks || bounded), "--idle-timeout is for --watermark in a read without an end");
	refuse(conf.time != NULL && !conf.watermarks && !bounded && conf.max_future < 0 && conf.pace.speed == 0,
	       "--time is for --watermark, --max-future, --replay-speed and for merging a read with an end");
	refuse(conf.time_format != TIME_FORMAT_AUTO && conf.time == NULL && !conf.watermarks, "--time-format is for --time");
}

/* -o and --until may count from now, so they are read when all else is known to be right. */
static void
read_places(int64_t now)
{
	struct err err;

	if (from_text != NULL && place_range_parse(&conf.range, str_of(from_text), now, &err) < 0)
		die(STATUS_USAGE, "-o: %s", err.msg);
	if (until_text != NULL && place_parse(&conf.until, str_of(until_text), now, &err) < 0)
		die(STATUS_USAGE, "--until: %s", err.msg);
	if (places_path == NULL)
		return;
	conf.places = places = place_list_new();
	if (place_list_read(places, places_path, now, &err) < 0)
		die(err.status, "--offsets-from: %s", err.msg);
	if (topics_count(conf.topics) == 0 && place_list_topics(places, (struct topics *)conf.topics, &err) < 0)
		die(err.status, "--offsets-from %s: %s", places_path, err.msg);
}

/* 32 hexadecimal digits: those of the environment, for all stages of one job, or random ones. */
static void
make_id(char to[33], const char *given)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16];

	if (given != NULL && *given != '\0') {
		if (strlen(given) != 32 || strspn(given, digits) != 32)
			die(STATUS_USAGE, "MAIP_JOB_ID has to be 32 digits of 0-9 and a-f");
		memcpy(to, given, 33);
		return;
	}
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		die(STATUS_BUG, "no random numbers: %s", strerror(errno));
	for (size_t i = 0; i < 16; i++) {
		to[2 * i] = digits[bytes[i] >> 4];
		to[2 * i + 1] = digits[bytes[i] & 15];
	}
	to[32] = '\0';
}

/* A configuration that cannot be used is told only when the stages downstream know of us: see consume_hello. */
static void
complete_options(struct err *unusable)
{
	const char *refresh;

	*unusable = (struct err){ .status = STATUS_OK };
	if (kafka_conf_finish(kafka, unusable) < 0 && unusable->status == STATUS_USAGE)
		die(STATUS_USAGE, "%s", unusable->msg);
	if (group == NULL)
		group = kafka_conf_get(kafka, "group.id");
	conf.group = group != NULL;
	refuse(key != NULL && conf.group, "--key: in a group the partitions are shared out; without -g the one of a key can be read");
	if (key != NULL)
		conf.key = str_of(key);
	refresh = kafka_conf_get(kafka, "topic.metadata.refresh.interval.ms");
	conf.look_every = refresh == NULL ? LOOK_MS : strtol(refresh, NULL, 10);
	conf.where = where;
	conf.max_line = (size_t)max_line;
	conf.max_messages = (uint64_t)max_messages;
	if (conf.idle_timeout < 0)
		conf.idle_timeout = IDLE_MS;
	make_id(conf.job, getenv("MAIP_JOB_ID"));
	make_id(conf.run, NULL);
}

/* ---- standard output, which may be blocked for hours while the group wants us to answer */

struct patient_sink {
	int             fd;
	int             ticks;          /* since something could be written */
	struct sink     inner;
	struct consume *consume;
	struct out     *out;
	const volatile int *stop;
};

static struct patient_sink standard_output = { .fd = STDOUT_FILENO };

static void
on_tick(int signal)
{
	(void)signal;                   /* its whole work is to interrupt a write */
	alarm(TICK_S);
}

static void
start_ticking(void)
{
	struct sigaction action = { .sa_handler = on_tick };

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	alarm(TICK_S);
}

static int64_t
patient_write(void *self, const char *p, size_t n, struct err *err)
{
	struct patient_sink *s = self;
	const int64_t got = s->inner.write(s->inner.self, p, n, err);

	if (got >= 0)
		s->ticks = 0;
	else if (got == SINK_INTERRUPTED && ++s->ticks >= 2 && s->consume != NULL)
		consume_hold(s->consume);
	return got;
}

/* A plain stream is cut off once a signal has come and nobody reads; one with control lines waits for its pipeline. */
static bool
give_up(void *arg)
{
	const struct patient_sink *s = &standard_output;

	(void)arg;                      /* what waits for the output, which is not ours */
	return *s->stop != STOP_NONE && s->ticks >= 2 && !conf.watermarks && pipe_give_up(s->out);
}

static int
patient_close(void *self, struct err *err)
{
	struct patient_sink *s = self;

	return s->inner.close(s->inner.self, err);
}

static bool
patient_gone(void *self)
{
	struct patient_sink *s = self;

	return s->inner.gone(s->inner.self);
}

/* ---- the run */

static void
on_log(void *arg, int level, const char *line)
{
	(void)arg;
	if (level <= 4 || verbose || kafka_conf_get(kafka, "debug") != NULL)
		warn("%s", line);
}

static void
on_start(void *arg, const struct part *p, int64_t from, int64_t to)
{
	char q[QUOTE_MAX];

	(void)arg;
	if (to == TIME_MAX)
		warn("%s partition %" PRId32 ": from offset %" PRId64 " on", quote(q, p->topic), p->partition, from);
	else
		warn("%s partition %" PRId32 ": offsets %" PRId64 " up to %" PRId64, quote(q, p->topic), p->partition, from, to);
}

static void
tell_counts(const struct consume *c)
{
	const struct consume_counts n = consume_counts(c);

	warn("%" PRIu64 " records read, %" PRIu64 " lines written, %" PRIu64 " filtered out, %" PRIu64 " tombstones, %" PRIu64 " bad",
	     n.records, n.lines, n.filtered, n.tombstones, bad.count);
}

static enum status
list(const struct reader *reader, struct out *out, struct err *err)
{
	const bool table = isatty(STDOUT_FILENO) != 0;
	const int rc = listing_topics ? list_topics(reader, conf.topics, table, out, err)
	                              : list_offsets(reader, conf.topics, &conf.partitions, conf.group, table, out, err);

	return rc == 0 ? STATUS_OK : err->status;
}

static void
nap(void *arg, int64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)arg;
	(void)nanosleep(&t, NULL);      /* a signal that cuts it short is what we want to hear of */
}

static bool
wants_drain(void *arg)
{
	return page_wants_drain(arg);
}

/* ---- how far it has come */

struct telling {
	struct meter           meter;
	const struct consume  *c;
	const struct pipe_env *env;
};

static struct telling telling;

static void
tell_progress(struct telling *t, bool last)
{
	struct buf text;
	const int64_t now_ms = t->env->clock_ns(t->env->clock_self) / 1000000;

	buf_init(&text, BUF_NO_MAX);
	meter_tick(&t->meter, t->c, bad.count, now_ms, t->env->clock_ms(t->env->clock_self), last, &text);
	if (text.n > 0)
		(void)!fwrite(text.p, 1, text.n, stderr);
	buf_release(&text);
}

static void
on_tick_of_run(void *arg)
{
	tell_progress(arg, false);
}

/* A progress is for eyes: where stderr is no terminal there is none. */
static void
start_telling(struct telling *t, const struct consume *c, const struct pipe_env *env)
{
	struct winsize size;

	meter_conf.progress = meter_conf.progress && isatty(STDERR_FILENO);
	meter_conf.columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	*t = (struct telling){ .c = c, .env = env };
	meter_init(&t->meter, &meter_conf, env->clock_ns(env->clock_self) / 1000000);
}

static enum status
read_topics(struct consume *c, const struct reader *reader, const struct pipe_env *env, struct err *err)
{
	enum status status;

	if (verbose && group != NULL)
		warn("committing as group '%s'", group);
	if (group != NULL)
		start_ticking();
	if (verbose)
		consume_tell(c, on_start, NULL);
	start_telling(&telling, c, env);
	status = consume_run(c, reader, err);
	tell_progress(&telling, true);
	if (verbose)
		tell_counts(c);
	return status;
}

static void
open_output(struct out *out, const volatile int *stop)
{
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20);      /* fails on what is no pipe, or past the user's share */
	standard_output.inner = sink_fd(&standard_output.fd);
	standard_output.out = out;
	standard_output.stop = stop;
	out_init(out, &(struct sink){ .self = &standard_output, .write = patient_write,
	                              .close = patient_close, .gone = patient_gone });
	out->give_up = give_up;
}

static int
open_reader(struct reader *reader, const struct consume *c, const volatile int *stop, struct err *err)
{
	reader_conf.kafka = kafka;
	reader_conf.group = group;
	reader_conf.apart = consume_bounded(&conf);
	reader_conf.headers = consume_headers(c);
	reader_conf.hide_internal = conf.group && topics_patterns(conf.topics) && !topics_internal(conf.topics);
	reader_conf.watch = (struct kafka_watch){ .log = on_log, .stop = stop };
	return reader_rdkafka(reader, &reader_conf, err);
}

/* The three things that can be wrong before the first record, in this order: the reader of our lines, the configuration, the broker. */
static enum status
start(struct reader *reader, struct consume *c, const struct pipe_env *env, const struct err *unusable, struct err *err)
{
	const bool listing = listing_topics || listing_offsets;
	enum status status = listing ? STATUS_OK : consume_hello(c, err);

	if (status != STATUS_OK)
		return status;
	if (unusable->status != STATUS_OK) {
		*err = *unusable;
		return err->status;
	}
	if (open_reader(reader, c, env->stop, err) < 0) {
		if (err->status == STATUS_OK && !listing)       /* a signal came first */
			(void)consume_finish(c, false, err);
		return err->status;
	}
	return listing ? list(reader, standard_output.out, err) : read_topics(c, reader, env, err);
}

static enum status
work(struct page *page, struct pipe_env *env, const struct err *unusable)
{
	struct consume *c;
	struct reader reader = { 0 };
	struct out out;
	struct err err;
	enum status status;

	env->stats = page_stats(page);
	conf.wants_drain = wants_drain;
	conf.wants_drain_arg = page;
	conf.nap = nap;
	conf.tick = on_tick_of_run;
	conf.tick_arg = &telling;
	page_job(page, conf.job);
	open_output(&out, env->stop);
	c = consume_new(&conf, &bad, &out, env, &err);
	if (c == NULL)
		die(STATUS_USAGE, "%s", err.msg);
	standard_output.consume = c;
	status = start(&reader, c, env, unusable, &err);
	if (status != STATUS_OK && err.msg[0] != '\0' && (!out.failed || out.gave_up))
		warn("%s", err.msg);
	status = bad_finish(&bad, status);
	status = out_finish(&out, status);

	standard_output.consume = NULL;
	if (reader.close != NULL)
		reader.close(reader.self);
	consume_free(c);
	out_release(&out);
	return status;
}

int
main(int argc, char **argv)
{
	struct pipe_env env;
	struct page *page;
	struct err told, unusable;
	enum status status;

	kafka = kafka_conf_new();
	if (read_options(argc, argv) != argc)
		die(STATUS_USAGE, "takes no operands: topics are named with -t");
	pipe_env_real(&env);
	read_places(env.clock_ms(env.clock_self));
	check_options();
	complete_options(&unusable);
	page = page_register(NAME, argc, argv, &told);
	status = work(page, &env, &unusable);
	page_finish(page, status);
	kafka_conf_free(kafka);
	topics_free((struct topics *)conf.topics);
	place_list_free(places);
	free(where);
	return (int)status;
}
