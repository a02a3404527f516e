/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mixed_lines.c - business events as real topics mix them
 */
#include "mixed_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "dice.h"

/* # a hex digit, % a digit, $ a customer, & an amount, ~ a time, @ the type, ^ the payload, ! maybe
 * a note. */
static const char *const members[] = {
	"\"eventId\":\"########-####-4###-8###-############\"", "\"eventType\":\"maip.@\"", "\"eventVersion\":\"1.0\"",
	"\"timestamp\":\"~\"", "\"source\":\"order-service\"", "\"correlationId\":\"########-####-4###-8###-############\"",
	"\"payload\":^", "\"metadata\":{\"traceId\":\"################################\",\"spanId\":\"################\"}",
};
enum { N_MEMBERS = sizeof(members) / sizeof(members[0]) };

static const struct {
	const char *type, *payload;
} types[] = {
	{ "order.created", "{\"orderId\":\"########-####-4###-8###-############\",\"customerId\":\"$\",\"quoteId\":"
	  "\"########-####-4###-8###-############\",\"totalAmount\":&,\"itemCount\":%,\"status\":\"PENDING\"!}" },
	{ "order.cancelled", "{\"orderId\":\"########-####-4###-8###-############\",\"customerId\":\"$\",\"reason\":\"customer\""
	  ",\"refund\":null,\"totalAmount\":&,\"restock\":true}" },
	{ "application.submitted", "{\"applicationId\":\"########-####-4###-8###-############\",\"customerId\":\"$\",\"documents\":"
	  "[\"passport\",\"statement\"],\"score\":0.%%,\"address\":{\"city\":\"Berlin\",\"zip\":\"%%%%%\"}}" },
	{ "customer.updated", "{\"customerId\":\"$\",\"changes\":[{\"field\":\"phone\",\"old\":null,\"new\":\"+49 %%%%%%\"}],"
	  "\"version\":%,\"active\":true}" },
};

static const char *const notes[] = {
	"please ring twice", "leave it with the neighbours", "gift: no invoice inside", "a \\\"fragile\\\" thing, \\u00e9t\\u00e9",
	"two lines\\nof text", "aus K\xc3\xb6ln, sch\xc3\xb6n", "\xe8\xaf\xb7\xe5\x9c\xa8\xe5\x8d\x88\xe5\x90\x8e\xe9\x80\x81\xe8\xbe\xbe",
};

static void
add_time(struct mixed_lines *m, struct buf *to)
{
	time_t    s;
	struct tm tm;
	char      text[32];

	m->ms += roll(&m->seed, 4);
	s = (time_t)(m->ms / 1000 - roll(&m->seed, 3));
	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_addf(to, "%s.%03dZ", text, (int)(m->ms % 1000));
}

static void
add_note(struct mixed_lines *m, struct buf *to)
{
	if (!m->uniform && roll(&m->seed, 100) < 3)
		buf_addf(to, ",\"note\":\"%s\"", notes[roll(&m->seed, sizeof(notes) / sizeof(notes[0]))]);
}

static void
add_pattern(struct mixed_lines *m, struct buf *to, const char *pattern, uint32_t type, bool spaced)
{
	for (const char *p = pattern; *p; p++) {
		switch (*p) {
		case '#': buf_add_char(to, "0123456789abcdef"[roll(&m->seed, 16)]); break;
		case '%': buf_add_char(to, (char)('1' + roll(&m->seed, 9))); break;
		case '$': buf_addf(to, "c-%u", roll(&m->seed, roll(&m->seed, 4) ? 10000 : 100)); break;
		case '&': buf_addf(to, "%u.%02u", roll(&m->seed, 10000), roll(&m->seed, 100)); break;
		case '~': add_time(m, to); break;
		case '@': buf_add_str(to, str_of(types[type].type)); break;
		case '^': add_pattern(m, to, types[type].payload, type, spaced); break;
		case '!': add_note(m, to); break;
		default:  buf_add_char(to, *p); break;
		}
		if (spaced && (*p == ':' || *p == ','))
			buf_add_char(to, ' ');
	}
}

void
mixed_line(struct mixed_lines *m, struct buf *to)
{
	uint32_t type = !m->uniform && roll(&m->seed, 10) == 0 ? 1 + roll(&m->seed, 3) : 0;
	bool     spaced = !m->uniform && roll(&m->seed, 100) < 2;
	const bool turned = !m->uniform && roll(&m->seed, 100) < 5;
	uint32_t turn = turned ? 1 + roll(&m->seed, N_MEMBERS - 1) : 0;

	buf_add_char(to, '{');
	for (uint32_t i = 0; i < N_MEMBERS; i++) {
		if (i > 0)
			buf_add_str(to, spaced ? STR(", ") : STR(","));
		add_pattern(m, to, members[(i + turn) % N_MEMBERS], type, spaced);
	}
	buf_add_char(to, '}');
}
