/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maip-jobctl run - start a pipeline as a job
 *
 * The pipeline is a ready-made job, a script, or text for the shell. Its stages register
 * themselves under one job id, which they find in their environment; so there is nothing to
 * supervise (supervise.h) but the shell, which alone knows how the filters between them have
 * ended. What it says goes into a status page of the job. The status is that of the first stage,
 * in the order of the data, that did not end well.
 */
#define _GNU_SOURCE                     /* close_range */
#include "jobctl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "job/family.h"
#include "job/jobs.h"
#include "job/page.h"
#include "job/rundir.h"
#include "print.h"
#include "supervise.h"

static bool detach;
static const char *name, *text, *log_path;

static const struct opt opts[] = {
	OPT_FLAG('d', "detach", &detach,
	         "leave the job running in the background and print its id"),
	OPT_STR('n', "name", &name, "NAME",
	        "name of the job (default: that of the ready-made job or script)"),
	OPT_STR('c', "command", &text, "PIPELINE",
	        "run this text with bash, 'maip-consume ... | maip-window ...', in place of a JOB"),
	OPT_STR('l', "log", &log_path, "FILE",
	        "with --detach: where its messages go (default: ID.log in the run directory)"),
	OPT_END
};

static const char *const ready_made[] = { "stream-processor", "anomaly-detector", NULL };

const struct tool run_tool = {
	.name = "maip-jobctl run", .parent = &jobctl_tool,
	.operands = "[JOB [ARGUMENT]...]",
	.opts = opts,
	.stop_at_operand = true,
	.operand_words = ready_made,
	.summary = "start a ready-made job, a script or a pipeline",
};

static const char *const columns[] = { "id", "name", "log", NULL };

#define PATH_SIZE 4096
#define START_WAIT_MS 3000              /* for the first stage to register */
#define SHELL_SIGPIPE (128 + SIGPIPE)   /* what a shell says of a death by SIGPIPE */

/* What bash runs: the text of the pipeline, its $1, behind three traps; all on one line, for from
 * there on the lines of the text are numbered. pipefail tells how the last command ended that did
 * not end well. Where that is a death by SIGPIPE, which is no failure, it hides one before it, so
 * EXIT looks at what ERR has noted of all of them; and set -e would end the text behind "| head",
 * so ERR takes it back until the next command of the text (DEBUG; ours say maip_). There is no ERR
 * in functions and subshells: what set -e then ends half way must not look whole. Any other status
 * is what the text wants to say, and its own traps stand in the place of these. INT is for ^C: our
 * stages end in order then, not by the signal, and bash alone would go on with the text. */
static const char around[] =
	"maip_ends=(); "
	"trap 'maip_end=$? maip_set=$-; "
	"if [ \"$maip_end\" = 141 ]; then "
	"for maip_end in \"${maip_ends[@]}\"; do "
	"case $maip_end in 0 | 141) ;; *) exit \"$maip_end\" ;; esac; "
	"done; "
	"case $maip_set in *e*) "
	"echo \"maip-jobctl run: set -e ended the text at a command that SIGPIPE has ended (write "
	"COMMAND || true where it may)\" >&2; exit 1 ;; esac; "
	"fi' EXIT; "
	"trap 'maip_end=$? maip_all=(\"${PIPESTATUS[@]}\") maip_at=$BASH_COMMAND; "
	"case $maip_at in *maip_text*) ;; *) "
	"maip_ends=(\"${maip_all[@]}\"); "
	"for maip_last in \"${maip_ends[@]}\"; do "
	"case $maip_last in 0 | 141) ;; *) maip_end=other ;; esac; "
	"done; "
	"case $-$maip_end:$maip_last in *e*141:0) set +e; trap \"case \\$BASH_COMMAND in "
	"*maip_*) ;; *) set -e; trap - DEBUG ;; esac\" DEBUG ;; esac ;; "
	"esac' ERR; "
	"trap 'exit 130' INT; "
	"maip_text=$1; shift; eval \"$maip_text\"";

/* ---- what to run */

/* The directory of this program: the other tools and the ready-made jobs stand near it. */
static void
own_directory(char to[PATH_SIZE])
{
	ssize_t n = readlink("/proc/self/exe", to, PATH_SIZE - 1);
	char *slash;

	to[n < 0 ? 0 : n] = '\0';
	slash = strrchr(to, '/');
	if (slash != NULL)
		*slash = '\0';
}

/* A ready-made job by name, where it is installed or where it stands in the sources. */
static bool
find_job(char to[PATH_SIZE], const char *job)
{
	char bin[PATH_SIZE];
	int n;

	if (strchr(job, '/') != NULL) {
		n = snprintf(to, PATH_SIZE, "%s", job);
		return n < PATH_SIZE && access(to, X_OK) == 0;
	}
	own_directory(bin);
	n = snprintf(to, PATH_SIZE, "%s/../libexec/maip/jobs/%s", bin, job);
	if (n < PATH_SIZE && access(to, X_OK) == 0)
		return true;
	n = snprintf(to, PATH_SIZE, "%s/../../cmd/jobs/%s", bin, job);
	return n < PATH_SIZE && access(to, X_OK) == 0;
}

static void
set_environment(const char *id, const char *job_name)
{
	const char *path = getenv("PATH");
	char bin[PATH_SIZE];
	struct buf b;

	own_directory(bin);
	buf_init(&b, BUF_NO_MAX);
	buf_addf(&b, "%s%s%s", bin, *bin == '\0' ? "" : ":", path == NULL ? "/usr/bin:/bin" : path);
	buf_add_char(&b, '\0');
	setenv("PATH", b.p, 1);
	setenv("MAIP_JOB_ID", id, 1);
	if (job_name != NULL)
		setenv("MAIP_JOB_NAME", job_name, 1);
	buf_release(&b);
}

/* ---- starting */

/* A process of its own: no terminal, and nothing of ours held open, a lock say. */
static void
redirect(int log)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0 || setsid() < 0)
		_exit(STATUS_BUG);
	close_range(STDERR_FILENO + 1, ~0u, 0);
}

/* What supervise() waits for, blocked from before the child is there. What was ignored stays
 * ignored: nohup, background jobs. */
static sigset_t
block_signals(sigset_t *before)
{
	const int stops[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction old;
	sigset_t set;

	/* ignored, it would take the status of the child with it */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(stops) / sizeof(*stops); i++)
		if (sigaction(stops[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(&set, stops[i]);
	sigprocmask(SIG_BLOCK, &set, before);
	return set;
}

/* argv[0] is the program; the child never returns from here. When this process is killed it is
 * ended, for nobody would, and its text would go on to start stages. */
static pid_t
start(char *const *argv, const sigset_t *mask)
{
	const pid_t parent = getpid();
	pid_t child = fork();

	if (child < 0)
		die(STATUS_RETRY, "cannot start a process: %s", strerror(errno));
	if (child > 0)
		return child;
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(STATUS_RETRY);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	warn("cannot run %s: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? STATUS_NOINPUT : STATUS_DENIED);
}

/* A job without a page could be neither listed nor cancelled. */
static void
find_run_directory(char dir[RUNDIR_PATH_MAX])
{
	struct err err;
	int run = rundir_open(dir, &err);

	if (run < 0)
		die(err.status, "%s", err.msg);
	close(run);
}

static int
open_log(const char *dir, const char *id, char path[PATH_SIZE])
{
	int fd;

	if (log_path != NULL)
		snprintf(path, PATH_SIZE, "%s", log_path);
	else
		snprintf(path, PATH_SIZE, "%s/%s.log", dir, id);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		die(STATUS_IO, "cannot write the log %s: %s", path, strerror(errno));
	return fd;
}

/* ---- following */

/* The stages that registered under id: 1 if there are any; *bad is the first status that is not
 * 0, of those that have ended, and job_name what the job is called; NULL: nobody asks. */
static int
look(const char *id, int *bad, char job_name[JOB_NAME_SIZE])
{
	struct jobs jobs;
	struct err err;
	struct job *job;
	int found = 0;

	*bad = 0;
	if (jobs_read(&jobs, clock_wall_ms(), &err) < 0)
		return 0;
	job = jobs_find(&jobs, str_of(id), &err);
	if (job != NULL && job_name != NULL)
		memcpy(job_name, job->name, JOB_NAME_SIZE);
	for (size_t i = 0; job != NULL && i < job->n; i++) {
		const struct page_file *page = job->stages[i].page;

		found = 1;
		if (page != NULL && *bad == 0 && !job->stages[i].alive)
			*bad = atomic_load(&page->ended_ms) == 0
			       ? STATUS_RETRY : atomic_load(&page->status);
	}
	jobs_release(&jobs);
	return found;
}

static int
child_status(int wait_status)
{
	if (!WIFEXITED(wait_status))
		return STATUS_RETRY;
	return WEXITSTATUS(wait_status) == SHELL_SIGPIPE ? STATUS_OK : WEXITSTATUS(wait_status);
}

/* The pipeline's status: that of a stage, which has said what was wrong, or that of the shell. Of
 * one that was asked to stop it is no more than that it was. */
static enum status
how_it_ended(const char *id, const struct ended *ended)
{
	int bad;

	if (look(id, &bad, NULL) && bad != 0)
		return (enum status)bad;
	if (ended->asked != PAGE_REQUEST_NONE)
		return ended->asked == PAGE_REQUEST_DRAIN && ended->in_time ? STATUS_OK
		                                                            : STATUS_RETRY;
	bad = child_status(ended->wait_status);
	if (bad != 0 && WIFEXITED(ended->wait_status) && text != NULL)
		warn("the pipeline ended with status %d, and no stage that began has failed (see "
		     "what its commands said)",
		     bad);
	return (enum status)bad;
}

/* From its start to its end. before is the signal mask that the pipeline gets. */
static enum status
run_job(char *const *line, const char *id, const sigset_t *signals, const sigset_t *before)
{
	struct err untold;              /* without a page the stages alone tell how it ended */
	struct page *const page = page_register(PAGE_RUNNER, 0, NULL, &untold);
	struct ended ended;
	enum status status;

	family_adopt();
	ended = supervise(start(line, before), id, page, signals);
	status = how_it_ended(id, &ended);
	page_finish(page, status);
	return status;
}

/* The same in a process of its own: its id. */
static pid_t
run_detached(char *const *line, const char *id, const sigset_t *signals, const sigset_t *before,
             int log)
{
	const pid_t child = fork();

	if (child < 0)
		die(STATUS_RETRY, "cannot start a process: %s", strerror(errno));
	if (child == 0) {
		redirect(log);
		_exit((int)run_job(line, id, signals, before));
	}
	return child;
}

/* Wait until a stage has registered; a job that ends before that has failed, or is very short. */
static enum status
let_go(pid_t child, const char *id, const char *log, bool json)
{
	char job_name[JOB_NAME_SIZE] = "pipeline";
	struct timespec pause = { .tv_nsec = 10000000 };
	int64_t deadline = clock_monotonic_ms() + START_WAIT_MS;
	int wait_status = 0, bad, ended = 0;
	struct printer *p;

	while (!look(id, &bad, job_name) &&
	       (ended = waitpid(child, &wait_status, WNOHANG) == child) == 0 &&
	       clock_monotonic_ms() < deadline)
		nanosleep(&pause, NULL);
	if (ended && child_status(wait_status) != 0) {
		warn("%s ended at once with status %d (its messages are in %s)", job_name,
		     child_status(wait_status), log);
		return (enum status)child_status(wait_status);
	}
	p = printer_new(columns, json);
	print_text(p, id);
	print_text(p, job_name);
	print_text(p, log);
	return printer_finish(p);
}

static char **
command_line(int argc, char **argv, char path[PATH_SIZE])
{
	static char *shell[] = { "bash", "-o",   "pipefail", "-c", (char *)around,
		                 "bash", NULL, NULL };
	char quoted[QUOTE_MAX];

	if ((text == NULL) == (argc == 0))
		die(STATUS_USAGE, "run wants either a JOB or -c 'PIPELINE'");
	if (text != NULL) {
		shell[6] = (char *)text;
		return shell;
	}
	if (!find_job(path, argv[0]))
		die(STATUS_NOINPUT,
		    "no job %s (ready-made jobs are stream-processor and anomaly-detector; a "
		    "script of your own needs a / in its name and to be executable)",
		    quote(quoted, str_of(argv[0])));
	argv[0] = path;
	return argv;
}

static enum status
run(const struct jobctl *ctl, const struct manager *unused, int argc, char **argv)
{
	sigset_t signals, before;
	char id[ID_SIZE], path[PATH_SIZE] = "", log[PATH_SIZE], dir[RUNDIR_PATH_MAX];
	const char *job_name = name;
	struct err err;
	char **line;
	pid_t child;
	int fd = -1;

	(void)unused;
	if (ctl->url != NULL)
		die(STATUS_USAGE, "run starts local pipelines (leave -m and MAIP_JOBMANAGER out)");
	if (log_path != NULL && !detach)
		die(STATUS_USAGE, "--log is for --detach: here messages go to standard error");
	if (name != NULL && strlen(name) >= JOB_NAME_SIZE)
		die(STATUS_USAGE, "--name: at most %d bytes", JOB_NAME_SIZE - 1);
	if (job_name == NULL && argc > 0)
		job_name = strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : argv[0];
	line = command_line(argc, argv, path);
	find_run_directory(dir);
	if (id_random(id, &err) < 0)
		die(err.status, "%s", err.msg);
	set_environment(id, job_name);
	if (detach)
		fd = open_log(dir, id, log);
	signals = block_signals(&before);
	if (!detach)
		return run_job(line, id, &signals, &before);
	child = run_detached(line, id, &signals, &before, fd);
	close(fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return let_go(child, id, log, ctl->json);
}

const struct command command_run = { &run_tool, run, NULL };
