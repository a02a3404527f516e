/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - lines that speak about the stream itself
 *
 * A control line is an object whose first member is "_maip", written exactly as
 * below (space between tokens is free): strict on reading, so that nothing else
 * can be taken for one. See maip-stream(5).
 *
 *	{"_maip":"hello","version":1,"job":"<32 hex>","run":"<32 hex>","watermarks":true,
 *	 "checkpoints":false}
 *	{"_maip":"watermark","ts":1767225600000}
 *	{"_maip":"idle"}
 *	{"_maip":"active"}
 *	{"_maip":"end","drain":true}
 */
#ifndef MAIP_STREAM_CONTROL_H
#define MAIP_STREAM_CONTROL_H

#include "base/id.h"
#include "json/out.h"

#define STREAM_VERSION 1

enum control_kind {
	CONTROL_NONE,
	CONTROL_HELLO,
	CONTROL_WATERMARK,
	CONTROL_IDLE,
	CONTROL_ACTIVE,
	CONTROL_END
};

struct control {
	enum control_kind kind;
	char    job[ID_SIZE], run[ID_SIZE];     /* HELLO: 32 lower-case hex digits and NUL */
	bool    watermarks;             /* HELLO */
	bool    checkpoints;            /* HELLO */
	int64_t ts;                     /* WATERMARK: no later record has time <= ts */
	bool    drain;                  /* END */
};

/* Does line begin like a control line ({"_maip": with any space)? Cheap: a look at the first
 * bytes. */
bool control_looks(struct str line);

/* 0, or -1 with err: unknown kind, missing or unknown member, wrong order, version of the future,
 * ... */
int control_parse(struct control *to, struct str line, struct err *err);

/* Is not counted among the lines of o. */
int control_print(struct out *o, const struct control *c);

#endif
