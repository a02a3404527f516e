/* SPDX-License-Identifier: Apache-2.0 */
/* The option table: what it sets, what it says about mistakes, what it shows. */
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/opt.h"

static bool        quick;
static const char *name;
static int64_t     size_ms, shift_ms, count, bytes;
static int         policy;
static char        calls[200];

static int
note(void *arg, const char *value, struct err *err)
{
	size_t n = strlen(calls);

	if (value != NULL && strcmp(value, "bad") == 0)
		return fail(err, "'bad' is bad");
	if (value != NULL && strcmp(value, "gone") == 0)
		return fail_as(err, STATUS_NOINPUT, "'gone' is gone");
	snprintf(calls + n, sizeof(calls) - n, "%s(%s)", (const char *)arg, value == NULL ? "" : value);
	return 0;
}

static const char *const policies[] = { "stop", "skip", "dead-letter", NULL };

static const struct opt opts[] = {
	OPT_HEADING("Windows"),
	OPT_MS('s', "tumbling", &size_ms, "DURATION", "windows of this length, one after the other without a gap or an overlap"),
	OPT_MS_SIGNED(0, "offset", &shift_ms, "DURATION", "shift the windows by this much"),
	OPT_HEADING("Other things"),
	OPT_FLAG('q', "quick", &quick, "be quick about it"),
	{ .kind = OPT_KIND_STR, .ch = 'b', .name = "brokers", .str = &name, .arg = "HOST:PORT,...", .alias = "kafka.bootstrap",
	  .help = "brokers to start from (default MAIP_KAFKA_BROKERS)" },
	OPT_INT('c', "max-messages", &count, 1, INT64_MAX, "N", "stop after so many records"),
	OPT_INT(0, "level", &count, -5, 9, "N", "how hard to try"),
	OPT_SIZE(0, "max-line", &bytes, 1, 1 << 30, "SIZE", "longest line that is taken (default 16MiB)"),
	OPT_CHOICE(0, "on-error", &policy, policies, "what to do with a line that is not a record (default stop)"),
	OPT_CALL('w', "where", note, (void *)"where", "EXPR", "only records for which this holds"),
	OPT_CALL('o', "one-or-more", note, (void *)"more", "[=GAP]", "the element comes at least once; it's [greedy]"),
	OPT_CALL(0, "optional", note, (void *)"optional", NULL, "the element may be missing"),
	OPT_CALL(0, "watermark", note, (void *)"watermark", "none|DURATION|file=FILE", "how late records may be"),
	OPT_STR(0, "late", &name, "FILE", "where late records go"),
	{ .kind = OPT_KIND_FLAG, .name = "secret", .flag = &quick, .help = "be secretive", .hidden = true },
	OPT_END
};

static const struct tool tool = {
	.name = "maip-test", .operands = "[FILE]...", .summary = "test what tools do with their options", .opts = opts,
};
static const struct tool ordered = { .name = "maip-test",
	                             .operands = "",
	                             .opts = opts,
	                             .operand = note,
	                             .operand_arg = (void *)"operand" };
static const struct tool prefix = { .name = "maip-test", .operands = "COMMAND", .opts = opts, .stop_at_operand = true };

enum { MAX_WORDS = 12 };

/* opt_parse of words, the first of which is not the tool's name; NULL ends them. */
static int
parse(const struct tool *t, const char *const *words, char **argv)
{
	int argc = 0;

	argv[argc++] = (char *)(uintptr_t)"maip-test";
	for (; *words != NULL && argc < MAX_WORDS; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	argv[argc] = NULL;
	return opt_parse(t, argc, argv);
}

#define PARSE(t, argv, ...) parse(t, (const char *const[]){ __VA_ARGS__, NULL }, argv)

static int
forget(void **state)
{
	(void)state;
	quick = false;
	name = NULL;
	size_ms = shift_ms = count = bytes = 0;
	policy = -1;
	calls[0] = '\0';
	return 0;
}

/* Everything that a child prints while it parses, and how it ends. */
static int
outcome(const struct tool *t, const char *const *words, char *to, size_t max)
{
	char   *argv[MAX_WORDS + 2];
	int     ends[2], status;
	size_t  n = 0;
	ssize_t got;
	pid_t   child;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		parse(t, words, argv);
		_exit(99);
	}
	close(ends[1]);
	while (n + 1 < max && (got = read(ends[0], to + n, max - 1 - n)) > 0)
		n += (size_t)got;
	to[n] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
every_kind_of_value_goes_where_it_belongs(void **state)
{
	char *argv[MAX_WORDS + 2];

	(void)state;
	assert_int_equal(PARSE(&tool, argv, "--tumbling", "5m", "--offset=-1h", "-q", "--max-messages=7", "--max-line", "16MiB",
	                       "--on-error", "skip", "--late", "f"), 12);
	assert_int_equal(size_ms, 300000);
	assert_int_equal(shift_ms, -3600000);
	assert_true(quick);
	assert_int_equal(count, 7);
	assert_int_equal(bytes, 16 << 20);
	assert_int_equal(policy, 1);
	assert_string_equal(name, "f");
}

static void
of_an_option_given_twice_the_last_counts(void **state)
{
	char *argv[MAX_WORDS + 2];

	(void)state;
	PARSE(&tool, argv, "-s", "5s", "--tumbling=1m", "--offset=1s", "--offset=-1s");
	assert_int_equal(size_ms, 60000);
	assert_int_equal(shift_ms, -1000);
	PARSE(&tool, argv, "-b", "one", "--kafka.bootstrap=two", "-c", "3", "-c", "2");
	assert_string_equal(name, "two");
	assert_int_equal(count, 2);
	PARSE(&tool, argv, "--max-line=2k", "--max-line=1k", "--on-error=skip", "--on-error=stop",
	      "-q", "-q");
	assert_int_equal(bytes, 1024);
	assert_int_equal(policy, 0);
	assert_true(quick);
}

static void
short_names_take_their_argument_with_or_without_a_space(void **state)
{
	char *argv[MAX_WORDS + 2];

	(void)state;
	PARSE(&tool, argv, "-s5m", "-c", "3", "-qwx", "-o", "-o5m");
	assert_int_equal(size_ms, 300000);
	assert_int_equal(count, 3);
	assert_true(quick);
	assert_string_equal(calls, "where(x)more()more(5m)");
}

static void
sizes_have_units(void **state)
{
	static const struct { const char *text; int64_t want;
	} cases[] = {
		{ "1", 1 },        { "10B", 10 },      { "64k", 65536 },
		{ "64K", 65536 },  { "64KiB", 65536 }, { "64kB", 64000 },
		{ "1M", 1 << 20 }, { "1MB", 1000000 }, { "1G", 1 << 30 },
	};
	char *argv[MAX_WORDS + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		PARSE(&tool, argv, "--max-line", cases[i].text);
		assert_int_equal(bytes, cases[i].want);
	}
}

static void
another_spelling_is_the_same_option(void **state)
{
	char *argv[MAX_WORDS + 2];

	(void)state;
	PARSE(&tool, argv, "--kafka.bootstrap", "a:1");
	assert_string_equal(name, "a:1");
	PARSE(&tool, argv, "--kafka.bootstrap=b:1");
	assert_string_equal(name, "b:1");
	PARSE(&tool, argv, "-b", "c:1");
	assert_string_equal(name, "c:1");
}

static void
options_and_operands_may_be_mixed(void **state)
{
	char *argv[MAX_WORDS + 2];
	int   first = PARSE(&tool, argv, "a", "-q", "b", "--", "-c");

	(void)state;
	assert_true(quick);
	assert_int_equal(first, 3);
	assert_string_equal(argv[3], "a");
	assert_string_equal(argv[4], "b");
	assert_string_equal(argv[5], "-c");
}

static void
operands_can_be_part_of_the_language(void **state)
{
	char *argv[MAX_WORDS + 2];

	(void)state;
	assert_int_equal(PARSE(&ordered, argv, "--where", "x", "(", "--one-or-more=5m", ")", "--optional", "--one-or-more", "a", "--", "-q"), 11);
	assert_string_equal(calls, "where(x)operand(()more(5m)operand())optional()more()operand(a)operand(-q)");
	assert_false(quick);
}

static void
the_first_operand_can_end_the_options(void **state)
{
	char *argv[MAX_WORDS + 2];

	(void)state;
	assert_int_equal(PARSE(&prefix, argv, "-q", "list", "--running"), 2);
	assert_true(quick);
	assert_string_equal(argv[2], "list");
}

static void
what_cannot_be_used_can_be_told_later_and_what_is_misspelt_cannot(void **state)
{
	struct err  unusable = { .status = STATUS_OK };
	struct tool patient = tool;
	char       *argv[MAX_WORDS + 2], told[1000];

	(void)state;
	patient.unusable = &unusable;
	assert_int_equal(PARSE(&patient, argv, "-q", "a"), 2);
	assert_int_equal(unusable.status, STATUS_OK);
	assert_int_equal(PARSE(&patient, argv, "-w", "gone", "--where", "gone", "-c", "7"), 7);
	assert_int_equal(unusable.status, STATUS_NOINPUT);
	assert_string_equal(unusable.msg, "-w: 'gone' is gone");
	assert_int_equal(count, 7);
	assert_int_equal(outcome(&patient, (const char *const[]){ "--where", "bad", NULL }, told,
	                         sizeof(told)),
	                 STATUS_USAGE);
	assert_string_equal(told, "maip-test: --where: 'bad' is bad\n");
}

static void
a_mistake_is_answered_with_what_would_be_right(void **state)
{
	static const struct { const char *words[3]; const char *want; int status; } cases[] = {
		{ { "--tumbling", "5x" }, "--tumbling: '5x' is not a duration (try 30s, 5m, 1h)", STATUS_USAGE },
		{ { "--tumbling=5x" }, "--tumbling: '5x' is not a duration (try 30s, 5m, 1h)", STATUS_USAGE },
		{ { "-s", "5x" }, "-s: '5x' is not a duration (try 30s, 5m, 1h)", STATUS_USAGE },
		{ { "--tumbling", "-5m" }, "--tumbling: '-5m' is negative, which has no meaning here", STATUS_USAGE },
		{ { "--tumblin", "5m" }, "unknown option '--tumblin' (did you mean --tumbling?)", STATUS_USAGE },
		{ { "--tumblin=5m" }, "unknown option '--tumblin' (did you mean --tumbling?)", STATUS_USAGE },
		{ { "--tumbleing", "5m" }, "unknown option '--tumbleing' (did you mean --tumbling?)", STATUS_USAGE },
		{ { "--tum" }, "unknown option '--tum' (did you mean --tumbling?)", STATUS_USAGE },
		{ { "--kafka.b", "x" }, "unknown option '--kafka.b' (did you mean --kafka.bootstrap?)", STATUS_USAGE },
		{ { "--qiuck" }, "unknown option '--qiuck' (did you mean --quick?)", STATUS_USAGE },
		{ { "--o", "x" }, "unknown option '--o' (see --help)", STATUS_USAGE },
		{ { "--foo" }, "unknown option '--foo' (see --help)", STATUS_USAGE },
		{ { "--hlep" }, "unknown option '--hlep' (did you mean --help?)", STATUS_USAGE },
		{ { "--completely-different" }, "unknown option '--completely-different' (see --help)", STATUS_USAGE },
		{ { "-Z" }, "unknown option '-Z' (see --help)", STATUS_USAGE },
		{ { "--tumbling" }, "--tumbling needs an argument (DURATION)", STATUS_USAGE },
		{ { "-c" }, "-c needs an argument (N)", STATUS_USAGE },
		{ { "--on-error" }, "--on-error needs an argument (stop|skip|dead-letter)", STATUS_USAGE },
		{ { "--quick=yes" }, "--quick takes no argument", STATUS_USAGE },
		{ { "--on-error", "halt" }, "--on-error: 'halt' is not one of stop, skip, dead-letter", STATUS_USAGE },
		{ { "--max-messages", "x" }, "--max-messages: 'x' is not a whole number", STATUS_USAGE },
		{ { "--max-messages", "" }, "--max-messages: '' is not a whole number", STATUS_USAGE },
		{ { "--max-messages", " 1" }, "--max-messages: ' 1' is not a whole number", STATUS_USAGE },
		{ { "--max-messages", "1.5" }, "--max-messages: '1.5' is not a whole number", STATUS_USAGE },
		{ { "--max-messages", "0" }, "--max-messages: '0' is too small (at least 1)", STATUS_USAGE },
		{ { "--max-messages", "-9999999999999999999" }, "--max-messages: '-9999999999999999999' is too small (at least 1)", STATUS_USAGE },
		{ { "--level", "10" }, "--level: '10' is not between -5 and 9", STATUS_USAGE },
		{ { "--max-line", "5q" }, "--max-line: '5q' is not a size (try 64k, 16MiB, 1G)", STATUS_USAGE },
		{ { "--max-line", "-5" }, "--max-line: '-5' is not a size (try 64k, 16MiB, 1G)", STATUS_USAGE },
		{ { "--max-line", "5kb" }, "--max-line: '5kb' is not a size (try 64k, 16MiB, 1G)", STATUS_USAGE },
		{ { "--max-line", "2G" }, "--max-line: '2G' is not between 1 and 1073741824 bytes", STATUS_USAGE },
		{ { "--max-line", "9223372036854775807T" }, "--max-line: '9223372036854775807T' is not between 1 and 1073741824 bytes", STATUS_USAGE },
		{ { "--where", "bad" }, "--where: 'bad' is bad", STATUS_USAGE },
		{ { "--where", "gone" }, "--where: 'gone' is gone", STATUS_NOINPUT },
		{ { "--help=html" }, "--help: 'html' is not one of text, man, bash, zsh, fish", STATUS_USAGE },
		{ { "--tumbling", "\x1B[2J" }, "--tumbling: '\\x1b[2J' is not a duration (try 30s, 5m, 1h)", STATUS_USAGE },
	};
	char got[1000], want[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = outcome(&tool, cases[i].words, got, sizeof(got));

		snprintf(want, sizeof(want), "maip-test: %s\n", cases[i].want);
		assert_string_equal(got, want);
		assert_int_equal(status, cases[i].status);
	}
	assert_int_equal(outcome(&ordered, (const char *const[]){ "bad", NULL }, got, sizeof(got)),
	                 STATUS_USAGE);
	assert_string_equal(got, "maip-test: 'bad' is bad\n");
	assert_int_equal(outcome(&ordered, (const char *const[]){ "--one-or-more", "3s", NULL }, got, sizeof(got)),
	                 STATUS_USAGE);
	assert_string_equal(got, "maip-test: --one-or-more: its argument stands behind '=' (there is no file '3s': write --one-or-more=3s)\n");
}

static const char *
name_library(char to[OPT_LIBRARY_MAX])
{
	return strcpy(to, "libthing 1.2");
}

static void
help_is_aligned_and_fits_a_terminal(void **state)
{
	static const char want[] =
		"usage: maip-test [OPTION]... [FILE]...\n"
		"test what tools do with their options\n"
		"\n"
		"Windows:\n"
		"  -s, --tumbling=DURATION  windows of this length, one after the other without a\n"
		"                           gap or an overlap\n"
		"      --offset=DURATION    shift the windows by this much\n"
		"\n"
		"Other things:\n"
		"  -q, --quick              be quick about it\n"
		"  -b, --brokers=HOST:PORT,...\n"
		"                           brokers to start from (default MAIP_KAFKA_BROKERS)\n"
		"  -c, --max-messages=N     stop after so many records\n"
		"      --level=N            how hard to try\n"
		"      --max-line=SIZE      longest line that is taken (default 16MiB)\n"
		"      --on-error=stop|skip|dead-letter\n"
		"                           what to do with a line that is not a record (default\n"
		"                           stop)\n"
		"  -w, --where=EXPR         only records for which this holds\n"
		"  -o, --one-or-more[=GAP]  the element comes at least once; it's [greedy]\n"
		"      --optional           the element may be missing\n"
		"      --watermark=none|DURATION|file=FILE\n"
		"                           how late records may be\n"
		"      --late=FILE          where late records go\n"
		"\n"
		"Help:\n"
		"      --help[=FORM]        show this; or the same as the list of a man page, or\n"
		"                           as a completion\n"
		"      --version            print the version\n"
		"\n"
		"DURATION: a number and a unit (ms, s, m, h, d, w), as in 30s, 5m or 1h30m.\n"
		"SIZE: a number of bytes, or of k, M, G or T, which are powers of 1024.\n";
	const char *const args[] = { "--version", NULL };
	struct tool with_library = tool;
	char   got[8000];
	size_t column = 0;

	(void)state;
	assert_int_equal(outcome(&tool, (const char *const[]){ "--help", NULL }, got, sizeof(got)), 0);
	assert_string_equal(got, want);
	for (const char *p = got; *p != '\0'; p++) {
		column = *p == '\n' ? 0 : column + 1;
		assert_true(column <= 80);
	}
	assert_int_equal(outcome(&tool, (const char *const[]){ "--version", "--help", NULL }, got, sizeof(got)), 0);
	assert_string_equal(got, "maip-test " MAIP_VERSION "\n");
	with_library.library = name_library;
	assert_int_equal(outcome(&with_library, args, got, sizeof(got)), 0);
	assert_string_equal(got, "maip-test " MAIP_VERSION " (libthing 1.2)\n");
}

/* Give what the tool shows in form to a command on its stdin; its status. */
static int
fed(const char *form, const char *before, const char *after, const char *command)
{
	char  got[20000];
	FILE *to;

	assert_int_equal(outcome(&tool, (const char *const[]){ form, NULL }, got, sizeof(got)), 0);
	assert_true(strlen(got) > 100);
	to = popen(command, "w");
	assert_non_null(to);
	fprintf(to, "%s%s%s", before, got, after);
	return pclose(to);
}

static void
the_man_page_list_is_clean_mdoc(void **state)
{
	char got[20000];

	(void)state;
	assert_int_equal(outcome(&tool, (const char *const[]){ "--help=man", NULL }, got, sizeof(got)), 0);
	assert_non_null(strstr(got, ".It Fl \\&b Ar \\&HOST:PORT,... , Fl -brokers Ns = Ns Ar \\&HOST:PORT,... , "
	                            "Fl -kafka.bootstrap Ns = Ns Ar \\&HOST:PORT,...\n"
	                            "Brokers to start from (default MAIP_KAFKA_BROKERS).\n"));
	assert_non_null(strstr(got, ".It Fl -secret\n"));
	assert_int_equal(fed("--help=man",
	                     ".Dd January 16, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Sh OPTIONS\n", "",
	                     "mandoc -Tlint -W warning"), 0);
}

static void
completions_are_sound_shell(void **state)
{
	char got[20000];

	(void)state;
	assert_int_equal(fed("--help=bash", "", "", "bash -n"), 0);
	assert_int_equal(fed("--help=bash", "", "\ncompopt() { :; }\n"
	                     "COMP_WORDS=(maip-test --on-error s) COMP_CWORD=2; _maip_test; [[ ${COMPREPLY[*]} == 'stop skip' ]] || exit 1\n"
	                     "COMP_WORDS=(maip-test --on-error = d) COMP_CWORD=3; _maip_test; [[ ${COMPREPLY[*]} == 'dead-letter' ]] || exit 2\n"
	                     "COMP_WORDS=(maip-test --watermark = '') COMP_CWORD=3; _maip_test; [[ ${COMPREPLY[*]} == 'none file=' ]] || exit 8\n"
	                     "COMP_WORDS=(maip-test --ka) COMP_CWORD=1; _maip_test; [[ ${COMPREPLY[*]} == '--kafka.bootstrap' ]] || exit 3\n"
	                     "COMP_WORDS=(maip-test --late /dev/nul) COMP_CWORD=2; _maip_test; [[ ${COMPREPLY[*]} == '/dev/null' ]] || exit 4\n"
	                     "COMP_WORDS=(maip-test --tumbling /dev/nul) COMP_CWORD=2; _maip_test; [[ ${#COMPREPLY[@]} == 0 ]] || exit 5\n"
	                     "COMP_WORDS=(maip-test -q /dev/nul) COMP_CWORD=2; _maip_test; [[ ${COMPREPLY[*]} == '/dev/null' ]] || exit 6\n"
	                     "COMP_WORDS=(maip-test --one-or-more /dev/nul) COMP_CWORD=2; _maip_test; [[ ${COMPREPLY[*]} == '/dev/null' ]] || exit 7\n",
	                     "bash"), 0);
	if (system("command -v zsh >/dev/null") == 0)
		assert_int_equal(fed("--help=zsh", "", "", "zsh -n"), 0);
	if (system("command -v fish >/dev/null") == 0)
		assert_int_equal(fed("--help=fish", "", "", "fish --no-execute"), 0);
	assert_int_equal(outcome(&tool, (const char *const[]){ "--help=zsh", NULL }, got, sizeof(got)), 0);
	assert_non_null(strstr(got, "\t'--on-error=[what to do with a line that is not a record (default stop)]:on-error:(stop skip dead-letter)'"));
	assert_non_null(strstr(got, "\t'*--one-or-more=-[the element comes at least once; it'\\''s \\[greedy\\]]::GAP:'"));
	assert_int_equal(outcome(&tool, (const char *const[]){ "--help=fish", NULL }, got, sizeof(got)), 0);
	assert_non_null(strstr(got, "complete -c maip-test -l on-error -x -a 'stop skip dead-letter' -d 'what to do"));
	assert_non_null(strstr(got, "complete -c maip-test -l late -rF -d 'where late records go'\n"));
}

static void
help_that_cannot_be_written_is_an_error(void **state)
{
	char  *argv[MAX_WORDS + 2];
	int    status;
	pid_t  child;

	(void)state;
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (freopen("/dev/full", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
			_exit(98);
		PARSE(&tool, argv, "--help");
		_exit(99);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), STATUS_IO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_kind_of_value_goes_where_it_belongs, forget),
		cmocka_unit_test_setup(of_an_option_given_twice_the_last_counts, forget),
		cmocka_unit_test_setup(short_names_take_their_argument_with_or_without_a_space,
		                       forget),
		cmocka_unit_test_setup(sizes_have_units, forget),
		cmocka_unit_test_setup(another_spelling_is_the_same_option, forget),
		cmocka_unit_test_setup(options_and_operands_may_be_mixed, forget),
		cmocka_unit_test_setup(operands_can_be_part_of_the_language, forget),
		cmocka_unit_test_setup(the_first_operand_can_end_the_options, forget),
		cmocka_unit_test_setup(
			what_cannot_be_used_can_be_told_later_and_what_is_misspelt_cannot, forget),
		cmocka_unit_test_setup(a_mistake_is_answered_with_what_would_be_right, forget),
		cmocka_unit_test_setup(help_is_aligned_and_fits_a_terminal, forget),
		cmocka_unit_test_setup(the_man_page_list_is_clean_mdoc, forget),
		cmocka_unit_test_setup(completions_are_sound_shell, forget),
		cmocka_unit_test_setup(help_that_cannot_be_written_is_an_error, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
