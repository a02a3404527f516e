/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - a bearer token, and until when it is good */
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/secret.h"
#include "kafka/token.h"

#define CLAIMS_MAX  16384               /* bytes of a JWT's middle part */
#define LIFE_MAX    ((double)(400LL * 86400))           /* s; nobody means more */

/* The claims of a JWT, its middle part; NULL: it is none. */
static cJSON *
jwt_claims(struct str token)
{
	const char *first = memchr(token.p, '.', token.n), *second;
	size_t      n;
	char       *text;
	long long   got;
	cJSON      *claims = NULL;

	if (first == NULL)
		return NULL;
	second = memchr(first + 1, '.', (size_t)(token.p + token.n - (first + 1)));
	n = second != NULL ? (size_t)(second - (first + 1)) : 0;
	if (n == 0 || n > CLAIMS_MAX)
		return NULL;
	text = mem_zalloc(n + 4, 1);
	for (size_t i = 0; i < n; i++)
		text[i] = first[1 + i] == '-' ? '+' : first[1 + i] == '_' ? '/' : first[1 + i];
	while (n % 4 != 0)
		text[n++] = '=';
	got = base64_decode(text, (struct str){ text, n });
	if (got > 0)
		claims = cJSON_ParseWithLength(text, (size_t)got);
	free(text);
	return claims;
}

/* The moment in the claim "exp"; TIME_MAX: there is none. */
static int64_t
jwt_end(struct str token)
{
	cJSON       *claims = jwt_claims(token);
	const cJSON *exp = cJSON_GetObjectItemCaseSensitive(claims, "exp");
	int64_t      end = TIME_MAX;

	if (cJSON_IsNumber(exp) && exp->valuedouble >= 0 &&
	    exp->valuedouble < (double)(TIME_LAST / 1000))
		end = (int64_t)(exp->valuedouble * 1000);
	cJSON_Delete(claims);
	return end;
}

/* Only what RFC 6750 allows in a bearer token. The first byte that is none goes into no message:
 * it may be part of a secret. */
static int
check_text(struct str text, struct err *err)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

	if (text.n == 0)
		return fail_as(err, STATUS_CONFIG, "it printed no token");
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\0' || strchr(letters, text.p[i]) == NULL)
			return fail_as(err, STATUS_CONFIG,
			               "what it printed is not a token alone, nor an object with "
			               "\"access_token\"");
	return 0;
}

/* "expires_in" in seconds, a number or (as some servers have it) text. */
static int
read_life(int64_t *life, const cJSON *item, struct err *err)
{
	char  *end;
	double seconds;

	if (item == NULL)
		return 0;
	seconds = cJSON_IsNumber(item) ? item->valuedouble : -1;
	if (cJSON_IsString(item)) {
		seconds = strtod(item->valuestring, &end);
		if (end == item->valuestring || *end != '\0')
			seconds = -1;
	}
	if (!(seconds >= 0 && seconds <= LIFE_MAX))
		return fail_as(err, STATUS_CONFIG, "its \"expires_in\" is not a number of seconds");
	*life = (int64_t)(seconds * 1000);
	return 0;
}

static int
read_extensions(struct token *t, const cJSON *object, struct err *err)
{
	const cJSON *item;

	if (object == NULL)
		return 0;
	if (!cJSON_IsObject(object))
		return fail_as(err, STATUS_CONFIG, "its \"extensions\" is not an object");
	cJSON_ArrayForEach(item, object) {
		if (!cJSON_IsString(item))
			return fail_as(err, STATUS_CONFIG,
			               "in its \"extensions\" every value has to be text");
		if (t->n_extensions == 2 * TOKEN_EXTENSIONS_MAX)
			return fail_as(err, STATUS_CONFIG, "it has more than %d \"extensions\"",
			               TOKEN_EXTENSIONS_MAX);
		t->extensions[t->n_extensions++] = mem_dup(str_of(item->string));
		t->extensions[t->n_extensions++] = mem_dup(str_of(item->valuestring));
	}
	return 0;
}

static int
read_object(struct token *t, const cJSON *object, int64_t now, struct err *err)
{
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(object, "access_token");
	int64_t      life = -1;

	if (text == NULL)
		text = cJSON_GetObjectItemCaseSensitive(object, "token");
	if (!cJSON_IsString(text))
		return fail_as(err, STATUS_CONFIG, "the object it printed has no \"access_token\"");
	if (check_text(str_of(text->valuestring), err) < 0 ||
	    read_life(&life, cJSON_GetObjectItemCaseSensitive(object, "expires_in"), err) < 0 ||
	    read_extensions(t, cJSON_GetObjectItemCaseSensitive(object, "extensions"), err) < 0)
		return -1;
	t->text = mem_dup(str_of(text->valuestring));
	t->expires = life >= 0 ? now + life : jwt_end(str_of(t->text));
	return 0;
}

static int
read_text(struct token *t, struct str text, struct err *err)
{
	if (check_text(text, err) < 0)
		return -1;
	t->text = mem_dup(text);
	t->expires = jwt_end(text);
	return 0;
}

int
token_parse(struct token *t, struct str printed, int64_t now, struct err *err)
{
	const struct str s = str_trim(printed);
	cJSON           *object = NULL;
	char             ago[DUR_TEXT_MAX];
	int              rc;

	*t = (struct token){ 0 };
	if (s.n > 0 && s.p[0] == '{') {
		object = cJSON_ParseWithLength(s.p, s.n);
		rc = object != NULL ? read_object(t, object, now, err)
		                    : fail_as(err, STATUS_CONFIG, "what it printed is not JSON");
		secret_json_delete(object);
	} else {
		rc = read_text(t, s, err);
	}
	if (rc == 0 && t->expires == TIME_MAX)
		rc = fail_as(err, STATUS_CONFIG, "the token does not say when it ends "
		             "(print {\"access_token\":\"...\",\"expires_in\":SECONDS})");
	if (rc == 0 && t->expires <= now) {
		ago[dur_print(ago, now - t->expires)] = '\0';
		rc = fail_as(err, STATUS_DENIED, "its token expired %s ago", ago);
	}
	if (rc < 0)
		token_release(t);
	return rc;
}

void
token_release(struct token *t)
{
	mem_wipe(t->text);
	for (size_t i = 0; i < t->n_extensions; i++)
		mem_wipe(t->extensions[i]);
	*t = (struct token){ 0 };
}
