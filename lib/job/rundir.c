/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rundir.c - find or make the run directory, and trust it only when it is ours
 */
#include "job/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
choose(char path[RUNDIR_PATH_MAX], struct err *err)
{
	const char *own = getenv("MAIP_RUN_DIR");
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	int n;

	if (own != NULL && *own != '\0')
		n = snprintf(path, RUNDIR_PATH_MAX, "%s", own);
	else if (xdg != NULL && *xdg == '/')
		n = snprintf(path, RUNDIR_PATH_MAX, "%s/maip", xdg);
	else
		n = snprintf(path, RUNDIR_PATH_MAX, "/tmp/maip-%lu", (unsigned long)geteuid());
	if (n < 0 || n >= RUNDIR_PATH_MAX)
		return fail_as(err, STATUS_CONFIG,
		               "the path of the run directory is too long (set MAIP_RUN_DIR)");
	return 0;
}

static int
distrust(int dir, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return fail_as(err, STATUS_CONFIG, "%s: %s", path, strerror(errno));
	if (st.st_uid != geteuid())
		return fail_as(
			err, STATUS_DENIED,
			"%s belongs to another user (set MAIP_RUN_DIR to a directory of your own)",
			path);
	if ((st.st_mode & 022) != 0)
		return fail_as(err, STATUS_DENIED,
		               "%s can be written by others (chmod 700 it, or set MAIP_RUN_DIR)",
		               path);
	return 0;
}

int
rundir_open(char path[RUNDIR_PATH_MAX], struct err *err)
{
	int dir;

	if (choose(path, err) < 0)
		return -1;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail_as(err, STATUS_CONFIG,
		               "cannot make the run directory %s: %s (set MAIP_RUN_DIR)", path,
		               strerror(errno));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return fail_as(err, STATUS_CONFIG,
		               "cannot use the run directory %s: %s (set MAIP_RUN_DIR)", path,
		               errno == ELOOP || errno == ENOTDIR ? "it is a link or no directory"
		                                                  : strerror(errno));
	if (distrust(dir, path, err) < 0) {
		close(dir);
		return -1;
	}
	return dir;
}
