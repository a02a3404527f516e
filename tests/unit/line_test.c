/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_test.c - lines out of sources that cut their reads anywhere
 */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "json/line.h"

/* A source over memory whose reads are as short as the seed says; most = 0: as long as asked for.
 */
struct cutter {
	struct str rest;
	uint64_t   seed;
	size_t     most;
};

static int64_t
cut_read(void *self, char *p, size_t n, struct err *err)
{
	struct cutter *c = self;

	(void)err;
	if (c->most > 0 && next_random(&c->seed) % 16 == 0)
		return SOURCE_INTERRUPTED;
	if (c->most > 0 && n > c->most)
		n = 1 + next_random(&c->seed) % c->most;
	if (n > c->rest.n)
		n = c->rest.n;
	if (n > 0)
		memcpy(p, c->rest.p, n);
	c->rest.p += n;
	c->rest.n -= n;
	return (int64_t)n;
}

/* The same lines, found the slow way: byte by byte, from the whole text. */
struct expected {
	struct line *line;
	size_t       n, cap;
};

static void
expect_line(struct expected *e, struct str s, uint64_t number, bool unterminated, size_t max_line)
{
	bool blank = true;
	struct str marked = s;

	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	if (number == 1 && str_starts(s, STR("\xef\xbb\xbf")))
		s = str_slice(s, 3, s.n);
	for (size_t i = 0; i < s.n; i++)
		blank &= s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r';
	if (blank && number == 1 && str_starts(marked, STR("\xef\xbb\xbf")))
		/* a mark before nothing marks nothing: it is a line */
		s = str_slice(marked, 0, s.n + 3);
	else if (blank && s.n <= max_line)
		return;
	e->line = mem_more(e->line, e->n, &e->cap, sizeof(*e->line));
	if (s.n > max_line)
		e->line[e->n++] = (struct line){ str_slice(s, 0, 64), number, true, false };
	else
		e->line[e->n++] = (struct line){ s, number, false, unterminated };
}

static void
expect_lines(struct expected *e, struct str text, size_t max_line)
{
	uint64_t number = 0;
	size_t   from = 0;

	*e = (struct expected){ 0 };
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n') {
			expect_line(e, str_slice(text, from, i), ++number, false, max_line);
			from = i + 1;
		}
	}
	if (from < text.n)
		expect_line(e, str_slice(text, from, text.n), ++number, true, max_line);
}

static void
check_line(const struct line *got, const struct line *want)
{
	assert_int_equal(got->number, want->number);
	assert_int_equal(got->too_long, want->too_long);
	assert_int_equal(got->text.n, want->text.n);
	assert_memory_equal(got->text.p, want->text.p, want->text.n);
	if (!got->too_long)
		assert_int_equal(got->unterminated, want->unterminated);
}

/* Read all of text, taking up to most_taken lines at once and giving some of them back, and
 * compare. */
static void
read_and_compare(struct line_reader *r, struct str text, size_t max_line, struct cutter *c,
                 size_t most_taken)
{
	struct source   from = { .self = c, .read = cut_read };
	struct line     lines[64];
	struct expected want;
	size_t          seen = 0;
	struct err      err;
	int             more = 1;

	expect_lines(&want, text, max_line);
	c->rest = text;
	line_open(r, &from);
	for (;;) {
		size_t back, n = line_take(r, lines, 1 + next_random(&c->seed) % most_taken);

		assert_true(seen + n <= want.n);
		for (size_t i = 0; i < n; i++)
			check_line(&lines[i], &want.line[seen + i]);
		back = next_random(&c->seed) % 4 == 0 ? next_random(&c->seed) % (n + 1) : 0;
		line_untake(r, back);
		seen += n - back;
		if (n > 0)
			continue;
		if (more == 0)
			break;
		do
			more = line_fill(r, &err);
		while (more == SOURCE_INTERRUPTED);
		assert_in_range(more, 0, 1);
	}
	assert_int_equal(seen, want.n);
	free(want.line);
}

static void
add_random_line(struct buf *b, uint64_t *seed, size_t max_line)
{
	size_t n = next_random(seed) % 4 == 0 ? max_line - 3 + next_random(seed) % 8
	                                      : next_random(seed) % 40;

	if (next_random(seed) % 8 == 0)
		n = next_random(seed) % (3 * max_line);
	if (next_random(seed) % 6 == 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		buf_add_char(b, "abc \t\r\0{}\xc3"[next_random(seed) % 10]);
	if (next_random(seed) % 3 == 0)
		buf_add_char(b, '\r');
}

static void
any_cut_gives_the_same_lines(void **state)
{
	const size_t max_line = 100;
	struct line_reader *r = line_new(max_line);
	struct buf b;

	(void)state;
	buf_init(&b, BUF_NO_MAX);
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		uint64_t      s = seed;
		struct cutter c = { .seed = seed,
			            .most = (size_t[]){ 1, 7, 100, 5000, 0 }[seed % 5] };

		buf_clear(&b);
		if (next_random(&s) % 3 == 0)
			buf_add_str(&b, STR("\xef\xbb\xbf"));
		for (uint32_t n = next_random(&s) % 20; n > 0; n--) {
			add_random_line(&b, &s, max_line);
			buf_add_char(&b, '\n');
		}
		if (next_random(&s) % 2)
			add_random_line(&b, &s, max_line);
		read_and_compare(r, buf_str(&b), max_line, &c, seed % 3 ? 8 : 1);
	}
	buf_release(&b);
	line_free(r);
}

static void
lines_longer_than_a_read_arrive_whole(void **state)
{
	const size_t sizes[] = { 100,     (3 << 20) + 17, 1,       (1 << 20) - 1,
		                 1 << 20, (1 << 20) + 1,  5 << 20, 70000 };
	struct line_reader *r = line_new(LINE_MAX_DEFAULT);
	struct cutter c = { .seed = 5, .most = 300000 };
	struct buf    b;

	(void)state;
	buf_init(&b, BUF_NO_MAX);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *p = buf_room(&b, sizes[i] + 1);

		memset(p, 'a' + (int)i, sizes[i]);
		p[sizes[i]] = '\n';
		b.n += sizes[i] + 1;
	}
	read_and_compare(r, buf_str(&b), LINE_MAX_DEFAULT, &c, 8);
	buf_release(&b);
	line_free(r);
}

static void
the_cap_is_sixteen_mebibytes_to_the_byte(void **state)
{
	struct line_reader *r = line_new(LINE_MAX_DEFAULT);
	const size_t n = LINE_MAX_DEFAULT;
	char        *text = mem_alloc(2 * n + 20);
	struct cutter c = { .seed = 1 };

	(void)state;
	memset(text, 'x', 2 * n + 20);
	text[n] = '\r';                         /* 16 MiB, then its end */
	text[n + 1] = '\n';
	text[2 * n + 3] = '\n';                 /* 16 MiB and one byte */
	text[2 * n + 19] = '\n';
	read_and_compare(r, (struct str){ text, 2 * n + 20 }, n, &c, 8);
	free(text);
	line_free(r);
}

static void
the_numbers_start_again_with_each_source(void **state)
{
	struct line_reader *r = line_new(1000);
	struct cutter c = { .seed = 1 };

	(void)state;
	read_and_compare(r, STR("a\nb\nno newline"), 1000, &c, 8);
	read_and_compare(r, STR("\xef\xbb\xbf" "c\n"), 1000, &c, 8);
	read_and_compare(r, STR(""), 1000, &c, 8);
	read_and_compare(r, STR("\xef\xbb\xbf"), 1000, &c, 8);
	line_free(r);
}

static int64_t
failing_read(void *self, char *p, size_t n, struct err *err)
{
	(void)self, (void)p, (void)n;
	return fail_as(err, STATUS_NOINPUT, "the disk is gone");
}

static void
an_error_of_the_source_is_handed_on(void **state)
{
	struct line_reader *r = line_new(1000);
	struct source       from = { .read = failing_read };
	struct err          err = { .msg = "" };

	(void)state;
	line_open(r, &from);
	assert_int_equal(line_fill(r, &err), -1);
	assert_string_equal(err.msg, "the disk is gone");
	line_free(r);
}

static void
a_pipe_is_ready_when_it_has_something_to_say(void **state)
{
	struct line_reader *r = line_new(1000);
	struct line   line;
	struct source from;
	struct err    err;
	int           fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	from = source_fd(&fd[0]);
	line_open(r, &from);
	assert_false(line_ready(r, 0));
	assert_int_equal(write(fd[1], "hello\nwor", 9), 9);
	assert_true(line_ready(r, -1));
	assert_int_equal(line_fill(r, &err), 1);
	assert_int_equal(line_take(r, &line, 1), 1);
	assert_true(str_eq(line.text, STR("hello")));
	assert_int_equal(line_take(r, &line, 1), 0);
	assert_false(line_ready(r, 0));
	close(fd[1]);
	assert_true(line_ready(r, -1));
	assert_int_equal(line_fill(r, &err), 0);
	assert_true(line_ready(r, 0));
	assert_int_equal(line_take(r, &line, 1), 1);
	assert_true(line.unterminated && str_eq(line.text, STR("wor")));
	close(fd[0]);
	line_free(r);
}

static void
a_descriptor_that_does_not_block_is_waited_for(void **state)
{
	struct line_reader *r = line_new(1000);
	struct source from;
	struct err    err;
	int           fd[2];
	pid_t         child;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	child = fork();
	if (child == 0)
		_exit(write(fd[1], "x\n", 2) != 2);
	from = source_fd(&fd[0]);
	line_open(r, &from);
	assert_int_equal(line_fill(r, &err), 1);
	waitpid(child, NULL, 0);
	close(fd[0]);
	close(fd[1]);
	line_free(r);
}

static void
a_directory_is_no_source(void **state)
{
	struct line_reader *r = line_new(1000);
	int           fd = open("/", O_RDONLY);
	struct source from = source_fd(&fd);
	struct err    err;

	(void)state;
	line_open(r, &from);
	assert_int_equal(line_fill(r, &err), -1);
	assert_string_equal(err.msg, "cannot read: Is a directory");
	close(fd);
	line_free(r);
}

static void
nothing(int sig)
{
	(void)sig;
}

static void
a_signal_interrupts_a_read_that_waits(void **state)
{
	struct line_reader *r = line_new(1000);
	struct sigaction    old, act = { .sa_handler = nothing };       /* without SA_RESTART */
	struct source from;
	struct err    err;
	int           fd[2];
	timer_t       timer;
	struct sigevent   event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	/* again and again, so that none can be missed */
	struct itimerspec often = { { 0, 1000000 }, { 0, 1000000 } };

	(void)state;
	assert_int_equal(pipe(fd), 0);
	from = source_fd(&fd[0]);
	line_open(r, &from);
	sigaction(SIGALRM, &act, &old);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	timer_settime(timer, 0, &often, NULL);
	assert_int_equal(line_fill(r, &err), SOURCE_INTERRUPTED);
	timer_delete(timer);
	sigaction(SIGALRM, &old, NULL);
	close(fd[0]);
	close(fd[1]);
	line_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_cut_gives_the_same_lines),
		cmocka_unit_test(lines_longer_than_a_read_arrive_whole),
		cmocka_unit_test(the_cap_is_sixteen_mebibytes_to_the_byte),
		cmocka_unit_test(the_numbers_start_again_with_each_source),
		cmocka_unit_test(an_error_of_the_source_is_handed_on),
		cmocka_unit_test(a_pipe_is_ready_when_it_has_something_to_say),
		cmocka_unit_test(a_descriptor_that_does_not_block_is_waited_for),
		cmocka_unit_test(a_directory_is_no_source),
		cmocka_unit_test(a_signal_interrupts_a_read_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
