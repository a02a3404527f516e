#!/usr/bin/env bats
# maip-produce against the embedded broker: what becomes of each line, and of the exit status.
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

hello='{"_maip":"hello","version":1,"job":"00000000000000000000000000000000","run":"00000000000000000000000000000001","watermarks":false,"checkpoints":false}'

# maip-produce, $pid, on the pipe 7, with a first record in the topic.
deliver_one() { # OPTION...
	mkfifo in
	maip-produce -t one --receipts receipts "$@" <in 2>err 8>&- 9<&- 3>&- &
	pid=$!
	exec 7>in
	echo '{"n":1}' >&7
	await_lines receipts 1
}

@test "each line is a record, its bytes untouched" {
	printf '%s\n' ' {"b" : 1.50, "a":"\u0041"} ' '{}' >in
	run -0 --separate-stderr maip-produce -t one <in
	assert_equal "$output$stderr" ""
	run -0 records one '%o|%s|\n'
	assert_line --index 0 '0| {"b" : 1.50, "a":"\u0041"} |'
	assert_line --index 1 '1|{}|'
	assert_equal "${#lines[@]}" 2
}

@test "a last line without a newline, CRLF and blank lines are no trouble" {
	printf '{"a":1}\r\n\n{"a":2}' | maip-produce -t one
	run -0 records one '%s|\n'
	assert_equal "$output" $'{"a":1}|\n{"a":2}|'
}

@test "files are read in order, - is standard input" {
	echo '{"n":1}' >a
	echo '{"n":3}' >c
	echo '{"n":2}' | maip-produce -t one a - c
	run -0 records one '%o%s\n'
	assert_equal "$output" $'0{"n":1}\n1{"n":2}\n2{"n":3}'
}

@test "a key is the text of an expression, and NULL is no key" {
	printf '%s\n' '{"id":"c-1"}' '{"id":12.50}' '{"id":null}' '{"id":""}' >in
	run -0 maip-produce -t one -k id in
	run -0 records one '%o|%k|%K\n'
	assert_equal "$output" $'0|c-1|3\n1|12.50|5\n2||-1\n3||0'
}

@test "equal keys go to one partition, as in Java" {
	# org.apache.kafka.common.utils.Utils.murmur2 & 0x7fffffff, modulo 4
	printf '{"id":"%s"}\n' a b c customer-42 | maip-produce -t t -k id
	run -0 records t '%p|%k\n'
	assert_equal "$output" $'0|a\n0|b\n1|customer-42\n2|c'
}

@test "time, headers and partition come from expressions" {
	echo '{"at":"2026-01-16T12:00:00Z","n":5,"trace":"x"}' |
		maip-produce -t t --timestamp at -H 'trace=trace' -H 'none=nope' -H "fixed='a=b'" --partition-expr 'n - 3'
	run -0 records t '%p|%T|%h\n'
	assert_equal "$output" '2|1768564800000|trace=x,none=NULL,fixed=a=b'
}

@test "a topic can come from the line" {
	printf '%s\n' '{"to":"t"}' '{"to":"one"}' >in
	run -0 maip-produce --topic-expr to in
	run -0 records one '%s\n'
	assert_output '{"to":"one"}'
}

@test "a topic is made where that is asked for" {
	run -0 maip-produce -t made --create-topics <<<'{}'
	run -0 records made '%s\n'
	assert_output '{}'
}

@test "no broker: what, why, what to do, and 69" {
	run -69 --separate-stderr maip-produce -b 127.0.0.1:1 --broker-timeout 300ms -t t </dev/null
	assert_equal "$stderr" "maip-produce: cannot reach Kafka at 127.0.0.1:1: Connection refused (set MAIP_KAFKA_BROKERS or -b)"
}

@test "a port where something else answers is told as that" {
	python3 - >port 8>&- 9<&- 3>&- <<-'END' &
		import socket
		s = socket.create_server(("127.0.0.1", 0))
		print(s.getsockname()[1], flush=True)
		while True:
		    c = s.accept()[0]
		    c.recv(1000)
		    c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
	END
	server=$!
	await_lines port 1
	run --separate-stderr maip-produce -b "127.0.0.1:$(<port)" --broker-timeout 1s -t t </dev/null
	kill $server
	assert_equal "$status" 69
	assert_equal "$stderr" "maip-produce: cannot use Kafka at 127.0.0.1:$(<port): what it answers is not Kafka's protocol (another port, unless receive.message.max.bytes is too small)"
}

@test "a line that is no record stops the run after what was good before it" {
	printf '%s\n' '{"n":1}' 'hello' '{"n":3}' >in
	run -65 --separate-stderr maip-produce -t one in
	assert_equal "$stderr" "maip-produce: in: line 2: column 1: expected a value, found 'hello'"
	run -0 records one '%s\n'
	assert_output '{"n":1}'
}

@test "bad lines can be skipped or kept, and some be allowed" {
	printf '%s\n' '{"n":1}' 'hello' '{"n":3}' >in
	run -65 maip-produce -t one --on-error skip in
	run -0 maip-produce -t one --on-error dead-letter=bad --ok-errors 1 in
	run -0 jq -c '[.position,.input]' bad
	assert_output '["in: line 2","hello"]'
	run -0 records one '%s\n'
	assert_equal "${#lines[@]}" 4
}

@test "data that begins like a control line is a bad record" {
	run -65 --separate-stderr maip-produce -t one <<<'{"_maip":"end","drain":true}'
	assert_equal "$stderr" "maip-produce: line 1: control line before hello"
}

@test "--text sends any line" {
	printf 'hello \xff\n{\n' | maip-produce -t one --text --key "'k'"
	run -0 records one '%o|%k|%s\n'
	assert_equal "$output" $'0|k|hello \xff\n1|k|{'
}

@test "an envelope says what the record is" {
	cat >in <<-'END'
		{"topic":"t","partition":2,"offset":"7","timestamp":1768564800000,"timestampType":"create","key":"k","headers":[["a","1"],["a",null]],"value":{"x": 1}}
		{"topic":"t","partition":2,"timestamp":1768564800001,"key_b64":"/w==","value_b64":"AP8="}
		{"topic":"t","partition":2,"key":"gone","value":null}
	END
	run -0 maip-produce --envelope in
	kcat -C -b "$MAIP_KAFKA_BROKERS" -t t -e -q -f '%p|%T|%h|%k|%S|%s\n' >got
	printf '%s\n' '2|1768564800000|a=1,a=NULL|k|8|{"x": 1}' >expected
	printf '2|1768564800001||\xff|2|\x00\xff\n' >>expected
	head -n 2 got | cmp - expected
	run -0 tail -n 1 got
	assert_output --regexp '^2\|[0-9]{13}\|\|gone\|-1\|$'
}

@test "an envelope with a misspelt value is no tombstone" {
	run -65 --separate-stderr maip-produce --envelope <<<'{"topic":"t","key":"k","vaule":{}}'
	assert_equal "$stderr" "maip-produce: line 1: 'vaule' is not a member of an envelope; see maip-stream(5)"
}

@test "a tombstone is sent where the condition says so" {
	printf '%s\n' '{"id":1}' '{"id":1,"gone":true}' | maip-produce -t one -k id --tombstone-when gone
	run -0 records one '%o|%k|%S\n'
	assert_equal "$output" $'0|1|8\n1|1|-1'
}

@test "events have ids that a replay finds again, and equal lines different ones" {
	printf '%s\n' '{"a":1}' '{"a":1}' '{"a":2}' >in
	maip-produce -t one --event-type maip.test.made --source bats in
	maip-produce -t one --event-type maip.test.made --source bats in
	records one '%s\n' >events
	run -0 jq -r .eventId events
	assert_equal "$(printf '%s\n' "${lines[@]}" | sort -u | wc -l)" 3
	assert_equal "$(printf '%s\n' "${lines[@]}" | sort | uniq -c | awk '{print $1}' | sort -u)" 2
	run -0 jq -c '[.eventType,.eventVersion,.source,.payload]' events
	assert_line --index 0 '["maip.test.made","1.0","bats",{"a":1}]'
	run -0 jq -e '.timestamp | test("^20[0-9-]+T[0-9:]+\\.[0-9]{3}Z$")' events
}

@test "a record that is too large is named, kept, and can be sent again" {
	printf '{"n":1}\n{"n":"%02000d"}\n{"n":3}\n' 0 >in
	run -74 --separate-stderr maip-produce -t one -k n -H h=n -X message.max.bytes=1000 \
		--dead-letter letters in
	assert_equal "$stderr" "maip-produce: 1 of 3 records not delivered, the first: line 2 to 'one': 4008 bytes are more than message.max.bytes=1000 (-X raises it); they are in letters"
	run -0 maip-produce --envelope letters
	run -0 records one '%o|%K|%S\n'
	assert_equal "$output" $'0|1|7\n1|1|7\n2|2000|2008'
}

@test "a record larger than the whole queue is named and kept, and those after it arrive" {
	printf '{"n":1}\n{"n":"%02000d"}\n{"n":"%040000d"}\n{"n":3}\n' 0 0 >in
	run -74 --separate-stderr maip-produce -t one -X queue.buffering.max.kbytes=1 \
		--dead-letter letters in
	assert_equal "$stderr" "maip-produce: 2 of 4 records not delivered, the first: line 2 to 'one': 2008 bytes are more than queue.buffering.max.kbytes=1 lets wait (-X raises it); they are in letters"
	run -0 maip-produce --envelope letters
	run -0 records one '%o|%S\n'
	assert_equal "$output" $'0|7\n1|7\n2|2008\n3|40008'
}

@test "without dead letters the first record that is refused ends the run" {
	printf '{"n":1}\n{"n":"%02000d"}\n{"n":3}\n' 0 >in
	run -74 --separate-stderr maip-produce -t one -X message.max.bytes=1000 in
	assert_equal "$stderr" "maip-produce: 1 of 2 records not delivered, the first: line 2 to 'one': 2008 bytes are more than message.max.bytes=1000 (-X raises it) (--dead-letter FILE keeps them, and goes on)"
	run -0 records one '%s\n'
	assert_output '{"n":1}'
}

@test "what the broker refuses is named, and the exit is 74" {
	broker fail 0 29 1
	run -74 --separate-stderr maip-produce -t one <<<'{}'
	assert_equal "$stderr" "maip-produce: 1 of 1 records not delivered, the first: line 1 to 'one': not permitted: it needs WRITE on the topic (--dead-letter FILE keeps them, and goes on)"
	broker fail 0 10 1
	run -74 --separate-stderr maip-produce -t one <<<'{}'
	assert_equal "$stderr" "maip-produce: 1 of 1 records not delivered, the first: line 1 to 'one': too large for the topic (its max.message.bytes), or its batch was (--batch-size) (--dead-letter FILE keeps them, and goes on)"
}

@test "the one time that librdkafka cannot send is refused, and not sent as now" {
	run -74 --separate-stderr maip-produce -t one --timestamp n <<<$'{"n":1}\n{"n":0}'
	assert_equal "$stderr" "maip-produce: 1 of 2 records not delivered, the first: line 2 to 'one': a record of 1970-01-01T00:00:00.000Z cannot be sent: librdkafka takes the time 0 for none (--dead-letter FILE keeps them, and goes on)"
	run -0 records one '%T\n'
	assert_output 1000
}

@test "a broker that is overloaded is asked again" {
	broker fail 0 19 3        # not enough replicas
	run -0 maip-produce -t one <<<'{}'
	run -0 records one '%s\n'
	assert_output '{}'
}

@test "a record that only a later one was acknowledged for is not taken for delivered" {
	broker fail 0 19 1 300    # while the answer is late, the next are under way, and are taken
	run -74 --separate-stderr maip-produce -t one --batch-size 1 --linger 0 \
		--dead-letter letters --receipts receipts <(seq -f '{"n":%.0f}' 20)
	assert_equal "$stderr" "maip-produce: 1 of 20 records not delivered (1 of them sent, and perhaps there), the first: line 1 to 'one': sent, but not acknowledged: only a later record of partition 0 was; they are in letters"
	assert_equal "$(wc -l <receipts)" 19
	run -0 maip-produce --envelope letters
	run -0 records one '%s\n'
	assert_equal "$(printf '%s\n' "${lines[@]}" | sort)" "$(seq -f '{"n":%.0f}' 20 | sort)"
}

@test "what the broker says it has had before is delivered, and its offset not made up" {
	broker fail 0 46 1        # a duplicate, which is told without an offset
	run -0 --separate-stderr maip-produce -t one --receipts receipts <<<$'{"n":1}\n{"n":2}\n{"n":3}'
	assert_equal "$stderr" ""
	assert_equal "$(jq -c '[.line, .offset]' receipts | xargs)" '[1,null] [2,null] [3,null]'
	rm receipts
	echo '{"n":4}' | maip-produce -t one --receipts receipts
	assert_equal "$(jq -c '[.line, .offset]' receipts)" '[1,"0"]'
}

@test "nobody tells the offsets of records that nobody acknowledges" {
	seq -f '{"n":%.0f}' 3000 | maip-produce -t one --acks 0 --allow-loss --linger 100ms --receipts receipts
	assert_equal "$(jq -r .offset receipts | sort | uniq -c | xargs)" '3000 null'
}

@test "a broker that goes away: what was not acknowledged is in the dead letters" {
	deliver_one --dead-letter letters --delivery-timeout 1s
	broker down
	echo '{"n":2}' >&7
	exec 7>&-
	status=0
	wait $pid || status=$?
	assert_equal "$status" 74
	run -0 jq -c .value letters
	assert_output '{"n":2}'
	run -0 tail -n 1 err
	assert_output "maip-produce: 1 of 2 records not delivered, the first: line 2 to 'one': not sent within the delivery time-out: Connection refused; they are in letters"
}

@test "a delivery may have less time than records otherwise linger" {
	run -0 maip-produce -t one --delivery-timeout 1ms </dev/null
	refute_output
}

@test "a broker that comes back in time loses nothing" {
	deliver_one
	broker down
	echo '{"n":2}' >&7
	exec 7>&-
	broker up
	wait $pid
	run -0 records one '%o%s\n'
	assert_equal "$output" $'0{"n":1}\n1{"n":2}'
}

@test "a broker that is back is noticed though nothing is sent, even one that is far away" {
	deliver_one
	broker down
	await_lines err 1               # no broker answers any more
	broker distance 500
	broker up
	await_lines err 2
	exec 7>&-
	wait $pid
	run -0 tail -n 1 err
	assert_output "maip-produce: a broker answers again"
}

@test "no broker for too long gives up, and the rest of the input becomes dead letters" {
	deliver_one --dead-letter letters --broker-timeout 1s
	broker down
	echo '{"n":2}' >&7
	await_lines letters 1
	await_lines err 1
	echo '{"n":3}' >&7
	exec 7>&-
	status=0
	wait $pid || status=$?
	assert_equal "$status" 74
	run -0 jq -c .value letters
	assert_equal "$output" $'{"n":2}\n{"n":3}'
	run -0 cat err
	assert_line --index 0 --regexp "^maip-produce: cannot reach Kafka at .*: from here on nothing is sent, and each line is put into letters\$"
}

# With nothing to send "no broker answers any more" is told after three looks, which take longer
# than the time-out of these tests.

@test "--broker-timeout counts from when there is something to send: an idle run goes on" {
	deliver_one --broker-timeout 2s -X reconnect.backoff.max.ms=200
	broker down
	await_lines err 1
	broker up
	await_lines err 2               # a broker answers again
	echo '{"n":2}' >&7
	await_lines receipts 2
	broker down
	await_lines err 3
	echo '{"n":3}' >&7
	broker up
	exec 7>&-
	wait $pid
	run -0 records one '%o%s\n'
	assert_equal "$output" $'0{"n":1}\n1{"n":2}\n2{"n":3}'
	run -0 head -n 3 err
	assert_line --index 0 --regexp "^maip-produce: no broker of $MAIP_KAFKA_BROKERS answers any more: .*; trying again\$"
	assert_line --index 1 "maip-produce: a broker answers again"
	assert_line --index 2 --regexp "^maip-produce: no broker of $MAIP_KAFKA_BROKERS answers any more: .*; trying again\$"
}

@test "what comes while no broker answers has --broker-timeout, and is then given up" {
	deliver_one --broker-timeout 2s
	broker down
	await_lines err 1
	echo '{"n":2}' >&7
	status=0
	wait $pid || status=$?          # the input is still open
	exec 7>&-
	assert_equal "$status" 74
	run -0 tail -n 1 err
	assert_output --partial "maip-produce: 1 of 2 records not delivered, the first: line 2 to 'one': not sent: cannot reach Kafka at $MAIP_KAFKA_BROKERS: "
}

@test "a full queue holds the input back" {
	seq -f '{"n":%.0f}' 1000 >in
	run -0 --separate-stderr maip-produce -t one -v -X queue.buffering.max.messages=10 in
	assert_equal "$stderr" "maip-produce: 1000 records, 1000 delivered, 0 not; 0 bad lines"
	kcat -C -b "$MAIP_KAFKA_BROKERS" -t one -e -q | cmp - in
}

@test "receipts say where each line went" {
	printf '%s\n' '{"id":"a"}' '{"id":"c"}' >in
	run -0 maip-produce -t t -k id --receipts receipts in
	run -0 sort receipts
	assert_line --index 0 '{"line":1,"topic":"t","partition":0,"offset":"0"}'
	assert_line --index 1 '{"line":2,"topic":"t","partition":2,"offset":"0"}'
}

@test "--tee repeats the lines that were sent, and the control lines" {
	printf '%s\n' "$hello" '{"n":1}' '{"_maip":"end","drain":true}' >in
	maip-produce -t one --tee in | cmp - in
}

@test "a reader of --tee that goes away does not cut the topic without a word" {
	yes '{"n":1}' | head -n 200000 >in
	run bash -c 'maip-produce -t one --tee in 2>err | head -n 1 >first; echo "${PIPESTATUS[0]}"'
	assert_output 75
	assert_equal "$(<err)" "maip-produce: the reader of --tee has gone, and the input was not read to its end"
	run bash -c 'maip-produce -t one --dry-run in | head -n 1 >first; echo "${PIPESTATUS[0]}"'
	assert_output 0
}

@test "--dry-run prints envelopes and needs no broker" {
	run -0 maip-produce -b 127.0.0.1:1 -t nowhere -k id --dry-run <<<'{"id":7}'
	assert_output '{"topic":"nowhere","partition":null,"offset":null,"timestamp":null,"timestampType":"none","key":"7","headers":[],"value":{"id":7}}'
}

@test "--dry-run refuses what a real run refuses without asking a broker, in the same words" {
	local options input real
	while IFS='|' read -r options input; do
		run -74 --separate-stderr eval "maip-produce $options" <<<"${input//&/$'\n'}"
		[[ $stderr == 'maip-produce: 1 of '*' records not delivered, the first: line '*' (--dead-letter FILE keeps them, and goes on)' ]]
		real=$stderr
		run -74 --separate-stderr eval "maip-produce -b 127.0.0.1:1 $options --dry-run" <<<"${input//&/$'\n'}"
		assert_equal "$stderr" "$real"
	done <<-'END'
		--topic-expr n|{"n":"a b"}
		--topic-expr n|{"n":"one"}&{"n":".."}&{"n":"one"}
		-t one --timestamp n|{"n":1}&{"n":0}
		--envelope|{"topic":"a b","timestamp":0,"value":{}}
		--envelope -t one|{"timestamp":0,"value":{}}
	END
	# what is good before it is shown
	run -74 --separate-stderr maip-produce -t one --timestamp n --dry-run <<<$'{"n":1}\n{"n":0}\n{"n":2}'
	assert_equal "$(jq -c .timestamp <<<"$output")" 1000
}

@test "--dry-run -v does not say that anything was delivered" {
	run -0 --separate-stderr maip-produce -t one -v --dry-run <<<$'{"n":1}\n{"n":2}'
	assert_equal "$stderr" "maip-produce: 2 records, none of them sent; 0 bad lines"
}

@test "a stream without its end line is delivered and says 75" {
	run -75 --separate-stderr maip-produce -t one <<<"$hello"$'\n{"n":1}'
	assert_equal "$stderr" "maip-produce: the input ended without an end line: an upstream stage died"
	run -0 records one '%s\n'
	assert_output '{"n":1}'
}

@test "a stream that was stopped on purpose is delivered and says 75" {
	run -75 --separate-stderr maip-produce -t one <<<"$hello"$'\n{"n":1}\n{"_maip":"end","drain":false}'
	assert_equal "$stderr" "maip-produce: the stream was stopped before its end"
	run -0 records one '%s\n'
	assert_output '{"n":1}'
}

@test "SIGTERM: what was read is delivered, and the exit says that the input was not read to its end" {
	deliver_one
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	exec 7>&-
	assert_equal "$status" 75
	run -0 cat err
	assert_output "maip-produce: stopped by a signal before the end of the input"
}

@test "a signal before a broker has answered ends with 75, and says that nothing was sent" {
	local how
	kill -STOP "$broker_pid"
	for how in "" "--transactional-id id"; do
		maip-produce -t one $how --broker-timeout 1h <<<'{"n":1}' 2>err 8>&- 9<&- 3>&- &
		pid=$!
		await_ears "$pid" maip-produce
		kill -TERM "$pid"
		status=0
		wait "$pid" || status=$?
		assert_equal "$status" 75
		assert_equal "$(<err)" "maip-produce: stopped by a signal before Kafka at $MAIP_KAFKA_BROKERS answered; no line was read, and nothing sent"
	done
	kill -CONT "$broker_pid"
	run -0 records one '%s\n'
	assert_output ""
}

@test "a signal while no broker answers: the grace is said and kept, a second signal leaves at once" {
	deliver_one --grace 1h
	broker down
	echo '{"n":2}' >&7
	exec 7>&-
	await_lines err 1               # no broker answers any more
	kill -TERM $pid
	await_lines err 2
	second_request $pid
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_equal "$status" 74
	run -0 cat err
	assert_line --regexp 'stopped: waiting up to 1h for 1 records to be acknowledged \(a second signal leaves at once\)'
	assert_line --regexp '1 of 2 records not delivered, the first: line 2 to .one.: (not sent|sent, but not acknowledged): stopped by a second signal'
}

@test "a second signal leaves at once though nobody reads what --tee repeats, control lines or not" {
	mkfifo lines
	{
		printf '{"_maip":"hello","version":1,"job":"%032d","run":"%032d",' 1 2
		echo '"watermarks":true,"checkpoints":false}'
		for i in {1..40}; do printf '{"n":%d,"x":"%050000d"}\n' "$i" 0; done
	} >in
	maip-produce -t one --tee in >lines 2>err 8>&- 9<&- 3>&- &
	pid=$!
	exec 7<lines
	for ((i = 0; i < 1000; i++)); do
		[[ $(<"/proc/$pid/wchan") == *pipe_write ]] && break
		sleep 0.02
	done
	kill -TERM $pid
	second_request $pid
	kill -HUP $pid
	status=0
	wait $pid || status=$?
	exec 7<&-
	assert_equal "$status" 75
	assert_equal "$(<err)" \
		"maip-produce: stopped by a signal while nobody read the output: its last line may be cut"
}

# A topic is asked for, no broker answers, and the signal comes that ends the wait.
stop_asking() { # LINE, the number of the one that names the topic
	broker down
	echo '{"to":"another"}' >&7
	await_lines err 1               # no broker answers any more
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	exec 7>&-
	assert_equal "$status" 74
	run -0 tail -n 1 err
	assert_output --partial "1 of 2 records not delivered, the first: line $1 to 'another': cannot list the topics: stopped by a signal"
}

@test "a signal while a topic is asked for, and no broker answers, does not wait for the answer" {
	mkfifo in
	timeout 60 maip-produce --topic-expr to --receipts receipts --broker-timeout 1h \
		--grace 100ms <in 2>err 8>&- 9<&- 3>&- &
	pid=$!
	exec 7>in
	echo '{"to":"one"}' >&7
	await_lines receipts 1
	stop_asking 2
}

# maip-produce on the pipe 7, which a signal has reached when this returns.
start_stopped() { # OPTION...
	mkfifo in
	maip-produce --receipts receipts "$@" <in 2>err 8>&- 9<&- 3>&- &
	pid=$!
	exec 7>in
	printf '%s\n' "$hello" '{"to":"one","n":1}' >&7
	await_lines receipts 1
	kill -TERM $pid
	taken $pid
}

@test "a signal does not end a stream with control lines: topics that are new to it are asked for, or made" {
	start_stopped --topic-expr to
	broker distance 700
	printf '%s\n' '{"to":"t","n":2}' '{"to":"made","n":3}' '{"_maip":"end","drain":true}' >&7
	exec 7>&-
	wait $pid
	broker distance 0
	run -0 records t '%s\n'
	assert_output '{"to":"t","n":2}'
	run -0 records made '%s\n'
	assert_output '{"to":"made","n":3}'
}

@test "a second signal ends the wait for a topic that a stream with control lines is new to" {
	start_stopped --topic-expr to --broker-timeout 1h
	second_request $pid
	stop_asking 3
}

@test "a full disk under receipts and dead letters is noticed" {
	run -74 --separate-stderr maip-produce -t one --receipts /dev/full <<<'{}'
	assert_equal "$stderr" "maip-produce: cannot write to '/dev/full': No space left on device"
}

@test "what could not be kept because the disk is full is not said to be kept" {
	printf '{"n":1}\n{"n":"%02000d"}\n' 0 >in
	run -74 --separate-stderr maip-produce -t one -X message.max.bytes=1000 \
		--dead-letter /dev/full in
	assert_equal "$stderr" "maip-produce: 1 of 2 records not delivered, the first: line 2 to 'one': 2008 bytes are more than message.max.bytes=1000 (-X raises it); not all of them could be kept in /dev/full
maip-produce: cannot write to '/dev/full': No space left on device"
}

@test "a file that cannot be opened is named before anything is sent" {
	run --separate-stderr maip-produce -t one --dead-letter /nowhere/letters <<<'{}'
	assert_equal "$status" 74
	assert_equal "$stderr" "maip-produce: --dead-letter: cannot open '/nowhere/letters' for writing: No such file or directory"
	run -66 --separate-stderr maip-produce -t one missing
	assert_equal "$stderr" "maip-produce: cannot read 'missing': No such file or directory"
}

@test "properties cannot turn the promises off" {
	run -78 --separate-stderr maip-produce -t one -X acks=1 <<<'{}'
	assert_equal "$stderr" "maip-produce: property acks=1 is refused: use --acks"
	run -78 --separate-stderr maip-produce -t one -X enable.idempotence=false <<<'{}'
	assert_equal "$stderr" "maip-produce: property enable.idempotence=false is refused: use --acks"
	run -0 maip-produce -t one -X acks=all -X enable.idempotence=true <<<'{}'
	run -78 --separate-stderr maip-produce -t one -X delivery.report.only.error=true <<<'{}'
	assert_equal "$stderr" "maip-produce: property delivery.report.only.error=true is refused: every record must be accounted for"
	run -0 maip-produce -t one --acks 1 --allow-loss <<<'{}'
}

@test "compression, linger and batch size are accepted and the records arrive" {
	for c in none gzip snappy lz4 zstd; do
		echo "{\"c\":\"$c\"}" | maip-produce -t one --compression "$c" --linger 5ms --batch-size 64k
	done
	run -0 records one '%s\n'
	assert_equal "${#lines[@]}" 5
}

@test "what does not go together is refused, and says why" {
	while IFS='|' read -r arguments message; do
		run -64 --separate-stderr bash -c "maip-produce $arguments </dev/null"
		assert_equal "$stderr" "maip-produce: $message"
	done <<-'END'
		-v|no topic: -t TOPIC or --topic-expr EXPR
		-t t --topic-expr x|-t and --topic-expr both name the topic
		-t ''|-t: the name of the topic is empty
		-t t --text --envelope|--text, --envelope and --event-type are three kinds of value: choose one
		-t t --source s|--source is for --event-type
		-t t --acks 1|--acks 1 and 0 can lose records; if that is meant, say --allow-loss as well
		-t t --allow-loss|--allow-loss is for --acks 1 or 0
		-t t --transactional-id i --dead-letter f|--transactional-id publishes all or nothing: there are no dead letters
		-t t --transactional-id i --receipts f|--transactional-id has no receipts: what is sent is not published yet
		-t t --transactional-id i --delivery-timeout 1m|--delivery-timeout has no place in a transaction (-X transaction.timeout.ms=...)
		-t t --delivery-timeout 0|--delivery-timeout: 0 gives every record up at once
		-t t --linger 3m|--linger must be shorter than --delivery-timeout
		-t t --dry-run --tee|--dry-run sends nothing: no --tee, --dead-letter, --receipts, --transactional-id or --create-topics
		-t t --dead-letter f --receipts f|--dead-letter, --receipts and --on-error dead-letter need a file each
		-t t --ok-errors 3|--ok-errors is for --on-error skip or dead-letter=FILE: with stop the first that is bad ends the run
		-t t --create-topics=x|--create-topics: 'x' is not a number of partitions
		-t t --create-topics=0|--create-topics: '0' is not a number of partitions
		-t t --create-topics=1,2|--create-topics: '2' is not KEY=VALUE
		-t t --create-topics=,replication.factor=x|--create-topics: 'x' is not a number of replicas
		-t t -H x|-H: 'x' is not NAME=EXPR
		-t t -k 'a +'|--key: column 4: expected an expression after '+', found end of text
	END
}

@test "an id or a type that is empty is refused, and a name that no topic can have" {
	run -64 --separate-stderr maip-produce -t one --transactional-id ''
	assert_equal "$stderr" "maip-produce: --transactional-id: the transactional id is empty"
	run -64 --separate-stderr maip-produce -t one --event-type ''
	assert_equal "$stderr" "maip-produce: --event-type: the type of the event is empty"
	run -64 --separate-stderr maip-produce -t 'x y'
	assert_equal "$stderr" "maip-produce: -t: 'x y' is not the name of a topic (letters, digits, '.', '_' and '-'; at most 249)"
}

@test "who comes from kcat is told what is different" {
	run -64 --separate-stderr maip-produce -t one -P
	assert_equal "$stderr" "maip-produce: unknown option '-P' (see FOR USERS OF KCAT in maip-produce(1))"
	run -64 --separate-stderr maip-consume -t one -C
	assert_equal "$stderr" "maip-consume: unknown option '-C' (see FOR USERS OF KCAT in maip-consume(1))"
	run -64 --separate-stderr maip-produce -t one -@
	assert_equal "$stderr" "maip-produce: unknown option '-@' (see --help)"
	run -65 --separate-stderr maip-produce -t one --dry-run <<<hello
	assert_equal "$stderr" "maip-produce: line 1: column 1: expected a value, found 'hello' (--text sends lines whatever they are)"
	run -0 --separate-stderr maip-produce -t one -H a=b -H c=k -H "d='x'" --dry-run <<<$'{"k":1}\n{"k":2}'
	assert_equal "$stderr" "maip-produce: -H a=b: the first record has no 'b', so the header is null; a text is in quotes: -H \"a='b'\""
}

@test "a time that is none is shown once, with the option that asked for it" {
	run -65 --separate-stderr maip-produce -t one --timestamp "'soon'" <<<'{}'
	assert_equal "$stderr" "maip-produce: line 1: --timestamp: this is the text 'soon', which is not a time (RFC 3339, or a number since 1970) within the years -9999 to 9999"
	run -65 --separate-stderr maip-produce -t one --timestamp at <<<'{"at":"soon"}'
	assert_equal "$stderr" "maip-produce: line 1: --timestamp: 'at' is the text 'soon', which is not a time (RFC 3339, or a number since 1970) within the years -9999 to 9999"
	# here is no --time-format to help
	run -65 --separate-stderr maip-produce -t one --timestamp at <<<'{"at":"1768564800"}'
	assert_regex "$stderr" 'within the years -9999 to 9999$'
	run -64 --separate-stderr maip-produce -t one --timestamp TRUE <<<'{}'
	assert_equal "$stderr" "maip-produce: --timestamp: this is a condition, not a time"
}
