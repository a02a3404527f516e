/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.c - lines out of a byte source, a bounded buffer at a time
 *
 * One buffer. Lines stand where they were read; only the unfinished line at the
 * end moves to the front before the next read. The buffer grows for a line that
 * does not fit, up to the cap; what is longer than that is thrown away up to
 * its newline, of which only the head is kept for the message.
 */
#define _GNU_SOURCE                     /* F_SETPIPE_SZ */
#include "json/line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_SIZE ((size_t)1 << 20)
#define MIN_ROOM  ((size_t)64 << 10)    /* do not bother the system for less */
#define HEAD_SIZE 64                    /* of a line that is too long */
#define MARK_SIZE 3                     /* the byte order mark */

/* Where a line begins: all that line_untake has to put back. */
struct place {
	size_t   at;
	uint64_t number;
	bool     owed;
};

struct line_reader {
	struct source from;
	char         *p;                /* cap bytes and LINE_SLACK */
	size_t        cap, max_line;
	size_t        at, end;          /* what is not handed out yet */
	size_t        seen;             /* no newline in at .. seen */
	uint64_t      number;           /* of the last line handed out or passed over */
	bool          ended;
	bool          skipping;         /* the rest of a line that is too long */
	bool          owed;             /* that line is still to be reported */
	char          head[HEAD_SIZE + LINE_SLACK];
	struct place *taken;            /* by the last line_take */
	size_t        n_taken, cap_taken;
};

struct line_reader *
line_new(size_t max_line)
{
	struct line_reader *r = mem_zalloc(1, sizeof(*r));

	r->max_line = max_line;
	r->cap = READ_SIZE + MIN_ROOM;
	r->p = mem_alloc(r->cap + LINE_SLACK);
	return r;
}

void
line_free(struct line_reader *r)
{
	if (!r)
		return;
	free(r->p);
	free(r->taken);
	free(r);
}

void
line_open(struct line_reader *r, const struct source *from)
{
	r->from = *from;
	r->at = r->end = r->seen = 0;
	r->number = 0;
	r->ended = r->skipping = r->owed = false;
	r->n_taken = 0;
}

static bool
is_blank(struct str s)
{
	size_t i = 0;

	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r'))
		i++;
	return i == s.n;
}

/* A mark that nothing follows is no mark: the line is not blank then. */
static struct str
without_bom(struct str s)
{
	struct str rest = str_slice(s, MARK_SIZE, s.n);

	return str_starts(s, STR("\xef\xbb\xbf")) && !is_blank(rest) ? rest : s;
}

/* The line at r->at that ends at stop, in its final form. */
static struct line
make_line(const struct line_reader *r, size_t stop, bool unterminated)
{
	struct str s = { r->p + r->at, stop - r->at };

	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	if (r->number == 1)
		s = without_bom(s);
	if (s.n <= r->max_line)
		return (struct line){ s, r->number, false, unterminated };
	return (struct line){ str_slice(s, 0, HEAD_SIZE), r->number, true, false };
}

/* The line that fills the buffer is too long: keep its head, drop the rest, owe the report. */
static void
give_up_line(struct line_reader *r)
{
	memcpy(r->head, r->p + r->at, HEAD_SIZE + MARK_SIZE);
	r->at = r->seen = r->end = 0;
	r->skipping = r->owed = true;
}

static struct line
owed_line(const struct line_reader *r)
{
	struct str s = { r->head, HEAD_SIZE + MARK_SIZE };

	if (r->number == 1)
		s = without_bom(s);
	return (struct line){ str_slice(s, 0, HEAD_SIZE), r->number, true, false };
}

/* Is what stands at r->at, a line without its end, too long whatever follows? */
static bool
is_hopeless(const struct line_reader *r)
{
	size_t n = r->end - r->at;

	/* 1: it may be "\r" */
	return n > r->max_line + MARK_SIZE + 1 && n >= HEAD_SIZE + MARK_SIZE;
}

/* Where the next newline is, or r->end. */
static size_t
find_newline(struct line_reader *r)
{
	const char *nl = r->seen < r->end ? memchr(r->p + r->seen, '\n', r->end - r->seen) : NULL;

	return nl ? (size_t)(nl - r->p) : r->end;
}

static void
remember(struct line_reader *r, size_t at, bool owed)
{
	r->taken = mem_more(r->taken, r->n_taken, &r->cap_taken, sizeof(*r->taken));
	r->taken[r->n_taken++] = (struct place){ at, r->number - 1, owed };
}

/* Finish a line that was given up: 1 when its newline was found. */
static bool
skip_rest(struct line_reader *r)
{
	size_t nl = find_newline(r);

	r->skipping = nl == r->end;
	r->at = r->seen = nl < r->end ? nl + 1 : r->end;
	return !r->skipping;
}

/* The next line that stands in the buffer, blank or not. */
static bool
next_line(struct line_reader *r, struct line *line)
{
	size_t at, nl;

	if (r->skipping && !r->owed && !skip_rest(r))
		return false;
	at = r->at;
	nl = find_newline(r);
	if (!r->owed && nl == r->end && !r->ended) {
		r->seen = r->end;
		/* before it stand lines that may come back */
		if (!is_hopeless(r) || r->n_taken > 0)
			return false;
		give_up_line(r);
		at = 0;
	}
	if (!r->owed && at == r->end)
		return false;
	r->number++;
	remember(r, at, r->owed);
	if (r->owed) {
		*line = owed_line(r);
		r->owed = false;
		return true;
	}
	*line = make_line(r, nl, nl == r->end);
	r->at = r->seen = nl < r->end ? nl + 1 : nl;
	return true;
}

size_t
line_take(struct line_reader *r, struct line *lines, size_t max)
{
	size_t n = 0;

	r->n_taken = 0;
	while (n < max && next_line(r, &lines[n])) {
		if (!lines[n].too_long && is_blank(lines[n].text))
			r->n_taken--;
		else
			n++;
	}
	return n;
}

void
line_untake(struct line_reader *r, size_t n)
{
	const struct place *first;

	if (n == 0)
		return;
	r->n_taken -= n;
	first = &r->taken[r->n_taken];
	r->at = r->seen = first->at;
	r->number = first->number;
	r->owed = first->owed;
}

/* Room behind the unfinished line for the next read. */
static void
make_room(struct line_reader *r)
{
	size_t left = r->end - r->at;

	if (r->at > 0 && (left < MIN_ROOM || r->cap - r->end < READ_SIZE)) {
		memmove(r->p, r->p + r->at, left);
		r->seen -= r->at;
		r->at = 0;
		r->end = left;
	}
	if (r->cap - r->end < MIN_ROOM) {
		r->cap *= 2;
		r->p = mem_resize(r->p, 1, r->cap + LINE_SLACK);
	}
}

int
line_fill(struct line_reader *r, struct err *err)
{
	size_t  room;
	int64_t got;

	r->n_taken = 0;
	if (r->ended)
		return 0;
	make_room(r);
	room = r->cap - r->end;
	got = r->from.read(r->from.self, r->p + r->end, room < READ_SIZE ? room : READ_SIZE, err);
	if (got < 0)
		return (int)got;
	r->ended = got == 0;
	r->end += (size_t)got;
	return got > 0;
}

bool
line_ready(struct line_reader *r, int64_t wait_ms)
{
	return r->ended || !r->from.ready || r->from.ready(r->from.self, wait_ms);
}

/* ---- a source over a descriptor */

static int64_t
fd_read(void *self, char *p, size_t n, struct err *err)
{
	int fd = *(int *)self;

	for (;;) {
		ssize_t got = read(fd, p, n);

		if (got >= 0)
			return got;
		if (errno == EINTR)
			return SOURCE_INTERRUPTED;
		if (errno != EAGAIN)
			return fail_as(err, STATUS_IO, "cannot read: %s", strerror(errno));
		if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1) < 0 &&
		    errno == EINTR)
			return SOURCE_INTERRUPTED;
	}
}

static bool
fd_ready(void *self, int64_t wait_ms)
{
	struct pollfd p = { .fd = *(int *)self, .events = POLLIN };
	int           wait = wait_ms < 0 ? -1 : wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms;

	return poll(&p, 1, wait) > 0;
}

struct source
source_fd(int *fd)
{
	/* Fails on all but pipes, and where the user's limit is lower: then it stays as it is. */
	fcntl(*fd, F_SETPIPE_SZ, (int)READ_SIZE);
	return (struct source){ .self = fd, .read = fd_read, .ready = fd_ready };
}
