#!/usr/bin/env bats
# maip-consume against a real broker: ends behind markers, order, groups, times.
load helper
load ../support/broker

setup() {
	need_kafka
	topic=consume.$BATS_TEST_NUMBER.$RANDOM
}

teardown() { jobs -p | xargs -r kill; }         # what a test that failed has left

@test "the end is reached behind transaction markers, in empty partitions, and in a group" {
	topics "$topic:4"
	printf '{"n":%d}\n' 1 2 3 | maip-produce -t "$topic" --partition-expr 0 --transactional-id "$topic"
	# a broker writes the marker after it has said that the transaction is committed
	timeout 60 bash -c "until maip-consume --list-offsets -t $topic -p 0 | grep -q '\"next\":\"4\"'; do sleep 0.05; done"
	run -0 read_all "$topic"
	assert_equal "$output" $'{"n":1}\n{"n":2}\n{"n":3}'
	run -0 maip-consume -t "$topic" -e -g "$topic"
	assert_equal "$output" $'{"n":1}\n{"n":2}\n{"n":3}'
	run -0 bash -c "maip-consume --list-offsets -t $topic -p 0 -g $topic"
	assert_equal "$output" "{\"topic\":\"$topic\",\"partition\":0,\"first\":\"0\",\"next\":\"4\",\"committed\":\"4\",\"lag\":\"0\"}"
	run -0 maip-consume -t "$topic" -e -g "$topic"
	assert_equal "$output" ""
}

@test "a bounded read is the same to the byte, whatever the fetch sizes" {
	topics "$topic:4"
	for i in {1..3000}; do
		printf '{"n":%d,"at":%d}\n' "$i" $((1700000000000 + i * 10 + RANDOM % 500))
	done | maip-produce -t "$topic" -k n
	maip-consume -t "$topic" -e --time at >first
	assert_equal "$(wc -l <first)" 3000
	for size in 1 500 2000 30000 1000000; do
		maip-consume -t "$topic" -e --time at -X fetch.message.max.bytes=$((size + 999)) \
			-X queued.min.messages=$((size)) >again
		cmp first again
	done
}

@test "a group that is killed reads again what had not left, and loses nothing" {
	topics "$topic:2"
	printf '{"n":%d}\n' {1..5000} | maip-produce -t "$topic" -k n
	mkfifo lines
	maip-consume -t "$topic" -g "$topic" -X session.timeout.ms=6000 >lines 3>&- &
	reader=$!
	exec 4<lines
	sed -u 1000q <&4 >first
	kill -KILL "$reader"
	exec 4<&-
	ends_with 137 "$reader"
	maip-consume -t "$topic" -g "$topic" -e >second
	assert_equal "$(sort -u first second | wc -l)" 5000
}

@test "two members share the partitions, and a third run finds nothing left" {
	topics "$topic:4"
	printf '{"n":%d}\n' {1..2000} | maip-produce -t "$topic" -k n
	maip-consume -t "$topic" -g "$topic" -e >a 3>&- &
	maip-consume -t "$topic" -g "$topic" -e >b
	ends_with 0 $!
	assert_equal "$(sort a b)" "$(printf '{"n":%d}\n' {1..2000} | sort)"
	run -0 maip-consume -t "$topic" -g "$topic" -e
	assert_equal "$output" ""
}

# Lines n .. n + 9 into each partition.
ten_more() {
	for ((k = 0; k < 10; k++)); do printf '{"n":%d,"p":0}\n{"n":%d,"p":1}\n' $((n + k)) $((n + k)); done |
		maip-produce -t "$topic" --partition-expr p
	n=$((n + 10))
}

@test "-o and --offsets-from are about the start: what a rebalance takes and gives back goes on" {
	for start in "-o 5" "-o -5" "--offsets-from from"; do
		topic=consume.$BATS_TEST_NUMBER.$RANDOM
		topics "$topic:2"
		printf '{"topic":"%s","partition":%d,"offset":"5"}\n' "$topic" 0 "$topic" 1 >from
		rm -f a b
		n=0
		ten_more
		# shellcheck disable=SC2086
		maip-consume -t "$topic" -g "$topic" -X heartbeat.interval.ms=100 $start >a 3>&- &
		a=$!
		await_lines a 10
		maip-consume -t "$topic" -g "$topic" >b 3>&- &
		b=$!
		until [[ -s b ]]; do ten_more; done
		kill -TERM "$b"
		ends_with 0 "$b"
		ten_more
		timeout 60 bash -c 'until (($(cat a b | wc -l) >= $0)); do sleep 0.05; done' $((2 * n - 10))
		kill -TERM "$a"
		ends_with 0 "$a"
		assert_equal "$(cat a b | wc -l)" $((2 * n - 10))
		assert_equal "$(sort a b | uniq -d)" ""
	done
}

@test "a spare that takes over goes on where the group left off, whatever its -o says" {
	local spare
	while read -r strategy start; do
		topic=consume.$BATS_TEST_NUMBER.$RANDOM
		spare=(-t "$topic" -g "$topic" -X "partition.assignment.strategy=$strategy" -X heartbeat.interval.ms=100)
		topics "$topic:1"
		printf '{"n":%d}\n' {1..100} | maip-produce -t "$topic"
		echo "{\"topic\":\"$topic\",\"partition\":0,\"offset\":\"5\"}" >from
		rm -f a b said
		# the only partition is for the member whose id comes first, or who has it
		maip-consume "${spare[@]}" -X client.id=a -o earliest --rate 10/s >a 3>&- &
		a=$!
		await_lines a 1
		# shellcheck disable=SC2086
		maip-consume "${spare[@]}" -X client.id=b $start -v -X debug=cgrp >b 2>said 3>&- &
		b=$!
		timeout 60 bash -c 'until grep -q "delegating .*assign of 0 partition" said; do sleep 0.05; done'
		kill -TERM "$a"
		ends_with 0 "$a"
		assert [ "$(wc -l <a)" -lt 90 ]
		await_lines b $((100 - $(wc -l <a)))
		kill -TERM "$b"
		ends_with 0 "$b"
		assert_equal "$(cat a b)" "$(printf '{"n":%d}\n' {1..100})"
		run -0 maip-consume --list-offsets -t "$topic" -g "$topic"
		assert_regex "$output" '"committed":"100","lag":"0"'
	done <<-'END'
		range -o -10
		range -o 5
		range --offsets-from from
		cooperative-sticky -o -10
	END
}

@test "a time is an offset: from it on, and up to it" {
	topics "$topic:1"
	now=$(date +%s)
	for i in 0 1 2 3; do printf '{"n":%d,"at":%d}\n' $i $(((now - 40 + 10 * i) * 1000)); done |
		maip-produce -t "$topic" --timestamp at
	run -0 bash -c "maip-consume -t $topic -o @$((now - 30)):@$((now - 10)) | jq -c .n"
	assert_equal "$output" $'1\n2'
	run -0 bash -c "maip-consume -t $topic -o -25s -e | jq -c .n"
	assert_equal "$output" $'2\n3'
}

@test "a date is a moment, too: its start in UTC" {
	topics "$topic:1"
	printf '{"n":%d,"at":%d}\n' 0 1767225599999 1 1767225600000 |
		maip-produce -t "$topic" --timestamp at
	run -0 bash -c "maip-consume -t $topic -o @2026-01-01 -e | jq -c .n"
	assert_output 1
	run -0 bash -c "maip-consume -t $topic -o '@2025-12-31 23:59:59:@2026-01-01' | jq -c .n"
	assert_output 0
}

@test "a start and an end in the middle of a compressed batch are kept to the record" {
	topics "$topic:2"
	for p in 0 1; do
		seq -f "{\"n\":%.0f,\"p\":$p}" 0 99 | maip-produce -t "$topic" --partition-expr p --compression gzip
	done
	run -0 bash -c "maip-consume -t $topic -o 97 -e | jq -c '[.n,.p]' | sort"
	assert_equal "$output" $'[97,0]\n[97,1]\n[98,0]\n[98,1]\n[99,0]\n[99,1]'
	run -0 bash -c "maip-consume -t $topic -o 50:52 | jq -c '[.n,.p]' | sort"
	assert_equal "$output" $'[50,0]\n[50,1]\n[51,0]\n[51,1]'
	run -0 maip-consume -t "$topic" -g "$topic" --until 60
	assert_equal "${#lines[@]}" 120
	run -0 bash -c "maip-consume -t $topic -g $topic -e | jq -s -c 'map(.n) | [length, min, max]'"
	assert_equal "$output" '[80,60,99]'
	run -0 bash -c "maip-consume -t $topic -o 90 -c 20 | jq -s -c 'map(.n) | [length, min, max]'"
	assert_equal "$output" '[20,90,99]'
}

@test "a partition of which nothing but a marker is left falls silent" {
	topics "$topic:2"
	echo '{"timestamp":"2026-01-16T12:00:00Z"}' | maip-produce -t "$topic" --partition-expr 0 --transactional-id "$topic"
	maip-consume -t "$topic" -o earliest --watermark 0s --idle-timeout 300ms >out 3>&- &
	reader=$!
	await_lines out 2
	echo '{"timestamp":"2026-01-16T13:00:00Z"}' | maip-produce -t "$topic" --partition-expr 1
	timeout 60 bash -c "until grep -q '\"ts\":1768568399999' out; do sleep 0.05; done"
	kill -TERM "$reader"
	ends_with 0 "$reader"
}

@test "cooperative rebalancing and static membership come as properties" {
	topics "$topic:2"
	printf '{"n":%d}\n' {1..10} | maip-produce -t "$topic" -k n
	maip-consume -t "$topic" -g "$topic" -c 10 \
		-X partition.assignment.strategy=cooperative-sticky -X group.instance.id=one >a
	assert_equal "$(wc -l <a)" 10
	echo '{"n":11}' | maip-produce -t "$topic"
	run -0 maip-consume -t "$topic" -g "$topic" -c 1 \
		-X partition.assignment.strategy=cooperative-sticky -X group.instance.id=one
	assert_equal "$output" '{"n":11}'
}

@test "a member whose place or strategy does not fit the group is told what to look at" {
	topics "$topic:2"
	printf '{"n":%d}\n' {1..10} | maip-produce -t "$topic" -k n
	maip-consume -t "$topic" -g "$topic" -X group.instance.id=one >a 2>err 3>&- &
	first=$!
	await_lines a 10
	run -78 --separate-stderr maip-consume -t "$topic" -g "$topic" -c 1 \
		-X partition.assignment.strategy=cooperative-sticky
	assert_equal "$stderr" "maip-consume: cannot read: Broker: Inconsistent group protocol (its members need the same partition.assignment.strategy)"
	run -0 maip-consume -t "$topic" -g "$topic" -e -X group.instance.id=one
	ends_with 80 "$first"
	assert_regex "$(<err)" 'same group.instance.id \(it has our place now: each member needs a group.instance.id of its own\)$'
	run -78 --separate-stderr maip-consume -t "$topic" -g "$topic" -e -X session.timeout.ms=1
	assert_regex "$stderr" 'Invalid session timeout \(session.timeout.ms has to be within the broker.s '
}

@test "a topic that is not there is told, with a group and without" {
	run -66 --separate-stderr maip-consume -t "$topic" -e
	assert_equal "$stderr" "maip-consume: no topic '$topic' on Kafka at $MAIP_KAFKA_BROKERS (maip-consume --list-topics shows those there are)"
	run -66 maip-consume -t "$topic" -g g -e
	run -66 maip-consume -t "$topic.*" -e
}
