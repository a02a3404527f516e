#!/usr/bin/env bats
# The matches that Apache Flink's own CEP operator gives for the same input (tests/golden/compare
# says how they are compared).
bats_require_minimum_version 1.5.0

@test "matches, their order, timeouts, late records and refusals are Flink's in every case of golden/cep.ndjson" {
	cases=$BATS_TEST_DIRNAME/../golden/cep.ndjson
	[ "$(wc -l <"$cases")" -ge 1000 ]
	"$BATS_TEST_DIRNAME/../golden/compare" "$cases"
}

# Patterns, events and matches of Flink's NFAITCase, CEPITCase and their neighbours, by the name of
# the test; its CEP operator gives the same.
@test "what Flink's own tests of its CEP library expect is found in every case of golden/cep-flink.ndjson" {
	cases=$BATS_TEST_DIRNAME/../golden/cep-flink.ndjson
	[ "$(wc -l <"$cases")" -ge 242 ]
	"$BATS_TEST_DIRNAME/../golden/compare" "$cases"
}

@test "the comparison notices a match too few, another order and a missing timeout" {
	cd "$BATS_TEST_TMPDIR"
	compare=$BATS_TEST_DIRNAME/../golden/compare
	case='"tool":"maip-cep","args":["--time","t","--time-format","ms","--begin","a","--times-or-more","2","--within","5ms"],"input":["{\"id\":0,\"t\":1}","{\"id\":1,\"t\":2}","{\"id\":2,\"t\":3}"],"late":[]'
	m1='{"match_start":1,"match_end":2,"by":1,"events":{"a":[0,1]}}' m2='{"match_start":1,"match_end":3,"by":2,"events":{"a":[0,1,2]}}'
	m3='{"match_start":2,"match_end":3,"by":2,"events":{"a":[1,2]}}'
	t='{"match_start":1,"at":6,"events":{"a":[0,1,2]}},{"match_start":2,"at":7,"events":{"a":[1,2]}},{"match_start":3,"at":8,"events":{"a":[2]}}'
	echo "{\"name\":\"right\",$case,\"matches\":[$m1,$m2,$m3],\"timeouts\":[$t]}" >right
	"$compare" right
	echo "{\"name\":\"missing\",$case,\"matches\":[$m1,$m2],\"timeouts\":[$t]}" >wrong
	run ! "$compare" wrong
	echo "{\"name\":\"order\",$case,\"matches\":[$m1,$m3,$m2],\"timeouts\":[$t]}" >wrong
	run ! "$compare" wrong
	echo "{\"name\":\"timeout\",$case,\"matches\":[$m1,$m2,$m3],\"timeouts\":[${t%,*\}\}}]}" >wrong
	run ! "$compare" wrong
}

@test "the rows of MATCH_RECOGNIZE, and its refusals, are Flink SQL's in every case of golden/match-recognize.ndjson" {
	cases=$BATS_TEST_DIRNAME/../golden/match-recognize.ndjson
	[ "$(wc -l <"$cases")" -ge 550 ]
	"$BATS_TEST_DIRNAME/../golden/compare" "$cases"
}
