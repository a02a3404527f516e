/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt_shell.c - the option table for shells: completions of bash, zsh and fish
 */
#include "base/opt_show.h"

/* The tool's name as part of a shell function's. */
static void
add_identifier(struct buf *to, const char *name)
{
	buf_add_char(to, '_');
	for (; *name != '\0'; name++)
		buf_add_char(to, *name == '-' || *name == ' ' ? '_' : *name);
}

/* text with a backslash before each byte of special. */
static void
add_escaped(struct buf *to, struct str text, const char *special)
{
	for (size_t i = 0; i < text.n; i++) {
		if (strchr(special, text.p[i]) != NULL)
			buf_add_char(to, '\\');
		buf_add_char(to, text.p[i]);
	}
}

/* "list show cancel", or with another separator. */
static void
add_commands(struct buf *to, const struct tool *tool, const char *between)
{
	for (size_t i = 0; tool->commands[i] != NULL; i++)
		buf_addf(to, "%s%s", i == 0 ? "" : between, opt_command_name(tool->commands[i]));
}

static bool
has_operands(const struct tool *command)
{
	return command->operand_words != NULL || command->operand_call != NULL;
}

/* "stream-processor anomaly-detector" */
static void
add_operand_words(struct buf *to, const struct tool *command)
{
	for (size_t i = 0; command->operand_words[i] != NULL; i++)
		buf_addf(to, "%s%s", i == 0 ? "" : " ", command->operand_words[i]);
}

/* ---- bash */

/* "-k|--key|--key=", for case; an optional argument follows only after "=". */
static void
add_bash_pattern(struct buf *to, const struct opt *o)
{
	const char *const names[] = { o->name, o->alias };
	const char       *between = "\t";

	if (opt_takes(o) == OPT_TAKES_ONE && o->ch != 0) {
		buf_addf(to, "\t-%c", o->ch);
		between = "|";
	}
	for (size_t i = 0; i < 2; i++) {
		if (names[i] == NULL)
			continue;
		if (opt_takes(o) == OPT_TAKES_ONE)
			buf_addf(to, "%s--%s|--%s=", between, names[i], names[i]);
		else
			buf_addf(to, "%s--%s=", between, names[i]);
		between = "|";
	}
	buf_add_str(to, STR(")\n"));
}

static void
add_bash_argument(struct buf *to, const struct opt *o)
{
	struct buf words;

	if (o->kind == OPT_KIND_HEADING || opt_takes(o) == OPT_TAKES_NONE)
		return;
	buf_init(&words, BUF_NO_MAX);
	add_bash_pattern(to, o);
	if (opt_words(&words, o, " "))
		buf_addf(to, "\t\tmapfile -t COMPREPLY < <(compgen -W '%.*s' -- \"$cur\")\n",
		         STR_ARGS(buf_str(&words)));
	else if (opt_wants_file(o->arg))
		buf_add_str(to, STR("\t\tcompopt -o filenames; mapfile -t COMPREPLY < <(compgen -f "
		                    "-- \"$cur\")\n"));
	buf_add_str(to, STR("\t\treturn ;;\n"));
	buf_release(&words);
}

/* Which command there is before the cursor, and what it takes. The shell cuts words at = and :, so
 * an address in an option that is handed on has to come from the whole line; and what is printed
 * may hold anything, so it is quoted. */
static void
add_bash_commands(struct buf *to, const struct tool *tool)
{
	buf_add_str(to, STR("\t\treturn\n"
	                    "\tfi\n"
	                    "\tlocal words word at\n"
	                    "\tread -ra words <<<\"${COMP_LINE:0:COMP_POINT}|\"\n"
	                    "\tunset 'words[-1]'\n"
	                    "\tfor ((at = 1; at < ${#words[@]}; at++)); do\n"
	                    "\t\tcase ${words[at]} in "));
	add_commands(to, tool, "|");
	buf_add_str(to, STR(") break ;; esac\n"
	                    "\tdone\n"
	                    "\tset --\n"
	                    "\tcase ${words[at]-} in\n"));
	for (size_t i = 0; tool->commands[i] != NULL; i++) {
		const struct tool *command = tool->commands[i];

		if (!has_operands(command))
			continue;
		buf_addf(to, "\t%s) ", opt_command_name(command));
		if (command->operand_words != NULL) {
			buf_add_str(to, STR("compopt -o filenames\n"
			                    "\t\tmapfile -t COMPREPLY < <(compgen -f -W '"));
			add_operand_words(to, command);
			buf_add_str(to, STR("' -- \"$cur\") ;;\n"));
		} else {
			buf_addf(to, "set -- %s ;;\n", command->operand_call);
		}
	}
	buf_add_str(to, STR("\t'') mapfile -t COMPREPLY < <(compgen -W '"));
	add_commands(to, tool, " ");
	buf_addf(to,
	         "' -- \"$cur\") ;;\n"
	         "\tesac\n"
	         "\t(($#)) || return\n"
	         "\tmapfile -t words < <(%s \"${words[@]:1:at-1}\" \"$@\" 2>/dev/null)\n"
	         "\tfor word in \"${words[@]}\"; do\n"
	         "\t\t[[ $word != \"$cur\"* ]] || COMPREPLY+=(\"$(printf %%q \"$word\")\")\n"
	         "\tdone\n"
	         "}\ncomplete -F ",
	         tool->name);
}

void
opt_show_bash(struct buf *to, const struct tool *tool)
{
	const struct opt *o;

	buf_addf(to, "# bash completion of %s; generated, see make docs\n", tool->name);
	add_identifier(to, tool->name);
	buf_add_str(
		to,
		STR("() {\n"
	            "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	            "\tlocal joined=\n"
	            "\tif [[ $cur == = ]]; then cur= joined==; fi\n"
	            "\tif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]} joined==; fi\n"
	            "\tCOMPREPLY=()\n"
	            "\tcase $prev$joined in\n"));
	for (size_t i = 0; (o = opt_any(tool, i)) != NULL; i++)
		add_bash_argument(to, o);
	buf_add_str(to, STR("\tesac\n"
	                    "\tif [[ $cur == -* ]]; then\n"
	                    "\t\tmapfile -t COMPREPLY < <(compgen -W '"));
	for (size_t i = 0; (o = opt_any(tool, i)) != NULL; i++)
		if (o->kind != OPT_KIND_HEADING)
			buf_addf(to, "%s--%s%s%s", i == 0 ? "" : " ", o->name,
			         o->alias != NULL ? " --" : "", o->alias != NULL ? o->alias : "");
	buf_add_str(to, STR("' -- \"$cur\")\n"));
	if (tool->commands == NULL && opt_wants_file(tool->operands))
		buf_add_str(to, STR("\telse\n\t\tcompopt -o filenames; mapfile -t COMPREPLY < "
		                    "<(compgen -f -- \"$cur\")\n"));
	if (tool->commands != NULL)
		add_bash_commands(to, tool);
	else
		buf_add_str(to, STR("\tfi\n}\ncomplete -F "));
	add_identifier(to, tool->name);
	buf_addf(to, " %s\n", tool->name);
}

/* ---- zsh */

/* Between single quotes, in a place where brackets and colons mean something. */
static void
add_zsh_text(struct buf *to, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\'')
			buf_add_str(to, STR("'\\''"));
		else
			add_escaped(to, str_slice(text, i, i + 1), "[]\\:");
	}
}

/* ":EXPR:", ":FILE:_files", ":on-error:(stop skip)"; one more colon before an optional one. */
static void
add_zsh_argument(struct buf *to, const struct opt *o)
{
	struct buf part;

	buf_init(&part, BUF_NO_MAX);
	buf_add_str(to, opt_takes(o) == OPT_TAKES_MAYBE ? STR("::") : STR(":"));
	if (opt_words(&part, o, " ")) {
		buf_addf(to, "%s:(%.*s)", o->name, STR_ARGS(buf_str(&part)));
	} else {
		opt_placeholder(&part, o);
		add_zsh_text(to, buf_str(&part));
		buf_addf(to, ":%s", opt_wants_file(o->arg) ? "_files" : "");
	}
	buf_release(&part);
}

/* "'*--key=[help]:EXPR:'"; dashes and name make "-k" or "--key". Only OPT_CALL options may come
 * more than once. */
static void
add_zsh_spec(struct buf *to, const struct opt *o, const char *dashes, struct str name)
{
	static const char *const long_end[] = { "", "=-", "=" };
	static const char *const short_end[] = { "", "-", "+" };

	buf_addf(to, " \\\n\t'%s%s%.*s%s[", o->kind == OPT_KIND_CALL ? "*" : "", dashes,
	         STR_ARGS(name),
	         dashes[1] == '\0' ? short_end[opt_takes(o)] : long_end[opt_takes(o)]);
	add_zsh_text(to, str_of(o->help));
	buf_add_char(to, ']');
	if (opt_takes(o) != OPT_TAKES_NONE)
		add_zsh_argument(to, o);
	buf_add_char(to, '\'');
}

/* Behind the options: which command, and what that takes. words[1] is the command then. */
static void
add_zsh_commands(struct buf *to, const struct tool *tool)
{
	buf_add_str(to, STR(" \\\n\t'1:COMMAND:("));
	add_commands(to, tool, " ");
	buf_add_str(to, STR(")' \\\n\t'*::ARGUMENT:->operand' && return\n"
	                    "[[ $state == operand ]] || return 1\n"
	                    "case $words[1] in\n"));
	for (size_t i = 0; tool->commands[i] != NULL; i++) {
		const struct tool *command = tool->commands[i];

		if (!has_operands(command))
			continue;
		buf_addf(to, "%s) ", opt_command_name(command));
		if (command->operand_words != NULL) {
			buf_add_str(to, STR("_files; compadd -- "));
			add_operand_words(to, command);
			buf_add_str(to, STR(" ;;\n"));
			continue;
		}
		buf_addf(to,
		         "compadd -- "
		         "${(f)\"$(%s ${all[2,${all[(i)$words[1]]}-1]} %s 2>/dev/null)\"} ;;\n",
		         tool->name, command->operand_call);
	}
	buf_add_str(to, STR("esac"));
}

void
opt_show_zsh(struct buf *to, const struct tool *tool)
{
	const struct opt *o;

	buf_addf(to, "#compdef %s\n# zsh completion; generated, see make docs\n", tool->name);
	if (tool->commands != NULL)
		buf_add_str(to, STR("local -a all=($words) line\n"
		                    "local curcontext=$curcontext context state state_descr\n"
		                    "local -A opt_args\n"
		                    "_arguments -s -C"));
	else
		buf_add_str(to, STR("_arguments -s"));
	for (size_t i = 0; (o = opt_any(tool, i)) != NULL; i++) {
		if (o->kind == OPT_KIND_HEADING)
			continue;
		if (o->ch != 0)
			add_zsh_spec(to, o, "-", (struct str){ &o->ch, 1 });
		add_zsh_spec(to, o, "--", str_of(o->name));
		if (o->alias != NULL)
			add_zsh_spec(to, o, "--", str_of(o->alias));
	}
	if (tool->commands != NULL)
		add_zsh_commands(to, tool);
	else if (opt_wants_file(tool->operands))
		buf_add_str(to, STR(" \\\n\t'*:FILE:_files'"));
	buf_add_char(to, '\n');
}

/* ---- fish */

static void
add_fish_option(struct buf *to, const struct tool *tool, const struct opt *o, const char *name)
{
	struct buf words;

	buf_init(&words, BUF_NO_MAX);
	buf_addf(to, "complete -c %s -l %s", tool->name, name);
	if (o->ch != 0 && name == o->name)
		buf_addf(to, " -s %c", o->ch);
	if (opt_words(&words, o, " "))
		buf_addf(to, "%s -a '%.*s'", opt_takes(o) == OPT_TAKES_ONE ? " -x" : "",
		         STR_ARGS(buf_str(&words)));
	else if (opt_takes(o) == OPT_TAKES_ONE)
		buf_add_str(to, opt_wants_file(o->arg) ? STR(" -rF") : STR(" -x"));
	buf_add_str(to, STR(" -d '"));
	add_escaped(to, str_of(o->help), "'\\");
	buf_add_str(to, STR("'\n"));
	buf_release(&words);
}

static void
add_fish_commands(struct buf *to, const struct tool *tool)
{
	buf_add_str(to, STR("function "));
	add_identifier(to, tool->name);
	buf_add_str(to, STR("_words\n"
	                    "\tset -l before\n"
	                    "\tfor word in (commandline -opc)[2..]\n"
	                    "\t\tcontains -- $word "));
	add_commands(to, tool, " ");
	buf_addf(to, "; and break\n"
	             "\t\tset -a before $word\n"
	             "\tend\n"
	             "\t%s $before $argv 2>/dev/null\n"
	             "end\n"
	             "complete -c %s -n 'not __fish_seen_subcommand_from ",
	         tool->name, tool->name);
	add_commands(to, tool, " ");
	buf_add_str(to, STR("' -a '"));
	add_commands(to, tool, " ");
	buf_add_str(to, STR("'\n"));
	for (size_t i = 0; tool->commands[i] != NULL; i++) {
		const struct tool *command = tool->commands[i];

		if (!has_operands(command))
			continue;
		buf_addf(to, "complete -c %s -n '__fish_seen_subcommand_from %s'", tool->name,
		         opt_command_name(command));
		if (command->operand_words != NULL) {
			buf_add_str(to, STR(" -F -a '"));
			add_operand_words(to, command);
			buf_add_str(to, STR("'\n"));
			continue;
		}
		buf_add_str(to, STR(" -a '("));
		add_identifier(to, tool->name);
		buf_addf(to, "_words %s)'\n", command->operand_call);
	}
}

void
opt_show_fish(struct buf *to, const struct tool *tool)
{
	const struct opt *o;

	buf_addf(to, "# fish completion; generated, see make docs\n");
	if (!opt_wants_file(tool->operands))
		buf_addf(to, "complete -c %s -f\n", tool->name);
	if (tool->commands != NULL)
		add_fish_commands(to, tool);
	for (size_t i = 0; (o = opt_any(tool, i)) != NULL; i++) {
		if (o->kind == OPT_KIND_HEADING)
			continue;
		add_fish_option(to, tool, o, o->name);
		if (o->alias != NULL)
			add_fish_option(to, tool, o, o->alias);
	}
}
