/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker_list.c - hosts and ports, as librdkafka splits them
 */
#include "kafka/broker_list.h"

#include <arpa/inet.h>
#include <strings.h>

#define PORT_MAX 65535

static struct str
without_protocol(struct str s, const char *protocol)
{
	const size_t n = strlen(protocol);

	if (s.n >= n + 3 && strncasecmp(s.p, protocol, n) == 0 && memcmp(s.p + n, "://", 3) == 0)
		return str_slice(s, n + 3, s.n);
	return s;
}

static bool
only(struct str s, const char *letters)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(letters, s.p[i]) == NULL)
			return false;
	return s.n > 0;
}

static bool
is_port(struct str s)
{
	int v = 0;

	if (!only(s, "0123456789") || s.n > 5)
		return false;
	for (size_t i = 0; i < s.n; i++)
		v = 10 * v + (s.p[i] - '0');
	return v > 0 && v <= PORT_MAX;
}

static bool
is_name(struct str s)
{
	return only(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
}

/* A zone may stand behind it: fe80::1%eth0. */
static bool
is_ipv6(struct str s)
{
	const char     *zone = memchr(s.p, '%', s.n);
	char            text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (zone != NULL)
		s.n = (size_t)(zone - s.p);
	if (s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

/* NAME[:PORT], [IPV6][:PORT] or IPV6 */
static bool
is_broker(struct str s)
{
	const char *colon;
	size_t      host;

	if (s.n > 0 && s.p[0] == '[') {
		const char *end = memchr(s.p, ']', s.n);

		if (end == NULL || !is_ipv6(str_slice(s, 1, (size_t)(end - s.p))))
			return false;
		host = (size_t)(end - s.p) + 1;
		return host == s.n || (s.p[host] == ':' && is_port(str_slice(s, host + 1, s.n)));
	}
	colon = memchr(s.p, ':', s.n);
	if (colon == NULL)
		return is_name(s);
	host = (size_t)(colon - s.p);
	if (is_name(str_slice(s, 0, host)) && is_port(str_slice(s, host + 1, s.n)))
		return true;
	return is_ipv6(s);
}

static bool
parts(char c)
{
	return c == ',' || c == ' ';
}

struct str
broker_list_next(struct str *list)
{
	size_t start = 0, end;

	while (start < list->n && parts(list->p[start]))
		start++;
	for (end = start; end < list->n && !parts(list->p[end]); end++)
		;
	const struct str broker = str_slice(*list, start, end);
	*list = str_slice(*list, end, list->n);
	return broker;
}

int
broker_list_check(struct str list, const char *protocol, struct err *err)
{
	char       q[QUOTE_MAX];
	struct str one = broker_list_next(&list);

	if (one.n == 0)
		return fail_as(err, STATUS_USAGE, "no broker named (try localhost:9092)");
	for (; one.n > 0; one = broker_list_next(&list))
		if (!is_broker(without_protocol(one, protocol != NULL ? protocol : "plaintext")))
			return fail_as(err, STATUS_USAGE, "%s is not HOST:PORT", quote(q, one));
	return 0;
}
