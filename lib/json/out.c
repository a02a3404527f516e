/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out.c - a checked, buffered writer of lines
 *
 * An error is only told once and in one place: the writer remembers it, and
 * out_finish() turns it into the status of the tool. What is too large for the
 * buffer goes around it.
 */
#include "json/out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "json/scan.h"

#define OUT_FULL ((size_t)256 << 10)

void
out_init(struct out *o, const struct sink *to)
{
	memset(o, 0, sizeof(*o));
	o->to = *to;
	buf_init(&o->buf, BUF_NO_MAX);
}

static int
close_sink(struct out *o)
{
	int got = o->to.close ? o->to.close(o->to.self, o->failed ? NULL : &o->err) : 0;

	o->to.close = NULL;
	if (got < 0)
		o->failed = true;
	return got;
}

void
out_release(struct out *o)
{
	close_sink(o);
	buf_release(&o->buf);
}

static void
tell_waiting(const struct out *o, bool blocked)
{
	if (o->wait)
		o->wait(o->wait_arg, blocked);
}

/* Hand n bytes to the sink, all of them or an error. */
static int
send(struct out *o, const char *p, size_t n)
{
	while (n > 0) {
		int64_t got = o->to.write(o->to.self, p, n, &o->err);

		if (got == SINK_INTERRUPTED && (o->give_up == NULL || !o->give_up(o->wait_arg)))
			continue;
		if (got < 0) {
			o->failed = true;
			o->reader_gone = got == SINK_READER_GONE;
			o->gave_up = got == SINK_INTERRUPTED;
			return -1;
		}
		p += got;
		n -= (size_t)got;
		o->bytes += (uint64_t)got;
	}
	return 0;
}

int
out_flush(struct out *o)
{
	int got;

	if (o->failed)
		return -1;
	if (o->buf.n == 0)
		return 0;
	tell_waiting(o, true);
	got = send(o, o->buf.p, o->buf.n);
	tell_waiting(o, false);
	buf_clear(&o->buf);
	if (got == 0)
		o->lines += o->unsent_lines;
	o->unsent_lines = 0;
	return got;
}

bool
out_left(struct out *o)
{
	if (!o->failed && o->to.gone != NULL && o->to.gone(o->to.self))
		o->failed = o->reader_gone = true;
	return o->reader_gone;
}

/* Room for n more bytes, if so many fit at all. */
static int
make_room(struct out *o, size_t n)
{
	if (o->failed)
		return -1;
	return o->buf.n + n > OUT_FULL ? out_flush(o) : 0;
}

int
out_bytes(struct out *o, const void *p, size_t n)
{
	int got;

	if (make_room(o, n) < 0)
		return -1;
	if (n <= OUT_FULL)
		return buf_add(&o->buf, p, n);
	tell_waiting(o, true);
	got = send(o, p, n);
	tell_waiting(o, false);
	return got;
}

int
out_str(struct out *o, struct str s)
{
	return out_bytes(o, s.p, s.n);
}

int
out_char(struct out *o, char c)
{
	return out_bytes(o, &c, 1);
}

int
out_end_line(struct out *o)
{
	if (out_char(o, '\n') < 0)
		return -1;
	o->unsent_lines++;
	return 0;
}

int
out_line(struct out *o, struct str line)
{
	return out_str(o, line) < 0 ? -1 : out_end_line(o);
}

int
out_i64(struct out *o, int64_t v)
{
	return make_room(o, NUM_TEXT_MAX) < 0 ? -1 : buf_add_i64(&o->buf, v);
}

int
out_num(struct out *o, const struct num *n)
{
	char text[NUM_TEXT_MAX];

	return out_bytes(o, text, num_print(text, n));
}

int
out_json_string(struct out *o, struct str text)
{
	return make_room(o, text.n + 2) < 0 ? -1 : json_add_string(&o->buf, text);
}

int
out_hand_on(struct out *o, struct err *err)
{
	*err = o->err;
	o->told = true;
	return -1;
}

enum status
out_finish(struct out *o, enum status so_far)
{
	out_flush(o);
	close_sink(o);
	if (!o->failed || o->reader_gone || o->gave_up)
		return so_far;
	if (!o->told)
		warn("%s", o->err.msg);
	return STATUS_IO;
}

bool
out_is(const struct out *o, const struct stat *file)
{
	return o->to.is != NULL && o->to.is(o->to.self, file);
}

/* ---- sinks over descriptors */

struct file {
	int   fd;
	char *path;
};

static int64_t
write_some(int fd, const char *p, size_t n)
{
	for (;;) {
		ssize_t got = write(fd, p, n);

		if (got >= 0)
			return got;
		if (errno == EINTR)
			return SINK_INTERRUPTED;
		if (errno == EPIPE)
			return SINK_READER_GONE;
		if (errno != EAGAIN)
			return -1;
		if (poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1) < 0 &&
		    errno == EINTR)
			return SINK_INTERRUPTED;
	}
}

static int
fail_write(struct err *err, const char *what)
{
	return fail_as(err, STATUS_IO, "cannot write to %s: %s", what, strerror(errno));
}

static const char *
fd_name(int fd)
{
	if (fd == STDOUT_FILENO)
		return "standard output";
	return fd == STDERR_FILENO ? "standard error" : "the output";
}

static int64_t
fd_write(void *self, const char *p, size_t n, struct err *err)
{
	int     fd = *(int *)self;
	int64_t got = write_some(fd, p, n);

	return got == -1 ? fail_write(err, fd_name(fd)) : got;
}

static int
fd_close(void *self, struct err *err)
{
	int *fd = self;
	int  was = *fd;

	*fd = -1;
	return was >= 0 && close(was) < 0 && errno != EINTR ? fail_write(err, fd_name(was)) : 0;
}

/* A pipe or socket that nobody reads is in error; so the system says without being asked for
 * anything. */
static bool
fd_gone(void *self)
{
	struct pollfd p = { .fd = *(int *)self };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0;
}

static bool
is_open_as(int fd, const struct stat *file)
{
	struct stat own;

	return fstat(fd, &own) == 0 && S_ISREG(own.st_mode) && own.st_dev == file->st_dev &&
	       own.st_ino == file->st_ino;
}

static bool
fd_is(void *self, const struct stat *file)
{
	return is_open_as(*(int *)self, file);
}

struct sink
sink_fd(int *fd)
{
	return (struct sink){
		.self = fd, .write = fd_write, .close = fd_close, .gone = fd_gone, .is = fd_is
	};
}

static int64_t
file_write(void *self, const char *p, size_t n, struct err *err)
{
	const struct file *f = self;
	int64_t            got = write_some(f->fd, p, n);

	return got == -1 ? fail_write(err, f->path) : got;
}

static int
file_close(void *self, struct err *err)
{
	struct file *f = self;
	int          got = close(f->fd) < 0 && errno != EINTR ? fail_write(err, f->path) : 0;

	free(f->path);
	free(f);
	return got;
}

static bool
file_is(void *self, const struct stat *file)
{
	return is_open_as(((const struct file *)self)->fd, file);
}

/* Did an earlier run leave a line without its end in the file that fd writes to, for the disk was
 * full or it was killed? */
static bool
is_torn(int fd, const char *path)
{
	struct stat file;
	char        last = '\n';

	if (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode) || file.st_size == 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (pread(fd, &last, 1, file.st_size - 1) < 1)
		last = '\n';
	close(fd);
	return last != '\n';
}

int
out_open_file(struct out *o, const char *path, struct err *err)
{
	char         quoted[QUOTE_MAX];
	struct file *f;
	int          fd;

	if (strcmp(path, "-") == 0)
		return fail_as(err, STATUS_USAGE,
		               "'-' is no file (/dev/stderr is, and ./- is one of that name)");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0)
		return fail_as(err, errno == EACCES || errno == EPERM ? STATUS_DENIED : STATUS_IO,
		               "cannot open %s for writing: %s", quote(quoted, str_of(path)),
		               strerror(errno));
	f = mem_alloc(sizeof(*f));
	*f = (struct file){ fd, mem_dup(str_of(quote(quoted, str_of(path)))) };
	out_init(o, &(struct sink){
		.self = f, .write = file_write, .close = file_close, .is = file_is
	});
	if (is_torn(fd, path))
		out_str(o, STR("\n"));
	return 0;
}
