/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.c - the properties of the client, from where they come
 *
 * Each source is kept as it came, with its place ("prod.conf:3", "-X"), until
 * kafka_conf_finish() puts them together: only then is it known which profile
 * is meant, and a value that librdkafka refuses can be told with its place.
 */
#define _DEFAULT_SOURCE                 /* explicit_bzero */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/aws_sign.h"
#include "kafka/broker_list.h"
#include "kafka/conf.h"
#include "kafka/login.h"

#define BROKERS         "bootstrap.servers"
#define DEFAULT_BROKERS "localhost:9092"
#define LINE_LENGTH_MAX 65536           /* a PEM certificate fits */

struct property {
	char *key, *value, *from;
};

struct properties {
	struct property *list;
	size_t           n, cap;
};

struct kafka_conf {
	struct properties files, sets;          /* -F and -X, in their order */
	struct properties all;                  /* what kafka_conf_finish made of everything */
	char             *env, *brokers;        /* --env and -b; NULL: not given */
	int64_t           timeout;              /* -1: not given */
	struct login      login;
};

static const char *const secrets[] = {
	"sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password",
	"sasl.oauthbearer.client.secret", "sasl.oauthbearer.config", NULL
};

static const char *const run_code[] = { "plugin.library.paths", "sasl.kerberos.kinit.cmd",
	                                "ssl.engine.location", "ssl.providers", NULL };

/* What librdkafka itself puts into a line for a shell, when it renews a Kerberos ticket. */
static const char *const for_shell[] = { "sasl.kerberos.principal", "sasl.kerberos.keytab", NULL };

static const struct { const char *key, *instead; } owned[] = {
	{ "enable.auto.commit",       "offsets of a group are committed when lines have left" },
	{ "enable.auto.offset.store", "offsets of a group are committed when lines have left" },
	{ "auto.offset.reset",        "use -o" },
	{ "enable.partition.eof",     "use --exit-at-end" },
	{ "log.queue",                "use -X debug=..." },
};

const char *
kafka_conf_library(char to[OPT_LIBRARY_MAX])
{
	snprintf(to, OPT_LIBRARY_MAX, "librdkafka %s, built with %d.%d.%d", rd_kafka_version_str(),
	         RD_KAFKA_VERSION >> 24 & 0xff, RD_KAFKA_VERSION >> 16 & 0xff,
	         RD_KAFKA_VERSION >> 8 & 0xff);
	return to;
}

static bool
listed(const char *const *list, const char *key)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, key) == 0)
			return true;
	return false;
}

bool
kafka_conf_is_secret(const char *key)
{
	return listed(secrets, key);
}

static void
properties_release(struct properties *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->list[i].key);
		mem_wipe(p->list[i].value);
		free(p->list[i].from);
	}
	free(p->list);
}

static void
properties_add(struct properties *p, struct str key, struct str value, const char *from)
{
	p->list = mem_more(p->list, p->n, &p->cap, sizeof(*p->list));
	p->list[p->n++] = (struct property){ mem_dup(key), mem_dup(value), mem_dup(str_of(from)) };
}

/* Add, or take the place of an earlier value, of which value and from may be part. */
static void
properties_put(struct properties *p, const char *key, const char *value, const char *from)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct property old = p->list[i];

		if (strcmp(old.key, key) != 0)
			continue;
		p->list[i].value = mem_dup(str_of(value));
		p->list[i].from = mem_dup(str_of(from));
		mem_wipe(old.value);
		free(old.from);
		return;
	}
	properties_add(p, str_of(key), str_of(value), from);
}

struct kafka_conf *
kafka_conf_new(void)
{
	struct kafka_conf *c = mem_zalloc(1, sizeof(*c));

	c->timeout = -1;
	return c;
}

void
kafka_conf_free(struct kafka_conf *c)
{
	if (c == NULL)
		return;
	properties_release(&c->files);
	properties_release(&c->sets);
	properties_release(&c->all);
	free(c->env);
	free(c->brokers);
	login_release(&c->login);
	free(c);
}

/* Of two names for one property, the one that the rest of the toolkit asks for and sets. */
static const char *const synonyms[][2] = {
	{ "metadata.broker.list", BROKERS },
	{ "sasl.mechanism", "sasl.mechanisms" },
	{ "message.timeout.ms", "delivery.timeout.ms" },
	{ "queue.buffering.max.ms", "linger.ms" },
	{ "request.required.acks", "acks" },
	{ "compression.type", "compression.codec" },
	{ "max.partition.fetch.bytes", "fetch.message.max.bytes" },
};

/* Split "key=value" and add it, under one of its names. */
static int
add_pair(struct properties *to, struct str pair, const char *from, struct err *err)
{
	const char *eq = memchr(pair.p, '=', pair.n);
	struct str  key, value;
	char        q[QUOTE_MAX];

	if (eq == NULL || eq == pair.p)
		return fail_as(err, STATUS_USAGE, "%s is not a property (write KEY=VALUE)",
		               quote(q, pair));
	key = str_trim(str_slice(pair, 0, (size_t)(eq - pair.p)));
	value = str_trim(str_slice(pair, (size_t)(eq - pair.p) + 1, pair.n));
	if (memchr(value.p, '\0', value.n) != NULL || memchr(key.p, '\0', key.n) != NULL)
		return fail_as(err, STATUS_USAGE, "a property has a NUL byte in it");
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (str_eq(key, str_of(synonyms[i][0])))
			key = str_of(synonyms[i][1]);
	properties_add(to, key, value, from);
	return 0;
}

/* Of letters that mean nothing to a shell, and no option of kinit's? */
static bool
is_word(const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-/@:+=,";

	return value[0] != '-' && value[strspn(value, letters)] == '\0';
}

/* Is this a property that may be set at all, and to this? */
static int
check_property(const struct property *p, struct err *err)
{
	const char *key = p->key;

	if (listed(run_code, key))
		return fail_as(err, STATUS_CONFIG,
		               "'%s' is not allowed: it would run code of somebody else's choice",
		               key);
	if (listed(for_shell, key) && !is_word(p->value))
		return fail_as(err, STATUS_CONFIG,
		               "'%s' takes letters, digits and . _ - / @ : + = , only, and does "
		               "not start with -: it ends up on the command line of kinit",
		               key);
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		if (strcmp(owned[i].key, key) == 0)
			return fail_as(err, STATUS_CONFIG, "'%s' cannot be set here (%s)", key,
			               owned[i].instead);
	return 0;
}

static int
check_private(FILE *f, const char *path, const char *key, struct err *err)
{
	struct stat st;
	char        q[QUOTE_MAX];

	if (fstat(fileno(f), &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)) == 0)
		return 0;
	quote(q, str_of(path));
	return fail_as(err, STATUS_CONFIG,
	               "%s holds '%s', and others than its owner can read it (chmod 600 %s)", q,
	               key, q);
}

static int
read_line(struct properties *to, FILE *f, const char *path, int number, struct str line,
          struct err *err)
{
	const struct property *p;
	struct buf             from;
	int                    rc;

	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return 0;
	if (line.n > LINE_LENGTH_MAX)
		return fail_as(err, STATUS_CONFIG, "%s:%d: the line is too long", path, number);
	buf_init(&from, BUF_NO_MAX);
	buf_addf(&from, "%s:%d", path, number);
	buf_add_char(&from, '\0');
	rc = add_pair(to, line, from.p, err);
	buf_release(&from);
	if (rc < 0) {
		err->status = STATUS_CONFIG;
		return fail_in(err, "%s:%d", path, number);
	}
	p = &to->list[to->n - 1];
	if (check_property(p, err) < 0)
		return fail_in(err, "%s:%d", path, number);
	return kafka_conf_is_secret(p->key) ? check_private(f, path, p->key, err) : 0;
}

static int
read_file(struct properties *to, const char *path, struct err *err)
{
	FILE   *f = fopen(path, "re");
	char   *line = NULL, q[QUOTE_MAX];
	size_t  cap = 0;
	ssize_t n;
	int     rc = 0;

	if (f == NULL)
		return fail_as(err, errno == EACCES ? STATUS_DENIED : STATUS_NOINPUT,
		               "cannot open %s: %s", quote(q, str_of(path)), strerror(errno));
	for (int number = 1; rc == 0 && (n = getline(&line, &cap, f)) >= 0; number++)
		rc = read_line(to, f, path, number, (struct str){ line, (size_t)n }, err);
	if (rc == 0 && ferror(f))
		rc = fail_as(err, STATUS_NOINPUT, "cannot read %s: %s", quote(q, str_of(path)),
		             strerror(errno));
	if (line != NULL)
		explicit_bzero(line, cap);
	free(line);
	fclose(f);
	return rc;
}

static struct kafka_conf *
conf_of(void *arg)
{
	return *(struct kafka_conf **)arg;
}

int
kafka_conf_brokers(void *arg, const char *value, struct err *err)
{
	struct kafka_conf *c = conf_of(arg);

	(void)err;
	free(c->brokers);
	c->brokers = mem_dup(str_of(value));
	return 0;
}

int
kafka_conf_env(void *arg, const char *value, struct err *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	struct kafka_conf *c = conf_of(arg);
	size_t             n = strspn(value, letters);
	char               q[QUOTE_MAX];

	if (n == 0 || n > 64 || value[n] != '\0' || value[0] == '.' || value[0] == '-')
		return fail_as(
			err, STATUS_USAGE,
			"%s is not the name of a profile (letters, digits, '.', '_' and '-')",
			quote(q, str_of(value)));
	free(c->env);
	c->env = mem_dup(str_of(value));
	return 0;
}

int
kafka_conf_file(void *arg, const char *value, struct err *err)
{
	struct kafka_conf *c = conf_of(arg);

	return read_file(&c->files, value, err);
}

int
kafka_conf_set(void *arg, const char *value, struct err *err)
{
	struct kafka_conf *c = conf_of(arg);
	const struct property *p;

	if (add_pair(&c->sets, str_of(value), "-X", err) < 0)
		return -1;
	p = &c->sets.list[c->sets.n - 1];
	if (kafka_conf_is_secret(p->key))
		return fail_as(err, STATUS_USAGE,
		               "'%s' does not belong on a command line, which everyone can read "
		               "(put it into a file of mode 600 and name that with -F)",
		               p->key);
	return check_property(p, err);
}

int
kafka_conf_timeout(void *arg, const char *value, struct err *err)
{
	struct kafka_conf *c = conf_of(arg);

	if (dur_parse(&c->timeout, str_of(value), false, err) < 0)
		return -1;
	return c->timeout > 0 ? 0 : fail_as(err, STATUS_USAGE, "must be more than 0");
}

int
kafka_conf_token_command(void *arg, const char *value, struct err *err)
{
	struct kafka_conf *c = conf_of(arg);

	if (*value == '\0')
		return fail_as(err, STATUS_USAGE, "the command is empty");
	free(c->login.token_command);
	c->login.token_command = mem_dup(str_of(value));
	return 0;
}

int
kafka_conf_msk(void *arg, const char *value, struct err *err)
{
	struct kafka_conf *c;
	char q[QUOTE_MAX];

	if (value != NULL && !aws_is_region(str_of(value)))
		return fail_as(err, STATUS_USAGE, "%s is not an AWS region (try eu-west-1)",
		               quote(q, str_of(value)));
	c = conf_of(arg);
	c->login.msk = true;
	free(c->login.region);
	c->login.region = value != NULL ? mem_dup(str_of(value)) : NULL;
	return 0;
}

int
kafka_conf_cleartext(void *arg, const char *value, struct err *err)
{
	struct kafka_conf *c = conf_of(arg);

	(void)value;
	(void)err;
	c->login.cleartext = true;
	return 0;
}

int64_t
kafka_conf_patience(const struct kafka_conf *c, bool answered)
{
	if (c->timeout >= 0)
		return c->timeout;
	return answered ? 60000 : 5000;
}

/* Read NAME.conf from the first configuration directory that has one. */
static int
read_profile(struct properties *to, const char *name, bool from_environment, struct err *err)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	const struct { const char *base, *below; } places[] = {
		{ xdg, "/maip/" }, { home, "/.config/maip/" }, { "/etc", "/maip/" },
	};
	struct buf path;
	int        rc = 1;

	buf_init(&path, 4096);
	for (size_t i = 0; rc > 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].base == NULL || *places[i].base != '/')
			continue;
		buf_clear(&path);
		if (buf_addf(&path, "%s%s%s.conf", places[i].base, places[i].below, name) < 0 ||
		    buf_add_char(&path, '\0') < 0)
			continue;
		if (access(path.p, F_OK) == 0)
			rc = read_file(to, path.p, err);
	}
	buf_release(&path);
	if (rc > 0 && strcmp(name, "local") != 0)
		return fail_as(err, STATUS_NOINPUT,
		               "no profile '%s' (make %s/maip/%s.conf%s)", name,
		               xdg != NULL ? xdg : "~/.config", name,
		               from_environment ? ", or unset MAIP_ENV" : "");
	return rc < 0 ? -1 : 0;
}

/* Wherever the brokers are named, what is none is told with its place. */
static int
check_brokers(const struct kafka_conf *c, struct err *err)
{
	const char *list = kafka_conf_get(c, BROKERS), *from = kafka_conf_from(c, BROKERS);

	if (broker_list_check(str_of(list), kafka_conf_get(c, "security.protocol"), err) == 0)
		return 0;
	if (strchr(from, ':') != NULL)          /* a line of a file */
		err->status = STATUS_CONFIG;
	return fail_in(err, "%s", from);
}

/* Let librdkafka judge every value, so that a wrong one is told with its place. */
static int
check_values(const struct properties *all, struct err *err)
{
	rd_kafka_conf_t *scratch = rd_kafka_conf_new();
	char             why[512];
	int              rc = 0;

	for (size_t i = 0; rc == 0 && i < all->n; i++) {
		const struct property *p = &all->list[i];

		switch (rd_kafka_conf_set(scratch, p->key, p->value, why, sizeof(why))) {
		case RD_KAFKA_CONF_OK:
			break;
		case RD_KAFKA_CONF_UNKNOWN:
			rc = fail_as(err, STATUS_CONFIG, "%s: librdkafka %s has no property '%s'",
			             p->from, rd_kafka_version_str(), p->key);
			break;
		default:
			why[strcspn(why, "\n")] = '\0';
			rc = fail_as(err, STATUS_CONFIG, "%s: %s", p->from,
			             kafka_conf_is_secret(p->key)
			                     ? "a secret that librdkafka refuses"
			                     : why);
		}
	}
	rd_kafka_conf_destroy(scratch);
	return rc;
}

static void
put_all(struct properties *to, const struct properties *from)
{
	for (size_t i = 0; i < from->n; i++)
		properties_put(to, from->list[i].key, from->list[i].value, from->list[i].from);
}

int
kafka_conf_finish(struct kafka_conf *c, struct err *err)
{
	static const char *const defaults[][2] = {
		{ BROKERS, DEFAULT_BROKERS },
		{ "client.id", "maip" },
		{ "socket.keepalive.enable", "true" },
		{ "check.crcs", "true" },
		/* a broker that is back is found soon */
		{ "reconnect.backoff.max.ms", "2000" },
		{ "isolation.level", "read_committed" },
	};
	struct properties profile = { 0 };
	const char       *brokers = getenv("MAIP_KAFKA_BROKERS"), *env = getenv("MAIP_ENV");
	bool              from_environment = false;
	int               rc = 0;

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		properties_put(&c->all, defaults[i][0], defaults[i][1], "default");
	if (c->env == NULL && env != NULL && *env != '\0') {
		from_environment = true;
		if (kafka_conf_env(&c, env, err) < 0)
			return fail_in(err, "MAIP_ENV");
	}
	if (c->env != NULL)
		rc = read_profile(&profile, c->env, from_environment, err);
	put_all(&c->all, &profile);
	properties_release(&profile);
	if (rc < 0)
		return -1;
	put_all(&c->all, &c->files);
	put_all(&c->all, &c->sets);
	if (brokers != NULL && *brokers != '\0')
		properties_put(&c->all, BROKERS, brokers, "MAIP_KAFKA_BROKERS");
	if (c->brokers != NULL)
		properties_put(&c->all, BROKERS, c->brokers, "-b");
	if (login_finish(&c->login, c, err) < 0 || check_brokers(c, err) < 0)
		return -1;
	return check_values(&c->all, err);
}

static const struct property *
find(const struct kafka_conf *c, const char *key)
{
	for (size_t i = 0; i < c->all.n; i++)
		if (strcmp(c->all.list[i].key, key) == 0)
			return &c->all.list[i];
	return NULL;
}

const char *
kafka_conf_get(const struct kafka_conf *c, const char *key)
{
	const struct property *p = find(c, key);

	return p != NULL ? p->value : NULL;
}

int64_t
kafka_conf_number(const struct kafka_conf *c, const char *key, int64_t otherwise)
{
	const char *value = kafka_conf_get(c, key);

	return value != NULL ? strtoll(value, NULL, 10) : otherwise;
}

bool
kafka_conf_cooperative(const struct kafka_conf *c)
{
	const char *strategy = kafka_conf_get(c, "partition.assignment.strategy");

	return strategy != NULL && strstr(strategy, "cooperative") != NULL;
}

const char *
kafka_conf_from(const struct kafka_conf *c, const char *key)
{
	const struct property *p = find(c, key);

	return p != NULL ? p->from : NULL;
}

const struct login *
kafka_conf_login(const struct kafka_conf *c)
{
	return &c->login;
}

void
kafka_conf_put(struct kafka_conf *c, const char *key, const char *value, const char *from)
{
	properties_put(&c->all, key, value, from);
}

void
kafka_conf_drop(struct kafka_conf *c, const char *key)
{
	for (size_t i = 0; i < c->all.n; i++) {
		const struct property p = c->all.list[i];

		if (strcmp(p.key, key) != 0)
			continue;
		c->all.list[i] = c->all.list[--c->all.n];
		free(p.key);
		mem_wipe(p.value);
		free(p.from);
		return;
	}
}

void
kafka_conf_show(const struct kafka_conf *c,
                void (*row)(void *arg, const char *key, const char *value, const char *from),
                void *arg)
{
	for (size_t i = 0; i < c->all.n; i++) {
		const struct property *p = &c->all.list[i];

		row(arg, p->key, kafka_conf_is_secret(p->key) ? "***" : p->value, p->from);
	}
}
