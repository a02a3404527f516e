/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mock-broker.c - the embedded broker for shell tests, and its faults
 *
 *	mock-broker [TOPIC[:PARTITIONS]]...
 *
 * Prints where it listens, then obeys a command a line from standard input and answers "ok":
 * "down", "up", "fail CODE COUNT". Ends with its standard input, so that no test can leave it
 * behind.
 */
#include <stdio.h>
#include <string.h>

#include "kafka/mock.h"

static bool
obey(struct mock *m, const char *command)
{
	int    code;
	size_t n;

	if (strcmp(command, "down\n") == 0)
		mock_set_down(m, true);
	else if (strcmp(command, "up\n") == 0)
		mock_set_down(m, false);
	else if (sscanf(command, "fail %d %zu\n", &code, &n) == 2)
		mock_fail_produce(m, code, n);
	else
		return false;
	return true;
}

int
main(int argc, char **argv)
{
	char         line[256];
	struct err   err;
	struct mock *m = mock_start(&err);

	diag_name("mock-broker");
	if (m == NULL)
		die(err.status, "%s", err.msg);
	for (int i = 1; i < argc; i++)
		if (mock_topic(m, str_of(argv[i]), &err) < 0)
			die(err.status, "%s", err.msg);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts(mock_brokers(m));
	while (fgets(line, sizeof(line), stdin) != NULL)
		puts(obey(m, line) ? "ok" : "unknown command");
	mock_stop(m);
	return 0;
}
