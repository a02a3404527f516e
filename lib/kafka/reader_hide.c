/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_hide.c - topics that are not to be seen
 *
 * librdkafka takes a topic on topic.blacklist for one that is not there, but still tells of it who
 * asks: whoever would read it then waits for ever. So what the property hides is hidden from those
 * who ask, too.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kafka/login.h"
#include "kafka/reader_parts.h"

#define PROPERTY "topic.blacklist"

/* As librdkafka does it: an empty expression between two commas hides all. It has compiled each
 * (kafka_conf_finish), with the same regcomp(3). */
void
reader_hide(struct kafka_reader *k)
{
	const char *list = kafka_conf_get(k->conf.kafka, PROPERTY);
	size_t cap = 0;

	while (list != NULL && *list != '\0') {
		const size_t n = strcspn(list, ",");
		char *pattern = mem_dup((struct str){ list, n });

		k->hidden = mem_more(k->hidden, k->n_hidden, &cap, sizeof(*k->hidden));
		if (regcomp(&k->hidden[k->n_hidden], pattern, REG_EXTENDED | REG_NOSUB) == 0)
			k->n_hidden++;
		free(pattern);
		list += n + (list[n] == ',');
	}
}

bool
reader_hides(const struct kafka_reader *k, struct str topic)
{
	for (size_t i = 0; i < k->n_hidden; i++)
		if (regexec(&k->hidden[i], topic.p, 0, NULL, 0) == 0)
			return true;
	return false;
}

int
reader_fail_hidden(const struct kafka_reader *k, struct str topic, struct err *err)
{
	char q[QUOTE_MAX];

	return fail_as(err, STATUS_NOINPUT, "topic %s is hidden (%s: " PROPERTY "=%s)",
	               quote(q, topic), kafka_conf_from(k->conf.kafka, PROPERTY),
	               kafka_conf_get(k->conf.kafka, PROPERTY));
}

void
reader_hide_internal(const struct kafka_reader *k, rd_kafka_conf_t *conf)
{
	const char *given = kafka_conf_get(k->conf.kafka, PROPERTY);
	struct buf list;

	buf_init(&list, BUF_NO_MAX);
	buf_addf(&list, "^__,%s", given != NULL ? given : "");
	buf_add_char(&list, '\0');
	handle_set(conf, PROPERTY, list.p);
	buf_release(&list);
}

void
reader_hide_release(struct kafka_reader *k)
{
	for (size_t i = 0; i < k->n_hidden; i++)
		regfree(&k->hidden[i]);
	free(k->hidden);
}
