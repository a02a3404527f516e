#!/usr/bin/env bats
# The main job from topic to topic, on a real broker: 100,000 events over 4 partitions.
load helper

setup() { need_kafka; }

setup_file() {
	[[ -n ${MAIP_TEST_KAFKA-} ]] || return 0
	cd "$BATS_FILE_TMPDIR"
	gen-orders --events 100000 --rate 10 --customers 40000 --bursts 20 --disorder 4s --seed 7 \
		>events
	kafka-admin "$MAIP_TEST_KAFKA" create-topics \
		maip.{order.created,order.cancelled,application.submitted,customer.registered} \
		maip.{product.viewed,analytics.aggregations,anomaly.detected}
	maip-produce -b "$MAIP_TEST_KAFKA" --topic-expr eventType --key payload.customerId <events
}

check() { # WHAT ROWS
	python3 "$BATS_TEST_DIRNAME/expected.py" "$1" "$BATS_FILE_TMPDIR/events" "$2"
}

aggregate() { # [CONSUME-OPTION]...
	maip-consume -t 'maip.order.*' -t maip.application.submitted --watermark 5s "$@" |
		maip-window --key payload.customerId --tumbling 5m --agg 'COUNT(*) AS events' --agg 'SUM(payload.totalAmount) AS total'
}

@test "events and totals by customer and window are those of an independent computation" {
	set -o pipefail
	aggregate -o earliest --exit-at-end |
		maip-produce -t maip.analytics.aggregations --key customerId
	read_all maip.analytics.aggregations >rows
	run -0 check aggregates rows
}

@test "anomalies are those of an independent computation" {
	set -o pipefail
	maip-consume -t maip.order.created --watermark 5s -o earliest --exit-at-end |
		maip-cep --key payload.customerId --begin first --where "eventType = 'maip.order.created'" --times-or-more 10 \
			--within 1m --name HIGH_ORDER_VOLUME |
		maip-produce -t maip.anomaly.detected
	read_all maip.anomaly.detected >matches
	run -0 check anomalies matches
}

@test "the same command over the same topics gives the same bytes" {
	aggregate -o earliest --exit-at-end | tail -n +2 >one # the first line names the run
	aggregate -o earliest --exit-at-end | tail -n +2 >two
	assert [ -s one ]
	cmp one two
}

@test "results carry the key of their customer" {
	read_all maip.analytics.aggregations --envelope >rows
	run -0 jq -rs '(map(select(.key != .value.customerId)) | length), (map(.partition) | unique | length)' rows
	assert_output $'0\n4'
}

@test "a window stage that is killed leaves no result that claims to be complete" {
	mkfifo in out
	topics maip.analytics.aggregations.killed
	maip-window --key payload.customerId --tumbling 5m <in >out 3>&- &
	window=$!
	maip-produce -t maip.analytics.aggregations.killed --key customerId \
		<out 2>produce.err 3>&- &
	produce=$!
	exec 4>in
	maip-consume -t 'maip.order.*' --watermark 5s -o earliest --exit-at-end -c 50000 | grep -v '"_maip":"end"' >&4
	kill -KILL "$window"
	exec 4>&-
	ends_with 137 "$window"
	ends_with 75 "$produce"
	assert_equal "$(<produce.err)" "maip-produce: the input ended without an end line: an upstream stage died"
}
