#!/usr/bin/env bats
# What happens to a topic while maip-consume reads it: deleted, emptied, grown, behind open
# transactions.
load helper
load ../support/broker

setup() {
	need_kafka
	topic=broken.$BATS_TEST_NUMBER.$RANDOM
	reader=
}

teardown() {
	[[ -z $reader ]] || kill -KILL "$reader" 2>/dev/null || true
	[[ ! -e ${own-} ]] || "$rig" kill "$own"
}

admin() { # COMMAND OPERAND...
	kafka-admin "$MAIP_KAFKA_BROKERS" "$@"
}

# Start a live read that looks for new partitions all the time, into out.
live() { # [OPTION]...
	maip-consume -t "$topic" -o earliest -X topic.metadata.refresh.interval.ms=300 "$@" >out 2>err 3>&- &
	reader=$!
}

# A limit for what used to wait for ever.
ends_soon_with() { # STATUS
	timeout 30 tail -s 0.05 -f --pid="$reader" /dev/null
	ends_with "$1" "$reader"
	reader=
}

@test "a topic that is deleted while it is read ends the run, with a group and without" {
	for group in "" g; do
		topics "$topic:2"
		printf '{"n":%d}\n' 1 2 3 | maip-produce -t "$topic" -k n
		live ${group:+-g "$topic"}
		await_lines out 3
		admin delete-topic "$topic"
		ends_soon_with 66
		assert_equal "$(<err)" "maip-consume: topic '$topic' is not there any more: it was deleted while it was read"
		topic=$topic.$group
	done
}

@test "records of a topic that was deleted and made again are not taken for those of the old one" {
	local names=("$topic" "$topic.[p]" "$topic.g") readers=()
	for name in "${names[@]}"; do
		topics "${name//[][]/}:1"
		printf '{"n":%d}\n' 1 2 3 | maip-produce -t "${name//[][]/}"
	done
	for i in 0 1 2; do
		local group=()
		((i < 2)) || group=(-g "$topic")
		maip-consume -t "${names[i]}" -o earliest "${group[@]}" >"out$i" 2>"err$i" 3>&- &
		readers+=($!)
	done
	for i in 0 1 2; do await_lines "out$i" 3; done
	sleep 3.5               # before that a topic that is not there may be a new one
	for name in "${names[@]//[][]/}"; do
		admin delete-topic "$name"
		sleep 1
		printf '{"n":%d}\n' {11..19} | maip-produce -t "$name" --create-topics=1
	done
	for i in 0 1 2; do
		reader=${readers[i]}
		ends_soon_with 66
		assert_equal "$(<"err$i")" "maip-consume: topic '${names[i]//[][]/}' is not there any more: it was deleted while it was read"
		assert_equal "$(<"out$i")" "$(printf '{"n":%d}\n' 1 2 3)"
	done
}

@test "a topic that is deleted when its end was reached does not end a read of others" {
	topics "$topic:1" "$topic.more:1"
	printf '{"n":%d}\n' 1 2 3 | maip-produce -t "$topic"
	printf '{"n":%d}\n' {4..50} | maip-produce -t "$topic.more"
	maip-consume -t "$topic" -t "$topic.more" -e --rate 8/s -X topic.metadata.propagation.max.ms=1 >out 2>err 3>&- &
	reader=$!
	await_lines out 8
	admin delete-topic "$topic"
	ends_soon_with 0
	assert_equal "$(<out)" "$(printf '{"n":%d}\n' {1..50})"
}

@test "partitions that are added while a topic is read are read from their first record on" {
	topics "$topic:1"
	printf '{"n":%d}\n' 1 2 3 | maip-produce -t "$topic"
	live
	await_lines out 3
	admin create-partitions "$topic" 3
	printf '{"n":%d}\n' 4 5 6 | maip-produce -t "$topic" --partition-expr 2
	await_lines out 6
	kill -TERM "$reader"
	ends_soon_with 0
	assert_equal "$(sort out)" "$(printf '{"n":%d}\n' {1..6})"
}

# Leave a transaction open, until it is aborted by closing 4. It holds two records.
open_transaction() { # PARTITION
	mkfifo "hold.$topic"
	admin transaction "$topic" "$1" '{"n":"open"}' '{"n":"open, too"}' <"hold.$topic" >said 3>&- &
	holder=$!
	exec 4>"hold.$topic"
	await_lines said 1
}

held_back() { # COUNT WHAT
	echo "maip-consume: $1 offsets are not read: an open transaction holds back $2 (run again when it has ended; -X isolation.level=read_uncommitted reads them now, though they may yet be aborted)"
}

@test "an end behind which a transaction is open is that of the last stable record, and that is told" {
	topics "$topic:2"
	printf '{"n":%d}\n' 1 2 3 | maip-produce -t "$topic" --partition-expr 0
	open_transaction 0
	run -0 --separate-stderr read_all "$topic"
	assert_equal "$output" $'{"n":1}\n{"n":2}\n{"n":3}'
	assert_equal "$stderr" "$(held_back 2 "$topic[0] from offset 3 on")"
	echo '{"n":4}' | maip-produce -t "$topic" --partition-expr 0
	run -0 --separate-stderr read_all "$topic" -g "$topic"
	assert_equal "$output" $'{"n":1}\n{"n":2}\n{"n":3}'
	assert_equal "$stderr" "$(held_back 3 "$topic[0] from offset 3 on")"
	run -0 --separate-stderr maip-consume -t "$topic" -e -X isolation.level=read_uncommitted
	assert_equal "${#lines[@]}" 6
	assert_equal "$stderr" ""
	exec 4>&-
	ends_with 0 "$holder"
	# the aborted records and their marker are between the three and the fourth
	run -0 --separate-stderr read_all "$topic"
	assert_equal "$output" $'{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}'
	assert_equal "$stderr" ""
}

@test "where an open transaction leaves nothing to be read that is told, too, with a group and without" {
	topics "$topic:2"
	open_transaction 1
	for group in "" "$topic"; do
		run -0 --separate-stderr maip-consume -t "$topic" -e ${group:+-g "$group"}
		assert_equal "$output" ""
		assert_equal "$stderr" "$(held_back 2 "$topic[1] from offset 0 on")"
	done
	exec 4>&-
	ends_with 0 "$holder"
}

@test "nothing is told of a transaction that has ended, nor of a topic that is written meanwhile" {
	topics "$topic:2"
	printf '{"n":%d}\n' 1 2 3 | maip-produce -t "$topic" --partition-expr 0 --transactional-id "$topic"
	admin transaction "$topic" 1 '{"n":"aborted"}' </dev/null
	run -0 --separate-stderr read_all "$topic"
	assert_equal "$output" $'{"n":1}\n{"n":2}\n{"n":3}'
	assert_equal "$stderr" ""
	mkfifo in
	maip-produce -t "$topic" -k n --receipts receipts <in 3>&- &
	reader=$!       # without it there is nobody to write for
	while echo '{"n":1}'; do :; done >in 2>/dev/null 3>&- &
	source=$!
	await_lines receipts 1
	for _ in {1..10}; do
		maip-consume -t "$topic" -o -1000 -e >/dev/null 2>>err
	done
	kill -TERM "$source"
	ends_with 143 "$source"
	ends_soon_with 0
	assert_equal "$(<err)" ""
}

@test "a partition with nothing but an aborted record and its marker has an end" {
	topics "$topic:1"
	admin transaction "$topic" 0 '{"n":"aborted"}' </dev/null
	run -0 read_all "$topic"
	assert_equal "$output" ""
	run -0 maip-consume --list-offsets -t "$topic"
	assert_equal "$output" "{\"topic\":\"$topic\",\"partition\":0,\"first\":\"0\",\"next\":\"2\"}"
}

@test "records that are deleted before they were read end the run with 78 and both ways on" {
	topics "$topic:1"
	printf '{"n":%d}\n' {1..2000} | maip-produce -t "$topic" -X batch.num.messages=20
	live --rate 100 -X fetch.message.max.bytes=1000 -X queued.min.messages=20 \
		-X queued.max.messages.kbytes=1
	await_lines out 1
	admin delete-records "$topic" 0 1900
	ends_soon_with 78
	assert_regex "$(<err)" "$topic\[0\] does not hold offset [0-9]+ any more: it has 1900 to 2000 \(go on with --offsets-from a file with the line \{\"topic\":\"$topic\",\"partition\":0,\"offset\":\"1900\"\}, or with 2000 in it to read what comes\)"
	assert_equal "$(<out)" "$(printf '{"n":%d}\n' {1..2000} | head -n "$(wc -l <out)")"
}

@test "records of several partitions that are deleted before they were read are told in one message" {
	topics "$topic:3"
	for p in 0 1 2; do
		printf '{"n":%d}\n' {1..2000} | maip-produce -t "$topic" --partition-expr $p -X batch.num.messages=20
	done
	live --rate 100 -X fetch.message.max.bytes=1000 -X queued.min.messages=20 \
		-X queued.max.messages.kbytes=1
	await_lines out 1
	admin delete-records "$topic" 0 1900 2 1950
	ends_soon_with 78
	assert_regex "$(<err)" "2 partitions do not hold the offset to be read next: $topic\[0\] offset [0-9]+ \(it has 1900 to 2000\), $topic\[2\] offset [0-9]+ \(it has 1950 to 2000\) \(go on with --offsets-from a file with a line for each, such as \{\"topic\":\"$topic\",\"partition\":0,\"offset\":\"1900\"\}, or with 2000 in it to read what comes\)"
}

@test "a group whose committed offset is gone is told both ways on" {
	topics "$topic:1"
	printf '{"n":%d}\n' {1..20} | maip-produce -t "$topic"
	run -0 maip-consume -t "$topic" -g "$topic" -o earliest -e -c 5
	admin delete-records "$topic" 0 15
	run -78 --separate-stderr maip-consume -t "$topic" -g "$topic" -e
	assert_equal "$stderr" "maip-consume: $topic[0] does not hold the committed offset 5 any more: it has 15 to 20 (go on with --offsets-from a file with the line {\"topic\":\"$topic\",\"partition\":0,\"offset\":\"15\"}, or with 20 in it to read what comes)"
}

@test "all partitions whose committed offset is gone are told at once, and a line for each mends them" {
	topics "$topic:3"
	for p in 0 1 2; do printf '{"n":%d}\n' {1..20} | maip-produce -t "$topic" --partition-expr $p; done
	run -0 maip-consume -t "$topic" -g "$topic" -o earliest --until 5
	admin delete-records "$topic" 0 15 2 12
	run -78 --separate-stderr maip-consume -t "$topic" -g "$topic" -e
	assert_equal "$stderr" "maip-consume: 2 partitions do not hold the offset to be read next: $topic[0] committed offset 5 (it has 15 to 20), $topic[2] committed offset 5 (it has 12 to 20) (go on with --offsets-from a file with a line for each, such as {\"topic\":\"$topic\",\"partition\":0,\"offset\":\"15\"}, or with 20 in it to read what comes)"
	run -78 --separate-stderr maip-consume -t "$topic" -o 5 -e
	assert_regex "$stderr" "$topic\[0\] offset 5 .it has 15 to 20., $topic\[2\] offset 5 .it has 12 to 20. .go on"
	printf "{\"topic\":\"$topic\",\"partition\":%d,\"offset\":\"%d\"}\n" 0 15 2 12 >from
	run -0 --separate-stderr maip-consume -t "$topic" -g "$topic" -e --offsets-from from
	assert_equal "${#lines[@]}" 28  # 5, 15 and 8
	run -0 maip-consume -t "$topic" -g "$topic" -e
	assert_output ""
}

advised() { # the line that a message says is to be in the file
	sed -n 's/.* with the line \({.*}\), or with .*/\1/p'
}

@test "the advice for an offset that is gone loses nothing of other partitions, in a group and without" {
	local p
	topics "$topic:2"
	for p in 0 1; do
		printf '{"n":%d}\n' {1..10} | maip-produce -t "$topic" --partition-expr "$p"
	done
	maip-consume --offsets-from <(printf "{\"topic\":\"$topic\",\"partition\":%s,\"offset\":\"0:%s\"}\n" 0 4 1 0) -g "$topic"
	run -0 maip-consume --list-offsets -t "$topic" -g "$topic"
	assert_line --index 0 --partial '"committed":"4"'
	admin delete-records "$topic" 0 8
	run -78 --separate-stderr maip-consume -t "$topic" -g "$topic" -e
	advised <<<"$stderr" >from
	run -0 --separate-stderr maip-consume -t "$topic" -g "$topic" -e --offsets-from from --only value
	assert_equal "${#lines[@]}" 12  # 2 and 10
	run -0 maip-consume -t "$topic" -g "$topic" -e
	assert_output ""
	run -78 --separate-stderr maip-consume -t "$topic" -o 4 -e
	advised <<<"$stderr" >from
	run -0 --separate-stderr maip-consume -t "$topic" -o 4 -e --offsets-from from
	assert_equal "${#lines[@]}" 8  # 2 and 6
}

@test "a broker that dies while it is read: 69 within --broker-timeout, and with a group, too" {
	own=$BATS_TEST_TMPDIR/own
	MAIP_KAFKA_BROKERS=$("$rig" up "$own" 3>&-)
	topics "$topic:2"
	printf '{"n":%d}\n' 1 2 3 | maip-produce -t "$topic" -k n
	maip-consume -t "$topic" -g g -o earliest --broker-timeout 2s >in_group 2>err_group 3>&- &
	member=$!
	live --broker-timeout 2s
	await_lines out 3
	await_lines in_group 3
	"$rig" kill "$own"
	ends_soon_with 69
	assert_regex "$(<err)" "cannot reach Kafka at $MAIP_KAFKA_BROKERS: "
	reader=$member
	ends_soon_with 69
	assert_regex "$(<err_group)" "cannot reach Kafka at $MAIP_KAFKA_BROKERS: "
}

@test "a broker that is mute for --broker-timeout is the end, in one line and with no word of librdkafka's" {
	own=$BATS_TEST_TMPDIR/own
	MAIP_KAFKA_BROKERS=$("$rig" up "$own" 3>&-)
	topics "$topic:1"
	echo '{"n":1}' | maip-produce -t "$topic"
	live --broker-timeout 2s
	await_lines out 1
	mkfifo in
	maip-produce -t "$topic" --receipts receipts --broker-timeout 2s <in 2>err_produce 3>&- &
	writer=$!
	exec 4>in
	echo '{"n":2}' >&4
	await_lines receipts 1
	read -r pid _ <"$own/pid"
	freeze "$pid"
	echo '{"n":3}' >&4
	exec 4>&-
	ends_soon_with 69
	reader=$writer
	ends_soon_with 74
	kill -KILL "$pid"
	assert_equal "$(<err)" "maip-consume: cannot reach Kafka at $MAIP_KAFKA_BROKERS: no answer in time (it hangs, or is behind a firewall, or this is not Kafka's port)"
	assert_equal "$(wc -l <err_produce)" 1
	refute_regex "$(<err_produce)" librdkafka
}

@test "what compaction took away, at an end or at a start, is no end to wait for" {
	own=$BATS_TEST_TMPDIR/own
	MAIP_KAFKA_BROKERS=$("$rig" up "$own" log.cleaner.backoff.ms=50 3>&-)
	local compacted=cleanup.policy=compact,segment.ms=1,min.cleanable.dirty.ratio=0
	maip-produce -t "$topic" --create-topics="1,$compacted,delete.retention.ms=0" \
		</dev/null
	# offsets 0 and 1, 99 times the same key, and one behind in a segment of its own
	printf '{"id":%d}\n' 1 2 | maip-produce -t "$topic" -k id
	printf '{"id":3,"n":%d}\n' {1..98} | maip-produce -t "$topic" -k id
	echo '{"id":3,"n":99}' | maip-produce -t "$topic" -k id
	echo '{"id":4}' | maip-produce -t "$topic" -k id
	timeout 60 bash -c 'until [[ $(maip-consume -t "$0" -e | wc -l) == 4 ]]; do sleep 0.1; done' "$topic"
	run -0 timeout 30 maip-consume -t "$topic" -o :50
	assert_equal "$output" $'{"id":1}\n{"id":2}'
	run -0 timeout 30 maip-consume -t "$topic" -o 50:100
	assert_equal "$output" ""
	run -0 timeout 30 maip-consume -t "$topic" -g "$topic" --until 60
	assert_equal "$output" $'{"id":1}\n{"id":2}'
	run -0 timeout 30 maip-consume -t "$topic" -g "$topic" -e
	assert_equal "$output" $'{"id":3,"n":99}\n{"id":4}'
	run -0 timeout 30 maip-consume -t "$topic" -g "$topic" -e
	assert_equal "$output" ""
}

@test "a member of a group whose output is blocked for longer than max.poll.interval.ms goes on, and loses nothing" {
	topics "$topic:2"
	for ((i = 0; i < 30000; i++)); do printf '{"n":%d,"pad":"%0100d"}\n' "$i" 0; done | maip-produce -t "$topic" -k n
	mkfifo lines
	maip-consume -t "$topic" -g "$topic" -o earliest -v -X max.poll.interval.ms=6000 \
		-X session.timeout.ms=6000 >lines 2>err 3>&- &
	reader=$!
	exec 4<lines
	timeout 30 bash -c 'until grep -q "librdkafka: MAXPOLL" err; do sleep 0.1; done'
	timeout 60 cat <&4 >out 3>&- &
	timeout 60 bash -c 'until (($(cut -d , -f 1 out | sort -u | wc -l) >= 30000)); do sleep 0.1; done'
	exec 4<&-
	kill -TERM "$reader"
	ends_soon_with 0
	assert_regex "$(<err)" "maip-consume: the group takes our partitions away until we go on: for max.poll.interval.ms we have not asked for records \(-X max.poll.interval.ms=...\)"
	run -0 timeout 30 maip-consume -t "$topic" -g "$topic" -e
	assert_equal "$output" ""
}

@test "one bounded read is the same to the byte, however it is fetched: an empty partition, one far behind" {
	for partitions in 1 4 16; do
		topic=broken.$BATS_TEST_NUMBER.$partitions.$RANDOM
		topics "$topic:$partitions"
		for ((i = 0; i < 2000; i++)); do
			# partition 1 stays empty, 2 is a day behind
			p=$((i * 7919 % partitions))
			((p != 1)) || p=0
			printf '{"n":%d,"p":%d,"at":%d}\n' "$i" "$p" $((1700000000000 + i * 10 - (p == 2) * 86400000 + i * 7919 % 500))
		done | maip-produce -t "$topic" --partition-expr p
		maip-consume -t "$topic" -e --time at --watermark 1s | sed 1d >first
		assert_equal "$(grep -c '"n"' first)" 2000
		for ((k = 0; k < 16; k++)); do
			maip-consume -t "$topic" -e --time at --watermark 1s \
				-X fetch.message.max.bytes=$((1000 + k * k * 997)) \
				-X fetch.wait.max.ms=$((5 + k)) | sed 1d >again
			cmp first again
		done
	done
}
