/* SPDX-License-Identifier: Apache-2.0 */
/* What a token command may print, and how long it may take. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "unit.h"

#include "base/base64.h"
#include "base/time.h"
#include "kafka/command.h"
#include "kafka/token.h"

#define NOW 1767225600000

/* A JWT with these claims; its signature is nobody's concern here. */
static const char *
jwt(const char *claims)
{
	static char text[1024];
	size_t      n = (size_t)snprintf(text, sizeof(text), "eyJhbGciOiJub25lIn0.");

	n += base64_encode(text + n, str_of(claims));
	while (text[n - 1] == '=')
		n--;
	for (char *p = text; p < text + n; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	snprintf(text + n, sizeof(text) - n, ".c2ln");
	return text;
}

static void
assert_token(const char *printed, const char *text, int64_t expires)
{
	struct token t;
	struct err   err;

	if (token_parse(&t, str_of(printed), NOW, &err) < 0)
		fail_msg("%s: %s", printed, err.msg);
	assert_string_equal(t.text, text);
	assert_int_equal(t.expires, expires);
	token_release(&t);
}

static void
assert_no_token(const char *printed, const char *message)
{
	struct token t;
	struct err   err;

	assert_int_equal(token_parse(&t, str_of(printed), NOW, &err), -1);
	assert_string_equal(err.msg, message);
	assert_null(t.text);
}

static void
a_jwt_says_itself_when_it_ends(void **state)
{
	char line[1100];

	(void)state;
	snprintf(line, sizeof(line), "\n  %s \r\n", jwt("{\"sub\":\"me?>\",\"exp\":1767225905.5}"));
	assert_token(line, jwt("{\"sub\":\"me?>\",\"exp\":1767225905.5}"), NOW + 305500);
	snprintf(line, sizeof(line), "{\"token\":\"%s\"}", jwt("{\"exp\":1767229200}"));
	assert_token(line, jwt("{\"exp\":1767229200}"), NOW + 3600000);
}

static void
the_answer_of_an_oauth_server_is_understood(void **state)
{
	(void)state;
	assert_token("{\"access_token\":\"abc\",\"token_type\":\"Bearer\",\"expires_in\":60}", "abc", NOW + 60000);
	assert_token(" {\"expires_in\":\"60\",\"access_token\":\"abc\"}\n", "abc", NOW + 60000);
	assert_token("{\"token\":\"abc\",\"expires_in\":0.5}", "abc", NOW + 500);
}

static void
extensions_go_to_the_broker_as_well(void **state)
{
	static const char printed[] = "{\"access_token\":\"abc\",\"expires_in\":60,"
	                              "\"extensions\":{\"logicalCluster\":\"lkc-1\",\"identityPoolId\":\"pool-2\"}}";
	struct token t;
	struct err   err;

	(void)state;
	assert_int_equal(token_parse(&t, str_of(printed), NOW, &err), 0);
	assert_int_equal(t.n_extensions, 4);
	assert_string_equal(t.extensions[0], "logicalCluster");
	assert_string_equal(t.extensions[3], "pool-2");
	token_release(&t);
	assert_no_token("{\"access_token\":\"abc\",\"expires_in\":60,\"extensions\":{\"a\":1}}",
	                "in its \"extensions\" every value has to be text");
	assert_no_token("{\"access_token\":\"abc\",\"expires_in\":60,\"extensions\":[]}", "its \"extensions\" is not an object");
}

static void
what_is_no_token_is_refused_without_being_repeated(void **state)
{
	static const char no_end[] = "the token does not say when it ends (print {\"access_token\":\"...\",\"expires_in\":SECONDS})";

	(void)state;
	assert_no_token("", "it printed no token");
	assert_no_token("{\"access_token\":\"\"}", "it printed no token");
	assert_no_token("two words", "what it printed is not a token alone, nor an object with \"access_token\"");
	assert_no_token("{\"access_token\":\"two\\nlines\",\"expires_in\":5}",
	                "what it printed is not a token alone, nor an object with \"access_token\"");
	assert_no_token("{\"access", "what it printed is not JSON");
	assert_no_token("{\"error\":\"invalid_grant\"}", "the object it printed has no \"access_token\"");
	assert_no_token("opaque", no_end);
	assert_no_token("a..b", no_end);
	assert_no_token("a.!.b", "what it printed is not a token alone, nor an object with \"access_token\"");
	assert_no_token(jwt("{\"exp\":\"soon\"}"), no_end);
	assert_no_token(jwt("[1]"), no_end);
	assert_no_token("{\"access_token\":\"abc\",\"expires_in\":\"5 min\"}", "its \"expires_in\" is not a number of seconds");
	assert_no_token("{\"access_token\":\"abc\",\"expires_in\":-5}", "its \"expires_in\" is not a number of seconds");
	assert_no_token("{\"access_token\":\"abc\",\"expires_in\":1e300}", "its \"expires_in\" is not a number of seconds");
	assert_no_token(jwt("{\"exp\":1767225510}"), "its token expired 1m30s ago");
	assert_no_token("{\"access_token\":\"abc\",\"expires_in\":0}", "its token expired 0s ago");
}

/* ---- commands */

static int
run_line(struct buf *out, const char *line, int64_t timeout, struct err *err)
{
	const struct command c = { .line = line, .timeout = timeout };

	buf_init(out, COMMAND_OUTPUT_MAX);
	return command_run(&c, out, err);
}

static void
assert_fails(const char *line, enum status status, const char *message)
{
	struct buf out;
	struct err err;

	assert_int_equal(run_line(&out, line, 30000, &err), -1);
	assert_string_equal(err.msg, message);
	assert_int_equal(err.status, status);
	buf_wipe(&out);
}

static void
a_command_is_a_shell_line_without_input(void **state)
{
	struct buf out;
	struct err err;

	(void)state;
	assert_int_equal(run_line(&out, "cat; for i in 1 2; do echo \"$i\"; done; echo no >&2", 30000, &err), 0);
	assert_true(str_eq(buf_str(&out), STR("1\n2\n")));
	buf_wipe(&out);
}

static void
a_command_that_fails_is_told_with_its_first_line_of_errors(void **state)
{
	(void)state;
	assert_fails("echo secret; echo >&2; printf 'no vault\\033[1m\\nat line 7\\n' >&2; exit 3", STATUS_DENIED,
	             "exit status 3: 'no vault\\x1b[1m'");
	assert_fails("exit 1", STATUS_DENIED, "exit status 1");
	assert_fails("kill -9 $$", STATUS_DENIED, "killed by signal 9");
	assert_fails("exec 2>&-; /nonexistent/get-token", STATUS_CONFIG, "exit status 127");
	assert_fails("head -c 70000 /dev/zero", STATUS_CONFIG, "it printed more than 65536 bytes");
}

/* Wait until a process that is not our child has ended. */
static void
await_end(pid_t pid)
{
	struct pollfd end = { pidfd_open(pid, 0), POLLIN, 0 };

	if (end.fd < 0)
		return;
	assert_int_equal(poll(&end, 1, 20000), 1);
	close(end.fd);
}

static void
a_command_that_does_not_end_is_killed_with_all_it_started(void **state)
{
	struct buf out;
	struct err err;
	pid_t      child;

	(void)state;
	assert_int_equal(run_line(&out, "sleep 1000 & echo $!; wait", 300, &err), -1);
	assert_string_equal(err.msg, "no end after 300ms");
	buf_add_char(&out, '\0');
	child = (pid_t)atol(out.p);
	assert_true(child > 1);
	await_end(child);
	buf_wipe(&out);
}

static void
an_agent_that_a_command_leaves_behind_does_not_keep_us(void **state)
{
	struct buf out;
	struct err err;

	(void)state;
	assert_int_equal(run_line(&out, "echo token; sleep 1000 & echo $!", 30000, &err), 0);
	assert_true(str_starts(buf_str(&out), STR("token\n")));
	buf_add_char(&out, '\0');
	assert_int_equal(kill((pid_t)atol(out.p + 6), SIGKILL), 0);
	buf_wipe(&out);
}

static atomic_bool stop;

static void *
run_for_ever(void *arg)
{
	const struct command c = { .line = "sleep 1000", .timeout = INT64_MAX / 2, .stop = &stop };
	struct buf           out;

	buf_init(&out, COMMAND_OUTPUT_MAX);
	assert_int_equal(command_run(&c, &out, arg), -1);
	buf_wipe(&out);
	return NULL;
}

static void
a_command_whose_answer_nobody_wants_any_more_is_killed(void **state)
{
	pthread_t  thread;
	struct err err;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, run_for_ever, &err), 0);
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(err.msg, "stopped");
}

static void
a_command_is_not_deaf_to_signals_that_its_caller_blocks(void **state)
{
	struct buf out;
	struct err err;
	sigset_t   all, before;

	(void)state;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run_line(&out, "grep SigBlk /proc/self/status", 30000, &err), 0);
	assert_true(str_eq(buf_str(&out), STR("SigBlk:\t0000000000000000\n")));
	assert_fails("kill -PIPE $$; echo still here", STATUS_DENIED, "killed by signal 13");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	buf_wipe(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jwt_says_itself_when_it_ends),
		cmocka_unit_test(the_answer_of_an_oauth_server_is_understood),
		cmocka_unit_test(extensions_go_to_the_broker_as_well),
		cmocka_unit_test(what_is_no_token_is_refused_without_being_repeated),
		cmocka_unit_test(a_command_is_a_shell_line_without_input),
		cmocka_unit_test(a_command_that_fails_is_told_with_its_first_line_of_errors),
		cmocka_unit_test(a_command_that_does_not_end_is_killed_with_all_it_started),
		cmocka_unit_test(an_agent_that_a_command_leaves_behind_does_not_keep_us),
		cmocka_unit_test(a_command_whose_answer_nobody_wants_any_more_is_killed),
		cmocka_unit_test(a_command_is_not_deaf_to_signals_that_its_caller_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
