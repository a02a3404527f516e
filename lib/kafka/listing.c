/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.c - what topics there are, and what their partitions hold
 *
 * Offsets are strings in JSON: they may be larger than what many readers of JSON take for an
 * integer.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/listing.h"

static int
put_line(struct out *out, const char *line, struct err *err)
{
	if (out_line(out, str_of(line)) == 0)
		return 0;
	*err = out->err;
	return -1;
}

/* A pattern that matches nothing is a mistake where it leaves nothing to be listed. */
static int
fail_unmatched(const struct topics *topics, const struct str *all, size_t n_all, struct err *err)
{
	struct buf list;
	int rc;

	buf_init(&list, BUF_NO_MAX);
	topics_unmatched(topics, all, n_all, &list);
	rc = topics_fail(buf_str(&list), err);
	buf_release(&list);
	return rc;
}

/* The names that are meant; the caller frees *names. */
static int
select_topics(const struct reader *reader, const struct topics *topics, struct str **names,
              size_t *n, struct err *err)
{
	struct str *all;
	size_t n_all;

	if (reader->topics(reader->self, &all, &n_all, err) < 0)
		return -1;
	if (topics != NULL && topics_count(topics) > 0) {
		*n = topics_select(topics, all, n_all, names);
		if (*n > 0)
			return 0;
		free(*names);
		return fail_unmatched(topics, all, n_all, err);
	}
	*names = mem_zalloc(n_all, sizeof(**names));
	*n = 0;
	for (size_t i = 0; i < n_all; i++)
		if (!str_starts(all[i], STR("__")))
			(*names)[(*n)++] = all[i];
	return 0;
}

static int
put_topic(struct str name, int partitions, bool table, struct out *out, struct err *err)
{
	char line[400];

	if (table)
		snprintf(line, sizeof(line), "%10d  %.*s", partitions, STR_ARGS(name));
	else
		snprintf(line, sizeof(line), "{\"topic\":\"%.*s\",\"partitions\":%d}",
		         STR_ARGS(name), partitions);
	return put_line(out, line, err);
}

int
list_topics(const struct reader *reader, const struct topics *topics, bool table, struct out *out,
            struct err *err)
{
	struct str *names;
	size_t n;
	int rc = 0;

	if (select_topics(reader, topics, &names, &n, err) < 0)
		return -1;
	if (table)
		rc = put_line(out, "PARTITIONS  TOPIC", err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const int partitions = reader->partitions(reader->self, names[i], err);

		rc = partitions < 0 ? -1 : put_topic(names[i], partitions, table, out, err);
	}
	free(names);
	return rc;
}

/* ---- offsets */

struct form {                           /* how rows look */
	bool        group, table;
	struct out *out;
};

struct row {
	struct part part;
	int64_t     first, next, committed;
};

static int
put_table_row(const struct form *f, const struct row *r, struct err *err)
{
	char line[500], rest[100] = "";

	if (f->group && r->committed == OFFSET_NONE)
		snprintf(rest, sizeof(rest), "  %12s  %10" PRId64, "-", r->next - r->first);
	else if (f->group)
		snprintf(rest, sizeof(rest), "  %12" PRId64 "  %10" PRId64, r->committed,
		         r->next - r->committed);
	snprintf(line, sizeof(line), "%12" PRId64 "  %12" PRId64 "%s  %9" PRId32 "  %.*s", r->first,
	         r->next, rest, r->part.partition, STR_ARGS(r->part.topic));
	return put_line(f->out, line, err);
}

static int
put_json_row(const struct form *f, const struct row *r, struct err *err)
{
	char line[600], rest[100] = "";

	if (f->group && r->committed == OFFSET_NONE)
		snprintf(rest, sizeof(rest), ",\"committed\":null,\"lag\":\"%" PRId64 "\"",
		         r->next - r->first);
	else if (f->group)
		snprintf(rest, sizeof(rest),
		         ",\"committed\":\"%" PRId64 "\",\"lag\":\"%" PRId64 "\"", r->committed,
		         r->next - r->committed);
	snprintf(line, sizeof(line),
	         "{\"topic\":\"%.*s\",\"partition\":%" PRId32 ",\"first\":\"%" PRId64
	         "\",\"next\":\"%" PRId64 "\"%s}",
	         STR_ARGS(r->part.topic), r->part.partition, r->first, r->next, rest);
	return put_line(f->out, line, err);
}

static int
list_partition(const struct reader *reader, const struct form *f, struct row *r, struct err *err)
{
	if (reader->ends(reader->self, &r->part, &r->first, &r->next, err) < 0)
		return -1;
	if (f->group && reader->committed(reader->self, &r->part, &r->committed, err) < 0)
		return -1;
	return f->table ? put_table_row(f, r, err) : put_json_row(f, r, err);
}

static int
list_topic(const struct reader *reader, struct str topic, const struct partitions *partitions,
           const struct form *f, struct err *err)
{
	const int n = reader->partitions(reader->self, topic, err);

	if (n < 0 || partitions_check(partitions, topic, n, err) < 0)
		return -1;
	for (int32_t p = 0; p < n; p++) {
		struct row row = { .part = { topic, p, 0 } };

		if (partitions_has(partitions, p) && list_partition(reader, f, &row, err) < 0)
			return -1;
	}
	return 0;
}

int
list_offsets(const struct reader *reader, const struct topics *topics,
             const struct partitions *partitions, bool group, bool table, struct out *out,
             struct err *err)
{
	const struct form form = { group, table, out };
	struct str *names;
	size_t n;
	int rc = 0;

	if (select_topics(reader, topics, &names, &n, err) < 0)
		return -1;
	if (table)
		rc = put_line(out,
		              group ? "       FIRST          NEXT     COMMITTED         LAG  "
		                      "PARTITION  TOPIC"
		                    : "       FIRST          NEXT  PARTITION  TOPIC",
		              err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = list_topic(reader, names[i], partitions, &form, err);
	free(names);
	return rc;
}
