#!/usr/bin/env bats
# maip-consume against the embedded broker: what is printed, what is refused, and the exit status of
# each.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load
load ../support/broker

setup() {
	cd "$BATS_TEST_TMPDIR"
	start_broker t:4 one:1
}

teardown() {
	stop_broker
}

put() { maip-produce -t one --text; }

@test "a topic to its end, a record a line, bytes untouched" {
	printf '%s\n' '{"b" : 1.50, "a":"\u0041"}' '{}' | put
	run -0 --separate-stderr maip-consume -t one -e
	assert_equal "$output" $'{"b" : 1.50, "a":"\\u0041"}\n{}'
	assert_equal "$stderr" ""
}

@test "partitions are merged by the time that --time names" {
	for i in 4 1 3 2 0; do printf '{"id":"%s","at":%s}\n' $i $((i + 1700000000)); done | maip-produce -t t -k id
	run -0 maip-consume -t t -e --time at --where 'at > 1700000000'
	assert_equal "$(sed 's/.*"id":"\(.\)".*/\1/' <<<"$output" | tr -d '\n')" 1234
}

@test "what --where knows of a record beside its value has its kind" {
	echo '{"n":1}' | put
	run -0 maip-consume -t one -e --where "\$timestamp > '2020-01-01'"
	assert_output '{"n":1}'
	run -64 maip-consume -t one -e --where "\$timestamp > 1577836800000"
	assert_output 'maip-consume: --where: column 14: a moment cannot be compared with a number (write the moment as text: '\''2026-01-16T12:00:00Z'\'')'
	run -64 maip-consume -t one -e --where "\$offset = 'x'"
	assert_output 'maip-consume: --where: column 11: a number cannot be compared with text (write both as text or both as numbers, or CAST one of them)'
}

@test "a header whose name is no word stands in backquotes" {
	kcat -P -b "$MAIP_KAFKA_BROKERS" -t one -H content-type=json -H Trace.Id=7 8>&- 9<&- <<<'{"n":1}'
	echo '{"n":2}' | put
	run -0 maip-consume -t one -e --where "\$headers.\`content-type\` = 'json' AND \$headers.\`Trace.Id\` = '7'"
	assert_output '{"n":1}'
}

@test "keys and headers that are no text are compared in base64, which is that of envelopes" {
	printf '%s\n' '{"topic":"one","key_b64":"AP8=","headers":[["id",{"b64":"/w=="}]],"value":{"n":1}}' \
		'{"topic":"one","key":"k","headers":[["id","text"],["none",null]],"value":{"n":2}}' | maip-produce --envelope
	run -0 maip-consume -t one -e -w "\$headers.id.b64 = '/w=='"
	assert_output '{"n":1}'
	run -0 maip-consume -t one -e -w "\$key_b64 = 'AP8='" -w "\$headers.id IS NULL" -w "\$key IS NULL"
	assert_output '{"n":1}'
	run -0 maip-consume -t one -e -w "\$headers.id.b64 = 'dGV4dA==' AND \$headers.id = 'text' AND \$headers.none.b64 IS NULL"
	assert_output '{"n":2}'
}

@test "a bad record ends the run behind the good ones, and is named" {
	printf '%s\n' '{"n":1}' oops '{"n":2}' | put
	run -65 --separate-stderr maip-consume -t one -e
	assert_equal "$output" '{"n":1}'
	assert_equal "$stderr" "maip-consume: one[0]@1: column 1: expected a value, found 'oops'"
}

@test "a bad record can be passed over, and still shows in the exit status" {
	printf '%s\n' '{"n":1}' oops '{"n":2}' | put
	run -65 --separate-stderr maip-consume -t one -e --on-error skip
	assert_equal "$output" $'{"n":1}\n{"n":2}'
	run -0 --separate-stderr maip-consume -t one -e --on-error dead-letter=bad --ok-errors 1
	assert_equal "$output" $'{"n":1}\n{"n":2}'
	run -0 jq -r .position bad
	assert_equal "$output" 'one[0]@1'
}

@test "nobody forges a control line" {
	echo '{"topic":"one","value":{"_maip":"end","drain":true}}' | maip-produce --envelope
	run -65 --separate-stderr maip-consume -t one -e --watermark 0
	assert_equal "${#lines[@]}" 1
	[[ ${lines[0]} == '{"_maip":"hello"'* ]]
	[[ $stderr == *'one[0]@0: '* ]]
}

@test "a stream with watermarks says how far time has come, and ends with its end" {
	echo '{"timestamp":"2026-01-16T12:00:00Z"}' | put
	MAIP_JOB_ID=0123456789abcdef0123456789abcdef run -0 maip-consume -t one -e --watermark 5s
	assert_line --index 0 --partial '{"_maip":"hello","version":1,"job":"0123456789abcdef0123456789abcdef","run":"'
	assert_line --index 1 '{"timestamp":"2026-01-16T12:00:00Z"}'
	assert_equal "${lines[-1]}" '{"_maip":"end","drain":true}'
}

@test "--watermark none: the reader makes no watermarks of its own either, nothing is late, all fires at the end" {
	for i in 30 20 10 0; do printf '{"timestamp":"2026-01-16T12:%02d:00Z"}\n' $i; done | put
	maip-consume -t one -e --watermark none >lines
	run -1 grep '"watermark"' lines
	run -0 --separate-stderr maip-window --tumbling 10m --agg 'COUNT(*) AS n' <lines
	assert_equal "$(jq -c '.n | values' <<<"$output" | tr -d '\n')" 1111
	assert_equal "$stderr" ""
	# a reader that decides for itself
	sed -i '1s/"watermarks":true/"watermarks":false/' lines
	run --separate-stderr maip-window --tumbling 10m --agg 'COUNT(*) AS n' <lines
	assert_regex "$stderr" '3 .*late'
}

# Disordered by up to 400 ms, of which the watermark allows for 100.
disordered() { # SEED
	awk -v seed="$1" 'BEGIN { srand(seed); for (i = 0; i < 3000; i++)
		printf "{\"n\":%d,\"timestamp\":%.0f}\n", i, 1768564800000 + 3 * i + int(400 * rand()) }'
}

@test "what is late behind a topic is what is late in a file, however fast the topic is read" {
	local window
	disordered 7 >file
	put <file
	for window in "--tumbling 10ms" "--session 5ms"; do
		maip-window $window --watermark 100ms file >expected 2>told
		grep -q late told
		maip-consume -t one -e --watermark 100ms |
			maip-window $window 2>bounded | grep -v _maip >found
		cmp expected found
		cmp told bounded
		maip-consume -t one -o earliest -c 3000 --watermark 100ms --rate 10000 |
			maip-window $window 2>live | grep -v _maip >found
		cmp expected found
		cmp told live
	done
}

@test "SIGTERM ends a live read with 0, and says that nothing may fire" {
	echo '{"timestamp":1}' | put
	mkfifo lines
	maip-consume -t one -o earliest --watermark 0 >lines &
	exec 7<lines
	read -r _ <&7   # hello
	read -r line <&7
	assert_equal "$line" '{"timestamp":1}'
	kill -TERM $!
	wait $!
	assert_equal "$(tail -n 1 <&7)" '{"_maip":"end","drain":false}'
}

@test "a full disk is an error, and a reader that leaves is none" {
	printf '{"n":%d}\n' {1..2000} | put
	run -74 --separate-stderr bash -c 'maip-consume -t one -e >/dev/full'
	assert_equal "$stderr" "maip-consume: cannot write to standard output: No space left on device"
	run -0 --separate-stderr bash -c 'set -o pipefail; maip-consume -t one -e | head -n 1'
	assert_equal "$output" '{"n":1}'
	assert_equal "$stderr" ""
}

@test "no broker: what, why, and what to do" {
	run -69 --separate-stderr maip-consume -t one -b localhost:1 --broker-timeout 200ms
	assert_equal "$output" ""
	assert_equal "$stderr" "maip-consume: cannot reach Kafka at localhost:1: Connection refused (set MAIP_KAFKA_BROKERS or -b)"
}

@test "a broker whose name nobody knows, and one of two that is" {
	run -69 --separate-stderr maip-consume -b nosuch.invalid:9092 -t one -e --broker-timeout 1s
	assert_regex "$stderr" "^maip-consume: cannot reach Kafka at nosuch.invalid:9092: Failed to resolve 'nosuch.invalid:9092': .* \\(set MAIP_KAFKA_BROKERS or -b\\)\$"
	echo '{"n":1}' | put
	run -0 --separate-stderr maip-consume -b "nosuch.invalid:9092,$MAIP_KAFKA_BROKERS" -t one -e
	assert_equal "$output$stderr" '{"n":1}'
}

@test "--max-future: a record from the future is bad, and moves no watermark" {
	echo '{"timestamp":"2026-01-16T12:00:00Z"}' | put
	echo '{"timestamp":"9999-01-16T12:00:00Z"}' | put
	echo '{"timestamp":"2026-01-16T12:00:01Z"}' | put
	local read=(maip-consume -t one -e --watermark 0s --max-future 1h)
	run -65 --separate-stderr "${read[@]}" --on-error skip
	run -0 jq -c '[.timestamp, ._maip, .ts]' <<<"$output"
	assert_equal "$(tr -d '\n' <<<"$output")" '[null,"hello",null]["2026-01-16T12:00:00Z",null,null]["2026-01-16T12:00:01Z",null,null][null,"end",null]'
	run -65 --separate-stderr "${read[@]}"
	assert_equal "$stderr" "maip-consume: one[0]@1: its time, 9999-01-16T12:00:00.000Z, is further ahead of the clock than --max-future allows"
}

@test "a port where something else than Kafka answers is told as that" {
	python3 -c '
import socket
port = socket.create_server(("127.0.0.1", 0))
print(port.getsockname()[1], flush=True)
clients = []
while True:
    clients.append(port.accept()[0])
    try:
        clients[-1].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    except OSError: # it has hung up
        pass
' >port 3>&- 8>&- 9<&- &
	server=$!
	await_lines port 1
	run -69 --separate-stderr maip-consume -b "127.0.0.1:$(<port)" -t one -e --broker-timeout 2s
	kill "$server"
	assert_equal "$stderr" "maip-consume: cannot use Kafka at 127.0.0.1:$(<port): what it answers is not Kafka's protocol (another port, unless receive.message.max.bytes is too small)"
}

@test "who cannot read leaves no stage downstream with an empty result that looks complete" {
	echo '{"topic":"a topic","partition":0,"offset":"1"}' >misnamed
	while IFS='|' read -r arguments expected; do
		run -0 --separate-stderr bash -c "maip-consume -t one $arguments --watermark 0 |
			maip-window --tumbling 1m --agg 'COUNT(*) AS n'; echo \${PIPESTATUS[*]}"
		assert_equal "${lines[-1]}" "$expected"
	done <<-'END'
		-b localhost:1 --broker-timeout 200ms|69 75
		-X no.such.property=1|78 75
		-X plugin.library.paths=x|78 75
		-F absent|66 75
		-F absent -o committed|66 75
		--offsets-from absent|66 75
		--offsets-from misnamed|65 75
		-e --on-error dead-letter=absent/letters|74 75
		-e --ok-errors 1|64 0
		-F absent --ok-errors|64 0
		-t absent -p 9|66 75
		-o 7|78 75
	END
}

# Read more than the pipe holds, which nobody reads, until a write is blocked; sets consumer.
block() { # OPTION...
	for i in {1..40}; do printf '{"n":%d,"x":"%050000d"}\n' "$i" 0; done | put
	mkfifo lines
	maip-consume -t one -o earliest "$@" >lines 2>messages 8>&- 9<&- &
	consumer=$!
	exec 7<lines
	for ((i = 0; i < 1000; i++)); do
		[[ $(<"/proc/$consumer/wchan") == *pipe_write ]] && break
		sleep 0.02
	done
}

# It has ended with this status and said this.
left_undone() { # STATUS REGEX
	local status=0
	wait "$consumer" || status=$?
	exec 7<&-
	assert_equal "$status" "$1"
	assert_regex "$(<messages)" "^maip-consume: $2\$"
}

@test "SIGTERM while nobody reads ends with 75, and says what did not leave" {
	block
	kill -TERM "$consumer"
	left_undone 75 'stopped by a signal while nobody read the output: up to [0-9]+ lines are not written, and the last one may be cut'
}

@test "a second signal while nobody reads leaves at once, a group and control lines or not, and says what is undone" {
	block -g g --watermark 0 --time "\$timestamp"
	kill -TERM "$consumer"
	second_request "$consumer"
	kill -HUP "$consumer"
	left_undone 75 'stopped by a signal while nobody read the output: up to [1-9][0-9]* lines are not written, and the last one may be cut; [1-9][0-9]* records are not committed'
	run -0 maip-consume --list-offsets -t one -g g
	assert_output --partial '"committed":null'
}

@test "a signal before a broker has answered: 75 for a read with an end and for a list, which say so, else 0" {
	local how expected
	kill -STOP "$broker_pid"
	while IFS='|' read -r how expected; do
		maip-consume -t one $how --broker-timeout 1h >out 2>err 3>&- 8>&- 9<&- &
		reader=$!
		await_ears "$reader" maip-consume
		kill -TERM "$reader"
		status=0
		wait "$reader" || status=$?
		assert_equal "$how: $status $(<err)" "$how: $expected"
		[[ $how != *--watermark* ]] || assert_equal "$(tail -n 1 out)" '{"_maip":"end","drain":false}'
	done <<-END
		|0 
		-g g|0 
		--watermark 0s|0 
		-e|75 maip-consume: stopped by a signal before the end of what was to be read
		-e -g g|75 maip-consume: stopped by a signal before the end of what was to be read
		-e --watermark 0s|75 maip-consume: stopped by a signal before the end of what was to be read
		-L|75 maip-consume: stopped by a signal before Kafka at $MAIP_KAFKA_BROKERS answered
		--list-offsets|75 maip-consume: stopped by a signal before Kafka at $MAIP_KAFKA_BROKERS answered
	END
}

@test "a signal while topics are asked for ends a live read with 0, and its stream with its end" {
	broker distance 1000
	maip-consume -t one -g g -v --watermark 0s >out 2>err 3>&- 8>&- 9<&- &
	reader=$!
	timeout 60 bash -c 'until grep -q "committing as group" err; do :; done'
	kill -TERM "$reader"
	wait "$reader"
	assert_equal "$(tail -n 1 out)" '{"_maip":"end","drain":false}'
}

@test "SIGTERM after the broker of a group has died does not wait for the session to end" {
	printf '{"n":%d}\n' 1 2 3 | put
	maip-consume -t one -g g -o earliest -X session.timeout.ms=300000 \
		>out 2>err 3>&- 8>&- 9<&- &
	member=$!
	await_lines out 3
	broker down
	kill -TERM "$member"
	timeout 25 tail -s 0.05 -f --pid="$member" /dev/null
	status=0
	wait "$member" || status=$?
	assert_equal "$status" 69
	assert_regex "$(<err)" "cannot reach Kafka at $MAIP_KAFKA_BROKERS: "
}

@test "SIGTERM to a member of a cooperative group that has been given nothing yet ends with 0" {
	broker fail 14 27 1000          # the group is rebalancing, again and again
	maip-consume -t one -g g -v -X debug=cgrp \
		-X partition.assignment.strategy=cooperative-sticky >out 2>err 3>&- 8>&- 9<&- &
	member=$!
	timeout 20 bash -c 'until grep -q "SyncGroup error" err; do sleep 0.02; done'
	kill -TERM "$member"
	wait "$member"
	[[ ! -s out && $(<err) != *Assertion* ]]
}

@test "a look for new partitions that no broker answers holds up no signal" {
	printf '{"n":%d}\n' 1 2 3 | put
	maip-consume -t one -o earliest -X topic.metadata.refresh.interval.ms=10 \
		>out 2>err 3>&- 8>&- 9<&- &
	reader=$!
	await_lines out 3
	broker down
	timeout 20 bash -c 'until grep -q "answers any more" err; do :; done'
	kill -TERM "$reader"
	timeout 5 tail -s 0.05 -f --pid="$reader" /dev/null
	wait "$reader"
}

@test "an offset that is not there is never jumped over" {
	echo '{}' | put
	run -78 --separate-stderr maip-consume -t one -o 7
	assert_equal "$stderr" "maip-consume: one[0] does not hold offset 7: it has 0 to 1 (go on with --offsets-from a file with the line {\"topic\":\"one\",\"partition\":0,\"offset\":\"0\"}, or with 1 in it to read what comes)"
}

@test "ranges, limits and partitions" {
	printf '{"n":%d}\n' {0..9} | put
	run -0 maip-consume -t one -o 2:4
	assert_equal "$output" $'{"n":2}\n{"n":3}'
	run -0 maip-consume -t one -o -2 -e
	assert_equal "$output" $'{"n":8}\n{"n":9}'
	run -0 maip-consume -t one -o +2
	assert_equal "$output" $'{"n":0}\n{"n":1}'
	run -0 maip-consume -t one -o earliest -c 1
	assert_equal "$output" '{"n":0}'
	run -0 maip-consume -t one -p 0 --until 1
	assert_equal "$output" '{"n":0}'
	run -66 maip-consume -t one -p 1 -e
	assert_output "maip-consume: topic 'one' has no partition 1 (it has 0 to 0)"
}

@test "a key is read from the partition where maip-produce put it, and nothing of other keys" {
	for i in {0..99}; do printf '{"id":"k%d","n":%d}\n' $((i % 20)) "$i"; done | maip-produce -t t -k id
	for k in 0 7 12 19; do
		run -0 maip-consume -t t -e --key "k$k"
		assert_equal "$(jq -c .n <<<"$output" | tr '\n' ' ')" "$k $((k + 20)) $((k + 40)) $((k + 60)) $((k + 80)) "
	done
	run -0 --separate-stderr maip-consume -t t -e --key k3 -v
	assert_equal "$(grep -c 'partition .: offsets' <<<"$stderr")" 1
	run -0 maip-consume -t t -e --key absent
	assert_equal "$output" ""
}

@test "only a part of a record, whatever its value is" {
	echo '{"topic":"one","key":"k","headers":[["h","1"],["h",null]],"value_text":"no json"}' | maip-produce --envelope
	echo '{"topic":"one","key_b64":"/w==","value":{"a" : 1}}' | maip-produce --envelope
	run -0 maip-consume -t one -e --only key
	assert_equal "$output" $'{"key":"k"}\n{"key_b64":"/w=="}'
	run -0 maip-consume -t one -e --only value
	assert_equal "$output" $'{"value_text":"no json"}\n{"value":{"a" : 1}}'
	run -0 maip-consume -t one -e --only headers
	assert_equal "$output" $'{"headers":[["h","1"],["h",null]]}\n{"headers":[]}'
}

@test "what --list-offsets printed is where reading goes on" {
	printf '{"id":"%d"}\n' {0..9} | maip-produce -t t -k id
	maip-consume --list-offsets -t t >before
	printf '{"id":"%d"}\n' {10..19} | maip-produce -t t -k id
	run -0 maip-consume --offsets-from before -e
	assert_equal "$(jq -r .id <<<"$output" | sort -n | tr '\n' ' ')" "10 11 12 13 14 15 16 17 18 19 "
	printf '{"id":"%d"}\n' {0..9} | put
	echo '{"topic":"one","partition":0,"offset":"3:5"}' >range
	run -0 maip-consume --offsets-from range
	assert_equal "$output" $'{"id":"3"}\n{"id":"4"}'
	echo '{"topic":"one","partition":0,"offset":11}' >range
	run -78 maip-consume --offsets-from range -e
	run -66 maip-consume --offsets-from nothing -e
	echo '{"topic":"one"}' >range
	run -65 --separate-stderr maip-consume --offsets-from range -e
	assert_equal "$stderr" 'maip-consume: --offsets-from: range: line 1: has no "partition"'
}

@test "a rate is kept, and SIGTERM does not wait for it" {
	printf '{"n":%d,"timestamp":%d000}\n' 1 1700000000 2 1700000001 3 1800000000 | put
	mkfifo lines
	maip-consume -t one -e --watermark 0 --replay-speed 20 >lines &
	exec 7<lines
	read -r _ <&7   # hello
	for i in 1 2; do
		while read -r line <&7 && [[ $line == *_maip* ]]; do :; done
		[[ $line == "{\"n\":$i,"* ]]
	done
	kill -TERM $!   # the third is three years away
	status=0
	wait $! || status=$?
	assert_equal "$status" 75
	assert_equal "$(tail -n 1 <&7)" '{"_maip":"end","drain":false}'
	start=$(date +%s%N)
	run -0 maip-consume -t one -e --rate 10/s
	assert_equal "$(wc -l <<<"$output")" 3
	# three records, of which the first two may leave at once
	(( $(date +%s%N) - start > 90000000 ))
}

@test "statistics are objects on stderr; a progress is for a terminal only" {
	printf '{"n":%d}\n' {1..5} | put
	run -0 --separate-stderr maip-consume -t one -e --stats-interval 1h --progress
	assert_equal "${#stderr_lines[@]}" 1
	run -0 jq -c '[.records, .lines, .bad, .lag, .partitions[0].next]' <<<"${stderr_lines[0]}"
	assert_equal "$output" '[5,5,0,"0","5"]'
	script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be had here"
	run -0 script -qec 'maip-consume -t one -e --progress=partitions 2>&1 >/dev/null' /dev/null
	[[ $output == *$'\e[K5 records  '*'/s  lag 0  one[0] 0'* ]]
}

@test "a topic that is made while a pattern is read is read, too" {
	echo '{"n":0}' | put
	mkfifo lines
	maip-consume -t 'n.*' -t one -o earliest -X topic.metadata.refresh.interval.ms=100 >lines &
	exec 7<lines
	read -r line <&7
	assert_equal "$line" '{"n":0}'
	echo '{"n":1}' | maip-produce -t n.new --create-topics
	read -r line <&7
	assert_equal "$line" '{"n":1}'
	kill -TERM $!
	wait $!
	exec 7<&-
}

@test "a group reads nothing of topics that topic.blacklist names, nor, with a pattern, of Kafka's own" {
	local topic
	for topic in n.1 n.2 __n.3; do echo "{\"of\":\"$topic\"}" | maip-produce -t "$topic" --create-topics; done
	run -0 --separate-stderr maip-consume -t '^.*n[.]' -g g -o earliest -e -X 'topic.blacklist=^n\.1$,^m'
	assert_equal "$output" '{"of":"n.2"}'
	run -0 --separate-stderr maip-consume -t '^.*n[.]' -g h -o earliest -e
	assert_equal "$(sort <<<"$output")" $'{"of":"n.1"}\n{"of":"n.2"}'
}

@test "a topic that topic.blacklist hides is not there, for a list and a read alike" {
	local hide=(-X 'topic.blacklist=^x,^on?e$')
	echo '{"n":1}' | put
	run -0 maip-consume -L "${hide[@]}"
	assert_output '{"topic":"t","partitions":4}'
	run -0 --separate-stderr maip-consume -t 't*' -t 'o*' -e "${hide[@]}"
	assert_equal "$output$stderr" "maip-consume: no topic matches 'o*'"
	run -66 maip-consume -t 'o*' -e "${hide[@]}"
	for how in "" "-g g"; do
		run -66 maip-consume -t one -e $how "${hide[@]}"
		assert_output 'maip-consume: topic '"'one'"' is hidden (-X: topic.blacklist=^x,^on?e$)'
	done
}

@test "a pattern that matches nothing is named; when none does there is nothing to read" {
	echo '{"n":1}' | put
	run -66 --separate-stderr maip-consume -t 'nope*' -t '^zz' -e
	assert_equal "$stderr" "maip-consume: no topic matches 'nope*', '^zz' (maip-consume --list-topics shows those there are)"
	run -0 --separate-stderr maip-consume -t 'on*' -t 'nope*' -e
	assert_output '{"n":1}'
	assert_equal "$stderr" "maip-consume: no topic matches 'nope*'"
	run -66 --separate-stderr maip-consume -t 'nope*' -g g -e
	assert_equal "$stderr" "maip-consume: no topic matches 'nope*' (maip-consume --list-topics shows those there are)"
}

@test "a live member of a group waits for a topic that its pattern matches, and says so" {
	maip-consume -t 'nope*' -g g 2>said 3>&- &
	until [[ -s said ]]; do sleep 0.02; done
	kill $!
	wait $!
	assert_equal "$(<said)" "maip-consume: no topic matches 'nope*'; waiting for one"
}

@test "without a group a live read waits for a topic that its pattern matches, too" {
	mkfifo lines
	maip-consume -t 'nope*' -X topic.metadata.refresh.interval.ms=100 >lines 2>said 3>&- &
	exec 7<lines
	until [[ -s said ]]; do sleep 0.02; done
	echo '{"n":1}' | maip-produce -t nope.yet --create-topics
	read -r line <&7
	assert_equal "$line" '{"n":1}'
	kill $!
	wait $!
	exec 7<&-
	assert_equal "$(<said)" "maip-consume: no topic matches 'nope*'; waiting for one"
}

@test "an end that the group has committed" {
	printf '{"n":%d}\n' 1 2 3 | put
	# the embedded broker waits for a member that has left for almost as long as its session
	local soon=(-X session.timeout.ms=4000 -X heartbeat.interval.ms=300)
	run -0 --separate-stderr maip-consume -t one -g g "${soon[@]}" -c 2 -o earliest
	run -0 --separate-stderr maip-consume -t one -g g "${soon[@]}" -o 0 --until committed
	assert_output $'{"n":1}\n{"n":2}'
	run -0 --separate-stderr maip-consume -t one -X group.id=g "${soon[@]}" -o committed -e
	assert_output '{"n":3}'
}

@test "what is wrong on the command line is told before anything is read" {
	while IFS='|' read -r arguments message; do
		run -64 --separate-stderr bash -c "maip-consume $arguments"
		assert_equal "$stderr" "maip-consume: $message"
	done <<-'END'
		-e|no topic: -t NAME (--list-topics shows those there are)
		-t one -o soon|-o: 'soon' is not an offset (try earliest, latest, committed, 42, -10, +10, @2026-01-16T12:00:00Z, -3d, or a range A:B of these)
		-t one --until 1:2|--until: '1:2' is not an offset (try earliest, latest, committed, 42, -10, +10, @2026-01-16T12:00:00Z or -3d)
		-L -e|-e is for reading, not for a list
		-L -g a|-g: a list of topics has nothing of a group; --list-offsets has
		-L -p 0|-p: a list of topics has no partitions; --list-offsets has
		--list-offsets -c 3|-c is for reading, not for a list
		-L --time at|--time is for reading, not for a list
		-L --max-future 1h|--max-future is for reading, not for a list
		-L --on-error skip|--on-error is for reading, not for a list
		-L --replay-speed 2|--replay-speed is for reading, not for a list
		--list-offsets -t one --progress|--progress is for reading, not for a list
		-L -w 'a = 1'|--where is for reading, not for a list
		-L --watermark 1s|--watermark is for reading, not for a list
		-t one -o 5:3|-o: the range '5:3' ends before it starts: it is A:B, from A up to, not including, B
		-t one -o -5:-10|-o: the range '-5:-10' ends before it starts: it is A:B, from A up to, not including, B
		-t one --where '$offse > 5'|--where: column 1: there is no '$offse'; there are $key, $topic, $partition, $offset, $timestamp and $headers.NAME; $key_b64 and $headers.NAME.b64 are bytes in base64
		-t one -e --until 5|--until and --exit-at-end are two ends: choose one
		-t one -o committed|-o committed: committed by which group? (-g NAME)
		-t one -o 0:stored|-o committed: committed by which group? (-g NAME)
		-t one --until committed|--until committed: committed by which group? (-g NAME)
		--offsets-from <(echo '{"topic":"one","partition":0,"offset":"committed"}')|--offsets-from has an offset "committed": committed by which group? (-g NAME)
		-t one -g g -p 0|-p: in a group the partitions are shared out; without -g they can be chosen
		-t one -X group.id=g -p 0|-p: in a group the partitions are shared out; without -g they can be chosen
		-t one --where 'a ='|--where: column 4: expected an expression after '=', found end of text
		-t one --idle-timeout 5s|--idle-timeout is for --watermark in a read without an end
		-t one --idle-advance 5s|--idle-advance is for --watermark in a read without an end
		-t one --watermark 1s --idle-advance 0s|--idle-advance has to be more than 0
		-t one --stats-interval 0s|--stats-interval has to be more than 0
		-t one --envelope --only key|--envelope is the whole record, and --only a part of it: choose one
		-t one --ok-errors 3|--ok-errors is for --on-error skip or dead-letter=FILE: with stop the first that is bad ends the run
		-t one -g g -e -X partition.assignment.strategy=cooperative-sticky|partition.assignment.strategy=cooperative-sticky is for reads without an end: one with an end would be over before the others have given up its share (leave one of the two out)
		-t one --key k -g g|--key: in a group the partitions are shared out; without -g the one of a key can be read
		-t one --key k -p 0|-p and --key both say which partitions are read: choose one
		-t one --rate fast|--rate: 'fast' is not a rate (try 100/s, 600/m or 5000/h)
		-t one --replay-speed 0|--replay-speed: '0' is not a speed (1 is as it happened, 60 a minute in a second, 0.5 half as fast)
		-t one -b http://localhost:9092|-b: 'http://localhost:9092' is not HOST:PORT
		-t one -b localhost:kafka|-b: 'localhost:kafka' is not HOST:PORT
		-t one -b ''|-b: no broker named (try localhost:9092)
		one|takes no operands: topics are named with -t
	END
}

@test "answers may be smaller than what a producer may send, unless that is said, too" {
	printf '{"n":%d}\n' 1 2 3 | put
	run -0 --separate-stderr maip-consume -t one -e -X fetch.max.bytes=65536
	assert_equal "${#lines[@]}$stderr" 3
	run -78 --separate-stderr maip-consume -t one -e -X fetch.max.bytes=65536 \
		-X message.max.bytes=65537
	assert_equal "$stderr" 'maip-consume: librdkafka refuses the configuration: `fetch.max.bytes` must be >= `message.max.bytes`'
	maip-consume -t one -e -X fetch.max.bytes=-1 2>err || assert_equal "$?" 78
	assert_equal "$(cat err; echo .)" $'maip-consume: -X: Configuration property "fetch.max.bytes" value -1 is outside allowed range 0..2147483135\n.'
}

@test "secrets are not taken from the command line, nor shown" {
	run -64 --separate-stderr maip-consume -t one -e -X sasl.password=canary
	[[ $stderr != *canary* ]]
	printf 'ssl.key.password=canary\n' >open.conf
	chmod 644 open.conf
	run -78 --separate-stderr maip-consume -t one -e -F open.conf
	[[ $stderr == *'chmod 600'* && $stderr != *canary* ]]
	chmod 600 open.conf
	run -0 --separate-stderr maip-consume -t one -e -v -F open.conf -X debug=all
	[[ $output$stderr != *canary* ]]
}

# What kcat prints for the left column of the table, and maip-consume for the right one.
like_kcat() { # "KCAT'S OPTIONS" OPTION...
	# shellcheck disable=SC2086
	kcat -C -b "$MAIP_KAFKA_BROKERS" -t one -q -X fetch.wait.max.ms=10 $1 8>&- 9<&- >theirs
	[[ -s theirs ]]
	maip-consume -t one "${@:2}" >ours
}

@test "what kcat prints is what maip-consume(1) says to its users" {
	printf '{"n":%d}\n' 1 2 3 4 | maip-produce -t one -k "CONCAT('k', CAST(n AS STRING))"
	like_kcat '-o beginning -e' -o earliest -e
	cmp ours theirs
	like_kcat '-o -3 -e' -o -3 -e
	cmp ours theirs
	like_kcat '-o 1 -c 2' -o 1 -c 2
	cmp ours theirs
	like_kcat '-o beginning -e -f %k\n' --only key -e
	jq -r .key ours | cmp - theirs
	like_kcat '-o beginning -e -K :' --envelope -e
	jq -r '"\(.key):\(.value)"' ours | cmp - theirs
}

@test "topics and offsets are listed" {
	echo '{}' | put
	run -0 --separate-stderr maip-consume -L
	assert_equal "$output" $'{"topic":"one","partitions":1}\n{"topic":"t","partitions":4}'
	run -0 --separate-stderr maip-consume --list-offsets -t 'o*'
	assert_equal "$output" '{"topic":"one","partition":0,"first":"0","next":"1"}'
}

@test "a list is a table on a terminal" {
	script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be had here"
	printf '{"n":%d}\n' 1 2 3 | put
	maip-consume -t one -g g -o 0:2 >two
	run -0 script -qec 'maip-consume -L' /dev/null
	assert_equal "${output//$'\r'/}" $'PARTITIONS  TOPIC\n         1  one\n         4  t'
	run -0 script -qec 'maip-consume --list-offsets -t one -g g' /dev/null
	assert_regex "$output" 'FIRST +NEXT +COMMITTED +LAG +PARTITION +TOPIC'
	assert_regex "$output" ' 0 +3 +2 +1 +0  one'
}

@test "a list that would be empty because of what was asked for says so" {
	local way
	for way in -L --list-offsets; do
		run -66 --separate-stderr maip-consume "$way" -t 'nope*' -t '^zz'
		assert_output ""
		assert_equal "$stderr" "maip-consume: no topic matches 'nope*', '^zz' (maip-consume --list-topics shows those there are)"
	done
	run -66 --separate-stderr maip-consume --list-offsets -t t -p 2-4
	assert_output ""
	assert_equal "$stderr" "maip-consume: topic 't' has no partition 4 (it has 0 to 3)"
}

@test "--offsets-from: a file that cannot be read is 66, one that is wrong 65, - is standard input" {
	printf '{"n":%d}\n' 0 1 2 | put
	run -66 maip-consume --offsets-from . -e
	assert_output "maip-consume: --offsets-from: .: cannot read: Is a directory"
	run -66 maip-consume --offsets-from nope -e
	assert_output "maip-consume: --offsets-from: cannot read nope: No such file or directory"
	run -65 maip-consume --offsets-from - -e <<<'{"topic":"one"}'
	assert_output 'maip-consume: --offsets-from: standard input: line 1: has no "partition"'
	run -0 maip-consume --offsets-from - -e <<<'{"topic":"one","partition":0,"offset":"2"}'
	assert_output '{"n":2}'
}

@test "a partition that --offsets-from names and the topic has not is told" {
	echo '{"topic":"one","partition":7,"offset":"0"}' >from
	run -66 maip-consume -t one --offsets-from from -e
	assert_output "maip-consume: --offsets-from names partition 7 of topic 'one', which has 0 to 0"
}

@test "--offsets-from with nothing about the topics that are read is a mistake" {
	echo '{"topic":"one","partition":0,"offset":"0"}' >from
	run -65 maip-consume -t t -t 'two*' --offsets-from from -e
	assert_output "maip-consume: --offsets-from: none of its lines is about what -t and -p name"
	run -65 maip-consume -t one -p 1 --offsets-from from -e
	assert_output "maip-consume: --offsets-from: none of its lines is about what -t and -p name"
	run -0 maip-consume -t t -t 'on*' --offsets-from from -e
}
