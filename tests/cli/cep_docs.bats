#!/usr/bin/env bats
# The worked examples of Flink's documentation ("Event Processing (CEP)", "Pattern Recognition"),
# with the matches it gives for them. It lists them in no order: here they come in that of maip-cep.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

setup() {
	cd "$BATS_TEST_TMPDIR"
	A="kind = 'a'" B="kind = 'b'" C="kind = 'c'" D="kind = 'd'"
}

# EVENTS MATCHES OPTION...: one event a word, of the kind that is its first letter; of a match the
# events that it has taken.
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
	documented "$events" 'a b3 c' --begin a --where "$A" --followed-by-any b --where "$B" \
		--one-or-more --consecutive --next c --where "$C"
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
	# the documentation has the seven that begin with a later a, too: they come with
	# followedByAny, not with its followedBy
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
	# the documentation has 14, from the row of 12:00: but that is an hour before, and Flink's
	# windows are shorter than they say
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
	# the documentation has the first row only; without AFTER MATCH Flink looks on from the next
	# row, and finds the others
	assert_output '{"symbol":"ACME","startPrice":10,"topPrice":13,"lastPrice":11}
{"symbol":"ACME","startPrice":12,"topPrice":13,"lastPrice":11}
{"symbol":"ACME","startPrice":13,"topPrice":13,"lastPrice":11}'
}

# CLAUSE: what stands between ORDER BY rowtime and the end, over the rows in ticker; the table in
# the documentation shows conditions only, here with a last variable that takes the row of which
# they do not hold.
recognize() {
	printf 'MATCH_RECOGNIZE (\n    PARTITION BY symbol\n    ORDER BY rowtime\n%s\n)\n' "$1" >clause
	run --separate-stderr maip-cep --match-recognize clause ticker
}

@test "pattern recognition: a pattern variable, and all rows of the match" {
	prices 10 15 20 31 35 >ticker
	local define='DEFINE
		  A AS A.price >= 10,
		  B AS B.price > A.price AND SUM(price) < 100 AND SUM(B.price) < 80'

	recognize "MEASURES A.price AS a, B.price AS b, SUM(B.price) AS sumB, COUNT(B.price) AS n, C.price AS c, SUM(price) AS sum
		AFTER MATCH SKIP PAST LAST ROW PATTERN (A B+ C) $define"
	assert_output '{"symbol":"ACME","a":10,"b":31,"sumB":66,"n":3,"c":35,"sum":111}'
	recognize "MEASURES A.price AS a PATTERN (A B+) $define"
	assert_equal "$status" 64
}

@test "pattern recognition: logical offsets" {
	prices 10 15 20 31 35 >ticker
	recognize 'MEASURES A.price AS a, B.price AS b, LAST(B.price, 1) AS last1, LAST(B.price, 2) AS last2, FIRST(B.price, 1) AS first1
		AFTER MATCH SKIP PAST LAST ROW
		PATTERN (A B+ C)
		DEFINE
		  A AS A.price >= 10,
		  B AS (LAST(B.price, 1) IS NULL OR B.price > LAST(B.price, 1)) AND
		       (LAST(B.price, 2) IS NULL OR B.price > 2 * LAST(B.price, 2))'
	assert_output '{"symbol":"ACME","a":10,"b":31,"last1":20,"last2":15,"first1":20}'
}

@test "pattern recognition: a logical offset into all rows of the match" {
	offset() { # PRICE...
		prices "$@" >ticker
		recognize 'MEASURES A.price AS a, B.price AS b, C.price AS c, LAST(price, 1) AS before
			AFTER MATCH SKIP PAST LAST ROW
			PATTERN (A B? C)
			DEFINE
			  B AS B.price < 20,
			  C AS LAST(price, 1) < C.price'
	}
	offset 10 20
	assert_output '{"symbol":"ACME","a":10,"b":null,"c":20,"before":10}'
	# the documentation has 15 as B and 20 as C; but 15 is a C too, and that match is complete a
	# row earlier
	offset 10 15 20
	assert_output '{"symbol":"ACME","a":10,"b":null,"c":15,"before":10}'
	offset 10 8 20
	assert_output '{"symbol":"ACME","a":10,"b":8,"c":20,"before":8}'
}

@test "pattern recognition: functions over expressions of one variable, and of one alone" {
	printf '{"symbol":"ACME","rowtime":%d,"price":%d,"tax":%d}\n' 1 10 1 2 11 2 3 12 3 4 30 1 >ticker
	recognize 'MEASURES SUM(A.price * A.tax) AS sum, LAST(A.price * A.tax) AS last, LAST(A.price * A.tax, 1) AS last1
		AFTER MATCH SKIP PAST LAST ROW PATTERN (A{3} B) DEFINE A AS A.price * 2 < 40'
	assert_output '{"symbol":"ACME","sum":68,"last":36,"last1":22}'
	for function in 'AVG(A.price * B.tax)' 'LAST(A.price * B.tax)' 'COUNT(DISTINCT A.price)'; do
		recognize "MEASURES $function AS x PATTERN (A B) DEFINE A AS A.price > 1"
		assert_equal "$status" 64
	done
}

@test "pattern recognition: a loop that takes every row never ends, and how to end it" {
	prices 11 12 21 22 30 >ticker
	loop() { # QUANTIFIER DEFINITION
		recognize "MEASURES A.price AS a, C.price AS c AFTER MATCH SKIP PAST LAST ROW
			PATTERN (A B$1 C) DEFINE A AS A.price > 10, $2 C AS C.price > 20"
		assert_equal "$status" 0
	}
	loop '+' ''
	assert_output ''
	loop '+' 'B AS B.price <= 20,'
	assert_output '{"symbol":"ACME","a":11,"c":21}'
	loop '+?' ''
	assert_output '{"symbol":"ACME","a":11,"c":21}'
}

@test "pattern recognition: a strategy whose variable has no row fails, as does one to the first row" {
	prices 11 21 >ticker
	recognize 'MEASURES C.price AS c AFTER MATCH SKIP TO LAST A PATTERN (B A* C) DEFINE A AS A.price < 0, C AS C.price > 20'
	assert_equal "$status" 65
}

@test "pattern recognition: what the documentation calls unsupported is refused" {
	prices 11 12 >ticker
	for pattern in 'A (B C)+' '(A B | C D) E' 'PERMUTE (A, B)' '^ A B' 'A B $' '{- A -} B' 'A??' 'A{0,1}? B' 'A*' 'A? B*' 'A{0,} B{0,} C*'; do
		recognize "MEASURES A.price AS a PATTERN ($pattern) DEFINE A AS A.price > 10"
		assert_equal "$status" 64
	done
	for clause in 'MEASURES A.price AS a ALL ROWS PER MATCH PATTERN (A B)' \
		'MEASURES CLASSIFIER() AS a PATTERN (A B)'; do
		recognize "$clause DEFINE A AS A.price > 10"
		assert_equal "$status" 64
	done
	for condition in 'B.price > PREV(B.price)' 'B.price > NEXT(B.price)' 'COUNT(DISTINCT B.price) > 1'; do
		recognize "MEASURES A.price AS a PATTERN (A B) DEFINE B AS $condition"
		assert_equal "$status" 64
	done
}

# ---- detecting patterns, and time

@test "getting started: an id, then a subtype with a volume, then a name" {
	cat >events <<-END
		{"t":1,"id":42,"name":"begin"}
		{"t":2,"id":7,"name":"trade","volume":10.0}
		{"t":3,"id":8,"name":"news"}
		{"t":4,"id":9,"name":"end"}
		{"t":5,"id":42,"name":"begin"}
		{"t":6,"id":7,"name":"trade","volume":9.9}
		{"t":7,"id":9,"name":"end"}
		{"t":8,"id":42,"name":"begin"}
		{"t":9,"id":7,"name":"trade"}
		{"t":10,"id":9,"name":"end"}
	END
	run -0 maip-cep --time t --begin start --where 'id = 42' --next middle --where 'volume IS NOT NULL' --where 'volume >= 10.0' \
		--followed-by end --where "name = 'end'" --time-style ms --emit summary events
	assert_output '{"match_start":1000,"match_end":4000,"events":{"start":1,"middle":1,"end":1}}'
}

@test "conditions: the sum of what the loop has taken stays below 5" {
	printf '{"t":%d,"name":"%s","price":%s}\n' 1 start 1 2 foo1 1.5 3 bar 0.1 4 foo2 3 5 foo3 0.5 6 foo4 0.1 >events
	run -0 maip-cep --time t --begin start --where "name = 'start'" --followed-by middle --one-or-more \
		--where "name LIKE 'foo%' AND price + COALESCE(SUM(middle.price), 0) < 5.0" --select 'COUNT(middle) AS n, SUM(middle.price) AS sum' \
		--time-style ms events
	assert_output '{"match_start":1000,"match_end":2000,"n":1,"sum":1.5}
{"match_start":1000,"match_end":4000,"n":2,"sum":4.5}
{"match_start":1000,"match_end":6000,"n":3,"sum":4.6}'
}

# The example of the last chapter: an error right after any event, then something critical, within
# ten seconds, by id.
errors() { # OPTION...
	maip-cep --time t --key id --begin start --next middle --where "name = 'error'" --followed-by end --where "name = 'critical'" \
		--within 10s --time-style ms --emit summary "$@"
}

@test "the example: start, an error, then something critical within ten seconds, of one id" {
	printf '{"t":%d,"id":%d,"name":"%s"}\n' 1 1 login 1 2 login 2 1 error 3 2 error 4 2 logout 5 1 login 10 1 critical \
		11 2 critical 12 2 critical >events
	run -0 errors events
	# of id 2, ten seconds have passed at 11
	assert_output '{"id":1,"match_start":1000,"match_end":10000,"events":{"start":1,"middle":1,"end":1}}'
}

@test "timed out partial patterns go to an output of their own, with the time at which they ran out" {
	printf '{"t":%d,"id":1,"name":"%s"}\n' 1 login 2 error 3 logout 12 login 13 error 14 critical 40 logout >events
	run -0 errors --timeouts timeouts events
	assert_output '{"id":1,"match_start":12000,"match_end":14000,"events":{"start":1,"middle":1,"end":1}}'
	# each event begins a partial match; those whose second event is no error died of that, not
	# of time
	assert_equal "$(cat timeouts)" '{"id":1,"match_start":1000,"timeout":11000,"events":{"start":1,"middle":1}}
{"id":1,"match_start":14000,"timeout":24000,"events":{"start":1}}
{"id":1,"match_start":40000,"timeout":50000,"events":{"start":1}}'
}

@test "lateness: events between watermarks are put in order, those behind one are late and kept apart" {
	printf '{"t":%d,"id":1,"name":"%s"}\n' 1 login 5 critical 3 error 9 logout 2 error 20 logout >events
	run -0 --separate-stderr errors --watermark 4s --late late events
	assert_output '{"id":1,"match_start":1000,"match_end":5000,"events":{"start":1,"middle":1,"end":1}}'
	assert_equal "$stderr" ''
	assert_equal "$(cat late)" '{"t":2,"id":1,"name":"error"}'
	# the watermark is correct by assumption: with none too small a bound, the error at 3 is
	# late as well
	run -0 --separate-stderr errors --watermark 0s --late late0 events
	assert_output ''
	assert_equal "$(cat late0)" '{"t":3,"id":1,"name":"error"}
{"t":2,"id":1,"name":"error"}'
}

@test "events of equal time go by the comparator, else as they come" {
	printf '{"t":1,"id":1,"name":"%s","rank":%d}\n' critical 3 error 2 login 1 >events
	run -0 errors events
	assert_output ''
	run -0 errors --order-by rank events
	assert_output '{"id":1,"match_start":1000,"match_end":1000,"events":{"start":1,"middle":1,"end":1}}'
}

@test "quantifiers: each form of the documentation is a pattern" {
	for quantifier in '--times 4' '--times 0,4' '--times 2,4' '--times 2,4 --greedy' '--times 2,4 --optional' '--times 2,4 --optional --greedy' \
		'--times 4 --optional' '--one-or-more' '--one-or-more --greedy' '--one-or-more --optional' '--one-or-more --optional --greedy' \
		'--times-or-more 2' '--times-or-more 2 --greedy' '--times-or-more 2 --optional' '--times-or-more 2 --optional --greedy' \
		'--times 2:5s' '--times 2,4:5s' '--times-or-more 2:5s' '--one-or-more=5s'; do
		run -0 maip-cep --begin before --followed-by start $quantifier --followed-by after \
			--explain
	done
}
