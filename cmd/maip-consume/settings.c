/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.c - what the command line and the environment ask maip-consume to do
 */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/time.h"
#include "kafka/envelope.h"

#define IDLE_MS 30000
#define LOOK_MS 30000                   /* between two looks for new partitions */

static struct settings settings = {
	.consume = { .max_future = -1, .idle_timeout = -1, .idle_advance = -1 },
	.meter.stats_every = -1,
};
static struct consume_conf *const conf = &settings.consume;
static const char *const only_words[] = {
	[ENVELOPE_KEY - 1] = "key",
	[ENVELOPE_VALUE - 1] = "value",
	[ENVELOPE_HEADERS - 1] = "headers",
	NULL,
};
static int                 only = -1;           /* of only_words */
static struct topics      *topics;
static struct place_list  *places;
static const char        **where;
static size_t              cap_where;
static const char         *from_text, *until_text, *places_path, *key;
static int64_t             max_line = LINE_MAX_DEFAULT, max_messages;

/* ---- the table */

static int
add_topic(void *arg, const char *value, struct err *err)
{
	(void)arg;
	return topics_option(topics, value, err);
}

static int
add_where(void *arg, const char *value, struct err *err)
{
	(void)arg;
	(void)err;
	where = mem_more(where, conf->n_where, &cap_where, sizeof(*where));
	where[conf->n_where++] = value;
	return 0;
}

static int
set_watermark(void *arg, const char *value, struct err *err)
{
	conf->watermarks = true;
	return watermark_option(arg, value, err);
}

static int
set_progress(void *arg, const char *value, struct err *err)
{
	struct meter_conf *meter = arg;
	char q[QUOTE_MAX];

	if (value != NULL && strcmp(value, "partitions") != 0)
		return fail_as(err, STATUS_USAGE, "%s is not partitions", quote(q, str_of(value)));
	meter->progress = true;
	meter->partitions = value != NULL;
	return 0;
}

static const struct opt opts[] = {
	OPT_HEADING("What to read"),
	OPT_CALL('t', "topic", add_topic, NULL, "NAME|GLOB|^REGEX",
	         "read this topic, or those that match; repeatable"),
	OPT_CALL('p', "partition", partitions_option, &settings.consume.partitions, "LIST",
	         "only these partitions: 0, 0,3 or 0-7; repeatable"),
	OPT_STR('g', "group", &settings.group, "NAME",
	        "share the partitions with the others of the group, and commit there what has been "
	        "read"),
	OPT_STR('o', "offset", &from_text, "earliest|latest|committed|OFFSET",
	        "start there; an OFFSET is N, -N, +N, @TIME, -DURATION, or a range A:B"),
	OPT_STR(0, "offsets-from", &places_path, "FILE",
	        "read from these offsets on (- is standard input): lines as --list-offsets prints "
	        "them, or with \"offset\":OFFSET"),
	OPT_FLAG('e', "exit-at-end", &settings.consume.exit_at_end,
	         "end when everything has been read that is there at the start"),
	OPT_STR(0, "until", &until_text, "end|committed|OFFSET",
	        "end there: N, +N, -N, @TIME or -DURATION, at most the present end"),
	OPT_INT('c', "max-messages", &max_messages, 1, INT64_MAX, "N", "end after N lines"),
	OPT_STR('k', "key", &key, "KEY",
	        "only records with this key, out of the partition where the Java client puts it"),
	OPT_CALL('w', "where", add_where, NULL, "CONDITION",
	         "only records for which this is true; it may use $key, $headers.NAME, "
	         "$topic, $partition, $offset and $timestamp; repeatable"),
	KAFKA_CONF_OPTS(&settings.kafka),
	OPT_HEADING("What a line is (default: the value, a JSON object)"),
	OPT_FLAG(0, "envelope", &settings.consume.envelope,
	         "the whole record: topic, partition, offset, timestamp, key, headers and value"),
	OPT_CHOICE(0, "only", &only, only_words, "an envelope of this alone"),
	OPT_HEADING("How fast"),
	OPT_CALL(0, "rate", pace_rate_option, &settings.consume.pace, "N[/s|/m|/h]",
	         "write no more than N lines a second, minute or hour"),
	OPT_CALL(0, "replay-speed", pace_speed_option, &settings.consume.pace, "X",
	         "write as fast as it happened, times X: 1, 60, 0.5; by the time of the records"),
	OPT_HEADING("Event time"),
	OPT_CALL(0, "watermark", set_watermark, &settings.consume.bound, "none|DURATION",
	         "write watermarks, for records that are up to DURATION out of order"),
	OPT_STR(0, "time", &settings.consume.time, "EXPR",
	        "the time of a record (default timestamp; '$timestamp' is Kafka's)"),
	OPT_CHOICE(0, "time-format", &settings.consume.time_format, time_format_words,
	           "what the time is when it is a number or text (default auto)"),
	OPT_MS(0, "idle-timeout", &settings.consume.idle_timeout, "DURATION",
	       "do not wait for a partition that has been silent so long (default 30s; 0: wait)"),
	OPT_MS(0, "idle-advance", &settings.consume.idle_advance, "DURATION",
	       "once all topics have been silent so long, let time go on with the clock"),
	OPT_MS(0, "max-future", &settings.consume.max_future, "DURATION",
	       "a record further ahead of the clock is bad"),
	OPT_HEADING("Values that are no records"),
	BAD_OPTIONS(&settings.bad, &max_line, "value"),
	OPT_HEADING("Instead of reading"),
	OPT_FLAG('L', "list-topics", &settings.list_topics, "list the topics"),
	OPT_FLAG(0, "list-offsets", &settings.list_offsets,
	         "list the first and the next offset of each partition, with -g also the group's"),
	OPT_HEADING("Other"),
	OPT_FLAG('v', "verbose", &settings.verbose,
	         "tell where each partition starts and ends, how many records were read, and what "
	         "librdkafka logs"),
	OPT_CALL(0, "progress", set_progress, &settings.meter, "[=partitions]",
	         "on a terminal: show how far it has come, and how far each partition is behind"),
	OPT_MS(0, "stats-interval", &settings.meter.stats_every, "DURATION",
	       "write counts and positions to stderr, an object a line"),
	OPT_END
};

/* kafka-console-consumer and rpk */
static const struct opt_foreign foreign_names[] = {
	{ "bootstrap-server", "-b HOST:PORT" },
	{ "from-beginning", "-o earliest" },
	{ "include", "-t '^REGEX'" },
	{ "whitelist", "-t '^REGEX'" },
	{ "regex", "-t '^REGEX'" },
	{ "consumer-property", "-X NAME=VALUE" },
	{ "command-property", "-X NAME=VALUE" },
	{ "consumer.config", "-F FILE" },
	{ "command-config", "-F FILE" },
	{ "isolation-level", "-X isolation.level=LEVEL" },
	{ "read-committed", "the default" },
	{ "timeout-ms", "-e ends when all is read" },
	{ "formatter-property", "--envelope, and jq" },
	{ "formatter", "--envelope, and jq" },
	{ "formatter-config", "--envelope, and jq" },
	{ "meta-only", "--envelope, and jq" },
	{ "format", "--envelope, and jq" },
	{ "key-deserializer", "--envelope has any bytes" },
	{ "value-deserializer", "--envelope has any bytes" },
	{ "skip-message-on-error", "--on-error skip" },
	{ "num", "-c N" },
	{ "partitions", "-p LIST" },
	{ "fetch-max-wait", "-X fetch.wait.max.ms=N" },
	{ "fetch-max-bytes", "-X fetch.max.bytes=N" },
	{ "rack", "-X client.rack=NAME" },
	{ "balancer", "-X partition.assignment.strategy=NAME" },
	{ "pretty-print", "| jq" },
	{ NULL, NULL }
};

static const struct tool tool = {
	.name = NAME, .operands = "", .opts = opts, .summary = "read Kafka topics as lines of JSON",
	.unusable = &settings.unusable,
	.library = kafka_conf_library,
	.foreign = KCAT_LETTERS,
	.foreign_hint = "FOR USERS OF KCAT in " NAME "(1)",
	.foreign_names = foreign_names,
};

/* ---- what goes together */

static void
refuse(bool both, const char *message)
{
	if (both)
		die(STATUS_USAGE, "%s", message);
}

/* What would be passed over without a word. */
static void
check_for_reading(void)
{
	const struct { bool given; const char *name; } for_reading[] = {
		{ from_text != NULL, "-o" },
		{ places != NULL, "--offsets-from" },
		{ conf->exit_at_end, "-e" },
		{ until_text != NULL, "--until" },
		{ max_messages > 0, "-c" },
		{ key != NULL, "--key" },
		{ conf->n_where > 0, "--where" },
		{ conf->envelope, "--envelope" },
		{ only >= 0, "--only" },
		{ conf->pace.interval > 0, "--rate" },
		{ conf->pace.speed > 0, "--replay-speed" },
		{ conf->watermarks, "--watermark" },
		{ conf->time != NULL, "--time" },
		{ conf->max_future >= 0, "--max-future" },
		{ settings.bad.policy != ON_ERROR_STOP, "--on-error" },
		{ settings.meter.progress, "--progress" },
		{ settings.meter.stats_every >= 0, "--stats-interval" },
	};

	for (size_t i = 0; i < sizeof(for_reading) / sizeof(for_reading[0]); i++)
		if (for_reading[i].given)
			die(STATUS_USAGE, "%s is for reading, not for a list",
			    for_reading[i].name);
}

static void
check_listing(void)
{
	const bool listing = settings.list_topics || settings.list_offsets;

	refuse(!listing && topics_count(topics) == 0,
	       "no topic: -t NAME (--list-topics shows those there are)");
	refuse(settings.list_topics && settings.list_offsets,
	       "--list-topics and --list-offsets are two questions: ask one");
	if (listing)
		check_for_reading();
	refuse(settings.list_topics && conf->partitions.n > 0,
	       "-p: a list of topics has no partitions; --list-offsets has");
	refuse(settings.list_topics && settings.group != NULL,
	       "-g: a list of topics has nothing of a group; --list-offsets has");
}

static void
check_extent(void)
{
	refuse(until_text != NULL && conf->exit_at_end,
	       "--until and --exit-at-end are two ends: choose one");
	refuse(until_text != NULL && conf->range.to.kind != PLACE_NONE,
	       "--until and the end of -o are two ends: choose one");
	refuse(key != NULL && conf->partitions.n > 0,
	       "-p and --key both say which partitions are read: choose one");
	refuse(settings.group != NULL && *settings.group == '\0',
	       "-g: the name of the group is empty");
	refuse(conf->envelope && only >= 0,
	       "--envelope is the whole record, and --only a part of it: choose one");
	refuse(settings.meter.stats_every == 0, "--stats-interval has to be more than 0");
}

static void
check_time(void)
{
	const bool bounded = consume_bounded(conf), marked = conf->watermarks;

	refuse(conf->idle_advance == 0, "--idle-advance has to be more than 0");
	refuse(conf->idle_advance > 0 && (!marked || bounded),
	       "--idle-advance is for --watermark in a read without an end");
	refuse(conf->idle_advance > 0 && conf->bound == WATERMARK_NONE,
	       "--idle-advance is for --watermark DURATION: with none there is no time to go on");
	refuse(conf->idle_timeout >= 0 && (!marked || bounded),
	       "--idle-timeout is for --watermark in a read without an end");
	refuse(conf->time != NULL && !marked && !bounded && conf->max_future < 0 &&
	               conf->pace.speed == 0,
	       "--time is for --watermark, --max-future, --replay-speed and for merging a read "
	       "with an end");
	refuse(conf->time_format != TIME_FORMAT_AUTO && conf->time == NULL && !marked,
	       "--time-format is for --time");
}

static int
read_place_list(int64_t now, struct err *err)
{
	conf->places = places = place_list_new();
	if (place_list_read(places, places_path, now, err) < 0)
		return fail_in(err, "--offsets-from");
	if (topics_count(topics) == 0 && place_list_topics(places, topics, err) < 0)
		return fail_in(err, "--offsets-from %s", places_path);
	return place_list_any(places, topics, &conf->partitions)
	               ? 0
	               : fail_as(err, STATUS_DATA,
	                         "--offsets-from: none of its lines is about what -t and -p name");
}

/* -o and --until may count from now, so they are read when all else is known to be right. */
static void
read_places(int64_t now)
{
	struct err err;

	if (from_text != NULL && place_range_parse(&conf->range, str_of(from_text), now, &err) < 0)
		die(STATUS_USAGE, "-o: %s", err.msg);
	if (until_text != NULL && place_parse(&conf->until, str_of(until_text), now, &err) < 0)
		die(STATUS_USAGE, "--until: %s", err.msg);
	if (places_path != NULL && settings.unusable.status == STATUS_OK)
		(void)read_place_list(now, &settings.unusable);
}

/* ---- what was not said */

/* 32 hexadecimal digits: those of the environment, for all stages of one job, or random ones. */
static void
make_id(char to[ID_SIZE], const char *given)
{
	struct err err;

	if (given != NULL && *given != '\0') {
		if (strlen(given) != 32 || strspn(given, "0123456789abcdef") != 32)
			die(STATUS_USAGE, "MAIP_JOB_ID has to be 32 digits of 0-9 and a-f");
		memcpy(to, given, ID_SIZE);
		return;
	}
	if (id_random(to, &err) < 0)
		die(err.status, "%s", err.msg);
}

/* What a group has committed can be asked only where there is one. */
static void
check_committed(void)
{
	if (conf->group)
		return;
	refuse(place_range_committed(&conf->range),
	       "-o committed: committed by which group? (-g NAME)");
	refuse(conf->until.kind == PLACE_COMMITTED,
	       "--until committed: committed by which group? (-g NAME)");
	refuse(places != NULL && place_list_committed(places),
	       "--offsets-from has an offset \"committed\": committed by which group? (-g NAME)");
}

/* There a member may be given nothing at first, and more when others have given it up: that all of
 * its partitions are at their end says nothing. */
static void
check_cooperative(void)
{
	refuse(conf->group && consume_bounded(conf) && kafka_conf_cooperative(settings.kafka),
	       "partition.assignment.strategy=cooperative-sticky is for reads without an end: one "
	       "with an end would be over before the others have given up its share (leave one of "
	       "the two out)");
}

static void
check_group(void)
{
	if (settings.group == NULL)
		settings.group = kafka_conf_get(settings.kafka, "group.id");
	if (settings.group != NULL && *settings.group == '\0')
		settings.group = NULL;
	conf->group = settings.group != NULL;
	check_committed();
	check_cooperative();
	refuse(conf->group && conf->partitions.n > 0 && !settings.list_offsets,
	       "-p: in a group the partitions are shared out; without -g they can be chosen");
	refuse(key != NULL && conf->group,
	       "--key: in a group the partitions are shared out; without -g the one of a key can "
	       "be read");
}

static void
complete(void)
{
	if (key != NULL)
		conf->key = str_of(key);
	conf->look_every = kafka_conf_number(settings.kafka, "topic.metadata.refresh.interval.ms",
	                                     LOOK_MS);
	conf->only = (enum envelope_part)(only + 1);
	conf->topics = topics;
	conf->where = where;
	conf->max_line = (size_t)max_line;
	conf->max_messages = (uint64_t)max_messages;
	if (conf->idle_timeout < 0)
		conf->idle_timeout = IDLE_MS;
	if (conf->idle_advance < 0)
		conf->idle_advance = 0;
	if (settings.meter.stats_every < 0)
		settings.meter.stats_every = 0;
	make_id(conf->job, getenv("MAIP_JOB_ID"));
	make_id(conf->run, NULL);
}

struct settings *
settings_read(int argc, char **argv, int64_t now)
{
	settings.kafka = kafka_conf_new();
	topics = topics_new();
	if (opt_parse(&tool, argc, argv) != argc)
		die(STATUS_USAGE, "takes no operands: topics are named with -t");
	read_places(now);
	/* of what was refused nothing may reach librdkafka, nor anything follow from it */
	if (settings.unusable.status == STATUS_OK) {
		check_listing();
		check_extent();
		check_time();
		(void)kafka_conf_finish(settings.kafka, &settings.unusable);
	}
	if (settings.unusable.status == STATUS_OK)
		check_group();
	else if (settings.unusable.status == STATUS_USAGE)
		die(STATUS_USAGE, "%s", settings.unusable.msg);
	complete();
	return &settings;
}

void
settings_release(void)
{
	kafka_conf_free(settings.kafka);
	topics_free(topics);
	place_list_free(places);
	free(where);
}
