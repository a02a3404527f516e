/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.c - what a shell command prints
 *
 * Runs on a thread of librdkafka's, which blocks every signal: the child must not inherit that.
 * The end of the command is the end of its process, not of its output, for it may leave an agent
 * behind that keeps the pipes.
 */
#define _GNU_SOURCE                     /* pipe2, explicit_bzero, pidfd_open */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/time.h"
#include "kafka/command.h"

#define STEP_MS    100                  /* how often stop is looked at */
#define ERRORS_MAX 1024                 /* bytes of stderr that are kept */

extern char **environ;

struct run {
	pid_t pid;
	int   ended;                    /* readable when the process has ended */
	int   out, errors;              /* our ends; -1: closed */
};

static void
close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static int
spawn(pid_t *pid, const char *line, int out, int errors)
{
	const char *const argv[] = { "sh", "-c", line, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
	                                        POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
	rc = posix_spawn(pid, "/bin/sh", &files, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc;
}

static int
start(struct run *r, const char *line, struct err *err)
{
	int out[2], errors[2], rc;

	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail_as(err, STATUS_UNAVAILABLE, "no pipe: %s", strerror(errno));
	if (pipe2(errors, O_CLOEXEC | O_NONBLOCK) < 0) {
		close_pair(out);
		return fail_as(err, STATUS_UNAVAILABLE, "no pipe: %s", strerror(errno));
	}
	/* The command's ends block, as it expects. */
	(void)fcntl(out[1], F_SETFL, 0);
	(void)fcntl(errors[1], F_SETFL, 0);
	rc = spawn(&r->pid, line, out[1], errors[1]);
	close(out[1]);
	close(errors[1]);
	r->out = out[0];
	r->errors = errors[0];
	if (rc == 0)
		r->ended = pidfd_open(r->pid, 0);
	if (rc == 0 && r->ended >= 0)
		return 0;
	if (rc == 0) {
		rc = errno;
		kill(-r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	close(r->out);
	close(r->errors);
	return fail_as(err, STATUS_UNAVAILABLE, "cannot start sh: %s", strerror(rc));
}

/* Take what is there now; past to's maximum it is dropped. Returns the descriptor, or -1 when it
 * has ended. */
static int
drain(int fd, struct buf *to, bool *too_much)
{
	char    piece[4096];
	ssize_t n;

	if (fd < 0)
		return fd;
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		if (buf_add(to, piece, (size_t)n) < 0)
			*too_much = true;
		explicit_bzero(piece, (size_t)n);
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return fd;
	close(fd);
	return -1;
}

/* Read until the process has ended. -1: it was killed, and err says why. */
static int
collect(struct run *r, const struct command *c, struct buf *out, struct buf *errors, bool *too_much,
        struct err *err)
{
	const int64_t end = clock_monotonic_ms() + c->timeout;
	bool          cut = false;
	char          text[DUR_TEXT_MAX];

	for (;;) {
		struct pollfd fds[] = { { r->ended, POLLIN, 0 },
			                { r->out, POLLIN, 0 },
			                { r->errors, POLLIN, 0 } };

		(void)poll(fds, 3, STEP_MS);
		r->out = drain(r->out, out, too_much);
		r->errors = drain(r->errors, errors, &cut);
		if (fds[0].revents != 0)
			return 0;
		if (c->stop != NULL && atomic_load(c->stop))
			return fail_as(err, STATUS_RETRY, "stopped");
		if (clock_monotonic_ms() >= end) {
			text[dur_print(text, c->timeout)] = '\0';
			return fail_as(err, STATUS_DENIED, "no end after %s", text);
		}
	}
}

static struct str
first_line(struct str s)
{
	size_t n = 0;

	while (s.n > 0 && strchr(" \t\r\n", s.p[0]) != NULL)
		s = str_slice(s, 1, s.n);
	while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
		n++;
	return str_slice(s, 0, n);
}

static int
judge(int status, struct str errors, struct err *err)
{
	const struct str line = first_line(errors);
	const int        code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	char             q[QUOTE_MAX], end[40];

	if (WIFEXITED(status) && code == 0)
		return 0;
	if (WIFEXITED(status))
		snprintf(end, sizeof(end), "exit status %d", code);
	else
		snprintf(end, sizeof(end), "killed by signal %d", WTERMSIG(status));
	return fail_as(err, code == 126 || code == 127 ? STATUS_CONFIG : STATUS_DENIED, "%s%s%s",
	               end, line.n > 0 ? ": " : "", line.n > 0 ? quote(q, line) : "");
}

int
command_run(const struct command *c, struct buf *out, struct err *err)
{
	struct run r;
	struct buf errors;
	bool       too_much = false;
	int        rc, status = 0;

	if (start(&r, c->line, err) < 0)
		return -1;
	buf_init(&errors, ERRORS_MAX + 4096);
	rc = collect(&r, c, out, &errors, &too_much, err);
	if (rc < 0)
		kill(-r.pid, SIGKILL);
	while (waitpid(r.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc == 0) {
		r.out = drain(r.out, out, &too_much);
		r.errors = drain(r.errors, &errors, &too_much);
		rc = judge(status, buf_str(&errors), err);
	}
	if (rc == 0 && too_much)
		rc = fail_as(err, STATUS_CONFIG, "it printed more than %d bytes",
		             COMMAND_OUTPUT_MAX);
	if (r.out >= 0)
		close(r.out);
	if (r.errors >= 0)
		close(r.errors);
	close(r.ended);
	buf_release(&errors);
	return rc;
}
