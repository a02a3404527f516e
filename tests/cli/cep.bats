#!/usr/bin/env bats
# maip-cep: what it prints, what it refuses, and what it says then.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

setup() {
	cd "$BATS_TEST_TMPDIR"
	printf '{"t":%d,"k":"%s","e":"%s"}\n' 1 x a 2 x b 3 y a 4 x a 5 y b >log
}

cep() { maip-cep --time t --key k "$@"; }

refused() { # MESSAGE OPTION...
	local message=$1
	shift
	run -64 --separate-stderr maip-cep "$@" </dev/null
	assert_output ''
	assert_equal "$stderr" "maip-cep: $message"
}

@test "a match has its name, its key, its times and the lines as they came" {
	run -0 cep --name AB --begin one --where "e = 'a'" --next two --where "e = 'b'" log
	assert_line --index 0 '{"anomalyType":"AB","k":"x","match_start":"1970-01-01T00:00:01.000Z","match_end":"1970-01-01T00:00:02.000Z","matches":{"one":[{"t":1,"k":"x","e":"a"}],"two":[{"t":2,"k":"x","e":"b"}]}}'
	assert_line --index 1 --partial '"k":"y"'
	assert_equal ${#lines[@]} 2
}

@test "spaces, escapes, member order and digits of a line survive" {
	line='{ "k" : "\u0078", "n":1.50e0,"t": 1.0, "e":"caf\u00e9\/" }'
	run -0 cep --begin one <<<"$line"
	assert_output \
		"{\"k\":\"\\u0078\",\"match_start\":\"1970-01-01T00:00:01.000Z\",\"match_end\":\"1970-01-01T00:00:01.000Z\",\"matches\":{\"one\":[$line]}}"
}

@test "a summary counts events, a count counts matches" {
	run -0 cep --emit summary --time-style ms --begin one --one-or-more --within 10s log
	assert_line --index 1 '{"k":"x","match_start":1000,"match_end":2000,"events":{"one":2}}'
	run -0 cep --emit count --time-style ms --begin one --one-or-more --within 10s log
	assert_output '{"k":"x","match_end":1000,"count":1}
{"k":"x","match_end":2000,"count":2}
{"k":"y","match_end":3000,"count":1}
{"k":"x","match_end":4000,"count":3}
{"k":"y","match_end":5000,"count":2}'
}

@test "a count line counts matches with one end, where several are completed at once" {
	printf '{"t":%d,"k":"x","e":"%s"}\n' 1 a 2 a 2 a 20 z >silent
	run -0 cep --emit count --time-style ms --begin a --where "e = 'a'" \
		--not-followed-by b --where "e = 'b'" --within 4s silent
	assert_output '{"k":"x","match_end":1000,"count":1}
{"k":"x","match_end":2000,"count":2}'
	# the first start lives and holds back what the others complete
	printf '{"t":%d,"k":"x","e":"%s","v":%d}\n' 1 a 1 2 a 2 3 a 3 4 c 3 5 c 2 20 z 0 >held
	for emit in summary count; do
		run -0 cep --emit $emit --time-style ms --begin a --where "e = 'a'" --followed-by c \
			--where "e = 'c' AND v = LAST(a.v)" --within 10s --after-match skip-to-next held
		assert_equal ${#lines[@]} 2
	done
	assert_output '{"k":"x","match_end":4000,"count":1}
{"k":"x","match_end":5000,"count":1}'
}

@test "a key may have a name of its own, and there may be several" {
	run -0 maip-cep --time t --key 'k AS who' --key e --time-style ms --emit summary \
		--begin one --times 2 log
	assert_output '{"who":"x","e":"a","match_start":1000,"match_end":4000,"events":{"one":2}}'
}

@test "keys of several values differ, whatever their texts are made of" {
	printf '{"t":1,"k":"%s","e":"%s"}\n' asb '' a bs as b >alike
	run -0 maip-cep --time t --key k --key e --begin one --times 2 alike
	assert_output ''
}

@test "time is moved once for all events of a moment: a gap that is over by then does not count among them" {
	printf '{"t":%d,"k":"x","e":"%s"}\n' 1 a 6 x 6 b 9 x >gap
	run -0 cep --time-style ms --emit summary --begin one --where "e = 'a'" --one-or-more \
		--followed-by two --where "e = 'b'" --within-each 2s --watermark 0s gap
	assert_output '{"k":"x","match_start":1000,"match_end":6000,"events":{"one":1,"two":1}}'
}

@test "a column that a line has already is refused" {
	refused "--key: the column 'match_start' is there already (name this one with AS)" --key match_start --begin one
	refused "--key: the column 'k' is there already (name this one with AS)" --key k --key x.k --begin one
	refused "--key: the column 'anomalyType' is there already (name this one with AS)" --key anomalyType --name AB --begin one
	refused "--key: the column 'events' is there already (name this one with AS)" --key events --emit summary --begin one
	refused "--select: the column 'k' is there already (name this one with AS)" --key k --begin one --select 'x AS a, COUNT(one) AS k'
	run -0 maip-cep --time t --key 'k AS events' --begin one log
}

@test "what comes too late is counted, or kept" {
	printf '{"t":%d,"k":"x"}\n' 10 5 11 >late.in
	run -0 --separate-stderr cep --begin one --times 2 late.in
	assert_equal "$stderr" 'maip-cep: 1 record came too late and was dropped (raise --watermark, or keep it with --late FILE)'
	run -0 --separate-stderr cep --begin one --times 2 --late kept late.in
	assert_equal "$stderr" ''
	assert_equal "$(cat kept)" '{"t":5,"k":"x"}'
	run -0 --separate-stderr cep --begin one --times 2 --watermark 5s --time-style ms \
		--emit summary late.in
	assert_equal "$stderr" ''
	assert_line --index 0 '{"k":"x","match_start":5000,"match_end":10000,"events":{"one":2}}'
}

@test "partial matches that run out of time go to a file" {
	run -0 cep --begin one --where "e = 'b'" --followed-by two --where "e = 'c'" --within 2s --timeouts out log
	assert_output ''
	assert_equal "$(cat out)" '{"k":"x","match_start":"1970-01-01T00:00:02.000Z","timeout":"1970-01-01T00:00:04.000Z","matches":{"one":[{"t":2,"k":"x","e":"b"}]}}
{"k":"y","match_start":"1970-01-01T00:00:05.000Z","timeout":"1970-01-01T00:00:07.000Z","matches":{"one":[{"t":5,"k":"y","e":"b"}]}}'
}

@test "a bad record stops the run after what was good before it" {
	printf '{"t":1,"k":"x"}\n{"t":2,"k":"x"}\n{"t":3}\n{"t":4,"k":"x"}\n' >bad
	run -65 --separate-stderr cep --begin one bad
	assert_output '{"k":"x","match_start":"1970-01-01T00:00:01.000Z","match_end":"1970-01-01T00:00:01.000Z","matches":{"one":[{"t":1,"k":"x"}]}}'
	assert_equal "$stderr" "maip-cep: bad: line 3: no key: 'k' is missing or null"
	run -65 --separate-stderr cep --begin one --on-error skip bad
	assert_equal ${#lines[@]} 3
	run -0 cep --begin one --on-error skip --ok-errors 1 bad
}

@test "a record without a time, one that is not JSON and a forged control line are bad" {
	run -65 --separate-stderr cep --begin one <<<'{"k":"x"}'
	assert_equal "$stderr" "maip-cep: line 1: no time: 't' is missing or null"
	run -65 --separate-stderr cep --begin one <<<'{"k":"x"'
	assert_equal "${stderr%%:*}" 'maip-cep'
	run -65 --separate-stderr cep --begin one <<<'{"t":1,"k":"x"}
{"_maip":"end","drain":true}'
	assert_equal "$stderr" 'maip-cep: line 2: control line before hello'
}

@test "a skip target that is missing ends the run when that is asked for" {
	run -65 --separate-stderr cep --begin one --where "e = 'a'" --optional --followed-by two --where "e = 'b'" \
		--after-match skip-to-first=one,error <<<'{"t":1,"k":"x","e":"b"}'
	assert_equal "$stderr" "maip-cep: --after-match: cannot skip to 'one': the match has no such element (drop ',error' to go on without skipping)"
	run -65 --separate-stderr cep --begin one --after-match skip-to-first=one,error <<<'{"t":1,"k":"x","e":"b"}'
	assert_equal "$stderr" "maip-cep: --after-match: cannot skip to 'one': it is the first event of the match, which would match again (drop ',error' to go on without skipping)"
}

@test "too many partial matches end the run, or drop the oldest, and that is told" {
	for i in {1..9}; do echo "{\"t\":$i,\"k\":\"x\"}"; done >many
	for pattern in '--begin a --followed-by b --where FALSE' '--begin a --times-or-more 10' \
		'--begin a --times-or-more 10 --after-match skip-past-last-event' '--begin a --times-or-more 10 --emit count'; do
		run -65 --separate-stderr cep $pattern --max-partial 5 many
		assert_equal "${stderr%%:*}" 'maip-cep'
		assert [ "${stderr#*more than 5 partial matches (--max-partial)}" != "$stderr" ]
		run -0 --separate-stderr cep $pattern --max-partial 5 --on-limit oldest many
		assert_equal "$stderr" "maip-cep: dropped 4 partial matches at --max-partial 5: matches may be missing"
	done
}

@test "too many matches end the run, before those of the moment that brings too many" {
	for i in {1..9}; do echo "{\"t\":$i,\"k\":\"x\"}"; done >many
	for pattern in '--begin a --times-or-more 3' '--begin a --followed-by-any b --followed-by-any c'; do
		# 1 match with the third line, 2 or 3 with the fourth
		run -65 --separate-stderr cep $pattern --max-matches 2 --emit count many
		assert_equal "${#lines[@]}" 1
		assert_equal "${stderr%%(*}" 'maip-cep: more than 2 matches '
	done
	run -0 --separate-stderr cep --begin a --times-or-more 3 --max-matches 28 many
	assert_equal "${#lines[@]}" 28
	assert_equal "$stderr" ''
}

@test "the matches of one key are traced from their begin to their end" {
	printf '{"t":%d000,"k":"%s","e":"%s"}\n' 1 x a 2 y a 3 x c 4 x b 5 x a 6 x d >log
	local seq="--begin one --where e='a' --next two --where e='c' --followed-by three --where e='b' --within 60s --time-format ms"
	run -0 --separate-stderr cep $seq --trace x log
	assert_equal "${#lines[@]}" 1
	assert_equal "$stderr" '1970-01-01T00:00:01.000Z line 1: match from line 1: begins with it, goes on to two (1 taken)
1970-01-01T00:00:03.000Z line 3: match from line 1: takes it, goes on to three (2 taken)
1970-01-01T00:00:04.000Z line 4: match from line 1: is complete: (match) (3 taken)
1970-01-01T00:00:05.000Z line 5: match from line 5: begins with it, goes on to two (1 taken)
1970-01-01T00:00:06.000Z line 6: match from line 5: dies: it fits nowhere in two (1 taken)'
	run -0 --separate-stderr cep $seq --trace y log
	assert_equal "$stderr" '1970-01-01T00:00:02.000Z line 2: match from line 2: begins with it, goes on to two (1 taken)
1970-01-01T00:01:02.000Z end: match from line 2: dies: out of time in two (1 taken)'
	run -64 --separate-stderr maip-cep --begin a --trace x </dev/null
	assert_equal "$stderr" "maip-cep: --trace: 'x' is no key here (all records have the key [], where there is no --key, nor a PARTITION BY)"
	run -64 --separate-stderr maip-cep --key a --key b --begin a --trace x </dev/null
	assert_equal "$stderr" "maip-cep: --trace: 'x' is not a JSON array of 2 values, one for each part of the key (in order, such as [\"c-1\",5])"
	run -64 --separate-stderr maip-cep --key a --key b --begin a --trace '["x",1,2]' </dev/null
	assert [ "${stderr#maip-cep: --trace: }" != "$stderr" ]
}

@test "timeouts come by the time at which they ran out, whatever the keys, the engine and the watermark" {
	one="--begin a --where e='a' --times-or-more 3 --within 5s"
	two="--begin a --where e='a' --followed-by b --where e='b' --within 5s"
	printf '{"t":%d,"k":"%s","e":"%s"}\n' 1 x a 1 w a 2 y a 2 x a 3 z a 4 v b 30 x a 30 z a 31 y c 60 w c >log
	for pattern in "$one" "$two"; do
		rm -f first
		for how in '' '--trace x' '--watermark none' '--watermark 20s' '--emit count' '--name N'; do
			rm -f out
			run -0 --separate-stderr cep $pattern --timeouts out $how log
			sed 's/"anomalyType":"N",//; s/,"events":.*//; s/,"matches":.*//' out >plain
			[ -e first ] || cp plain first
			cmp plain first
		done
	done
	assert_equal "$(sed 's/.*"k":"\(.\)".*"timeout":"[^T]*T..:..:\(..\).*/\1\2/' first | tr '\n' ' ')" 'x06 w06 y07 x07 z08 x35 z35 '
}

@test "the key to trace may be text, number or truth, and of several values, or of none" {
	traced() { # KEY OPTION...
		run -0 --separate-stderr maip-cep --time-format ms --time t --begin a --trace "$@" log
		seen=$(grep -c 'is complete' <<<"$stderr")
	}
	printf '{"t":%d,"k":%s,"j":"%s"}\n' 1 5 a 2 '"5"' a 3 5.0 b 4 true '' 5 '"true"' a 6 '"a b"' '' 7 '"[1]"' a >log
	traced 5 --key k
	[ "$seen" -eq 3 ]
	traced 5.00 --key k
	[ "$seen" -eq 2 ]
	traced '[5]' --key k
	[ "$seen" -eq 2 ]
	traced '["5"]' --key k
	[ "$seen" -eq 1 ]
	traced true --key k
	[ "$seen" -eq 2 ]
	traced 'a b' --key k
	[ "$seen" -eq 1 ]
	traced '"a b"' --key k
	[ "$seen" -eq 1 ]
	traced '["[1]"]' --key k
	[ "$seen" -eq 1 ]
	traced '[5,"a"]' --key k --key j
	[ "$seen" -eq 1 ]
	traced '[true,""]' --key k --key j
	[ "$seen" -eq 1 ]
	traced '[]'
	[ "$seen" -eq 7 ]
	echo 'MATCH_RECOGNIZE (PARTITION BY n, k ORDER BY t MEASURES A.t AS t AFTER MATCH SKIP PAST LAST ROW PATTERN (A) DEFINE A AS k IS NOT NULL)' >clause
	run -0 --separate-stderr maip-cep --match-recognize clause --trace '[null,5]' log
	[ "$(grep -c 'is complete' <<<"$stderr")" -eq 2 ]
}

@test "a traced key of which nothing can be told is told of at the end" {
	printf '{"t":%d000,"k":"%s","j":%d}\n' 1 x 1 2 y 2 1 z 3 >log
	run -0 --separate-stderr maip-cep --time t --key k --begin a --where "j = 1" --trace w log
	assert_equal "$stderr" "end: no record has the key 'w'; the first one has \"x\"
maip-cep: 1 record came too late and was dropped (raise --watermark, or keep it with --late FILE)"
	run -0 --separate-stderr maip-cep --time t --key k --key j --begin a --where "j = 1" --trace '["x","1"]' log
	assert_equal "${stderr_lines[0]}" "end: no record has the key '[\"x\",\"1\"]'; the first one has [\"x\",1]"
	run -0 --separate-stderr maip-cep --time t --key k --begin a --where "j = 1" --trace y log
	assert_equal "${stderr_lines[0]}" "end: none of the records of 'y' begins a match; there are 1"
	run -0 --separate-stderr maip-cep --time t --time-format ms --key k --begin a \
		--where "j = 3" --trace z log
	assert_equal "${stderr_lines[0]}" "1970-01-01T00:00:01.000Z line 3: comes too late, after the watermark 1970-01-01T00:00:01.999Z"
	run -0 --separate-stderr maip-cep --time t --key k --begin a --trace z </dev/null
	assert_equal "$stderr" "end: no record has the key 'z'"
}

@test "the trace tells what a skip strategy and a NOT have ruled out" {
	printf '{"t":%d000,"k":"x","e":"%s"}\n' 1 a 2 a 3 b >log
	run -0 --separate-stderr cep --begin one --where "e='a'" --followed-by two --where "e='b'" \
		--after-match skip-past-last-event --time-format ms --trace x log
	assert_equal "${stderr_lines[4]}" '1970-01-01T00:00:03.000Z line 3: match from line 2: dies: ruled out by --after-match, in (match) (2 taken)'
	run -0 --separate-stderr cep --begin one --where "e='a'" --not-followed-by no \
		--where "e='b'" --followed-by two --where "e='c'" --trace x log
	assert [ "${stderr#*dies: what must not come has come: no (1 taken)}" != "$stderr" ]
}

@test "an option without effect is said once, and the matches are Flink's" {
	run -0 --separate-stderr cep --begin one --one-or-more --within-each 5s </dev/null
	assert_equal "$stderr" "maip-cep: --within-each: has no effect on 'one', which is repeated or a group; Flink has it so (give its quantifier a gap, or use --within)"
	run -0 --separate-stderr cep --begin one --next '(' --begin two --within 5s ')' </dev/null
	assert_equal "$stderr" "maip-cep: --within: has no effect on 'two', the last of a group; Flink has it so (put it behind the ')', or on the whole pattern)"
	run -0 --separate-stderr cep --begin one --optional --times 2 --next two </dev/null
	assert_equal "$stderr" "maip-cep: --optional: has no effect on 'one', whose --times comes behind it; Flink has it so (put it behind the --times)"
	run -0 --separate-stderr cep --begin one --optional --times 2 --optional \
		--next two </dev/null
	assert_equal "$stderr" ''
}

@test "--max-partial counts what has begun, traced or not" {
	printf '{"t":%d,"k":"%s","e":"%s"}\n' 1 x a 1 y a 2 x b 2 y b >two
	run -0 cep --begin a --where "e = 'a'" --followed-by b --where "e = 'b'" --max-partial 2 two
	assert_equal ${#lines[@]} 2
	run -65 cep --begin a --where "e = 'a'" --followed-by b --where "e = 'b'" --max-partial 1 two
	printf '{"t":%d,"k":"x","e":"a"}\n' 1 2 3 4 5 >five
	for limit in '--max-partial 2 --on-limit oldest' '--max-partial 2' '--max-partial 1'; do
		status=0
		want=$(cep --begin a --times 3 --emit count $limit five 2>errors) || status=$?
		run -$status --separate-stderr cep --begin a --times 3 --emit count $limit \
			--trace x five
		assert_output "$want"
	done
	assert_equal $status 65
}

@test "a pattern is refused before anything is read" {
	refused 'there is no pattern (start with --begin NAME)' --key k
	refused "--next: comes after an element (start with --begin NAME)" --next a
	refused '--begin: the pattern has begun already (go on with --next, --followed-by or --followed-by-any)' --begin a --begin b
	refused "')' closes no group (open one with --begin '(', --next '(', --followed-by '(' or --followed-by-any '(')" --begin a ')'
	refused "'(' stands alone (a group has no name: write --begin '(' or --next '('; a file of that name is ./'(')" --begin s '(' --begin a ')'
	refused "a group is still open at the end (close it with ')')" --begin '(' --begin a
	refused "the group before ')' is empty (write --begin NAME in it)" --begin '(' ')'
	refused "--not-next: a group cannot be negated (negate one element: --not-next NAME)" --begin a --not-next '('
	refused "--begin: 'a:b' is not a name (any text but ')', without ':' and control characters)" --begin a:b
	refused "--next: 'a\x0ab' is not a name (any text but ')', without ':' and control characters)" --begin a --next $'a\nb'
	refused "--begin: 'a\xff' is not a name (any text but ')', without ':' and control characters)" --begin $'a\xff'
	refused "--name: 'a\xff' is not a name (any text without control characters)" --begin a --name $'a\xff'
	refused "--name: 'a\x09' is not a name (any text without control characters)" --begin a --name $'a\t'
	refused "--next: there is an element 'a' already (names must be different, in groups, too)" --begin a --next a
}

@test "windows and gaps that mean nothing are refused" {
	refused '--within: must be longer than 0 (nothing fits into 0; try 1ms, or leave it out for no limit)' --begin a --within 0
	refused '--within: must be longer than 0 (nothing fits into -5s; try 1ms, or leave it out for no limit)' --begin a --within -5s
	refused "--within: '5x' is not a duration (try 30s, 5m, 1h)" --begin a --within 5x
	refused '--times: must be longer than 0 (nothing fits into 0s; try 1ms, or leave it out for no limit)' --begin a --times 2:0s
	refused "--times: ';2' is left over after the count (a gap is written 3:10s)" --begin a --times '3;2'
	refused '--not-followed-by: as the last element it holds until a window ends, and there is none (add --within DURATION)' \
		--begin a --not-followed-by b
	refused '--within-each: a gap longer than --within can never be used up (make it at most the window, or leave it out)' \
		--begin a --next b --within-each 20ms --within 10ms
}

@test "counts and modifiers that mean nothing are refused" {
	refused '--times: must be 1 or more (0,N is 1,N and --optional)' --begin a --times 0
	refused '--times: from 3 to 2 is upside down (try --times 2,3)' --begin a --times 3,2
	refused "--times: 'x' is not a count (try 3)" --begin a --times x
	refused '--times-or-more: must be 1 or more (0 or more is --one-or-more --optional)' --begin a --times-or-more 0
	refused '--greedy: the element is greedy already (say it once)' --begin a --one-or-more --greedy --greedy
	refused '--until: ends a loop (put --one-or-more or --times-or-more before it)' --begin a --until TRUE
	refused '--consecutive: is about the repeats of a loop (put --one-or-more, --times-or-more or --times before it)' --begin a --consecutive
}

@test "a loop on which Flink's compiler fails is refused, and the same one where it does not is not" {
	local loop='--one-or-more --greedy --until v=1'
	local why='an optional greedy loop with --until behind a --not-followed-by, because of what'
	why+=' comes before (drop --until, --greedy or --optional of it)'
	refused "--until: Flink fails on 'c', $why" --begin a $loop --not-followed-by b --next c $loop --optional
	refused "--until: Flink fails on 'd', $why" --begin a --not-followed-by b --next c --optional \
		--next d $loop --optional
	run -0 maip-cep --begin a --not-followed-by b --next c $loop --optional </dev/null
	run -0 maip-cep --begin a $loop --not-followed-by b --next c $loop </dev/null
	run -0 maip-cep --begin a $loop --not-followed-by b --next '(' --begin c $loop --optional ')' \
		</dev/null
}

@test "what must not come ends the run where it comes before anything, as in Flink" {
	printf '{"timestamp":%d,"e":"%s"}\n' 1 a 2 x 3 b >log
	local a="e = 'a'" b="e = 'b'"
	run -65 --separate-stderr maip-cep --begin '(' --begin a --where "$a" --optional ')' \
		--not-followed-by n --where "$b" --within 10s log
	assert_equal "$stderr" "maip-cep: an event that is 'n', which must not come, has come before any was taken: the group before it may match nothing, and Flink fails on that (make one of its elements required)"
	run -65 maip-cep --begin '(' --begin a --where "$a" --optional ')' --not-next n --where "$b" --next c log
	run -0 maip-cep --begin '(' --begin a --where "$a" ')' --not-next n --where "$b" --next c log
}

@test "a skip target must be an element outside of groups" {
	refused "--after-match: no element has the name 'b' (name one of the pattern's own)" --begin a --after-match skip-to-last=b
	refused "--after-match: 'b' stands inside a group (name an element outside of parentheses)" \
		--begin a --next '(' --begin b ')' --after-match skip-to-last=b
	refused "--after-match: 'skip' is not a strategy (no-skip, skip-to-next, skip-past-last-event, skip-to-first=NAME[,error] or skip-to-last=NAME[,error])" \
		--begin a --after-match skip
}

@test "an error in a condition points at its column" {
	run -64 --separate-stderr maip-cep --begin a --where "e = 'a' AND" </dev/null
	assert_equal "${stderr%%, *}" 'maip-cep: --where: column 12: expected an expression after AND'
	run -64 --separate-stderr maip-cep --begin a --where 'COUNT(b) > 1' </dev/null
	assert [ "${stderr#maip-cep: --where: column }" != "$stderr" ]
	refused '--where: this is a number, not a condition' --begin a --where '1 + 1'
	refused "--where: column 6: 'end' is a word of expressions (as a name it stands in backquotes, \`end\`)" \
		--begin end --where 'LAST(end.v) < 2'
	run -0 maip-cep --begin end --where 'LAST(`end`.v) < 2' </dev/null
}

@test "a loop over a group that can match nothing is refused" {
	run -64 --separate-stderr maip-cep --begin '(' --begin a --optional ')' --one-or-more </dev/null
	assert_equal "${stderr%% (*}" 'maip-cep: --one-or-more, --times-or-more: loops over a group that can match nothing'
}

@test "after hello, an input that breaks off fires nothing" {
	hello='{"_maip":"hello","version":1,"job":"00000000000000000000000000000000","run":"00000000000000000000000000000000","watermarks":true,"checkpoints":false}'
	run -75 --separate-stderr cep --begin one <<<"$hello
{\"t\":1,\"k\":\"x\"}"
	assert_output "$hello"
	run -0 --separate-stderr cep --begin one --emit summary --time-style ms <<<"$hello
{\"t\":1,\"k\":\"x\"}
{\"_maip\":\"watermark\",\"ts\":1000}
{\"_maip\":\"end\",\"drain\":true}"
	assert_output "$hello
{\"k\":\"x\",\"match_start\":1000,\"match_end\":1000,\"events\":{\"one\":1}}
{\"_maip\":\"watermark\",\"ts\":1000}
{\"_maip\":\"end\",\"drain\":true}"
}

@test "a full disk is an error, a reader that leaves is not" {
	run -74 --separate-stderr bash -c 'maip-cep --time t --begin one log >/dev/full'
	run -0 --separate-stderr bash -c 'set -o pipefail; for i in {1..20000}; do echo "{\"t\":1}"; done | maip-cep --time t --begin one | head -n 0 || [ $? = 141 ]'
	assert_equal "$stderr" ''
	run -74 --separate-stderr maip-cep --time t --begin one --where FALSE --next b --within 1s \
		--late /dev/full <<<'{"t":5}
{"t":1}'
}

@test "what contradicts --processing-time or the columns is refused" {
	for option in '--time t' '--time-format ms' '--watermark 1s'; do
		refused "${option% *}: has no meaning with --processing-time" --processing-time --begin a $option
	done
	refused '--emit count: has no meaning with --select, which asks for values' \
		--begin a --emit count --select 'COUNT(a)'
	echo 'MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS v PATTERN (A) DEFINE A AS TRUE)' >clause
	refused '--emit count: has no meaning with --match-recognize, which asks for values' \
		--match-recognize clause --emit count
	refused '--match-recognize: says all about the pattern, its keys, order and columns (leave --begin and its like, --key, --order-by, --select and --name out)' \
		--match-recognize clause --after-match no-skip
}

said() { # MESSAGE OPTION...
	local message=$1
	shift
	run -0 --separate-stderr maip-cep "$@" </dev/null
	assert_equal "$stderr" "${message:+maip-cep: }$message"
}

@test "what merely has nothing to do is remarked on" {
	said '--late: has no effect with --processing-time: no record comes too late' \
		--processing-time --begin a --late late
	said '--timeouts: has no effect, since nothing runs out of time (add --within)' --begin a --timeouts t
	said '' --begin a --within 1s --timeouts t
	said '' --begin a --next b --within-each 1s --timeouts t
	said '--emit summary: has no effect with --select, which says what is printed of a match' \
		--begin a --emit summary --select 'COUNT(a)'
	said '' --begin a --emit summary --select 'COUNT(a)' --within 1s --timeouts t
}

@test "of an option with one value that is given twice the last counts" {
	echo 'MATCH_RECOGNIZE (ORDER BY t MEASURES A.t AS v PATTERN (A) DEFINE A AS e = 1)' >none
	echo 'MATCH_RECOGNIZE (ORDER BY t MEASURES A.t AS v PATTERN (A) DEFINE A AS t = 5)' >clause
	run -0 maip-cep --match-recognize none --match-recognize clause log
	assert_output '{"v":5}'
	run -0 cep --name A --name B --order-by k --order-by e --watermark 9s --watermark 0s \
		--select x --select 'COUNT(a) AS n' --emit match --emit summary \
		--time-style rfc3339 --time-style ms \
		--trace '"y"' --trace none --late l1 --late late --timeouts t1 --timeouts timeouts \
		--begin a --where "e = 'b'" --within 1ms --after-match no-skip --after-match skip-to-next log
	assert_line '{"anomalyType":"B","k":"x","match_start":2000,"match_end":2000,"n":1}'
	assert_line "end: no record has the key 'none'; the first one has \"x\""
	assert [ ! -e l1 ] && assert [ ! -e t1 ] && assert [ -e late ] && assert [ -e timeouts ]
}

@test "an interval that is said twice is refused" {
	for option in --within --within-each; do
		run -64 maip-cep --key k --begin a --followed-by b $option 5s $option 6s </dev/null
		assert_output "maip-cep: $option: there is one already (say it once)"
	done
}

@test "an argument that belongs behind an equals sign is missed there, and a file may look like one" {
	refused "--one-or-more: its argument stands behind '=' (there is no file '3s': write --one-or-more=3s)" --begin a --one-or-more 3s
	refused "--explain: its argument stands behind '=' (there is no file 'dot': write --explain=dot)" --begin a --explain dot
	echo '{"timestamp":1}' >3s
	run -0 maip-cep --begin a --one-or-more 3s
	assert_equal "${#lines[@]}" 1
	run -66 maip-cep --begin a --one-or-more --optional --next b 3s 4s
	refute_line --partial 'write --one-or-more'
}

@test "one is not many" {
	printf '{"timestamp":%d,"e":%s}\n' 1 true 2 true 3 true >log
	run -65 --separate-stderr maip-cep --begin a --max-matches 1 log
	assert_equal "$stderr" "maip-cep: more than 1 match (--max-matches): the pattern fits more than was thought (add --after-match, --within or a stricter --where, or allow more)"
	run -65 --separate-stderr maip-cep --begin a --next b --next c --max-partial 1 log
	assert [ "${stderr#*more than 1 partial match (--max-partial)}" != "$stderr" ]
	run -0 --separate-stderr maip-cep --begin a --where 'timestamp < 3' \
		--followed-by b --where 'timestamp = 9' --max-partial 1 --on-limit oldest log
	assert_equal "$stderr" "maip-cep: dropped 1 partial match at --max-partial 1: matches may be missing"
	refused_line "line 1: 'e' is TRUE, which is not a time (RFC 3339, or a number since 1970) within the years -9999 to 9999" --begin a --time e
}

refused_line() { # MESSAGE OPTION...
	local message=$1
	shift
	run -65 --separate-stderr maip-cep "$@" log
	assert_equal "$stderr" "maip-cep: log: $message"
}

@test "the trace tells the fate of a match once, at its own time, and the line of a record" {
	printf '{"t":%d000,"k":"x","e":"%s"}\n' 1 a 9 b >log
	ab="--time-format ms --begin a --where e='a' --followed-by b --where e='b'"
	run -0 --separate-stderr cep $ab --within 5s --timeouts out --trace x log
	assert_equal "$stderr" "1970-01-01T00:00:01.000Z line 1: match from line 1: begins with it, goes on to b (1 taken)
1970-01-01T00:00:06.000Z: match from line 1: dies: out of time in b (1 taken)"
	grep -q '"timeout":"1970-01-01T00:00:06.000Z"' out
	run -0 --separate-stderr cep $ab --within-each 3s --trace x log
	assert_equal "${stderr_lines[1]}" '1970-01-01T00:00:04.000Z: match from line 1: dies: out of time in b (1 taken)'
	run -0 --separate-stderr cep --time-format ms --begin a --where "e='a'" \
		--not-followed-by c --where "e='c'" --within 4s --trace x log
	assert_equal "${stderr_lines[1]}" '1970-01-01T00:00:05.000Z: match from line 1: is complete: c (1 taken)'
	printf '%s\n' '{"t":1000,"k":"x","e":"a"}' '' 'bad' '{"t":2000,"k":"x","e":"b"}' '{"t":3000,"k":"x","e":"c"}' >log
	echo '{"t":4000,"k":"x","e":"b"}' >more
	loop="$ab --one-or-more --not-followed-by no --where e='c' --followed-by d --where e='d'"
	run -0 --separate-stderr cep $loop --trace x --on-error skip --ok-errors 2 log
	assert_equal "${stderr_lines[*]:0:3}" "1970-01-01T00:00:01.000Z line 1: match from line 1: begins with it, goes on to b:1 (1 taken) \
1970-01-01T00:00:02.000Z line 4: match from line 1: takes it, goes on to b (2 taken) \
1970-01-01T00:00:03.000Z line 5: match from line 1: dies: what must not come has come: no (2 taken)"
	run -0 --separate-stderr cep $ab --trace x --on-error skip --ok-errors 2 log more
	assert_line --partial '"b":[{"t":2000'
	assert_equal "${stderr_lines[1]}" "1970-01-01T00:00:02.000Z 'log' line 4: match from 'log' line 1: is complete: (match) (2 taken)"
}

@test "a gap limits the waits that it limits in Flink, and what it does not is said" {
	matches() { # EVENTS OPTION...
		local events=$1
		shift
		tr ' ' '\n' <<<"$events" | sed 's/\(.*\)@\(.*\)/{"t":\2,"e":"\1"}/' >log
		run -0 --separate-stderr maip-cep --time t --time-format ms --emit summary "$@" log
		matched=$(grep -o '"events":{.*' <<<"$output" | tr -cd 'a-z0-9\n' | sed 's/^events//' | tr '\n' ' ')
	}
	s=(--begin s --where "e = 's'" --followed-by a --where "e = 'a'")
	a=(--begin a --where "e = 'a'")
	flink="Flink has it so (for every wait add a --where that compares with LAST of the element's times)"
	matches 's@0 a@5 a@6' "${s[@]}" --times 2:2ms
	assert_equal "$matched" ''
	assert_equal "$stderr" "maip-cep: --times: the gap limits the wait for each 'a' but the last, for the first one, too; $flink"
	matches 's@0 a@1 a@9' "${s[@]}" --times 2:2ms
	assert_equal "$matched" 's1a2 '
	matches 's@0 a@2 a@3' "${s[@]}" --times 2:2ms
	assert_equal "$matched" ''
	matches 's@0 a@1 a@2 a@30' "${s[@]}" --times 2,4:2ms
	assert_equal "$matched" 's1a2 '
	matches 'a@0 a@9' "${a[@]}" --times 2:2ms
	assert_equal "$matched" 'a2 '
	assert_equal "$stderr" "maip-cep: --times: the gap has no effect on 'a': it does not limit the wait for the last one, and the first event of a match is not waited for; $flink"
	matches 's@0 a@1 a@9' "${s[@]}" --times-or-more 2:2ms
	assert_equal "$matched" ''
	assert_equal "$stderr" "maip-cep: --times-or-more: the gap limits the wait for the first 2 of 'a' only; $flink"
	matches 's@0 a@1 a@2 a@9' "${s[@]}" --times-or-more 2:2ms
	assert_equal "$matched" 's1a2 s1a3 '
	matches 's@0 a@1 a@9' "${s[@]}" --one-or-more=2ms
	assert_equal "$matched" 's1a1 s1a2 '
	assert_equal "$stderr" "maip-cep: --one-or-more: the gap limits the wait for the first 'a' only; $flink"
	matches 's@0 a@5 a@6' "${s[@]}" --one-or-more=2ms
	assert_equal "$matched" ''
	matches 'a@0 a@9' "${a[@]}" --one-or-more=2ms
	assert_equal "$matched" 'a1 a2 a1 '
	assert [ "${stderr#*the gap has no effect on \'a\': it does not limit the wait for those that are not required, and}" != "$stderr" ]
	matches 's@0 a@5 a@6' --begin s --where "e = 's'" --followed-by '(' "${a[@]}" ')' --times 2:2ms
	assert_equal "$matched" 's1a2 '
	assert_equal "$stderr" 'maip-cep: --times: the gap has no effect on a group; Flink has it so (use --within-each on elements inside the parentheses, or --within)'
}
