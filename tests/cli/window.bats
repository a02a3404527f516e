#!/usr/bin/env bats
# maip-window: what it prints, what it refuses, and what it says then. What windows hold is in
# tests/golden and tests/unit.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

setup() {
	cd "$BATS_TEST_TMPDIR"
	printf '{"t":%d,"k":"%s","v":%s}\n' 1000 a 1.10 2000 b 2 1500 a 3 9000 a 4 >log
}

window() { maip-window --time t --time-format ms --time-style ms "$@"; }
by_key() { window --key k --tumbling 1s --watermark 1s "$@"; }

refused() { # MESSAGE OPTION...
	local message=$1
	shift
	run -64 --separate-stderr maip-window "$@" </dev/null
	assert_output ''
	assert_equal "$stderr" "maip-window: $message"
}

# The line stands third; the first two are good, and the second fires the window of the first.
bad_line() { # LINE REASON
	printf '{"t":1000,"k":"a"}\n{"t":2000,"k":"b"}\n%s\n{"t":9000,"k":"a"}\n' "$1" >in
	run -65 --separate-stderr window --key k --tumbling 1s in
	assert_output '{"k":"a","window_start":1000,"window_end":2000,"count":1}'
	assert_equal "$stderr" "maip-window: in: line 3: $2"
}

@test "a row has keys, bounds and columns, and sums keep their cents" {
	run -0 maip-window --time t --time-format ms --key k --tumbling 1s --watermark 1s \
		--agg 'COUNT(*) AS n' --agg 'SUM(v) AS total' log
	assert_output '{"k":"a","window_start":"1970-01-01T00:00:01.000Z","window_end":"1970-01-01T00:00:02.000Z","n":2,"total":4.10}
{"k":"b","window_start":"1970-01-01T00:00:02.000Z","window_end":"1970-01-01T00:00:03.000Z","n":1,"total":2}
{"k":"a","window_start":"1970-01-01T00:00:09.000Z","window_end":"1970-01-01T00:00:10.000Z","n":1,"total":4}'
}

@test "without a key there is one group, and files are read in order" {
	run -0 window --tumbling 10s - log <<<'{"t":5000}'
	assert_output '{"window_start":0,"window_end":10000,"count":5}'
}

@test "keys are equal by value and printed as they came first" {
	printf '{"t":1,"k":%s}\n' '"caf\u00e9"' '"café"' 5.0 5 5.00 '"5"' true 1e0 1 >in
	run -0 window --key k --tumbling 1s --watermark none in
	assert_output '{"k":"caf\u00e9","window_start":0,"window_end":1000,"count":2}
{"k":5.0,"window_start":0,"window_end":1000,"count":3}
{"k":"5","window_start":0,"window_end":1000,"count":1}
{"k":true,"window_start":0,"window_end":1000,"count":1}
{"k":1e0,"window_start":0,"window_end":1000,"count":2}'
}

@test "several keys do not run into each other" {
	printf '{"t":1,"a":"%s","b":"%s"}\n' x yz xy z x yz >in
	run -0 window --key a --key 'UPPER(b) AS B' --tumbling 1s in
	assert_output '{"a":"x","B":"YZ","window_start":0,"window_end":1000,"count":2}
{"a":"xy","B":"Z","window_start":0,"window_end":1000,"count":1}'
}

@test "numbers tell their unit by their size, with an exponent or without" {
	printf '{"at":%s}\n' 1.7e9 1700000000.5 1.7000000009e+12 1.700000001e15 1.7000000015e18 >in
	run -0 maip-window --time at --tumbling 1s --time-style ms in
	assert_output '{"window_start":1700000000000,"window_end":1700000001000,"count":3}
{"window_start":1700000001000,"window_end":1700000002000,"count":2}'
}

@test "a record between two windows is late only behind the watermark, as in Flink" {
	printf '{"t":%s}\n' 0 3000 12000 8000 13000 >in
	run -0 --separate-stderr maip-window --time t --time-format ms --sliding 2s,5s --late late \
		-v in
	assert_regex "$stderr" ' late=1 between-windows=3 '
	assert_equal "$(cat late)" '{"t":8000}'
	rm late
	run -0 --separate-stderr maip-window --time t --time-format ms --sliding 2s,5s --late late \
		-v --allowed-lateness 4s in
	assert_regex "$stderr" ' late=0 between-windows=4 '
	assert_equal "$(cat late)" ''
}

@test "a count fires with fewer records at the start of a key, and never with what is left" {
	printf '{"v":%s}\n' 1 2 3 4 5 6 7 >in
	run -0 maip-window --count 4,2 --agg 'MIN(v) AS first' --agg 'MAX(v) AS last' in
	assert_output '{"first":1,"last":2}
{"first":1,"last":4}
{"first":3,"last":6}'
	run -65 maip-window --count 4,2 --agg 'FIRST(v)' in
	assert_output "maip-window: in: line 1: no time: 'timestamp' is missing or null"
}

@test "an offset is shorter than the period of the windows, either way" {
	local shape period
	for shape in '--tumbling 5s:size' '--sliding 10s,5s:slide' '--cumulate 5s,1s:size'; do
		period=${shape#*:} shape=${shape%:*}
		run -0 maip-window $shape --offset 4999ms </dev/null
		run -0 maip-window $shape --offset=-4999ms </dev/null
		run -64 maip-window $shape --offset 5s </dev/null
		assert_output "maip-window: --offset: has to be shorter than the $period of ${shape% *}"
		run -64 maip-window $shape --offset=-5s </dev/null
	done
	for shape in '--session 5s' '--count 5' --global; do
		run -64 maip-window $shape --offset 1s </dev/null
		assert_output "maip-window: --offset: has no meaning with ${shape% *}"
	done
}

@test "a line that is no record stops the run, after what was good before it" {
	bad_line 'nope' "column 1: expected a value, found 'nope'"
	bad_line '[1]' 'a record is an object, not an array'
	bad_line '{"t":1,"k":"a"' "column 15: expected ',' or '}' after a member, found the end of the line"
	bad_line '{"k":"a"}' "no time: 't' is missing or null"
	local none='which is not a number of milliseconds since 1970 within the years -9999 to 9999'
	bad_line '{"t":"x","k":"a"}' "'t' is the text 'x', $none"
	bad_line '{"t":1e300,"k":"a"}' "'t' is the number '1e300', $none"
	bad_line '{"t":9223372036854775807,"k":"a"}' "'t' is the number '9223372036854775807', $none"
	bad_line '{"t":3000}' "no key: 'k' is missing"
	bad_line '{"t":3000,"k":null}' "no key: 'k' is null"
	bad_line '{"t":3000,"k":{}}' "'k' cannot be a key: it is an object or an array"
	bad_line '{"_maip":"watermark","ts":1}' 'control line before hello'
	bad_line '{"t":3000,"_maip":1,"k":"a","k":[1]}' "'k' cannot be a key: it is an object or an array"
}

@test "a record without a key is no bad record where --where drops it, and moves the watermark" {
	printf '%s\n' '{"t":1000,"k":"a"}' '{"t":9000}' '{"t":1500,"k":"a"}' >in
	run -0 --separate-stderr window --key k --tumbling 1s --where 'k IS NOT NULL' --late late in
	assert_output '{"k":"a","window_start":1000,"window_end":2000,"count":1}'
	assert_equal "$(<late)" '{"t":1500,"k":"a"}'
}

@test "a dropped record needs a time, which moves the watermark, and nothing that is calculated with" {
	printf '%s\n' '{"t":1000,"ok":true,"v":1}' '{"t":1001,"v":"text"}' >in
	run -0 --separate-stderr window --tumbling 1s --where ok --agg 'SUM(v) AS s' in
	assert_output '{"window_start":1000,"window_end":2000,"s":1}'
	assert_equal "$stderr" ''
	local bad
	for bad in "{\"v\":1}|no time: 't' is missing or null" \
		"{\"t\":\"x\",\"v\":1}|'t' is the text 'x', which is not a number of milliseconds since 1970 within the years -9999 to 9999" \
		"{\"t\":1002,\"v\":1e400}|the number '1e400' is too large"; do
		run -65 --separate-stderr window --tumbling 1s --where ok --agg 'SUM(v) AS s' in - <<<"${bad%|*}"
		assert_equal "$stderr" "maip-window: standard input: line 1: ${bad#*|}"
	done
}

@test "bad records are skipped or kept, and the status still says so" {
	printf '{"t":1000}\nnope\n{"t":1001}\n' >in
	run -65 --separate-stderr window --tumbling 1s --on-error skip in
	assert_output '{"window_start":1000,"window_end":2000,"count":2}'
	assert_equal "$stderr" "maip-window: 1 bad record was skipped: in: line 2: column 1: expected a value, found 'nope'"
	run -0 --separate-stderr window --tumbling 1s --on-error dead-letter=letters \
		--ok-errors 1 in
	assert_output '{"window_start":1000,"window_end":2000,"count":2}'
	assert_equal "$(<letters)" "{\"reason\":\"column 1: expected a value, found 'nope'\",\"position\":\"in: line 2\",\"input\":\"nope\"}"
}

@test "a line longer than --max-line is a bad record" {
	printf '{"t":1,"x":"%s"}\n' "$(head -c 100 /dev/zero | tr '\0' x)" >in
	run -65 --separate-stderr window --tumbling 1s --max-line 100 in
	[[ $stderr == 'maip-window: in: line 1: '*'100'* ]]
}

@test "the command line is checked before anything is read" {
	refused 'no window given: name one of --tumbling, --sliding, --cumulate, --session, --count and --global'
	refused "--tumbling: '5x' is not a duration (try 30s, 5m, 1h)" --tumbling 5x
	refused '--tumbling: the size has to be longer than 0' --tumbling 0
	refused "--tumbling: '-5m' is negative, which has no meaning here" --tumbling=-5m
	refused "--tumbling: '99999999999999999999d' is too long (at most 2^53 milliseconds)" --tumbling 99999999999999999999d
	refused '--session: there is a window already: --tumbling' --tumbling 5m --session 1m
	refused "--tumbling: months are not all of one length, so '1mo' needs the calendar of a time zone (add --tz UTC, or another zone)" --tumbling 1mo
	refused "--sliding: months are not all of one length, so '2mo' needs the calendar of a time zone (which only --tumbling with --tz has; try 30d)" --sliding 2mo,1d
	refused '--sliding: wants two durations, as in 10m,1m' --sliding 5m
	refused '--sliding: the slide has to be longer than 0' --sliding 5m,0
	refused '--cumulate: the size has to be a multiple of the step' --cumulate 10m,3m
	refused "--count: '0' is not a number of records from 1 to 1099511627776" --count 0
	refused "--count: '-1' is not a number of records from 1 to 1099511627776" --count 3,-1
	refused '--offset: has to be shorter than the size of --tumbling' --tumbling 5m --offset=-5m
	refused '--offset: has to be shorter than the slide of --sliding' --sliding 5m,1m --offset 2m
	refused '--offset: has no meaning with --session' --session 5m --offset 1m
	refused '--agg: column 22: FILTER takes a condition, and this is a number' --tumbling 5m --agg 'SUM(x) FILTER (WHERE 1)'
	refused "--where: column 4: expected an expression after '=', found end of text" --tumbling 5m --where 'a ='
	refused "--agg: the column 'a' is there already (name this one with AS)" --tumbling 5m --agg 'COUNT(*) AS a' --agg 'SUM(x) AS a'
	refused "--key: the column 'k' is there already (name this one with AS)" --tumbling 5m --key k --key x.k
	refused "--key: the column 'window_end' is there already (name this one with AS)" --tumbling 5m --key window_end
	refused "--key: column 6: no column may be called _maip: lines that begin with it are control lines (choose another NAME)" --global --key 'k AS _maip'
	refused "--agg: column 13: no column may be called _maip: lines that begin with it are control lines (choose another NAME)" --global --agg 'COUNT(*) AS _maip'
	refused "--tumbling with --tz: '5m' is not a number of days, weeks or months (try 1d, 1w, 1mo)" --tumbling 5m --tz Europe/Berlin
	refused "--tz: there is no time zone '../x' in /usr/share/zoneinfo (try Europe/Berlin; Debian's package is tzdata)" --tumbling 1d --tz ../x
	refused '--tz: works with --tumbling only' --session 1d --tz UTC
	refused "--top: wants a number from 1 to 10000, BY and a value, as in '3 BY total'" --tumbling 5m --top '3 total'
	refused '--top: does not work with --session' --session 5m --top '3 BY count'
	refused '--allowed-lateness: nothing is late with --count' --count 5 --allowed-lateness 1m
	refused '--emit-every: has no meaning with --global (see --emit-every-records)' --global --emit-every 5s
	refused '--emit-empty: works with --tumbling and --sliding only' --session 5m --emit-empty 3
	refused '--emit-empty: does not work with --allowed-lateness' --tumbling 5m --allowed-lateness 1m --emit-empty 3
	for option in '--time t' '--time-format ms' '--watermark 1s'; do
		refused "${option% *}: has no meaning with --processing-time" \
			--tumbling 5m --processing-time $option
	done
	run -0 --separate-stderr maip-window --tumbling 5m --processing-time --late late </dev/null
	assert_equal "$stderr" 'maip-window: --late: has no effect with --processing-time: no record comes too late'
	refused '--idle-advance: has no meaning with --watermark none' --tumbling 5m --watermark none --idle-advance 1s
}

@test "a file that is not there, or may not be written, is told by name" {
	run -66 --separate-stderr window --tumbling 1s nowhere
	assert_equal "$stderr" "maip-window: cannot read 'nowhere': No such file or directory"
	run -74 --separate-stderr window --tumbling 1s --late nowhere/late log
	assert_equal "$stderr" "maip-window: --late: cannot open 'nowhere/late' for writing: No such file or directory"
}

@test "a full disk is an error, a reader that leaves is none" {
	run -74 --separate-stderr bash -c 'maip-window --time t --time-format ms --tumbling 1s log >/dev/full'
	[[ $stderr == *'No space left on device'* ]]
	seq 100000 | sed 's/.*/{"t":&}/' >many
	run -0 --separate-stderr bash -c 'set -o pipefail; maip-window --time t --time-format ms --tumbling 1ms many | head -n 1'
	assert_equal "$stderr" ''
}

@test "times at both ends of the calendar and before 1970 are right" {
	printf '{"t":"%s"}\n' -9999-01-01T00:00:00Z 1969-12-31T23:59:59.999Z 1970-01-01T00:00:00Z \
		9999-12-31T23:59:59.999Z >in
	printf '{"t":%d}\n' -377705116800000 -1 0 253402300799999 >in
	run -0 maip-window --time t --time-format ms --tumbling 1h in
	assert_output '{"window_start":"-9999-01-01T00:00:00.000Z","window_end":"-9999-01-01T01:00:00.000Z","count":1}
{"window_start":"1969-12-31T23:00:00.000Z","window_end":"1970-01-01T00:00:00.000Z","count":1}
{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T01:00:00.000Z","count":1}
{"window_start":"9999-12-31T23:00:00.000Z","window_end":"+10000-01-01T00:00:00.000Z","count":1}'
}

@test "the longest windows there are hold everything" {
	printf '{"t":%d}\n' -377705116800000 253402300799999 >in
	run -0 window --session 9007199254740992ms --watermark none in
	assert_output '{"window_start":-377705116800000,"window_end":9260601555540991,"count":2}'
	run -0 window --tumbling 9007199254740992ms --allowed-lateness 9007199254740992ms in
	assert_output '{"window_start":-9007199254740992,"window_end":0,"count":1}
{"window_start":0,"window_end":9007199254740992,"count":1}'
}

@test "a sum with more digits than decimals have is not exact, and never wrong by a digit that it shows as exact" {
	nines=$(printf '9%.0s' {1..38})
	printf '{"t":1,"v":%s}\n' "$nines" 1 >in
	run -0 window --tumbling 1s --agg 'SUM(v) AS s' in
	assert_output '{"window_start":0,"window_end":1000,"s":1e+38}'
	printf '{"t":1,"v":%s}\n' 5 1e400 >in
	run -65 --separate-stderr window --tumbling 1s --agg 'SUM(v) AS s' in
	assert_output ''
	assert_equal "$stderr" "maip-window: in: line 2: the number '1e400' is too large"
	printf '{"t":1,"v":%s}\n' "$(printf '1%.0s' {1..1000})" >in
	run -65 --separate-stderr window --tumbling 1s --agg 'SUM(v) AS s' in
	[[ $stderr == "maip-window: in: line 1: the number '111"*'is too large' ]]
}

hello='{"_maip":"hello","version":1,"job":"0123456789abcdef0123456789abcdef","run":"0123456789abcdef0123456789abcdef","watermarks":true,"checkpoints":false}'

@test "watermarks of the stream count, are forwarded behind what they fire, and --watermark is told off once" {
	printf '%s\n' "$hello" '{"t":1000}' '{"t":9000}' '{"t":1500}' '{"_maip":"watermark","ts":1999}' '{"t":1500}' '{"_maip":"end","drain":true}' >in
	run -0 --separate-stderr window --tumbling 1s --watermark 5s --late late in
	assert_equal "$stderr" 'maip-window: --watermark is not used: the stream brings its own watermarks (leave it out here)'
	assert_output "$hello
{\"window_start\":1000,\"window_end\":2000,\"count\":2}
{\"_maip\":\"watermark\",\"ts\":1999}
{\"window_start\":9000,\"window_end\":10000,\"count\":1}
{\"_maip\":\"end\",\"drain\":true}"
	assert_equal "$(<late)" '{"t":1500}'
}

@test "an upstream that dies, or stops without draining, fires nothing" {
	printf '%s\n' "$hello" '{"t":1000}' >in
	run -75 --separate-stderr window --tumbling 1s in
	assert_output "$hello"
	assert_equal "$stderr" 'maip-window: the input ended without an end line: an upstream stage died'
	printf '%s\n' "$hello" '{"t":1000}' '{"_maip":"end","drain":false}' >in
	run -0 window --tumbling 1s in
	assert_output "$hello
{\"_maip\":\"end\",\"drain\":false}"
}

@test "signals that come together are one request: a stream with control lines is read on" {
	mkfifo in
	maip-window --time t --time-format ms --time-style ms --tumbling 1s in >out 3>&- &
	window=$!
	exec 7>in
	printf '%s\n' "$hello" '{"t":1000}' '{"_maip":"watermark","ts":1999}' >&7
	for _ in {1..500}; do [[ $(wc -l <out) == 3 ]] && break; sleep 0.02; done
	kill -TERM "$window"
	kill -INT "$window"
	kill -HUP "$window"
	printf '%s\n' '{"t":2000}' '{"_maip":"end","drain":true}' >&7
	exec 7>&-
	wait "$window"
	assert_equal "$(sed -n 4p out)" '{"window_start":2000,"window_end":3000,"count":1}'
}

@test "late records are told at the end unless they are kept" {
	printf '{"t":%d}\n' 1000 9000 1500 >in
	run -0 --separate-stderr window --tumbling 1s in
	assert_equal "$stderr" 'maip-window: 1 late record was dropped (--late FILE keeps them, --watermark or --allowed-lateness waits for them)'
}

@test "-v ends with a line of counts" {
	printf '{"t":%d,"k":"a"}\n' 1000 9000 1500 9999 >in
	run -0 --separate-stderr window --tumbling 1s -v --where 't <> 9999' --key k in
	[[ $stderr == 'maip-window: records=4 bad=0 filtered=1 late=1 between-windows=0 rows=2 open=0 keys=1 state-bytes='* ]]
}

@test "sources in a mixed stream have watermarks of their own" {
	printf '{"t":%d,"p":%d}\n' 1000 0 1000 1 9000 0 1500 1 9000 1 >in
	run -0 --separate-stderr window --tumbling 1s --watermark-by p in
	assert_output '{"window_start":1000,"window_end":2000,"count":3}
{"window_start":9000,"window_end":10000,"count":2}'
	assert_equal "$stderr" ''
}

@test "early rows show open windows each time that time passes a multiple" {
	printf '{"t":%d}\n' 1000 2500 4100 7000 >in
	run -0 window --tumbling 5s --emit-every 2s in
	assert_output '{"window_start":0,"window_end":5000,"count":2,"early":true}
{"window_start":0,"window_end":5000,"count":3,"early":true}
{"window_start":0,"window_end":5000,"count":3}
{"window_start":5000,"window_end":10000,"count":1,"early":true}
{"window_start":5000,"window_end":10000,"count":1}'
}

@test "keys that fall silent have rows of zeros for as many windows as --emit-empty says" {
	printf '{"t":%d,"k":"%s","v":1}\n' 0 a 1 b 1000 b 5000 b >in
	run -0 window --key k --tumbling 1s --agg 'COUNT(*) AS n' --agg 'SUM(v) AS s' --emit-empty 2 --having "k = 'a' OR n > 0" in
	assert_output '{"k":"a","window_start":0,"window_end":1000,"n":1,"s":1}
{"k":"b","window_start":0,"window_end":1000,"n":1,"s":1}
{"k":"a","window_start":1000,"window_end":2000,"n":0,"s":null}
{"k":"b","window_start":1000,"window_end":2000,"n":1,"s":1}
{"k":"a","window_start":2000,"window_end":3000,"n":0,"s":null}
{"k":"b","window_start":5000,"window_end":6000,"n":1,"s":1}'
}

@test "--top prefers the greatest, then the first to come, and passes over NULL" {
	printf '{"t":1,"k":"%s","v":%s}\n' a null b 2 c 3 d 3 >in
	run -0 window --key k --tumbling 1s --agg 'SUM(v) AS s' --top '2 BY s' in
	assert_output '{"k":"c","window_start":0,"window_end":1000,"s":3}
{"k":"d","window_start":0,"window_end":1000,"s":3}'
	run -0 window --key k --tumbling 1s --agg 'SUM(v) AS s' --top '9 by -s' --having 'k <> '"'d'" in
	assert_output '{"k":"b","window_start":0,"window_end":1000,"s":2}
{"k":"c","window_start":0,"window_end":1000,"s":3}
{"k":"a","window_start":0,"window_end":1000,"s":null}'
}

@test "an idle input lets time go on where that was asked for" {
	mkfifo in out
	window --tumbling 1s --idle-advance 20ms <in >out &
	exec 7>in 8<out
	echo '{"t":500}' >&7
	read -r row <&8                 # comes though nothing more has, once 500 ms have passed
	assert_equal "$row" '{"window_start":0,"window_end":1000,"count":1}'
	exec 7>&-
	wait "$!"
}

@test "windows of processing time fire without input" {
	mkfifo in out
	maip-window --processing-time --tumbling 50ms <in >out &
	exec 7>in 8<out
	echo '{"x":1}' >&7
	read -r row <&8
	[[ $row == '{"window_start":"20'*'","count":1}' ]]
	exec 7>&-
	wait "$!"
}

@test "more state than --state-memory allows ends the run with 75, and says the ways out" {
	seq 200000 | sed 's/.*/{"t":&,"k":"key &"}/' >many
	run -75 --separate-stderr window --key k --tumbling 1h --state-memory 4MiB many
	assert_output ''
	[[ $stderr == 'maip-window: '*' open windows of '*' keys take '*' bytes, more than --state-memory allows: what they hold is lost, rows so far are right (take a shorter window, a --where filter, or more memory, and start again)' ]]
	run -75 window --tumbling 1h --agg 'COUNT(DISTINCT k) AS n' --state-memory 4MiB many
	run -75 window --session 1h --agg 'COUNT(DISTINCT k) AS n' --state-memory 4MiB many
	run -75 window --global --agg 'COUNT(DISTINCT k) AS n' --state-memory 4MiB many
	run -0 window --tumbling 1h --agg 'COUNT(DISTINCT k) AS n' --state-memory 64MiB many
	assert_output '{"window_start":0,"window_end":3600000,"n":200000}'
}

@test "keys that come once do not stay for ever" {
	seq 500000 | sed 's/.*/{"t":&,"k":"key &"}/' >many
	run -0 --separate-stderr bash -c 'maip-window -v --time t --time-format ms --key k --tumbling 10ms many | wc -l'
	assert_output 500000
	keys=${stderr#* keys=}
	((${keys%% *} <= 131072))
}

@test "a number beyond a double is a bad record wherever it is read, and nothing where it is not" {
	for place in '--agg SUM(w)' '--agg COUNT(w)' '--agg MAX(w)' '--key w' '--where w>0' '--where w<0' '--agg FIRST(w)'; do
		run -65 --separate-stderr window --tumbling 1s ${place} <<<'{"t":1000,"w":-1e400}'
		assert_output ''
		assert_equal "$stderr" "maip-window: line 1: the number '-1e400' is too large"
	done
	run -0 window --tumbling 1s <<<'{"t":1000,"w":-1e400}'
	assert_output '{"window_start":1000,"window_end":2000,"count":1}'
}

@test "windows of processing time that are open when the input ends fire then" {
	run -0 bash -c "echo '{\"x\":1}' | maip-window --processing-time --tumbling 1d"
	[[ $output == '{"window_start":"20'*'","count":1}' ]]
}

# Every day of a zone with changes of its clocks both ways, as Python's zoneinfo knows them.
@test "days, weeks and months of real time zones are those of another program" {
	for zone in Europe/Berlin America/New_York; do
		for unit in 1d 1w 1mo; do
			python3 - "$zone" "$unit" >expected 2>events <<-'END'
				import datetime, json, sys, zoneinfo
				zone, unit = zoneinfo.ZoneInfo(sys.argv[1]), sys.argv[2]
				utc = datetime.timezone.utc
				def floor(t):
				    day = t.astimezone(zone).date()
				    return {"1d": day, "1w": day - datetime.timedelta(day.weekday()), "1mo": day.replace(day=1)}[unit]
				def following(day):
				    return {"1d": day + datetime.timedelta(1), "1w": day + datetime.timedelta(7),
				            "1mo": (day + datetime.timedelta(31)).replace(day=1)}[unit]
				def midnight(day):
				    t = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
				    return int(t.timestamp()) * 1000
				counts = {}
				t = datetime.datetime(2025, 12, 25, tzinfo=utc)
				while t < datetime.datetime(2027, 1, 10, tzinfo=utc):
				    print(json.dumps({"t": int(t.timestamp()) * 1000}), file=sys.stderr)
				    counts[floor(t)] = counts.get(floor(t), 0) + 1
				    t += datetime.timedelta(minutes=30)
				for day, n in counts.items():
				    print(json.dumps({"window_start": midnight(day), "window_end": midnight(following(day)), "count": n},
				                     separators=(",", ":")))
			END
			run -0 window --tumbling "$unit" --tz "$zone" events
			assert_output "$(<expected)"
		done
	done
}

@test "ten million keys under a memory cap end with 75 long before the machine does" {
	limit='ulimit -v 1000000'
	[[ $MAIP_BIN != *address* ]] || limit=: # the sanitizer takes terabytes of addresses
	run -75 --separate-stderr bash -c "$limit;"' seq 10000000 | sed "s/.*/{\"t\":&,\"k\":&}/" |
		maip-window --time t --time-format ms --key k --tumbling 1d --state-memory 64MiB'
	assert_output ''
	[[ $stderr == 'maip-window: '*' take '*' bytes, more than --state-memory allows: '* ]]
}

@test "a sum that meets text is a bad record, and TRY_CAST reads numbers out of it" {
	printf '{"t":1,"v":1.5}\n{"t":2,"v":"2.25"}\n{"t":3,"v":null}\n{"t":4,"v":"x"}\n' >in
	for agg in 'SUM(v)' 'AVG(DISTINCT v)' 'MEDIAN(v)'; do
		run -65 --separate-stderr window --tumbling 1m --agg "$agg" in
		assert_equal "$stderr" "maip-window: in: line 2: '$agg' takes numbers, and this is text (TRY_CAST makes one of it, or NULL)"
	done
	for truth in true false; do
		run -65 --separate-stderr window --tumbling 1m --agg 'COUNT(*)' --agg 'AVG(v)' - <<<"{\"t\":1,\"v\":$truth}"
		assert_equal "$stderr" "maip-window: line 1: 'AVG(v)' takes numbers, and this is $truth (TRY_CAST makes one of it, or NULL)"
	done
	run -65 --separate-stderr window --tumbling 1m --agg 'SUM(v) AS s' --agg 'COUNT(*) AS n' --on-error skip in
	assert_output --partial '"s":1.5,"n":2}'
	run -0 window --tumbling 1m --agg 'SUM(TRY_CAST(v AS DECIMAL(38, 2))) AS s' --agg 'SUM(v) FILTER (WHERE v < 2) AS f' --agg 'MAX(v) AS m' in
	assert_output --partial '"s":3.75,"f":1.5,"m":"x"}'
	run -0 window --tumbling 1m --where 'v < 10 OR v IS NULL' --agg 'SUM(v) AS s' in
	assert_output --partial '"s":1.5}'
}

@test "what a row of many values takes while it is made counts under the memory cap" {
	seq 200000 | sed 's/.*/{"t":1,"k":"key &"}/' >in
	for agg in 'COUNT(*) BY k' 'COUNT(DISTINCT k)' 'COLLECT(DISTINCT k)' 'TOP(3, k)' 'COLLECT(k)'; do
		window --tumbling 1m --agg "$agg" --state-memory 64MiB in >free
		window --tumbling 1m --agg "$agg" --state-memory 16MiB in >"$agg" 2>said ||
			[[ $? == 75 && $(<said) == *' more than --state-memory allows: '* ]]
		[[ ! -s $agg ]] || cmp free "$agg"
	done
	[[ ! -s 'COUNT(*) BY k' && -s 'COUNT(DISTINCT k)' && ! -s 'COLLECT(DISTINCT k)' && -s 'TOP(3, k)' && ! -s 'COLLECT(k)' ]]
}

@test "an open window with a count and a sum takes 24 bytes at most beside its key, a session 48" {
	{ echo "$hello"; seq 300000 | sed 's/.*/{"t":&,"k":"key &","v":1.25}/'; echo '{"_maip":"end","drain":false}'; } >in
	for shape in "--tumbling 1d 24" "--sliding 1d,12h 24" "--session 1d 48"; do
		read -r option size most <<<"$shape"
		run -0 --separate-stderr window -v --key k "$option" "$size" --agg 'COUNT(*)' --agg 'SUM(v)' in
		read -r open state keys <<<"$(sed -n 's/.* open=\([0-9]*\) .* state-bytes=\([0-9]*\) key-bytes=\([0-9]*\)$/\1 \2 \3/p' <<<"$stderr")"
		((open == 300000 && state - keys <= open * most))
	done
}

@test "--having compares the bounds of a window, and columns that are moments, with text" {
	echo '{"timestamp":"2026-01-16T12:00:01Z","x":"2026-01-16T12:00:01Z"}' >in
	run -0 maip-window --tumbling 5s --having "window_start >= '2026-01-16' AND window_end < '2026-01-17'" in
	assert_output '{"window_start":"2026-01-16T12:00:00.000Z","window_end":"2026-01-16T12:00:05.000Z","count":1}'
	run -0 maip-window --global --agg 'MAX(TO_TIMESTAMP(x)) AS m' --having "m >= '2026-01-16'" in
	assert_output '{"m":"2026-01-16T12:00:01.000Z"}'
	run -64 maip-window --tumbling 5s --having "window_start > 0" in
	assert_output 'maip-window: --having: column 16: a moment cannot be compared with a number (write the moment as text: '\''2026-01-16T12:00:00Z'\'')'
}

@test "a terminal that is closed ends a run as other signals do" {
	mkfifo lines
	maip-window --tumbling 5s <lines 2>err 3>&- &
	window=$!
	exec 4>lines
	echo '{"timestamp":"2026-01-16T12:00:01Z"}' >&4
	# until it is maip-window, and no longer the shell, that catches SIGHUP
	timeout 30 bash -c 'until [[ $(readlink /proc/$0/exe) == */maip-window ]] && grep -q "^SigCgt:.*[13579bdf]$" /proc/$0/status; do sleep 0.05; done' "$window"
	kill -HUP "$window"
	status=0
	wait "$window" || status=$?
	assert_equal "$status" 75
	exec 4>&-
	assert_equal "$(<err)" "maip-window: stopped by a signal before the end of the input"
}

@test "what is further apart than a double can tell has a middle, too" {
	printf '{"timestamp":1,"k":%s}\n' 1e308 -1e308 >in
	run -0 maip-window --tumbling 5s --agg 'MEDIAN(k) AS m' --agg 'QUANTILE(k, 0.25) AS q' in
	assert_output --partial '"m":0.0,"q":-5e+307}'
}

@test "an interval of nothing, and a gap beyond all bounds, are refused" {
	run -64 maip-window --tumbling 5s --emit-every 0s </dev/null
	assert_output "maip-window: --emit-every: has to be longer than 0"
	run -65 maip-window --session-expr 9007199254740993 <<<'{"timestamp":1}'
	assert_output --partial "the session gap is 9007199254740993 ms: it has to be at most 2^53"
}
