/* SPDX-License-Identifier: Apache-2.0 */
/* How a client logs in: what goes together, what follows from it, and what would give a secret
 * away. */
#include "unit.h"

#include "base/diag.h"
#include "kafka/conf.h"
#include "kafka/login.h"

static int
clean_environment(void **state)
{
	static const char *const variables[] = {
		"MAIP_KAFKA_BROKERS", "MAIP_ENV", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE",
		"AWS_SHARED_CREDENTIALS_FILE",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	return setenv("HOME", "/nonexistent", 1);
}

/* A conf with these -X pairs, NULL at the end. */
static struct kafka_conf *
conf_with(const char *brokers, const char *const *pairs)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err err;

	assert_int_equal(kafka_conf_brokers(&c, brokers, &err), 0);
	for (; *pairs != NULL; pairs++)
		assert_int_equal(kafka_conf_set(&c, *pairs, &err), 0);
	return c;
}

#define CONF(brokers, ...) conf_with(brokers, (const char *const[]){ __VA_ARGS__, NULL })

static void
assert_refused(struct kafka_conf *c, const char *message)
{
	struct err err;

	assert_int_equal(kafka_conf_finish(c, &err), -1);
	assert_string_equal(err.msg, message);
	kafka_conf_free(c);
}

static void
assert_taken(struct kafka_conf *c, const char *protocol, const char *mechanism)
{
	struct err err;

	if (kafka_conf_finish(c, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(kafka_conf_get(c, "security.protocol"), protocol);
	assert_string_equal(kafka_conf_get(c, "sasl.mechanisms"), mechanism);
	kafka_conf_free(c);
}

static void
a_token_goes_with_tls(void **state)
{
	struct kafka_conf *c = CONF("kafka:9096", "client.id=x");
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_token_command(&c, "cat token", &err), 0);
	assert_taken(c, "sasl_ssl", "OAUTHBEARER");

	c = CONF("kafka:9096", "security.protocol=ssl");
	assert_int_equal(kafka_conf_token_command(&c, "cat token", &err), 0);
	assert_refused(c, "-X: security.protocol is ssl, but --oauth-token-command needs sasl_ssl");

	c = CONF("kafka:9096", "sasl.mechanism=PLAIN");
	assert_int_equal(kafka_conf_token_command(&c, "cat token", &err), 0);
	assert_refused(c, "-X: sasl.mechanism is PLAIN, but --oauth-token-command needs OAUTHBEARER");
}

static void
there_is_one_source_of_tokens_and_it_is_named(void **state)
{
	struct kafka_conf *c = CONF("kafka:9096", "client.id=x");
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_token_command(&c, "", &err), -1);
	assert_int_equal(kafka_conf_token_command(&c, "cat token", &err), 0);
	assert_int_equal(kafka_conf_msk(&c, "eu-west-1", &err), 0);
	assert_refused(c, "--aws-msk-iam and --oauth-token-command are two sources of tokens: choose one");
	assert_refused(CONF("kafka:9096", "security.protocol=sasl_ssl", "sasl.mechanism=OAUTHBEARER"),
	               "-X: sasl.mechanism=OAUTHBEARER needs a token (--oauth-token-command CMD, or --aws-msk-iam)");
}

static void
assert_region(struct kafka_conf *c, const char *region)
{
	struct err err;

	if (kafka_conf_finish(c, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(kafka_conf_login(c)->msk);
	assert_string_equal(kafka_conf_login(c)->region, region);
	assert_string_equal(kafka_conf_get(c, "sasl.mechanisms"), "OAUTHBEARER");
	kafka_conf_free(c);
}

static void
the_region_of_msk_is_that_of_the_option_the_broker_or_the_environment(void **state)
{
	static const char msk[] = "b-1.demo.x1.c2.kafka.eu-west-1.amazonaws.com:9098";
	struct kafka_conf *c = CONF(msk, "client.id=x");
	struct err err;

	(void)state;
	setenv("AWS_DEFAULT_REGION", "ap-south-1", 1);
	assert_int_equal(kafka_conf_msk(&c, NULL, &err), 0);
	assert_region(c, "eu-west-1");

	c = CONF(msk, "client.id=x");
	assert_int_equal(kafka_conf_msk(&c, "us-east-2", &err), 0);
	assert_region(c, "us-east-2");

	c = CONF("kafka.example.com:9098", "client.id=x");
	assert_int_equal(kafka_conf_msk(&c, NULL, &err), 0);
	assert_region(c, "ap-south-1");

	setenv("AWS_REGION", "sa-east-1", 1);
	c = CONF("kafka.example.com:9098", "client.id=x");
	assert_int_equal(kafka_conf_msk(&c, NULL, &err), 0);
	assert_region(c, "sa-east-1");
	assert_int_equal(kafka_conf_msk(NULL, "Europe", &err), -1);
}

static void
without_any_region_there_is_a_way_out(void **state)
{
	struct kafka_conf *c = CONF("kafka.example.com:9098", "client.id=x");
	struct err err;

	(void)state;
	assert_int_equal(kafka_conf_msk(&c, NULL, &err), 0);
	assert_refused(c, "--aws-msk-iam: in which region? no broker's name tells it (--aws-msk-iam=REGION, or set AWS_REGION)");
}

static void
the_name_that_java_clients_give_msk_iam_is_understood(void **state)
{
	(void)state;
	assert_region(CONF("b-1.demo.x1.c2.kafka.eu-west-1.amazonaws.com:9098", "security.protocol=SASL_SSL", "sasl.mechanism=AWS_MSK_IAM",
	                   "sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;",
	                   "sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler"),
	              "eu-west-1");
}

static void
what_java_clients_are_told_of_a_profile_is_not_passed_over(void **state)
{
	(void)state;
	assert_refused(CONF("b-1.demo.x1.c2.kafka.eu-west-1.amazonaws.com:9098", "sasl.mechanism=AWS_MSK_IAM",
	                    "sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName=\"a\";"),
	               "-X: sasl.jaas.config is for Java clients, and what it asks for is not done here (for awsProfileName set "
	               "AWS_PROFILE, for awsRoleArn role_arn in ~/.aws/config)");
}

static void
a_login_that_would_not_be_used_is_refused(void **state)
{
	(void)state;
	assert_refused(CONF("kafka:9092", "sasl.mechanism=PLAIN", "sasl.username=x"),
	               "there is a login (sasl.*), but no security.protocol: say sasl_ssl, or sasl_plaintext");
	assert_refused(CONF("kafka:9092", "ssl.ca.location=/etc/ssl/certs/ca-certificates.crt"),
	               "there is a certificate (ssl.*), but no security.protocol: say ssl, or sasl_ssl");
}

static void
a_password_does_not_travel_unencrypted_unless_asked_to(void **state)
{
	static const char *const here[] = {
		"localhost:9092", "127.0.0.1:9092,127.1.2.3:9093", "[::1]:9092", "SASL_PLAINTEXT://localhost:9092, localhost", "localhost",
	};
	static const char *const away[] = { "kafka:9092", "localhost:9092,kafka:9092", "localhost.example.com:9092", "[::2]:9092", "SASL_PLAINTEXT://kafka" };
	struct kafka_conf *c;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		assert_taken(CONF(here[i], "security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN"), "sasl_plaintext", "PLAIN");
	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++)
		assert_refused(CONF(away[i], "security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN"),
		               "-X: security.protocol=sasl_plaintext would send the password unencrypted over the network "
		               "(use sasl_ssl; if that is meant, say --allow-cleartext-login)");
	c = CONF("kafka:9092", "security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN");
	assert_int_equal(kafka_conf_cleartext(&c, NULL, &err), 0);
	assert_taken(c, "sasl_plaintext", "PLAIN");
	assert_taken(CONF("kafka:9092", "security.protocol=sasl_plaintext", "sasl.mechanism=SCRAM-SHA-256"), "sasl_plaintext", "SCRAM-SHA-256");

	c = CONF("kafka:9092", "security.protocol=sasl_plaintext");
	assert_int_equal(kafka_conf_token_command(&c, "cat token", &err), 0);
	assert_refused(c, "-X: security.protocol=sasl_plaintext would send the token unencrypted over the network "
	               "(use sasl_ssl; if that is meant, say --allow-cleartext-login)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_token_goes_with_tls, clean_environment),
		cmocka_unit_test_setup(there_is_one_source_of_tokens_and_it_is_named,
		                       clean_environment),
		cmocka_unit_test_setup(
			the_region_of_msk_is_that_of_the_option_the_broker_or_the_environment,
			clean_environment),
		cmocka_unit_test_setup(without_any_region_there_is_a_way_out, clean_environment),
		cmocka_unit_test_setup(what_java_clients_are_told_of_a_profile_is_not_passed_over,
		                       clean_environment),
		cmocka_unit_test_setup(the_name_that_java_clients_give_msk_iam_is_understood,
		                       clean_environment),
		cmocka_unit_test_setup(a_login_that_would_not_be_used_is_refused,
		                       clean_environment),
		cmocka_unit_test_setup(a_password_does_not_travel_unencrypted_unless_asked_to,
		                       clean_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
