#!/usr/bin/env bats
# Consumers and brokers that die: nothing is lost, and nothing is said that is not so.
load helper

setup() { need_kafka; }

teardown() {
	jobs -p | xargs -r kill         # what a test that failed has left
	[[ ! -e ${own-} ]] || "$rig" kill "$own"
}

# Wait until so many lines of a file match; fails after 60 s.
await_count() { # PATTERN FILE COUNT
	local i
	for ((i = 0; i < 3000; i++)); do
		[[ -e $2 && $(grep -c -- "$1" "$2") -ge $3 ]] && return
		sleep 0.02
	done
	echo "$2 has no $3 lines with '$1' after 60 s" >&2
	return 1
}

@test "a consumer that is told to stop resumes at the very next record" {
	topics stopped
	gen-orders --events 30000 >events
	maip-produce -t stopped --key payload.customerId <events
	mkfifo pipe
	maip-consume -g stopped -t stopped -o earliest >pipe 2>err 3>&- &
	consumer=$!
	exec 4<pipe
	sed -u 5000q <&4 >first            # not head, which reads further than it prints
	kill -TERM "$consumer"
	cat <&4 >>first
	exec 4<&-
	ends_with 0 "$consumer"
	read_all stopped -g stopped -o committed >second
	assert [ -s second ]
	diff <(ids first second) <(ids events)
}

@test "a consumer that is killed when it has committed something loses nothing" {
	topics killed
	gen-orders --events 30000 >events
	maip-produce -t killed --key payload.customerId <events
	mkfifo pipe
	maip-consume -g killed -t killed -o earliest -X session.timeout.ms=6000 >pipe 3>&- &
	consumer=$!
	exec 4<pipe
	# nearly always blocked, so that there are lines that have not left when a commit is due
	for ((i = 0; i < 1000; i++)); do
		sed -u 20q <&4 >>first     # not head, which reads further than it prints
		maip-consume --list-offsets -t killed -g killed >offsets
		! grep -q '"committed":"[1-9]' offsets || break
	done
	grep -q '"committed":"[1-9]' offsets
	kill -KILL "$consumer"
	cat <&4 >>first
	exec 4<&-
	ends_with 137 "$consumer"
	read_all killed -g killed -X session.timeout.ms=6000 >second
	diff <(ids first second | uniq) <(ids events)
}

@test "two consumers of a group share the partitions, and all is read" {
	topics shared
	gen-orders --events 20000 >events
	maip-consume -v -g shared -t shared -o earliest >one 2>one.err 3>&- &
	one=$!
	maip-consume -v -g shared -t shared -o earliest >two 2>two.err 3>&- &
	two=$!
	await_count "partition" one.err 1
	await_count "partition" two.err 1
	maip-produce -t shared --key payload.customerId <events
	timeout 60 bash -c 'until (($(cat one two | wc -l) >= 20000)); do sleep 0.05; done'
	kill -TERM "$one" "$two"
	ends_with 0 "$one"
	ends_with 0 "$two"
	assert [ -s one ]
	assert [ -s two ]
	diff <(ids one two) <(ids events)
}

@test "without a broker both ends say so and end with 69" {
	own=$BATS_TEST_TMPDIR/own
	address=$("$rig" up "$own")
	"$rig" kill "$own"
	run -69 --separate-stderr maip-consume -b "$address" -t any -o earliest --exit-at-end
	assert_equal "$output$stderr" "maip-consume: cannot reach Kafka at $address: Connection refused (set MAIP_KAFKA_BROKERS or -b)"
	run -69 --separate-stderr maip-produce -b "$address" -t any <<<'{}'
	assert_equal "$output$stderr" "maip-produce: cannot reach Kafka at $address: Connection refused (set MAIP_KAFKA_BROKERS or -b)"
}

@test "a topic that does not exist is named" {
	run -66 --separate-stderr maip-consume -t no.such.topic -o earliest --exit-at-end
	assert_equal "$output" ""
	assert_regex "$stderr" "^maip-consume: no topic 'no.such.topic' on Kafka at $MAIP_KAFKA_BROKERS"
}

@test "when the broker dies in the middle, what was reported as delivered is there" {
	own=$BATS_TEST_TMPDIR/own
	address=$("$rig" up "$own")
	kafka-admin "$address" create-topics cut
	gen-orders --events 60000 >events
	mkfifo pipe
	touch receipts
	maip-produce -b "$address" -t cut --receipts receipts --dead-letter unsent \
		--delivery-timeout 5s <pipe 2>err 3>&- &
	produce=$!
	exec 4>pipe
	head -n 30000 events >&4
	timeout 60 tail -n +1 -s 0.05 -f receipts 3>&- | head -n 1000 >/dev/null
	"$rig" kill "$own"
	tail -n +30001 events >&4
	exec 4>&-
	ends_with 74 "$produce"
	assert [ -s unsent ]

	"$rig" up "$own" 3>&-
	maip-consume -b "$address" -t cut -o earliest --exit-at-end --envelope >there
	# each receipt names the place of its line
	jq -r '"\(.partition) \(.offset) \(.value.eventId)"' there | sort >have
	jq -r '"\(.line) \(.partition) \(.offset)"' receipts >claimed
	ids_by_line() { sed 's/.*"eventId": *"\([^"]*\)".*/\1/' events; }
	awk 'NR == FNR { id[NR] = $0; next } { print $2, $3, id[$1] }' <(ids_by_line) claimed | sort >promised
	assert_equal "$(comm -23 promised have | wc -l)" 0
	# and each line is in the topic or in the dead-letter file
	assert_equal "$(comm -23 <(ids events) <({ ids unsent; jq -r .value.eventId there; } | sort -u) | wc -l)" 0
}

@test "--idle-advance: time stands while the broker is away, and goes on when it is back" {
	own=$BATS_TEST_TMPDIR/own
	address=$("$rig" up "$own")
	maip-produce -b "$address" -t quiet --create-topics=1 <<<'{"timestamp":"2026-01-16T12:00:00Z"}'
	maip-consume -b "$address" -t quiet -o earliest --watermark 0 --idle-advance 2s >lines 2>err 3>&- &
	consumer=$!
	await_count watermark lines 3   # that of the record, and two of the clock
	"$rig" down "$own"
	await_count "no broker of $address answers any more" err 1
	at=$(grep -c watermark lines)
	"$rig" up "$own"
	assert_equal "$(grep -c watermark lines)" "$at"
	await_count "a broker answers again" err 1
	await_count watermark lines "$((at + 1))"
	maip-produce -b "$address" -t quiet <<<'{"timestamp":"2026-01-16T13:00:00Z"}'
	await_count 13:00:00 lines 1
	kill "$consumer"
	ends_with 0 "$consumer"
}
