#!/usr/bin/env bats
# maip-consume when one of two brokers is lost: the first leads partitions 0 and 2, the other 1 and
# 3.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load
load ../support/broker

setup() {
	cd "$BATS_TEST_TMPDIR"
	start_broker -n 2 t:4
}

teardown() {
	[[ -z ${reader-} ]] || kill -KILL "$reader" 2>/dev/null || true
	stop_broker
}

put() { # SECOND PARTITION...
	local p
	for p in "${@:2}"; do
		maip-produce -t t --partition-expr "$p" <<<"{\"timestamp\":\"2026-01-16T12:00:0$1Z\"}"
	done
}

await() { # PATTERN
	timeout 60 bash -c 'until grep -q "$0" out; do sleep 0.05; done' "$1"
}

@test "--idle-timeout: a partition whose broker is lost holds time back, others fall silent as before" {
	maip-consume -t t -o earliest --watermark 0s --idle-timeout 2s \
		-X reconnect.backoff.max.ms=500 >out 2>err 3>&- &
	reader=$!
	put 5 0 2
	await_lines out 3
	broker down 1
	put 1 1 3
	await '"ts":1768564800999}'
	# 1 and 3 fall silent, 0 and 2 do not
	await '"ts":1768564804999}'
	put 9 3
	await 12:00:09Z
	refute grep '"ts":1768564808999}' out
	refute grep '"_maip":"idle"' out
	broker up 1
	await '"_maip":"idle"'
	put 9 0
	await '"_maip":"active"'
	kill -TERM "$reader"
	wait "$reader"
	reader=
	assert_equal "$(<err)" ""
}

@test "--idle-timeout: when the other broker is lost, too, --broker-timeout ends the run" {
	maip-consume -t t -o earliest --watermark 0s --idle-timeout 2s \
		--broker-timeout 2s >out 2>err 3>&- &
	reader=$!
	put 1 0 1
	await_lines out 3
	broker down 1
	broker down 2
	local status=0
	timeout 60 tail -s 0.05 -f --pid="$reader" /dev/null
	wait "$reader" || status=$?
	reader=
	assert_equal "$status" 69
	assert_regex "$(<err)" "maip-consume: cannot reach Kafka at $MAIP_KAFKA_BROKERS: "
	refute grep '"_maip":"idle"' out
}

@test "--idle-timeout: a broker that is back falls silent, though its answers take long" {
	maip-consume -t t -o earliest --watermark 0s --idle-timeout 1s \
		-X reconnect.backoff.max.ms=500 >out 2>err 3>&- &
	reader=$!
	put 5 0 1 2 3
	await_lines out 5
	broker distance 500
	broker down 1
	put 6 1
	await 12:00:06Z
	broker up 1
	await '"_maip":"idle"'
	kill -TERM "$reader"
	wait "$reader"
	reader=
}
