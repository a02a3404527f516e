/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_endpoint.c - credentials from the machine: a container's endpoint, or EC2's metadata service
 *
 * The metadata service is asked as version 2 wants it: first a PUT for a token, which no request
 * that was forged through some proxy can do. There is no way back to version 1.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kafka/aws_parts.h"
#include "kafka/http.h"

#define ANSWER_MS  4000
#define EC2_MS     2000                 /* where there is no EC2, its address leads nowhere */
#define ANSWER_MAX 16384
#define EC2_ROLES  "/latest/meta-data/iam/security-credentials/"

static struct http_question
link_local(const char *method, const char *url, const char *const *headers, int64_t timeout,
           const struct aws_ask *ask)
{
	return (struct http_question){ .method = method,
		                       .url = url,
		                       .headers = headers,
		                       .link_local = true,
		                       .timeout = timeout,
		                       .stop = ask->stop };
}

static int
ask_link_local(struct buf *answer, const char *url, const char *header, int64_t timeout,
               const struct aws_ask *ask, struct err *err)
{
	const char *const          headers[] = { header, NULL };
	const struct http_question q = link_local("GET", url, headers, timeout, ask);

	return http_ask(&q, answer, err);
}

/* ---- containers */

/* A token must not travel in the clear but to this machine or to the agents' own addresses. */
static bool
may_be_asked(const char *url)
{
	static const char *const hosts[] = { "localhost",      "127.0.0.1",      "[::1]",
		                             "169.254.170.2",  "169.254.170.23", "[fd00:ec2::23]",
		                             NULL };

	return http_keeps_secret(url, hosts);
}

static int
container_header(struct buf *to, struct err *err)
{
	const char *file = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
		   *token = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	int         rc = 0;

	if (file == NULL && token == NULL)
		return 0;
	buf_add_str(to, STR("Authorization: "));
	if (file != NULL)
		rc = aws_read_secret(to, ANSWER_MAX, file, err);
	else
		buf_add_str(to, str_of(token));
	if (rc == 0 && (memchr(to->p, '\n', to->n) != NULL || memchr(to->p, '\r', to->n) != NULL))
		rc = fail_as(err, STATUS_CONFIG,
		             "the container's authorization token has more than one line");
	buf_add_char(to, '\0');
	return rc;
}

static int
ask_container(struct aws_creds *to, const char *url, const struct aws_ask *ask, struct err *err)
{
	struct buf header, answer;
	int        rc;

	buf_init(&header, BUF_NO_MAX);
	buf_init(&answer, ANSWER_MAX);
	(void)buf_room(&answer, ANSWER_MAX);
	rc = container_header(&header, err);
	if (rc == 0)
		rc = ask_link_local(&answer, url, header.p, ANSWER_MS, ask, err);
	if (rc == 200)
		rc = aws_creds_parse(to, buf_str(&answer), err);
	else if (rc >= 0)
		rc = fail_as(err, STATUS_DENIED, "the answer has status %d", rc);
	buf_wipe(&header);
	buf_wipe(&answer);
	return rc < 0 ? fail_in(err, "the container's AWS credentials") : rc;
}

int
aws_from_container(struct aws_creds *to, const struct aws_ask *ask, struct err *err)
{
	const char *path = aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
		   *full = aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct buf  url;
	int         rc;

	if (path == NULL && full == NULL)
		return 0;
	if (path == NULL && !may_be_asked(full))
		return fail_as(err, STATUS_CONFIG,
		               "AWS_CONTAINER_CREDENTIALS_FULL_URI has to be https or an address "
		               "of this machine, and to name no user");
	if (path != NULL && *path != '/')       /* it would be more of the host */
		return fail_as(err, STATUS_CONFIG,
		               "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI has to begin with /");
	buf_init(&url, BUF_NO_MAX);
	if (path != NULL)
		buf_addf(&url, "http://169.254.170.2%s", path);
	else
		buf_add_str(&url, str_of(full));
	buf_add_char(&url, '\0');
	rc = ask_container(to, url.p, ask, err);
	buf_release(&url);
	return rc;
}

/* ---- EC2 */

struct ec2 {
	char       base[256];
	struct buf header;              /* "X-aws-ec2-metadata-token: ..." and NUL */
	struct buf answer;
};

static int
ec2_base(char *to, size_t size, struct err *err)
{
	const char *base = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT"),
		   *mode = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	size_t      n;

	if (base == NULL)
		base = mode != NULL && (strcmp(mode, "IPv6") == 0 || strcmp(mode, "ipv6") == 0)
		       ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
	n = strlen(base);
	while (n > 0 && base[n - 1] == '/')
		n--;
	if (n >= size)
		return fail_as(err, STATUS_CONFIG, "AWS_EC2_METADATA_SERVICE_ENDPOINT is too long");
	memcpy(to, base, n);
	to[n] = '\0';
	return 0;
}

static int
ec2_token(struct ec2 *m, const struct aws_ask *ask, struct err *err)
{
	static const char *const headers[] = { "X-aws-ec2-metadata-token-ttl-seconds: 300", NULL };
	char                       url[512];
	const struct http_question q = link_local("PUT", url, headers, EC2_MS, ask);
	int                        rc;

	snprintf(url, sizeof(url), "%s/latest/api/token", m->base);
	buf_add_str(&m->header, STR("X-aws-ec2-metadata-token: "));
	rc = http_ask(&q, &m->header, err);
	while (m->header.n > 0 && strchr("\r\n", m->header.p[m->header.n - 1]) != NULL)
		m->header.n--;
	if (rc >= 0 && (rc != 200 || memchr(m->header.p, '\n', m->header.n) != NULL))
		rc = fail_as(err, STATUS_DENIED, "the answer has status %d", rc);
	buf_add_char(&m->header, '\0');
	return rc < 0 ? -1 : 0;
}

/* 1: m->answer holds it; 0: there is no such thing; or -1. */
static int
ec2_get(struct ec2 *m, const char *path, struct str more, const struct aws_ask *ask,
        struct err *err)
{
	char url[1024];
	int  rc;

	if (snprintf(url, sizeof(url), "%s%s%.*s", m->base, path, STR_ARGS(more)) >=
	    (int)sizeof(url))
		return fail_as(err, STATUS_DENIED, "the name of the role is too long");
	buf_clear(&m->answer);
	rc = ask_link_local(&m->answer, url, m->header.p, EC2_MS, ask, err);
	if (rc == 200)
		return 1;
	return rc == 404 ? 0
	       : rc < 0  ? -1
	                 : fail_as(err, STATUS_DENIED, "the answer has status %d", rc);
}

static int
ec2_role(struct aws_creds *to, struct ec2 *m, const struct aws_ask *ask, struct err *err)
{
	char  *role;
	size_t n = 0;
	int    rc = ec2_get(m, EC2_ROLES, STR(""), ask, err);

	if (rc < 0)
		return -1;
	while (rc > 0 && n < m->answer.n && (unsigned char)m->answer.p[n] > ' ')
		n++;
	if (n == 0)
		return fail_as(err, STATUS_DENIED,
		               "this instance has no role (IAM instance profile)");
	role = mem_dup((struct str){ m->answer.p, n });
	rc = ec2_get(m, EC2_ROLES, str_of(role), ask, err);
	if (rc == 0)
		rc = fail_as(err, STATUS_DENIED, "its role has no credentials");
	free(role);
	return rc < 0 ? -1 : aws_creds_parse(to, buf_str(&m->answer), err);
}

int
aws_from_ec2(struct aws_creds *to, const struct aws_ask *ask, struct err *err)
{
	const char *disabled = aws_env("AWS_EC2_METADATA_DISABLED");
	struct ec2  m;
	int         rc;

	if (disabled != NULL && (strcmp(disabled, "true") == 0 || strcmp(disabled, "TRUE") == 0)) {
		fail_as(err, STATUS_DENIED, "AWS_EC2_METADATA_DISABLED is set");
		return 0;
	}
	if (ec2_base(m.base, sizeof(m.base), err) < 0)
		return -1;
	buf_init(&m.header, ANSWER_MAX);
	buf_init(&m.answer, ANSWER_MAX);
	(void)buf_room(&m.answer, ANSWER_MAX);
	rc = ec2_token(&m, ask, err);
	if (rc < 0) {
		fail_in(err, "no EC2 metadata");
		rc = 0;
	} else if ((rc = ec2_role(to, &m, ask, err)) < 0) {
		fail_in(err, "EC2 metadata");
	}
	buf_wipe(&m.header);
	buf_wipe(&m.answer);
	return rc;
}
