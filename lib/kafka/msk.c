/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msk.c - the token that Amazon MSK takes for an IAM identity
 *
 * Every member of the query is written in the order of its name, which is the order that the signature asks for; so
 * the query that is signed and the one that is sent are the same bytes.
 */
#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/msk.h"

#define DIGEST_SIZE  32                 /* SHA-256 */
#define SERVICE      "kafka-cluster"
#define KEY_MAX      256
#define SESSION_MAX  16384

struct moment {                         /* as SigV4 writes it */
	char day[9];                    /* 20260101 */
	char second[17];                /* 20260101T000000Z */
};

static struct moment
moment_of(int64_t ms)
{
	struct moment m;
	struct civil  c;

	time_to_civil(&c, ms);
	snprintf(m.day, sizeof(m.day), "%04u%02u%02u", (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100);
	snprintf(m.second, sizeof(m.second), "%sT%02u%02u%02uZ", m.day, (unsigned)c.hour % 100, (unsigned)c.minute % 100,
	         (unsigned)c.second % 100);
	return m;
}

static bool
among(char c, const char *also)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != '\0' && strchr(also, c) != NULL);
}

static void
add_escaped(struct buf *to, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (among(s.p[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~"))
			buf_add_char(to, s.p[i]);
		else
			buf_addf(to, "%%%02X", (unsigned char)s.p[i]);
	}
}

static void
add_hex(struct buf *to, const unsigned char digest[DIGEST_SIZE])
{
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		buf_addf(to, "%02x", digest[i]);
}

/* May overwrite its own key. */
static void
hmac(unsigned char to[DIGEST_SIZE], struct str key, struct str data)
{
	unsigned char result[DIGEST_SIZE];

	HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)data.p, data.n, result, NULL);
	memcpy(to, result, DIGEST_SIZE);
	OPENSSL_cleanse(result, sizeof(result));
}

/* The key of one day, region and service: HMAC upon HMAC. */
static void
signing_key(unsigned char key[DIGEST_SIZE], struct str secret, const struct moment *m, struct str region)
{
	const struct str derived = { (const char *)key, DIGEST_SIZE };
	char             first[4 + KEY_MAX] = "AWS4";

	memcpy(first + 4, secret.p, secret.n);
	hmac(key, (struct str){ first, 4 + secret.n }, str_of(m->day));
	hmac(key, derived, region);
	hmac(key, derived, STR(SERVICE));
	hmac(key, derived, STR("aws4_request"));
	OPENSSL_cleanse(first, sizeof(first));
}

static void
add_query(struct buf *to, const struct aws_keys *keys, struct str region, const struct moment *m)
{
	buf_add_str(to, STR("Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="));
	add_escaped(to, keys->id);
	buf_addf(to, "%%2F%s%%2F%.*s%%2F" SERVICE "%%2Faws4_request&X-Amz-Date=%s&X-Amz-Expires=%d", m->day, STR_ARGS(region),
	         m->second, MSK_TOKEN_LIFE_MS / 1000);
	if (keys->session.n > 0) {
		buf_add_str(to, STR("&X-Amz-Security-Token="));
		add_escaped(to, keys->session);
	}
	buf_add_str(to, STR("&X-Amz-SignedHeaders=host"));
}

/* What has to be signed in place of the request: its digest, and when and where it is good. */
static void
add_string_to_sign(struct buf *to, struct str query, struct str host, struct str region, const struct moment *m)
{
	unsigned char digest[DIGEST_SIZE], empty[DIGEST_SIZE];
	struct buf    request;

	EVP_Digest("", 0, empty, NULL, EVP_sha256(), NULL);
	buf_init(&request, BUF_NO_MAX);
	buf_addf(&request, "GET\n/\n%.*s\nhost:%.*s\n\nhost\n", STR_ARGS(query), STR_ARGS(host));
	add_hex(&request, empty);
	EVP_Digest(request.p, request.n, digest, NULL, EVP_sha256(), NULL);
	OPENSSL_cleanse(request.p, request.n);
	buf_release(&request);

	buf_addf(to, "AWS4-HMAC-SHA256\n%s\n%s/%.*s/" SERVICE "/aws4_request\n", m->second, m->day, STR_ARGS(region));
	add_hex(to, digest);
}

static void
add_base64url(struct buf *to, struct str bytes)
{
	char  *p = buf_room(to, base64_size(bytes.n));
	size_t n = base64_encode(p, bytes);

	for (; n > 0 && p[n - 1] == '='; n--)
		;
	for (size_t i = 0; i < n; i++)
		p[i] = p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i];
	to->n += n;
}

bool
aws_is_region(struct str name)
{
	if (name.n < 4 || name.n > 40 || memchr(name.p, '-', name.n) == NULL)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!among(name.p[i], "-"))
			return false;
	return name.p[0] >= 'a' && name.p[name.n - 1] >= '0' && name.p[name.n - 1] <= '9';
}

static int
check_keys(const struct aws_keys *keys, struct str region, struct err *err)
{
	char q[QUOTE_MAX];

	if (!aws_is_region(region))
		return fail_as(err, STATUS_CONFIG, "%s is not an AWS region (try eu-west-1)", quote(q, region));
	if (keys->id.n == 0 || keys->id.n > KEY_MAX || keys->secret.n == 0 || keys->secret.n > KEY_MAX)
		return fail_as(err, STATUS_CONFIG, "the AWS access key is empty, or too long to be one");
	if (keys->session.n > SESSION_MAX)
		return fail_as(err, STATUS_CONFIG, "the AWS session token is longer than %d bytes", SESSION_MAX);
	return 0;
}

int
msk_token(struct buf *to, const struct aws_keys *keys, struct str region, int64_t now, struct err *err)
{
	const struct moment m = moment_of(now);
	const bool          china = str_starts(region, STR("cn-"));
	unsigned char       key[DIGEST_SIZE], signature[DIGEST_SIZE];
	struct buf          url, text;
	struct str          host, query;
	char                name[96];

	if (check_keys(keys, region, err) < 0)
		return -1;
	snprintf(name, sizeof(name), "kafka.%.*s.amazonaws.com%s", STR_ARGS(region), china ? ".cn" : "");
	host = str_of(name);
	buf_init(&url, BUF_NO_MAX);
	buf_init(&text, BUF_NO_MAX);
	buf_addf(&url, "https://%s/?", name);
	add_query(&url, keys, region, &m);
	query = str_slice(buf_str(&url), host.n + strlen("https:///?"), url.n);

	add_string_to_sign(&text, query, host, region, &m);
	signing_key(key, keys->secret, &m, region);
	hmac(signature, (struct str){ (const char *)key, DIGEST_SIZE }, buf_str(&text));
	buf_add_str(&url, STR("&X-Amz-Signature="));
	add_hex(&url, signature);
	buf_add_str(&url, STR("&User-Agent=maip"));
	add_base64url(to, buf_str(&url));

	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(url.p, url.n);
	buf_release(&url);
	buf_release(&text);
	return 0;
}

/* The region in one broker's name, without its port. */
static struct str
region_in(struct str name)
{
	static const char *const suffixes[] = { ".cn", ".amazonaws.com", ".vpce" };

	for (size_t i = 0; i < 3; i++) {
		const struct str suffix = str_of(suffixes[i]);

		if (name.n > suffix.n && str_eq(str_slice(name, name.n - suffix.n, name.n), suffix))
			name.n -= suffix.n;
		else if (i == 1)
			return STR("");
	}
	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '.')
			return aws_is_region(str_slice(name, i, name.n)) ? str_slice(name, i, name.n) : STR("");
	return STR("");
}

struct str
msk_region(struct str brokers)
{
	while (brokers.n > 0) {
		const char *comma = memchr(brokers.p, ',', brokers.n), *colon;
		struct str  name = { brokers.p, comma != NULL ? (size_t)(comma - brokers.p) : brokers.n }, region;

		brokers = str_slice(brokers, name.n + 1, brokers.n);
		colon = memchr(name.p, ':', name.n);
		if (colon != NULL)
			name.n = (size_t)(colon - name.p);
		region = region_in(name);
		if (region.n > 0)
			return region;
	}
	return STR("");
}
