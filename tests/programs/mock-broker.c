/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mock-broker.c - the embedded broker for shell tests, and its faults
 *
 *	mock-broker [-n BROKERS] [TOPIC[:PARTITIONS]]...
 *
 * Prints where it listens, then obeys a command a line from standard input and answers "ok":
 * "down [BROKER]", "up [BROKER]", "distance MS", "fail REQUEST CODE COUNT [MS]" (see
 * mock_faults.h); brokers are numbered from 1, and partition 0 is led by the first. Ends with its
 * standard input, so that no test can leave it behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_faults.h"

static bool
obey(struct mock *m, const char *command)
{
	int    kind, code, broker = 1, ms = 0;
	char   word[8] = "";
	size_t n;

	(void)sscanf(command, "%7s %d", word, &broker);
	if (strcmp(word, "down") == 0 || strcmp(word, "up") == 0)
		mock_set_down(m, broker, strcmp(word, "down") == 0);
	else if (sscanf(command, "distance %d\n", &ms) == 1)
		mock_set_distance(m, ms);
	else if (sscanf(command, "fail %d %d %zu %d\n", &kind, &code, &n, &ms) >= 3)
		mock_fail(m, kind, code, n, ms);
	else
		return false;
	return true;
}

int
main(int argc, char **argv)
{
	const bool   many = argc > 2 && strcmp(argv[1], "-n") == 0;
	char         line[256];
	struct err   err;
	struct mock *m = mock_start(many ? atoi(argv[2]) : 1, &err);

	diag_name("mock-broker");
	if (m == NULL)
		die(err.status, "%s", err.msg);
	for (int i = many ? 3 : 1; i < argc; i++)
		if (mock_topic(m, str_of(argv[i]), &err) < 0)
			die(err.status, "%s", err.msg);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts(mock_brokers(m));
	while (fgets(line, sizeof(line), stdin) != NULL)
		puts(obey(m, line) ? "ok" : "unknown command");
	mock_stop(m);
	return 0;
}
