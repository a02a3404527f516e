/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topics.c - which topics and partitions are meant
 *
 * A glob becomes a regular expression, because that is what a group can subscribe to: one kind of
 * pattern is left, and it means the same with a group and without.
 */
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/topics.h"

#define PATTERN_MAX_BYTES 4096

struct topic {
	char   *text;                   /* a name, or an expression that starts with ^ */
	char   *given;                  /* as the user wrote it */
	bool    pattern, internal;
	regex_t re;                     /* of a pattern */
};

struct topics {
	struct topic *list;
	size_t        n, cap;
};

struct topics *
topics_new(void)
{
	return mem_zalloc(1, sizeof(struct topics));
}

void
topics_free(struct topics *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++) {
		if (t->list[i].pattern)
			regfree(&t->list[i].re);
		free(t->list[i].text);
		free(t->list[i].given);
	}
	free(t->list);
	free(t);
}

/* Is it made as the names of topics are? ("." and ".." are no names all the same.) */
static bool
is_name(struct str s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(letters, s.p[i]) == NULL)
			return false;
	return s.n > 0 && s.n <= TOPIC_NAME_MAX;
}

int
topics_check_name(struct str name, struct err *err)
{
	const bool good = is_name(name) && !str_eq(name, STR(".")) && !str_eq(name, STR(".."));
	char       text[QUOTE_MAX];

	return good ? 0
	            : fail_as(err, STATUS_USAGE,
	                      "%s is not the name of a topic (letters, digits, '.', '_' and '-'; "
	                      "at most %d)",
	                      quote(text, name), TOPIC_NAME_MAX);
}

int
topics_number(struct str text, int most)
{
	int64_t v = 0;

	for (size_t i = 0; i < text.n && v <= most; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		v = 10 * v + (text.p[i] - '0');
	}
	return v <= most ? (int)v : 0;
}

/* "[!a-c]" to "[^a-c]"; returns the position of its "]", or glob.n when there is none. */
static size_t
glob_set(struct str glob, size_t at, struct buf *to)
{
	size_t end = at + 1;

	if (end < glob.n && (glob.p[end] == '!' || glob.p[end] == '^'))
		end++;
	if (end < glob.n && glob.p[end] == ']')
		end++;
	while (end < glob.n && glob.p[end] != ']')
		end++;
	if (end == glob.n)
		return end;
	buf_add_char(to, '[');
	if (glob.p[at + 1] == '!')
		buf_add_char(to, '^');
	buf_add_str(to, str_slice(glob, at + 1 + (glob.p[at + 1] == '!'), end + 1));
	return end;
}

static int
glob_to_regex(struct str glob, struct buf *to, struct err *err)
{
	char q[QUOTE_MAX];

	buf_add_char(to, '^');
	for (size_t i = 0; i < glob.n; i++) {
		const char c = glob.p[i];

		if (c == '*') {
			buf_add_str(to, STR(".*"));
		} else if (c == '?') {
			buf_add_char(to, '.');
		} else if (c == '[') {
			i = glob_set(glob, i, to);
			if (i == glob.n)
				return fail_as(err, STATUS_USAGE,
				               "the pattern %s has a [ without its ]",
				               quote(q, glob));
		} else if (c == '.') {
			buf_add_str(to, STR("\\."));
		} else if (is_name((struct str){ &c, 1 })) {
			buf_add_char(to, c);
		} else {
			return fail_as(
				err, STATUS_USAGE,
				"%s is neither a topic's name, nor a pattern with * or ?, nor a "
			        "regular "
				"expression that starts with ^ (give -t once for each topic)",
				quote(q, glob));
		}
	}
	buf_add_char(to, '$');
	return 0;
}

static int
add_pattern(struct topic *to, struct str regex, struct err *err)
{
	char why[200], q[QUOTE_MAX];
	int code;

	to->pattern = true;
	to->text = mem_dup(regex);
	code = regcomp(&to->re, to->text, REG_EXTENDED | REG_NOSUB);
	if (code == 0)
		return 0;
	regerror(code, &to->re, why, sizeof(why));
	free(to->text);
	return fail_as(err, STATUS_USAGE, "%s is not a regular expression: %s", quote(q, regex),
	               why);
}

int
topics_option(void *arg, const char *value, struct err *err)
{
	struct topics *t = arg;
	struct topic new = { 0 };
	struct str text = str_of(value);
	struct buf regex;
	int rc = 0;

	if (text.n == 0 || text.n > PATTERN_MAX_BYTES)
		return fail_as(err, STATUS_USAGE, "a topic's name has 1 to %d characters",
		               TOPIC_NAME_MAX);
	buf_init(&regex, BUF_NO_MAX);
	new.internal = str_starts(text, STR("__")) || str_starts(text, STR("^__"));
	if (text.p[0] == '^')
		rc = add_pattern(&new, text, err);
	else if (is_name(text))
		new.text = mem_dup(text);
	else if ((rc = glob_to_regex(text, &regex, err)) == 0)
		rc = add_pattern(&new, buf_str(&regex), err);
	buf_release(&regex);
	if (rc < 0)
		return -1;
	new.given = mem_dup(text);
	t->list = mem_more(t->list, t->n, &t->cap, sizeof(*t->list));
	t->list[t->n++] = new;
	return 0;
}

size_t
topics_count(const struct topics *t)
{
	return t->n;
}

bool
topics_patterns(const struct topics *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].pattern)
			return true;
	return false;
}

bool
topics_internal(const struct topics *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].internal)
			return true;
	return false;
}

static bool
matches(const struct topic *t, struct str name)
{
	char text[TOPIC_NAME_MAX + 1];

	if (!t->pattern)
		return str_eq(str_of(t->text), name);
	if (name.n > TOPIC_NAME_MAX || (str_starts(name, STR("__")) && !t->internal))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return regexec(&t->re, text, 0, NULL, 0) == 0;
}

bool
topics_match(const struct topics *t, struct str name)
{
	for (size_t i = 0; i < t->n; i++)
		if (matches(&t->list[i], name))
			return true;
	return false;
}

struct str
topics_subscription(const struct topics *t, size_t i)
{
	return str_of(t->list[i].text);
}

size_t
topics_select(const struct topics *t, const struct str *all, size_t n_all, struct str **list)
{
	size_t n = 0, kept = 0;

	*list = mem_alloc((t->n + n_all) * sizeof(**list));
	for (size_t i = 0; i < t->n; i++)
		if (!t->list[i].pattern)
			(*list)[n++] = str_of(t->list[i].text);
	for (size_t i = 0; i < n_all; i++)
		if (topics_match(t, all[i]))
			(*list)[n++] = all[i];
	if (n > 1)
		qsort(*list, n, sizeof(**list), str_order);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !str_eq((*list)[kept - 1], (*list)[i]))
			(*list)[kept++] = (*list)[i];
	return kept;
}

size_t
topics_unmatched(const struct topics *t, const struct str *all, size_t n_all, struct buf *to)
{
	size_t unmatched = 0;
	char q[QUOTE_MAX];

	for (size_t i = 0; i < t->n; i++) {
		size_t at = 0;

		while (t->list[i].pattern && at < n_all && !matches(&t->list[i], all[at]))
			at++;
		if (!t->list[i].pattern || at < n_all)
			continue;
		buf_addf(to, "%s%s", unmatched++ > 0 ? ", " : "",
		         quote(q, str_of(t->list[i].given)));
	}
	return unmatched;
}

int
topics_fail(struct str unmatched, struct err *err)
{
	return fail_as(err, STATUS_NOINPUT,
	               "no topic matches %.*s (maip-consume --list-topics shows those there are)",
	               STR_ARGS(unmatched));
}

/* Digits at *p; -1 when there are none or too many. */
static int32_t
number(const char **p)
{
	int64_t v = 0;
	const char *start = *p;

	while (**p >= '0' && **p <= '9' && v <= INT32_MAX)
		v = v * 10 + (*(*p)++ - '0');
	return *p == start || v > INT32_MAX ? -1 : (int32_t)v;
}

int
partitions_option(void *arg, const char *value, struct err *err)
{
	struct partitions *to = arg;
	const char *p = value;
	char q[QUOTE_MAX];

	for (;;) {
		struct number_range r;

		r.from = r.to = number(&p);
		if (r.from >= 0 && *p == '-') {
			p++;
			r.to = number(&p);
		}
		if (r.from < 0 || r.to < r.from || (*p != '\0' && *p != ','))
			return fail_as(err, STATUS_USAGE,
			               "%s is not a list of partitions (try 0, 0,3 or 0-7)",
			               quote(q, str_of(value)));
		if (to->n == sizeof(to->list) / sizeof(to->list[0]))
			return fail_as(err, STATUS_USAGE, "more than %zu ranges", to->n);
		to->list[to->n++] = r;
		if (*p++ == '\0')
			return 0;
	}
}

bool
partitions_has(const struct partitions *p, int32_t number)
{
	for (size_t i = 0; i < p->n; i++)
		if (number >= p->list[i].from && number <= p->list[i].to)
			return true;
	return p->n == 0;
}

int
partitions_check(const struct partitions *p, struct str topic, int n, struct err *err)
{
	char q[QUOTE_MAX];

	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].to >= n)
			return fail_as(err, STATUS_NOINPUT,
			               "topic %s has no partition %" PRId32 " (it has 0 to %d)",
			               quote(q, topic), p->list[i].to, n - 1);
	return 0;
}
