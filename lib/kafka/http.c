/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - one question to an HTTP server that hands out credentials, through libcurl */
#include <stdio.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/mem.h"
#include "kafka/http.h"

struct receiver {
	struct buf *to;
	size_t      left;               /* bytes that may still come */
};

void
http_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct receiver *r = arg;

	n *= size;
	if (n > r->left || buf_add(r->to, p, n) < 0)
		return 0;
	r->left -= n;
	return n;
}

static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const atomic_bool *stop = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return stop != NULL && atomic_load(stop) ? 1 : 0;
}

static struct curl_slist *
add_headers(CURL *curl, const struct http_question *q)
{
	struct curl_slist *list = NULL;

	for (const char *const *h = q->headers; h != NULL && *h != NULL; h++)
		list = curl_slist_append(list, *h);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	return list;
}

static void
prepare(CURL *curl, const struct http_question *q, struct receiver *r, char *why)
{
	curl_easy_setopt(curl, CURLOPT_URL, q->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);           /* we are not the main thread */
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)q->timeout);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)q->timeout / 2);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)q->stop);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "maip/" MAIP_VERSION);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
	if (q->link_local)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (q->form.n > 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)q->form.n);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, q->form.p);
	}
}

/* A part of the URL, as libcurl understands it when it asks; NULL: it has none. */
static char *
part_of(CURLU *u, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(u, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool
is_one_of(const char *host, const char *const *hosts)
{
	while (*hosts != NULL && strcasecmp(host, *hosts) != 0)
		hosts++;
	return *hosts != NULL;
}

bool
http_keeps_secret(const char *url, const char *const *hosts)
{
	CURLU *u = curl_url();
	char  *scheme = NULL, *host = NULL;
	bool   keeps = false;

	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK) {
		scheme = part_of(u, CURLUPART_SCHEME);
		host = part_of(u, CURLUPART_HOST);
	}
	if (scheme != NULL && host != NULL)
		keeps = strcmp(scheme, "https") == 0 ||
		        (strcmp(scheme, "http") == 0 && is_one_of(host, hosts));
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return keeps;
}

/* "host:port" of a URL, for messages: the rest of it may be long, or secret. */
static const char *
authority(char to[QUOTE_MAX], const char *url)
{
	CURLU *u = curl_url();
	char  *host = NULL, *port = NULL, text[300];
	const char *told = "what is no URL";

	/* as libcurl guesses when it asks */
	if (u != NULL &&
	    curl_url_set(u, CURLUPART_URL, url, CURLU_GUESS_SCHEME) == CURLUE_OK) {
		host = part_of(u, CURLUPART_HOST);
		port = part_of(u, CURLUPART_PORT);
	}
	if (host != NULL) {
		snprintf(text, sizeof(text), "%s%s%s", host, port != NULL ? ":" : "",
		         port != NULL ? port : "");
		told = quote(to, str_of(text));
	}
	curl_free(port);
	curl_free(host);
	curl_url_cleanup(u);
	return told;
}

int
http_ask(const struct http_question *q, struct buf *answer, struct err *err)
{
	char               why[CURL_ERROR_SIZE] = "", host[QUOTE_MAX];
	struct receiver    r = { answer, HTTP_ANSWER_MAX };
	CURL              *curl = curl_easy_init();
	struct curl_slist *headers;
	CURLcode           code;
	long               status = 0;

	if (curl == NULL)
		return fail_as(err, STATUS_UNAVAILABLE, "libcurl does not start");
	prepare(curl, q, &r, why);
	headers = add_headers(curl, q);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (code == CURLE_OK)
		return (int)status;
	return fail_as(err, STATUS_UNAVAILABLE, "cannot ask %s: %s", authority(host, q->url),
	               why[0] != '\0' ? why : curl_easy_strerror(code));
}
