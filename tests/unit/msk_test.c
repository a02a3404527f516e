/* SPDX-License-Identifier: Apache-2.0 */
/* The token of MSK IAM, against a signature that was computed by other code, and the region in a
 * broker's name. */
#include "unit.h"

#include "base/base64.h"
#include "kafka/msk.h"

#define NEW_YEAR_2026 1767225600000

static const struct aws_keys keys = {
	.id = { "AKIDEXAMPLE", 11 }, .secret = { "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 40 },
};

/* The URL in a token. */
static void
unpack(char *to, size_t size, struct str token)
{
	char      padded[4096];
	long long n;
	size_t    len = token.n;

	assert_true(len + 4 < sizeof(padded) && base64_size(len) < size);
	for (size_t i = 0; i < len; i++) {
		assert_true(token.p[i] != '+' && token.p[i] != '/' && token.p[i] != '=');
		padded[i] = token.p[i] == '-' ? '+' : token.p[i] == '_' ? '/' : token.p[i];
	}
	while (len % 4 != 0)
		padded[len++] = '=';
	n = base64_decode(to, (struct str){ padded, len });
	assert_true(n > 0);
	to[n] = '\0';
}

static void
url_of(char *to, size_t size, const struct aws_keys *k, const char *region, int64_t now)
{
	struct buf token;
	struct err err;

	buf_init(&token, BUF_NO_MAX);
	assert_int_equal(msk_token(&token, k, str_of(region), now, &err), 0);
	unpack(to, size, buf_str(&token));
	buf_release(&token);
}

static void
a_token_is_a_presigned_url_with_the_signature_that_aws_computes(void **state)
{
	char url[4096];

	(void)state;
	url_of(url, sizeof(url), &keys, "us-east-1", NEW_YEAR_2026);
	assert_string_equal(url, "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect"
	                    "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
	                    "&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Fus-east-1%2Fkafka-cluster%2Faws4_request"
	                    "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
	                    "&X-Amz-Signature=0d00d0824363d898b8c5b68c5b122a49965fb7a9c758194315de10accbb1b9a0"
	                    "&User-Agent=maip");
}

static void
a_session_token_is_part_of_what_is_signed(void **state)
{
	struct aws_keys temporary = keys;
	char            url[4096];

	(void)state;
	temporary.session = STR("SESSION/TOKEN+EXAMPLE==");
	/* of a second, nothing is signed */
	url_of(url, sizeof(url), &temporary, "us-east-1", NEW_YEAR_2026 + 999);
	assert_non_null(strstr(url, "&X-Amz-Expires=900&X-Amz-Security-Token=SESSION%2FTOKEN%2BEXAMPLE%3D%3D&X-Amz-SignedHeaders="));
	assert_non_null(strstr(url, "&X-Amz-Signature=40eacc7592f3d0dcb838c1c517f2efa48c6fba132297fb2e675ba68fb7df7e99&"));
}

static void
china_has_a_domain_of_its_own(void **state)
{
	char url[4096];

	(void)state;
	url_of(url, sizeof(url), &keys, "cn-north-1", NEW_YEAR_2026);
	assert_int_equal(strncmp(url, "https://kafka.cn-north-1.amazonaws.com.cn/?Action=", 50), 0);
}

static void
what_cannot_be_a_key_or_a_region_is_refused(void **state)
{
	static const struct aws_keys empty = { .id = { "", 0 }, .secret = { "x", 1 } };
	struct buf token;
	struct err err;

	(void)state;
	buf_init(&token, BUF_NO_MAX);
	assert_int_equal(msk_token(&token, &empty, STR("eu-west-1"), 0, &err), -1);
	assert_int_equal(err.status, STATUS_CONFIG);
	assert_int_equal(msk_token(&token, &keys, STR("eu-west-1/x"), 0, &err), -1);
	assert_string_equal(err.msg, "'eu-west-1/x' is not an AWS region (try eu-west-1)");
	assert_int_equal(token.n, 0);
	buf_release(&token);
}

static void
the_region_stands_in_the_name_of_a_broker(void **state)
{
	static const struct { const char *brokers, *region; } cases[] = {
		{ "b-1.demo.x1y2.c2.kafka.eu-west-1.amazonaws.com:9098", "eu-west-1" },
		{ "localhost:9092,b-1-public.demo.x1.c2.kafka.us-gov-west-1.amazonaws.com:9198", "us-gov-west-1" },
		{ "boot-abc.c1.kafka-serverless.us-east-2.amazonaws.com:9098", "us-east-2" },
		{ "vpce-01-ab.kafka.ap-southeast-2.vpce.amazonaws.com:14001", "ap-southeast-2" },
		{ "b-1.demo.x1.c2.kafka.cn-north-1.amazonaws.com.cn", "cn-north-1" },
		{ "kafka.example.com:9098", "" },
		{ "evil.amazonaws.com.example.com:9098", "" },
		{ "nothing.amazonaws.com", "" },
		{ "eu-west-1.amazonaws.com", "" },
		{ "localhost:9092,,", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct str got = msk_region(str_of(cases[i].brokers));

		if (!str_eq(got, str_of(cases[i].region)))
			fail_msg("%s: the region is '%.*s'", cases[i].brokers, STR_ARGS(got));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_a_presigned_url_with_the_signature_that_aws_computes),
		cmocka_unit_test(a_session_token_is_part_of_what_is_signed),
		cmocka_unit_test(china_has_a_domain_of_its_own),
		cmocka_unit_test(what_cannot_be_a_key_or_a_region_is_refused),
		cmocka_unit_test(the_region_stands_in_the_name_of_a_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
