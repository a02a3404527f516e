#!/usr/bin/env bats
# A broker that takes what is sent, and does not answer: no more is told than is known.
load helper
load ../support/broker

setup_file() {
	[[ -z ${MAIP_TEST_KAFKA-} ]] ||
		"$BATS_TEST_DIRNAME/../rig/kafka/broker" up "$BATS_FILE_TMPDIR/own" >"$BATS_FILE_TMPDIR/address"
}

teardown_file() {
	[[ ! -e $BATS_FILE_TMPDIR/own ]] || "$BATS_TEST_DIRNAME/../rig/kafka/broker" kill "$BATS_FILE_TMPDIR/own"
}

setup() {
	need_kafka
	MAIP_KAFKA_BROKERS=$(<"$BATS_FILE_TMPDIR/address")
	read -r broker _ <"$BATS_FILE_TMPDIR/own/pid"
	mkfifo pipe
}

teardown() { [[ -z ${broker-} ]] || kill -CONT "$broker"; }

thaw() { kill -CONT "$broker"; }

# Start maip-produce on the pipe, which is descriptor 4, and give it lines that arrive.
start() { # TOPIC LINES [OPTION]...
	topics "$1:1"
	maip-produce -t "$1" "${@:3}" <pipe 2>err 3>&- 4>&- &
	pid=$!
	exec 4>pipe
	seq -f '{"n":%.0f}' "$2" >&4
	timeout 60 bash -c 'until [[ $(maip-consume -t "$0" -o earliest -e -X isolation.level=read_uncommitted | wc -l) == "$1" ]]; do :; done' "$1" "$2" 4>&-
}

await() { # TEXT
	local i
	for ((i = 0; i < 3000; i++)); do
		grep -q -- "$1" err && return
		sleep 0.02
	done
	return 1
}

@test "a commit that is not confirmed is neither done nor undone" {
	start unsure 3 --transactional-id unsure --broker-timeout 4s -v
	freeze "$broker"
	exec 4>&-
	ends_with 74 "$pid"
	run -0 tail -n 2 err
	assert_line --index 0 --partial "maip-produce: the commit was sent, but not confirmed: run again with the same --transactional-id and no input (</dev/null), then look whether the records are there (maip-consume -t unsure -o earliest --exit-at-end) before sending them again: "
	assert_line --index 1 "maip-produce: 3 records, published or not; 0 bad lines"
	thaw
	# a run of the same id ends the transaction, one way or the other
	maip-produce -t unsure --transactional-id unsure </dev/null
	run -0 read_all unsure
	assert_equal "${#lines[@]}" 3
}

@test "two signals while a commit hangs: it is not confirmed, either" {
	start signals 3 --transactional-id signals --broker-timeout 1h -X socket.timeout.ms=1000 -v
	freeze "$broker"
	exec 4>&-
	await REQTMOUT
	kill -TERM "$pid"
	second_request "$pid"
	kill -TERM "$pid"
	ends_with 74 "$pid"
	run -0 cat err
	assert_line --partial "maip-produce: the commit was sent, but not confirmed: run again with the same --transactional-id and no input (</dev/null), then look whether the records are there (maip-consume -t signals -o earliest --exit-at-end) before sending them again: "
	assert_line --partial "stopped by a second signal"
}

@test "a transaction that cannot be aborted is told, with what ends it" {
	start open 1 --transactional-id open --broker-timeout 4s
	freeze "$broker"
	echo '{"n":2}' >&4
	ends_with 74 "$pid"
	exec 4>&-
	run -0 cat err
	assert_output --partial "maip-produce: nothing was published, but the transaction could not be aborted: readers wait for it for up to 15m (transaction.timeout.ms), or until maip-produce runs again with --transactional-id open: line 2 to 'open': sent, but not acknowledged: "
}

@test "dead letters say what was sent, and may have arrived" {
	start letters 5 --dead-letter letters --broker-timeout 4s
	freeze "$broker"
	seq -f '{"n":%.0f}' 6 10 >&4
	exec 4>&-
	ends_with 74 "$pid"
	run -0 tail -n 1 err
	assert_output --partial "maip-produce: 5 of 10 records not delivered (5 of them sent, and perhaps there), the first: line 6 to 'letters': sent, but not acknowledged: "
	run -0 jq -r '"\(.value.n) \(.error | .[:index(":")])"' letters
	assert_output "$(seq -f '%.0f sent, but not acknowledged' 6 10)"
	thaw
	run -0 read_all letters
	assert_output "$(seq -f '{"n":%.0f}' 10)"
}

@test "in one run some dead letters were sent and others were not, and only the former may be there" {
	# one batch under way, and what comes behind it waits
	start mixed 1 --dead-letter letters --broker-timeout 4s --batch-size 100 --linger 0 \
		-X max.in.flight.requests.per.connection=1
	freeze "$broker"
	seq -f '{"n":%.0f}' 2 4000 >&4
	exec 4>&-
	ends_with 74 "$pid"
	jq -r '"\(.value.n) \(.error | .[:index(":")])"' letters | sort -n >whys
	run -0 sh -c "cut -d ' ' -f 2- whys | sort -u"
	assert_output $'not sent\nsent, but not acknowledged'
	sent=$(grep -c 'sent, but' whys)
	assert_regex "$(tail -n 1 err)" "3999 of 4000 records not delivered \\($sent of them sent, "
	# those are the first ones, and nobody was left out
	assert_equal "$(cut -d ' ' -f 1 whys)" "$(seq 2 4000)"
	assert_equal "$(head -n "$sent" whys | cut -d ' ' -f 2 | sort -u)" "sent,"
	thaw
	# what was not sent is not there; with it the topic is complete
	jq -c 'select(.error | startswith("sent, ") | not)' letters >certain
	maip-produce --envelope certain
	read_all mixed | jq .n | sort -n >got
	run -0 uniq -d got
	assert_output ""
	assert_equal "$(<got)" "$(seq 4000)"
}
