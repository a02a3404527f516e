/* SPDX-License-Identifier: Apache-2.0 */
/* reason.c - why a broker cannot be used, in words that help */
#include <stdio.h>

#include <librdkafka/rdkafka.h>
#include <openssl/x509_vfy.h>

#include "kafka/login.h"
#include "kafka/reason.h"

/* from this librdkafka on, SCRAM works with Kafka 4 (its pull request 4895) */
#define SCRAM_FIXED 0x020601ff

struct meaning {
	const char *words;              /* part of what librdkafka says */
	const char *means, *look_at;
	enum status status;
};

static const char no_tls[] = "it breaks off the TLS handshake, as a listener without TLS does";
static const char no_tls_look[] = "security.protocol=plaintext or sasl_plaintext, or another port";
static const char mutual[] = "it wants a certificate of this client";
static const char mutual_look[] = "ssl.certificate.location and ssl.key.location";
static const char not_ours[] = "it does not accept the certificate of this client";
static const char not_ours_look[] = "ssl.certificate.location";

static const struct meaning meanings[] = {
	{ "unexpected eof while reading", no_tls, no_tls_look, STATUS_UNAVAILABLE },
	{ "wrong version number", no_tls, no_tls_look, STATUS_UNAVAILABLE },
	{ "connecting to a PLAINTEXT broker listener", no_tls, no_tls_look, STATUS_UNAVAILABLE },
	{ "connecting to a SSL listener", "it hangs up, as a listener with TLS does",
	  "security.protocol=ssl or sasl_ssl, or another port", STATUS_UNAVAILABLE },
	{ "might require SASL authentication", "it hangs up, as a listener does that wants a login",
	  "security.protocol=sasl_ssl with sasl.mechanism, or another port", STATUS_UNAVAILABLE },
	{ "alert bad certificate", mutual, mutual_look, STATUS_DENIED },
	{ "alert certificate required", mutual, mutual_look, STATUS_DENIED },
	{ "alert handshake failure", mutual, mutual_look, STATUS_DENIED },
	{ "alert certificate unknown", not_ours, not_ours_look, STATUS_DENIED },
	{ "alert certificate expired", not_ours, not_ours_look, STATUS_DENIED },
	{ "alert unknown ca", not_ours, not_ours_look, STATUS_DENIED },
	{ "Invalid response size", "what it answers is not Kafka's protocol",
	  "another port, unless receive.message.max.bytes is too small", STATUS_UNAVAILABLE },
	{ "Request not valid in current SASL state", "it takes no login",
	  "security.protocol=ssl or plaintext, or another port", STATUS_DENIED },
};

const char *
reason_brokers(const struct kafka_conf *c)
{
	return kafka_conf_get(c, "bootstrap.servers");
}

static int
fail_certificate(const struct reason *r, struct err *err)
{
	const char *look_at = "is the clock here right?";

	switch (r->certificate) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		look_at = "ssl.ca.location has to name the certificate of its authority";
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		look_at = "the broker needs a new one, unless the clock here is wrong";
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		look_at = "-b has to name it as its certificate does";
		break;
	default:
		break;
	}
	return fail_as(err, STATUS_UNAVAILABLE,
	               "cannot trust Kafka at %s: its certificate: %s (%s)",
	               reason_brokers(r->conf), X509_verify_cert_error_string(r->certificate),
	               look_at);
}

/* "SASL error: words" without what every such message starts with. */
static const char *
without_start(const char *words)
{
	static const char *const starts[] = { "SASL authentication error: ", "Broker: " };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(words, starts[i], strlen(starts[i])) == 0)
			words += strlen(starts[i]);
	return words;
}

/* What to look at when a login was refused. */
static const char *
login_advice(const struct kafka_conf *c, const char *mechanism, char *to, size_t size)
{
	if (kafka_conf_login(c)->msk) {
		snprintf(to, size,
		         "are the AWS credentials right, is the region %s, and does the IAM policy "
		         "allow kafka-cluster:Connect?",
		         kafka_conf_login(c)->region);
		return to;
	}
	if (kafka_conf_login(c)->token_command != NULL)
		return "is it the token for this broker?";
	if (strncmp(mechanism, "SCRAM-", 6) == 0 && rd_kafka_version() < SCRAM_FIXED) {
		snprintf(to, size,
		         "check sasl.username and sasl.password; with Kafka 4, SCRAM needs "
		         "librdkafka 2.6.1, and this is %s",
		         rd_kafka_version_str());
		return to;
	}
	return "check sasl.username and sasl.password";
}

static int
fail_login(const struct reason *r, struct err *err)
{
	const char *mechanism = kafka_conf_get(r->conf, "sasl.mechanisms"),
		   *user = kafka_conf_get(r->conf, "sasl.username");
	char        q[QUOTE_MAX], advice[200];

	if (mechanism == NULL)
		return fail_as(err, STATUS_DENIED, "Kafka at %s refuses us: %s",
		               reason_brokers(r->conf), without_start(r->words));
	if (strstr(r->words, "Unsupported SASL mechanism") != NULL)
		return fail_as(err, STATUS_DENIED,
		               "Kafka at %s does not take SASL %s: %s (set sasl.mechanism to one "
		               "of those)",
		               reason_brokers(r->conf), mechanism, without_start(r->words));
	return fail_as(err, STATUS_DENIED,
	               "Kafka at %s refuses the login with SASL %s%s%s: %s (%s)",
	               reason_brokers(r->conf), mechanism, user != NULL ? " as " : "",
	               user != NULL ? quote(q, str_of(user)) : "", without_start(r->words),
	               login_advice(r->conf, mechanism, advice, sizeof(advice)));
}

int
reason_fail(const struct reason *r, struct err *err)
{
	if (r->certificate != 0)
		return fail_certificate(r, err);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strstr(r->words, meanings[i].words) != NULL)
			return fail_as(err, meanings[i].status, "cannot use Kafka at %s: %s (%s)",
			               reason_brokers(r->conf), meanings[i].means,
			               meanings[i].look_at);
	if (r->login)
		return fail_login(r, err);
	return fail_as(err, STATUS_UNAVAILABLE, "cannot reach Kafka at %s: %s (%s)",
	               reason_brokers(r->conf), r->words,
	               r->mute ? "it hangs, or is behind a firewall, or this is not Kafka's port"
	                       : "set MAIP_KAFKA_BROKERS or -b");
}

int
reason_refused(const char *words, struct err *err)
{
	static const struct { const char *words, *look_at; } advice[] = {
		{ "key values mismatch",
		  " (ssl.key.location has to name the key of ssl.certificate.location)" },
		{ "ssl.key.location failed",
		  " (is it a key in PEM? if it is encrypted, is ssl.key.password right?)" },
		{ "ssl.certificate.location failed", " (is it a certificate in PEM?)" },
		{ "ssl.ca.location failed", " (are there certificates in PEM in it?)" },
		{ "mac verify failure", " (is ssl.keystore.password right?)" },
	};
	const char *look_at = "";

	for (size_t i = 0; *look_at == '\0' && i < sizeof(advice) / sizeof(advice[0]); i++)
		if (strstr(words, advice[i].words) != NULL)
			look_at = advice[i].look_at;
	return fail_as(err, STATUS_CONFIG, "librdkafka refuses the configuration: %s%s", words,
	               look_at);
}
