/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret.h - JSON that holds secrets
 *
 * cJSON frees its texts as they are, so answers with keys and tokens go this way. For other memory:
 * mem_wipe(), buf_wipe().
 */
#ifndef MAIP_KAFKA_SECRET_H
#define MAIP_KAFKA_SECRET_H

#include <cjson/cJSON.h>

/* Overwrite the texts that are members of this object, and delete it; NULL is fine. */
void secret_json_delete(cJSON *object);

#endif
