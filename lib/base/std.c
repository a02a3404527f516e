/* SPDX-License-Identifier: Apache-2.0 */
/*
 * std.c - the three descriptors that every program is given
 */
#include "base/std.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"

/* In ascending order each open takes the number that is closed. */
void
std_hold(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			die(STATUS_IO, "descriptor %d is closed, and /dev/null cannot be opened",
			    fd);
	}
}
