/* SPDX-License-Identifier: Apache-2.0 */
/* id.c - a name that nothing else has */
#include "base/id.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int
id_random(char to[ID_SIZE], struct err *err)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char     bytes[(ID_SIZE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return fail_as(err, STATUS_BUG, "no random numbers: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		to[2 * i] = hex[bytes[i] >> 4];
		to[2 * i + 1] = hex[bytes[i] & 15];
	}
	to[ID_SIZE - 1] = '\0';
	return 0;
}
