/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c - JSON that holds secrets */
#define _DEFAULT_SOURCE                 /* explicit_bzero */
#include "kafka/secret.h"

#include <string.h>

void
secret_json_delete(cJSON *object)
{
	for (cJSON *item = object != NULL ? object->child : NULL; item != NULL; item = item->next)
		if (cJSON_IsString(item))
			explicit_bzero(item->valuestring, strlen(item->valuestring));
	cJSON_Delete(object);
}
