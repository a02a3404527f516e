#!/usr/bin/env bats
# The worked examples of Flink's documentation ("Event Processing (CEP)", "Pattern Recognition"), with the matches it gives for them.
# It lists them in no order: here they come in that of maip-cep.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

setup() {
	cd "$BATS_TEST_TMPDIR"
	A="kind = 'a'" B="kind = 'b'" C="kind = 'c'" D="kind = 'd'"
}

# EVENTS MATCHES OPTION...: one event a word, of the kind that is its first letter; of a match the events that it has taken.
documented() {
	local events=$1 expected=$2 event t=0
	shift 2
	for event in $events; do
		printf '{"t":%d,"name":"%s","kind":"%s"}\n' $((++t)) "$event" "${event:0:1}"
	done >events
	maip-cep --time t "$@" events >matches
	run awk -F '"name":"' '{ for (i = 2; i <= NF; i++) printf "%s%s", substr($i, 1, index($i, "\"") - 1), i < NF ? " " : "\n" }' matches
	assert_output "$expected"
}

@test "combining patterns: strict contiguity finds nothing in a c b1 b2" {
	documented 'a c b1 b2' '' --begin a --where "$A" --next b --where "$B"
}

@test "combining patterns: relaxed contiguity takes the first b" {
	documented 'a c b1 b2' 'a b1' --begin a --where "$A" --followed-by b --where "$B"
}

@test "combining patterns: non-deterministic relaxed contiguity takes each b" {
	documented 'a c b1 b2' 'a b1
a b2' --begin a --where "$A" --followed-by-any b --where "$B"
}

@test "contiguity within looping patterns: 'a b+ c' strict, relaxed, and with combinations" {
	local events='a b1 d1 b2 d2 b3 c'

	# each other event ends the pattern, too, where c follows directly
	documented "$events" 'a b3 c' --begin a --where "$A" --followed-by-any b --where "$B" --one-or-more --consecutive --next c --where "$C"
	documented "$events" 'a b1 c
a b2 c
a b3 c' --begin a --where "$A" --followed-by-any b --where "$B" --one-or-more --consecutive --followed-by c --where "$C"
	documented "$events" 'a b1 c
a b2 c
a b3 c
a b1 b2 c
a b2 b3 c
a b1 b2 b3 c' --begin a --where "$A" --followed-by-any b --where "$B" --one-or-more --followed-by c --where "$C"
	documented "$events" 'a b1 c
a b2 c
a b3 c
a b1 b2 c
a b1 b3 c
a b2 b3 c
a b1 b2 b3 c' --begin a --where "$A" --followed-by-any b --where "$B" --one-or-more --allow-combinations \
		--followed-by c --where "$C"
}

@test "consecutive(): the loop ends at the first event between, where it otherwise goes on" {
	local events='c d a1 a2 a3 d a4 b'

	documented "$events" 'c a1 b
c a1 a2 b
c a1 a2 a3 b' --begin start --where "$C" --followed-by middle --where "$A" --one-or-more --consecutive --followed-by end1 --where "$B"
	documented "$events" 'c a1 b
c a1 a2 b
c a1 a2 a3 b
c a1 a2 a3 a4 b' --begin start --where "$C" --followed-by middle --where "$A" --one-or-more --followed-by end1 --where "$B"
}

@test "allowCombinations(): the loop may leave events out" {
	# the documentation has the seven that begin with a later a, too: they come with followedByAny, not with its followedBy
	documented 'c d a1 a2 a3 d a4 b' 'c a1 b
c a2 b
c a3 b
c a4 b
c a1 a2 b
c a1 a3 b
c a1 a4 b
c a2 a3 b
c a2 a4 b
c a3 a4 b
c a1 a2 a3 b
c a1 a2 a4 b
c a1 a3 a4 b
c a2 a3 a4 b
c a1 a2 a3 a4 b' --begin start --where "$C" --followed-by-any middle --where "$A" --one-or-more --allow-combinations \
		--followed-by end1 --where "$B"
	documented 'c d a1 a2 a3 d a4 b' 'c a1 b
c a1 a2 b
c a1 a3 b
c a1 a4 b
c a1 a2 a3 b
c a1 a2 a4 b
c a1 a3 a4 b
c a1 a2 a3 a4 b' --begin start --where "$C" --followed-by middle --where "$A" --one-or-more --allow-combinations \
		--followed-by end1 --where "$B"
}

@test "until(): '(a+ until b)' has no match over the b" {
	documented 'a1 c a2 b a3' 'a1
a1 a2
a2
a3' --begin a --where "$A" --one-or-more --until "$B"
}

@test "after match skip strategy: 'b+ c'" {
	local events='b1 b2 b3 c' pattern=(--begin b --where "$B" --one-or-more --consecutive --next c --where "$C")

	documented "$events" 'b1 b2 b3 c
b2 b3 c
b3 c' "${pattern[@]}" --after-match no-skip
	documented "$events" 'b1 b2 b3 c
b2 b3 c
b3 c' "${pattern[@]}" --after-match skip-to-next
	documented "$events" 'b1 b2 b3 c' "${pattern[@]}" --after-match skip-past-last-event
	documented "$events" 'b1 b2 b3 c
b2 b3 c
b3 c' "${pattern[@]}" --after-match skip-to-first=b
	documented "$events" 'b1 b2 b3 c
b3 c' "${pattern[@]}" --after-match skip-to-last=b
}

@test "after match skip strategy: no-skip and skip-to-first differ for '(a | b | c) (b | c) c+.greedy d'" {
	local events='a b c1 c2 c3 d'
	local pattern=(--begin one --where "kind IN ('a', 'b', 'c')" --next two --where "kind IN ('b', 'c')"
		--followed-by c --where "$C" --one-or-more --greedy --followed-by d --where "$D")

	documented "$events" 'a b c1 c2 c3 d
b c1 c2 c3 d
c1 c2 c3 d' "${pattern[@]}" --after-match no-skip
	documented "$events" 'a b c1 c2 c3 d
c1 c2 c3 d' "${pattern[@]}" --after-match skip-to-first=c
}

@test "after match skip strategy: no-skip and skip-to-next differ for 'a b+'" {
	local events='a b1 b2 b3' pattern=(--begin a --where "$A" --followed-by b --where "$B" --one-or-more)

	documented "$events" 'a b1
a b1 b2
a b1 b2 b3' "${pattern[@]}" --after-match no-skip
	documented "$events" 'a b1' "${pattern[@]}" --after-match skip-to-next
}

# ---- MATCH_RECOGNIZE

prices() { # PRICE...: of one symbol, a second apart
	local price t=0
	for price; do
		printf '{"symbol":"ACME","rowtime":%d,"price":%s}\n' $((++t)) "$price"
	done
}

@test "pattern recognition: a falling price, then a rise" {
	prices 12 17 19 21 25 18 15 14 24 25 19 >ticker
	cat >clause <<-END
		MATCH_RECOGNIZE (
		    PARTITION BY symbol
		    ORDER BY rowtime
		    MEASURES
		        START_ROW.rowtime AS start_tstamp,
		        LAST(PRICE_DOWN.rowtime) AS bottom_tstamp,
		        LAST(PRICE_UP.rowtime) AS end_tstamp
		    ONE ROW PER MATCH
		    AFTER MATCH SKIP TO LAST PRICE_UP
		    PATTERN (START_ROW PRICE_DOWN+ PRICE_UP)
		    DEFINE
		        PRICE_DOWN AS
		            (LAST(PRICE_DOWN.price, 1) IS NULL AND PRICE_DOWN.price < START_ROW.price) OR
		                PRICE_DOWN.price < LAST(PRICE_DOWN.price, 1),
		        PRICE_UP AS
		            PRICE_UP.price > LAST(PRICE_DOWN.price, 1)
		)
	END
	run -0 maip-cep --match-recognize clause ticker
	assert_output '{"symbol":"ACME","start_tstamp":5,"bottom_tstamp":8,"end_tstamp":9}'
}

@test "pattern recognition: the longest runs whose average price stays below 15" {
	prices 12 17 13 16 25 2 4 10 15 25 25 30 >ticker
	cat >clause <<-END
		MATCH_RECOGNIZE (
		    PARTITION BY symbol
		    ORDER BY rowtime
		    MEASURES FIRST(A.rowtime) AS start_tstamp, LAST(A.rowtime) AS end_tstamp, AVG(A.price) AS avgPrice
		    ONE ROW PER MATCH
		    AFTER MATCH SKIP PAST LAST ROW
		    PATTERN (A+ B)
		    DEFINE A AS AVG(A.price) < 15
		)
	END
	run -0 maip-cep --match-recognize clause ticker
	assert_output '{"symbol":"ACME","start_tstamp":1,"end_tstamp":4,"avgPrice":14.5}
{"symbol":"ACME","start_tstamp":6,"end_tstamp":11,"avgPrice":13.5}'
}

@test "pattern recognition: greedy and reluctant quantifiers" {
	greedy() { # QUANTIFIER
		prices 10 11 12 13 14 16 >ticker
		cat >clause <<-END
			MATCH_RECOGNIZE (
			    PARTITION BY symbol
			    ORDER BY rowtime
			    MEASURES C.price AS lastPrice
			    ONE ROW PER MATCH
			    AFTER MATCH SKIP PAST LAST ROW
			    PATTERN (A B$1 C)
			    DEFINE A AS A.price > 10, B AS B.price < 15, C AS C.price > 12
			)
		END
		run -0 maip-cep --match-recognize clause ticker
	}
	greedy '*'
	assert_output '{"symbol":"ACME","lastPrice":16}'
	greedy '*?'
	assert_output '{"symbol":"ACME","lastPrice":13}
{"symbol":"ACME","lastPrice":16}'
}

@test "pattern recognition: the after match strategies" {
	after_match() { # STRATEGY
		prices 7 9 10 5 10 7 14 >ticker
		cat >clause <<-END
			MATCH_RECOGNIZE (
			    PARTITION BY symbol
			    ORDER BY rowtime
			    MEASURES SUM(A.price) AS sumPrice, FIRST(rowtime) AS startTime, LAST(rowtime) AS endTime
			    ONE ROW PER MATCH
			    AFTER MATCH $1
			    PATTERN (A+ C)
			    DEFINE A AS SUM(A.price) < 30
			)
		END
		run --separate-stderr maip-cep --match-recognize clause ticker
	}
	after_match 'SKIP PAST LAST ROW'
	assert_output '{"symbol":"ACME","sumPrice":26,"startTime":1,"endTime":4}
{"symbol":"ACME","sumPrice":17,"startTime":5,"endTime":7}'
	after_match 'SKIP TO NEXT ROW'
	assert_output '{"symbol":"ACME","sumPrice":26,"startTime":1,"endTime":4}
{"symbol":"ACME","sumPrice":24,"startTime":2,"endTime":5}
{"symbol":"ACME","sumPrice":25,"startTime":3,"endTime":6}
{"symbol":"ACME","sumPrice":22,"startTime":4,"endTime":7}
{"symbol":"ACME","sumPrice":17,"startTime":5,"endTime":7}'
	after_match 'SKIP TO LAST A'
	assert_output '{"symbol":"ACME","sumPrice":26,"startTime":1,"endTime":4}
{"symbol":"ACME","sumPrice":25,"startTime":3,"endTime":6}
{"symbol":"ACME","sumPrice":17,"startTime":5,"endTime":7}'
	after_match 'SKIP TO FIRST A'
	assert_equal "$status" 65
	assert_output ''
}

@test "pattern recognition: a price that drops by more than 10 within an hour" {
	local price t=0

	for price in 20 17 18 11 14 9 15 14 24 1 19; do
		printf '{"symbol":"ACME","rowtime":%d,"price":%d}\n' $((t += 1200)) "$price"
	done >ticker
	cat >clause <<-END
		MATCH_RECOGNIZE (
		    PARTITION BY symbol
		    ORDER BY rowtime
		    MEASURES C.rowtime AS dropTime, A.price - C.price AS dropDiff
		    ONE ROW PER MATCH
		    AFTER MATCH SKIP PAST LAST ROW
		    PATTERN (A B* C) WITHIN INTERVAL '1' HOUR
		    DEFINE B AS B.price > A.price - 10, C AS C.price < A.price - 10
		)
	END
	run -0 maip-cep --time-format s --match-recognize clause ticker
	# the documentation has 14, from the row of 12:00: but that is an hour before, and Flink's windows are shorter than they say
	assert_output '{"symbol":"ACME","dropTime":12000,"dropDiff":13}'
}

@test "pattern recognition: the output mode" {
	prices 10 12 13 11 >ticker
	cat >clause <<-END
		MATCH_RECOGNIZE (
		    PARTITION BY symbol
		    ORDER BY rowtime
		    MEASURES FIRST(A.price) AS startPrice, LAST(A.price) AS topPrice, B.price AS lastPrice
		    ONE ROW PER MATCH
		    PATTERN (A+ B)
		    DEFINE A AS LAST(A.price, 1) IS NULL OR A.price > LAST(A.price, 1), B AS B.price < LAST(A.price)
		)
	END
	run -0 maip-cep --match-recognize clause ticker
	# the documentation has the first row only; without AFTER MATCH Flink looks on from the next row, and finds the others
	assert_output '{"symbol":"ACME","startPrice":10,"topPrice":13,"lastPrice":11}
{"symbol":"ACME","startPrice":12,"topPrice":13,"lastPrice":11}
{"symbol":"ACME","startPrice":13,"topPrice":13,"lastPrice":11}'
}
