/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt.c - obey a table of options
 *
 * getopt_long(3) splits the command line; what it cannot do is done here: full names
 * only (an abbreviation in a script breaks with the next new option), values
 * checked by kind, and errors that say what would have been right.
 */
#include "base/opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/opt_show.h"
#include "base/std.h"
#include "base/time.h"

enum { LONG_BASE = 256, MAX_NAME = 64 };

static const char *const forms[] = { "text", "man", "bash", "zsh", "fish", NULL };

const struct opt opt_builtins[OPT_BUILTINS] = {
	[OPT_HELP_HEADING] = { .kind = OPT_KIND_HEADING, .help = "Help" },
	[OPT_HELP] = { .kind = OPT_KIND_CHOICE,
	               .name = "help",
	               .arg = "[=FORM]",
	               .choices = forms,
	               .help = "show this; or the same as the list of a man page, or as a "
	                       "completion" },
	[OPT_VERSION] = { .kind = OPT_KIND_FLAG, .name = "version", .help = "print the version" },
};

/* ---- the table */

const struct opt *
opt_at(const struct tool *tool, size_t i)
{
	bool headings = false;

	for (const struct tool *t = tool; t != NULL; t = t->parent)
		for (const struct opt *o = t->opts; o->kind != OPT_KIND_END; o++, i--) {
			if (i == 0)
				return o;
			headings |= o->kind == OPT_KIND_HEADING;
		}
	i += headings ? OPT_HELP_HEADING : OPT_HELP;
	return i < OPT_BUILTINS ? &opt_builtins[i] : NULL;
}

/* Is an option of this long name among the first n? */
static bool
is_listed(const struct tool *tool, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const struct opt *o = opt_any(tool, i);

		if (o->kind != OPT_KIND_HEADING && strcmp(o->name, name) == 0)
			return true;
	}
	return false;
}

const struct opt *
opt_any(const struct tool *tool, size_t i)
{
	const struct opt *own = opt_at(tool, i);
	size_t            n = 0;

	if (own != NULL || tool->commands == NULL)
		return own;
	while (opt_at(tool, n) != NULL)
		n++;
	for (const struct tool *const *command = tool->commands; *command != NULL; command++) {
		for (const struct opt *o = (*command)->opts; o->kind != OPT_KIND_END; o++) {
			if (o->kind == OPT_KIND_HEADING || is_listed(tool, n, o->name))
				continue;
			if (n++ == i)
				return o;
		}
	}
	return NULL;
}

enum opt_takes
opt_takes(const struct opt *o)
{
	if (o->arg != NULL && o->arg[0] == '[' && o->arg[1] == '=')
		return OPT_TAKES_MAYBE;
	return o->arg == NULL && o->kind != OPT_KIND_CHOICE ? OPT_TAKES_NONE : OPT_TAKES_ONE;
}

/* Of the alternatives in "stop|skip|dead-letter=FILE": those in small letters, up to their "=". */
static void
add_alternatives(struct buf *to, const char *arg, const char *between)
{
	const char *separator = "";

	for (size_t n; *arg != '\0'; arg += n + (arg[n] == '|')) {
		n = strcspn(arg, "|");
		if (*arg < 'a' || *arg > 'z')
			continue;
		buf_addf(to, "%s%.*s%s", separator, (int)strcspn(arg, "|="), arg,
		         memchr(arg, '=', n) != NULL ? "=" : "");
		separator = between;
	}
}

bool
opt_words(struct buf *to, const struct opt *o, const char *between)
{
	size_t before = to->n;

	if (o->kind == OPT_KIND_CHOICE)
		for (size_t i = 0; o->choices[i] != NULL; i++)
			buf_addf(to, "%s%s", i == 0 ? "" : between, o->choices[i]);
	else if (o->arg != NULL && strchr(o->arg, '|') != NULL)
		add_alternatives(to, o->arg, between);
	return to->n > before;
}

void
opt_placeholder(struct buf *to, const struct opt *o)
{
	if (opt_takes(o) == OPT_TAKES_MAYBE)
		buf_add(to, o->arg + 2, strlen(o->arg) - 3);         /* without "[=" and "]" */
	else if (o->arg != NULL)
		buf_add_str(to, str_of(o->arg));
	else if (o->kind == OPT_KIND_CHOICE)
		opt_words(to, o, "|");
}

bool
opt_wants_file(const char *placeholder)
{
	return placeholder != NULL &&
	       (strstr(placeholder, "FILE") != NULL || strstr(placeholder, "DIR") != NULL);
}

const char *
opt_command_name(const struct tool *command)
{
	const char *space = strrchr(command->name, ' ');

	return space == NULL ? command->name : space + 1;
}

/* ---- values */

static int
read_int(const struct opt *o, const char *text, struct err *err)
{
	char        q[QUOTE_MAX], *end;
	const char *digits = text + (*text == '-');
	long long   v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (*digits < '0' || *digits > '9' || *end != '\0')
		return fail_as(err, STATUS_USAGE, "%s is not a whole number",
		               quote(q, str_of(text)));
	if (errno == ERANGE || v < o->min || v > o->max) {
		if (o->max == INT64_MAX)
			return fail_as(err, STATUS_USAGE, "%s is too %s (at least %lld)",
			               quote(q, str_of(text)),
			               *text == '-' || v < o->min ? "small" : "large",
			               (long long)o->min);
		return fail_as(err, STATUS_USAGE, "%s is not between %lld and %lld",
		               quote(q, str_of(text)), (long long)o->min, (long long)o->max);
	}
	*o->num = v;
	return 0;
}

/* 64k, 16MiB: powers of 1024; kB, MB: powers of 1000. False if suffix is none of them. */
static bool
read_unit(const char *suffix, int64_t *unit)
{
	static const char letters[] = "kMGT";
	const char       *letter;
	int64_t           step = 1024;

	*unit = 1;
	if (*suffix == '\0' || strcmp(suffix, "B") == 0)
		return true;
	letter = strchr(letters, *suffix == 'K' ? 'k' : *suffix);
	if (letter == NULL)
		return false;
	if (strcmp(suffix + 1, "B") == 0)
		step = 1000;
	else if (suffix[1] != '\0' && strcmp(suffix + 1, "iB") != 0)
		return false;
	for (const char *p = letters; p <= letter; p++)
		*unit *= step;
	return true;
}

static int
read_size(const struct opt *o, const char *text, struct err *err)
{
	char      q[QUOTE_MAX], *end;
	long long v;
	int64_t   unit, bytes;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || !read_unit(end, &unit))
		return fail_as(err, STATUS_USAGE, "%s is not a size (try 64k, 16MiB, 1G)",
		               quote(q, str_of(text)));
	if (errno == ERANGE || __builtin_mul_overflow(v, unit, &bytes) || bytes < o->min ||
	    bytes > o->max)
		return fail_as(err, STATUS_USAGE, "%s is not between %lld and %lld bytes",
		               quote(q, str_of(text)), (long long)o->min, (long long)o->max);
	*o->num = bytes;
	return 0;
}

static int
read_choice(const struct opt *o, const char *text, struct err *err)
{
	char       q[QUOTE_MAX];
	struct buf words;

	for (int i = 0; o->choices[i] != NULL; i++) {
		if (strcmp(text, o->choices[i]) == 0) {
			*o->choice = i;
			return 0;
		}
	}
	buf_init(&words, sizeof(err->msg));
	opt_words(&words, o, ", ");
	fail_as(err, STATUS_USAGE, "%s is not one of %.*s", quote(q, str_of(text)),
	        STR_ARGS(buf_str(&words)));
	buf_release(&words);
	return -1;
}

/* value is NULL where the option has no argument. */
static int
set_option(const struct opt *o, const char *value, struct err *err)
{
	switch (o->kind) {
	case OPT_KIND_FLAG:
		*o->flag = true;
		return 0;
	case OPT_KIND_STR:
		*o->str = value;
		return 0;
	case OPT_KIND_MS:
	case OPT_KIND_MS_SIGNED:
		return value == NULL ? 0
		                     : dur_parse(o->ms, str_of(value),
		                                 o->kind == OPT_KIND_MS_SIGNED, err);
	case OPT_KIND_INT:
		return value == NULL ? 0 : read_int(o, value, err);
	case OPT_KIND_SIZE:
		return value == NULL ? 0 : read_size(o, value, err);
	case OPT_KIND_CHOICE:
		return value == NULL ? 0 : read_choice(o, value, err);
	case OPT_KIND_CALL:
		return o->fn(o->fn_arg, value, err);
	case OPT_KIND_END:
	case OPT_KIND_HEADING:
		break;
	}
	return fail(err, "not an option");
}

/* ---- mistakes */

/* How many letters have to be added, removed or changed to make one name of the other
 * (Levenshtein). */
static size_t
distance(struct str a, struct str b)
{
	size_t row[MAX_NAME + 1];

	if (a.n > MAX_NAME || b.n > MAX_NAME)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t above = row[j], best = diagonal + (a.p[i - 1] != b.p[j - 1]);

			if (best > above + 1)
				best = above + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b.n];
}

/* An abbreviation is nearest to what it starts. */
static size_t
unlikeness(struct str typed, const char *name)
{
	if (name == NULL)
		return SIZE_MAX;
	return typed.n >= 3 && str_starts(str_of(name), typed) ? 0 : distance(typed, str_of(name));
}

/* Of a short name half of the letters would soon be others. */
static bool
is_like(struct str typed, const char *name, size_t d)
{
	return 2 * d <= typed.n && 2 * d <= strlen(name);
}

static const char *
nearest(const struct tool *tool, struct str typed)
{
	const struct opt *o;
	const char       *name = NULL;
	size_t            least = typed.n / 3 + 1;

	for (size_t i = 0; (o = opt_at(tool, i)) != NULL; i++) {
		const char *const names[] = { o->name, o->alias };

		for (size_t n = 0; n < 2 && o->kind != OPT_KIND_HEADING; n++) {
			size_t d = unlikeness(typed, names[n]);

			if ((d < least || (d == least && name == NULL)) &&
			    names[n] != NULL && is_like(typed, names[n], d)) {
				least = d;
				name = names[n];
			}
		}
	}
	return name;
}

const char *
opt_nearest_command(const struct tool *tool, const char *typed)
{
	const char *name = NULL;
	size_t      least = strlen(typed) / 3 + 2;

	for (size_t i = 0; tool->commands != NULL && tool->commands[i] != NULL; i++) {
		const char *command = opt_command_name(tool->commands[i]);
		size_t      d = unlikeness(str_of(typed), command);

		if (d < least) {
			least = d;
			name = command;
		}
	}
	return name;
}

/* What does here what the option does in another tool; NULL: nobody says. */
static const char *
find_foreign(const struct tool *tool, struct str name)
{
	for (const struct opt_foreign *f = tool->foreign_names; f != NULL && f->name != NULL; f++)
		if (str_eq(name, str_of(f->name)))
			return f->here;
	return NULL;
}

static _Noreturn void
die_of_unknown(const struct tool *tool, const char *word)
{
	struct str  typed = str_slice(str_of(word), 0, strcspn(word, "="));
	const char *here = find_foreign(tool, str_slice(typed, 2, typed.n));
	const char *name = nearest(tool, str_slice(typed, 2, typed.n));
	char        q[QUOTE_MAX];

	if (here != NULL)
		die(STATUS_USAGE, "unknown option %s (here: %s)", quote(q, typed), here);
	if (name == NULL)
		die(STATUS_USAGE, "unknown option %s (see --help)", quote(q, typed));
	die(STATUS_USAGE, "unknown option %s (did you mean --%s?)", quote(q, typed), name);
}

/* ---- getopt_long */

struct getopt_tables {
	char          *shorts;
	struct option *longs;
};

/* Values of long options are LONG_BASE and their place in the table; of short ones, the
 * character. */
static struct getopt_tables
make_tables(const struct tool *tool)
{
	static const int         has_arg[] = { no_argument, optional_argument, required_argument };
	static const char *const colons[] = { "", "::", ":" };
	struct getopt_tables t = { NULL, NULL };
	struct buf           shorts;
	size_t               n = 0, cap = 0;
	const struct opt    *o;

	buf_init(&shorts, BUF_NO_MAX);
	if (tool->operand != NULL || tool->stop_at_operand)
		buf_add_char(&shorts, tool->operand != NULL ? '-' : '+');
	buf_add_char(&shorts, ':');
	for (size_t i = 0; (o = opt_at(tool, i)) != NULL; i++) {
		const char *const names[] = { o->name, o->alias };

		if (o->kind == OPT_KIND_HEADING)
			continue;
		if (o->ch != 0)
			buf_addf(&shorts, "%c%s", o->ch, colons[opt_takes(o)]);
		for (size_t k = 0; k < 2; k++) {
			if (names[k] == NULL)
				continue;
			t.longs = mem_more(t.longs, n, &cap, sizeof(*t.longs));
			t.longs[n++] = (struct option){ names[k], has_arg[opt_takes(o)], NULL,
				                        LONG_BASE + (int)i };
		}
	}
	t.longs = mem_more(t.longs, n, &cap, sizeof(*t.longs));
	t.longs[n] = (struct option){ 0 };
	buf_add_char(&shorts, '\0');
	t.shorts = shorts.p;
	return t;
}

static const struct opt *
option_of(const struct tool *tool, int value)
{
	const struct opt *o;

	if (value >= LONG_BASE)
		return opt_at(tool, (size_t)(value - LONG_BASE));
	for (size_t i = 0; (o = opt_at(tool, i)) != NULL; i++)
		if (o->kind != OPT_KIND_HEADING && o->ch != 0 && o->ch == value)
			return o;
	return NULL;
}

/* The word of the command line that getopt_long has just taken a long option from. */
static const char *
word_taken(char **argv)
{
	return optarg != NULL && optarg == argv[optind - 1] ? argv[optind - 2] : argv[optind - 1];
}

static struct str
name_typed(char **argv)
{
	const char *word = word_taken(argv);

	return (struct str){ word + 2, strcspn(word + 2, "=") };
}

static bool
is_name(struct str typed, const char *name)
{
	return name != NULL && str_eq(typed, str_of(name));
}

/* getopt_long takes any beginning of a name for the name. */
static bool
is_full_name(const struct opt *o, char **argv)
{
	return is_name(name_typed(argv), o->name) || is_name(name_typed(argv), o->alias);
}

/* As it was typed, "--tumbling" or "-k", for messages. */
static void
spell(char to[MAX_NAME + 3], const struct opt *o, int value, char **argv)
{
	if (value < LONG_BASE)
		snprintf(to, MAX_NAME + 3, "-%c", value);
	else
		snprintf(to, MAX_NAME + 3, "--%s",
		         is_name(name_typed(argv), o->alias) ? o->alias : o->name);
}

/* What getopt_long answers with ':' (no argument where one is needed) and '?' (the rest). */
static _Noreturn void
die_of_misuse(const struct tool *tool, int answer, char **argv)
{
	const struct opt *o = optopt == 0 ? NULL : option_of(tool, optopt);
	char              name[MAX_NAME + 3], q[QUOTE_MAX], short_name[] = { '-', (char)optopt };
	struct buf        placeholder;

	optarg = NULL;
	if (optopt == 0 || (optopt >= LONG_BASE && !is_full_name(o, argv)))
		die_of_unknown(tool, argv[optind - 1]);
	if (o == NULL)
		die(STATUS_USAGE, "unknown option %s (see %s)",
		    quote(q, (struct str){ short_name, 2 }),
		    tool->foreign != NULL && strchr(tool->foreign, optopt) != NULL
		            ? tool->foreign_hint
		            : "--help");
	spell(name, o, optopt, argv);
	if (answer == '?')
		die(STATUS_USAGE, "%s takes no argument", name);
	buf_init(&placeholder, BUF_NO_MAX);
	opt_placeholder(&placeholder, o);
	die(STATUS_USAGE, "%s needs an argument (%.*s)", name, STR_ARGS(buf_str(&placeholder)));
}

static void
print_version(const struct tool *tool)
{
	char library[OPT_LIBRARY_MAX];

	printf("%s %s", tool->name, MAIP_VERSION);
	if (tool->library != NULL)
		printf(" (%s)", tool->library(library));
	putchar('\n');
}

static _Noreturn void
show_and_exit(const struct tool *tool, const struct opt *o, const char *form)
{
	char q[QUOTE_MAX];

	if (o == &opt_builtins[OPT_VERSION])
		print_version(tool);
	else if (opt_show(tool, form == NULL ? forms[0] : form) < 0)
		die(STATUS_USAGE, "--help: %s is not one of text, man, bash, zsh, fish",
		    quote(q, str_of(form)));
	if (fflush(stdout) != 0 || ferror(stdout))
		die(STATUS_IO, "cannot write to standard output: %s", strerror(errno));
	exit(STATUS_OK);
}

static void
obey(const struct tool *tool, int value, char **argv)
{
	const struct opt *o = option_of(tool, value);
	struct err        err = { .status = STATUS_USAGE };
	char              name[MAX_NAME + 3];

	if (value >= LONG_BASE && !is_full_name(o, argv))
		die_of_unknown(tool, word_taken(argv));
	spell(name, o, value, argv);
	if (o == &opt_builtins[OPT_HELP] || o == &opt_builtins[OPT_VERSION])
		show_and_exit(tool, o, optarg);
	if (set_option(o, optarg, &err) == 0)
		return;
	fail_in(&err, "%s", name);
	if (err.status == STATUS_BUG)
		err.status = STATUS_USAGE;
	if (tool->unusable == NULL || err.status == STATUS_USAGE)
		die(err.status, "%s", err.msg);
	if (tool->unusable->status == STATUS_OK)
		*tool->unusable = err;
}

/* "--one-or-more 3s": an optional argument stands behind an equals sign. bare is the option that
 * was the word before, or NULL. */
static void
check_operand(const struct opt *bare, const char *word)
{
	struct buf what;
	struct err ignored;
	int64_t    ms;
	char       q[QUOTE_MAX];

	if (bare == NULL || opt_takes(bare) != OPT_TAKES_MAYBE || access(word, F_OK) == 0)
		return;
	buf_init(&what, BUF_NO_MAX);
	opt_placeholder(&what, bare);
	if (str_eq(buf_str(&what), str_of(word)) ||
	    (str_eq(buf_str(&what), STR("GAP")) &&
	     dur_parse(&ms, str_of(word), true, &ignored) == 0))
		die(STATUS_USAGE, "--%s: its argument stands behind '=' (there is no file %s: "
		                  "write --%s=%s)",
		    bare->name, quote(q, str_of(word)), bare->name, word);
	buf_release(&what);
}

static void
take_operand(const struct tool *tool, const char *word)
{
	struct err err;

	if (tool->operand(tool->operand_arg, word, &err) < 0)
		die(err.status == STATUS_BUG ? STATUS_USAGE : err.status, "%s", err.msg);
}

int
opt_parse(const struct tool *tool, int argc, char **argv)
{
	struct getopt_tables t = make_tables(tool);
	const struct opt    *bare = NULL;
	int                  value;

	diag_name(tool->name);
	std_hold();
	/* glibc: start afresh, and read the first character of shorts again */
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		if (value == ':' || value == '?')
			break;
		if (value == 1) {
			check_operand(bare, optarg);
			take_operand(tool, optarg);
			bare = NULL;
		} else {
			obey(tool, value, argv);
			bare = optarg == NULL ? option_of(tool, value) : NULL;
		}
	}
	free(t.shorts);
	free(t.longs);
	if (value != -1)
		die_of_misuse(tool, value, argv);
	/* Past "--" there are only operands. */
	while (tool->operand != NULL && optind < argc)
		take_operand(tool, argv[optind++]);
	return optind;
}

int
opt_show(const struct tool *tool, const char *form)
{
	static void (*const show[])(struct buf *, const struct tool *) = {
		opt_show_text, opt_show_man, opt_show_bash, opt_show_zsh, opt_show_fish,
	};
	struct buf out;

	for (size_t i = 0; forms[i] != NULL; i++) {
		if (strcmp(form, forms[i]) != 0)
			continue;
		buf_init(&out, BUF_NO_MAX);
		show[i](&out, tool);
		fwrite(out.p, 1, out.n, stdout);
		buf_release(&out);
		return 0;
	}
	return -1;
}
