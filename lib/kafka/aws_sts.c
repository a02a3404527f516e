/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_sts.c - a role's credentials from the Security Token Service
 *
 * STS answers in XML, of which four elements matter; their values are base64 and dates, so
 * nothing in them is escaped.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/aws_parts.h"
#include "kafka/http.h"

#define STS_MS     10000
#define ANSWER_MAX 32768
#define TOKEN_MAX  20000                /* what STS takes */

/* "https://sts.eu-west-1.amazonaws.com", or what AWS_ENDPOINT_URL_STS says. */
static int
endpoint(char *to, size_t size, struct str region, struct err *err)
{
	const char *url = aws_env("AWS_ENDPOINT_URL_STS");
	size_t      n;

	if (url == NULL)
		url = aws_env("AWS_ENDPOINT_URL");
	if (url == NULL) {
		snprintf(to, size, "https://sts.%.*s%s", STR_ARGS(region), aws_domain(region));
		return 0;
	}
	n = strlen(url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	if (n >= size)
		return fail_as(err, STATUS_CONFIG, "AWS_ENDPOINT_URL_STS is too long");
	memcpy(to, url, n);
	to[n] = '\0';
	return 0;
}

/* What stands in the first <name>. The caller frees it; NULL: there is none. */
static char *
element(struct str xml, const char *name)
{
	char        open[32];
	const char *p = xml.p, *end = xml.p + xml.n, *stop;
	int         n = snprintf(open, sizeof(open), "<%s>", name);

	for (; end - p > n; p++) {
		if (memcmp(p, open, (size_t)n) != 0)
			continue;
		stop = memchr(p + n, '<', (size_t)(end - (p + n)));
		return stop != NULL ? mem_dup((struct str){ p + n, (size_t)(stop - (p + n)) })
		                    : NULL;
	}
	return NULL;
}

static int
refused(int status, struct str xml, struct err *err)
{
	char *message = element(xml, "Message");
	char  q[QUOTE_MAX];

	if (message == NULL)
		fail_as(err, STATUS_DENIED, "STS answers with status %d", status);
	else
		fail_as(err, STATUS_DENIED, "STS refuses: %s", quote(q, str_of(message)));
	free(message);
	return -1;
}

static int
read_answer(struct aws_creds *to, int status, struct str xml, struct err *err)
{
	char *end;

	if (status != 200)
		return refused(status, xml, err);
	to->id = element(xml, "AccessKeyId");
	to->secret = element(xml, "SecretAccessKey");
	to->session = element(xml, "SessionToken");
	to->expires = TIME_MAX;
	end = element(xml, "Expiration");
	if (end != NULL && time_parse_rfc3339(&to->expires, str_of(end)) < 0)
		to->expires = TIME_MAX;
	free(end);
	if (to->id != NULL && to->secret != NULL && to->session != NULL)
		return 1;
	aws_creds_release(to);
	return fail_as(err, STATUS_DENIED, "the answer of STS holds no credentials");
}

static int
ask_sts(struct aws_creds *to, struct http_question *q, const struct aws_ask *ask, const char *arn,
        struct err *err)
{
	struct buf answer;
	char       quoted[QUOTE_MAX];
	int        rc;

	buf_init(&answer, ANSWER_MAX);
	(void)buf_room(&answer, ANSWER_MAX);
	q->timeout = STS_MS;
	q->stop = ask->stop;
	rc = http_ask(q, &answer, err);
	if (rc >= 0)
		rc = read_answer(to, rc, buf_str(&answer), err);
	buf_wipe(&answer);
	return rc < 0 ? fail_in(err, "role %s", quote(quoted, str_of(arn))) : rc;
}

static void
add_role(struct buf *to, const struct aws_role *role)
{
	buf_add_str(to, STR("&RoleArn="));
	aws_escape(to, str_of(role->arn));
	buf_add_str(to, STR("&RoleSessionName="));
	aws_escape(to, role->session != NULL ? str_of(role->session) : STR("maip"));
	buf_add_str(to, STR("&Version=2011-06-15"));
}

static int
add_web_token(struct buf *to, const char *path, struct err *err)
{
	struct buf token;
	int        rc;

	buf_init(&token, BUF_NO_MAX);
	rc = aws_read_secret(&token, TOKEN_MAX, path, err);
	if (rc == 0) {
		buf_add_str(to, STR("&WebIdentityToken="));
		aws_escape(to, buf_str(&token));
	}
	buf_wipe(&token);
	return rc < 0 ? fail_in(err, "the web identity token") : 0;
}

int
aws_sts_web_identity(struct aws_creds *to, const struct aws_role *role, const char *token_file,
                     const struct aws_ask *ask, struct err *err)
{
	char                 url[512];
	struct buf           form;
	struct http_question q = { .method = "POST", .url = url };
	int                  rc;

	if (endpoint(url, sizeof(url) - 1, ask->region, err) < 0)
		return -1;
	strcat(url, "/");
	buf_init(&form, BUF_NO_MAX);
	(void)buf_room(&form, 4 * TOKEN_MAX);
	buf_add_str(&form, STR("Action=AssumeRoleWithWebIdentity"));
	add_role(&form, role);
	rc = add_web_token(&form, token_file, err);
	q.form = buf_str(&form);
	if (rc == 0)
		rc = ask_sts(to, &q, ask, role->arn, err);
	buf_wipe(&form);
	return rc;
}

int
aws_sts_assume(struct aws_creds *to, const struct aws_role *role, const struct aws_keys *as,
               const struct aws_ask *ask, struct err *err)
{
	char                 base[512];
	struct buf           query, url;
	struct http_question q = { .method = "GET" };
	struct aws_call call = {
		.base = base, .service = STR("sts"), .region = ask->region, .expires = 60
	};
	int                  rc;

	if (endpoint(base, sizeof(base), ask->region, err) < 0)
		return -1;
	buf_init(&query, BUF_NO_MAX);
	buf_init(&url, BUF_NO_MAX);
	buf_add_str(&query, STR("Action=AssumeRole"));
	if (role->external_id != NULL) {
		buf_add_str(&query, STR("&ExternalId="));
		aws_escape(&query, str_of(role->external_id));
	}
	add_role(&query, role);
	call.query = buf_str(&query);
	rc = aws_presign(&url, &call, as, ask->now, err);
	if (rc == 0) {
		buf_add_char(&url, '\0');
		q.url = url.p;
		rc = ask_sts(to, &q, ask, role->arn, err);
	}
	buf_wipe(&url);
	buf_release(&query);
	return rc;
}
