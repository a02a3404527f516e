/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha1_test.c - the vectors of RFC 3174 and RFC 9562
 */
#include "unit.h"

#include "base/sha1.h"

static void
hex_of(char to[2 * SHA1_SIZE + 1], struct str text, size_t times)
{
	struct str   *parts = calloc(times, sizeof(*parts));
	struct sha1  *s = sha1_new();
	unsigned char digest[SHA1_SIZE];

	assert_non_null(parts);
	for (size_t i = 0; i < times; i++)
		parts[i] = text;
	sha1_of(s, parts, times, digest);
	for (int i = 0; i < SHA1_SIZE; i++)
		snprintf(to + 2 * i, 3, "%02x", digest[i]);
	sha1_free(s);
	free(parts);
}

static void
the_vectors_of_the_rfc_come_out(void **state)
{
	char hex[2 * SHA1_SIZE + 1];

	(void)state;
	hex_of(hex, STR("abc"), 1);
	assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	hex_of(hex, STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), 1);
	assert_string_equal(hex, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	hex_of(hex, STR("a"), 1000000);
	assert_string_equal(hex, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	hex_of(hex, STR("0123456701234567012345670123456701234567012345670123456701234567"), 10);
	assert_string_equal(hex, "dea356a2cddd90c7a7ecedc5ebb563934f460452");
	hex_of(hex, STR(""), 1);
	assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void
a_uuid_is_the_one_of_the_rfc(void **state)
{
	/* RFC 9562, appendix A.4: the name www.example.com in the namespace DNS */
	static const char dns[] = "\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8";
	const struct str  parts[] = { { dns, 16 }, STR("www.example.com") };
	unsigned char     digest[SHA1_SIZE];
	char              uuid[UUID_TEXT];
	struct sha1      *s = sha1_new();

	(void)state;
	sha1_of(s, parts, 2, digest);
	uuid_of_sha1(uuid, digest);
	sha1_free(s);
	assert_string_equal(uuid, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_come_out),
		cmocka_unit_test(a_uuid_is_the_one_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
