/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_transaction.c - all of it, or nothing
 */
#include <inttypes.h>

#include "base/clock.h"
#include "base/time.h"
#include "kafka/writer_parts.h"

#define CALL_MS 1000 /* one step of a transaction call, between looks at the stop flag */

static int
fail_transaction(struct kafka_writer *w, rd_kafka_error_t *error, const char *what, struct err *err)
{
	rd_kafka_resp_err_t code = rd_kafka_error_code(error);

	if (writer_is_fenced(w, code))
		writer_fail_fenced(w, what, err);
	else if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || rd_kafka_error_txn_requires_abort(error))
		fail_as(err, STATUS_RETRY, "%s: %s", what, rd_kafka_error_string(error));
	else
		handle_fail(&w->h, code, what, err);
	rd_kafka_error_destroy(error);
	return -1;
}

/* A broker may be there, and no coordinator of transactions: where __transaction_state cannot be
 * made there will never be one. Nothing was read yet, so a signal leaves at once; in a transaction
 * the second one does. */
int
writer_take_id(struct kafka_writer *w, struct err *err)
{
	static const char what[] = "cannot take the transactional id";
	const int64_t     end = clock_monotonic_ms() + kafka_conf_patience(w->conf.kafka, true);
	rd_kafka_error_t *error;

	while ((error = rd_kafka_init_transactions(w->h.rk, CALL_MS)) != NULL) {
		if (!rd_kafka_error_is_retriable(error))
			return fail_transaction(w, error, what, err);
		rd_kafka_error_destroy(error);
		rd_kafka_poll(w->h.rk, 0);
		if (handle_check(&w->h, err) < 0)
			return -1;
		if (handle_stopped(&w->h))
			return fail_as(err, STATUS_RETRY, "%s: stopped by a signal", what);
		if (clock_monotonic_ms() >= end)
			return fail_as(err, STATUS_UNAVAILABLE,
			               "%s: no broker coordinates transactions (has the topic "
			               "__transaction_state as many replicas as "
			               "transaction.state.log.replication.factor asks for?)",
			               what);
	}
	return 0;
}

/* Call until it is done: a call that may be tried again is. Bounded by librdkafka (the
 * transaction's time-out) and by handle_check. Once a call has gone out only an answer tells what
 * has become of it, and that the transaction must be aborted is one: *open says that none came. */
static int
insist(struct kafka_writer *w, rd_kafka_error_t *(*call)(rd_kafka_t *rk, int wait_ms),
       const char *what, bool *open, struct err *err)
{
	rd_kafka_error_t *error;

	*open = false;
	while ((error = call(w->h.rk, CALL_MS)) != NULL) {
		*open |= rd_kafka_error_is_retriable(error) ||
		         rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__TIMED_OUT;
		if (!rd_kafka_error_is_retriable(error)) {
			*open &= !rd_kafka_error_txn_requires_abort(error);
			return fail_transaction(w, error, what, err);
		}
		rd_kafka_error_destroy(error);
		rd_kafka_poll(w->h.rk, 0);
		if (handle_check(&w->h, err) < 0)
			return -1;
		if (handle_hurried(&w->h))
			return fail_as(err, STATUS_RETRY, "stopped by a second signal");
	}
	return 0;
}

int
writer_begin(void *self, struct err *err)
{
	struct kafka_writer *w = self;
	rd_kafka_error_t    *error = rd_kafka_begin_transaction(w->h.rk);

	w->given_up = 0;
	w->begun = error == NULL;
	return error == NULL ? 0 : fail_transaction(w, error, "cannot begin a transaction", err);
}

enum writer_commit
writer_commit(void *self, struct err *err)
{
	static const char    what[] = "cannot commit the transaction";
	struct kafka_writer *w = self;
	bool                 open;
	int                  done;

	while ((done = writer_flush(w, CALL_MS, err)) == 0)
		if (handle_hurried(&w->h)) {
			fail_as(err, STATUS_RETRY, "%s: stopped by a second signal", what);
			return COMMIT_NOT;
		}
	if (done < 0)
		return COMMIT_NOT;
	if (w->given_up == 0) {
		done = insist(w, rd_kafka_commit_transaction, what, &open, err);
		return done == 0 ? COMMIT_DONE : open ? COMMIT_UNKNOWN : COMMIT_NOT;
	}
	if (writer_is_fenced(w, RD_KAFKA_RESP_ERR_NO_ERROR))
		writer_fail_fenced(w, what, err);
	else
		fail_as(err, STATUS_IO, "%s: %" PRIu64 " of its records were not delivered", what,
		        w->given_up);
	return COMMIT_NOT;
}

int
writer_abort(void *self, struct err *err)
{
	struct kafka_writer *w = self;
	const int64_t        timeout = kafka_conf_number(w->conf.kafka, "transaction.timeout.ms",
	                                                 WRITER_TRANSACTION_MS);
	char                 most[DUR_TEXT_MAX];
	bool                 open;
	struct err           why;

	writer_drop_waiting(w);
	if (insist(w, rd_kafka_abort_transaction, "cannot abort", &open, &why) == 0)
		return 0;
	most[dur_print(most, timeout)] = '\0';
	return fail_as(err, why.status,
	               "the transaction could not be aborted: readers wait for it for up to %s "
	               "(transaction.timeout.ms), or until maip-produce runs again with "
	               "--transactional-id %s",
	               most, w->conf.transactional_id);
}
