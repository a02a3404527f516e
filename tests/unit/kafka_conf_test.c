/* SPDX-License-Identifier: Apache-2.0 */
/* Where properties come from, which win, and which are refused. */
#define _DEFAULT_SOURCE                 /* mkdtemp */
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "base/diag.h"
#include "kafka/conf.h"

#define ABSENT "/nonexistent"

static char dir[] = "/tmp/maip-conf-test.XXXXXX";

static const char *
file_with(const char *name, const char *text, mode_t mode)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	return path;
}

static int
clean_environment(void **state)
{
	(void)state;
	unsetenv("MAIP_KAFKA_BROKERS");
	unsetenv("MAIP_ENV");
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("HOME", ABSENT, 1);
	return 0;
}

static int
make_dir(void **state)
{
	char sub[64];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(sub, sizeof(sub), "%s/maip", dir);
	return mkdir(sub, 0700);
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "a.conf", "maip/prod.conf", "maip", "" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)remove(path);
	}
	return 0;
}

static void
without_any_source_the_broker_is_on_this_machine(void **state)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_finish(c, &err), 0);
	assert_string_equal(kafka_conf_get(c, "bootstrap.servers"), "localhost:9092");
	assert_string_equal(kafka_conf_get(c, "check.crcs"), "true");
	assert_null(kafka_conf_get(c, "group.id"));
	kafka_conf_free(c);
}

static void
each_source_wins_over_those_before_it(void **state)
{
	static const char *const expected[] = { "profile:1", "file:1", "x:1", "env:1", "b:1" };
	struct err err;

	(void)state;
	file_with("maip/prod.conf", "# ours\r\n\r\n bootstrap.servers = profile:1 \r\nclient.id=p\n", 0644);
	for (size_t level = 0; level < 5; level++) {
		struct kafka_conf *c = kafka_conf_new();

		setenv("MAIP_ENV", "prod", 1);
		if (level >= 4)
			assert_int_equal(kafka_conf_brokers(&c, "b:1", &err), 0);
		if (level >= 3)
			setenv("MAIP_KAFKA_BROKERS", "env:1", 1);
		if (level >= 2)
			assert_int_equal(kafka_conf_set(&c, "metadata.broker.list=x:1", &err), 0);
		if (level >= 1)
			assert_int_equal(kafka_conf_file(&c, file_with("a.conf", "bootstrap.servers=file:1", 0644), &err), 0);
		assert_int_equal(kafka_conf_finish(c, &err), 0);
		assert_string_equal(kafka_conf_get(c, "bootstrap.servers"), expected[level]);
		assert_string_equal(kafka_conf_get(c, "client.id"), "p");
		kafka_conf_free(c);
	}
}

static void
what_is_no_list_of_brokers_is_refused_where_it_was_said(void **state)
{
	static const char *const good[] = { "a", "a:1", "a:1, b.c-d_e:65535", "a:1,", "[::1]:9092", "[::1]",
		"fe80::1", "127.0.0.1:9092", "PLAINTEXT://a:9093" };
	static const struct { const char *list, *told; } bad[] = {
		{ "http://a:9092", "-b: 'http://a:9092' is not HOST:PORT" },
		{ "SSL://a:9092", "-b: 'SSL://a:9092' is not HOST:PORT" },
		{ "a:1,b:x", "-b: 'b:x' is not HOST:PORT" },
		{ "a:0", "-b: 'a:0' is not HOST:PORT" },
		{ "a:65536", "-b: 'a:65536' is not HOST:PORT" },
		{ "a:", "-b: 'a:' is not HOST:PORT" },
		{ ":9092", "-b: ':9092' is not HOST:PORT" },
		{ "a:1:2", "-b: 'a:1:2' is not HOST:PORT" },
		{ "[::1:9092", "-b: '[::1:9092' is not HOST:PORT" },
		{ "a/b", "-b: 'a/b' is not HOST:PORT" },
		{ "", "-b: no broker named (try localhost:9092)" },
		{ " ,", "-b: no broker named (try localhost:9092)" },
	};
	struct kafka_conf *c;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		c = kafka_conf_new();
		assert_int_equal(kafka_conf_brokers(&c, good[i], &err), 0);
		assert_int_equal(kafka_conf_finish(c, &err), 0);
		kafka_conf_free(c);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c = kafka_conf_new();
		assert_int_equal(kafka_conf_brokers(&c, bad[i].list, &err), 0);
		assert_int_equal(kafka_conf_finish(c, &err), -1);
		assert_int_equal(err.status, STATUS_USAGE);
		assert_string_equal(err.msg, bad[i].told);
		kafka_conf_free(c);
	}
	c = kafka_conf_new();
	assert_int_equal(kafka_conf_file(&c, file_with("a.conf", "bootstrap.servers=https://a\n", 0644), &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), -1);
	assert_int_equal(err.status, STATUS_CONFIG);
	assert_non_null(strstr(err.msg, "a.conf:1: 'https://a' is not HOST:PORT"));
	kafka_conf_free(c);
	c = kafka_conf_new();
	setenv("MAIP_KAFKA_BROKERS", "kafka://a", 1);
	assert_int_equal(kafka_conf_finish(c, &err), -1);
	assert_int_equal(err.status, STATUS_USAGE);
	assert_string_equal(err.msg, "MAIP_KAFKA_BROKERS: 'kafka://a' is not HOST:PORT");
	kafka_conf_free(c);
}

static void
a_property_is_the_same_under_either_of_its_names(void **state)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_set(&c, "linger.ms=3", &err), 0);
	assert_int_equal(kafka_conf_set(&c, "queue.buffering.max.ms=7", &err), 0);
	assert_int_equal(kafka_conf_set(&c, "message.timeout.ms=9000", &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), 0);
	assert_string_equal(kafka_conf_get(c, "linger.ms"), "7");
	assert_string_equal(kafka_conf_get(c, "delivery.timeout.ms"), "9000");
	kafka_conf_free(c);
}

static void
a_profile_that_is_not_there_is_told_and_local_needs_none(void **state)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_env(&c, "local", &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), 0);
	kafka_conf_free(c);

	c = kafka_conf_new();
	assert_int_equal(kafka_conf_env(&c, "staging", &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), -1);
	assert_int_equal(err.status, STATUS_NOINPUT);
	assert_non_null(strstr(err.msg, "no profile 'staging' (make "));
	assert_null(strstr(err.msg, "MAIP_ENV"));
	kafka_conf_free(c);

	c = kafka_conf_new();
	setenv("MAIP_ENV", "staging", 1);
	assert_int_equal(kafka_conf_finish(c, &err), -1);
	assert_non_null(strstr(err.msg, "/staging.conf, or unset MAIP_ENV)"));
	unsetenv("MAIP_ENV");
	kafka_conf_free(c);
}

static void
the_name_of_a_profile_cannot_leave_the_directory(void **state)
{
	static const char *const names[] = { "", "../x", "a/b", ".x", "-x", "a\nb" };
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(kafka_conf_env(&c, names[i], &err), -1);
		assert_int_equal(err.status, STATUS_USAGE);
	}
	kafka_conf_free(c);
}

static void
properties_that_run_code_or_break_promises_are_refused_everywhere(void **state)
{
	static const char *const pairs[] = {
		"plugin.library.paths=evil", "sasl.kerberos.kinit.cmd=evil", "ssl.engine.location=evil", "ssl.providers=evil",
		"enable.auto.commit=true", "enable.auto.offset.store=true", "auto.offset.reset=latest", "enable.partition.eof=true",
		"sasl.kerberos.principal=a; evil", "sasl.kerberos.principal=-X", "sasl.kerberos.keytab=\"$(evil)", "sasl.kerberos.keytab=`evil`",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct kafka_conf *c = kafka_conf_new();

		assert_int_equal(kafka_conf_set(&c, pairs[i], &err), -1);
		assert_int_equal(err.status, STATUS_CONFIG);
		assert_int_equal(kafka_conf_file(&c, file_with("a.conf", pairs[i], 0600), &err), -1);
		assert_non_null(strstr(err.msg, "a.conf:1: "));
		kafka_conf_free(c);
	}
}

static void
names_of_kerberos_are_taken(void **state)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_set(&c, "sasl.kerberos.principal=kafka/host-1.example.com@EXAMPLE.COM", &err), 0);
	assert_int_equal(kafka_conf_set(&c, "sasl.kerberos.keytab=/etc/security/a_b.keytab", &err), 0);
	kafka_conf_free(c);
}

static void
a_secret_is_taken_only_from_a_file_that_nobody_else_can_read(void **state)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_set(&c, "sasl.password=canary", &err), -1);
	assert_int_equal(err.status, STATUS_USAGE);
	assert_null(strstr(err.msg, "canary"));

	assert_int_equal(kafka_conf_file(&c, file_with("a.conf", "sasl.password=canary", 0640), &err), -1);
	assert_int_equal(err.status, STATUS_CONFIG);
	assert_non_null(strstr(err.msg, "chmod 600"));
	assert_null(strstr(err.msg, "canary"));
	kafka_conf_free(c);

	c = kafka_conf_new();
	assert_int_equal(kafka_conf_file(&c, file_with("a.conf", "sasl.password=canary\nsecurity.protocol=sasl_ssl\nsasl.mechanism=PLAIN", 0600), &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), 0);
	assert_string_equal(kafka_conf_get(c, "sasl.password"), "canary");
	kafka_conf_free(c);
}

static void
no_canary(void *arg, const char *key, const char *value, const char *from)
{
	bool *seen = arg;

	(void)from;
	assert_null(strstr(value, "canary"));
	if (strcmp(key, "sasl.password") == 0) {
		assert_string_equal(value, "***");
		*seen = true;
	}
}

static void
secrets_are_masked_when_shown(void **state)
{
	struct kafka_conf *c = kafka_conf_new();
	bool seen = false;
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_file(&c, file_with("a.conf", "security.protocol=sasl_ssl\nsasl.mechanism=PLAIN\nsasl.password=canary\nssl.key.pem=canary", 0600), &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), 0);
	kafka_conf_show(c, no_canary, &seen);
	assert_true(seen);
	kafka_conf_free(c);
}

static void
a_wrong_property_is_told_with_its_place(void **state)
{
	static const struct { const char *text, *place, *expected; } cases[] = {
		{ "client.id=a\nno.such=1", "a.conf:2: ", "has no property 'no.such'" },
		{ "security.protocol=tls", "a.conf:1: ", "Invalid value" },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kafka_conf *c = kafka_conf_new();

		assert_int_equal(kafka_conf_file(&c, file_with("a.conf", cases[i].text, 0600), &err), 0);
		assert_int_equal(kafka_conf_finish(c, &err), -1);
		assert_int_equal(err.status, STATUS_CONFIG);
		assert_non_null(strstr(err.msg, cases[i].place));
		assert_non_null(strstr(err.msg, cases[i].expected));
		kafka_conf_free(c);
	}
}

static void
a_line_that_is_no_property_is_refused(void **state)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_set(&c, "client.id", &err), -1);
	assert_string_equal(err.msg, "'client.id' is not a property (write KEY=VALUE)");
	assert_int_equal(kafka_conf_set(&c, "=x", &err), -1);
	assert_int_equal(kafka_conf_file(&c, file_with("a.conf", "\n\nhello\n", 0600), &err), -1);
	assert_int_equal(err.status, STATUS_CONFIG);
	assert_non_null(strstr(err.msg, "a.conf:3: 'hello' is not a property"));
	assert_int_equal(kafka_conf_file(&c, ABSENT, &err), -1);
	assert_int_equal(err.status, STATUS_NOINPUT);
	kafka_conf_free(c);
}

static void
patience_is_short_at_the_start_and_longer_afterwards(void **state)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	(void)state;
	assert_true(kafka_conf_patience(c, false) < kafka_conf_patience(c, true));
	assert_int_equal(kafka_conf_timeout(&c, "250ms", &err), 0);
	assert_int_equal(kafka_conf_patience(c, false), 250);
	assert_int_equal(kafka_conf_patience(c, true), 250);
	assert_int_equal(kafka_conf_timeout(&c, "0", &err), -1);
	kafka_conf_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_any_source_the_broker_is_on_this_machine,
		                       clean_environment),
		cmocka_unit_test_setup(each_source_wins_over_those_before_it, clean_environment),
		cmocka_unit_test_setup(what_is_no_list_of_brokers_is_refused_where_it_was_said,
		                       clean_environment),
		cmocka_unit_test_setup(a_property_is_the_same_under_either_of_its_names,
		                       clean_environment),
		cmocka_unit_test_setup(a_profile_that_is_not_there_is_told_and_local_needs_none,
		                       clean_environment),
		cmocka_unit_test_setup(the_name_of_a_profile_cannot_leave_the_directory,
		                       clean_environment),
		cmocka_unit_test_setup(
			properties_that_run_code_or_break_promises_are_refused_everywhere,
			clean_environment),
		cmocka_unit_test_setup(names_of_kerberos_are_taken, clean_environment),
		cmocka_unit_test_setup(a_secret_is_taken_only_from_a_file_that_nobody_else_can_read,
		                       clean_environment),
		cmocka_unit_test_setup(secrets_are_masked_when_shown, clean_environment),
		cmocka_unit_test_setup(a_wrong_property_is_told_with_its_place, clean_environment),
		cmocka_unit_test_setup(a_line_that_is_no_property_is_refused, clean_environment),
		cmocka_unit_test_setup(patience_is_short_at_the_start_and_longer_afterwards,
		                       clean_environment),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
