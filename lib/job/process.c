/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - reads /proc, signals by pidfd
 *
 * _GNU_SOURCE: syscall(2), for pidfd_open and pidfd_send_signal.
 */
#define _GNU_SOURCE
#include "job/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

static ssize_t
read_file(const char *path, char *to, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -1;
	got = read(fd, to, n - 1);
	close(fd);
	if (got >= 0)
		to[got] = '\0';
	return got;
}

uint64_t
process_look(pid_t pid, pid_t *parent)
{
	char path[64], stat[1024], *at;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (read_file(path, stat, sizeof(stat)) <= 0)
		return 0;
	at = strrchr(stat, ')');                /* the name before it may hold anything */
	if (at == NULL || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
		return 0;
	at += 2;
	for (int field = 3; field < 22 && at != NULL; field++) {
		if (field == 4)
			*parent = (pid_t)strtol(at, NULL, 10);
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at == NULL ? 0 : strtoull(at, NULL, 10);
}

uint64_t
process_start(pid_t pid)
{
	pid_t unused;

	return process_look(pid, &unused);
}

pid_t
process_next(DIR *proc)
{
	struct dirent *entry;

	while ((entry = readdir(proc)) != NULL) {
		char *end;
		const long pid = strtol(entry->d_name, &end, 10);

		if (*end == '\0' && pid > 0)
			return (pid_t)pid;
	}
	return 0;
}

uint64_t
process_pipe(pid_t pid, int fd)
{
	char path[64], link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return 0;
	link[n] = '\0';
	return strncmp(link, "pipe:[", 6) == 0 ? strtoull(link + 6, NULL, 10) : 0;
}

/* A descriptor that stands for the process, or -1 with errno. */
static int
open_process(const struct process *p)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);

	if (fd >= 0 && !process_alive(p)) {     /* the number was taken over before we looked */
		close(fd);
		errno = ESRCH;
		return -1;
	}
	return fd;
}

int
process_signal(const struct process *p, int signal)
{
	int fd = open_process(p);
	int answer, saved;

	if (fd < 0)
		return -1;
	answer = (int)syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
	saved = errno;
	close(fd);
	errno = saved;
	return answer;
}

bool
process_wait(const struct process *p, int64_t wait_ms)
{
	const int64_t end = clock_monotonic_ms() + wait_ms;
	struct pollfd ended = { .fd = open_process(p), .events = POLLIN };
	int got;

	if (ended.fd < 0)
		return errno == ESRCH;
	do {
		const int64_t left = end - clock_monotonic_ms();

		got = poll(&ended, 1, left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
	} while (got < 0 && errno == EINTR);
	close(ended.fd);
	return got == 1;
}
