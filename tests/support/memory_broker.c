/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_broker.c - a broker in memory, for whole jobs in one process
 */
#include "memory_broker_parts.h"

#include <assert.h>
#include <regex.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dice.h"

struct entry {
	struct record r;                /* owns its bytes */
	bool          marker;
};

struct log {
	struct entry *entries;
	size_t        n, cap;
	/* entries[i] has offset i; those before first are forgotten, those from open on wait for a
	 * transaction; < 0: none is open */
	int64_t       first, open;
};

struct topic {
	struct str  name;
	struct log *logs;
	int32_t     n;
};

struct member;

struct group {
	char    *name;
	uint64_t generation;            /* a member that is behind has to give back what it has */
	struct group_offset { struct str topic; int32_t partition; int64_t offset; } *offsets;
	size_t   n_offsets, cap_offsets;
	struct member *members;         /* the oldest first */
};

struct memory_broker {
	uint64_t      random;
	unsigned      hesitate, lose;
	uint64_t      sent;
	size_t        asked_again, commits;
	unsigned      refuse;           /* so many commits from now on */
	int64_t       now;
	void        (*pause)(void *arg);
	void         *pause_arg;
	struct topic *topics;           /* addresses of names are stable, of topics are not */
	size_t        n_topics, cap_topics;
	struct str   *listed;
	struct group **groups;
	size_t        n_groups, cap_groups;
};

struct held {                           /* a partition that a member reads */
	struct part part;
	int64_t     position, stored, committed;
	bool        dropped;
};

struct member {
	struct memory_broker *b;
	struct group         *group;
	struct member        *next;     /* in the group */
	uint64_t              generation;
	bool                  subscribed, empty_handed;
	bool                  expired;  /* no member any more, and does not know */
	bool                  apart;    /* poll brings events only */
	struct reader_events  events;
	char                **names;
	size_t                n_names;
	struct held          *held;
	size_t                n_held, cap_held;
	size_t                turn;     /* poll looks at the partitions in turn */
};

/* ---- the broker */

static uint32_t
draw(struct memory_broker *b)
{
	return next_random(&b->random);
}

bool
memory_hesitates(struct memory_broker *b)
{
	if (b->pause != NULL)
		b->pause(b->pause_arg);
	return draw(b) % 100 < b->hesitate;
}

struct memory_broker *
memory_broker_new(uint64_t seed)
{
	struct memory_broker *b = mem_zalloc(1, sizeof(*b));

	b->random = seed * 2862933555777941757u + 3037000493u;
	return b;
}

struct str
memory_copy(struct str s)
{
	return s.p == NULL ? s : (struct str){ mem_dup(s), s.n };
}

void
memory_copy_record(struct record *to, const struct record *r)
{
	struct header *headers = mem_zalloc(r->n_headers, sizeof(*headers));

	*to = *r;
	to->key = memory_copy(r->key);
	to->value = memory_copy(r->value);
	for (size_t i = 0; i < r->n_headers; i++)
		headers[i] = (struct header){ memory_copy(r->headers[i].name),
			                      memory_copy(r->headers[i].value) };
	to->headers = headers;
}

void
memory_free_record(struct record *r)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		free((char *)r->headers[i].name.p);
		free((char *)r->headers[i].value.p);
	}
	free((struct header *)r->headers);
	free((char *)r->key.p);
	free((char *)r->value.p);
}

void
memory_broker_free(struct memory_broker *b)
{
	for (size_t t = 0; t < b->n_topics; t++) {
		for (int32_t p = 0; p < b->topics[t].n; p++) {
			struct log *log = &b->topics[t].logs[p];

			for (size_t i = 0; i < log->n; i++)
				memory_free_record(&log->entries[i].r);
			free(log->entries);
		}
		free(b->topics[t].logs);
		free((char *)b->topics[t].name.p);
	}
	for (size_t g = 0; g < b->n_groups; g++) {
		free(b->groups[g]->name);
		free(b->groups[g]->offsets);
		free(b->groups[g]);
	}
	free(b->groups);
	free(b->topics);
	free(b->listed);
	free(b);
}

void
memory_broker_hesitate(struct memory_broker *b, unsigned percent)
{
	b->hesitate = percent;
}

void
memory_broker_lose(struct memory_broker *b, unsigned n)
{
	b->lose = n;
}

bool
memory_loses(struct memory_broker *b)
{
	return b->lose > 0 && ++b->sent % b->lose == 0;
}

void
memory_broker_pause(struct memory_broker *b, void (*pause)(void *arg), void *arg)
{
	b->pause = pause;
	b->pause_arg = arg;
}

void
memory_broker_clock(struct memory_broker *b, int64_t now_ms)
{
	b->now = now_ms;
}

static struct topic *
find_topic(struct memory_broker *b, struct str name)
{
	for (size_t i = 0; i < b->n_topics; i++)
		if (str_eq(b->topics[i].name, name))
			return &b->topics[i];
	return NULL;
}

static struct log *
find_log(struct memory_broker *b, struct str topic, int32_t partition)
{
	struct topic *t = find_topic(b, topic);

	assert(t != NULL && partition >= 0 && partition < t->n);
	return &t->logs[partition];
}

void
memory_broker_topic(struct memory_broker *b, const char *name, int32_t partitions)
{
	assert(find_topic(b, str_of(name)) == NULL);
	b->topics = mem_more(b->topics, b->n_topics, &b->cap_topics, sizeof(*b->topics));
	b->topics[b->n_topics] = (struct topic){
		memory_copy(str_of(name)), mem_zalloc((size_t)partitions, sizeof(struct log)),
		partitions
	};
	for (int32_t p = 0; p < partitions; p++)
		b->topics[b->n_topics].logs[p].open = -1;
	b->n_topics++;
}

static int32_t
partition_of(struct memory_broker *b, const struct topic *t, const struct record *r)
{
	uint32_t hash = 2166136261;

	if (r->partition >= 0)
		return r->partition;
	if (r->key.p == NULL)
		return (int32_t)(draw(b) % (uint32_t)t->n);
	for (size_t i = 0; i < r->key.n; i++)
		hash = (hash ^ (unsigned char)r->key.p[i]) * 16777619;
	return (int32_t)(hash % (uint32_t)t->n);
}

static struct entry *
add_entry(struct log *log)
{
	log->entries = mem_more(log->entries, log->n, &log->cap, sizeof(*log->entries));
	log->entries[log->n] = (struct entry){ 0 };
	return &log->entries[log->n++];
}

const struct record *
memory_append(struct memory_broker *b, const struct record *r)
{
	const struct topic *t = find_topic(b, r->topic);
	int32_t partition = partition_of(b, t, r);
	struct log *log = find_log(b, r->topic, partition);
	struct entry *e = add_entry(log);

	memory_copy_record(&e->r, r);
	e->r.topic = t->name;
	e->r.partition = partition;
	e->r.offset = (int64_t)log->n - 1;
	e->r.timestamp_type = TS_CREATE;
	if (r->timestamp < 0)
		e->r.timestamp = b->now;
	return &e->r;
}

int64_t
memory_broker_append(struct memory_broker *b, const struct record *r)
{
	return memory_append(b, r)->offset;
}

void
memory_broker_marker(struct memory_broker *b, const char *topic, int32_t partition)
{
	add_entry(find_log(b, str_of(topic), partition))->marker = true;
}

void
memory_broker_open(struct memory_broker *b, const char *topic, int32_t partition, int64_t from)
{
	find_log(b, str_of(topic), partition)->open = from;
}

/* where it ends for readers */
static int64_t
stable_end(const struct log *log)
{
	return log->open >= 0 ? log->open : (int64_t)log->n;
}

void
memory_broker_forget(struct memory_broker *b, const char *topic, int32_t partition, int64_t before)
{
	find_log(b, str_of(topic), partition)->first = before;
}

const struct record *
memory_broker_record(struct memory_broker *b, const char *topic, int32_t partition, size_t i)
{
	const struct log *log = find_log(b, str_of(topic), partition);

	for (size_t k = (size_t)log->first; k < log->n; k++)
		if (!log->entries[k].marker && i-- == 0)
			return &log->entries[k].r;
	return NULL;
}

size_t
memory_broker_count(struct memory_broker *b, const char *topic, int32_t partition)
{
	const struct log *log = find_log(b, str_of(topic), partition);
	size_t n = 0;

	for (size_t k = (size_t)log->first; k < log->n; k++)
		n += !log->entries[k].marker;
	return n;
}

/* ---- groups */

static struct group *
find_group(struct memory_broker *b, const char *name)
{
	struct group *g;

	for (size_t i = 0; i < b->n_groups; i++)
		if (strcmp(b->groups[i]->name, name) == 0)
			return b->groups[i];
	g = mem_zalloc(1, sizeof(*g));
	g->name = mem_dup(str_of(name));
	b->groups = mem_more(b->groups, b->n_groups, &b->cap_groups, sizeof(struct group *));
	b->groups[b->n_groups++] = g;
	return g;
}

static int64_t *
group_offset(struct group *g, struct str topic, int32_t partition, bool make)
{
	for (size_t i = 0; i < g->n_offsets; i++)
		if (g->offsets[i].partition == partition && str_eq(g->offsets[i].topic, topic))
			return &g->offsets[i].offset;
	if (!make)
		return NULL;
	g->offsets = mem_more(g->offsets, g->n_offsets, &g->cap_offsets, sizeof(*g->offsets));
	g->offsets[g->n_offsets] = (struct group_offset){ topic, partition, OFFSET_NONE };
	return &g->offsets[g->n_offsets++].offset;
}

int64_t
memory_broker_committed(struct memory_broker *b, const char *group, const char *topic,
                        int32_t partition)
{
	const int64_t *offset = group_offset(find_group(b, group), str_of(topic), partition, false);

	return offset == NULL ? OFFSET_NONE : *offset;
}

void
memory_broker_commit(struct memory_broker *b, const char *group, const char *topic,
                     int32_t partition, int64_t offset)
{
	const struct str name = find_topic(b, str_of(topic))->name;

	*group_offset(find_group(b, group), name, partition, true) = offset;
}

void
memory_broker_rebalance(struct memory_broker *b, const char *group)
{
	find_group(b, group)->generation++;
}

static bool
name_matches(const char *pattern, struct str name)
{
	char text[256];
	regex_t re;
	bool found;

	if (pattern[0] != '^')
		return str_eq(str_of(pattern), name);
	assert(name.n < sizeof(text) && regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) == 0);
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

static bool
wants(const struct member *m, struct str topic)
{
	for (size_t i = 0; i < m->n_names; i++)
		if (name_matches(m->names[i], topic))
			return true;
	return false;
}

static void
hold_part(struct member *m, const struct part *part, int64_t offset)
{
	m->held = mem_more(m->held, m->n_held, &m->cap_held, sizeof(*m->held));
	m->held[m->n_held++] =
		(struct held){ .part = *part, .position = offset, .stored = OFFSET_NONE };
}

static void
join(struct member *m)
{
	struct member **at = &m->group->members;

	while (*at != NULL)
		at = &(*at)->next;
	*at = m;
	m->next = NULL;
	m->generation = ++m->group->generation;
}

static void
unjoin(struct member *m)
{
	struct member **at;

	for (at = m->group != NULL ? &m->group->members : NULL; at != NULL && *at != NULL;
	     at = &(*at)->next) {
		if (*at != m)
			continue;
		*at = m->next;
		m->group->generation++;
		break;
	}
}

/* This member's share of the partitions: every k-th. */
static int
give_share(struct member *m, struct err *err)
{
	struct part parts[256];
	int64_t start[256];
	size_t members = 0, rank = 0, all = 0, n = 0;

	for (const struct member *o = m->group->members; o != NULL; o = o->next) {
		if (o == m)
			rank = members;
		members++;
	}
	for (size_t t = 0; t < m->b->n_topics; t++) {
		for (int32_t p = 0; p < m->b->topics[t].n && wants(m, m->b->topics[t].name); p++) {
			const int64_t *offset =
				group_offset(m->group, m->b->topics[t].name, p, false);

			if (all++ % members != rank)
				continue;
			assert(n < sizeof(parts) / sizeof(parts[0]));
			start[n] = offset == NULL ? OFFSET_NONE : *offset;
			parts[n] = (struct part){ m->b->topics[t].name, p, 0 };
			hold_part(m, &parts[n++], OFFSET_NONE);
		}
	}
	if (m->events.assigned(m->events.arg, parts, start, n, err) < 0) {
		m->n_held = 0;
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		m->held[i].part = parts[i];
		m->held[i].position = start[i];
	}
	m->empty_handed = false;
	return 0;
}

static int
give_back(struct member *m, struct err *err)
{
	struct part parts[256];
	size_t n = m->n_held;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		parts[i] = m->held[i].part;
	if (!m->empty_handed)
		rc = m->events.revoked(m->events.arg, parts, n, m->expired, err);
	m->n_held = 0;
	m->empty_handed = true;
	m->generation = m->group->generation;
	if (m->expired)
		join(m);
	m->expired = false;
	return rc;
}

/* Members that are behind give back; when all have, each takes its share at its next turn. */
static int
serve_group(struct member *m, struct err *err)
{
	if (m->group == NULL || !m->subscribed)
		return 0;
	if (m->expired || m->generation != m->group->generation)
		return give_back(m, err);
	if (!m->empty_handed)
		return 0;
	for (const struct member *o = m->group->members; o != NULL; o = o->next)
		if (o->generation != m->group->generation)
			return 0;
	return give_share(m, err);
}

/* ---- the reader */

static int
mem_topics(void *self, struct str **names, size_t *n, struct err *err)
{
	struct member *m = self;
	struct memory_broker *b = m->b;

	(void)err;
	free(b->listed);
	b->listed = mem_zalloc(b->n_topics, sizeof(*b->listed));
	for (size_t i = 0; i < b->n_topics; i++) {
		size_t at = i;

		for (; at > 0 && str_cmp(b->topics[i].name, b->listed[at - 1]) < 0; at--)
			b->listed[at] = b->listed[at - 1];
		b->listed[at] = b->topics[i].name;
	}
	*names = b->listed;
	*n = b->n_topics;
	return 0;
}

int
memory_partitions(struct memory_broker *b, struct str topic, struct err *err)
{
	const struct topic *t = find_topic(b, topic);
	char q[QUOTE_MAX];

	return t != NULL ? t->n : fail_as(err, STATUS_NOINPUT, "no topic %s", quote(q, topic));
}

static int
mem_partitions(void *self, struct str topic, struct err *err)
{
	return memory_partitions(((struct member *)self)->b, topic, err);
}

static int
mem_ends(void *self, const struct part *p, int64_t *first, int64_t *next, struct err *err)
{
	const struct log *log = find_log(((struct member *)self)->b, p->topic, p->partition);

	(void)err;
	*first = log->first;
	*next = stable_end(log);
	return 0;
}

static int
mem_offset_at(void *self, const struct part *p, int64_t ts, int64_t *offset, struct err *err)
{
	const struct log *log = find_log(((struct member *)self)->b, p->topic, p->partition);

	(void)err;
	for (*offset = log->first; *offset < (int64_t)log->n; ++*offset)
		if (!log->entries[*offset].marker && log->entries[*offset].r.timestamp >= ts)
			break;
	return 0;
}

static int
mem_committed(void *self, const struct part *p, int64_t *offset, struct err *err)
{
	struct member *m = self;
	const int64_t *found =
		m->group != NULL ? group_offset(m->group, p->topic, p->partition, false) : NULL;

	(void)err;
	*offset = found != NULL ? *found : OFFSET_NONE;
	return 0;
}

static int
mem_assign(void *self, const struct part *parts, const int64_t *offsets, size_t n, bool apart,
           struct err *err)
{
	struct member *m = self;

	(void)err;
	m->apart = apart;
	for (size_t i = 0; i < n; i++)
		hold_part(m,
		          &(struct part){ find_topic(m->b, parts[i].topic)->name,
		                          parts[i].partition, parts[i].slot },
		          offsets[i]);
	return 0;
}

static int
mem_add(void *self, const struct part *p, int64_t offset, struct err *err)
{
	return mem_assign(self, p, &offset, 1, false, err);
}

static int64_t
mem_heard_end(void *self, const struct part *p)
{
	return (int64_t)find_log(((struct member *)self)->b, p->topic, p->partition)->n;
}

static int
mem_ends_at(void *self, const struct part *p, int64_t offset)
{
	struct member *m = self;

	m->b->asked_again++;
	return stable_end(find_log(m->b, p->topic, p->partition)) == offset;
}

static bool
mem_in_touch(void *self, const struct part *p)
{
	(void)self;
	(void)p;
	return true;
}

static int
mem_subscribe(void *self, const struct str *names, size_t n, bool apart,
              const struct reader_events *events, struct err *err)
{
	struct member *m = self;

	(void)err;
	m->apart = apart;
	m->names = mem_zalloc(n, sizeof(*m->names));
	for (size_t i = 0; i < n; i++)
		m->names[i] = mem_dup(names[i]);
	m->n_names = n;
	m->events = *events;
	m->subscribed = m->empty_handed = true;
	join(m);
	return 0;
}

/* The next record of a partition, if there is one: 1, 0, -1. Passes markers. */
static int
next_record(struct member *m, struct held *h, struct record *r, struct err *err)
{
	const struct log *log = find_log(m->b, h->part.topic, h->part.partition);

	if (h->position < log->first)
		return fail_as(err, STATUS_CONFIG, "offset %lld is not there any more", (long long)h->position);
	while (h->position < stable_end(log) && log->entries[h->position].marker)
		h->position++;
	if (h->dropped || h->position >= stable_end(log))
		return 0;
	*r = log->entries[h->position++].r;
	return 1;
}

static int
mem_poll(void *self, int64_t wait_ms, struct record *r, struct err *err)
{
	struct member *m = self;

	(void)wait_ms;
	if (serve_group(m, err) < 0)
		return -1;
	if (m->apart || memory_hesitates(m->b))
		return 0;
	for (size_t i = 0; i < m->n_held; i++) {
		int got;

		if (draw(m->b) % 4 == 0)
			m->turn++;
		got = next_record(m, &m->held[(m->turn + i) % m->n_held], r, err);
		if (got != 0)
			return got;
	}
	return 0;
}

static int
mem_take(void *self, uint32_t slot, int64_t wait_ms, struct record *r, struct err *err)
{
	struct member *m = self;
	const bool late = memory_hesitates(m->b);
	int got = 0;

	(void)wait_ms;
	for (size_t i = 0; !late && i < m->n_held; i++)
		if (m->held[i].part.slot == slot)
			got = next_record(m, &m->held[i], r, err);
	/* as librdkafka: the group only while it waits */
	return got != 0 ? got : serve_group(m, err);
}

static struct held *
find_held(struct member *m, const struct part *p)
{
	for (size_t i = 0; i < m->n_held; i++)
		if (m->held[i].part.partition == p->partition &&
		    str_eq(m->held[i].part.topic, p->topic))
			return &m->held[i];
	return NULL;
}

static int
mem_drop(void *self, const struct part *p, struct err *err)
{
	struct held *h = find_held(self, p);

	(void)err;
	if (h != NULL)
		h->dropped = true;
	return 0;
}

static int
mem_position(void *self, const struct part *p, int64_t *offset, struct err *err)
{
	const struct held *h = find_held(self, p);

	(void)err;
	*offset = h != NULL ? h->position : OFFSET_NONE;
	return 0;
}

static int
mem_serve(void *self, struct err *err)
{
	return serve_group(self, err);
}

static int
mem_store(void *self, const struct part *p, int64_t offset, struct err *err)
{
	struct held *h = find_held(self, p);

	if (h == NULL)
		return fail(err, "stored the offset of a partition that is not ours");
	h->stored = offset;
	return 0;
}

static int
mem_commit(void *self, bool wait, struct err *err)
{
	struct member *m = self;

	(void)wait;
	m->b->commits++;
	if (m->b->refuse > 0) {
		m->b->refuse--;
		return fail_as(err, STATUS_DENIED, "no commit is taken");
	}
	for (size_t i = 0; i < m->n_held && !m->expired; i++)
		if (m->held[i].stored != OFFSET_NONE)
			*group_offset(m->group, m->held[i].part.topic, m->held[i].part.partition,
			              true) = m->held[i].stored;
	return 0;
}

static void
leave(struct member *m)
{
	unjoin(m);
	for (size_t i = 0; i < m->n_names; i++)
		free(m->names[i]);
	free(m->names);
	free(m->held);
	free(m);
}

static void
mem_close(void *self)
{
	leave(self);
}

size_t
memory_broker_asked_again(const struct memory_broker *b)
{
	return b->asked_again;
}

size_t
memory_broker_commits(const struct memory_broker *b)
{
	return b->commits;
}

void
memory_broker_refuse_commits(struct memory_broker *b, unsigned n)
{
	b->refuse = n;
}

void
memory_broker_expire(struct reader *r)
{
	struct member *m = r->self;

	unjoin(m);
	m->expired = m->subscribed;
}

void
memory_broker_kill(struct reader *r)
{
	leave(r->self);
	r->self = NULL;
}

struct reader
memory_broker_reader(struct memory_broker *b, const char *group)
{
	struct member *m = mem_zalloc(1, sizeof(*m));

	m->b = b;
	m->group = group != NULL ? find_group(b, group) : NULL;
	return (struct reader){
		.self = m,
		.topics = mem_topics,
		.partitions = mem_partitions,
		.ends = mem_ends,
		.offset_at = mem_offset_at,
		.committed = mem_committed,
		.assign = mem_assign,
		.subscribe = mem_subscribe,
		.poll = mem_poll,
		.take = mem_take,
		.add = mem_add,
		.heard_end = mem_heard_end,
		.ends_at = mem_ends_at,
		.in_touch = mem_in_touch,
		.drop = mem_drop,
		.position = mem_position,
		.serve = mem_serve,
		.store = mem_store,
		.commit = mem_commit,
		.close = mem_close,
	};
}
