/* SPDX-License-Identifier: Apache-2.0 */
/* msk.c - the token that Amazon MSK takes for an IAM identity */
#include <stdio.h>

#include <openssl/crypto.h>

#include "base/base64.h"
#include "kafka/broker_list.h"
#include "kafka/msk.h"

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

int
msk_token(struct buf *to, const struct aws_keys *keys, struct str region, int64_t now,
          struct err *err)
{
	char                  base[128];
	const struct aws_call call = {
		.base = base, .service = STR("kafka-cluster"), .region = region,
		.query = STR("Action=kafka-cluster%3AConnect"), .expires = MSK_TOKEN_LIFE_MS / 1000,
	};
	struct buf            url;
	int                   rc;

	snprintf(base, sizeof(base), "https://kafka.%.*s%s", STR_ARGS(region), aws_domain(region));
	buf_init(&url, BUF_NO_MAX);
	rc = aws_presign(&url, &call, keys, now, err);
	if (rc == 0) {
		buf_add_str(&url, STR("&User-Agent=maip"));
		add_base64url(to, buf_str(&url));
		OPENSSL_cleanse(url.p, url.n);
	}
	buf_release(&url);
	return rc;
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
			return aws_is_region(str_slice(name, i, name.n))
			               ? str_slice(name, i, name.n)
			               : STR("");
	return STR("");
}

struct str
msk_region(struct str brokers)
{
	for (struct str name, region; (name = broker_list_next(&brokers)).n > 0;) {
		const char *colon = memchr(name.p, ':', name.n);

		if (colon != NULL)
			name.n = (size_t)(colon - name.p);
		region = region_in(name);
		if (region.n > 0)
			return region;
	}
	return STR("");
}
