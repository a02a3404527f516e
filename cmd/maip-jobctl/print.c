/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.c - collect cells, then print them aligned or as JSON
 */
#include "print.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "base/utf8.h"
#include "json/out.h"

struct printer {
	const char *const *columns;
	size_t   n_columns, at;
	bool     table;
	cJSON   *row;                   /* NDJSON: the line being made */
	cJSON   *lines;
	char   **cells;                 /* table: all cells, heading first */
	size_t   n_cells, cap;
	char    *note;                  /* NULL: none */
};

static void
add_cell(struct printer *p, const char *text)
{
	p->cells = mem_more(p->cells, p->n_cells, &p->cap, sizeof(*p->cells));
	p->cells[p->n_cells++] = mem_dup(str_of(text));
}

static void
add_heading(struct printer *p)
{
	for (size_t i = 0; i < p->n_columns; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s", p->columns[i]);
		for (char *c = name; *c != '\0'; c++)
			*c = *c == '_' ? ' ' : (char)toupper((unsigned char)*c);
		add_cell(p, name);
	}
}

struct printer *
printer_new(const char *const *columns, bool json)
{
	struct printer *p = mem_zalloc(1, sizeof(*p));

	p->columns = columns;
	while (columns[p->n_columns] != NULL)
		p->n_columns++;
	p->table = !json && isatty(STDOUT_FILENO);
	p->lines = cJSON_CreateArray();
	if (p->table)
		add_heading(p);
	return p;
}

struct printer *
printer_new_words(void)
{
	static const char *const word[] = { "word", NULL };
	struct printer *p = mem_zalloc(1, sizeof(*p));

	*p = (struct printer){ .columns = word, .n_columns = 1, .table = true };
	p->lines = cJSON_CreateArray();
	return p;
}

void
print_note(struct printer *p, const char *line)
{
	free(p->note);
	p->note = mem_dup(str_of(line));
}

/* One cell: text for the table, value (owned from here on) for the line. */
static void
put(struct printer *p, const char *text, cJSON *value)
{
	if (p->at == 0)
		p->row = cJSON_CreateObject();
	cJSON_AddItemToObject(p->row, p->columns[p->at], value);
	if (p->table)
		add_cell(p, text);
	if (++p->at == p->n_columns) {
		cJSON_AddItemToArray(p->lines, p->row);
		p->at = 0;
	}
}

void
print_text(struct printer *p, const char *text)
{
	char quoted[QUOTE_MAX], *shown = quoted + 1;

	quote(quoted, str_of(text));
	shown[strlen(shown) - 1] = '\0';        /* escaped as in messages, without the quotes */
	put(p, shown, cJSON_CreateString(text));
}

void
print_int(struct printer *p, int64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)v);
	put(p, text, cJSON_CreateNumber((double)v));
}

void
print_share(struct printer *p, double ratio)
{
	char text[32];

	snprintf(text, sizeof(text), "%.0f %%", ratio * 100);
	put(p, text, cJSON_CreateNumber(ratio));
}

void
print_time(struct printer *p, int64_t ms)
{
	char text[TIME_TEXT_MAX + 1];

	if (ms < 0) {
		print_none(p);
		return;
	}
	text[time_print(text, ms)] = '\0';
	put(p, text, cJSON_CreateString(text));
}

void
print_duration(struct printer *p, int64_t ms)
{
	char text[DUR_TEXT_MAX + 1];

	text[dur_print(text, ms >= 1000 ? ms - ms % 1000 : ms)] = '\0';
	put(p, text, cJSON_CreateNumber((double)ms));
}

void
print_none(struct printer *p)
{
	put(p, "-", cJSON_CreateNull());
}

/* ---- the table */

/* Of a column that is cut: of an id 4 digits would do, and names of stages all begin alike. */
#define NARROWEST      8
#define NARROWEST_NAME 12

/* How wide the terminal is: COLUMNS, else what it says itself; 0: nobody says. */
static size_t
terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };
	char *end;
	long n;

	if (columns != NULL && *columns != '\0') {
		n = strtol(columns, &end, 10);
		if (n > 0 && *end == '\0')
			return (size_t)n;
	}
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static size_t
characters(const char *text)
{
	return utf8_count(text, text + strlen(text));
}

static bool
is_id(const struct printer *p, size_t column)
{
	return strcmp(p->columns[column], "id") == 0;
}

/* Names are known by their beginning; a path or a state that is cut would be none: 0. */
static size_t
narrowest(const struct printer *p, size_t column)
{
	static const char *const names[] = { "name", "job", "stage" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(p->columns[column], names[i]) == 0)
			return NARROWEST_NAME;
	return is_id(p, column) || strcmp(p->columns[column], "command") == 0 ? NARROWEST : 0;
}

/* Make the widest column that may be cut narrower until all fit, or none is left. */
static void
fit(const struct printer *p, size_t *width)
{
	const size_t room = terminal_width();
	size_t total = 2 * (p->n_columns - 1);

	for (size_t i = 0; i < p->n_columns; i++) {
		width[i] = 0;
		for (size_t k = i; k < p->n_cells; k += p->n_columns)
			if (characters(p->cells[k]) > width[i])
				width[i] = characters(p->cells[k]);
		total += width[i];
	}
	for (; room > 0 && total > room; total--) {
		size_t widest = p->n_columns;

		for (size_t i = 0; i < p->n_columns; i++)
			if (narrowest(p, i) > 0 && width[i] > narrowest(p, i) &&
			    (widest == p->n_columns || width[i] > width[widest]))
				widest = i;
		if (widest == p->n_columns)
			return;
		width[widest]--;
	}
}

/* The beginning of an id is as good as all of it; other text says that it was cut. */
static void
write_cell(const struct printer *p, struct out *o, size_t column, const char *text, size_t width)
{
	const bool cut = characters(text) > width;
	const char *const dots = cut && !is_id(p, column) ? "..." : "";
	size_t left = cut ? width - strlen(dots) : width, n = 0;

	for (; text[n] != '\0'; n++) {
		if (!utf8_starts(text[n]))
			continue;
		if (left == 0)
			break;
		left--;
	}
	out_bytes(o, text, n);
	out_str(o, str_of(dots));
	if (column + 1 == p->n_columns) {
		out_end_line(o);
		return;
	}
	for (left = cut ? 2 : left + 2; left > 0; left--)
		out_char(o, ' ');
}

static void
write_table(const struct printer *p, struct out *o)
{
	size_t *const width = mem_zalloc(p->n_columns, sizeof(*width));

	fit(p, width);
	for (size_t i = 0; i < p->n_cells; i++)
		write_cell(p, o, i % p->n_columns, p->cells[i], width[i % p->n_columns]);
	free(width);
	if (p->note != NULL)
		out_line(o, str_of(p->note));
}

static void
write_lines(const struct printer *p, struct out *o)
{
	const cJSON *line;

	cJSON_ArrayForEach(line, p->lines) {
		char *text = cJSON_PrintUnformatted(line);

		out_line(o, str_of(text));
		free(text);
	}
}

enum status
printer_finish(struct printer *p)
{
	int fd = STDOUT_FILENO;
	struct sink to = sink_fd(&fd);
	struct out o;
	enum status status;

	out_init(&o, &to);
	if (p->table)
		write_table(p, &o);
	else
		write_lines(p, &o);
	status = out_finish(&o, STATUS_OK);
	out_release(&o);
	for (size_t i = 0; i < p->n_cells; i++)
		free(p->cells[i]);
	free(p->cells);
	free(p->note);
	cJSON_Delete(p->lines);
	free(p);
	return status;
}
