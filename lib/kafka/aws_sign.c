/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_sign.c - a URL that says who asks (AWS Signature Version 4, in the query)
 *
 * Every member of the query is written in the order of its name, which is the order that the
 * signature asks for; so the query that is signed and the one that is sent are the same bytes.
 */
#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/time.h"
#include "kafka/aws_sign.h"

#define DIGEST_SIZE 32                  /* SHA-256 */
#define KEY_MAX     256
#define SESSION_MAX 16384

struct moment {                         /* as the signature writes it */
	char day[9];                    /* 20260101 */
	char second[17];                /* 20260101T000000Z */
};

static struct moment
moment_of(int64_t ms)
{
	struct moment m;
	struct civil  c;

	time_to_civil(&c, ms);
	snprintf(m.day, sizeof(m.day), "%04u%02u%02u", (unsigned)c.year % 10000,
	         (unsigned)c.month % 100, (unsigned)c.day % 100);
	snprintf(m.second, sizeof(m.second), "%sT%02u%02u%02uZ", m.day, (unsigned)c.hour % 100,
	         (unsigned)c.minute % 100, (unsigned)c.second % 100);
	return m;
}

static bool
among(char c, const char *also)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(also, c) != NULL);
}

void
aws_escape(struct buf *to, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (among(s.p[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~"))
			buf_add_char(to, s.p[i]);
		else
			buf_addf(to, "%%%02X", (unsigned char)s.p[i]);
	}
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

const char *
aws_domain(struct str region)
{
	return str_starts(region, STR("cn-")) ? ".amazonaws.com.cn" : ".amazonaws.com";
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
signing_key(unsigned char key[DIGEST_SIZE], struct str secret, const struct moment *m,
            const struct aws_call *call)
{
	const struct str derived = { (const char *)key, DIGEST_SIZE };
	char             first[4 + KEY_MAX] = "AWS4";

	memcpy(first + 4, secret.p, secret.n);
	hmac(key, (struct str){ first, 4 + secret.n }, str_of(m->day));
	hmac(key, derived, call->region);
	hmac(key, derived, call->service);
	hmac(key, derived, STR("aws4_request"));
	OPENSSL_cleanse(first, sizeof(first));
}

static void
add_query(struct buf *to, const struct aws_call *call, const struct aws_keys *keys,
          const struct moment *m)
{
	buf_add_str(to, call->query);
	buf_add_str(to, STR("&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="));
	aws_escape(to, keys->id);
	buf_addf(to, "%%2F%s%%2F%.*s%%2F%.*s%%2Faws4_request&X-Amz-Date=%s&X-Amz-Expires=%d",
	         m->day, STR_ARGS(call->region), STR_ARGS(call->service), m->second, call->expires);
	if (keys->session.n > 0) {
		buf_add_str(to, STR("&X-Amz-Security-Token="));
		aws_escape(to, keys->session);
	}
	buf_add_str(to, STR("&X-Amz-SignedHeaders=host"));
}

/* What is signed in place of the request: its digest, and when and where it is good. */
static void
add_string_to_sign(struct buf *to, const struct aws_call *call, struct str query,
                   const struct moment *m)
{
	const char   *slashes = strstr(call->base, "://");
	unsigned char digest[DIGEST_SIZE], empty[DIGEST_SIZE];
	struct buf    request;

	EVP_Digest("", 0, empty, NULL, EVP_sha256(), NULL);
	buf_init(&request, BUF_NO_MAX);
	buf_addf(&request, "GET\n/\n%.*s\nhost:%s\n\nhost\n", STR_ARGS(query),
	         slashes != NULL ? slashes + 3 : call->base);
	add_hex(&request, empty);
	EVP_Digest(request.p, request.n, digest, NULL, EVP_sha256(), NULL);
	OPENSSL_cleanse(request.p, request.n);
	buf_release(&request);

	buf_addf(to, "AWS4-HMAC-SHA256\n%s\n%s/%.*s/%.*s/aws4_request\n", m->second, m->day,
	         STR_ARGS(call->region), STR_ARGS(call->service));
	add_hex(to, digest);
}

static int
check_keys(const struct aws_keys *keys, struct str region, struct err *err)
{
	char q[QUOTE_MAX];

	if (!aws_is_region(region))
		return fail_as(err, STATUS_CONFIG, "%s is not an AWS region (try eu-west-1)",
		               quote(q, region));
	if (keys->id.n == 0 || keys->id.n > KEY_MAX || keys->secret.n == 0 ||
	    keys->secret.n > KEY_MAX)
		return fail_as(err, STATUS_CONFIG,
		               "the AWS access key is empty, or too long to be one");
	if (keys->session.n > SESSION_MAX)
		return fail_as(err, STATUS_CONFIG, "the AWS session token is longer than %d bytes",
		               SESSION_MAX);
	return 0;
}

int
aws_presign(struct buf *to, const struct aws_call *call, const struct aws_keys *keys, int64_t now,
            struct err *err)
{
	const struct moment m = moment_of(now);
	unsigned char       key[DIGEST_SIZE], signature[DIGEST_SIZE];
	struct buf          text;
	size_t              start;

	if (check_keys(keys, call->region, err) < 0)
		return -1;
	buf_add_str(to, str_of(call->base));
	buf_add_str(to, STR("/?"));
	start = to->n;
	add_query(to, call, keys, &m);

	buf_init(&text, BUF_NO_MAX);
	add_string_to_sign(&text, call, str_slice(buf_str(to), start, to->n), &m);
	signing_key(key, keys->secret, &m, call);
	hmac(signature, (struct str){ (const char *)key, DIGEST_SIZE }, buf_str(&text));
	buf_add_str(to, STR("&X-Amz-Signature="));
	add_hex(to, signature);
	OPENSSL_cleanse(key, sizeof(key));
	buf_release(&text);
	return 0;
}
