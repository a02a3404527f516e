/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handle.c - one librdkafka client, made and watched the same way at both ends
 *
 * librdkafka retries for ever and never says that a broker is back. So when it has reported that
 * no broker is up, handle_check() asks for metadata every second or two until one answers or
 * patience ends.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/auth.h"
#include "kafka/handle.h"
#include "kafka/login.h"
#include "kafka/reason.h"
#include "stream/pipe.h"

#define PROBE_EVERY_MS 1000
#define PROBE_FIRST_MS 200              /* a question, which blocks all else */
#define PROBE_MOST_MS  1600             /* an answer from the other side of the earth takes less */
#define ASK_FIRST_MS   500              /* a question, between looks whether a signal has come */
#define ASK_MOST_MS    5000
#define FETCH_WAIT_MS  500              /* librdkafka's default */
#define ANSWER_MOST_MS 60000            /* the same */

enum status
handle_status(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return STATUS_OK;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
		return STATUS_DENIED;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
		return STATUS_NOINPUT;
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
	case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
	case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
	case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
	case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
		return STATUS_CONFIG;
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
		return STATUS_FENCED;
	default:
		return STATUS_UNAVAILABLE;
	}
}

/* Codes that say nothing but "the broker could not be asked". */
static bool
is_silence(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__TRANSPORT ||
	       code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
	       code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
	       code == RD_KAFKA_RESP_ERR__WAIT_COORD || code == RD_KAFKA_RESP_ERR__SSL;
}

static const char no_answer[] = "no answer in time";

/* A broker that is connected, and mute: librdkafka counts requests, or guesses at its version. */
static bool
is_mute(const char *text)
{
	return strstr(text, "request(s) timed out") != NULL ||
	       strstr(text, "Timed out: probably due to broker version") != NULL;
}

/* "127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms
 * in state CONNECT)" becomes "Connection refused". */
static void
keep_reason(struct handle *h, rd_kafka_resp_err_t code, const char *text)
{
	const char *start, *end;

	if (strncmp(text, "GroupCoordinator: ", 18) == 0)
		text += 18;
	h->mute = is_mute(text);
	if (h->mute)
		text = no_answer;
	start = strstr(text, "failed: ");
	if (start != NULL)
		start += strlen("failed: ");
	else
		start = (start = strstr(text, ": ")) != NULL ? start + 2 : text;
	end = strstr(start, " (after ");
	if (end == NULL)
		end = start + strlen(start);
	snprintf(h->reason, sizeof(h->reason), "%.*s", (int)(end - start), start);
	for (char *p = h->reason; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	h->code = code;
}

static void
tell(struct handle *h, int level, const char *text)
{
	if (h->watch.log != NULL)
		h->watch.log(h->watch.log_arg, level, text);
}

/* ms within which a broker has to answer a question. Half of our patience, so that there is another
 * half for trying again; but a fetch may be held for as long as fetch.wait.max.ms, and librdkafka
 * wants a second more than that, and no more than a transaction has. */
static int64_t
answer_within(const struct kafka_conf *c)
{
	const int64_t least = 1000 + kafka_conf_number(c, "fetch.wait.max.ms", FETCH_WAIT_MS);
	const int64_t most = kafka_conf_number(c, "transaction.timeout.ms", ANSWER_MOST_MS);
	int64_t ms = kafka_conf_patience(c, true) / 2;

	ms = ms < least ? least : ms;
	ms = ms < most ? ms : most < ANSWER_MOST_MS ? most : ANSWER_MOST_MS;
	return kafka_conf_number(c, "socket.timeout.ms", ms);
}

static void
brokers_down(struct handle *h)
{
	if (h->down_since != TIME_MAX)
		return;
	h->down_since = clock_monotonic_ms();
	h->next_probe = h->down_since + PROBE_EVERY_MS;
}

/* Not before probes have failed, too: a broker ends a connection when the token has ended with
 * which it began, and that is no news; and it may be far away. */
static void
tell_down(struct handle *h)
{
	const bool wanted = !h->idle;
	char text[900], wait[DUR_TEXT_MAX];

	if (!h->answered || h->probe_wait < PROBE_MOST_MS)
		return;
	/* once more when the time-out begins to count */
	if (h->told && (h->told_wanted || !wanted))
		return;
	h->told = true;
	h->told_wanted = wanted;
	wait[dur_print(wait, kafka_conf_patience(h->conf, true))] = '\0';
	snprintf(text, sizeof(text), "no broker of %s answers any more: %s; trying again%s%s",
	         reason_brokers(h->conf), h->reason[0] != '\0' ? h->reason : "connection lost",
	         wanted ? " for " : "", wanted ? wait : "");
	tell(h, LOG_WARNING, text);
}

/* librdkafka tells of which partition only in words: "TOPIC [PARTITION]: why". */
static void
tell_gone(struct handle *h, const char *text)
{
	const char *end = strstr(text, " [");

	if (h->gone != NULL && end != NULL)
		h->gone(h->owner, (struct str){ text, (size_t)(end - text) },
		        (int32_t)strtol(end + 2, NULL, 10));
}

static void
on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	struct handle *h = opaque;

	(void)rk;
	h->lost = true;
	switch (code) {
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		brokers_down(h);
		break;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		tell_gone(h, text);
		break;
	case RD_KAFKA_RESP_ERR__FATAL:          /* handle_check asks librdkafka what it is */
		break;
	default:
		/* After refused credentials the lost connection is no news. */
		h->doubt |= is_silence((rd_kafka_resp_err_t)code) && !h->consumer;
		if (h->code != RD_KAFKA_RESP_ERR__AUTHENTICATION)
			keep_reason(h, (rd_kafka_resp_err_t)code, text);
	}
}

/* Connections that fail reach us through on_error, with their reason; that a property is meant
 * for the other kind of client is no news, for one file serves both; metadata or a producer's id
 * that is not to be had yet is asked for again; and what is fatal for a client or its transaction
 * comes as the error of a record or call. All else is said a second time by whoever it
 * concerns, in words that say what to do: so none of it is louder than information. */
static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	static const char *const noise[] = { "FAIL",   "ERROR",    "CONFWARN",   "AUTOCREATE",
		                             "GETPID", "METADATA", "SSLCERTVRFY",
		                             "TXNERR", "FATAL" };
	struct handle *h = rd_kafka_opaque(rk);
	bool debugging;
	char all[1200];

	if (h->watch.log == NULL)
		return;
	debugging = kafka_conf_get(h->conf, "debug") != NULL;
	for (size_t i = 0; !debugging && i < sizeof(noise) / sizeof(noise[0]); i++)
		if (strcmp(facility, noise[i]) == 0)
			return;
	snprintf(all, sizeof(all), "librdkafka: %s: %s", facility, text);
	tell(h, level > LOG_INFO ? level : LOG_INFO, all);
}

void
handle_set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
	char why[512];
	rd_kafka_conf_res_t res = rd_kafka_conf_set(conf, key, value, why, sizeof(why));

	assert(res == RD_KAFKA_CONF_OK);
	(void)res;
}

void
handle_set_number(rd_kafka_conf_t *conf, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	handle_set(conf, key, text);
}

void
handle_default(rd_kafka_conf_t *conf, const struct kafka_conf *given, const char *key,
               const char *value)
{
	if (kafka_conf_get(given, key) == NULL)
		handle_set(conf, key, value);
}

struct put {
	rd_kafka_conf_t *conf;
	const struct kafka_conf *from;
};

static void
put_row(void *arg, const char *key, const char *shown, const char *from)
{
	struct put *put = arg;

	(void)shown;
	(void)from;
	/* kafka_conf_finish has checked it */
	handle_set(put->conf, key, kafka_conf_get(put->from, key));
}

static void
on_token_wanted(rd_kafka_t *rk, const char *config, void *opaque)
{
	struct handle *h = opaque;

	(void)config;
	auth_refresh(h->auth, rk);
}

/* Called for each certificate of a chain, with the verdict of OpenSSL, which stands; only that it
 * is noted. */
static int
on_certificate(rd_kafka_t *rk, const char *name, int32_t id, int *verdict, int depth, const char *p,
               size_t n, char *why, size_t size, void *opaque)
{
	struct handle *h = opaque;

	(void)rk;
	(void)name;
	(void)id;
	(void)depth;
	(void)p;
	(void)n;
	atomic_store(&h->certificate, *verdict);
	snprintf(why, size, "not accepted");
	return *verdict == 0;
}

rd_kafka_conf_t *
handle_conf(struct handle *h, const struct kafka_conf *c, const struct kafka_watch *watch)
{
	struct put put = { rd_kafka_conf_new(), c };

	*h = (struct handle){ .conf = c,
		              .watch = *watch,
		              .down_since = TIME_MAX,
		              .wanted_since = TIME_MIN,
		              .probe_wait = PROBE_FIRST_MS };
	kafka_conf_show(c, put_row, &put);
	handle_set_number(put.conf, "socket.timeout.ms", answer_within(c));
	handle_set(put.conf, "log.queue", "true");
	rd_kafka_conf_set_opaque(put.conf, h);
	rd_kafka_conf_set_error_cb(put.conf, on_error);
	rd_kafka_conf_set_log_cb(put.conf, on_log);
	/* Tokens are fetched by a thread of librdkafka's, so that no blocking call of ours can
	 * starve them. */
	rd_kafka_conf_enable_sasl_queue(put.conf, 1);
	rd_kafka_conf_set_ssl_cert_verify_cb(put.conf, on_certificate);
	h->auth = auth_new(c, watch);
	if (h->auth != NULL)
		rd_kafka_conf_set_oauthbearer_token_refresh_cb(put.conf, on_token_wanted);
	return put.conf;
}

static int
fail_to_reach(struct handle *h, struct err *err)
{
	const bool known = h->reason[0] != '\0';
	struct err why;

	if (h->auth != NULL && auth_trouble(h->auth, &why))
		return fail_as(err, why.status, "no token for Kafka at %s: %s",
		               reason_brokers(h->conf), why.msg);
	return reason_fail(&(struct reason){ .conf = h->conf,
	                                     .words = known ? h->reason : no_answer,
	                                     .mute = h->mute || !known,
	                                     .login = h->code == RD_KAFKA_RESP_ERR__AUTHENTICATION,
	                                     .certificate = atomic_load(&h->certificate) },
	                   err);
}

bool
handle_stopped(const struct handle *h)
{
	if (h->leave != NULL)
		return h->leave(h->owner);
	return h->watch.stop != NULL && *h->watch.stop != STOP_NONE;
}

bool
handle_hurried(const struct handle *h)
{
	return h->watch.stop != NULL && *h->watch.stop == STOP_NOW;
}

/* Has a broker refused us for good? A token that it has taken before may have ended a moment
 * before the next one was there. */
static bool
refused(const struct handle *h)
{
	return h->code == RD_KAFKA_RESP_ERR__AUTHENTICATION && (h->auth == NULL || !h->answered);
}

static bool
token_hopeless(const struct handle *h)
{
	struct err why;

	return h->auth != NULL && auth_trouble(h->auth, &why) && why.status == STATUS_CONFIG;
}

static rd_kafka_resp_err_t
ask_metadata(struct handle *h, int wait_ms)
{
	const struct rd_kafka_metadata *md = NULL;
	rd_kafka_resp_err_t code = rd_kafka_metadata(h->rk, 0, NULL, &md, wait_ms);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(md);
	return code;
}

/* Waits grow, so that a refusal is seen soon and a slow broker gets its time; but a signal ends
 * none of them. */
static int
wait_for_broker(struct handle *h, struct err *err)
{
	int64_t end = clock_monotonic_ms() + kafka_conf_patience(h->conf, false), left;

	for (int wait = 100; (left = end - clock_monotonic_ms()) > 0;
	     wait = 2 * wait < ASK_MOST_MS ? 2 * wait : ASK_MOST_MS) {
		if (ask_metadata(h, (int)(wait < left ? wait : left)) ==
		    RD_KAFKA_RESP_ERR_NO_ERROR) {
			handle_heard(h);
			return 0;
		}
		rd_kafka_poll(h->rk, 0);
		if (handle_stopped(h))
			return fail_as(err, STATUS_RETRY,
			               "stopped by a signal before Kafka at %s answered",
			               reason_brokers(h->conf));
		if (refused(h) || token_hopeless(h))
			break;
	}
	return fail_to_reach(h, err);
}

int
handle_open(struct handle *h, rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *err)
{
	char why[512];
	rd_kafka_error_t *error;

	h->rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (h->rk == NULL) {
		rd_kafka_conf_destroy(conf);
		return reason_refused(why, err);
	}
	rd_kafka_set_log_queue(h->rk, NULL);
	error = rd_kafka_sasl_background_callbacks_enable(h->rk);
	if (error != NULL)              /* without SASL there is nothing to call back */
		rd_kafka_error_destroy(error);
	if (wait_for_broker(h, err) < 0)
		return -1;
	h->consumer = type == RD_KAFKA_CONSUMER;
	if (h->consumer)
		rd_kafka_poll_set_consumer(h->rk);
	return 0;
}

void
handle_close(struct handle *h)
{
	auth_stop(h->auth);
	if (h->rk != NULL)
		rd_kafka_destroy(h->rk);
	h->rk = NULL;
	auth_free(h->auth);
	h->auth = NULL;
}

void
handle_heard(struct handle *h)
{
	if (h->told)
		tell(h, LOG_WARNING, "a broker answers again");
	h->told = h->doubt = false;
	h->answered = true;
	h->down_since = TIME_MAX;
	h->probe_wait = PROBE_FIRST_MS;
	h->code = RD_KAFKA_RESP_ERR_NO_ERROR;
	h->reason[0] = '\0';
	h->mute = false;
}

/* What to look at where the broker's words leave that open. */
static const char *
look_at(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
		return " (it has our place now: each member needs a group.instance.id of its own)";
	case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
		return " (its members need the same partition.assignment.strategy)";
	case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
		return " (session.timeout.ms has to be within the broker's "
		       "group.min.session.timeout.ms and group.max.session.timeout.ms)";
	default:
		return "";
	}
}

/* Does a broker answer? The next probe waits longer if none does. */
static bool
probe(struct handle *h)
{
	if (ask_metadata(h, h->probe_wait) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	if (h->probe_wait < PROBE_MOST_MS)
		h->probe_wait *= 2;
	return false;
}

void
handle_idle(struct handle *h, bool idle)
{
	h->idle = idle;
	if (idle)
		h->wanted_since = clock_monotonic_ms();
}

/* A mute broker is down for librdkafka once it has not answered on a new connection, either. */
static bool
out_of_patience(const struct handle *h, int64_t now)
{
	int64_t since = h->mute ? h->down_since - 2 * answer_within(h->conf) : h->down_since;

	if (since < h->wanted_since)
		since = h->wanted_since;
	return now - since >= kafka_conf_patience(h->conf, true);
}

int
handle_check(struct handle *h, struct err *err)
{
	char why[512];
	rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(h->rk, why, sizeof(why));
	int64_t now;

	if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail_as(err, handle_status(fatal), "Kafka: %s%s", why, look_at(fatal));
	if (refused(h) && h->down_since != TIME_MAX)
		return fail_to_reach(h, err);
	/* The connection to the coordinator of a transaction is idle for long, and so seems to be
	 * up: librdkafka does not say then that all brokers are down. */
	if (h->doubt && h->down_since == TIME_MAX) {
		h->doubt = false;
		if (probe(h))
			handle_heard(h);
		else
			brokers_down(h);
	}
	if (h->down_since == TIME_MAX)
		return 0;
	now = clock_monotonic_ms();
	if (now >= h->next_probe) {
		if (probe(h)) {
			handle_heard(h);
			return 0;
		}
		now = clock_monotonic_ms();
		h->next_probe = now + PROBE_EVERY_MS;
		if (!out_of_patience(h, now))
			tell_down(h);
	}
	return out_of_patience(h, now) ? fail_to_reach(h, err) : 0;
}

rd_kafka_resp_err_t
handle_metadata(struct handle *h, bool all, rd_kafka_topic_t *rkt, int64_t wait_ms,
                const struct rd_kafka_metadata **md)
{
	const int64_t end = clock_monotonic_ms() + wait_ms;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	int64_t left, wait = ASK_FIRST_MS;
	struct err ignored;             /* whoever asked says what the answer was wanted for */

	while ((left = end - clock_monotonic_ms()) > 0) {
		if (wait > left || left <= 2 * ASK_FIRST_MS)
			wait = left;
		code = rd_kafka_metadata(h->rk, all, rkt, md, (int)wait);
		if (code != RD_KAFKA_RESP_ERR__TIMED_OUT && code != RD_KAFKA_RESP_ERR__TRANSPORT)
			break;
		if (handle_stopped(h))
			return RD_KAFKA_RESP_ERR__INTR;
		if (!h->consumer) {
			rd_kafka_poll(h->rk, 0);
			if (handle_check(h, &ignored) < 0)
				break;
		}
		wait = h->down_since != TIME_MAX ? ASK_FIRST_MS
		       : 2 * wait < ASK_MOST_MS  ? 2 * wait
		                                 : ASK_MOST_MS;
	}
	return code;
}

const char *
handle_missing(const struct handle *h, rd_kafka_resp_err_t code)
{
	const bool msk = kafka_conf_login(h->conf)->msk;

	switch (code) {
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		if (h->consumer)
			return msk ? "kafka-cluster:ReadData and DescribeTopic"
			           : "READ on the topic";
		return msk ? "kafka-cluster:WriteData and DescribeTopic" : "WRITE on the topic";
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		return msk ? "kafka-cluster:AlterGroup and DescribeGroup" : "READ on the group";
	case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
		return msk ? "kafka-cluster:AlterTransactionalId and DescribeTransactionalId"
		           : "WRITE on the transactional id";
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return msk ? "kafka-cluster:WriteDataIdempotently"
		           : "IDEMPOTENT_WRITE on the cluster";
	default:
		return NULL;
	}
}

int
handle_fail(struct handle *h, rd_kafka_resp_err_t code, const char *what, struct err *err)
{
	if (code == RD_KAFKA_RESP_ERR__INTR)
		return fail_as(err, STATUS_RETRY, "%s: stopped by a signal", what);
	if (is_silence(code) && h->code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail_to_reach(h, err);
	if (handle_missing(h, code) != NULL)
		return fail_as(err, handle_status(code), "%s: not permitted (it needs %s)", what,
		               handle_missing(h, code));
	return fail_as(err, handle_status(code), "%s: %s%s", what, rd_kafka_err2str(code),
	               look_at(code));
}
