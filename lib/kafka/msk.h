/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msk.h - the token that Amazon MSK takes for an IAM identity
 *
 * MSK's IAM listeners speak SASL OAUTHBEARER. Their token is a presigned URL: a GET of
 * kafka.REGION.amazonaws.com with the action kafka-cluster:Connect, signed with Signature Version
 * 4 in its query, an unsigned User-Agent behind that, and all of it in base64url without padding.
 * It is made here, without asking anybody, and is good for 15 minutes.
 *
 * Source: aws-msk-iam-sasl-signer-go.
 */
#ifndef MAIP_KAFKA_MSK_H
#define MAIP_KAFKA_MSK_H

#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"
#include "kafka/aws_sign.h"

#define MSK_TOKEN_LIFE_MS 900000

/* Append the token to to. now is in ms since 1970. -1 with err: a key or the region cannot be
 * one. */
int msk_token(struct buf *to, const struct aws_keys *keys, struct str region, int64_t now,
              struct err *err);

/* The region in the first name of "b-1.demo.x1.c2.kafka.eu-west-1.amazonaws.com:9098,..." that
 * has one, of serverless clusters and VPC endpoints too. Borrowed from brokers; empty: none. */
struct str msk_region(struct str brokers);

#endif
