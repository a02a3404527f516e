#!/usr/bin/env bats
# Bad input, full disks, readers that leave and signals: the same in every filter, with what was
# good before delivered.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

filters=(maip-window maip-cep)
at() { printf '{"timestamp":"2026-01-16T%sZ","k":"a"}\n' "$1"; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	{ at 12:00:00; at 12:06:00; } >good
}

filter() { # NAME [OPTION]...: says one line about 12:00 as soon as it sees 12:06
	case $1 in
	maip-window) maip-window --key k --tumbling 5m --agg 'COUNT(*) AS n' "${@:2}" ;;
	maip-cep) maip-cep --key k --begin a --emit summary "${@:2}" ;;
	esac
}

# After two good lines this one ends each filter with 65 and MESSAGE, and what was good before has
# been delivered.
bad_line() { # LINE MESSAGE [OPTION]...
	local name
	for name in "${filters[@]}"; do
		printf '%s\n' "$(<good)" "$1" '{"never":"read"}' >in
		run -65 --separate-stderr filter "$name" "${@:3}" in
		assert_equal "$stderr" "$name: in: line 3: $2"
		assert_line --index 0 --partial 2026-01-16T12:00:00.000Z
	done
}

@test "a line that is not JSON" {
	bad_line 'nope' "column 1: expected a value, found 'nope'"
	bad_line '{"timestamp":"2026-01-16T12:00:00Z","k":"a"' "column 44: expected ',' or '}' after a member, found the end of the line"
	bad_line '[1]' 'a record is an object, not an array'
}

@test "a line without a time, or with one that is none" {
	bad_line '{"k":"a"}' "no time: 'timestamp' is missing or null"
	bad_line '{"timestamp":true,"k":"a"}' "'timestamp' is TRUE, which is not a time (RFC 3339, or a number since 1970) within the years -9999 to 9999"
	bad_line '{"timestamp":"yesterday","k":"a"}' \
		"'timestamp' is the text 'yesterday', which is not a time (RFC 3339, or a number since 1970) within the years -9999 to 9999"
}

@test "--ok-errors has nothing to allow where the first bad record ends the run" {
	local command
	for command in 'maip-window --tumbling 5m' 'maip-cep --begin a' 'maip-produce -t t --dry-run' \
		'maip-consume -t t -b 127.0.0.1:1'; do
		for policy in '' '--on-error stop'; do
			run -64 --separate-stderr $command $policy --ok-errors 1 </dev/null
			assert_equal "$stderr" "${command%% *}: --ok-errors is for --on-error skip or dead-letter=FILE: with stop the first that is bad ends the run"
		done
	done
}

@test "a command line that is refused makes no file of dead letters" {
	local command
	for command in 'maip-window --tumbling 5m --key (' 'maip-window --tumbling 5m --bogus' 'maip-cep --begin a --where (' \
		'maip-produce -t t --acks 1' 'maip-consume -t t -b 127.0.0.1:1 --where ('; do
		run -64 $command --on-error dead-letter=letters </dev/null
		assert [ ! -e letters ]
		run -64 ${command%% *} --on-error dead-letter=letters ${command#* } </dev/null
		assert [ ! -e letters ]
	done
}

@test "a full disk under a side output is told once, and nothing is said to be there" {
	local name
	for name in "${filters[@]}"; do
		{ cat good; echo nope; } >in
		run -74 --separate-stderr filter "$name" --on-error dead-letter=/dev/full in
		assert_equal "$stderr" "$name: cannot write to '/dev/full': No space left on device
$name: 1 bad record could not be kept in /dev/full: in: line 3: column 1: expected a value, found 'nope'"
		yes nope | head -n 5000 >in     # more than is held back: the run ends for it
		run -74 --separate-stderr filter "$name" --on-error dead-letter=/dev/full in
		assert_equal "${#stderr_lines[@]}" 2
		assert_regex "$stderr" "$name: [0-9]+ bad records could not all be kept in /dev/full; the first: in: line 1: "
		{ cat good; yes "$(at 12:00:00)" | head -n 10000; } >in
		run -74 --separate-stderr filter "$name" --late /dev/full in
		assert_equal "$stderr" "$name: cannot write to '/dev/full': No space left on device"
	done
}

@test "what is read is not written as well, for it would have no end" {
	local name
	for name in "${filters[@]}"; do
		run -64 --separate-stderr filter "$name" good - --late good </dev/null
		assert_equal "$stderr" "$name: 'good' is written to as well: it would have no end"
		run -64 --separate-stderr filter "$name" --on-error dead-letter=good good
		assert_equal "$stderr" "$name: 'good' is written to as well: it would have no end"
		filter "$name" good >>good 2>err && fail "$name appends to what it reads"
		assert_equal "$(<err)" "$name: 'good' is written to as well: it would have no end"
		run -64 --separate-stderr filter "$name" --late good <good
		assert_equal "$stderr" "$name: standard input is written to as well: it would have no end"
		run -0 filter "$name" --late /dev/null /dev/null
		run -0 filter "$name" --late late good
		assert_equal "$(wc -l <good)" 2
	done
	run -64 --separate-stderr maip-cep --key k --begin a --timeouts good good
	run -64 --separate-stderr maip-produce -t t --dry-run --on-error dead-letter=good good
	assert_equal "$stderr" "maip-produce: 'good' is written to as well: it would have no end"
	assert_equal "$(wc -l <good)" 2
}

@test "a line without the key" {
	local name
	for name in "${filters[@]}"; do
		run -65 --separate-stderr filter "$name" <<<'{"timestamp":"2026-01-16T12:00:00Z"}'
		assert_regex "$stderr" "^$name: line 1: no key: 'k' is missing"
	done
}

@test "an object or an array is no key, whatever asks for one" {
	local json at='"timestamp":"2026-01-16T12:00:00Z"'
	echo 'MATCH_RECOGNIZE (PARTITION BY k ORDER BY timestamp MEASURES A.v AS v PATTERN (A) DEFINE A AS TRUE)' >clause
	for json in '{"a":1}' '{}' '[1]'; do
		bad_line "{$at,\"k\":$json}" "'k' cannot be a key: it is an object or an array"
		run -65 --separate-stderr maip-cep --match-recognize clause <<<"{$at,\"k\":$json}"
		assert_equal "$stderr" "maip-cep: line 1: 'k' cannot be a key: it is an object or an array"
	done
	run -0 --separate-stderr maip-cep --match-recognize clause <<<"{$at,\"k\":null,\"v\":1}"
	assert_output '{"k":null,"v":1}'
}

@test "a line that is too long, or too deep" {
	bad_line "{\"timestamp\":\"2026-01-16T12:00:00Z\",\"k\":\"$(printf '%2000s' '')\"}" 'longer than the 1024 bytes of --max-line' --max-line 1024
	bad_line "{\"timestamp\":\"2026-01-16T12:00:00Z\",\"k\":$(printf '[%.0s' {1..300})" 'column 296: nested deeper than 256 levels'
}

@test "data that looks like a control line" {
	bad_line '{"_maip":"watermark","ts":1}' 'control line before hello'
	bad_line '{"_maip":"end","drain":true}' 'control line before hello'
	bad_line '{"\u005fmaip":"end","timestamp":"2026-01-16T12:00:00Z","k":"a"}' \
		'a record must not begin with _maip: that name belongs to control lines'
}

@test "skipped lines are counted and told, and the status is still 65" {
	local name
	for name in "${filters[@]}"; do
		run -65 --separate-stderr filter "$name" --on-error skip < <(echo nope; cat good; echo '{"k":1}')
		assert_equal "$stderr" "$name: 2 bad records were skipped; the first: line 1: column 1: expected a value, found 'nope'"
		assert_equal "${#lines[@]}" 2
		run -0 --separate-stderr filter "$name" --on-error skip --ok-errors 2 \
			< <(echo nope; cat good; echo '{"k":1}')
		assert_equal "$stderr" ''
	done
}

@test "dead letters keep the line, the place and the reason" {
	local name
	for name in "${filters[@]}"; do
		run -65 --separate-stderr filter "$name" --on-error "dead-letter=$name.bad" < <(cat good; printf 'n\xffpe\n{"k":"\u00e9"}\n')
		assert_equal "$stderr" "$name: 2 bad records went to $name.bad; the first: line 3: column 1: expected a value, found 'n'"
		run -0 cat "$name.bad"
		assert_line --index 0 '{"reason":"column 1: expected a value, found '"'n'"'","position":"line 3","input_b64":"bv9wZQ=="}'
		assert_line --index 1 '{"reason":"no time: '\''timestamp'\'' is missing or null","position":"line 4","input":"{\"k\":\"é\"}"}'
	done
}

@test "a file that is not there, or is a folder, ends with 66 before anything is read" {
	local name
	for name in "${filters[@]}"; do
		run -66 --separate-stderr filter "$name" good missing
		assert_equal "$output$stderr" "$name: cannot read 'missing': No such file or directory"
		run -66 --separate-stderr filter "$name" good .
		assert_equal "$output$stderr" "$name: cannot read '.': Is a directory"
		run -66 --separate-stderr filter "$name" <.
		assert_equal "$output$stderr" "$name: cannot read standard input: Is a directory"
	done
}

@test "standard input or output that is closed is told, and no other file takes its place" {
	for command in 'maip-window --key k --tumbling 5m' 'maip-cep --key k --begin a --emit summary' \
		'maip-produce -t t --dry-run'; do
		run -66 --separate-stderr timeout 20 bash -c "$command <&-"
		assert_equal "$output$stderr" "${command%% *}: standard input is closed"
		run -66 timeout 20 bash -c "$command <&- >&- 2>&-"
		assert_output ""
		run -0 bash -c "$command /dev/null <&-"
	done
	for command in maip-window maip-cep maip-produce maip-consume maip-jobctl; do
		run -74 --separate-stderr bash -c "$command --help >&-"
		assert_equal "$stderr" "$command: cannot write to standard output: Bad file descriptor"
	done
}

@test "'-' is no side output" {
	for command in 'maip-window --key k --tumbling 5m --late' 'maip-window --key k --tumbling 5m --on-error' \
		'maip-cep --key k --begin a --within 1m --emit summary --timeouts' 'maip-produce -t t --receipts' \
		'maip-produce -t t --dead-letter'; do
		file=-
		[[ $command != *on-error ]] || file=dead-letter=-
		run -64 --separate-stderr $command $file </dev/null
		assert_regex "$stderr" "^${command%% *}: ${command##* }: '-' is no file \\(/dev/stderr is, and ./- is one of that name\\)\$"
		assert [ ! -e ./- ]
	done
}

@test "a file without permission ends with 66" {
	local name as=()
	touch secret
	chmod 0 secret
	# else root may read everything
	[[ $(id -u) != 0 ]] || as=(setpriv --bounding-set -dac_override,-dac_read_search)
	for name in "${filters[@]}"; do
		case $name in
		maip-window) run -66 --separate-stderr "${as[@]}" maip-window --tumbling 5m secret ;;
		maip-cep) run -66 --separate-stderr "${as[@]}" maip-cep --begin a secret ;;
		esac
		assert_equal "$output$stderr" "$name: cannot read 'secret': Permission denied"
	done
}

@test "a full disk ends with 74" {
	local name
	for name in "${filters[@]}"; do
		to_full() { filter "$name" good >/dev/full; }
		run -74 to_full
		assert_output "$name: cannot write to standard output: No space left on device"
	done
}

@test "a reader that leaves ends a filter quietly" {
	local name
	seq 0 59 | while read -r minute; do at "12:$(printf %02d "$minute"):00"; done >hour
	for name in "${filters[@]}"; do
		for _ in {1..500}; do cat hour; done | filter "$name" --watermark none 2>err | true
		assert_equal "${PIPESTATUS[1]} $(<err)" '0 '
	done
}

@test "SIGTERM ends a filter on plain input with 75, what it had said delivered and nothing fired" {
	local name first rest pid status
	mkfifo in out
	for name in "${filters[@]}"; do
		case $name in
		maip-window) maip-window --key k --tumbling 5m <in >out 2>err 3>&- & ;;
		maip-cep) maip-cep --key k --begin a --emit summary <in >out 2>err 3>&- & ;;
		esac
		pid=$! status=0
		exec 4>in 5<out
		cat good >&4
		read -r first <&5
		kill -TERM "$pid"
		wait "$pid" || status=$?
		rest=$(cat <&5)
		exec 4>&- 5<&-
		assert_equal "$status $(<err)" "75 $name: stopped by a signal before the end of the input"
		assert_regex "$first" 2026-01-16T12:00:00.000Z
		assert_equal "$rest" ''
	done
}

@test "after hello an input that just ends fires nothing and ends with 75" {
	local name hello='{"_maip":"hello","version":1,"job":"00000000000000000000000000000000","run":"00000000000000000000000000000001","watermarks":true,"checkpoints":false}'
	for name in "${filters[@]}"; do
		run -75 --separate-stderr filter "$name" < <(echo "$hello"; at 12:00:00)
		assert_equal "$stderr" "$name: the input ended without an end line: an upstream stage died"
		assert_output "$hello"
		run -75 --separate-stderr filter "$name" < <(echo "$hello"; at 12:00:00; printf '{"_maip":"end","drain":true}')
		assert_equal "$stderr" "$name: the input ended in the middle of a line: an upstream stage died"
		assert_output "$hello"
	done
}

@test "SIGTERM ends a filter whose reader does not read" {
	local name first pid status
	mkfifo out
	seq -f '{"timestamp":%.0f000,"k":"a"}' 1767225600 1767265600 >in
	for name in "${filters[@]}"; do
		case $name in
		maip-window) maip-window --key k --tumbling 1s in >out 2>err 3>&- & ;;
		maip-cep) maip-cep --key k --begin a --emit summary in >out 2>err 3>&- & ;;
		esac
		pid=$! status=0
		exec 5<out
		read -r first <&5 # the rest is more than a pipe holds
		until [[ $(<"/proc/$pid/stat") = *') S '* ]]; do :; done
		kill -TERM "$pid"
		wait "$pid" || status=$?
		exec 5<&-
		assert_equal "$status" 75
		assert_equal "$(<err)" "$name: stopped by a signal while nobody read the output: its last line may be cut"
	done
}
