/* SPDX-License-Identifier: Apache-2.0 */
/* mock_faults.c - the embedded broker as brokers are on a bad day */
#include "mock_faults.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

void
mock_set_down(struct mock *m, int broker, bool down)
{
	if (down)
		rd_kafka_mock_broker_set_down(mock_cluster(m), broker);
	else
		rd_kafka_mock_broker_set_up(mock_cluster(m), broker);
}

void
mock_set_distance(struct mock *m, int ms)
{
	int broker = 1;

	for (const char *p = mock_brokers(m); p != NULL; p = strchr(p + 1, ','))
		rd_kafka_mock_broker_set_rtt(mock_cluster(m), broker++, ms);
}

void
mock_fail(struct mock *m, int kind, int code, size_t n, int ms)
{
	while (n-- > 0)
		rd_kafka_mock_broker_push_request_error_rtts(
			mock_cluster(m), 1, (int16_t)kind, 1, (rd_kafka_resp_err_t)code, ms);
}
