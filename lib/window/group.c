/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.c - the keys that records are grouped by
 *
 * The usual key is one field with a string in it. Its bytes are the string's
 * own, without a copy, and say how it was spelled, too. Everything else starts
 * with a byte that no UTF-8 text has: whole numbers with WHOLE and their
 * digits, other values with OTHER and the bytes of val_key(). How those were
 * spelled is kept beside them where it is not plain: JSON texts, a newline
 * between two columns. The bytes of several columns each have their length in
 * front.
 */
#include "window/group.h"

#include <stdlib.h>

#include "base/mem.h"

#define WHOLE '\xfe'
#define OTHER '\xff'

struct column {
	struct expr *expr;
	int          field;             /* of the line, or -1: computed */
	char        *name;
	struct buf   label;             /* '"customerId":' */
};

struct group {
	struct column *columns;
	size_t         n, cap;
	struct keys   *keys;
	/* by id; NULL entries: as the bytes say; NULL: all of them */
	char         **spelled;
	size_t         cap_spelled;
	size_t         spelled_bytes;
	uint64_t       check_at;        /* keys: look for idle ones then */
	struct buf     bytes, text, work;
};

struct group *
group_new(uint64_t seed)
{
	struct group *g = mem_zalloc(1, sizeof(*g));

	g->keys = keys_new(seed);
	g->check_at = 2 * GROUP_IDLE_MAX;
	buf_init(&g->bytes, BUF_NO_MAX);
	buf_init(&g->text, BUF_NO_MAX);
	buf_init(&g->work, BUF_NO_MAX);
	return g;
}

void
group_free(struct group *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n; i++) {
		expr_free(g->columns[i].expr);
		free(g->columns[i].name);
		buf_release(&g->columns[i].label);
	}
	for (size_t i = 0; i < g->cap_spelled; i++)
		free(g->spelled[i]);
	free(g->spelled);
	free(g->columns);
	keys_free(g->keys);
	buf_release(&g->bytes);
	buf_release(&g->text);
	buf_release(&g->work);
	free(g);
}

int
group_add(struct group *g, struct str text, struct extractor *x, struct err *err)
{
	const struct expr_scope scope = { .fields = x };
	struct column *c;

	g->columns = mem_more(g->columns, g->n, &g->cap, sizeof(*g->columns));
	c = &g->columns[g->n];
	c->expr = expr_new_as(text, "--key", &scope, &c->name, err);
	if (c->expr == NULL)
		return -1;
	c->field = expr_field(c->expr);
	buf_init(&c->label, BUF_NO_MAX);
	json_add_string(&c->label, str_of(c->name));
	buf_add_char(&c->label, ':');
	g->n++;
	return 0;
}

size_t
group_columns(const struct group *g)
{
	return g->n;
}

const char *
group_column_name(const struct group *g, size_t column)
{
	return g->columns[column].name;
}

/* ---- the key of a record */

/* The bytes of a value and its JSON text, appended to g->bytes and g->text. True: the bytes alone
 * tell the text. */
static bool
add_value(struct group *g, const struct val *v)
{
	size_t  bytes_at = g->bytes.n, text_at = g->text.n;
	int64_t whole;

	val_add_json(&g->text, v);
	if (v->kind == VAL_NUM && num_to_i64(&v->num, &whole) == 0) {
		buf_add_char(&g->bytes, WHOLE);
		buf_add_i64(&g->bytes, whole);
	} else if (v->kind != VAL_TEXT) {
		buf_add_char(&g->bytes, OTHER);
		val_key(&g->bytes, v);
		return false;
	} else {
		buf_add_str(&g->bytes, v->text);
		return g->text.n - text_at == v->text.n + 2 &&
		       str_eq(v->text, str_slice(buf_str(&g->text), text_at + 1, g->text.n - 1));
	}
	return str_eq(str_slice(buf_str(&g->bytes), bytes_at + 1, g->bytes.n),
	              str_slice(buf_str(&g->text), text_at, g->text.n));
}

/* Apart, because the compiler clears what stands on the stack, and this is rare. */
static int
fail_key(struct err *err, const char *before, const char *name, const char *after)
{
	char quoted[QUOTE_MAX];

	return fail_as(err, STATUS_DATA, "%s%s%s", before, quote(quoted, str_of(name)), after);
}

static int
read_value(const struct column *c, const struct expr_env *env, struct val *v, struct err *err)
{
	bool missing;

	expr_eval(c->expr, env, v);
	missing = c->field >= 0 && env->fields[c->field].kind == JSON_MISSING;
	if (v->kind == VAL_NULL)
		return fail_key(err, "no key: ", c->name, missing ? " is missing" : " is null");
	if (v->kind == VAL_JSON)
		return fail_key(err, "", c->name, " cannot be a key: it is an object or an array");
	return 0;
}

static int
read_columns(struct group *g, const struct expr_env *env, struct group_key *to, struct err *err)
{
	bool plain = true;

	buf_clear(&g->bytes);
	buf_clear(&g->text);
	for (size_t i = 0; i < g->n; i++) {
		struct val v;
		size_t     at = g->bytes.n;
		uint32_t   length = 0;

		if (read_value(&g->columns[i], env, &v, err) < 0)
			return -1;
		if (g->n > 1)
			buf_add(&g->bytes, &length, sizeof(length));
		if (i > 0)
			buf_add_char(&g->text, '\n');
		plain &= add_value(g, &v);
		if (g->n > 1) {
			length = (uint32_t)(g->bytes.n - at - sizeof(length));
			memcpy(g->bytes.p + at, &length, sizeof(length));
		}
	}
	to->bytes = arena_dup(env->scratch, buf_str(&g->bytes));
	if (!plain)
		to->spelled = arena_dup(env->scratch, buf_str(&g->text));
	return 0;
}

int
group_read(struct group *g, const struct expr_env *env, struct group_key *to, struct err *err)
{
	*to = (struct group_key){ .bytes = { "", 0 } };
	if (g->n == 1 && g->columns[0].field >= 0) {
		const struct field *f = &env->fields[g->columns[0].field];

		if (f->kind == JSON_STRING && !f->escaped) {
			to->bytes = (struct str){ f->raw.p + 1, f->raw.n - 2 };
			return 0;
		}
	}
	return g->n == 0 ? 0 : read_columns(g, env, to, err);
}

uint64_t
group_hash(const struct group *g, const struct group_key *key)
{
	return keys_hash(g->keys, key->bytes);
}

void
group_prefetch(const struct group *g, uint64_t hash)
{
	keys_prefetch(g->keys, hash);
}

void
group_prefetch_text(const struct group *g, uint32_t id, int step)
{
	keys_prefetch_text(g->keys, id, step);
}

static void
keep_spelling(struct group *g, uint32_t id, struct str text)
{
	if (id >= g->cap_spelled) {
		size_t cap = (size_t)id + id / 2 + 8;

		g->spelled = mem_resize(g->spelled, cap, sizeof(*g->spelled));
		memset(g->spelled + g->cap_spelled, 0,
		       (cap - g->cap_spelled) * sizeof(*g->spelled));
		g->spelled_bytes += (cap - g->cap_spelled) * sizeof(*g->spelled);
		g->cap_spelled = cap;
	}
	g->spelled[id] = mem_dup(text);
	g->spelled_bytes += text.n + 1;
}

void
group_intern(struct group *g, size_t n, const struct group_key *keys, const uint64_t *hashes,
             uint32_t *ids)
{
	struct str bytes[KEYS_BATCH] = { { NULL, 0 } };
	bool       fresh[KEYS_BATCH];

	for (size_t i = 0; i < n; i++)
		bytes[i] = keys[i].bytes;
	keys_intern_batch(g->keys, n, bytes, hashes, ids, fresh);
	for (size_t i = 0; i < n; i++)
		if (fresh[i] && keys[i].spelled.p != NULL)
			keep_spelling(g, ids[i], keys[i].spelled);
}

/* ---- printing */

static const char *
spelling(const struct group *g, uint32_t id)
{
	return id < g->cap_spelled ? g->spelled[id] : NULL;
}

/* The column's piece of the texts that keep_spelling() was given. */
static struct str
spelled_column(const char *text, size_t column)
{
	while (column-- > 0)
		text = strchr(text, '\n') + 1;
	return (struct str){ text, strcspn(text, "\n") };
}

static struct str
column_bytes(const struct group *g, uint32_t id, size_t column)
{
	struct str bytes = keys_text(g->keys, id);
	uint32_t   length;

	if (g->n == 1)
		return bytes;
	for (;;) {
		memcpy(&length, bytes.p, sizeof(length));
		bytes = str_slice(bytes, sizeof(length), bytes.n);
		if (column-- == 0)
			return str_slice(bytes, 0, length);
		bytes = str_slice(bytes, length, bytes.n);
	}
}

static int
add_column(const struct group *g, uint32_t id, size_t column, struct buf *to)
{
	const char *spelled = spelling(g, id);
	struct str  bytes;

	if (spelled != NULL)
		return buf_add_str(to, spelled_column(spelled, column));
	bytes = column_bytes(g, id, column);
	if (bytes.n > 0 && bytes.p[0] == WHOLE)
		return buf_add_str(to, str_slice(bytes, 1, bytes.n));
	return buf_add_char(to, '"') < 0 || buf_add_str(to, bytes) < 0 ||
	       buf_add_char(to, '"') < 0 ? -1 : 0;
}

int
group_print(struct group *g, uint32_t id, struct buf *to)
{
	for (size_t i = 0; i < g->n; i++)
		if (buf_add_str(to, buf_str(&g->columns[i].label)) < 0 ||
		    add_column(g, id, i, to) < 0 ||
		    buf_add_char(to, ',') < 0)
			return -1;
	return 0;
}

void
group_value(struct group *g, uint32_t id, size_t column, struct val *to, struct arena *scratch)
{
	struct field f;
	struct str   text;
	size_t       end;

	buf_clear(&g->work);
	add_column(g, id, column, &g->work);
	text = arena_dup(scratch, buf_str(&g->work));
	*to = (struct val){ .kind = VAL_NULL };
	if (json_value(text, &f, &end, NULL) == 0)
		val_of_field(to, &f, scratch);
}

/* ---- forgetting */

size_t
group_room(const struct group *g)
{
	return g->check_at > keys_count(g->keys) ? (size_t)(g->check_at - keys_count(g->keys)) : 0;
}

static size_t
count_live(const uint64_t *live, uint32_t limit)
{
	size_t n = 0;

	for (uint32_t i = 0; i < (limit + 63) / 64; i++)
		n += (size_t)__builtin_popcountll(live[i]);
	return n;
}

/* Spellings follow their keys. */
static void
move_spellings(struct group *g, const uint32_t *new_id, uint32_t limit)
{
	for (uint32_t old = 0; old < limit && old < g->cap_spelled; old++) {
		char *text = g->spelled[old];

		if (text == NULL)
			continue;
		g->spelled[old] = NULL;
		if (new_id[old] != KEYS_NONE) {
			g->spelled[new_id[old]] = text;
		} else {
			g->spelled_bytes -= strlen(text) + 1;
			free(text);
		}
	}
}

uint32_t *
group_forget(struct group *g, const uint64_t *live)
{
	const uint32_t limit = keys_limit(g->keys);
	const size_t   alive = count_live(live, limit);
	const size_t   allowed = alive > GROUP_IDLE_MAX ? alive : GROUP_IDLE_MAX;
	uint32_t      *new_id;

	g->check_at = limit + (limit / 2 > GROUP_IDLE_MAX ? limit / 2 : GROUP_IDLE_MAX);
	if (limit - alive <= allowed)
		return NULL;
	new_id = mem_alloc(limit * sizeof(*new_id));
	keys_keep(g->keys, live, new_id);
	move_spellings(g, new_id, limit);
	g->check_at = alive + (alive / 2 > GROUP_IDLE_MAX ? alive / 2 : GROUP_IDLE_MAX);
	return new_id;
}

uint32_t
group_limit(const struct group *g)
{
	return keys_limit(g->keys);
}

size_t
group_bytes(const struct group *g)
{
	return keys_bytes(g->keys) + g->spelled_bytes;
}

/* ---- saved state */

void
group_save(const struct group *g, struct buf *to)
{
	uint32_t n = keys_limit(g->keys);

	buf_put_u64(to, g->check_at);
	buf_put_u64(to, n);
	for (uint32_t id = 0; id < n; id++) {
		const char *text = spelling(g, id);

		buf_put_str(to, keys_text(g->keys, id));
		buf_put_str(to, text == NULL ? (struct str){ "", 0 } : str_of(text));
	}
}

/* What read_columns() could have made: column_bytes() and spelled_column() rely on it. */
static bool
is_key(const struct group *g, struct str bytes)
{
	uint32_t length;

	for (size_t i = 0; g->n > 1 && i < g->n; i++) {
		if (bytes.n < sizeof(length))
			return false;
		memcpy(&length, bytes.p, sizeof(length));
		if (length > bytes.n - sizeof(length))
			return false;
		bytes = str_slice(bytes, sizeof(length) + length, bytes.n);
	}
	return g->n == 1 || bytes.n == 0;
}

static bool
is_spelling(const struct group *g, struct str text)
{
	size_t lines = 1;

	for (size_t i = 0; i < text.n; i++) {
		lines += text.p[i] == '\n';
		if (text.p[i] == '\0')
			return false;
	}
	return text.n == 0 || lines == g->n;
}

int
group_load(struct group *g, struct cursor *from)
{
	uint64_t n;

	g->check_at = cursor_u64(from);
	n = cursor_u64(from);
	for (uint64_t i = 0; i < n && from->ok; i++) {
		struct str bytes = cursor_str(from), text = cursor_str(from);
		uint32_t   id;

		if (!is_key(g, bytes) || !is_spelling(g, text))
			return -1;
		id = keys_intern(g->keys, bytes, keys_hash(g->keys, bytes), NULL);
		if (id != i)
			return -1;
		if (text.n > 0)
			keep_spelling(g, id, text);
	}
	return from->ok ? 0 : -1;
}
