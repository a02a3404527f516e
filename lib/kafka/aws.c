/* SPDX-License-Identifier: Apache-2.0 */
/* aws.c - credentials of AWS: the chain, and its first and simple links */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "base/time.h"
#include "kafka/aws_parts.h"
#include "kafka/secret.h"

const char *
aws_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* Until the end, or past most. -1: errno says why. */
static int
read_all(struct buf *to, size_t most, int fd)
{
	const size_t end = to->n + most + 1;
	ssize_t      n = 0;

	(void)buf_room(to, most + 1);
	while (to->n < end && (n = read(fd, to->p + to->n, end - to->n)) > 0)
		to->n += (size_t)n;
	return n < 0 ? -1 : 0;
}

int
aws_read_secret(struct buf *to, size_t most, const char *path, struct err *err)
{
	const size_t start = to->n;
	const int    fd = open(path, O_RDONLY | O_CLOEXEC);
	const int    rc = fd < 0 ? -1 : read_all(to, most, fd), why = errno;
	char         q[QUOTE_MAX];

	if (fd >= 0)
		close(fd);
	quote(q, str_of(path));
	if (rc < 0)
		return fail_as(err, STATUS_CONFIG, "cannot read %s: %s", q, strerror(why));
	if (to->n - start > most)
		return fail_as(err, STATUS_CONFIG, "%s is too long", q);
	while (to->n > start && strchr(" \t\r\n", to->p[to->n - 1]) != NULL)
		to->n--;
	return to->n > start ? 0 : fail_as(err, STATUS_CONFIG, "%s is empty", q);
}

void
aws_creds_release(struct aws_creds *c)
{
	mem_wipe(c->id);
	mem_wipe(c->secret);
	mem_wipe(c->session);
	*c = (struct aws_creds){ 0 };
}

int
aws_creds_set(struct aws_creds *to, const char *id, const char *secret, const char *session,
              int64_t expires)
{
	to->id = mem_dup(str_of(id));
	to->secret = mem_dup(str_of(secret));
	to->session = session != NULL && *session != '\0' ? mem_dup(str_of(session)) : NULL;
	to->expires = expires;
	return 1;
}

struct aws_keys
aws_creds_keys(const struct aws_creds *c)
{
	return (struct aws_keys){ str_of(c->id), str_of(c->secret),
		                  c->session != NULL ? str_of(c->session) : STR("") };
}

static const char *
text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static int
read_answer(struct aws_creds *to, const cJSON *object, struct err *err)
{
	const char *id = text_of(object, "AccessKeyId"),
		   *secret = text_of(object, "SecretAccessKey");
	const char *session = text_of(object, "Token"), *end = text_of(object, "Expiration");
	const char *message = text_of(object, "Message");
	int64_t     expires = TIME_MAX;
	char        q[QUOTE_MAX];

	if (id == NULL || secret == NULL)
		return fail_as(err, STATUS_DENIED, "the answer holds no credentials%s%s",
		               message != NULL ? ": " : "",
		               message != NULL ? quote(q, str_of(message)) : "");
	if (end != NULL && time_parse_rfc3339(&expires, str_of(end)) < 0)
		return fail_as(err, STATUS_DENIED, "its Expiration %s is not a time",
		               quote(q, str_of(end)));
	return aws_creds_set(to, id, secret,
	                     session != NULL ? session : text_of(object, "SessionToken"), expires);
}

int
aws_creds_parse(struct aws_creds *to, struct str json, struct err *err)
{
	cJSON *object = cJSON_ParseWithLength(json.p, json.n);
	int    rc;

	if (!cJSON_IsObject(object))
		rc = fail_as(err, STATUS_DENIED, "the answer is not a JSON object");
	else
		rc = read_answer(to, object, err);
	secret_json_delete(object);
	return rc;
}

int
aws_from_environment(struct aws_creds *to, struct err *err)
{
	const char *id = aws_env("AWS_ACCESS_KEY_ID"), *secret = aws_env("AWS_SECRET_ACCESS_KEY");

	if (id == NULL && secret == NULL)
		return 0;
	if (id == NULL || secret == NULL)
		return fail_as(err, STATUS_CONFIG,
		               "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set");
	return aws_creds_set(to, id, secret, aws_env("AWS_SESSION_TOKEN"), TIME_MAX);
}

int
aws_from_web_identity(struct aws_creds *to, const struct aws_ask *ask, struct err *err)
{
	const char           *file = aws_env("AWS_WEB_IDENTITY_TOKEN_FILE");
	const struct aws_role role = { .arn = aws_env("AWS_ROLE_ARN"),
		                       .session = aws_env("AWS_ROLE_SESSION_NAME") };

	if (file == NULL)
		return 0;
	if (role.arn == NULL)
		return fail_as(err, STATUS_CONFIG,
		               "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
	return aws_sts_web_identity(to, &role, file, ask, err);
}

/* Credentials that have ended already would only be refused later, and less clearly. */
static int
check_end(struct aws_creds *c, int64_t now, struct err *err)
{
	char ago[DUR_TEXT_MAX];

	if (c->expires > now)
		return 0;
	ago[dur_print(ago, now - c->expires)] = '\0';
	aws_creds_release(c);
	return fail_as(err, STATUS_DENIED, "the AWS credentials expired %s ago", ago);
}

int
aws_creds_find(struct aws_creds *to, const struct aws_ask *ask, struct err *err)
{
	struct err ec2 = { .msg = "" };
	char       q[QUOTE_MAX];
	int        rc;

	*to = (struct aws_creds){ 0 };
	rc = aws_from_environment(to, err);
	if (rc == 0)
		rc = aws_from_profile(to, ask, err);
	if (rc == 0)
		rc = aws_from_web_identity(to, ask, err);
	if (rc == 0)
		rc = aws_from_container(to, ask, err);
	if (rc == 0 && (rc = aws_from_ec2(to, ask, &ec2)) < 0)
		*err = ec2;
	if (rc > 0)
		return check_end(to, ask->now, err);
	if (rc < 0)
		return -1;
	return fail_as(
		err, STATUS_DENIED,
		"no AWS credentials: not in the environment, not in profile %s, no web identity, "
		"no container, %s (try \"aws configure\")",
		quote(q, str_of(aws_profile_name())), ec2.msg);
}

char *
aws_region_find(void)
{
	const char          *region = aws_env("AWS_REGION");
	struct aws_profiles *profiles;
	char                *copy = NULL;

	if (region == NULL)
		region = aws_env("AWS_DEFAULT_REGION");
	if (region != NULL)
		return mem_dup(str_of(region));
	profiles = aws_profiles_read(NULL);
	if (profiles == NULL)
		return NULL;
	region = aws_profile_get(profiles, aws_profile_name(), "region");
	if (region != NULL)
		copy = mem_dup(str_of(region));
	aws_profiles_free(profiles);
	return copy;
}
