/* SPDX-License-Identifier: Apache-2.0 */
/* Status pages and the jobs made of them: processes that register for real, in a run directory of their own. */
#define _GNU_SOURCE                     /* memmem */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* A stage between two descriptors that ends with status when a byte can be read from go. */
static pid_t
stage(const char *tool, int in, int out, int go, int ready, int status)
{
	char *args[] = { (char *)"tool", (char *)"--where", (char *)"a = 1", (char *)"-X", (char *)"sasl.password=hunter2", NULL };
	pid_t child = fork();
	struct err err;
	char c;

	if (child != 0)
		return child;
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	struct page *page = page_register(tool, 5, args, &err);
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
	pid_t reader = stage("maip-window", link[0], 2, go[0], ready[1], 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	pid_t writer = stage("maip-consume", 0, link[1], go[0], ready[1], 0);
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

static void
secrets_in_arguments_are_masked(void **state)
{
	int go[2], ready[2], status;
	char c;

	(void)state;
	assert_int_equal(pipe(go) | pipe(ready), 0);
	pid_t child = stage("maip-consume", 0, 2, go[0], ready[1], 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	struct jobs jobs = look();
	const struct page_file *page = jobs.list[0].stages[0].page;
	assert_memory_equal(page->args, "--where\0a = 1\0-X\0sasl.password=***", 35);
	assert_null(memmem(page, sizeof(*page), "hunter2", 7));
	jobs_release(&jobs);
	assert_int_equal(write(go[1], "x", 1), 1);
	waitpid(child, &status, 0);
}

static void
a_stage_that_was_killed_makes_the_job_failed(void **state)
{
	int go[2], ready[2], status;
	char c;

	(void)state;
	assert_int_equal(pipe(go) | pipe(ready), 0);
	pid_t child = stage("maip-consume", 0, 2, go[0], ready[1], 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	struct jobs jobs = look();
	assert_int_equal(jobs.n, 1);
	assert_int_equal(jobs.list[0].state, JOB_FAILED);
	jobs_release(&jobs);

	assert_int_equal(jobs_read(&jobs, now() + 3700 * 1000, &(struct err){ 0 }), 0);
	assert_int_equal(jobs.n, 0);            /* an hour later it is forgotten, and its page removed */
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
	char c;

	(void)state;
	assert_int_equal(pipe(go) | pipe(ready), 0);
	signal(SIGTERM, SIG_IGN);               /* inherited: the stage does not listen */
	pid_t child = stage("maip-window", 0, 2, go[0], ready[1], 0);
	signal(SIGTERM, SIG_DFL);
	assert_int_equal(read(ready[0], &c, 1), 1);
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

static void
a_page_that_is_none_is_passed_over(void **state)
{
	char path[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/1-1.page", dir);
	f = fopen(path, "w");
	for (size_t i = 0; i < sizeof(struct page_file); i++)
		fputc('x', f);
	fclose(f);
	struct jobs jobs = look();
	assert_int_equal(jobs.n, 0);
	jobs_release(&jobs);
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
		cmocka_unit_test_setup_teardown(stages_that_a_pipe_connects_are_one_job, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(secrets_in_arguments_are_masked, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_stage_that_was_killed_makes_the_job_failed, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(stopping_a_job_signals_it_and_kills_what_does_not_end, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_page_that_is_none_is_passed_over, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_run_directory_that_others_can_write_is_refused, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
