/* SPDX-License-Identifier: Apache-2.0 */
/* Exact numbers, against arithmetic as taught at school: digit by digit, on paper as wide as it
 * takes. */
#include "unit.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "base/num.h"

/* ---- the school's numbers: PLACES digits before the point, PLACES after it, the last one first */

enum { PLACES = 160, DIGITS = 2 * PLACES, ROUNDS = 40000 };

struct paper {
	bool minus;
	int  d[DIGITS];
};

static struct paper
paper_of(const char *text)
{
	struct paper p = { .minus = text[0] == '-' };
	const char  *digits = text + p.minus, *point = strchr(digits, '.');
	int          whole = point != NULL ? (int)(point - digits) : (int)strlen(digits);

	for (int i = 0; i < whole; i++)
		p.d[PLACES + whole - 1 - i] = digits[i] - '0';
	for (int i = 1; point != NULL && point[i] != '\0'; i++)
		p.d[PLACES - i] = point[i] - '0';
	return p;
}

static int
paper_cmp_magnitude(const struct paper *a, const struct paper *b)
{
	for (int i = DIGITS; i-- > 0;)
		if (a->d[i] != b->d[i])
			return a->d[i] < b->d[i] ? -1 : 1;
	return 0;
}

static bool
paper_is_zero(const struct paper *a)
{
	static const struct paper zero;

	return paper_cmp_magnitude(a, &zero) == 0;
}

static int
paper_cmp(const struct paper *a, const struct paper *b)
{
	if (paper_is_zero(a) && paper_is_zero(b))
		return 0;
	if (a->minus != b->minus)
		return a->minus ? -1 : 1;
	return a->minus ? -paper_cmp_magnitude(a, b) : paper_cmp_magnitude(a, b);
}

/* The larger magnitude first. */
static struct paper
paper_subtract_magnitudes(const struct paper *a, const struct paper *b)
{
	struct paper r = { .minus = a->minus };
	int          borrow = 0;

	for (int i = 0; i < DIGITS; i++) {
		int d = a->d[i] - b->d[i] - borrow;

		borrow = d < 0;
		r.d[i] = d + 10 * borrow;
	}
	return r;
}

static struct paper
paper_add(const struct paper *a, const struct paper *b)
{
	struct paper r = { .minus = a->minus };
	int          carry = 0;

	if (a->minus != b->minus)
		return paper_cmp_magnitude(a, b) >= 0 ? paper_subtract_magnitudes(a, b)
		                                      : paper_subtract_magnitudes(b, a);
	for (int i = 0; i < DIGITS; i++) {
		int d = a->d[i] + b->d[i] + carry;

		carry = d > 9;
		r.d[i] = d - 10 * carry;
	}
	return r;
}

static struct paper
paper_mul(const struct paper *a, const struct paper *b)
{
	struct paper r = { .minus = a->minus != b->minus };
	int          carry = 0;

	for (int i = 0; i < DIGITS; i++)
		for (int j = 0; j < DIGITS && a->d[i] != 0; j++)
			if (i + j >= PLACES && i + j - PLACES < DIGITS)
				r.d[i + j - PLACES] += a->d[i] * b->d[j];
	for (int i = 0; i < DIGITS; i++) {
		carry += r.d[i];
		r.d[i] = carry % 10;
		carry /= 10;
	}
	return r;
}

/* Move the digits of a by n places up (the value times 10^n). */
static struct paper
paper_shift(const struct paper *a, int n)
{
	struct paper r = { .minus = a->minus };

	for (int i = 0; i < DIGITS; i++)
		if (i + n >= 0 && i + n < DIGITS)
			r.d[i + n] = a->d[i];
	return r;
}

/* a / b to places digits after the point, cut; *rest is what is left of a. */
static struct paper
paper_div(const struct paper *a, const struct paper *b, int places, struct paper *rest)
{
	struct paper q = { .minus = a->minus != b->minus }, x = *a, y = *b;

	x.minus = y.minus = false;
	for (int place = 80; place >= -places; place--) {
		struct paper step = paper_shift(&y, place);

		while (paper_cmp_magnitude(&x, &step) >= 0) {
			x = paper_subtract_magnitudes(&x, &step);
			q.d[PLACES + place]++;
		}
	}
	x.minus = a->minus;
	*rest = x;
	return q;
}

static int
paper_scale(const struct paper *a)
{
	for (int i = 0; i < PLACES; i++)
		if (a->d[i] != 0)
			return PLACES - i;
	return 0;
}

/* Can a num hold it exactly? */
static bool
paper_fits(const struct paper *a)
{
	int top = DIGITS - 1, low = PLACES - paper_scale(a);

	while (top > low && a->d[top] == 0)
		top--;
	return paper_scale(a) <= NUM_DIGITS && top - low + 1 <= NUM_DIGITS;
}

static struct paper
paper_of_num(const struct num *n)
{
	char text[NUM_TEXT_MAX + 1];

	text[num_print(text, n)] = '\0';
	return paper_of(text);
}

/* ---- numbers to try: of all lengths, with many nines, zeros and fives */

static void
random_text(uint64_t *random, char to[64])
{
	int total = 1 + (int)(next_random(random) % NUM_DIGITS),
	    scale = (int)(next_random(random) % (unsigned)(total + 1));
	int kind = (int)(next_random(random) % 5), n = 0;

	if (next_random(random) % 4 == 0)
		scale = 2 < total ? 2 : 0;
	if (next_random(random) % 2 == 0)
		to[n++] = '-';
	if (scale == total)
		to[n++] = '0';
	for (int i = 0; i < total; i++) {
		unsigned r = next_random(random) % 10;
		int      digit = (int)r;

		if (i == total - scale)
			to[n++] = '.';
		if (kind == 0)
			digit = r == 0 ? 8 : 9;
		else if (kind == 1)
			digit = i == 0 ? 1 : 0;
		else if (kind == 2)
			digit = i < 3 ? digit : 0;
		else if (kind == 3)
			digit = i == 0 ? 2 : i > total / 2 ? 5 * (digit % 2) : 0;
		if (i == 0 && digit == 0 && scale < total)
			digit = 1;
		to[n++] = (char)('0' + digit);
	}
	to[n] = '\0';
}

static struct num
number(const char *text)
{
	struct num n;

	if (num_parse(&n, str_of(text)) < 0)
		fail_msg("%s was refused", text);
	return n;
}

#define SHOWS(n, want) shows(n, want, __LINE__)

static void
shows(struct num n, const char *want, int line)
{
	char text[NUM_TEXT_MAX + 1];

	text[num_print(text, &n)] = '\0';
	if (strcmp(text, want) != 0)
		fail_msg("line %d: %s instead of %s", line, text, want);
}

static void
check_exact(const struct num *got, const struct paper *want, bool must_fit, const char *a,
            const char *op, const char *b)
{
	struct paper is;

	if (got->approx != !must_fit)
		fail_msg("%s %s %s: exact: %d, should be: %d", a, op, b, !got->approx, must_fit);
	if (got->approx)
		return;
	is = paper_of_num(got);
	if (paper_cmp(&is, want) != 0)
		fail_msg("%s %s %s is wrong", a, op, b);
}

static int
larger(int a, int b)
{
	return a > b ? a : b;
}

/* ---- tests */

static void
what_is_read_is_printed_as_it_was(void **state)
{
	static const char *const cases[] = {
		"0", "0.00", "1", "-1", "12.50", "-0.05", "123456789012345678", "1234567890123456789", "-9223372036854775808",
		"18446744073709551616", "99999999999999999999999999999999999999", "0.99999999999999999999999999999999999999",
		"-0.00000000000000000000000000000000000001", "1.0000000000000000000000000000000000000",
		"0.00000000000000000000000000000000000000", "10000000000000000000", "1.0000000000000000000", "100000000000000000.00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(number(cases[i]).approx);
		SHOWS(number(cases[i]), cases[i]);
	}
	SHOWS(number("-0"), "0");
	SHOWS(number("-0.0"), "0.0");
}

static void
random_numbers_are_read_and_printed(void **state)
{
	uint64_t random = 1;
	char     text[64];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct num n;

		random_text(&random, text);
		n = number(text);
		assert_false(n.approx);
		if (strpbrk(text, "123456789") != NULL)
			SHOWS(n, text);
		assert_true(num_to_double(&n) == strtod(text, NULL));
	}
}

static void
what_needs_more_than_38_digits_turns_to_floating_point(void **state)
{
	(void)state;
	assert_true(number("100000000000000000000000000000000000000").approx);
	assert_true(number("0.000000000000000000000000000000000000001").approx);
	assert_true(number("1.00000000000000000000000000000000000001").approx);
	assert_true(number("1e3").approx);
	assert_true(number("1E-3").approx);
	SHOWS(number("1e3"), "1000.0");
	SHOWS(number("0.1e0"), "0.1");
	SHOWS(number("-1e300"), "-1e+300");
	SHOWS(number("123456789012345678901234567890123456789"), "1.2345678901234568e+38");
}

static void
zeros_at_the_end_do_not_make_a_number_long(void **state)
{
	char text[1000] = "1.5", zero[1000] = "0.";

	(void)state;
	memset(text + 3, '0', 500);
	memset(zero + 2, '0', 500);
	assert_false(number(text).approx);
	SHOWS(number(text), "1.5000000000000000000000000000000000000");
	SHOWS(number(zero), "0.00000000000000000000000000000000000000");
	memset(text, '9', 500);
	assert_int_equal(num_parse(&(struct num){ 0 }, (struct str){ text, 500 }), -1);
	assert_int_equal(num_parse(&(struct num){ 0 }, STR("1e309")), -1);
	assert_int_equal(num_parse(&(struct num){ 0 }, STR("-1e99999999999999999999")), -1);
	SHOWS(number("1e-99999"), "0.0");
}

static void
what_is_no_number_is_refused_all_the_same(void **state)
{
	static const char *const wrong[] = {
		"", "-", ".", "-.", ".5", "1..5", "1.2.3", "0..5", "+1", " 1", "1 ", "0x10", "nan", "inf", "infinity",
		"1e", "1e+", "e5", "--1", "12a", "1,5", "123456789012345678901234567890x",
	};
	struct num n;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (num_parse(&n, str_of(wrong[i])) != -1)
			fail_msg("'%s' was taken for a number", wrong[i]);
}

static void
sums_and_differences_are_those_of_school(void **state)
{
	uint64_t random = 2;
	char     ta[64], tb[64];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct num   a, b, r;
		struct paper pa, pb, want;
		int          scale;

		random_text(&random, ta);
		random_text(&random, tb);
		a = number(ta);
		b = number(tb);
		scale = larger(a.scale, b.scale);
		pa = paper_of(ta);
		pb = paper_of(tb);
		if (i % 2 == 0) {
			want = paper_add(&pa, &pb);
			assert_int_equal(num_add(&r, &a, &b), 0);
		} else {
			pb.minus = !pb.minus;
			want = paper_add(&pa, &pb);
			assert_int_equal(num_sub(&r, &a, &b), 0);
		}
		check_exact(&r, &want, paper_fits(&want), ta, i % 2 == 0 ? "+" : "-", tb);
		if (!r.approx && a.scale == b.scale && paper_scale(&want) == scale)
			assert_int_equal(r.scale, scale);
		if (r.approx)
			assert_true(
				fabs(r.d - (i % 2 == 0 ? strtod(ta, NULL) + strtod(tb, NULL)
			                               : strtod(ta, NULL) - strtod(tb, NULL))) <=
				fabs(r.d) * 1e-15);
	}
}

static void
products_are_those_of_school(void **state)
{
	uint64_t random = 3;
	char     ta[64], tb[64];

	(void)state;
	for (int i = 0; i < ROUNDS / 4; i++) {
		struct num   a, b, r;
		struct paper pa, pb, want;

		random_text(&random, ta);
		random_text(&random, tb);
		if (i % 3 == 0)
			tb[1 + next_random(&random) % 12] = '\0';
		if (strcmp(tb, "-") == 0 || tb[strlen(tb) - 1] == '.')
			strcpy(tb, "5");
		a = number(ta);
		b = number(tb);
		pa = paper_of(ta);
		pb = paper_of(tb);
		want = paper_mul(&pa, &pb);
		assert_int_equal(num_mul(&r, &a, &b), 0);
		check_exact(&r, &want, paper_fits(&want), ta, "*", tb);
		if (r.approx)
			assert_true(fabs(r.d - strtod(ta, NULL) * strtod(tb, NULL)) <=
			            fabs(r.d) * 1e-15);
		else if (a.scale + b.scale <= NUM_DIGITS && strlen(ta) + strlen(tb) < 38)
			assert_int_equal(r.scale, a.scale + b.scale);
	}
}

static void
quotients_are_those_of_school(void **state)
{
	uint64_t random = 4;
	char     ta[64], tb[64];

	(void)state;
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct num   a, b, r;
		struct paper pa, pb, want, rest;
		int          places;

		random_text(&random, ta);
		random_text(&random, tb);
		if (i % 2 == 0)
			snprintf(tb, sizeof(tb), "%u", 1u << next_random(&random) % 12);
		if (i % 8 == 1)
			snprintf(tb, sizeof(tb), "%u.%03u", next_random(&random) % 100,
			         next_random(&random) % 8 * 125);
		a = number(ta);
		b = number(tb);
		pa = paper_of(ta);
		pb = paper_of(tb);
		if (paper_is_zero(&pb)) {
			assert_int_equal(num_div(&r, &a, &b), -1);
			continue;
		}
		places = larger(a.scale, NUM_DIV_SCALE);
		want = paper_div(&pa, &pb, places, &rest);
		assert_int_equal(num_div(&r, &a, &b), 0);
		check_exact(&r, &want, paper_is_zero(&rest) && paper_fits(&want), ta, "/", tb);
		if (r.approx)
			assert_true(fabs(r.d - strtod(ta, NULL) / strtod(tb, NULL)) <=
			            fabs(r.d) * 1e-15);
		else
			assert_int_equal(r.scale, paper_scale(&want));
	}
}

static void
remainders_are_those_of_school(void **state)
{
	uint64_t random = 5;
	char     ta[64], tb[64];

	(void)state;
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct num   a, b, r;
		struct paper pa, pb, want;

		random_text(&random, ta);
		random_text(&random, tb);
		a = number(ta);
		b = number(tb);
		pa = paper_of(ta);
		pb = paper_of(tb);
		if (paper_is_zero(&pb)) {
			assert_int_equal(num_mod(&r, &a, &b), -1);
			continue;
		}
		paper_div(&pa, &pb, 0, &want);
		assert_int_equal(num_mod(&r, &a, &b), 0);
		check_exact(&r, &want, true, ta, "%", tb);
	}
}

static void
order_is_that_of_school_and_equal_values_hash_alike(void **state)
{
	uint64_t random = 6;
	char     ta[64], tb[64];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct num   a, b;
		struct paper pa, pb;
		int          want;

		random_text(&random, ta);
		random_text(&random, tb);
		/* the same with other zeros at the end, or nearly so */
		if (i % 3 == 0)
			snprintf(tb, sizeof(tb),
			         strchr(ta, '.') != NULL && strlen(ta) < 36 ? "%s00" : "%s", ta);
		if (i % 6 == 0 && tb[strlen(tb) - 1] < '9')
			tb[strlen(tb) - 1]++;
		a = number(ta);
		b = number(tb);
		pa = paper_of(ta);
		pb = paper_of(tb);
		want = paper_cmp(&pa, &pb);
		if (num_cmp(&a, &b) != want || num_cmp(&b, &a) != -want)
			fail_msg("%s and %s", ta, tb);
		assert_int_equal(num_hash(&a) == num_hash(&b), want == 0);
	}
}

static struct num
approximate(double d)
{
	struct num n;

	assert_int_equal(num_of_double(&n, d), 0);
	return n;
}

/* printf shows every digit of a double, if asked. */
static int
compare_on_paper(const char *exact, double d)
{
	char         text[1200];
	struct paper a = paper_of(exact), b;

	snprintf(text, sizeof(text), "%.150f", d);
	b = paper_of(text);
	return paper_cmp(&a, &b);
}

static void
an_exact_number_is_compared_with_a_double_exactly(void **state)
{
	uint64_t random = 7;
	char     text[64];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct num exact, approx;
		double     d;
		int        want;

		random_text(&random, text);
		if (i % 4 == 0)
			snprintf(text, sizeof(text), "%s%" PRIu64 ".%s", i % 8 == 0 ? "-" : "",
			         (uint64_t)next_random(&random) << next_random(&random) % 31,
			         i % 3 == 0 ? "5" : "125");
		d = strtod(text, NULL);
		for (int steps = (int)(next_random(&random) % 3); steps > 0; steps--)
			d = nextafter(d, i % 2 == 0 ? 1e300 : -1e300);
		exact = number(text);
		if (d != 0 && fabs(d) < 1e-90)  /* too small for the paper */
			d = 0;
		approx = approximate(d);
		want = compare_on_paper(text, d);
		if (num_cmp(&exact, &approx) != want || num_cmp(&approx, &exact) != -want)
			fail_msg("%s and %.17g: not %d", text, d, want);
		assert_int_equal(num_hash(&exact) == num_hash(&approx), want == 0);
	}
}

static void
some_comparisons_with_doubles(void **state)
{
	static const struct { const char *exact; double d; int want; } cases[] = {
		{ "0.1", 0.1, -1 }, { "0.5", 0.5, 0 }, { "9007199254740993", 9007199254740992.0, 1 }, { "0", -0.0, 0 },
		{ "0.3", 0.3, 1 }, { "1", 1e300, -1 }, { "-1", -1e300, 1 }, { "0", 5e-324, -1 }, { "0.00", -5e-324, 1 },
		{ "99999999999999999999999999999999999999", 1e38, 1 },         /* that double is below 10^38 */
		{ "0.00000000000000000000000000000000000001", 1e-38, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct num a = number(cases[i].exact), b = approximate(cases[i].d);

		if (num_cmp(&a, &b) != cases[i].want || num_cmp(&b, &a) != -cases[i].want)
			fail_msg("%s and %.17g", cases[i].exact, cases[i].d);
		assert_int_equal(num_hash(&a) == num_hash(&b), cases[i].want == 0);
	}
}

static struct paper
round_on_paper(const struct paper *a, int places, enum num_rounding how)
{
	struct paper r = *a, one = { .minus = a->minus };
	bool         rest = false, up = false;
	int          first = PLACES - places - 1;       /* the first digit that goes */

	one.d[first + 1] = 1;
	for (int i = 0; i <= first; i++) {
		rest |= r.d[i] != 0;
		r.d[i] = 0;
	}
	switch (how) {
	case NUM_HALF_UP:  up = a->d[first] >= 5; break;
	case NUM_FLOOR:    up = rest && a->minus; break;
	case NUM_CEIL:     up = rest && !a->minus; break;
	case NUM_TRUNCATE: break;
	}
	return up ? paper_add(&r, &one) : r;
}

static void
rounding_is_that_of_school(void **state)
{
	uint64_t random = 8;
	char     text[64];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		enum num_rounding how = (enum num_rounding)(i % 4);
		int               places = (int)(next_random(&random) % 90) - 45;
		struct num        a, r;
		struct paper      p, want;

		random_text(&random, text);
		a = number(text);
		p = paper_of(text);
		want = round_on_paper(&p, places, how);
		assert_int_equal(num_round(&r, &a, places, how), 0);
		check_exact(&r, &want, paper_fits(&want), text, "rounded to", "places");
		if (!r.approx)
			assert_int_equal(r.scale, places >= a.scale ? a.scale : larger(places, 0));
		else
			assert_true(fabs(r.d) >= 1e38);
	}
}

static void
some_roundings(void **state)
{
	static const struct {
		const char *text;
		int places;
		const char *half_up, *floor, *ceil, *truncate;
	} cases[] = {
		{ "2.5", 0, "3", "2", "3", "2" },
		{ "-2.5", 0, "-3", "-3", "-2", "-2" },
		{ "2.675", 2, "2.68", "2.67", "2.68", "2.67" },
		{ "2.675e0", 2, "2.68", "2.67", "2.68", "2.67" },
		{ "-0.4", 0, "0", "-1", "0", "0" },
		{ "-0.4e0", 0, "0.0", "-1.0", "0.0", "0.0" },
		{ "1250", -2, "1300", "1200", "1300", "1200" },
		{ "1250e0", -2, "1300.0", "1200.0", "1300.0", "1200.0" },
		{ "5", 7, "5", "5", "5", "5" },
		{ "99.5", -2, "100", "0", "100", "0" },
		{ "0.5e-300", 3, "0.0", "0.0", "0.001", "0.0" },
		{ "1e300", 5, "1e+300", "1e+300", "1e+300", "1e+300" },
		{ "99999999999999999999999999999999999999", -1, "1e+38",
		  "99999999999999999999999999999999999990", "1e+38",
		  "99999999999999999999999999999999999990" },
		{ "1", -100, "0", "0", "1e+100", "0" },
		{ "-1", -100, "0", "-1e+100", "0", "0" },
	};
	struct num n, r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const want[] = { cases[i].half_up, cases[i].floor, cases[i].ceil,
			                     cases[i].truncate };

		for (int how = 0; how < 4; how++) {
			n = number(cases[i].text);
			assert_int_equal(num_round(&r, &n, cases[i].places, (enum num_rounding)how),
			                 0);
			SHOWS(r, want[how]);
		}
	}
	n = num_of(1);
	assert_int_equal(num_round(&r, &n, INT32_MIN, NUM_CEIL), -1);
	assert_int_equal(num_round(&r, &n, INT32_MAX, NUM_CEIL), 0);
	n = approximate(DBL_MAX);
	assert_int_equal(num_round(&r, &n, -308, NUM_CEIL), -1);
	assert_int_equal(num_round(&r, &n, INT32_MIN, NUM_HALF_UP), 0);
	SHOWS(r, "0.0");
}

static void
the_edges_of_38_digits(void **state)
{
	static const struct { const char *a; char op; const char *b, *want; } cases[] = {
		{ "99999999999999999999999999999999999999", '+', "1", "1e+38" },
		{ "99999999999999999999999999999999999998", '+', "1", "99999999999999999999999999999999999999" },
		{ "-99999999999999999999999999999999999999", '-', "1", "-1e+38" },
		{ "10000000000000000000000000000000000000", '-', "0.1", "9999999999999999999999999999999999999.9" },
		{ "10000000000000000000000000000000000000", '+', "0.1", "1e+37" },
		{ "30000000000000000000000000000000000000", '+', "0.00", "30000000000000000000000000000000000000" },
		{ "9.9999999999999999999999999999999999999", '+', "0.0000000000000000000000000000000000001",
		  "10.000000000000000000000000000000000000" },
		{ "5.10", '+', "0.9", "6.00" }, { "5.10", '-', "5.1", "0.00" },
		{ "1.50", '*', "2.0", "3.000" }, { "0.1", '*', "0.1", "0.01" },
		{ "10000000000000000000", '*', "9999999999999999999", "99999999999999999990000000000000000000" },
		{ "10000000000000000000", '*', "10000000000000000000", "1e+38" },
		{ "5000000000000000000000000000000000000.0", '*', "0.2", "1000000000000000000000000000000000000.0" },
		{ "0.0000000000000000000001", '*', "0.0000000000000000000001", "1.0000000000000001e-44" },
		{ "0.0000000000000000000000", '*', "0.0000000000000000000000", "0.00000000000000000000000000000000000000" },
		{ "1", '/', "3", "0.3333333333333333" }, { "10", '/', "4", "2.5" }, { "6.00", '/', "2", "3" },
		{ "1", '/', "65536", "0.0000152587890625" }, { "1", '/', "131072", "7.62939453125e-06" },
		{ "10.10", '/', "3", "3.3666666666666667" }, { "-7", '/', "2", "-3.5" }, { "0.00", '/', "5", "0" },
		{ "0.00000000000000000001", '/', "1", "0.00000000000000000001" },
		{ "99999999999999999999999999999999999999", '/', "0.1", "1e+39" },
		{ "7", '%', "3", "1" }, { "-7", '%', "3", "-1" }, { "7", '%', "-3", "1" }, { "5.5", '%', "2", "1.5" },
		{ "1e1", '%', "3", "1.0" }, { "99999999999999999999999999999999999999", '%', "0.7", "0.3" },
		{ "0.7", '%', "99999999999999999999999999999999999999", "0.7" },
		{ "1e0", '+', "1", "2.0" }, { "1", '*', "5e-1", "0.5" }, { "1", '-', "1e0", "0.0" }, { "1e0", '/', "3", "0.3333333333333333" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct num a = number(cases[i].a), b = number(cases[i].b);
		int (*op)(struct num *, const struct num *, const struct num *) =
			cases[i].op == '+'   ? num_add
			: cases[i].op == '-' ? num_sub
			: cases[i].op == '*' ? num_mul
			: cases[i].op == '/' ? num_div
					     : num_mod;
		struct num r, left = a, right = b;

		assert_int_equal(op(&r, &a, &b), 0);
		shows(r, cases[i].want, (int)i);
		/* the result may be an operand */
		assert_int_equal(op(&left, &left, &b), 0);
		shows(left, cases[i].want, (int)i);
		assert_int_equal(op(&right, &a, &right), 0);
		shows(right, cases[i].want, (int)i);
	}
}

static void
what_has_no_result_is_refused(void **state)
{
	struct num zero = number("0.00"), zero_d = approximate(0), one = num_of(1),
		   large = approximate(DBL_MAX), r;

	(void)state;
	assert_int_equal(num_div(&r, &one, &zero), -1);
	assert_int_equal(num_div(&r, &one, &zero_d), -1);
	assert_int_equal(num_div(&r, &zero_d, &zero_d), -1);
	assert_int_equal(num_mod(&r, &one, &zero), -1);
	assert_int_equal(num_mod(&r, &one, &zero_d), -1);
	assert_int_equal(num_add(&r, &large, &large), -1);
	assert_int_equal(num_mul(&r, &large, &large), -1);
	num_neg(&r, &large);
	assert_int_equal(num_sub(&r, &r, &large), -1);
	assert_int_equal(num_of_double(&r, NAN), -1);
	assert_int_equal(num_of_double(&r, INFINITY), -1);
	assert_int_equal(num_of_double(&r, -INFINITY), -1);
}

static void
whole_numbers_go_to_int64_or_are_refused(void **state)
{
	static const struct { const char *text; int status; int64_t want; } cases[] = {
		{ "0", 0, 0 }, { "5.00", 0, 5 }, { "5.01", -1, 0 }, { "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -1, 0 }, { "-9223372036854775808.0", 0, INT64_MIN }, { "-9223372036854775809", -1, 0 },
		{ "1e3", 0, 1000 }, { "1.5e0", -1, 0 }, { "9.223372036854775807e18", -1, 0 }, { "-9223372036854775808e0", 0, INT64_MIN },
		{ "99999999999999999999999999999999999999", -1, 0 }, { "1e300", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct num n = number(cases[i].text);
		int64_t    v = 0;

		assert_int_equal(num_to_i64(&n, &v), cases[i].status);
		assert_true(v == cases[i].want);
	}
}

static void
a_double_is_printed_as_short_as_can_be(void **state)
{
	static const struct { double d; const char *want; } cases[] = {
		{ 0, "0.0" }, { -0.0, "-0.0" }, { 0.1, "0.1" }, { 3, "3.0" }, { 0.1 + 0.2, "0.30000000000000004" },
		{ 1e300, "1e+300" }, { 5e-324, "5e-324" }, { DBL_MAX, "1.7976931348623157e+308" }, { 1.0 / 3, "0.3333333333333333" },
		{ 2.2250738585072014e-308, "2.2250738585072014e-308" }, { 123456789, "123456789.0" }, { 9007199254740993.0, "9007199254740992.0" },
	};
	uint64_t random = 9;
	char     text[NUM_TEXT_MAX + 1], shorter[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		SHOWS(approximate(cases[i].d), cases[i].want);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t   bits = next_random64(&random);
		double     d;
		struct num n;
		int        digits = 0;

		memcpy(&d, &bits, sizeof(d));
		if (!isfinite(d))
			continue;
		n = approximate(d);
		text[num_print(text, &n)] = '\0';
		assert_true(strtod(text, NULL) == d);
		for (const char *p = text; *p != '\0' && *p != 'e'; p++)
			digits += *p >= (digits == 0 ? '1' : '0') && *p <= '9';
		snprintf(shorter, sizeof(shorter), "%.*e", digits > 1 ? digits - 2 : 0, d);
		assert_true(digits == 1 || strtod(shorter, NULL) != d || d == trunc(d));
		n = number(text);
		assert_true(num_to_double(&n) == d);
	}
}

static void
normal_form_has_no_zeros_at_the_end(void **state)
{
	struct num n = number("5.10");

	(void)state;
	num_normalize(&n);
	SHOWS(n, "5.1");
	n = number("100.00");
	num_normalize(&n);
	SHOWS(n, "100");
	n = number("0.000");
	num_normalize(&n);
	SHOWS(n, "0");
}

static void
a_million_cents_are_ten_thousand(void **state)
{
	struct num sum = num_of(0), cent = number("0.01");

	(void)state;
	for (int i = 0; i < 1000000; i++)
		assert_int_equal(num_add(&sum, &sum, &cent), 0);
	SHOWS(sum, "10000.00");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_printed_as_it_was),
		cmocka_unit_test(random_numbers_are_read_and_printed),
		cmocka_unit_test(what_needs_more_than_38_digits_turns_to_floating_point),
		cmocka_unit_test(zeros_at_the_end_do_not_make_a_number_long),
		cmocka_unit_test(what_is_no_number_is_refused_all_the_same),
		cmocka_unit_test(sums_and_differences_are_those_of_school),
		cmocka_unit_test(products_are_those_of_school),
		cmocka_unit_test(quotients_are_those_of_school),
		cmocka_unit_test(remainders_are_those_of_school),
		cmocka_unit_test(order_is_that_of_school_and_equal_values_hash_alike),
		cmocka_unit_test(an_exact_number_is_compared_with_a_double_exactly),
		cmocka_unit_test(some_comparisons_with_doubles),
		cmocka_unit_test(rounding_is_that_of_school),
		cmocka_unit_test(some_roundings),
		cmocka_unit_test(the_edges_of_38_digits),
		cmocka_unit_test(what_has_no_result_is_refused),
		cmocka_unit_test(whole_numbers_go_to_int64_or_are_refused),
		cmocka_unit_test(a_double_is_printed_as_short_as_can_be),
		cmocka_unit_test(normal_form_has_no_zeros_at_the_end),
		cmocka_unit_test(a_million_cents_are_ten_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
