/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha1.c - OpenSSL's, which has the instructions of the processor
 *
 * The algorithm is fetched once: OpenSSL 3 spends more on looking it up than on a short digest.
 */
#include "base/sha1.h"

#include <assert.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/mem.h"

struct sha1 {
	EVP_MD     *algorithm;
	EVP_MD_CTX *ctx;
};

struct sha1 *
sha1_new(void)
{
	struct sha1 *s = mem_alloc(sizeof(*s));

	s->algorithm = EVP_MD_fetch(NULL, "SHA1", NULL);
	s->ctx = EVP_MD_CTX_new();
	assert(s->algorithm != NULL && s->ctx != NULL);
	return s;
}

void
sha1_free(struct sha1 *s)
{
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->ctx);
	EVP_MD_free(s->algorithm);
	free(s);
}

void
sha1_of(struct sha1 *s, const struct str *parts, size_t n, unsigned char digest[SHA1_SIZE])
{
	EVP_DigestInit_ex2(s->ctx, s->algorithm, NULL);
	for (size_t i = 0; i < n; i++)
		EVP_DigestUpdate(s->ctx, parts[i].p, parts[i].n);
	EVP_DigestFinal_ex(s->ctx, digest, NULL);
}

void
uuid_of_sha1(char to[UUID_TEXT], const unsigned char digest[SHA1_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char     id[16];
	char             *at = to;

	memcpy(id, digest, sizeof(id));
	id[6] = (unsigned char)((id[6] & 0x0f) | 0x50);         /* version 5 */
	id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);         /* the variant of the RFC */
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[id[i] >> 4];
		*at++ = hex[id[i] & 15];
	}
	*at = '\0';
}
