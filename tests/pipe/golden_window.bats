#!/usr/bin/env bats
# The rows that Apache Flink's own window operator gives for the same input (tests/golden/compare
# says how they are compared).
bats_require_minimum_version 1.5.0

@test "the rows, their order and the late records are Flink's in every case of golden/window.ndjson" {
	cases=$BATS_TEST_DIRNAME/../golden/window.ndjson
	[ "$(wc -l <"$cases")" -ge 500 ]
	"$BATS_TEST_DIRNAME/../golden/compare" "$cases"
}

@test "the comparison notices a wrong number, a missing row and another order" {
	cd "$BATS_TEST_TMPDIR"
	compare=$BATS_TEST_DIRNAME/../golden/compare
	case='"tool":"maip-window","args":["--key","k","--time","t","--tumbling","5ms","--time-format","ms","--time-style","ms"],"input":["{\"id\":0,\"t\":1,\"k\":\"x\"}","{\"id\":1,\"t\":2,\"k\":\"y\"}"],"late":[]'
	x='{"k":"x","window_start":0,"window_end":5,"count":1}' y='{"k":"y","window_start":0,"window_end":5,"count":1}'
	echo "{\"name\":\"right\",$case,\"rows\":[$x,$y]}" >right
	"$compare" right
	echo "{\"name\":\"order\",$case,\"rows\":[$y,$x]}" >wrong
	run ! "$compare" wrong
	echo "{\"name\":\"missing\",$case,\"rows\":[$x]}" >wrong
	run ! "$compare" wrong
	echo "{\"name\":\"number\",$case,\"rows\":[$x,${y/1\}/2\}}]}" >wrong
	run ! "$compare" wrong
	[[ $output == *'-{count: 2, k: "y"'* && $output == *'+{count: 1, k: "y"'* ]]
}
