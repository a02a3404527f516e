/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.c - a server on the loopback whose answers a test gives */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "http_server.h"

#define REQUEST_MAX 65536

struct http_server {
	int             fd;
	pthread_t       thread;
	http_server_fn *answer;
	void           *arg;
	char            url[64];
};

/* Is all of the request here: the head, and as much body as it announces? */
static bool
complete(const struct buf *request)
{
	const char *head_end, *length;

	if (buf_add_char((struct buf *)request, '\0') < 0)
		return true;
	((struct buf *)request)->n--;
	head_end = strstr(request->p, "\r\n\r\n");
	length = strstr(request->p, "Content-Length: ");
	if (head_end == NULL)
		return false;
	return length == NULL || strlen(head_end + 4) >= strtoul(length + 16, NULL, 10);
}

static void
send_all(int fd, struct str s)
{
	ssize_t n;

	while (s.n > 0 && (n = send(fd, s.p, s.n, MSG_NOSIGNAL)) > 0)
		s = str_slice(s, (size_t)n, s.n);
}

static void
serve(const struct http_server *s, int fd)
{
	struct buf request, body, reply;
	ssize_t    n;
	char       piece[4096];
	int        status;

	buf_init(&request, REQUEST_MAX);
	buf_init(&body, BUF_NO_MAX);
	buf_init(&reply, BUF_NO_MAX);
	while (!complete(&request) && (n = recv(fd, piece, sizeof(piece), 0)) > 0)
		(void)buf_add(&request, piece, (size_t)n);
	status = request.n > 0 ? s->answer(s->arg, request.p, &body) : 0;
	if (status != 0) {
		buf_addf(&reply, "HTTP/1.1 %d -\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, body.n);
		buf_add_str(&reply, buf_str(&body));
		send_all(fd, buf_str(&reply));
	}
	buf_release(&request);
	buf_release(&body);
	buf_release(&reply);
	close(fd);
}

static void *
run(void *arg)
{
	const struct http_server *s = arg;
	int                       fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0)
		serve(s, fd);
	return NULL;
}

struct http_server *
http_server_start(http_server_fn *answer, void *arg)
{
	struct http_server *s = mem_zalloc(1, sizeof(*s));
	struct sockaddr_in  a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t           n = sizeof(a);
	int                 rc;

	s->answer = answer;
	s->arg = arg;
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	rc = bind(s->fd, (struct sockaddr *)&a, n) < 0 || listen(s->fd, 5) < 0 ||
	     getsockname(s->fd, (struct sockaddr *)&a, &n) < 0;
	assert(rc == 0);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(a.sin_port));
	rc = pthread_create(&s->thread, NULL, run, s);
	assert(rc == 0);
	(void)rc;
	return s;
}

const char *
http_server_url(const struct http_server *s)
{
	return s->url;
}

void
http_server_stop(struct http_server *s)
{
	shutdown(s->fd, SHUT_RDWR);             /* ends the accept */
	pthread_join(s->thread, NULL);
	close(s->fd);
	free(s);
}
