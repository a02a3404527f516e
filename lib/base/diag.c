/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.c - one failure, one sentence
 *
 * Input ends up in messages, and messages end up on terminals: quote() lets
 * nothing through that could move a cursor, hide text or turn its direction.
 */
#include "base/diag.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/utf8.h"

enum { QUOTED_BYTES = 200, LINE_MAX_BYTES = 2048 };

static const char *tool_name = "maip";

/* Make room for "..." at the end of a message that was too long, between characters. */
static void
cut(char *msg, size_t size)
{
	size_t n = size - sizeof("...");

	while (n > 0 && !utf8_starts(msg[n]))
		n--;
	memcpy(msg + n, "...", sizeof("..."));
}

static void
format(char *to, size_t size, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

static void
format(char *to, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(to, size, fmt, ap);

	if (n < 0)
		to[0] = '\0';
	else if ((size_t)n >= size)
		cut(to, size);
}

static int
record(struct err *err, enum status status, const char *at, const char *fmt, va_list ap)
        PRINTF_LIKE(4, 0);

static int
record(struct err *err, enum status status, const char *at, const char *fmt, va_list ap)
{
	if (err == NULL)
		return -1;
	err->status = status;
	err->at = at;
	format(err->msg, sizeof(err->msg), fmt, ap);
	return -1;
}

int
fail(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, STATUS_BUG, NULL, fmt, ap);
	va_end(ap);
	return -1;
}

int
fail_as(struct err *err, enum status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, status, NULL, fmt, ap);
	va_end(ap);
	return -1;
}

int
fail_at(struct err *err, enum status status, const char *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, status, at, fmt, ap);
	va_end(ap);
	return -1;
}

int
fail_in(struct err *err, const char *fmt, ...)
{
	char    old[sizeof(err->msg)];
	size_t  n;
	va_list ap;

	if (err == NULL)
		return -1;
	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	if ((size_t)snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", old) >=
	    sizeof(err->msg) - n)
		cut(err->msg, sizeof(err->msg));
	return -1;
}

static bool
is_harmless(uint32_t code)
{
	static const struct { uint32_t first, last; } harmful[] = {
		{ 0x00, 0x1F }, { 0x7F, 0x9F },         /* C0, DEL, C1 */
		{ 0x61C, 0x61C }, { 0x200E, 0x200F },   /* marks of direction */
		/* separators of lines; embeddings and overrides */
		{ 0x2028, 0x202E },
		{ 0x2066, 0x2069 },                     /* isolates */
		{ 0xFEFF, 0xFEFF },                     /* byte order mark */
	};

	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
		if (code >= harmful[i].first && code <= harmful[i].last)
			return false;
	return true;
}

const char *
quote(char to[QUOTE_MAX], struct str s)
{
	size_t   n = 0, used = 0, len;
	uint32_t code;

	to[n++] = '\'';
	while (used < s.n) {
		len = utf8_length(s.p + used, s.p + s.n);
		code = utf8_code(s.p + used, len);
		if (used + (len == 0 ? 1 : len) > QUOTED_BYTES)
			break;
		if (len == 0 || (len == 1 && !is_harmless(code))) {
			n += (size_t)snprintf(to + n, QUOTE_MAX - n, "\\x%02x",
			                      (unsigned char)s.p[used]);
			len = 1;
		} else if (!is_harmless(code)) {
			n += (size_t)snprintf(to + n, QUOTE_MAX - n, "\\u{%x}", code);
		} else {
			memcpy(to + n, s.p + used, len);
			n += len;
		}
		used += len;
	}
	snprintf(to + n, QUOTE_MAX - n, "'%s", used < s.n ? "..." : "");
	return to;
}

void
diag_name(const char *name)
{
	tool_name = name;
}

const char *
diag_name_get(void)
{
	return tool_name;
}

static void
vwarn(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

static void
vwarn(const char *fmt, va_list ap)
{
	char   line[LINE_MAX_BYTES];
	int    saved = errno;
	size_t n;

	snprintf(line, sizeof(line) / 2, "%s: ", tool_name);
	n = strlen(line);
	format(line + n, sizeof(line) - n - 1, fmt, ap);
	n = strlen(line);
	line[n++] = '\n';
	/* Where stderr cannot be written there is nobody to tell. */
	if (write(STDERR_FILENO, line, n) < 0)
		errno = 0;
	errno = saved;
}

void
warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
}

void
die(enum status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
	exit((int)status);
}
