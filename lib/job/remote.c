/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote.c - the REST API of a Flink JobManager, over libcurl
 *
 * Flink answers an error with {"errors":["..."]}; the text is often a whole
 * Java stack trace, of which a person needs the first line without its class names.
 */
#define _DEFAULT_SOURCE                 /* explicit_bzero */
#include "job/manager.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define ANSWER_MAX ((size_t)100 << 20)          /* Flink's own limit */
#define TOKEN_MAX  8192

struct remote {
	CURL              *curl;
	char              *base;        /* "http://host:8081/prefix", no slash at the end */
	struct curl_slist *headers;
	struct buf         answer;
};

static size_t
receive(char *p, size_t size, size_t n, void *arg)
{
	struct remote *r = arg;

	return buf_add(&r->answer, p, size * n) < 0 ? 0 : size * n;
}

/* "org.apache.flink...NotFoundException: Job x not found\n\tat ..." is "Job x not found". */
static struct str
first_words(const char *text)
{
	struct str s = { text, strcspn(text, "\n\r") };

	for (;;) {
		size_t i = 0;

		while (i < s.n && (isalnum((unsigned char)s.p[i]) || s.p[i] == '.' ||
		                   s.p[i] == '_' || s.p[i] == '$'))
			i++;
		if (i == 0 || i + 2 > s.n || s.p[i] != ':' || s.p[i + 1] != ' ' ||
		    memchr(s.p, '.', i) == NULL)
			return s;
		s = str_slice(s, i + 2, s.n);
	}
}

static enum status
status_of(long code)
{
	return code == 404 ? STATUS_NOINPUT : code == 401 || code == 403 ? STATUS_DENIED :
	       code == 400 || code == 409 ? STATUS_USAGE : STATUS_UNAVAILABLE;
}

static int
refuse(const struct remote *r, const char *method, const char *path, long code, const cJSON *body,
       struct err *err)
{
	const cJSON *errors = cJSON_GetObjectItemCaseSensitive(body, "errors");
	const cJSON *first = cJSON_GetArrayItem(errors, 0);
	const cJSON *second = cJSON_GetArrayItem(errors, 1);
	char quoted[QUOTE_MAX];
	struct str text;

	if (!cJSON_IsString(first))
		return fail_as(
			err, status_of(code),
			"%s answered %s %s with HTTP %ld and no reason (is it a Flink JobManager?)",
			r->base, method, path, code);
	text = first_words(first->valuestring);
	if (cJSON_IsString(second)) {           /* "Internal server error.", then what it was */
		const char *cause = strchr(second->valuestring, '\n');

		text = first_words(cause != NULL ? cause + 1 : second->valuestring);
	}
	return fail_as(err, status_of(code), "%s refused %s %s: %s", r->base, method, path,
	               quote(quoted, text));
}

static int
perform(struct remote *r, const char *method, const char *path, const char *text, struct err *err)
{
	struct buf url;
	CURLcode done;

	buf_init(&url, 16384);
	buf_addf(&url, "%s%s", r->base, path);
	buf_add_char(&url, '\0');
	buf_clear(&r->answer);
	curl_easy_setopt(r->curl, CURLOPT_URL, url.p);
	curl_easy_setopt(r->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(r->curl, CURLOPT_POSTFIELDS, text);
	if (text == NULL)
		curl_easy_setopt(r->curl, CURLOPT_HTTPGET, 1L);
	done = curl_easy_perform(r->curl);
	buf_release(&url);
	if (done == CURLE_OK)
		return 0;
	return fail_as(err,
	               done == CURLE_PEER_FAILED_VERIFICATION || done == CURLE_SSL_CERTPROBLEM
	                       ? STATUS_DENIED
	                       : STATUS_UNAVAILABLE,
	               "cannot reach a Flink JobManager at %s: %s (set MAIP_JOBMANAGER or -m)",
	               r->base, curl_easy_strerror(done));
}

/* What every JobManager has; who answers it in another way is none. */
#define OVERVIEW "/jobs/overview"

static bool
is_overview(const cJSON *json)
{
	const cJSON *jobs = cJSON_GetObjectItemCaseSensitive(json, "jobs"), *job;

	if (!cJSON_IsArray(jobs))
		return false;
	cJSON_ArrayForEach(job, jobs)
		if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(job, "jid")))
			return false;
	return true;
}

static int
call(void *self, const char *method, const char *path, const cJSON *body, cJSON **answer,
     struct err *err)
{
	struct remote *r = self;
	char *text = body == NULL ? NULL : cJSON_PrintUnformatted(body);
	int got = perform(r, method, path, text, err);
	long code = 0;
	cJSON *json;

	free(text);
	*answer = NULL;
	if (got < 0)
		return -1;
	curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &code);
	json = cJSON_ParseWithLength(r->answer.p != NULL ? r->answer.p : "", r->answer.n);
	if (code / 100 != 2) {
		refuse(r, method, path, code, json, err);
		if (code == 404 && strcmp(path, OVERVIEW) == 0)
			err->status = STATUS_UNAVAILABLE;       /* it names no job */
		cJSON_Delete(json);
		return -1;
	}
	if (json == NULL)
		return fail_as(err, STATUS_UNAVAILABLE,
		               "%s answered %s %s with something that is not JSON (is it a Flink "
		               "JobManager?)",
		               r->base, method, path);
	if (strcmp(path, OVERVIEW) == 0 && !is_overview(json)) {
		cJSON_Delete(json);
		return fail_as(err, STATUS_UNAVAILABLE,
		               "%s answered %s %s with no list of jobs (is it a Flink JobManager?)",
		               r->base, method, path);
	}
	*answer = json;
	return 0;
}

static void
close_remote(void *self)
{
	struct remote *r = self;

	curl_easy_cleanup(r->curl);
	curl_slist_free_all(r->headers);
	buf_release(&r->answer);
	free(r->base);
	free(r);
	curl_global_cleanup();
}

/* "Authorization: Bearer ..." from a file that nobody else can read. */
static int
add_token(struct remote *r, const char *path, struct err *err)
{
	char line[TOKEN_MAX + 32] = "Authorization: Bearer ";
	size_t start = strlen(line);
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_as(err, STATUS_NOINPUT, "cannot open the token file %s: %s", path,
		               strerror(errno));
	if (fstat(fd, &st) == 0 && (st.st_mode & 077) != 0) {
		close(fd);
		return fail_as(err, STATUS_CONFIG,
		               "the token file %s can be read by others (chmod 600 it)", path);
	}
	n = read(fd, line + start, TOKEN_MAX);
	close(fd);
	if (n < 0)
		return fail_as(err, STATUS_NOINPUT, "cannot read the token file %s: %s", path,
		               strerror(errno));
	line[start + (size_t)n] = '\0';
	line[start + strcspn(line + start, "\r\n")] = '\0';
	r->headers = curl_slist_append(r->headers, line);
	explicit_bzero(line, sizeof(line));
	return 0;
}

static char *
base_url(const char *url)
{
	struct buf b;
	char *base;

	buf_init(&b, BUF_NO_MAX);
	buf_addf(&b, "%s%s", strstr(url, "://") == NULL ? "http://" : "", url);
	while (b.n > 0 && b.p[b.n - 1] == '/')
		b.n--;
	base = mem_dup(buf_str(&b));
	buf_release(&b);
	return base;
}

int
manager_remote(struct manager *to, const char *url, int64_t timeout_ms, const char *token_file,
               struct err *err)
{
	struct remote *r = mem_zalloc(1, sizeof(*r));

	curl_global_init(CURL_GLOBAL_DEFAULT);
	r->curl = curl_easy_init();
	r->base = base_url(url);
	buf_init(&r->answer, ANSWER_MAX);
	r->headers = curl_slist_append(NULL, "Content-Type: application/json");
	*to = (struct manager){ .self = r, .call = call, .close = close_remote };
	if (r->curl == NULL) {
		close_remote(r);
		return fail_as(err, STATUS_BUG, "libcurl does not start");
	}
	if (token_file != NULL && add_token(r, token_file, err) < 0) {
		close_remote(r);
		return -1;
	}
	curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(r->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(r->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(r->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(r->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	return 0;
}
