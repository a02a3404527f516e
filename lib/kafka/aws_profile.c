/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_profile.c - profiles of ~/.aws/credentials and ~/.aws/config
 *
 * In the first file a section is "[NAME]", in the second "[profile NAME]" or "[default]". An
 * indented line belongs to the value above it, and to no key that matters here. Source: "Shared
 * config and credentials files" of the AWS SDKs' reference.
 */
#define _DEFAULT_SOURCE                 /* explicit_bzero */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kafka/aws_parts.h"
#include "kafka/command.h"

#define SETTINGS_MAX 10000              /* of both files */
#define SOURCES_MAX  5                  /* profiles that name another */
#define PROCESS_MS   30000

struct setting {
	char *profile, *key, *value;
};

struct aws_profiles {
	struct setting *list;
	size_t          n, cap;
};

/* The profile that "[profile x]" or "[x]" starts; empty for other sections. */
static struct str
profile_of(struct str line, bool config)
{
	const char *end = memchr(line.p, ']', line.n);
	struct str  name;

	if (end == NULL)
		return STR("");
	name = str_trim(str_slice(line, 1, (size_t)(end - line.p)));
	if (!config || str_eq(name, STR("default")))
		return name;
	if (name.n > 8 && str_starts(name, STR("profile")) && strchr(" \t", name.p[7]) != NULL)
		return str_trim(str_slice(name, 7, name.n));
	return STR("");
}

/* A blank and then # or ; starts a comment. */
static struct str
without_comment(struct str value)
{
	for (size_t i = 1; i < value.n; i++)
		if (strchr("#;", value.p[i]) != NULL && strchr(" \t", value.p[i - 1]) != NULL)
			return str_trim(str_slice(value, 0, i));
	return value;
}

static int
add_setting(struct aws_profiles *p, const char *profile, struct str line, struct err *err)
{
	const char *equals = memchr(line.p, '=', line.n);
	struct str  key, value;

	if (equals == NULL || *profile == '\0')
		return 0;
	if (p->n == SETTINGS_MAX)
		return fail_as(err, STATUS_CONFIG, "more than %d settings", SETTINGS_MAX);
	key = str_trim(str_slice(line, 0, (size_t)(equals - line.p)));
	value = without_comment(str_trim(str_slice(line, (size_t)(equals - line.p) + 1, line.n)));
	p->list = mem_more(p->list, p->n, &p->cap, sizeof(*p->list));
	p->list[p->n++] =
		(struct setting){ mem_dup(str_of(profile)), mem_dup(key), mem_dup(value) };
	return 0;
}

static int
read_lines(struct aws_profiles *p, FILE *f, bool config, struct err *err)
{
	char   *line = NULL, *profile = mem_dup(STR(""));
	size_t  cap = 0;
	ssize_t n;
	int     rc = 0;

	while (rc == 0 && (n = getline(&line, &cap, f)) >= 0) {
		const struct str s = str_trim((struct str){ line, strlen(line) });

		if (s.n == 0 || s.p[0] == '#' || s.p[0] == ';')
			continue;
		if (s.p[0] == '[') {
			free(profile);
			profile = mem_dup(profile_of(s, config));
		} else if (s.p == line) {
			rc = add_setting(p, profile, s, err);
		}
	}
	if (rc == 0 && ferror(f))
		rc = fail_as(err, STATUS_CONFIG, "%s", strerror(errno));
	if (line != NULL)
		explicit_bzero(line, cap);
	free(line);
	free(profile);
	return rc;
}

static bool
holds_secret(const struct aws_profiles *p, size_t from)
{
	for (size_t i = from; i < p->n; i++)
		if (strcmp(p->list[i].key, "aws_secret_access_key") == 0)
			return true;
	return false;
}

static int
read_file(struct aws_profiles *p, const char *path, bool config, struct err *err)
{
	const size_t before = p->n;
	FILE        *f = fopen(path, "re");
	struct stat  st;
	char         q[QUOTE_MAX];
	int          rc;

	if (f == NULL && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (f == NULL)
		return fail_as(err, STATUS_CONFIG, "cannot open %s: %s", quote(q, str_of(path)),
		               strerror(errno));
	rc = read_lines(p, f, config, err);
	if (rc < 0)
		fail_in(err, "cannot read %s", quote(q, str_of(path)));
	else if (holds_secret(p, before) &&
	         (fstat(fileno(f), &st) < 0 || (st.st_mode & (S_IRGRP | S_IROTH)) != 0))
		rc = fail_as(err, STATUS_CONFIG,
		             "%s holds 'aws_secret_access_key', and others than its owner can read "
		             "it (chmod 600)",
		             quote(q, str_of(path)));
	fclose(f);
	return rc;
}

/* The path in a variable, or ~/.aws/NAME. The caller frees it; NULL: there is no home directory. */
static char *
path_of(const char *variable, const char *name)
{
	const char *path = aws_env(variable), *home = aws_env("HOME");
	struct buf  b;

	if (path != NULL)
		return mem_dup(str_of(path));
	if (home == NULL)
		return NULL;
	buf_init(&b, BUF_NO_MAX);
	buf_addf(&b, "%s/.aws/%s", home, name);
	path = mem_dup(buf_str(&b));
	buf_release(&b);
	return (char *)path;
}

struct aws_profiles *
aws_profiles_read(struct err *err)
{
	static const char *const variables[] = { "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE" };
	static const char *const names[] = { "credentials", "config" };
	struct aws_profiles *p = mem_zalloc(1, sizeof(*p));
	int                  rc = 0;

	for (int i = 0; rc == 0 && i < 2; i++) {
		char *path = path_of(variables[i], names[i]);

		if (path != NULL)
			rc = read_file(p, path, i == 1, err);
		free(path);
	}
	if (rc == 0)
		return p;
	aws_profiles_free(p);
	return NULL;
}

void
aws_profiles_free(struct aws_profiles *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++) {
		explicit_bzero(p->list[i].value, strlen(p->list[i].value));
		free(p->list[i].profile);
		free(p->list[i].key);
		free(p->list[i].value);
	}
	free(p->list);
	free(p);
}

const char *
aws_profile_name(void)
{
	const char *name = aws_env("AWS_PROFILE");

	if (name == NULL)
		name = aws_env("AWS_DEFAULT_PROFILE");
	return name != NULL ? name : "default";
}

bool
aws_profile_known(const struct aws_profiles *p, const char *profile)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->list[i].profile, profile) == 0)
			return true;
	return false;
}

const char *
aws_profile_get(const struct aws_profiles *p, const char *profile, const char *key)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->list[i].profile, profile) == 0 && strcmp(p->list[i].key, key) == 0)
			return p->list[i].value;
	return NULL;
}

/* ---- credentials of a profile */

struct visit {                          /* what is looked at */
	const struct aws_profiles *profiles;
	const struct aws_ask      *ask;
};

static int
run_process(struct aws_creds *to, const char *line, const struct aws_ask *ask, struct err *err)
{
	const struct command c = { .line = line, .timeout = PROCESS_MS, .stop = ask->stop };
	struct buf           out;
	int                  rc;

	buf_init(&out, COMMAND_OUTPUT_MAX);
	rc = command_run(&c, &out, err);
	if (rc == 0)
		rc = aws_creds_parse(to, buf_str(&out), err);
	buf_wipe(&out);
	return rc < 0 ? fail_in(err, "credential_process") : rc;
}

/* Keys, or a command that prints them. */
static int
own_keys(struct aws_creds *to, const struct visit *v, const char *profile, struct err *err)
{
	const char *id = aws_profile_get(v->profiles, profile, "aws_access_key_id");
	const char *secret = aws_profile_get(v->profiles, profile, "aws_secret_access_key");
	const char *process = aws_profile_get(v->profiles, profile, "credential_process");

	if (id != NULL && secret != NULL)
		return aws_creds_set(to, id, secret,
		                     aws_profile_get(v->profiles, profile, "aws_session_token"),
		                     INT64_MAX);
	if (id != NULL || secret != NULL)
		return fail_as(
			err, STATUS_CONFIG,
			"it has one of aws_access_key_id and aws_secret_access_key, not both");
	if (process != NULL)
		return run_process(to, process, v->ask, err);
	if (aws_profile_get(v->profiles, profile, "sso_session") != NULL ||
	    aws_profile_get(v->profiles, profile, "sso_start_url") != NULL)
		return fail_as(err, STATUS_CONFIG,
		               "single sign-on is left to the AWS CLI (give another profile "
		               "\"credential_process = aws configure export-credentials --profile "
		               "NAME\")");
	return 0;
}

static int
named_source(struct aws_creds *to, const char *source, const struct aws_ask *ask, struct err *err)
{
	char q[QUOTE_MAX];
	int  rc;

	err->msg[0] = '\0';
	if (strcmp(source, "Environment") == 0)
		rc = aws_from_environment(to, err);
	else if (strcmp(source, "EcsContainer") == 0)
		rc = aws_from_container(to, ask, err);
	else if (strcmp(source, "Ec2InstanceMetadata") == 0)
		rc = aws_from_ec2(to, ask, err);
	else
		return fail_as(err, STATUS_CONFIG,
		               "its credential_source %s is none of Environment, EcsContainer, "
		               "Ec2InstanceMetadata",
		               quote(q, str_of(source)));
	if (rc == 0)
		rc = fail_as(err, STATUS_DENIED, "its credential_source '%s' has no credentials%s",
		             source, err->msg[0] != '\0' ? ": it does not answer" : "");
	return rc;
}

static int visit_profile(struct aws_creds *to, const struct visit *v, const char *profile,
                         int depth, struct err *err);

/* The credentials with which a profile assumes its role. */
static int
source_keys(struct aws_creds *to, const struct visit *v, const char *profile, int depth,
            struct err *err)
{
	const char *source = aws_profile_get(v->profiles, profile, "source_profile");
	const char *place = aws_profile_get(v->profiles, profile, "credential_source");
	int         rc;

	if (aws_profile_get(v->profiles, profile, "mfa_serial") != NULL)
		return fail_as(err, STATUS_CONFIG,
		               "its role asks for an MFA code, which nobody can type here (give "
		               "another profile "
		               "\"credential_process = aws configure export-credentials --profile "
		               "NAME\")");
	if (place != NULL)
		return named_source(to, place, v->ask, err);
	if (source == NULL)
		return fail_as(err, STATUS_CONFIG,
		               "it has a role_arn, but no source_profile, credential_source or "
		               "web_identity_token_file");
	if (depth == SOURCES_MAX)
		return fail_as(err, STATUS_CONFIG,
		               "more than %d profiles name one another with source_profile",
		               SOURCES_MAX);
	rc = strcmp(source, profile) == 0 ? own_keys(to, v, profile, err)
	                                  : visit_profile(to, v, source, depth + 1, err);
	return rc != 0 ? rc
	               : fail_as(err, STATUS_CONFIG, "its source_profile '%s' has no credentials",
	                         source);
}

static int
visit_profile(struct aws_creds *to, const struct visit *v, const char *profile, int depth,
              struct err *err)
{
	const struct aws_role role = {
		.arn = aws_profile_get(v->profiles, profile, "role_arn"),
		.session = aws_profile_get(v->profiles, profile, "role_session_name"),
		.external_id = aws_profile_get(v->profiles, profile, "external_id"),
	};
	const char *token_file = aws_profile_get(v->profiles, profile, "web_identity_token_file");
	struct aws_creds source = { 0 };
	struct aws_keys  keys;
	int              rc;

	if (role.arn == NULL)
		return own_keys(to, v, profile, err);
	if (token_file != NULL)
		return aws_sts_web_identity(to, &role, token_file, v->ask, err);
	rc = source_keys(&source, v, profile, depth, err);
	if (rc > 0) {
		keys = aws_creds_keys(&source);
		rc = aws_sts_assume(to, &role, &keys, v->ask, err);
		aws_creds_release(&source);
	}
	return rc;
}

int
aws_from_profile(struct aws_creds *to, const struct aws_ask *ask, struct err *err)
{
	struct aws_profiles *profiles = aws_profiles_read(err);
	const struct visit   v = { profiles, ask };
	const char          *name = aws_profile_name();
	char                 q[QUOTE_MAX];
	int                  rc = 0;

	if (profiles == NULL)
		return -1;
	quote(q, str_of(name));
	if (aws_profile_known(profiles, name)) {
		rc = visit_profile(to, &v, name, 1, err);
		if (rc < 0)
			fail_in(err, "AWS profile %s", q);
	} else if (strcmp(name, "default") != 0) {
		rc = fail_as(err, STATUS_CONFIG,
		             "there is no AWS profile %s (AWS_PROFILE names it)", q);
	}
	aws_profiles_free(profiles);
	return rc;
}
