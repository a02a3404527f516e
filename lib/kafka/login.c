/* SPDX-License-Identifier: Apache-2.0 */
/* login.c - how the client shows who it is: what goes together, and what does not */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "kafka/broker_list.h"
#include "kafka/aws.h"
#include "kafka/login.h"
#include "kafka/msk.h"

#define PROTOCOL  "security.protocol"
#define MECHANISM "sasl.mechanisms"
#define OAUTH     "OAUTHBEARER"
#define JAAS      "sasl.jaas.config"

void
login_release(struct login *l)
{
	free(l->token_command);
	free(l->region);
}

static bool
same(const char *value, const char *word)
{
	return value != NULL && strcasecmp(value, word) == 0;
}

/* What a token needs of the connection: TLS, unless the user chose otherwise. */
static int
prepare_for_tokens(struct kafka_conf *c, const char *option, struct err *err)
{
	const char *protocol = kafka_conf_get(c, PROTOCOL),
		   *mechanism = kafka_conf_get(c, MECHANISM);

	if (mechanism != NULL && strcmp(mechanism, OAUTH) != 0)
		return fail_as(err, STATUS_CONFIG, "%s: sasl.mechanism is %s, but %s needs " OAUTH,
		               kafka_conf_from(c, MECHANISM), mechanism, option);
	if (protocol != NULL && !same(protocol, "sasl_ssl") && !same(protocol, "sasl_plaintext"))
		return fail_as(err, STATUS_CONFIG, "%s: " PROTOCOL " is %s, but %s needs sasl_ssl",
		               kafka_conf_from(c, PROTOCOL), protocol, option);
	kafka_conf_put(c, MECHANISM, OAUTH, option);
	if (protocol == NULL)
		kafka_conf_put(c, PROTOCOL, "sasl_ssl", option);
	return 0;
}

/* Amazon's manual has two more lines for Java clients. They name classes, and leave nothing to say
 * here, unless there is an option in them. */
static int
drop_java(struct kafka_conf *c, struct err *err)
{
	const char *jaas = kafka_conf_get(c, JAAS), *from = kafka_conf_from(c, JAAS);

	if (jaas != NULL &&
	    strcmp(jaas, "software.amazon.msk.auth.iam.IAMLoginModule required;") != 0)
		return fail_as(err, STATUS_CONFIG,
		               "%s: " JAAS " is for Java clients, and what it asks for is not done "
		               "here (for awsProfileName set AWS_PROFILE, for awsRoleArn role_arn "
		               "in ~/.aws/config)",
		               from);
	kafka_conf_drop(c, JAAS);
	kafka_conf_drop(c, "sasl.client.callback.handler.class");
	return 0;
}

/* The broker's name says it; then AWS's own settings. */
static int
find_region(struct login *l, const struct kafka_conf *c, struct err *err)
{
	const struct str named = msk_region(str_of(kafka_conf_get(c, "bootstrap.servers")));

	if (l->region == NULL)
		l->region = named.n > 0 ? mem_dup(named) : aws_region_find();
	if (l->region == NULL)
		return fail_as(err, STATUS_CONFIG,
		               "--aws-msk-iam: in which region? no broker's name tells it "
		               "(--aws-msk-iam=REGION, or set AWS_REGION)");
	return 0;
}

static bool
any_set(const struct kafka_conf *c, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		if (kafka_conf_get(c, *keys) != NULL)
			return true;
	return false;
}

/* librdkafka's default mechanism is Kerberos, about whose absence it complains in riddles. */
static int
check_mechanism(const struct kafka_conf *c, struct err *err)
{
	static const char *const named[] = { MECHANISM, "sasl.kerberos.keytab",
		                             "sasl.kerberos.principal", NULL };
	const char              *protocol = kafka_conf_get(c, PROTOCOL);

	if ((!same(protocol, "sasl_ssl") && !same(protocol, "sasl_plaintext")) || any_set(c, named))
		return 0;
	return fail_as(err, STATUS_CONFIG,
	               "%s: " PROTOCOL
	               " is %s, but no sasl.mechanism says how to log in (PLAIN, SCRAM-SHA-256, "
	               "SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM)",
	               kafka_conf_from(c, PROTOCOL), protocol);
}

/* librdkafka's default protocol is plaintext, and it ignores what does not fit. Who has chosen
 * one is taken at his word. */
static int
check_unused(const struct kafka_conf *c, struct err *err)
{
	static const char *const sasl[] = { MECHANISM, "sasl.username", "sasl.password", NULL };
	static const char *const ssl[] = { "ssl.ca.location", "ssl.certificate.location",
		                           "ssl.keystore.location", "ssl.key.location", NULL };

	if (kafka_conf_get(c, PROTOCOL) != NULL)
		return 0;
	if (any_set(c, sasl))
		return fail_as(err, STATUS_CONFIG,
		               "there is a login (sasl.*), but no " PROTOCOL
		               ": say sasl_ssl, or sasl_plaintext");
	if (any_set(c, ssl))
		return fail_as(err, STATUS_CONFIG,
		               "there is a certificate (ssl.*), but no " PROTOCOL
		               ": say ssl, or sasl_ssl");
	return 0;
}

/* OpenSSL says neither which file it could not read, nor why. */
static int
check_files(const struct kafka_conf *c, struct err *err)
{
	static const char *const files[] = { "ssl.ca.location", "ssl.certificate.location",
		                             "ssl.key.location", "ssl.keystore.location",
		                             "ssl.crl.location" };
	const char *protocol = kafka_conf_get(c, PROTOCOL);
	char q[QUOTE_MAX];

	if (!same(protocol, "ssl") && !same(protocol, "sasl_ssl"))
		return 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *path = kafka_conf_get(c, files[i]);

		if (path == NULL || strcmp(path, "probe") == 0 || access(path, R_OK) == 0)
			continue;
		return fail_as(err, errno == EACCES ? STATUS_DENIED : STATUS_NOINPUT,
		               "%s: %s: cannot open %s: %s", kafka_conf_from(c, files[i]),
		               files[i], quote(q, str_of(path)), strerror(errno));
	}
	return 0;
}

static bool
is_loopback(struct str host)
{
	return str_eq(host, STR("localhost")) || str_starts(host, STR("127.")) ||
	       str_eq(host, STR("[::1]"));
}

/* Are all brokers of "host:port,PROTOCOL://host:port,..." on this machine? */
static bool
all_loopback(struct str brokers)
{
	for (struct str name; (name = broker_list_next(&brokers)).n > 0;) {
		const char *colon;

		for (size_t i = 0; i + 3 <= name.n; i++)
			if (memcmp(name.p + i, "://", 3) == 0)
				name = str_slice(name, i + 3, name.n);
		colon = memchr(name.p, ':', name.n);
		if (colon != NULL && name.p[0] != '[')
			name.n = (size_t)(colon - name.p);
		else if (name.n > 5 && str_starts(name, STR("[::1]")))
			name.n = 5;
		if (name.n > 0 && !is_loopback(name))
			return false;
	}
	return true;
}

/* SCRAM sends no password; PLAIN and tokens are read by whoever listens. */
static int
check_cleartext(const struct login *l, const struct kafka_conf *c, struct err *err)
{
	const char *mechanism = kafka_conf_get(c, MECHANISM);

	if (l->cleartext || !same(kafka_conf_get(c, PROTOCOL), "sasl_plaintext") ||
	    (!same(mechanism, "PLAIN") && !same(mechanism, OAUTH)) ||
	    all_loopback(str_of(kafka_conf_get(c, "bootstrap.servers"))))
		return 0;
	return fail_as(err, STATUS_CONFIG,
	               "%s: " PROTOCOL
	               "=sasl_plaintext would send the %s unencrypted over the network "
	               "(use sasl_ssl; if that is meant, say --allow-cleartext-login)",
	               kafka_conf_from(c, PROTOCOL), same(mechanism, OAUTH) ? "token" : "password");
}

/* A core file would hold what was read from protected files. */
static void
no_core(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

int
login_finish(struct login *l, struct kafka_conf *c, struct err *err)
{
	static const char *const secrets[] = { "sasl.password", "ssl.key.password", "ssl.key.pem",
		                               "ssl.keystore.password", NULL };

	if (same(kafka_conf_get(c, MECHANISM), "AWS_MSK_IAM")) {
		if (drop_java(c, err) < 0)
			return -1;
		l->msk = true;
		kafka_conf_put(c, MECHANISM, OAUTH, kafka_conf_from(c, MECHANISM));
	}
	if (l->msk && l->token_command != NULL)
		return fail_as(err, STATUS_USAGE,
		               "--aws-msk-iam and --oauth-token-command are two sources of tokens: "
		               "choose one");
	if (l->msk &&
	    (prepare_for_tokens(c, "--aws-msk-iam", err) < 0 || find_region(l, c, err) < 0))
		return -1;
	if (l->token_command != NULL && prepare_for_tokens(c, "--oauth-token-command", err) < 0)
		return -1;
	if (same(kafka_conf_get(c, MECHANISM), OAUTH) && !l->msk && l->token_command == NULL &&
	    !same(kafka_conf_get(c, "enable.sasl.oauthbearer.unsecure.jwt"), "true"))
		return fail_as(err, STATUS_CONFIG,
		               "%s: sasl.mechanism=" OAUTH
		               " needs a token (--oauth-token-command CMD, or "
		               "--aws-msk-iam)",
		               kafka_conf_from(c, MECHANISM));
	if (l->msk || l->token_command != NULL || any_set(c, secrets))
		no_core();
	if (check_unused(c, err) < 0 || check_mechanism(c, err) < 0 || check_files(c, err) < 0)
		return -1;
	return check_cleartext(l, c, err);
}
