/* SPDX-License-Identifier: Apache-2.0 */
/* Status pages and the jobs made of them: processes that register for real, in a run directory of
 * their own. */
#define _GNU_SOURCE                     /* memmem */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job/jobs.h"
#include "job/page.h"
#include "job/rundir.h"

static char dir[] = "/tmp/maip-jobs-test.XXXXXX";

static int
make_dir(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return mkdtemp(dir) == NULL || setenv("MAIP_RUN_DIR", dir, 1) < 0;
}

static int
remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct jobs
look(void)
{
	struct jobs jobs;
	struct err err;

	assert_int_equal(jobs_read(&jobs, now(), &err), 0);
	return jobs;
}

/* A stage between two descriptors (NOTHING: no pipe) that ends with status when a byte can be read
 * from go, or with this test. */
enum { NOTHING = -1 };

static pid_t
stage(const char *tool, int in, int out, int go, int ready, int status)
{
	char *args[] = { (char *)"tool", (char *)"--where", (char *)"a = 1", (char *)"-X", (char *)"sasl.password=hunter2",
	                 (char *)"--oauth-token-command", (char *)"curl -d client_secret=hunter2 x", NULL };
	pid_t child = fork();
	struct err err;
	char c;

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(in == NOTHING ? open("/dev/null", O_RDONLY) : in, STDIN_FILENO);
	dup2(out == NOTHING ? open("/dev/null", O_WRONLY) : out, STDOUT_FILENO);
	struct page *page = page_register(tool, 7, args, &err);
	if (write(ready, "x", 1) != 1 || read(go, &c, 1) < 0)
		_exit(1);
	page_finish(page, (enum status)status);
	_exit(status);
}

static void
stages_that_a_pipe_connects_are_one_job(void **state)
{
	int link[2], go[2], ready[2], status;
	char c;

	(void)state;
	assert_int_equal(pipe(link) | pipe(go) | pipe(ready), 0);
	pid_t reader = stage("maip-window", link[0], NOTHING, go[0], ready[1], 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	pid_t writer = stage("maip-consume", NOTHING, link[1], go[0], ready[1], 0);
	assert_int_equal(read(ready[0], &c, 1), 1);

	struct jobs jobs = look();
	assert_int_equal(jobs.n, 1);
	assert_int_equal(jobs.list[0].n, 2);
	assert_string_equal(jobs.list[0].stages[0].name, "maip-consume");
	assert_string_equal(jobs.list[0].stages[1].name, "maip-window");
	assert_string_equal(jobs.list[0].name, "maip-consume | maip-window");
	assert_int_equal(jobs.list[0].state, JOB_RUNNING);
	jobs_release(&jobs);

	assert_int_equal(write(go[1], "xx", 2), 2);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	jobs = look();
	assert_int_equal(jobs.n, 1);
	assert_int_equal(jobs.list[0].state, JOB_FINISHED);
	assert_true(jobs.list[0].end_ms >= jobs.list[0].start_ms);
	jobs_release(&jobs);
	for (int i = 0; i < 2; i++) {
		close(link[i]);
		close(go[i]);
		close(ready[i]);
	}
}

/* One that runs until a byte can be read from go. */
static pid_t
lone_stage(int go[2], int ready[2])
{
	char c;

	assert_int_equal(pipe(go) | pipe(ready), 0);
	pid_t child = stage("maip-consume", NOTHING, NOTHING, go[0], ready[1], 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	return child;
}

static void
secrets_in_arguments_are_masked(void **state)
{
	int go[2], ready[2], status;

	(void)state;
	pid_t child = lone_stage(go, ready);
	struct jobs jobs = look();
	const struct page_file *page = jobs.list[0].stages[0].page;
	assert_memory_equal(page->args, "--where\0a = 1\0-X\0sasl.password=***\0--oauth-token-command\0***", 61);
	assert_null(memmem(page, sizeof(*page), "hunter2", 7));
	jobs_release(&jobs);
	assert_int_equal(write(go[1], "x", 1), 1);
	waitpid(child, &status, 0);
}

static void
a_stage_that_was_killed_makes_the_job_failed(void **state)
{
	int go[2], ready[2], status;

	(void)state;
	pid_t child = lone_stage(go, ready);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	struct jobs jobs = look();
	assert_int_equal(jobs.n, 1);
	assert_int_equal(jobs.list[0].state, JOB_FAILED);
	jobs_release(&jobs);

	assert_int_equal(jobs_read(&jobs, now() + 3700 * 1000, &(struct err){ 0 }), 0);
	/* an hour later it is forgotten, and its page removed */
	assert_int_equal(jobs.n, 0);
	jobs_release(&jobs);
	jobs = look();
	assert_int_equal(jobs.n, 0);
	jobs_release(&jobs);
}

static void
stopping_a_job_signals_it_and_kills_what_does_not_end(void **state)
{
	int go[2], ready[2], status;
	size_t killed;
	struct err err;

	(void)state;
	signal(SIGTERM, SIG_IGN);               /* inherited: the stage does not listen */
	pid_t child = lone_stage(go, ready);
	signal(SIGTERM, SIG_DFL);
	struct jobs jobs = look();
	assert_int_equal(job_stop(&jobs.list[0], PAGE_REQUEST_CANCEL, 10, &killed, &err), 0);
	assert_int_equal(killed, 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	jobs_release(&jobs);
	jobs = look();
	assert_int_equal(jobs.list[0].state, JOB_CANCELED);
	jobs_release(&jobs);
}

/* Write n bytes as the file name of the run directory. */
static void
put_file(const char *name, const void *bytes, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static bool
is_there(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* A page as a process that has ended leaves it. */
static struct page_file
ended_page(int32_t pid, int64_t started_ms)
{
	struct page_file page = { .layout = PAGE_LAYOUT,
		                  .pid = pid,
		                  .start = 1,
		                  .started_ms = started_ms,
		                  .tool = "maip-window" };

	memcpy(page.magic, PAGE_MAGIC, sizeof(page.magic));
	page.ended_ms = started_ms + 5;
	return page;
}

static void
what_a_kill_leaves_of_a_page_is_passed_over_and_removed_in_the_end(void **state)
{
	const struct page_file half = { .layout = PAGE_LAYOUT };
	struct jobs jobs;

	(void)state;
	put_file("4194304-1.page", "", 0);
	put_file("4194305-1.page", &half, sizeof(half));
	put_file("notes.page", "", 0);
	put_file("4194306-1.pages", "", 0);
	jobs = look();
	assert_int_equal(jobs.n, 0);
	jobs_release(&jobs);
	assert_true(is_there("4194304-1.page"));

	assert_int_equal(jobs_read(&jobs, now() + 3700 * 1000, &(struct err){ 0 }), 0);
	jobs_release(&jobs);
	assert_false(is_there("4194304-1.page"));
	assert_false(is_there("4194305-1.page"));
	assert_true(is_there("notes.page"));
	assert_true(is_there("4194306-1.pages"));
}

static void
two_hundred_jobs_that_are_over_are_all_listed_newest_first(void **state)
{
	const int64_t then = now() - 1000000;
	struct jobs jobs;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct page_file page = ended_page(4194304 + i, then + i * 7 % 200);
		char name[64];

		snprintf(name, sizeof(name), "%d-1.page", 4194304 + i);
		put_file(name, &page, sizeof(page));
	}
	jobs = look();
	assert_int_equal(jobs.n, 200);
	for (size_t i = 0; i < jobs.n; i++) {
		assert_int_equal(jobs.list[i].start_ms, then + 199 - (int64_t)i);
		assert_int_equal(jobs.list[i].n, 1);
		assert_int_equal(jobs.list[i].state, JOB_FINISHED);
	}
	jobs_release(&jobs);
}

static void
thousands_of_pages_shrink_to_the_newest(void **state)
{
	const int64_t then = now() - 1000000;
	struct jobs jobs;

	(void)state;
	for (int i = 0; i < 4500; i++) {
		struct page_file page = ended_page(4194304 + i, then + i);
		char name[64];

		page_name(name, &(struct process){ page.pid, page.start });
		put_file(name, &page, sizeof(page));
	}
	jobs_tidy(now());
	jobs = look();
	assert_in_range(jobs.n, 1024, 1024 + 4500 - 4096);
	assert_int_equal(jobs.list[0].start_ms, then + 4499);
	jobs_release(&jobs);
	jobs_tidy(then + 3700 * 1000);
	jobs = look();
	assert_int_equal(jobs.n, 0);
	jobs_release(&jobs);
}

static void
a_page_with_times_that_are_none_is_passed_over(void **state)
{
	struct page_file page = ended_page(4194304, INT64_MIN);
	struct jobs jobs;

	(void)state;
	put_file("4194304-1.page", &page, sizeof(page));
	page = ended_page(4194305, now());
	page.ended_ms = INT64_MAX;
	put_file("4194305-1.page", &page, sizeof(page));
	jobs = look();
	assert_int_equal(jobs.n, 0);
	jobs_release(&jobs);
}

static void
texts_are_shown_as_utf8_without_controls(void **state)
{
	char to[8];

	(void)state;
	job_text(to, sizeof(to), "a\tb\x1b\x7f", 5);
	assert_string_equal(to, "a?b??");
	job_text(to, sizeof(to), "\xc3\xa4\xff\xc3", 4);
	assert_string_equal(to, "\xc3\xa4??");
	job_text(to, sizeof(to), "123456\xc3\xa4", 8);          /* cut before the character that has no room */
	assert_string_equal(to, "123456");
	job_text(to, sizeof(to), "12\0" "34", 5);
	assert_string_equal(to, "12");
}

static void
a_run_directory_that_others_can_write_is_refused(void **state)
{
	char path[RUNDIR_PATH_MAX];
	struct err err;

	(void)state;
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(rundir_open(path, &err), -1);
	assert_int_equal(err.status, STATUS_DENIED);
	assert_non_null(strstr(err.msg, "can be written by others (chmod 700 it, or set MAIP_RUN_DIR)"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stages_that_a_pipe_connects_are_one_job, make_dir,
		                                remove_dir),
		cmocka_unit_test_setup_teardown(secrets_in_arguments_are_masked, make_dir,
		                                remove_dir),
		cmocka_unit_test_setup_teardown(a_stage_that_was_killed_makes_the_job_failed,
		                                make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			stopping_a_job_signals_it_and_kills_what_does_not_end, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			what_a_kill_leaves_of_a_page_is_passed_over_and_removed_in_the_end,
			make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			two_hundred_jobs_that_are_over_are_all_listed_newest_first, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(thousands_of_pages_shrink_to_the_newest, make_dir,
		                                remove_dir),
		cmocka_unit_test_setup_teardown(a_page_with_times_that_are_none_is_passed_over,
		                                make_dir, remove_dir),
		cmocka_unit_test(texts_are_shown_as_utf8_without_controls),
		cmocka_unit_test_setup_teardown(a_run_directory_that_others_can_write_is_refused,
		                                make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
