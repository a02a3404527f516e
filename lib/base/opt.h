/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt.h - one table of options a tool
 *
 * The table drives getopt_long(3), --help, the OPTIONS section of the man page
 * and the completions of bash, zsh and fish, so none of them can disagree.
 * Options are data: a kind says how a value is read and where it goes.
 *
 * Of an option that holds one value, every kind but OPT_KIND_CALL, the last counts if it comes
 * more than once; an OPT_KIND_CALL that does not add up does the same, or refuses.
 *
 * Every tool also understands --help[=FORM] (FORM: man, bash, zsh, fish) and
 * --version, which the table need not list.
 */
#ifndef MAIP_BASE_OPT_H
#define MAIP_BASE_OPT_H

#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_FLAG,                  /* bool: set to true */
	OPT_KIND_STR,                   /* const char *: the argument, borrowed from argv */
	OPT_KIND_MS,                    /* int64_t: a duration, not negative */
	OPT_KIND_MS_SIGNED,             /* int64_t: a duration, may be negative */
	OPT_KIND_INT,                   /* int64_t: a whole number in [min, max] */
	OPT_KIND_SIZE,                  /* int64_t: bytes, "16MiB", "64k" */
	OPT_KIND_CHOICE,                /* int: index in choices */
	/* fn(arg, value, err): repeatable options, options whose order matters */
	OPT_KIND_CALL,
	OPT_KIND_HEADING                /* no option: starts a group in --help; help is its title */
};

/* value is NULL for an option without an argument. */
typedef int opt_fn(void *arg, const char *value, struct err *err);

struct opt {
	enum opt_kind      kind;
	char               ch;          /* short name, or 0 */
	const char        *name;        /* long name, without dashes */
	/* placeholder, "DURATION"; NULL for a flag; "[=GAP]" style for an optional one */
	const char        *arg;
	const char        *help;        /* one line; lower case, no full stop */
	const char *const *choices;     /* CHOICE: words, NULL at the end */
	int64_t            min, max;    /* INT, SIZE */
	const char        *alias;       /* another long spelling, "kafka.bootstrap", or NULL */
	/* accepted and documented in the man page, but not in --help */
	bool               hidden;
	union {                         /* named by kind */
		bool        *flag;
		const char **str;
		int64_t     *ms;
		int64_t     *num;
		int         *choice;
		struct { opt_fn *fn; void *fn_arg; };
	};
};

/* Each takes the address of the variable that the option sets, so that the compiler checks its
 * type. */
#define OPT_FLAG(c, n, p, h) \
	{ .kind = OPT_KIND_FLAG, .ch = c, .name = n, .flag = p, .help = h }
#define OPT_STR(c, n, p, a, h) \
	{ .kind = OPT_KIND_STR, .ch = c, .name = n, .str = p, .arg = a, .help = h }
#define OPT_MS(c, n, p, a, h) \
	{ .kind = OPT_KIND_MS, .ch = c, .name = n, .ms = p, .arg = a, .help = h }
#define OPT_MS_SIGNED(c, n, p, a, h) \
	{ .kind = OPT_KIND_MS_SIGNED, .ch = c, .name = n, .ms = p, .arg = a, .help = h }
#define OPT_INT(c, n, p, lo, hi, a, h) \
	{ .kind = OPT_KIND_INT, .ch = c, .name = n, .num = p, \
	  .min = lo, .max = hi, .arg = a, .help = h }
#define OPT_SIZE(c, n, p, lo, hi, a, h) \
	{ .kind = OPT_KIND_SIZE, .ch = c, .name = n, .num = p, \
	  .min = lo, .max = hi, .arg = a, .help = h }
#define OPT_CHOICE(c, n, p, w, h) \
	{ .kind = OPT_KIND_CHOICE, .ch = c, .name = n, .choice = p, .choices = w, .help = h }
#define OPT_CALL(c, n, f, x, a, h) \
	{ .kind = OPT_KIND_CALL, .ch = c, .name = n, .fn = f, .fn_arg = x, .arg = a, .help = h }
#define OPT_HEADING(h) { .kind = OPT_KIND_HEADING, .help = h }
/* OPT_STR and OPT_CALL with an optional argument get value NULL without it; other kinds keep what
 * they were. */
#define OPT_END        { .kind = OPT_KIND_END }

/* A long option that another tool has, without dashes, and what does that here. */
struct opt_foreign {
	const char *name;
	const char *here;
};

#define OPT_LIBRARY_MAX 80

struct tool {
	const char       *name;         /* "maip-window" */
	const char       *operands;     /* "[FILE]...", "" for none */
	const char       *summary;      /* one line for --help and the man page's NAME */
	const struct opt *opts;
	/* For a tool whose operands are part of its language ("(" .. ")" of maip-cep): called for
	 * each operand in its place among the options; opt_parse then returns argc. NULL: options
	 * and operands may be mixed, opt_parse returns where the operands start. */
	opt_fn           *operand;
	void             *operand_arg;
	/* the first operand ends the options: "maip-jobctl COMMAND ..." */
	bool              stop_at_operand;
	/* Tools within this one, "maip-jobctl list" and so on, NULL at the end: --help lists
	 * them, the man page and the completions have their options, too. The tool itself finds
	 * and parses them. NULL: none. */
	const struct tool *const *commands;
	/* Of a command: the tool it is within, whose options it obeys, too, so that they may stand
	 * behind its name as well as before it. NULL: none. */
	const struct tool        *parent;
	/* Of a command, for completions. What an operand can be: words, NULL at the end, besides
	 * the name of a file; or what the tool prints, a word a line, if it is called with its own
	 * options and these arguments, separated by spaces. NULL: nobody says. */
	const char *const        *operand_words;
	const char               *operand_call;
	/* Letters that are options of another tool whose users come to this one, and where they
	 * find what those are here ("FOR USERS OF KCAT in maip-consume(1)"); NULL: none. */
	const char               *foreign, *foreign_hint;
	/* Their long options, of which the message says it at once; a NULL name at the end. NULL:
	 * none. */
	const struct opt_foreign *foreign_names;
	/* Where the first option is noted that is spelled right, and of no use all the same (a file
	 * that cannot be read): any status but STATUS_USAGE. The caller sets it to STATUS_OK
	 * before, and ends with it in its own time. NULL: it ends the process, as a misspelt one
	 * does. */
	struct err               *unusable;
	/* What --version tells of a library whose version matters as much: written to to, which is
	 * returned; NULL: of none. */
	const char             *(*library)(char to[OPT_LIBRARY_MAX]);
};

/* The command whose name comes closest to what was typed, for "did you mean"; NULL: nothing is
 * close. */
const char *opt_nearest_command(const struct tool *tool, const char *typed);

/* Obey the table; returns the index of the first operand (argv is permuted). On misuse prints one
 * line, "NAME: --tumbling: '5x' is not a duration (try 30s, 5m, 1h)", and exits with
 * STATUS_USAGE; --help and --version print to stdout and exit with 0. Names cannot be
 * abbreviated; an unknown one is answered with the nearest known. An operand that is no file and
 * looks like the argument of the option before it, "--one-or-more 3s", is a mistake, too. An
 * OPT_CALL or operand function that fails with a status of its own (STATUS_NOINPUT, say) ends the
 * tool with that, unless tool->unusable takes it. Calls diag_name() and std_hold(), so it comes
 * before anything is opened. */
int opt_parse(const struct tool *tool, int argc, char **argv);

/* Print the table to stdout as "text", "man" (mdoc lists), "bash", "zsh" or "fish". -1 if form is
 * unknown. */
int opt_show(const struct tool *tool, const char *form);

#endif
