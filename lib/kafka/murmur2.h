/* SPDX-License-Identifier: Apache-2.0 */
/*
 * murmur2.h - the partition of a key
 *
 * As the Java client and maip-produce place records: MurmurHash2 (Austin Appleby, public domain)
 * with the seed of org.apache.kafka.common.utils.Utils.murmur2.
 */
#ifndef MAIP_KAFKA_MURMUR2_H
#define MAIP_KAFKA_MURMUR2_H

#include <stdint.h>

#include "base/str.h"

uint32_t murmur2(struct str key);

/* n > 0 partitions. */
int32_t murmur2_partition(struct str key, int n);

#endif
