/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt_text.c - the option table for people: --help and the man page's list
 */
#include "base/opt_show.h"

#include <string.h>

enum { WIDTH = 80, INDENT = 6, MAX_COLUMN = 30 };

/* ---- --help */

/* Words of text from column on, continued below it, up to WIDTH. */
static void
wrap(struct buf *to, struct str text, size_t column)
{
	size_t at = column;

	while (text.n > 0) {
		size_t n = 0;

		while (n < text.n && text.p[n] != ' ')
			n++;
		if (at > column && at + 1 + n > WIDTH) {
			buf_addf(to, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			buf_add_char(to, ' ');
			at++;
		}
		buf_add_str(to, str_slice(text, 0, n));
		at += n;
		text = str_slice(text, n + (n < text.n), text.n);
	}
	buf_add_char(to, '\n');
}

/* "  -k, --key=EXPR" */
static void
add_name(struct buf *to, const struct opt *o)
{
	static const char *const open[] = { "", "[=", "=" };

	if (o->ch != 0)
		buf_addf(to, "  -%c, ", o->ch);
	else
		buf_addf(to, "%*s", INDENT, "");
	buf_addf(to, "--%s%s", o->name, open[opt_takes(o)]);
	opt_placeholder(to, o);
	if (opt_takes(o) == OPT_TAKES_MAYBE)
		buf_add_char(to, ']');
}

/* Where help starts: two past the longest name that leaves it room. */
static size_t
help_column(const struct tool *tool)
{
	const struct opt *o;
	size_t            column = 0;
	struct buf        name;

	buf_init(&name, BUF_NO_MAX);
	for (size_t i = 0; (o = opt_at(tool, i)) != NULL; i++) {
		if (o->kind == OPT_KIND_HEADING || o->hidden)
			continue;
		buf_clear(&name);
		add_name(&name, o);
		if (name.n + 2 <= MAX_COLUMN && name.n + 2 > column)
			column = name.n + 2;
	}
	buf_release(&name);
	return column;
}

static void
add_option(struct buf *to, const struct opt *o, size_t column)
{
	size_t start = to->n, width;

	add_name(to, o);
	width = to->n - start;
	if (width + 2 > column)
		buf_addf(to, "\n%*s", (int)column, "");
	else
		buf_addf(to, "%*s", (int)(column - width), "");
	wrap(to, str_of(o->help), column);
}

static bool
has_kind(const struct tool *tool, enum opt_kind kind, enum opt_kind or_kind)
{
	const struct opt *o;

	for (size_t i = 0; (o = opt_at(tool, i)) != NULL; i++)
		if (o->kind == kind || o->kind == or_kind)
			return true;
	return false;
}

/* How values are spelled, for the kinds of values that this tool takes. */
static void
add_notes(struct buf *to, const struct tool *tool)
{
	bool durations = has_kind(tool, OPT_KIND_MS, OPT_KIND_MS_SIGNED);
	bool sizes = has_kind(tool, OPT_KIND_SIZE, OPT_KIND_SIZE);

	if (durations || sizes)
		buf_add_char(to, '\n');
	if (durations)
		buf_add_str(to, STR("DURATION: a number and a unit (ms, s, m, h, d, w), as in 30s, "
		                    "5m or 1h30m.\n"));
	if (sizes)
		buf_add_str(to, STR("SIZE: a number of bytes, or of k, M, G or T, which are powers "
		                    "of 1024.\n"));
}

static void
add_commands(struct buf *to, const struct tool *tool)
{
	size_t column = 0;

	for (size_t i = 0; tool->commands[i] != NULL; i++)
		if (strlen(opt_command_name(tool->commands[i])) + 4 > column)
			column = strlen(opt_command_name(tool->commands[i])) + 4;
	buf_add_str(to, STR("\ncommands:\n"));
	for (size_t i = 0; tool->commands[i] != NULL; i++) {
		buf_addf(to, "  %-*s", (int)column - 2, opt_command_name(tool->commands[i]));
		wrap(to, str_of(tool->commands[i]->summary), column);
	}
	buf_addf(to, "\n%s COMMAND --help tells the options of a command.\n", tool->name);
}

void
opt_show_text(struct buf *to, const struct tool *tool)
{
	size_t            column = help_column(tool);
	const struct opt *o;

	buf_addf(to, "usage: %s [OPTION]...%s%s\n", tool->name,
	         tool->operands[0] != '\0' ? " " : "", tool->operands);
	wrap(to, str_of(tool->summary), 0);
	buf_add_char(to, '\n');
	for (size_t i = 0; (o = opt_at(tool, i)) != NULL; i++) {
		if (o->kind == OPT_KIND_HEADING)
			buf_addf(to, "%s%s:\n", i == 0 ? "" : "\n", o->help);
		else if (!o->hidden)
			add_option(to, o, column);
	}
	if (tool->commands != NULL)
		add_commands(to, tool);
	add_notes(to, tool);
}

/* ---- mdoc */

/* Text in which no character means anything to roff. */
static void
add_roff(struct buf *to, struct str text)
{
	static const struct { char c; const char *as; } special[] = {
		{ '\\', "\\e" }, { '\'', "\\(aq" }, { '`', "\\(ga" },
		{ '^', "\\(ha" }, { '~', "\\(ti" },
	};

	if (text.n > 0 && text.p[0] == '.')
		buf_add_str(to, STR("\\&"));
	for (size_t i = 0; i < text.n; i++) {
		const char *as = NULL;

		for (size_t k = 0; k < sizeof(special) / sizeof(special[0]); k++)
			if (special[k].c == text.p[i])
				as = special[k].as;
		if (as != NULL)
			buf_add_str(to, str_of(as));
		else
			buf_add_char(to, text.p[i]);
	}
}

/* ".It Fl k Ar EXPR , Fl -key Ns = Ns Ar EXPR" */
static void
add_name_man(struct buf *to, const struct opt *o)
{
	static const char *const before[] = { "", " Ns Op = Ns Ar \\&", " Ns = Ns Ar \\&" };
	static const char *const before_short[] = { "", " Ns Op Ar \\&", " Ar \\&" };
	const char *const        names[] = { o->name, o->alias };
	bool                     first = true;
	struct buf               placeholder;

	buf_init(&placeholder, BUF_NO_MAX);
	opt_placeholder(&placeholder, o);
	buf_add_str(to, STR(".It"));
	if (o->ch != 0) {
		buf_addf(to, " Fl \\&%c%s", o->ch, before_short[opt_takes(o)]);
		add_roff(to, buf_str(&placeholder));
		first = false;
	}
	for (size_t k = 0; k < 2; k++) {
		if (names[k] == NULL)
			continue;
		buf_addf(to, "%s Fl -%s%s", first ? "" : " ,", names[k], before[opt_takes(o)]);
		add_roff(to, buf_str(&placeholder));
		first = false;
	}
	buf_add_char(to, '\n');
	buf_release(&placeholder);
}

static void
add_help_man(struct buf *to, struct str help)
{
	char first = help.n == 0 ? '\0' : help.p[0];

	if (first >= 'a' && first <= 'z') {
		buf_add_char(to, (char)(first - 'a' + 'A'));
		help = str_slice(help, 1, help.n);
	}
	add_roff(to, help);
	buf_add_str(to, STR(".\n"));
}

/* A command's own options, under its name. */
static void
add_command_man(struct buf *to, const struct tool *command)
{
	if (command->opts->kind == OPT_KIND_END)
		return;
	buf_addf(to, ".Ss Options of %s\n.Bl -tag -width Ds\n", opt_command_name(command));
	for (const struct opt *o = command->opts; o->kind != OPT_KIND_END; o++) {
		add_name_man(to, o);
		add_help_man(to, str_of(o->help));
	}
	buf_add_str(to, STR(".El\n"));
}

void
opt_show_man(struct buf *to, const struct tool *tool)
{
	const struct opt *o;
	bool              open = false;

	for (size_t i = 0; (o = opt_at(tool, i)) != NULL; i++) {
		if (o->kind == OPT_KIND_HEADING) {
			buf_addf(to, "%s.Ss ", open ? ".El\n" : "");
			add_roff(to, str_of(o->help));
			buf_add_char(to, '\n');
			open = false;
			continue;
		}
		if (!open)
			buf_add_str(to, STR(".Bl -tag -width Ds\n"));
		open = true;
		add_name_man(to, o);
		add_help_man(to, str_of(o->help));
	}
	buf_add_str(to, STR(".El\n"));
	for (size_t i = 0; tool->commands != NULL && tool->commands[i] != NULL; i++)
		add_command_man(to, tool->commands[i]);
}
