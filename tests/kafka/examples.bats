#!/usr/bin/env bats
# The examples of maip-consume(1) and maip-produce(1) that need a real broker do what they show.
# (That of maip-window(1) has no end.)
load helper

setup() { need_kafka; }

@test "maip-consume(1)" {
	run "$BATS_TEST_DIRNAME/../examples" "needs kafka" "$BATS_TEST_DIRNAME/../../man/maip-consume.1"
	assert_success
	assert_line 1..1
}

@test "maip-produce(1)" {
	run "$BATS_TEST_DIRNAME/../examples" "needs kafka" "$BATS_TEST_DIRNAME/../../man/maip-produce.1"
	assert_success
	assert_line 1..7
}
