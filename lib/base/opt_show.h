/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt_show.h - what the files that show an option table share with the one that obeys it
 *
 * For opt*.c only; tools need nothing but opt.h.
 */
#ifndef MAIP_BASE_OPT_SHOW_H
#define MAIP_BASE_OPT_SHOW_H

#include "base/buf.h"
#include "base/opt.h"

/* --help and --version, which every table ends with; under a heading if the table has headings. */
enum { OPT_HELP_HEADING, OPT_HELP, OPT_VERSION, OPT_BUILTINS };
extern const struct opt opt_builtins[OPT_BUILTINS];

/* Option i of the tool, headings included, its own before those of the tool it is within and the
 * built-in ones last; NULL past the end. */
const struct opt *opt_at(const struct tool *tool, size_t i);

/* The same with the options of the tool's commands behind them, each long name once: what a shell
 * may complete. */
const struct opt *opt_any(const struct tool *tool, size_t i);

/* "list" of "maip-jobctl list". */
const char *opt_command_name(const struct tool *command);

enum opt_takes { OPT_TAKES_NONE, OPT_TAKES_MAYBE, OPT_TAKES_ONE };
enum opt_takes opt_takes(const struct opt *o);

/* The placeholder of its argument: "DURATION", "stop|skip"; empty if it takes none. Appended to
 * *to. */
void opt_placeholder(struct buf *to, const struct opt *o);

/* Does the placeholder or the tool's operands ask for the name of a file? */
bool opt_wants_file(const char *placeholder);

/* The words that its argument can be, with this between them: choices, or what a placeholder like
 * "none|DURATION" has in small letters. False if there are none. */
bool opt_words(struct buf *to, const struct opt *o, const char *between);

/* The five forms. */
void opt_show_text(struct buf *to, const struct tool *tool);
void opt_show_man(struct buf *to, const struct tool *tool);
void opt_show_bash(struct buf *to, const struct tool *tool);
void opt_show_zsh(struct buf *to, const struct tool *tool);
void opt_show_fish(struct buf *to, const struct tool *tool);

#endif
