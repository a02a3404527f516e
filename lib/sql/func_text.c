/* SPDX-License-Identifier: Apache-2.0 */
/*
 * func_text.c - functions of text
 *
 * Texts are valid UTF-8 and are counted in characters (code points), from 1 as SQL does,
 * SPLIT_INDEX from 0 as Flink does.
 */
#define _GNU_SOURCE                     /* memmem */
#include <string.h>
#include <wctype.h>

#include "base/utf8.h"
#include "sql/func.h"

size_t
text_length(struct str text)
{
	return utf8_count(text.p, text.p + text.n);
}

struct str
text_slice(struct str text, size_t from, size_t to)
{
	size_t start = text.n, end = text.n, character = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (!utf8_starts(text.p[i]))
			continue;
		if (character == from)
			start = i;
		if (character == to) {
			end = i;
			break;
		}
		character++;
	}
	return str_slice(text, start, end);
}

/* Bytes from *at on as one character; *at moves behind it. */
static uint32_t
decode(struct str text, size_t *at)
{
	const size_t from = (*at)++;

	while (*at < text.n && *at - from < 4 && !utf8_starts(text.p[*at]))
		(*at)++;
	return utf8_code(text.p + from, *at - from);
}

/* Character by character; of those that become two, only the sharp s is known: Strasse. */
static void
map_case(const struct node *n, struct str text, wint_t (*map)(wint_t, locale_t),
         struct arena *scratch, struct val *to)
{
	char  *p = arena_alloc(scratch, text.n * 4);
	size_t length = 0;

	for (size_t i = 0; i < text.n; ) {
		uint32_t c = decode(text, &i);

		if (c == 0xdf && map == towupper_l) {
			p[length++] = 'S';
			c = 'S';
		}
		if (n->locale != NULL)
			c = (uint32_t)map((wint_t)c, (locale_t)n->locale);
		else if (c < 0x80)
			c = (uint32_t)(map == towlower_l ? (c >= 'A' && c <= 'Z' ? c + 32 : c)
			                                 : (c >= 'a' && c <= 'z' ? c - 32 : c));
		length += utf8_put(p + length, c);
	}
	val_set_text(to, (struct str){ p, length });
}

void
func_lower(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	map_case(n, arg[0].text, towlower_l, scratch, to);
}

void
func_upper(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	map_case(n, arg[0].text, towupper_l, scratch, to);
}

void
func_char_length(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)n, (void)scratch;
	val_set_num(to, num_of((int64_t)text_length(arg[0].text)));
}

/* As in Flink: start 0 is 1, a negative start counts from the end, a negative length is NULL. */
void
func_substring(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	int64_t length = (int64_t)text_length(arg[0].text), start, count = length;

	(void)scratch;
	if (num_to_i64(&arg[1].num, &start) < 0 ||
	    (n->n > 2 && num_to_i64(&arg[2].num, &count) < 0) || count < 0)
		return;
	start = start > 0 ? start - 1 : start < -length ? length : start < 0 ? length + start : 0;
	if (start > length)
		start = length;
	if (count > length - start)
		count = length - start;
	val_set_text(to, text_slice(arg[0].text, (size_t)start, (size_t)(start + count)));
}

static void
append(char *to, size_t *n, struct str s)
{
	if (s.n > 0)
		memcpy(to + *n, s.p, s.n);
	*n += s.n;
}

/* As in Java, an empty text is found before each character and at the end. */
static void
fill_gaps(struct str text, struct str with, struct arena *scratch, struct val *to)
{
	size_t times = text_length(text) + 1, n = 0;
	char  *p;

	if (with.n > 0 && times > (TEXT_MAX - text.n) / with.n)
		return;
	p = arena_alloc(scratch, text.n + times * with.n);
	for (size_t i = 0; i < text.n; i++) {
		if (utf8_starts(text.p[i]))
			append(p, &n, with);
		p[n++] = text.p[i];
	}
	append(p, &n, with);
	val_set_text(to, (struct str){ p, n });
}

/* Where needle starts in hay from the byte at on; hay.n: nowhere. */
static size_t
find(struct str hay, struct str needle, size_t at)
{
	const char *p = at < hay.n ? memmem(hay.p + at, hay.n - at, needle.p, needle.n) : NULL;

	return p == NULL ? hay.n : (size_t)(p - hay.p);
}

void
func_position(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	struct str needle = arg[0].text, hay = arg[1].text;
	size_t     at = needle.n == 0 ? 0 : find(hay, needle, 0);
	bool       found = needle.n == 0 || at < hay.n;

	(void)n, (void)scratch;
	val_set_num(to, num_of(found ? (int64_t)text_length(str_slice(hay, 0, at)) + 1 : 0));
}

static size_t
count_of(struct str text, struct str what)
{
	size_t n = 0;

	for (size_t at = find(text, what, 0); at < text.n; at = find(text, what, at + what.n))
		n++;
	return n;
}

void
func_replace(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	struct str text = arg[0].text, what = arg[1].text, with = arg[2].text;
	size_t     times, length = 0, from = 0;
	char      *p;

	(void)n;
	if (what.n == 0) {
		fill_gaps(text, with, scratch, to);
		return;
	}
	times = count_of(text, what);
	if (times == 0) {
		val_set_text(to, text);
		return;
	}
	if (with.n > 0 && times > (TEXT_MAX - (text.n - times * what.n)) / with.n)
		return;
	p = arena_alloc(scratch, text.n - times * what.n + times * with.n);
	for (size_t at = find(text, what, 0); at < text.n; at = find(text, what, from)) {
		append(p, &length, str_slice(text, from, at));
		append(p, &length, with);
		from = at + what.n;
	}
	append(p, &length, str_slice(text, from, text.n));
	val_set_text(to, (struct str){ p, length });
}

/* Where the separator starts from the byte at on, and its length. Without one, as in Flink, any
 * space is. */
static size_t
find_separator(struct str text, struct str separator, size_t at, size_t *length)
{
	*length = separator.n > 0 ? separator.n : 1;
	if (separator.n > 0)
		return find(text, separator, at);
	while (at < text.n && text.p[at] != ' ' && !(text.p[at] >= '\t' && text.p[at] <= '\r'))
		at++;
	return at;
}

/* As in Flink, an empty text has no parts. */
void
func_split_index(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	struct str text = arg[0].text, separator = arg[1].text;
	size_t     from = 0, end, length;
	int64_t    index;

	(void)n, (void)scratch;
	if (num_to_i64(&arg[2].num, &index) < 0 || index < 0 || text.n == 0)
		return;
	while ((end = find_separator(text, separator, from, &length)) < text.n && index > 0) {
		from = end + length;
		index--;
	}
	if (index == 0)
		val_set_text(to, str_slice(text, from, end));
}

/* Is the character that starts at p one of set? */
static bool
is_one_of(struct str character, struct str set)
{
	for (size_t i = 0; i < set.n; ) {
		size_t start = i;

		decode(set, &i);
		if (str_eq(character, str_slice(set, start, i)))
			return true;
	}
	return false;
}

static struct str
first_character(struct str text)
{
	size_t end = 0;

	if (text.n > 0)
		decode(text, &end);
	return str_slice(text, 0, end);
}

static struct str
last_character(struct str text)
{
	size_t start = text.n;

	while (start > 0 && !utf8_starts(text.p[--start]))
		;
	return str_slice(text, start, text.n);
}

static void
trim(const struct node *n, const struct val *arg, bool left, bool right, struct val *to)
{
	struct str text = arg[0].text, set = n->n > 1 ? arg[1].text : STR(" ");

	while (left && text.n > 0 && is_one_of(first_character(text), set))
		text = str_slice(text, first_character(text).n, text.n);
	while (right && text.n > 0 && is_one_of(last_character(text), set))
		text = str_slice(text, 0, text.n - last_character(text).n);
	val_set_text(to, text);
}

void
func_trim_both(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)scratch;
	trim(n, arg, true, true, to);
}

void
func_trim_left(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)scratch;
	trim(n, arg, true, false, to);
}

void
func_trim_right(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)scratch;
	trim(n, arg, false, true, to);
}
