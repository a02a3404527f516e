/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num.c - exact decimal numbers
 *
 * All arithmetic is done on magnitudes, unsigned and below 2^128, where two of 38
 * digits can be added without a carry; the sign is put back at the end. Nothing
 * here turns to floating point before the exact result has been shown not to fit.
 */
#include "base/num.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* ---- powers, magnitudes, signs */

static const uint64_t pow10_low[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
	100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
	10000000000000000, 100000000000000000, 1000000000000000000, UINT64_C(10000000000000000000),
};

/* 10^n for n in 0..38. */
static uint128
pow10_of(int n)
{
	return n <= 19 ? pow10_low[n] : (uint128)pow10_low[19] * pow10_low[n - 19];
}

static bool
fits(uint128 magnitude)
{
	return magnitude < pow10_of(NUM_DIGITS);
}

static uint128
magnitude(const struct num *n)
{
	return n->v < 0 ? 0 - (uint128)n->v : (uint128)n->v;
}

/* False, and *to unchanged, when the value has more digits than a num can hold. Zeros at the end
 * that would be in the way are dropped; others stay. */
static bool
set_exact(struct num *to, bool minus, uint128 v, int scale)
{
	while (scale > 0 && (!fits(v) || scale > NUM_DIGITS) && v % 10 == 0) {
		v /= 10;
		scale--;
	}
	if (!fits(v) || scale > NUM_DIGITS)
		return false;
	*to = (struct num){ .v = minus ? -(int128)v : (int128)v, .scale = (uint8_t)scale };
	return true;
}

static int
set_approx(struct num *to, double d)
{
	if (!isfinite(d))
		return -1;
	*to = (struct num){ .d = d, .approx = true };
	return 0;
}

/* v * 10^n into *to; false if that needs more than 128 bits. */
static bool
scale_up(uint128 *to, uint128 v, int n)
{
	if (n > NUM_DIGITS) {
		*to = 0;
		return v == 0;
	}
	return !__builtin_mul_overflow(v, pow10_of(n), to);
}

void
num_normalize(struct num *n)
{
	while (!n->approx && n->scale > 0 && n->v % 10 == 0) {
		n->v /= 10;
		n->scale--;
	}
}

/* ---- to and from double */

static int
bit_length(uint128 v)
{
	uint64_t high = (uint64_t)(v >> 64), low = (uint64_t)v;

	return high != 0 ? 128 - __builtin_clzll(high) : low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/* The double nearest to n / d, d in 1..2^127, and in *residue the sign of what is missing from it:
 * n / d - result. The quotient is developed to 64 bits by long division; whatever is left only
 * decides ties. */
static double
nearest_ratio(uint128 n, uint128 d, int *residue)
{
	uint128  q = n / d, r = n % d;
	int      exponent = 0, excess = bit_length(q) - 64;
	uint64_t bits;
	bool     rest;
	double   rounded;

	*residue = 0;
	if (n == 0)
		return 0;
	if (excess > 0) {
		rest = r != 0 || (q & (((uint128)1 << excess) - 1)) != 0;
		bits = (uint64_t)(q >> excess);
		exponent = excess;
	} else {
		bits = (uint64_t)q;
		for (; bits >> 63 == 0; exponent--) {
			r <<= 1;
			bits = bits << 1 | (r >= d);
			r -= r >= d ? d : 0;
		}
		rest = r != 0;
	}
	rounded = (double)(bits | rest);
	if (rounded >= 0x1p64 || (uint64_t)rounded > bits)
		*residue = -1;
	else if ((uint64_t)rounded < bits || rest)
		*residue = 1;
	return ldexp(rounded, exponent);
}

double
num_to_double(const struct num *a)
{
	static const double exact[] = {
		/* those powers of ten that are doubles */
		1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};
	uint128 v = magnitude(a);
	int     residue;
	double  d;

	if (a->approx)
		return a->d;
	/* The quotient of two doubles is rounded once (Clinger, "How to Read Floating Point Numbers
	 * Accurately"). */
	if (v <= (uint128)1 << DBL_MANT_DIG && a->scale <= 22)
		d = (double)(uint64_t)v / exact[a->scale];
	else
		d = nearest_ratio(v, pow10_of(a->scale), &residue);
	return a->v < 0 ? -d : d;
}

int
num_of_double(struct num *to, double d)
{
	return set_approx(to, d);
}

int
num_to_i64(const struct num *a, int64_t *to)
{
	int128 v;

	if (a->approx) {
		if (!(a->d >= -0x1p63 && a->d < 0x1p63) || a->d != trunc(a->d))
			return -1;
		*to = (int64_t)a->d;
		return 0;
	}
	v = a->v / (int128)pow10_of(a->scale);
	if (v * (int128)pow10_of(a->scale) != a->v || v < INT64_MIN || v > INT64_MAX)
		return -1;
	*to = (int64_t)v;
	return 0;
}

/* ---- parsing */

static int
parse_double(struct num *to, struct str text)
{
	char   small[128], *copy = text.n < sizeof(small) ? small : mem_alloc(text.n + 1), *end;
	double d = 0;
	bool   whole = false;

	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	/* strtod reads more than JSON has: hexadecimal, names, spaces, a plus sign. */
	if (strspn(copy, "0123456789.eE+-") == text.n && strcspn(copy, ".+eE") > 0) {
		d = strtod(copy, &end);
		whole = text.n > 0 && end == copy + text.n;
	}
	if (copy != small)
		free(copy);
	return whole ? set_approx(to, d) : -1;
}

/* Digits and at most one point between them: where the point is, or text.n; -1 if text is anything
 * else. */
static ptrdiff_t
find_point(struct str text)
{
	size_t point = text.n;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '.' && point == text.n)
			point = i;
		else if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
	}
	return point == 0 || point + 1 == text.n ? -1 : (ptrdiff_t)point;
}

/* Any number of digits, no sign, no exponent. False if more than 38 of them matter. */
static bool
parse_long(struct num *to, struct str text, bool minus)
{
	ptrdiff_t point = find_point(text);
	size_t    whole = (size_t)point, end = text.n, first = 0;
	uint128   v = 0;

	if (point < 0)
		return false;
	while (first < end && (text.p[first] == '0' || first == whole))
		first++;
	/* Zeros at the end stay where there is room for them. */
	while (end > whole + 1 && text.p[end - 1] == '0' &&
	       (end - whole - 1 > NUM_DIGITS || end > first + NUM_DIGITS + (first <= whole)))
		end--;
	for (size_t i = first; i < end; i++) {
		if (i == whole)
			continue;
		if (v >= pow10_of(NUM_DIGITS - 1))
			return false;
		v = v * 10 + (unsigned)(text.p[i] - '0');
	}
	return set_exact(to, minus, v, end > whole ? (int)(end - whole - 1) : 0);
}

/* The common case, in one pass: up to 18 digits. */
static bool
parse_short(struct num *to, struct str text, bool minus)
{
	size_t   point = text.n, digits;
	uint64_t v = 0;

	if (text.n > 18 + 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';

		if (digit <= 9)
			v = v * 10 + digit;
		else if (text.p[i] == '.' && point == text.n)
			point = i;
		else
			return false;
	}
	digits = text.n - (point < text.n);
	if (digits > 18 || point == 0 || point + 1 == text.n)
		return false;
	*to = (struct num){ .v = minus ? -(int128)v : (int128)v,
		            .scale = (uint8_t)(digits - (point < text.n ? point : digits)) };
	return true;
}

int
num_parse(struct num *to, struct str json_number)
{
	bool       minus = json_number.n > 0 && json_number.p[0] == '-';
	struct str digits = str_slice(json_number, minus, json_number.n);

	if (parse_short(to, digits, minus) || parse_long(to, digits, minus))
		return 0;
	return parse_double(to, json_number);
}

/* ---- arithmetic */

/* a + b, b negated first if asked for. */
static int
add(struct num *to, const struct num *a, const struct num *b, bool negate)
{
	struct num x = *a, y = *b;
	uint128    p, q;
	int        scale;
	bool       x_minus, y_minus;

	if (a->approx || b->approx)
		return set_approx(to, num_to_double(a) +
		                              (negate ? -num_to_double(b) : num_to_double(b)));
	if (x.scale != y.scale) {
		scale = x.scale > y.scale ? x.scale : y.scale;
		if (!scale_up(&p, magnitude(&x), scale - x.scale) || !fits(p) ||
		    !scale_up(&q, magnitude(&y), scale - y.scale) || !fits(q)) {
			num_normalize(&x);
			num_normalize(&y);
		}
	}
	scale = x.scale > y.scale ? x.scale : y.scale;
	x_minus = x.v < 0;
	y_minus = (y.v < 0) != negate;
	/* One of them may pass 38 digits and the sum come back below; past 2 * 10^38 it cannot. */
	if (scale_up(&p, magnitude(&x), scale - x.scale) && p < 2 * pow10_of(NUM_DIGITS) &&
	    scale_up(&q, magnitude(&y), scale - y.scale) && q < 2 * pow10_of(NUM_DIGITS)) {
		bool same = x_minus == y_minus, p_larger = p >= q;

		if (same ? p + q >= p && set_exact(to, x_minus, p + q, scale)
		         : set_exact(to, p_larger ? x_minus : y_minus, p_larger ? p - q : q - p,
		                     scale))
			return 0;
	}
	return set_approx(to, num_to_double(a) + (negate ? -num_to_double(b) : num_to_double(b)));
}

/* What sums are made of: two exact numbers of one scale and moderate size. False: not these. */
static bool
add_fast(struct num *to, const struct num *a, const struct num *b, bool negate)
{
	int128 v, bv = negate ? -b->v : b->v;

	if (a->approx || b->approx || a->scale != b->scale ||
	    __builtin_add_overflow(a->v, bv, &v) || !fits(v < 0 ? 0 - (uint128)v : (uint128)v))
		return false;
	*to = (struct num){ .v = v, .scale = a->scale };
	return true;
}

int
num_add(struct num *to, const struct num *a, const struct num *b)
{
	return add_fast(to, a, b, false) ? 0 : add(to, a, b, false);
}

int
num_sub(struct num *to, const struct num *a, const struct num *b)
{
	return add_fast(to, a, b, true) ? 0 : add(to, a, b, true);
}

/* Divide x * y by ten, if it comes out even. */
static bool
drop_zero(uint128 *x, uint128 *y)
{
	if (*x % 10 == 0) {
		*x /= 10;
	} else if (*y % 10 == 0) {
		*y /= 10;
	} else if (*x % 2 == 0 && *y % 5 == 0) {
		*x /= 2;
		*y /= 5;
	} else if (*x % 5 == 0 && *y % 2 == 0) {
		*x /= 5;
		*y /= 2;
	} else {
		return false;
	}
	return true;
}

int
num_mul(struct num *to, const struct num *a, const struct num *b)
{
	uint128 x = magnitude(a), y = magnitude(b), product;
	int     scale = a->scale + b->scale;

	if (a->approx || b->approx)
		return set_approx(to, num_to_double(a) * num_to_double(b));
	for (;;) {
		if (!__builtin_mul_overflow(x, y, &product) && fits(product) && scale <= NUM_DIGITS)
			break;
		if (scale == 0 || !drop_zero(&x, &y))
			return set_approx(to, num_to_double(a) * num_to_double(b));
		scale--;
	}
	set_exact(to, (a->v < 0) != (b->v < 0), product, scale);
	return 0;
}

static uint128
greatest_common_divisor(uint128 a, uint128 b)
{
	while (b != 0) {
		uint128 rest = a <= UINT64_MAX && b <= UINT64_MAX ? (uint64_t)a % (uint64_t)b
		                                                  : a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Divide *v by factor as often as it goes; how often that was. */
static int
take_out(uint128 *v, unsigned factor)
{
	int times = 0;

	for (; *v % factor == 0; times++)
		*v /= factor;
	return times;
}

/* x / y / 10^scale as an exact number, x and y without a common divisor. It has an end only if y is
 * made of twos and fives: then x / (2^i 5^j) = x 2^(k-i) 5^(k-j) / 10^k, k being the larger of i
 * and j. */
static bool
divide_exactly(struct num *to, bool minus, uint128 x, uint128 y, int scale, int places)
{
	int twos = take_out(&y, 2), fives = take_out(&y, 5), k = twos > fives ? twos : fives;

	if (y != 1)
		return false;
	for (int i = twos + fives; i < 2 * k; i++)
		if (__builtin_mul_overflow(x, twos > fives ? (uint128)5 : (uint128)2, &x))
			return false;
	scale += k;
	for (; scale > 0 && x % 10 == 0; scale--)
		x /= 10;
	for (; scale < 0; scale++)
		if (__builtin_mul_overflow(x, (uint128)10, &x))
			return false;
	return scale <= places && set_exact(to, minus, x, scale);
}

int
num_div(struct num *to, const struct num *a, const struct num *b)
{
	const struct num x = *a, y = *b;
	int              scale = x.scale - y.scale, residue;
	int              places = x.scale > NUM_DIV_SCALE ? x.scale : NUM_DIV_SCALE;
	uint128          p = magnitude(&x), q = magnitude(&y), divisor;
	bool             minus = (x.v < 0) != (y.v < 0);
	double           d;

	if (x.approx || y.approx)
		return num_to_double(&y) == 0
		               ? -1
		               : set_approx(to, num_to_double(&x) / num_to_double(&y));
	if (q == 0)
		return -1;
	if (p == 0) {
		*to = num_of(0);
		return 0;
	}
	divisor = greatest_common_divisor(p, q);
	p /= divisor;
	q /= divisor;
	if (divide_exactly(to, minus, p, q, scale, places))
		return 0;
	if (!scale_up(&p, p, scale < 0 ? -scale : 0) || !scale_up(&q, q, scale > 0 ? scale : 0) ||
	    q >> 127 != 0)
		return set_approx(to, num_to_double(&x) / num_to_double(&y));
	d = nearest_ratio(p, q, &residue);
	return set_approx(to, minus ? -d : d);
}

/* r * 10 mod m, for r < m <= 10^38, whose tenfold would not fit. */
static uint128
times_ten_mod(uint128 r, uint128 m)
{
	uint128 r2 = r * 2 % m;
	uint128 r4 = r2 * 2 % m;

	return (r4 * 2 % m + r2) % m;
}

int
num_mod(struct num *to, const struct num *a, const struct num *b)
{
	uint128 x = magnitude(a), y = magnitude(b);
	int     scale = a->scale > b->scale ? a->scale : b->scale;

	if (num_to_double(b) == 0)
		return -1;
	if (a->approx || b->approx)
		return set_approx(to, fmod(num_to_double(a), num_to_double(b)));
	if (a->scale < b->scale) {
		x %= y;
		for (int i = a->scale; i < b->scale; i++)
			x = times_ten_mod(x, y);
	} else if (scale_up(&y, y, a->scale - b->scale)) {
		x %= y;
	}                                       /* else y is larger than any x */
	set_exact(to, a->v < 0, x, scale);
	return 0;
}

void
num_neg(struct num *to, const struct num *a)
{
	*to = *a;
	if (a->approx)
		to->d = -a->d;
	else
		to->v = -a->v;
}

/* ---- comparison */

static int
order(bool less, bool greater)
{
	return greater - less;
}

static int
cmp_exact(const struct num *a, const struct num *b)
{
	uint128 x = magnitude(a), y = magnitude(b);
	int     d;

	if (a->scale == b->scale || (a->v < 0) != (b->v < 0) || a->v == 0 || b->v == 0)
		return order(a->v < b->v, a->v > b->v);
	/* What does not fit after scaling is larger than what is not scaled. */
	if (!scale_up(&x, x, b->scale > a->scale ? b->scale - a->scale : 0))
		d = 1;
	else if (!scale_up(&y, y, a->scale > b->scale ? a->scale - b->scale : 0))
		d = -1;
	else
		d = order(x < y, x > y);
	return a->v < 0 ? -d : d;
}

/* Rounding keeps order, so only where a rounds to b itself does it matter what was rounded away. */
static int
cmp_exact_with_double(const struct num *a, double b)
{
	int    residue;
	double d = nearest_ratio(magnitude(a), pow10_of(a->scale), &residue);

	if (a->v < 0) {
		d = -d;
		residue = -residue;
	}
	return d == b ? residue : order(d < b, d > b);
}

int
num_cmp(const struct num *a, const struct num *b)
{
	if (a->approx && b->approx)
		return order(a->d < b->d, a->d > b->d);
	if (a->approx)
		return -cmp_exact_with_double(b, a->d);
	return b->approx ? cmp_exact_with_double(a, b->d) : cmp_exact(a, b);
}

/* The finalizer of MurmurHash3. */
static uint64_t
mix(uint64_t h)
{
	h = (h ^ h >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
	h = (h ^ h >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
	return h ^ h >> 33;
}

/* Numbers that are doubles hash as doubles, however they are held; others as what they are. */
uint64_t
num_hash(const struct num *a)
{
	struct num n = *a;
	double     d;
	int        residue = 0;
	uint64_t   bits;

	num_normalize(&n);
	if (n.approx || (n.scale == 0 && magnitude(&n) <= (uint128)1 << DBL_MANT_DIG))
		d = num_to_double(&n);
	else
		d = nearest_ratio(magnitude(&n), pow10_of(n.scale), &residue);
	if (residue != 0)
		return mix(mix((uint64_t)n.v ^ n.scale) ^ (uint64_t)(n.v >> 64));
	d = copysign(d, n.approx ? n.d : n.v < 0 ? -1.0 : 1.0);
	if (d == 0)
		d = 0;                          /* -0 too */
	memcpy(&bits, &d, sizeof(bits));
	return mix(bits);
}

/* ---- rounding */

/* v / 10^drop, rounded. */
static uint128
round_magnitude(uint128 v, bool minus, int drop, enum num_rounding how)
{
	/* 10^38 is larger than any v, but its half is not. */
	uint128 one = pow10_of(drop > NUM_DIGITS ? NUM_DIGITS : drop);
	uint128 q = v / one, r = v % one;

	switch (how) {
	case NUM_HALF_UP:  return q + (drop <= NUM_DIGITS && r >= one - r);
	case NUM_FLOOR:    return q + (r != 0 && minus);
	case NUM_CEIL:     return q + (r != 0 && !minus);
	case NUM_TRUNCATE: break;
	}
	return q;
}

static const char *shortest(char to[NUM_TEXT_MAX], double d);

/* A double is rounded as the shortest decimal that stands for it: 2.675 to 2.68, whatever its
 * binary digits are. */
static int
round_double(struct num *to, double d, int places, enum num_rounding how)
{
	char     text[NUM_TEXT_MAX], result[64];
	uint64_t v = 0;
	int      scale = 0;
	bool     point = false;

	shortest(text, fabs(d));
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == 'e') {
			scale -= atoi(p + 1);
			break;
		}
		if (*p == '.') {
			point = true;
			continue;
		}
		v = v * 10 + (uint64_t)(*p - '0');
		scale += point;
	}
	if (scale <= places || v == 0)
		return set_approx(to, d);
	v = (uint64_t)round_magnitude(v, d < 0, scale - places, how);
	if (v == 0)
		return set_approx(to, 0);
	snprintf(result, sizeof(result), "%s%llue%d", d < 0 ? "-" : "", (unsigned long long)v,
	         -places);
	return set_approx(to, strtod(result, NULL));
}

int
num_round(struct num *to, const struct num *a, int places, enum num_rounding how)
{
	bool    minus = a->v < 0;
	uint128 v;

	if (a->approx)
		return round_double(to, a->d, places < -400 ? -400 : places, how);
	if (places >= a->scale) {
		*to = *a;
		return 0;
	}
	if (places < -400)                      /* as good as any that is beyond a double's range */
		places = -400;
	v = round_magnitude(magnitude(a), minus, a->scale - places, how);
	/* Rounded up past 38 digits: that can only be a power of ten. */
	if (places < 0 && v != 0 && (!scale_up(&v, v, -places) || !fits(v))) {
		char text[64];

		snprintf(text, sizeof(text), "%s1e%d", minus ? "-" : "",
		         places < -NUM_DIGITS ? -places : NUM_DIGITS);
		return set_approx(to, strtod(text, NULL));
	}
	set_exact(to, minus, v, places > 0 ? places : 0);
	return 0;
}

/* ---- printing */

/* The fewest digits that read back as d. A decimal of up to 15 digits is the only one of its kind
 * near a normal double, so nothing shorter need be tried; %g drops its zeros. */
static const char *
shortest(char to[NUM_TEXT_MAX], double d)
{
	for (int digits = fabs(d) < DBL_MIN ? 1 : DBL_DIG; digits <= 17; digits++) {
		snprintf(to, NUM_TEXT_MAX, "%.*g", digits, d);
		if (strtod(to, NULL) == d)
			break;
	}
	return to;
}

static size_t
print_double(char to[NUM_TEXT_MAX], double d)
{
	size_t n = strlen(shortest(to, d));

	if (strpbrk(to, ".e") == NULL) {
		memcpy(to + n, ".0", 3);
		n += 2;
	}
	return n;
}

/* *v is what stands above 19 digits, *part those. Most numbers have fewer, and need no division of
 * 128 bits, which is slow. */
static void
split_digits(uint128 *v, uint64_t *part)
{
	const bool few = *v < pow10_low[19];

	*part = (uint64_t)(few ? *v : *v % pow10_low[19]);
	*v = few ? 0 : *v / pow10_low[19];
}

size_t
num_print(char to[NUM_TEXT_MAX], const struct num *n)
{
	char     digits[NUM_DIGITS + 1], *p = digits + sizeof(digits);
	char    *start = to;
	uint128  v = magnitude(n);
	uint64_t part;
	size_t   count;

	if (n->approx)
		return print_double(to, n->d);
	split_digits(&v, &part);
	/* At least one digit before the point. */
	for (int i = 0; part != 0 || v != 0 || i <= n->scale; i++) {
		if (i == 19) {
			part = (uint64_t)v;
			v = 0;
		}
		*--p = (char)('0' + part % 10);
		part /= 10;
	}
	count = (size_t)(digits + sizeof(digits) - p);
	if (n->v < 0)
		*to++ = '-';
	memcpy(to, p, count - n->scale);
	to += count - n->scale;
	if (n->scale > 0) {
		*to++ = '.';
		memcpy(to, p + count - n->scale, n->scale);
		to += n->scale;
	}
	return (size_t)(to - start);
}
