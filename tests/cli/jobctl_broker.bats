#!/usr/bin/env bats
# maip-jobctl broker: what it says, what it holds, and how it ends.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load
load ../support/broker

setup() {
	cd "$BATS_TEST_TMPDIR"
}

@test "a broker in memory has the topics it was given, takes others, and ends with 0 at a signal" {
	maip-jobctl broker -t one:1 -t four 3>&- >address 2>err &
	broker=$!
	await_lines address 1
	export MAIP_KAFKA_BROKERS=$(<address)
	run -0 maip-consume -L
	assert_output '{"topic":"four","partitions":4}
{"topic":"one","partitions":1}'
	echo '{"n":1}' | maip-produce -t new --create-topics=2
	run -0 maip-consume -t new -e
	assert_output '{"n":1}'
	kill -TERM "$broker"
	wait "$broker"
	run -0 cat err
	assert_line --index 0 "maip-jobctl broker: a broker in memory listens at $MAIP_KAFKA_BROKERS until it is interrupted"
	assert_line --index 1 --partial 'it is no place for real data'
}

@test "what cannot be a topic is refused, and so is an address that nobody gets to know" {
	run -64 --separate-stderr maip-jobctl broker -t one -t one:3
	assert_equal "$output$stderr" "maip-jobctl broker: 'one': the topic is there already"
	run -64 --separate-stderr maip-jobctl broker -t one:0
	assert_regex "$stderr" "^maip-jobctl broker: 'one:0': "
	run -64 --separate-stderr maip-jobctl broker one
	assert_equal "$output$stderr" 'maip-jobctl broker: broker takes no operands (topics are named with --topic)'
	run -74 --separate-stderr bash -c 'maip-jobctl broker >/dev/full'
	assert_regex "$stderr" 'maip-jobctl broker: cannot write to standard output$'
}
