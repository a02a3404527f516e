/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gen-orders.c - business events by the seed, and the truth about them
 *
 * For demos, benchmarks and tests: one event a line, about 490 bytes, as a shop
 * would publish them. 90 % are orders; some customers order more than others; 5 %
 * of the events have their members in another order, 2 % have spaces, 3 % of the
 * orders a note with escapes or foreign letters. In a burst one customer places
 * 10 to 14 orders among everybody else's. Bad records come on top of --events: torn
 * lines, events without a time, events whose time is none.
 *
 * --truth FILE says what a right answer must add up to. The same options give the same bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/opt.h"
#include "base/time.h"
#include "json/out.h"

static int64_t events = 20000, customers = 10000, seed = 1, rate = 5, disorder_ms, late, bursts,
	       bad;
static const char *start = "2026-01-16T12:00:00Z", *truth;

static const struct opt opts[] = {
	OPT_INT('n', "events", &events, 0, INT64_MAX / 2000, "N", "good events (default 20000)"),
	OPT_INT(0, "customers", &customers, 1, 1000000000, "N", "customers they come from (default 10000)"),
	OPT_INT(0, "seed", &seed, 0, INT64_MAX, "N", "another seed, other events (default 1)"),
	OPT_STR(0, "start", &start, "TIME", "time of the first event (default 2026-01-16T12:00:00Z)"),
	OPT_INT(0, "rate", &rate, 1, 1000000, "N", "events a second of event time (default 5)"),
	OPT_MS(0, "disorder", &disorder_ms, "DURATION", "how late an event may come (default 0)"),
	OPT_INT(0, "late", &late, 0, 1000, "N", "of a thousand events, how many come 45 s too late (default 0)"),
	OPT_INT(0, "bursts", &bursts, 0, 1000000, "N", "customers who place 10 or more orders within a minute (default 0)"),
	OPT_INT(0, "bad", &bad, 0, INT64_MAX / 2000, "N", "bad records among them (default 0)"),
	OPT_STR(0, "truth", &truth, "FILE", "write counts and totals to FILE, as JSON"),
	OPT_END
};

static const struct tool tool = {
	.name = "gen-orders", .operands = "", .opts = opts, .summary = "generate business events",
};

#define BURST_EVERY 3                   /* of the events while a burst lasts */
#define CUSTOMER_MAX 32
#define LATE_MS      45000

struct event {
	uint64_t id[4];
	int64_t  ms, cents;             /* cents: 0 when the event has no amount */
	uint32_t type;
	bool     spaced;
	char     customer[CUSTOMER_MAX];
};

static const struct {
	const char *type, *source, *rest;       /* rest of the payload */
} types[] = {
	{ "maip.order.created", "order-service", NULL },
	{ "maip.order.cancelled", "order-service", "\"reason\":\"customer request\",\"refund\":null,\"restock\":true" },
	{ "maip.application.submitted", "onboarding-service", "\"documents\":[\"passport\",\"statement\"],\"score\":0.87" },
	{ "maip.customer.registered", "customer-service", "\"address\":{\"city\":\"Berlin\",\"zip\":\"10115\"},\"active\":true" },
	{ "maip.product.viewed", "catalog-service", "\"sku\":\"A-1\\/7\",\"referrer\":null" },
};
enum { N_TYPES = sizeof(types) / sizeof(*types) };

static const char *const notes[] = {
	"leave it with the neighbours", "a \\\"fragile\\\" thing, \\u00e9t\\u00e9", "two lines\\nof text", "f\xc3\xbcr Gro\xc3\x9fmutter",
	"\xe8\xaf\xb7\xe5\x8d\x88\xe5\x90\x8e\xe9\x80\x81\xe8\xbe\xbe",
};
enum { N_NOTES = sizeof(notes) / sizeof(*notes) };

static uint64_t random_state;

static uint64_t
next(void)                              /* splitmix64 */
{
	uint64_t z = random_state += 0x9E3779B97F4A7C15;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
	return z ^ (z >> 31);
}

static uint64_t
roll(uint64_t below)
{
	return next() % below;
}

/* ---- the text of an event */

static void
put(struct out *o, const char *text)
{
	out_str(o, str_of(text));
}

static void
put_hex(struct out *o, uint64_t v, int digits)
{
	char text[16];

	for (int i = 0; i < digits; i++, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	out_bytes(o, text, (size_t)digits);
}

static void
put_uuid(struct out *o, uint64_t a, uint64_t b)
{
	out_char(o, '"');
	put_hex(o, a, 8);
	out_char(o, '-');
	put_hex(o, a >> 32, 4);
	put(o, "-4");
	put_hex(o, a >> 48, 3);
	put(o, "-8");
	put_hex(o, b, 3);
	out_char(o, '-');
	put_hex(o, b >> 12, 12);
	out_char(o, '"');
}

static void
put_name(struct out *o, const struct event *e, const char *name)
{
	out_char(o, '"');
	put(o, name);
	put(o, e->spaced ? "\": " : "\":");
}

static void
put_order(struct out *o, const struct event *e)
{
	char amount[32];

	put(o, "{\"orderId\":");
	put_uuid(o, e->id[3], e->id[0]);
	put(o, ",\"customerId\":\"");
	put(o, e->customer);
	put(o, "\",\"quoteId\":");
	put_uuid(o, e->id[2], e->id[1]);
	snprintf(amount, sizeof(amount), "%" PRId64 ".%02d", e->cents / 100, (int)(e->cents % 100));
	put(o, ",\"totalAmount\":");
	put(o, amount);
	put(o, ",\"itemCount\":");
	out_i64(o, 1 + (int64_t)(e->id[0] % 9));
	put(o, ",\"status\":\"PENDING\"");
	if (e->id[1] % 100 < 3) {
		put(o, ",\"note\":\"");
		put(o, notes[e->id[2] % N_NOTES]);
		out_char(o, '"');
	}
	out_char(o, '}');
}

static void
put_payload(struct out *o, const struct event *e)
{
	if (types[e->type].rest == NULL) {
		put_order(o, e);
		return;
	}
	put(o, "{\"id\":");
	put_uuid(o, e->id[3], e->id[0]);
	put(o, ",\"customerId\":\"");
	put(o, e->customer);
	put(o, "\",");
	put(o, types[e->type].rest);
	out_char(o, '}');
}

static void
put_time(struct out *o, const struct event *e)
{
	char text[TIME_TEXT_MAX];

	out_char(o, '"');
	out_bytes(o, text, time_print(text, e->ms));
	out_char(o, '"');
}

static void
put_metadata(struct out *o, const struct event *e)
{
	put(o, "{\"traceId\":\"");
	put_hex(o, e->id[1], 16);
	put_hex(o, e->id[3], 16);
	put(o, "\",\"spanId\":\"");
	put_hex(o, e->id[0] ^ e->id[1], 16);
	put(o, "\"}");
}

enum member {
	EVENT_ID,
	EVENT_TYPE,
	VERSION,
	TIMESTAMP,
	SOURCE,
	CORRELATION_ID,
	PAYLOAD,
	METADATA,
	N_MEMBERS
};

static void
put_member(struct out *o, const struct event *e, enum member m)
{
	static const char *const name[] = {
		"eventId", "eventType", "eventVersion", "timestamp", "source", "correlationId", "payload", "metadata",
	};

	put_name(o, e, name[m]);
	switch (m) {
	case EVENT_ID:       put_uuid(o, e->id[0], e->id[1]); break;
	case EVENT_TYPE:     out_json_string(o, str_of(types[e->type].type)); break;
	case VERSION:        put(o, "\"1.0\""); break;
	case TIMESTAMP:      put_time(o, e); break;
	case SOURCE:         out_json_string(o, str_of(types[e->type].source)); break;
	case CORRELATION_ID: put_uuid(o, e->id[1], e->id[2]); break;
	case PAYLOAD:        put_payload(o, e); break;
	default:             put_metadata(o, e); break;
	}
}

/* The members from turn on, round and round; without is left out. */
static void
put_event(struct out *o, const struct event *e, unsigned turn, enum member without)
{
	const char *separator = "{";

	for (unsigned i = 0; i < N_MEMBERS; i++) {
		const enum member m = (i + turn) % N_MEMBERS;

		if (m == without)
			continue;
		put(o, separator);
		put_member(o, e, m);
		separator = e->spaced ? ", " : ",";
	}
	out_char(o, '}');
	out_end_line(o);
}

static void
put_bad(struct out *o, const struct event *e, int64_t number)
{
	switch (number % 3) {
	case 0:
		put(o, "{\"eventId\":");
		put_uuid(o, e->id[0], e->id[1]);
		put(o, ",\"eventType\":\"maip.order.cre\n");
		break;
	case 1:
		put_event(o, e, 0, TIMESTAMP);
		break;
	default:
		put(o, "{\"eventType\":\"maip.order.created\",\"timestamp\":\"yesterday\",\"payload\":");
		put_payload(o, e);
		put(o, "}\n");
		break;
	}
}

/* ---- which events */

static int64_t
burst_size(int64_t b)
{
	return 10 + b % 5;
}

/* Is the i-th event part of burst b? Bursts are spread evenly. */
static bool
in_burst(int64_t i, int64_t b)
{
	const int64_t at = i - (b + 1) * (events / (bursts + 1));

	return at >= 0 && at < burst_size(b) * BURST_EVERY && at % BURST_EVERY == 0;
}

static void
draw(struct event *e, int64_t i, int64_t start_ms)
{
	const int64_t b = bursts > 0 ? i / (events / (bursts + 1)) - 1 : -1;
	const double u = (double)(next() >> 11) / 9007199254740992.0;

	for (int k = 0; k < 4; k++)
		e->id[k] = next();
	e->type = roll(10) == 0 ? 1 + (uint32_t)roll(N_TYPES - 1) : 0;
	e->spaced = roll(100) < 2;
	e->ms = start_ms + i * 1000 / rate -
	        (disorder_ms > 0 ? (int64_t)roll((uint64_t)disorder_ms + 1) : 0);
	if (late > 0 && (int64_t)roll(1000) < late)
		e->ms -= LATE_MS;
	snprintf(e->customer, CUSTOMER_MAX, "c-%" PRId64, (int64_t)((double)customers * u * u));
	if (b >= 0 && b < bursts && in_burst(i, b)) {
		e->type = 0;
		snprintf(e->customer, CUSTOMER_MAX, "burst-%" PRId64, b + 1);
	}
	e->cents = e->type == 0 ? 100 + (int64_t)roll(1000000) : 0;
}

static int
write_truth(int64_t orders, int64_t cents)
{
	FILE *f = fopen(truth, "w");

	if (f == NULL)
		return -1;
	fprintf(f, "{\"events\":%" PRId64 ",\"orders\":%" PRId64 ",\"total\":%" PRId64 ".%02d,\"bursts\":%" PRId64
	        ",\"bad\":%" PRId64 "}\n", events, orders, cents / 100, (int)(cents % 100), bursts, bad);
	return fclose(f);
}

static void
generate(struct out *o, int64_t start_ms)
{
	const int64_t bad_every = bad > 0 && events >= bad ? events / bad : 1;
	int64_t orders = 0, cents = 0, bad_done = 0;
	struct event e;

	for (int64_t i = 0; i < events; i++) {
		draw(&e, i, start_ms);
		put_event(o, &e, roll(100) < 5 ? 1 + (unsigned)roll(N_MEMBERS - 1) : 0, N_MEMBERS);
		orders += e.type == 0;
		cents += e.cents;
		while (bad_done < bad && (i + 1) / bad_every > bad_done)
			put_bad(o, &e, bad_done++);
		if (o->failed)
			return;
	}
	if (truth != NULL && write_truth(orders, cents) != 0)
		die(STATUS_IO, "cannot write %s", truth);
}

int
main(int argc, char **argv)
{
	int fd = STDOUT_FILENO;
	const struct sink to = sink_fd(&fd);
	int64_t start_ms;
	struct out o;

	if (opt_parse(&tool, argc, argv) != argc)
		die(STATUS_USAGE, "takes no operands; see --help");
	if (time_parse_rfc3339(&start_ms, str_of(start)) < 0)
		die(STATUS_USAGE, "--start: '%s' is no time (try 2026-01-16T12:00:00Z)", start);
	if (bursts > 0 && events / (bursts + 1) < 14 * BURST_EVERY)
		die(STATUS_USAGE, "too many bursts for so few events");
	if (bursts > 0 && 14 * BURST_EVERY / rate + disorder_ms / 1000 >= 59)
		die(STATUS_USAGE, "at this rate a burst would last longer than a minute");
	random_state = (uint64_t)seed;
	out_init(&o, &to);
	generate(&o, start_ms);
	return (int)out_finish(&o, STATUS_OK);
}
