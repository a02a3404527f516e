/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-jobctl broker - a broker in memory, for demos, tests and learning
 */
#include "jobctl.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kafka/mock.h"

#define TOPICS_MAX 256

static const char *topics[TOPICS_MAX];
static size_t n_topics;

static int
add_topic(void *arg, const char *value, struct err *err)
{
	(void)arg;
	if (n_topics == TOPICS_MAX)
		return fail(err, "more than %d topics", TOPICS_MAX);
	topics[n_topics++] = value;
	return 0;
}

static const struct opt opts[] = {
	OPT_CALL('t', "topic", add_topic, NULL, "NAME[:PARTITIONS]",
	         "make this topic (repeatable; default 4 partitions); maip-produce "
	         "--create-topics makes others"),
	OPT_END
};

const struct tool broker_tool = {
	.name = "maip-jobctl broker", .parent = &jobctl_tool, .operands = "", .opts = opts,
	.summary = "run a broker in memory, for demos, tests and learning",
};

/* Its address goes to stdout, alone on a line, so that a script can read it; what it is not, to
 * stderr. */
static enum status
announce(const struct mock *m)
{
	warn("a broker in memory listens at %s until it is interrupted", mock_brokers(m));
	warn("it forgets everything at its end and all but the newest 5 MiB a partition before; it "
	     "is no place for real data");
	if (printf("%s\n", mock_brokers(m)) < 0 || fflush(stdout) != 0) {
		warn("cannot write to standard output");
		return STATUS_IO;
	}
	return STATUS_OK;
}

/* The end of the process is that of the broker. To end its threads in order takes librdkafka up to
 * three seconds, and there is nothing to be kept. */
static _Noreturn void
leave(enum status status)
{
	_exit((int)status);
}

static enum status
run(const struct jobctl *ctl, const struct manager *unused, int argc, char **argv)
{
	enum status status;
	struct mock *m;
	sigset_t end;
	struct err err;
	int number;

	(void)ctl;
	(void)unused;
	(void)argv;
	if (argc != 0)
		die(STATUS_USAGE, "broker takes no operands (topics are named with --topic)");
	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	/* before the broker's threads start, so that they inherit it */
	sigprocmask(SIG_BLOCK, &end, NULL);
	m = mock_start(1, &err);
	if (m == NULL)
		return jobctl_failed(&err);
	for (size_t i = 0; i < n_topics; i++)
		if (mock_topic(m, str_of(topics[i]), &err) < 0)
			leave(jobctl_failed(&err));
	status = announce(m);
	if (status == STATUS_OK)
		sigwait(&end, &number);
	leave(status);
}

const struct command command_broker = { &broker_tool, run, NULL };
