#!/usr/bin/env bats
# A stage that dies is noticed by its neighbours, also while nothing flows.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load
load ../support/broker

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	export MAIP_RUN_DIR=$BATS_TEST_TMPDIR/run
	start_broker t:4 out:1
	seq -f '{"timestamp":"2026-01-16T12:00:0%gZ","k":1}' 0 4 | maip-produce -t t
}

teardown() { stop_broker; }

# A pipeline over a quiet topic: wait until its last stage has registered, then kill the one called
# $1. What each ended with is in statuses.
kill_one() { # TOOL
	MAIP_JOB_NAME=idle bash -c 'maip-consume -t t -o earliest --watermark 1h | maip-window --key k --tumbling 5m |
		maip-produce -t out; echo "${PIPESTATUS[@]}" >statuses' &
	job=$!
	for _ in {1..500}; do
		[[ $(maip-jobctl list -r | jq .stages) == 3 ]] && break
		sleep 0.02
	done
	kill -9 "$(maip-jobctl show idle | jq "select(.stage==\"$1\").pid")"
	wait "$job"
}

@test "the last stage dies on a quiet topic: all end, and none with 0" {
	kill_one maip-produce
	assert_equal "$(<statuses)" '75 75 137'
}

@test "the middle stage dies on a quiet topic: all end, and none with 0" {
	kill_one maip-window
	assert_equal "$(<statuses)" '75 137 75'
}

@test "the source dies: nothing that was open is reported" {
	kill_one maip-consume
	assert_equal "$(<statuses)" '137 75 75'
	run -0 maip-consume -t out -o earliest -e
	assert_output ''
}

@test "a bounded read that a signal interrupts is not complete" {
	maip-consume -t t -o earliest -e --rate 1/s >read &
	job=$!
	for _ in {1..500}; do [[ -s read ]] && break; sleep 0.02; done
	kill "$job"
	status=0
	wait "$job" || status=$?
	assert_equal "$status" 75
}
