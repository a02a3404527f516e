/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad.c - count, tell, keep or stop at records that are none
 */
#include "stream/bad.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "json/scan.h"

#define LETTER_MAX ((size_t)1 << 20)    /* bytes of the input that a letter keeps */

int
bad_option(void *arg, const char *value, struct err *err)
{
	const struct str prefix = STR("dead-letter=");
	struct bad_records *bad = arg;
	char quoted[QUOTE_MAX];

	if (bad->policy == ON_ERROR_DEAD_LETTER)
		return fail_as(err, STATUS_USAGE, "dead-letter=%s was said before",
		               bad->letter_path);
	if (strcmp(value, "stop") == 0) {
		bad->policy = ON_ERROR_STOP;
	} else if (strcmp(value, "skip") == 0) {
		bad->policy = ON_ERROR_SKIP;
	} else if (str_starts(str_of(value), prefix) && value[prefix.n] != '\0') {
		bad->letter_path = value + prefix.n;
		bad->policy = ON_ERROR_DEAD_LETTER;
	} else {
		return fail_as(err, STATUS_USAGE, "%s is not stop, skip or dead-letter=FILE",
		               quote(quoted, str_of(value)));
	}
	return 0;
}

int
bad_open(struct bad_records *bad, struct err *err)
{
	if (bad->policy == ON_ERROR_STOP && bad->ok_errors > 0)
		return fail_as(err, STATUS_USAGE,
		               "--ok-errors is for --on-error skip or dead-letter=FILE: with stop "
		               "the first that is bad ends the run");
	if (bad->policy == ON_ERROR_DEAD_LETTER &&
	    out_open_file(&bad->letters, bad->letter_path, err) < 0)
		return fail_in(err, "--on-error");
	return 0;
}

/* Text cut at a byte count may end inside a character: give up the torn one. */
static struct str
whole_characters(struct str s)
{
	size_t last = s.n;              /* where the last character begins */

	while (last > 0 && s.n - last < 3 && !utf8_starts(s.p[last - 1]))
		last--;
	if (last > 0 && (s.p[last - 1] & 0xC0) == 0xC0)
		last--;
	return utf8_valid(str_slice(s, last, s.n)) ? s : str_slice(s, 0, last);
}

static void
put_base64(struct out *o, struct str bytes)
{
	char *const text = mem_alloc(base64_size(bytes.n));

	out_char(o, '"');
	out_bytes(o, text, base64_encode(text, bytes));
	out_char(o, '"');
	free(text);
}

/* Messages quote their input, but a file name may hold any byte. */
static void
put_text(struct out *o, struct str text)
{
	char quoted[QUOTE_MAX];

	out_json_string(o, utf8_valid(text) ? text : str_of(quote(quoted, text)));
}

static int
write_letter(struct bad_records *bad, const char *position, struct str input, bool cut,
             const char *reason)
{
	struct out *o = &bad->letters;

	if (input.n > LETTER_MAX) {
		input.n = LETTER_MAX;
		cut = true;
	}
	if (cut)
		input = whole_characters(input);
	out_str(o, STR("{\"reason\":"));
	put_text(o, str_of(reason));
	out_str(o, STR(",\"position\":"));
	put_text(o, str_of(position));
	if (utf8_valid(input)) {
		out_str(o, STR(",\"input\":"));
		out_json_string(o, input);
	} else {
		out_str(o, STR(",\"input_b64\":"));
		put_base64(o, input);
	}
	if (cut)
		out_str(o, STR(",\"cut\":true"));
	out_char(o, '}');
	return out_end_line(o);
}

static int
deal_with(struct bad_records *bad, const char *position, struct str input, bool cut,
          const struct err *reason, struct err *err)
{
	bad->count++;
	if (bad->policy == ON_ERROR_STOP)
		return fail_as(err, STATUS_DATA, "%s: %s", position, reason->msg);
	if (bad->count == 1)
		fail_as(&bad->first, STATUS_DATA, "%s: %s", position, reason->msg);
	if (bad->policy == ON_ERROR_DEAD_LETTER &&
	    write_letter(bad, position, input, cut, reason->msg) < 0)
		return out_hand_on(&bad->letters, err);
	return 0;
}

const char *
bad_position(const struct bad_records *bad, uint64_t line_number, char to[BAD_POSITION_MAX])
{
	if (bad->source != NULL)
		snprintf(to, BAD_POSITION_MAX, "%.900s: line %" PRIu64, bad->source, line_number);
	else
		snprintf(to, BAD_POSITION_MAX, "line %" PRIu64, line_number);
	return to;
}

int
bad_record(struct bad_records *bad, uint64_t line_number, struct str line, const struct err *reason,
           struct err *err)
{
	char position[BAD_POSITION_MAX];

	return deal_with(bad, bad_position(bad, line_number, position), line, false, reason, err);
}

int
bad_record_at(struct bad_records *bad, const char *position, struct str bytes,
              const struct err *reason, struct err *err)
{
	return deal_with(bad, position, bytes, false, reason, err);
}

int
bad_long_line(struct bad_records *bad, uint64_t line_number, struct str start, size_t max_line,
              struct err *err)
{
	char position[BAD_POSITION_MAX];
	struct err reason;

	fail_as(&reason, STATUS_DATA, "longer than the %zu bytes of --max-line", max_line);
	return deal_with(bad, bad_position(bad, line_number, position), start, true, &reason, err);
}

int
bad_flush(struct bad_records *bad, struct err *err)
{
	return bad->policy != ON_ERROR_DEAD_LETTER || out_flush(&bad->letters) == 0
	               ? 0
	               : out_hand_on(&bad->letters, err);
}

static void
tell(const struct bad_records *bad)
{
	const bool kept = bad->policy == ON_ERROR_DEAD_LETTER;
	const bool one = bad->count == 1;
	const char *fate = one ? "was skipped" : "were skipped";

	if (kept)
		fate = !bad->letters.failed ? "went to "
		       : one                ? "could not be kept in "
		                            : "could not all be kept in ";
	warn("%" PRIu64 " bad record%s %s%s%s: %s", bad->count, one ? "" : "s", fate,
	     kept ? bad->letter_path : "", one ? "" : "; the first", bad->first.msg);
}

enum status
bad_finish(struct bad_records *bad, enum status so_far)
{
	enum status status = so_far;

	if (bad->policy == ON_ERROR_DEAD_LETTER) {
		status = out_finish(&bad->letters, status);
		out_release(&bad->letters);
	}
	if (bad->policy == ON_ERROR_STOP || bad->count <= (uint64_t)bad->ok_errors)
		return status;
	tell(bad);
	return status == STATUS_OK ? STATUS_DATA : status;
}
