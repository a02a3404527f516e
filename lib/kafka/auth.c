/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.c - a client's token, renewed before it ends
 *
 * Failures are not handed to rd_kafka_oauthbearer_set_token_failure(): that would wait for ten
 * seconds whatever the life of a token, and report a refusal that is none.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/auth.h"
#include "kafka/aws.h"
#include "kafka/command.h"
#include "kafka/http.h"
#include "kafka/login.h"
#include "kafka/msk.h"
#include "kafka/token.h"

#define COMMAND_MS     30000
#define FIRST_PAUSE_MS 500
#define LAST_PAUSE_MS  10000
#define MARGIN_MS      5000
#define TOKEN_SIZE     32768            /* an MSK token with the longest session token fits */

struct auth {
	char               *token_command;      /* NULL: it is Amazon MSK, in this region */
	char               *region;
	struct kafka_watch  watch;
	atomic_bool         stop;
	pthread_mutex_t     lock;
	pthread_cond_t      stopped;
	bool                had;        /* there has been a token; only for auth_refresh */
	bool                troubled;   /* under lock, as is trouble */
	struct err          trouble;
};

struct auth *
auth_new(const struct kafka_conf *c, const struct kafka_watch *watch)
{
	const struct login *login = kafka_conf_login(c);
	struct auth        *a;

	if (login->token_command == NULL && !login->msk)
		return NULL;
	http_start();
	a = mem_zalloc(1, sizeof(*a));
	if (login->msk)
		a->region = mem_dup(str_of(login->region));
	else
		a->token_command = mem_dup(str_of(login->token_command));
	a->watch = *watch;
	pthread_mutex_init(&a->lock, NULL);
	cond_init(&a->stopped);
	return a;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	pthread_cond_destroy(&a->stopped);
	pthread_mutex_destroy(&a->lock);
	free(a->token_command);
	free(a->region);
	free(a);
}

void
auth_stop(struct auth *a)
{
	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	atomic_store(&a->stop, true);
	pthread_cond_signal(&a->stopped);
	pthread_mutex_unlock(&a->lock);
}

bool
auth_trouble(struct auth *a, struct err *why)
{
	bool troubled;

	pthread_mutex_lock(&a->lock);
	troubled = a->troubled;
	if (troubled)
		*why = a->trouble;
	pthread_mutex_unlock(&a->lock);
	return troubled;
}

/* Under the lock, so that nobody is told anything once auth_stop() has returned. */
static void
tell(struct auth *a, int level, const char *text)
{
	pthread_mutex_lock(&a->lock);
	if (a->watch.log != NULL && !atomic_load(&a->stop))
		a->watch.log(a->watch.log_arg, level, text);
	pthread_mutex_unlock(&a->lock);
}

/* While there is a token the user hears of the first failure and of the end of them; before, the
 * tool itself ends with the reason. */
static void
note_trouble(struct auth *a, const struct err *why)
{
	char text[sizeof(why->msg) + 64];
	bool first;

	pthread_mutex_lock(&a->lock);
	first = !a->troubled;
	a->troubled = true;
	a->trouble = *why;
	pthread_mutex_unlock(&a->lock);
	snprintf(text, sizeof(text), "cannot renew the token: %s; trying again", why->msg);
	if (a->had && first)
		tell(a, LOG_WARNING, text);
}

static void
note_token(struct auth *a, int64_t expires)
{
	char text[100], end[TIME_TEXT_MAX + 1];
	bool was;

	pthread_mutex_lock(&a->lock);
	was = a->troubled;
	a->troubled = false;
	pthread_mutex_unlock(&a->lock);
	end[time_print(end, expires)] = '\0';
	snprintf(text, sizeof(text), "the new token is good until %s", end);
	tell(a, a->had && was ? LOG_WARNING : LOG_INFO, text);
	a->had = true;
}

static int
run_command(struct token *t, struct auth *a, struct err *err)
{
	const struct command c = { .line = a->token_command,
		                   .timeout = COMMAND_MS,
		                   .stop = &a->stop };
	struct buf           out;
	int                  rc;

	buf_init(&out, COMMAND_OUTPUT_MAX);
	/* so that it never moves, and leaves copies */
	(void)buf_room(&out, COMMAND_OUTPUT_MAX);
	rc = command_run(&c, &out, err);
	if (rc == 0)
		rc = token_parse(t, buf_str(&out), clock_wall_ms(), err);
	buf_wipe(&out);
	return rc < 0 ? fail_in(err, "--oauth-token-command") : 0;
}

static int
sign_in(struct token *t, struct auth *a, struct err *err)
{
	const struct aws_ask ask = { .region = str_of(a->region),
		                     .now = clock_wall_ms(),
		                     .stop = &a->stop };
	struct aws_creds     creds;
	struct aws_keys      keys;
	struct buf           text;
	int64_t              now;
	int                  rc;

	if (aws_creds_find(&creds, &ask, err) < 0)
		return fail_in(err, "--aws-msk-iam");
	keys = aws_creds_keys(&creds);
	now = clock_wall_ms();
	buf_init(&text, BUF_NO_MAX);
	(void)buf_room(&text, TOKEN_SIZE);
	rc = msk_token(&text, &keys, ask.region, now, err);
	*t = (struct token){ .expires = now - now % 1000 + MSK_TOKEN_LIFE_MS };
	if (creds.expires < t->expires)
		t->expires = creds.expires;
	if (rc == 0)
		t->text = mem_dup(buf_str(&text));
	buf_wipe(&text);
	aws_creds_release(&creds);
	return rc < 0 ? fail_in(err, "--aws-msk-iam") : 0;
}

/* The life of a token as librdkafka is told it. It looks once a second whether 80 % are over, and
 * the next token takes its time to come, too: of a short life that would be more than is left. */
static int64_t
told_end(int64_t expires)
{
	const int64_t life = expires - clock_wall_ms();

	return expires - (life / 3 < MARGIN_MS ? life / 3 : MARGIN_MS);
}

static int
get_token(struct auth *a, rd_kafka_t *rk, struct err *err)
{
	struct token        t = { 0 };
	char                why[300];
	rd_kafka_resp_err_t code;

	if ((a->region != NULL ? sign_in(&t, a, err) : run_command(&t, a, err)) < 0)
		return -1;
	code = rd_kafka_oauthbearer_set_token(rk, t.text, told_end(t.expires), "maip",
	                                      (const char **)t.extensions, t.n_extensions, why,
	                                      sizeof(why));
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		note_token(a, t.expires);
	token_release(&t);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR
	               ? 0
	               : fail_as(err, STATUS_CONFIG, "the token cannot be used: %s", why);
}

/* Returns early, with true, when nobody wants a token any more. */
static bool
pause_for(struct auth *a, int64_t ms)
{
	const struct timespec until = cond_deadline(ms);
	bool                  stop;

	pthread_mutex_lock(&a->lock);
	while (!atomic_load(&a->stop) &&
	       pthread_cond_timedwait(&a->stopped, &a->lock, &until) == 0)
		;
	stop = atomic_load(&a->stop);
	pthread_mutex_unlock(&a->lock);
	return stop;
}

void
auth_refresh(struct auth *a, rd_kafka_t *rk)
{
	int64_t    pause = FIRST_PAUSE_MS;
	struct err err;

	if (!a->had) {
		fail_as(&err, STATUS_DENIED, "%s: no answer yet",
		        a->region != NULL ? "--aws-msk-iam" : "--oauth-token-command");
		note_trouble(a, &err);
	}
	while (!atomic_load(&a->stop) && get_token(a, rk, &err) < 0) {
		note_trouble(a, &err);
		if (pause_for(a, pause))
			break;
		pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS;
	}
}
