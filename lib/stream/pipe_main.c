/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe_main.c - the loop between the descriptors, clocks and signals of a process
 *
 * Everything that pipe.c is kept free of, so that it can run in a test.
 */
#define _GNU_SOURCE                     /* F_SETPIPE_SZ */
#include "stream/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define PIPE_BYTES (1 << 20)

/* ---- clocks and signals */

/* a handler has nowhere else to write */
static volatile int stop_flag, last_stop = STOP_SOON;

static void
on_stop_signal(int signal)
{
	static int64_t since;

	(void)signal;
	if (stop_flag != STOP_NONE && clock_monotonic_ms() - since < PIPE_SAME_STOP_MS)
		return;
	since = clock_monotonic_ms();
	if (stop_flag >= last_stop)
		_exit(STATUS_RETRY);
	stop_flag = stop_flag == STOP_NONE ? STOP_SOON : STOP_NOW;
	alarm(1);
}

/* Again and again: a signal that comes just before a write blocks does not interrupt it. */
static void
on_alarm(int signal)
{
	(void)signal;
	if (stop_flag < STOP_OVERDUE)
		stop_flag = STOP_OVERDUE;
	alarm(1);
}

/* One at a time. Without SA_RESTART, so that a read or write that waits comes back. */
static void
catch(int signal, void (*handler)(int signal))
{
	struct sigaction action = { .sa_handler = handler };

	sigfillset(&action.sa_mask);
	sigaction(signal, &action, NULL);
}

/* What was ignored stays so (nohup). */
static void
catch_stop(int signal)
{
	struct sigaction old;

	if (sigaction(signal, NULL, &old) < 0 || old.sa_handler != SIG_IGN)
		catch(signal, on_stop_signal);
}

static int64_t
wall_ms(void *self)
{
	(void)self;
	return clock_wall_ms();
}

static int64_t
monotonic_ns(void *self)
{
	(void)self;
	return clock_monotonic_ns();
}

void
pipe_env_real(struct pipe_env *env)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	catch(SIGALRM, on_alarm);
	catch_stop(SIGTERM);
	catch_stop(SIGINT);
	catch_stop(SIGHUP);
	*env = (struct pipe_env){
		.clock_ms = wall_ms, .clock_ns = monotonic_ns, .stop = &stop_flag,
		.forward_control = true,
	};
}

void
pipe_count_stops(void)
{
	last_stop = STOP_NOW;
}

/* ---- inputs: opened in their turn, so that there may be more of them than descriptors */

struct file {
	const char   *path;             /* NULL: standard input */
	int           fd;               /* -1: not open */
	bool          over;             /* read to its end */
	struct source inner;            /* over fd, once it is open */
};

static int
open_file(struct file *f, struct err *err)
{
	f->fd = f->path == NULL ? STDIN_FILENO : open(f->path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return fail_as(err, STATUS_NOINPUT, "cannot open: %s", strerror(errno));
	f->inner = source_fd(&f->fd);
	return 0;
}

static int64_t
file_read(void *self, char *p, size_t n, struct err *err)
{
	struct file *f = self;
	int64_t got;

	if (f->over)
		return 0;
	if (f->fd < 0 && open_file(f, err) < 0)
		return -1;
	got = f->inner.read(f->inner.self, p, n, err);
	f->over = got == 0;
	if (f->over && f->path != NULL)
		close(f->fd);
	return got;
}

static bool
file_ready(void *self, int64_t wait_ms)
{
	struct file *f = self;
	struct err ignored;

	if (f->over || (f->fd < 0 && open_file(f, &ignored) < 0))
		return true;            /* read will say why */
	return f->inner.ready == NULL || f->inner.ready(f->inner.self, wait_ms);
}

/* What a tool writes while it runs. */
struct written {
	const struct out *out;
	const struct bad_records *bad;
	struct out *const *side;        /* PIPE_SIDE_OUTPUTS of them; NULL: nothing */
};

static bool
is_written(const struct written *w, const struct stat *file)
{
	bool is = out_is(w->out, file) || (w->bad->policy == ON_ERROR_DEAD_LETTER &&
	                                   out_is(&w->bad->letters, file));

	for (size_t i = 0; i < PIPE_SIDE_OUTPUTS; i++)
		is = is || (w->side[i] != NULL && out_is(w->side[i], file));
	return is;
}

/* The rest read tells. */
static int
check_stdin(const struct written *w, struct err *err)
{
	struct stat st;

	if ((fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return fail_as(err, STATUS_NOINPUT, "standard input is closed");
	if (fstat(STDIN_FILENO, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return fail_as(err, STATUS_NOINPUT, "cannot read standard input: %s",
		               strerror(EISDIR));
	return is_written(w, &st) ? fail_as(err, STATUS_USAGE,
	                                    "standard input is written to as well: it would have "
	                                    "no end")
	                          : 0;
}

/* Can it be read, as far as can be told without opening it? (Opening a FIFO and closing it again
 * would break its writer.) */
static int
check_file(const char *path, const struct written *w, struct err *err)
{
	char quoted[QUOTE_MAX];
	struct stat st;
	const char *why = NULL;

	quote(quoted, str_of(path));
	if (stat(path, &st) < 0 || faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0)
		why = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		why = strerror(EISDIR);
	if (why != NULL)
		return fail_as(err, STATUS_NOINPUT, "cannot read %s: %s", quoted, why);
	return is_written(w, &st) ? fail_as(err, STATUS_USAGE,
	                                    "%s is written to as well: it would have no end",
	                                    quoted)
	                          : 0;
}

/* paths is NULL for standard input alone. */
static int
prepare(struct pipe_input *inputs, struct file *files, int n, char *const *paths,
        const struct written *w, struct err *err)
{
	for (int i = 0; i < n; i++) {
		const char *path = paths != NULL ? paths[i] : "-";
		const bool is_stdin = strcmp(path, "-") == 0;

		files[i] = (struct file){ .path = is_stdin ? NULL : path, .fd = -1 };
		inputs[i].source = (struct source){ &files[i], file_read, file_ready };
		inputs[i].name = is_stdin ? n > 1 ? "standard input" : NULL : path;
		if ((is_stdin ? check_stdin(w, err) : check_file(path, w, err)) < 0)
			return -1;
	}
	return 0;
}

static enum status
run(const struct stage *stage, const struct pipe_input *inputs, size_t n, struct bad_records *bad,
    struct out *out, const struct pipe_env *env)
{
	enum status status;
	struct err err;
	bool out_tells;                 /* out_finish will */

	/* Fails on what is no pipe, and past the user's share of pipe memory. */
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_BYTES);
	status = pipe_run(stage, inputs, n, bad, out, env, &err);
	out_tells = out->failed && !out->gave_up && strcmp(err.msg, out->err.msg) == 0;
	if (status != STATUS_OK && err.msg[0] != '\0' && !out_tells)
		warn("%s", err.msg);
	return out_finish(out, bad_finish(bad, status));
}

int
pipe_main(const struct stage *stage, int n_files, char *const *files, struct bad_records *bad,
          const struct pipe_env *env)
{
	const int n = n_files > 0 ? n_files : 1;
	struct pipe_input *inputs = mem_zalloc((size_t)n, sizeof(*inputs));
	struct file *opened = mem_zalloc((size_t)n, sizeof(*opened));
	int fd = STDOUT_FILENO;
	const struct sink to = sink_fd(&fd);
	struct out out;
	const struct written written = { &out, bad, env->side_outputs };
	enum status status;
	struct err err;

	out_init(&out, &to);
	if (prepare(inputs, opened, n, n_files > 0 ? files : NULL, &written, &err) < 0) {
		warn("%s", err.msg);
		status = err.status;
	} else {
		status = run(stage, inputs, (size_t)n, bad, &out, env);
	}
	out_release(&out);
	free(inputs);
	free(opened);
	return (int)status;
}
