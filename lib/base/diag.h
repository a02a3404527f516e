/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.h - how things that go wrong are told, and how a tool ends
 *
 * Library code neither prints nor exits: it writes one sentence into the
 * caller's struct err and returns -1. A tool prints it with warn() and ends
 * with the status that fits. Messages say what failed, why and what to do; lower
 * case, no full stop; input is quoted with quote().
 */
#ifndef MAIP_BASE_DIAG_H
#define MAIP_BASE_DIAG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/str.h"

#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* Exit statuses: the only place where their numbers stand. EXIT STATUS of every man page explains
 * them. */
enum status {
	STATUS_OK          = 0,
	STATUS_NO          = 1,         /* the answer is no */
	STATUS_USAGE       = 64,        /* the command line is wrong */
	STATUS_DATA        = 65,        /* the input is wrong */
	STATUS_NOINPUT     = 66,        /* an input file cannot be read */
	STATUS_UNAVAILABLE = 69,        /* a broker or service does not answer */
	STATUS_BUG         = 70,        /* cannot happen, and did */
	STATUS_IO          = 74,        /* a write failed, or a record was not delivered */
	STATUS_RETRY       = 75,        /* nothing is lost, try again */
	STATUS_DENIED      = 77,        /* not permitted */
	STATUS_CONFIG      = 78,        /* configuration or state cannot be used */
	STATUS_FENCED      = 80         /* a newer run has taken over */
};

/* One failure. Owned by the caller; no allocation, never needs releasing. */
struct err {
	/* how the tool should end; STATUS_BUG unless fail_as() said more */
	enum status status;
	/* where in a text that was compiled the mistake is, borrowed from it; NULL: nobody says */
	const char *at;
	char        msg[600];           /* always ends in NUL; cut with "..." when too long */
};

/* Record a failure; both return -1, so that "return fail(err, ...)" reads well. err may be NULL. */
int fail(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
int fail_as(struct err *err, enum status status, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* fail_as(), and the place. */
int fail_at(struct err *err, enum status status, const char *at, const char *fmt, ...)
        PRINTF_LIKE(4, 5);

/* Put "prefix: " before the message that err holds. Returns -1. */
int fail_in(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* For messages: s between single quotes, at most 200 bytes of it, control and non-UTF-8
 * bytes, DEL, C1 and bidirectional controls written as \xNN or \u{N}. Returns to. */
#define QUOTE_MAX 840
const char *quote(char to[QUOTE_MAX], struct str s);

/* The name before every message, "maip-window" say; kept, not copied. Set once, first thing in
 * main. */
void diag_name(const char *name);
const char *diag_name_get(void);

/* Print "NAME: message\n" to stderr in one write(2). */
void warn(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* warn() and exit. Only in option parsing, and in cmd/ before the stream starts. */
_Noreturn void die(enum status status, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
