/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out_test.c - every byte arrives or somebody is told
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json/out.h"

/* A sink that takes as little as it likes, is interrupted now and then, and fails after limit
 * bytes. */
struct grudging {
	struct buf got;
	uint64_t   seed;
	size_t     most;                /* a call; 0: all */
	size_t     limit;               /* then how */
	int64_t    how;
	int        writes, closes;
	bool       close_fails;
};

static int64_t
grudging_write(void *self, const char *p, size_t n, struct err *err)
{
	struct grudging *g = self;

	g->writes++;
	if (g->most > 0 && next_random(&g->seed) % 4 == 0)
		return SINK_INTERRUPTED;
	if (g->got.n >= g->limit)
		return g->how == -1 ? fail_as(err, STATUS_IO, "cannot write to the moon: too far") : g->how;
	if (g->most > 0 && n > g->most)
		n = 1 + next_random(&g->seed) % g->most;
	buf_add(&g->got, p, n);
	return (int64_t)n;
}

static int
grudging_close(void *self, struct err *err)
{
	struct grudging *g = self;

	g->closes++;
	return g->close_fails ? fail_as(err, STATUS_IO, "cannot close the moon") : 0;
}

static void
open_grudging(struct out *o, struct grudging *g, size_t most, size_t limit, int64_t how)
{
	memset(g, 0, sizeof(*g));
	buf_init(&g->got, BUF_NO_MAX);
	g->seed = 1;
	g->most = most;
	g->limit = limit;
	g->how = how;
	out_init(o, &(struct sink){ .self = g, .write = grudging_write, .close = grudging_close });
}

static void
release(struct out *o, struct grudging *g)
{
	out_release(o);
	buf_release(&g->got);
}

/* What warn() prints while fn runs. */
static enum status
finish_and_listen(struct out *o, enum status so_far, char *said, size_t size)
{
	int         pipe_fd[2], saved = dup(STDERR_FILENO);
	enum status status;
	ssize_t     n;

	assert_int_equal(pipe(pipe_fd), 0);
	fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK);
	fflush(stderr);
	dup2(pipe_fd[1], STDERR_FILENO);
	status = out_finish(o, so_far);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fd[1]);
	n = read(pipe_fd[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(pipe_fd[0]);
	return status;
}

static void
short_and_interrupted_writes_lose_nothing(void **state)
{
	struct grudging g;
	struct out o;
	struct buf want;
	uint64_t   seed = 3;

	(void)state;
	open_grudging(&o, &g, 1000, SIZE_MAX, 0);
	buf_init(&want, BUF_NO_MAX);
	for (int i = 0; i < 20000; i++) {
		char   text[100];
		size_t n = next_random(&seed) % sizeof(text);

		memset(text, 'a' + i % 26, n);
		assert_int_equal(out_line(&o, (struct str){ text, n }), 0);
		buf_add(&want, text, n);
		buf_add_char(&want, '\n');
		if (next_random(&seed) % 1000 == 0)
			assert_int_equal(out_flush(&o), 0);
	}
	assert_int_equal(out_finish(&o, STATUS_OK), STATUS_OK);
	assert_int_equal(g.got.n, want.n);
	assert_memory_equal(g.got.p, want.p, want.n);
	assert_int_equal(o.lines, 20000);
	assert_int_equal(o.bytes, want.n);
	assert_int_equal(g.closes, 1);
	buf_release(&want);
	release(&o, &g);
	assert_int_equal(g.closes, 1);
}

static void
nothing_is_written_before_the_buffer_is_full_or_flushed(void **state)
{
	struct grudging g;
	struct out o;
	char       text[1024] = { 0 };

	(void)state;
	open_grudging(&o, &g, 0, SIZE_MAX, 0);
	for (int i = 0; i < 256; i++)
		out_bytes(&o, text, sizeof(text));
	assert_int_equal(g.writes, 0);
	out_char(&o, 'x');
	assert_int_equal(g.writes, 1);
	assert_int_equal(g.got.n, 256 << 10);
	out_flush(&o);
	assert_int_equal(g.writes, 2);
	out_flush(&o);
	assert_int_equal(g.writes, 2);
	release(&o, &g);
}

static void
what_is_larger_than_the_buffer_goes_around_it(void **state)
{
	const size_t n = 3 << 20;
	char        *text = malloc(n);
	struct grudging g;
	struct out o;

	(void)state;
	memset(text, 'z', n);
	open_grudging(&o, &g, 0, SIZE_MAX, 0);
	out_char(&o, 'a');
	assert_int_equal(out_bytes(&o, text, n), 0);
	assert_int_equal(g.got.n, n + 1);
	assert_true(o.buf.cap < n);
	out_char(&o, 'b');
	assert_int_equal(out_flush(&o), 0);
	assert_true(g.got.p[0] == 'a' && g.got.p[1] == 'z' && g.got.p[n + 1] == 'b');
	free(text);
	release(&o, &g);
}

static void
the_first_error_sticks_and_is_told_once(void **state)
{
	struct grudging g;
	struct out o;
	char       said[1000];
	int        writes;

	(void)state;
	open_grudging(&o, &g, 0, 0, -1);
	out_line(&o, STR("lost"));
	assert_int_equal(out_flush(&o), -1);
	assert_true(o.failed && !o.reader_gone);
	assert_string_equal(o.err.msg, "cannot write to the moon: too far");
	writes = g.writes;
	assert_int_equal(out_line(&o, STR("more")), -1);
	assert_int_equal(out_char(&o, 'x'), -1);
	assert_int_equal(out_i64(&o, 1), -1);
	assert_int_equal(out_json_string(&o, STR("x")), -1);
	assert_int_equal(out_flush(&o), -1);
	assert_int_equal(g.writes, writes);
	assert_int_equal(o.lines, 0);
	assert_int_equal(finish_and_listen(&o, STATUS_OK, said, sizeof(said)), STATUS_IO);
	assert_non_null(strstr(said, "cannot write to the moon: too far\n"));
	assert_int_equal(g.closes, 1);
	release(&o, &g);
}

static void
a_reader_that_has_gone_is_not_spoken_of(void **state)
{
	struct grudging g;
	struct out o;
	char       said[1000];

	(void)state;
	open_grudging(&o, &g, 0, 0, SINK_READER_GONE);
	out_line(&o, STR("unheard"));
	assert_int_equal(out_flush(&o), -1);
	assert_true(o.failed && o.reader_gone);
	assert_int_equal(finish_and_listen(&o, STATUS_DATA, said, sizeof(said)), STATUS_DATA);
	assert_string_equal(said, "");
	release(&o, &g);
}

static void
a_failed_close_is_a_failed_write(void **state)
{
	struct grudging g;
	struct out o;
	char       said[1000];

	(void)state;
	open_grudging(&o, &g, 0, SIZE_MAX, 0);
	g.close_fails = true;
	assert_int_equal(finish_and_listen(&o, STATUS_OK, said, sizeof(said)), STATUS_IO);
	assert_non_null(strstr(said, "cannot close the moon"));
	release(&o, &g);
}

static void
a_full_disk_is_an_error(void **state)
{
	int         fd = open("/dev/full", O_WRONLY);
	struct sink sink = sink_fd(&fd);
	struct out  o;

	(void)state;
	assert_true(fd >= 0);
	out_init(&o, &sink);
	out_line(&o, STR("lost"));
	assert_int_equal(out_flush(&o), -1);
	assert_false(o.reader_gone);
	assert_string_equal(o.err.msg, "cannot write to the output: No space left on device");
	assert_int_equal(o.err.status, STATUS_IO);
	out_release(&o);
	assert_int_equal(fd, -1);
}

static void
a_broken_pipe_is_a_reader_that_has_gone(void **state)
{
	struct sink sink;
	struct out  o;
	int         fd[2];
	void      (*old)(int) = signal(SIGPIPE, SIG_IGN);

	(void)state;
	assert_int_equal(pipe(fd), 0);
	close(fd[0]);
	sink = sink_fd(&fd[1]);
	out_init(&o, &sink);
	out_line(&o, STR("unheard"));
	assert_int_equal(out_flush(&o), -1);
	assert_true(o.reader_gone);
	out_release(&o);
	signal(SIGPIPE, old);
}

static void
count_waits(void *arg, bool blocked)
{
	int *waits = arg;

	waits[blocked]++;
}

static void
the_clock_is_told_around_each_write(void **state)
{
	struct grudging g;
	struct out o;
	int        waits[2] = { 0, 0 };

	(void)state;
	open_grudging(&o, &g, 0, SIZE_MAX, 0);
	o.wait = count_waits;
	o.wait_arg = waits;
	out_flush(&o);
	assert_int_equal(waits[1], 0);
	out_char(&o, 'x');
	out_flush(&o);
	assert_int_equal(waits[1], 1);
	assert_int_equal(waits[0], 1);
	release(&o, &g);
}

static void
values_are_printed_as_json(void **state)
{
	struct grudging g;
	struct num n;
	struct out o;

	(void)state;
	open_grudging(&o, &g, 0, SIZE_MAX, 0);
	assert_int_equal(num_parse(&n, STR("1234.50")), 0);
	out_i64(&o, INT64_MIN);
	out_char(&o, ' ');
	out_num(&o, &n);
	out_char(&o, ' ');
	out_json_string(&o, STR("a\"\n\xc3\xa9"));
	out_end_line(&o);
	out_flush(&o);
	assert_true(str_eq(buf_str(&g.got), STR("-9223372036854775808 1234.50 \"a\\\"\\n\xc3\xa9\"\n")));
	release(&o, &g);
}

static void
a_side_file_is_created_and_then_appended_to(void **state)
{
	char       path[] = "/tmp/out_test.XXXXXX", text[100];
	struct out o;
	struct err err;
	int        fd = mkstemp(path);

	(void)state;
	unlink(path);
	close(fd);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(out_open_file(&o, path, &err), 0);
		out_line(&o, i == 0 ? STR("first") : STR("second"));
		assert_int_equal(out_finish(&o, STATUS_OK), STATUS_OK);
		out_release(&o);
	}
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 13);
	assert_memory_equal(text, "first\nsecond\n", 13);
	close(fd);
	unlink(path);
}

static void
a_side_file_whose_last_line_was_cut_gets_its_end_first(void **state)
{
	char       path[] = "/tmp/out_test.XXXXXX", text[100];
	struct out o;
	struct err err;
	int        fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "one\ncu", 6), 6);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(out_open_file(&o, path, &err), 0);
		out_line(&o, STR("two"));
		assert_int_equal(out_finish(&o, STATUS_OK), STATUS_OK);
		out_release(&o);
	}
	assert_int_equal(pread(fd, text, sizeof(text), 0), 15);
	assert_memory_equal(text, "one\ncu\ntwo\ntwo\n", 15);
	close(fd);
	unlink(path);
}

static void
a_side_file_that_cannot_be_made_is_named(void **state)
{
	struct out o;
	struct err err;

	(void)state;
	assert_int_equal(out_open_file(&o, "/nowhere/late.ndjson", &err), -1);
	assert_string_equal(err.msg, "cannot open '/nowhere/late.ndjson' for writing: No such file or directory");
	assert_int_equal(out_open_file(&o, "/dev/full", &err), 0);
	out_line(&o, STR("lost"));
	assert_int_equal(out_flush(&o), -1);
	assert_string_equal(o.err.msg, "cannot write to '/dev/full': No space left on device");
	out_release(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_and_interrupted_writes_lose_nothing),
		cmocka_unit_test(nothing_is_written_before_the_buffer_is_full_or_flushed),
		cmocka_unit_test(what_is_larger_than_the_buffer_goes_around_it),
		cmocka_unit_test(the_first_error_sticks_and_is_told_once),
		cmocka_unit_test(a_reader_that_has_gone_is_not_spoken_of),
		cmocka_unit_test(a_failed_close_is_a_failed_write),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(a_broken_pipe_is_a_reader_that_has_gone),
		cmocka_unit_test(the_clock_is_told_around_each_write),
		cmocka_unit_test(values_are_printed_as_json),
		cmocka_unit_test(a_side_file_is_created_and_then_appended_to),
		cmocka_unit_test(a_side_file_whose_last_line_was_cut_gets_its_end_first),
		cmocka_unit_test(a_side_file_that_cannot_be_made_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
