/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-consume - read Kafka topics as lines of JSON
 *
 * One record a line: live, with a watermark of each partition, or up to the ends of this moment,
 * merged by time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "job/page.h"
#include "kafka/listing.h"
#include "kafka/reader_rdkafka.h"
#include "output.h"
#include "settings.h"
#include "stream/pipe.h"

static struct settings *settings;

/* ---- what is told */

static void
on_log(void *arg, int level, const char *line)
{
	(void)arg;
	if (level <= LOG_WARNING || settings->verbose ||
	    kafka_conf_get(settings->kafka, "debug") != NULL)
		warn("%s", line);
}

static void
on_start(void *arg, const struct part *p, int64_t from, int64_t to)
{
	char q[QUOTE_MAX];

	(void)arg;
	quote(q, p->topic);
	if (to == TIME_MAX)
		warn("%s partition %" PRId32 ": from offset %" PRId64 " on", q, p->partition, from);
	else
		warn("%s partition %" PRId32 ": offsets %" PRId64 " up to %" PRId64, q,
		     p->partition, from, to);
}

static void
tell_counts(const struct consume *c)
{
	const struct consume_counts n = consume_counts(c);

	warn("%" PRIu64 " records read, %" PRIu64 " lines written, %" PRIu64
	     " filtered out, %" PRIu64 " tombstones, %" PRIu64 " bad",
	     n.records, n.lines, n.filtered, n.tombstones, settings->bad.count);
}

struct telling {                        /* how far it has come */
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
	meter_tick(&t->meter, t->c, settings->bad.count, now_ms,
	           t->env->clock_ms(t->env->clock_self), last, &text);
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
	struct meter_conf *conf = &settings->meter;
	struct winsize size;

	conf->progress = conf->progress && isatty(STDERR_FILENO);
	conf->columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	*t = (struct telling){ .c = c, .env = env };
	meter_init(&t->meter, conf, env->clock_ns(env->clock_self) / 1000000);
}

/* ---- the run */

static enum status
list(const struct reader *reader, struct out *out, struct err *err)
{
	const struct consume_conf *conf = &settings->consume;
	const bool table = isatty(STDOUT_FILENO) != 0;
	const int rc = settings->list_topics
	                       ? list_topics(reader, conf->topics, table, out, err)
	                       : list_offsets(reader, conf->topics, &conf->partitions, conf->group,
	                                      table, out, err);

	return rc == 0 ? STATUS_OK : err->status;
}

static enum status
read_topics(struct consume *c, const struct reader *reader, const struct pipe_env *env,
            struct err *err)
{
	enum status status;

	if (settings->verbose && settings->group != NULL)
		warn("committing as group '%s'", settings->group);
	if (settings->group != NULL)
		output_serve(c);
	if (settings->verbose)
		consume_tell(c, on_start, NULL);
	start_telling(&telling, c, env);
	status = consume_run(c, reader, err);
	tell_progress(&telling, true);
	if (settings->verbose)
		tell_counts(c);
	return status;
}

static int
open_reader(struct reader *reader, const struct consume *c, const volatile int *stop,
            struct err *err)
{
	static struct reader_conf conf;
	const struct topics *topics = settings->consume.topics;

	conf.kafka = settings->kafka;
	conf.group = settings->group;
	conf.apart = consume_bounded(&settings->consume);
	conf.headers = consume_headers(c);
	conf.hide_internal =
		conf.group != NULL && topics_patterns(topics) && !topics_internal(topics);
	conf.watch = (struct kafka_watch){ .log = on_log, .stop = stop };
	return reader_rdkafka(reader, &conf, err);
}

/* The three things that can be wrong before the first record, in this order: the reader of our
 * lines, what the settings name, the broker. */
static enum status
start(struct reader *reader, struct consume *c, struct out *out, const struct pipe_env *env,
      struct err *err)
{
	const bool listing = settings->list_topics || settings->list_offsets;
	enum status status = listing ? STATUS_OK : consume_hello(c, err);

	if (status != STATUS_OK)
		return status;
	if (settings->unusable.status != STATUS_OK) {
		*err = settings->unusable;
		return err->status;
	}
	if (open_reader(reader, c, env->stop, err) < 0)
		return listing ? err->status : consume_fail(c, err);
	return listing ? list(reader, out, err) : read_topics(c, reader, env, err);
}

static void
nap(void *arg, int64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)arg;
	(void)nanosleep(&t, NULL);      /* a signal that cuts it short is what we want to hear of */
}

static void
on_note(void *arg, const char *text)
{
	(void)arg;
	warn("%s", text);
}

static enum status
work(struct page *page, struct pipe_env *env)
{
	struct consume_conf *conf = &settings->consume;
	struct bad_records *bad = &settings->bad;
	struct consume *c;
	struct reader reader = { 0 };
	struct out out;
	struct err err;
	enum status status;

	page_lend(page, env);
	conf->nap = nap;
	conf->note = on_note;
	conf->tick = on_tick_of_run;
	conf->tick_arg = &telling;
	page_job(page, conf->job);
	output_open(&out, env->stop, conf->watermarks);
	c = consume_new(conf, bad, &out, env, &err);
	if (c == NULL)
		die(STATUS_USAGE, "%s", err.msg);
	if (settings->unusable.status == STATUS_OK && bad_open(bad, &settings->unusable) < 0 &&
	    settings->unusable.status == STATUS_USAGE)
		die(STATUS_USAGE, "%s", settings->unusable.msg);
	status = start(&reader, c, &out, env, &err);
	if (status != STATUS_OK && err.msg[0] != '\0' && (!out.failed || out.gave_up))
		warn("%s", err.msg);
	status = bad_finish(bad, status);
	status = out_finish(&out, status);

	output_serve(NULL);
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
	struct err told;
	enum status status;

	pipe_env_real(&env);
	pipe_count_stops();
	settings = settings_read(argc, argv, env.clock_ms(env.clock_self));
	page = page_register(NAME, argc, argv, &told);
	status = work(page, &env);
	page_finish(page, status);
	settings_release();
	return (int)status;
}
