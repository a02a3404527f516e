/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64_test.c - the vectors of RFC 4648 both ways, and what is refused
 */
#include "unit.h"

#include "base/base64.h"

static const struct { struct str bytes, text; } vectors[] = {
	{ STR(""), STR("") },
	{ STR("f"), STR("Zg==") },
	{ STR("fo"), STR("Zm8=") },
	{ STR("foo"), STR("Zm9v") },
	{ STR("foob"), STR("Zm9vYg==") },
	{ STR("fooba"), STR("Zm9vYmE=") },
	{ STR("foobar"), STR("Zm9vYmFy") },
	{ STR("\x00\xff\xfb"), STR("AP/7") },
	{ STR("\xfb\xef\xbe"), STR("++++") },
};

static void
the_vectors_of_the_rfc_come_out(void **state)
{
	char to[16];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct str text = vectors[i].text;
		size_t     n = base64_encode(to, vectors[i].bytes);

		assert_int_equal(n, base64_size(vectors[i].bytes.n));
		assert_true(str_eq((struct str){ to, n }, text));
	}
}

static void
the_vectors_of_the_rfc_go_back_in(void **state)
{
	char to[16];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		long long n = base64_decode(to, vectors[i].text);

		assert_int_equal(n, vectors[i].bytes.n);
		assert_true(str_eq((struct str){ to, (size_t)n }, vectors[i].bytes));
	}
}

static void
what_has_another_spelling_is_refused(void **state)
{
	static const struct str bad[] = {
		STR("Z"), STR("Zg"), STR("Zg="), STR("Zh=="), STR("Zm9="), STR("Z==="), STR("===="), STR("Zg==Zg=="),
		STR("Zm9v\n"), STR("Zm 9"), STR("Zm-_"), STR("Zm\xc3\xa9"), STR("=m9v"), STR("Z=9v"),
	};
	char to[16];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(base64_decode(to, bad[i]), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_come_out),
		cmocka_unit_test(the_vectors_of_the_rfc_go_back_in),
		cmocka_unit_test(what_has_another_spelling_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
