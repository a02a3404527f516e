/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place_list.c - where to start in each of many partitions, from a file
 */
#include "kafka/place_list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "json/line.h"
#include "json/scan.h"

struct entry {
	struct part        part;
	struct place_range range;
};

struct place_list {
	struct arena  arena;            /* names */
	struct entry *list;             /* in the order of topic and partition once it was read */
	size_t        n, cap;
	bool          bounded;
};

struct place_list *
place_list_new(void)
{
	return mem_zalloc(1, sizeof(struct place_list));
}

void
place_list_free(struct place_list *l)
{
	if (l == NULL)
		return;
	arena_release(&l->arena);
	free(l->list);
	free(l);
}

static int
by_part(const void *a, const void *b)
{
	const struct part *x = &((const struct entry *)a)->part,
			  *y = &((const struct entry *)b)->part;
	const int c = str_cmp(x->topic, y->topic);

	return c != 0 ? c : (x->partition > y->partition) - (x->partition < y->partition);
}

struct members {                        /* of a line; MISSING: it has none */
	struct field topic, partition, offset, committed, next;
};

static struct field *
member(struct members *m, struct str name)
{
	return str_eq(name, STR("topic"))       ? &m->topic
	       : str_eq(name, STR("partition")) ? &m->partition
	       : str_eq(name, STR("offset"))    ? &m->offset
	       : str_eq(name, STR("committed")) ? &m->committed
	       : str_eq(name, STR("next"))      ? &m->next
	                                        : NULL;
}

static int
find_members(struct place_list *l, struct str line, struct members *m, struct err *err)
{
	struct field whole, f, *to;
	struct str raw;
	size_t at = 0, end;

	*m = (struct members){ .topic = { .kind = JSON_MISSING } };
	if (json_check(line, err) < 0 || json_value(line, &whole, &end, err) < 0)
		return -1;
	if (whole.kind != JSON_OBJECT)
		return fail_as(err, STATUS_DATA, "is not an object");
	while (json_next(whole.raw, &at, &raw, &f) == 1) {
		const struct field name = { JSON_STRING, memchr(raw.p, '\\', raw.n) != NULL, raw };

		to = member(m, json_text(&name, &l->arena));
		if (to != NULL)
			*to = f;
	}
	return 0;
}

static int
read_partition(struct str digits, int32_t *to, struct err *err)
{
	int64_t v = 0;

	for (size_t i = 0; i < digits.n && v <= INT32_MAX; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return fail_as(err, STATUS_DATA, "\"partition\" is not a whole number");
		v = 10 * v + digits.p[i] - '0';
	}
	if (v > INT32_MAX)
		return fail_as(err, STATUS_DATA, "\"partition\" is too large");
	*to = (int32_t)v;
	return 0;
}

static int
read_range(struct place_list *l, const struct members *m, int64_t now, struct place_range *to,
           struct err *err)
{
	const bool explicit = m->offset.kind != JSON_MISSING,
		   group = m->committed.kind != JSON_MISSING;
	const struct field *f = explicit ? &m->offset : group ? &m->committed : &m->next;
	const char *name = explicit ? "offset" : group ? "committed" : "next";
	struct str text = f->raw;

	if (f == &m->committed && f->kind == JSON_NULL) {
		*to = (struct place_range){ .from.kind = PLACE_EARLIEST };
		return 0;
	}
	if (f->kind == JSON_STRING)
		text = json_text(f, &l->arena);
	else if (f->kind != JSON_NUMBER)
		return fail_as(err, STATUS_DATA,
		               "has no \"offset\", and no \"next\" as --list-offsets prints it");
	return place_range_parse(to, text, now, err) < 0 ? fail_in(err, "\"%s\"", name) : 0;
}

static int
read_entry(struct place_list *l, struct str line, int64_t now, struct err *err)
{
	struct members m;
	struct entry e = { 0 };

	if (find_members(l, line, &m, err) < 0)
		return -1;
	if (m.topic.kind != JSON_STRING || m.topic.raw.n <= 2)
		return fail_as(err, STATUS_DATA, "has no \"topic\"");
	if (m.partition.kind != JSON_NUMBER)
		return fail_as(err, STATUS_DATA, "has no \"partition\"");
	if (read_partition(m.partition.raw, &e.part.partition, err) < 0 ||
	    read_range(l, &m, now, &e.range, err) < 0)
		return -1;
	if (l->n == PLACE_LIST_MAX)
		return fail_as(err, STATUS_DATA, "more than %d lines", PLACE_LIST_MAX);
	e.part.topic = arena_dup(&l->arena, json_text(&m.topic, &l->arena));
	l->bounded = l->bounded || e.range.to.kind != PLACE_NONE;
	l->list = mem_more(l->list, l->n, &l->cap, sizeof(*l->list));
	l->list[l->n++] = e;
	return 0;
}

static int
read_lines(struct place_list *l, struct line_reader *lines, const char *path, int64_t now,
           struct err *err)
{
	struct line line;
	int more = 1;

	while (more > 0) {
		more = line_fill(lines, err);
		if (more == SOURCE_INTERRUPTED)
			return fail_as(err, STATUS_RETRY, "stopped by a signal while %s was read",
			               path);
		if (more < 0) {
			if (err->status == STATUS_IO)
				err->status = STATUS_NOINPUT;
			return fail_in(err, "%s", path);
		}
		while (line_take(lines, &line, 1) == 1)
			if (read_entry(l, line.text, now, err) < 0) {
				err->status = STATUS_DATA;
				return fail_in(err, "%s: line %" PRIu64, path, line.number);
			}
	}
	return 0;
}

static int
check_doubles(struct place_list *l, const char *path, struct err *err)
{
	if (l->n == 0)
		return fail_as(err, STATUS_DATA, "%s: no line says an offset", path);
	qsort(l->list, l->n, sizeof(*l->list), by_part);
	for (size_t i = 1; i < l->n; i++)
		if (by_part(&l->list[i - 1], &l->list[i]) == 0)
			return fail_as(err, STATUS_DATA, "%s: %.*s[%" PRId32 "] is there twice",
			               path, STR_ARGS(l->list[i].part.topic),
			               l->list[i].part.partition);
	return 0;
}

int
place_list_read(struct place_list *l, const char *path, int64_t now, struct err *err)
{
	struct line_reader *lines;
	struct source source;
	const bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;

	if (is_stdin)
		path = "standard input";
	if (fd < 0)
		return fail_as(err, STATUS_NOINPUT, "cannot read %s: %s", path, strerror(errno));
	source = source_fd(&fd);
	lines = line_new(1 << 16);
	line_open(lines, &source);
	rc = read_lines(l, lines, path, now, err);
	line_free(lines);
	if (!is_stdin)
		close(fd);
	return rc < 0 ? -1 : check_doubles(l, path, err);
}

const struct place_range *
place_list_find(const struct place_list *l, const struct part *part)
{
	const struct entry key = { .part = *part };
	const struct entry *found = bsearch(&key, l->list, l->n, sizeof(*l->list), by_part);

	return found != NULL ? &found->range : NULL;
}

int32_t
place_list_highest(const struct place_list *l, struct str topic)
{
	int32_t highest = -1;

	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->list[i].part.topic, topic) && l->list[i].part.partition > highest)
			highest = l->list[i].part.partition;
	return highest;
}

bool
place_list_bounded(const struct place_list *l)
{
	return l->bounded;
}

bool
place_list_committed(const struct place_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (place_range_committed(&l->list[i].range))
			return true;
	return false;
}

bool
place_list_any(const struct place_list *l, const struct topics *of,
               const struct partitions *partitions)
{
	for (size_t i = 0; i < l->n; i++)
		if (topics_match(of, l->list[i].part.topic) &&
		    partitions_has(partitions, l->list[i].part.partition))
			return true;
	return false;
}

int
place_list_topics(const struct place_list *l, struct topics *to, struct err *err)
{
	char name[TOPIC_NAME_MAX + 1];

	for (size_t i = 0; i < l->n; i++) {
		const struct str topic = l->list[i].part.topic;

		if (i > 0 && str_eq(topic, l->list[i - 1].part.topic))
			continue;
		if (topic.n >= sizeof(name))
			return fail_as(err, STATUS_DATA,
			               "a topic's name has no more than %d characters",
			               TOPIC_NAME_MAX);
		memcpy(name, topic.p, topic.n);
		name[topic.n] = '\0';
		if (topics_option(to, name, err) < 0) {
			err->status = STATUS_DATA;
			return -1;
		}
	}
	return topics_patterns(to)
	               ? fail_as(err, STATUS_DATA, "a topic has to be named, not matched")
	               : 0;
}
