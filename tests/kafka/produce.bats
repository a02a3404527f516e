#!/usr/bin/env bats
# maip-produce against a real broker, and against what the Java client sends and sees.
load helper
load ../support/broker

setup_file() {
	[[ -z ${MAIP_TEST_KAFKA-} ]] ||
		javac -cp "$(jars)" -d "$BATS_FILE_TMPDIR" "$BATS_TEST_DIRNAME/Records.java"
}

setup() { need_kafka; }

teardown() {
	[[ ! -e ${own-} ]] || "$rig" kill "$own"
}

jars() { printf '%s*:' "${MAIP_TEST_CACHE:-$HOME/.cache/maip-test}"/kafka-4.*/; }

# What the Java client has to say: dump TOPIC, fill TOPIC SEED COUNT, keys TOPIC
java_client() { # COMMAND TOPIC ...
	java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
		-Dorg.slf4j.simpleLogger.defaultLogLevel=error \
		-cp "$BATS_FILE_TMPDIR:$(jars)" Records "$1" "$MAIP_KAFKA_BROKERS" "${@:2}"
}

@test "10,000 keys land where the Java producer puts them" {
	topics keys-java:7 keys-maip:7
	python3 - >keys <<-'END'
		import base64, random
		r = random.Random(42)
		keys = [b"", b"null", "c-1".encode(), "caf\u00e9".encode(), "\U0001f600".encode(), bytes(range(256))]
		while len(keys) < 10000:
		    n = r.randrange(1, 24)
		    keys.append(r.choice([lambda: b"customer-%d" % r.randrange(10**6), lambda: r.randbytes(n),
		                          lambda: "".join(map(chr, r.choices(range(0x370, 0x3ff), k=n))).encode()])())
		print("\n".join(base64.b64encode(k).decode() for k in keys))
	END
	java_client keys keys-java <keys
	sed 's/.*/{"key_b64":"&","value_text":""}/' keys | maip-produce -t keys-maip --envelope
	java_client dump keys-java | cut -d ' ' -f 1,5 | sort >java
	java_client dump keys-maip | cut -d ' ' -f 1,5 | sort >maip
	assert_equal "$(wc -l <java)" 10000
	cmp java maip
}

@test "records without a key are spread over the partitions" {
	topics spread:4
	seq -f '{"n":%.0f}' 20000 | maip-produce -t spread -X sticky.partitioning.linger.ms=0
	java_client dump spread | cut -d ' ' -f 1 | sort -u >partitions
	assert_equal "$(wc -l <partitions)" 4
}

@test "a record without a key takes none with a key along" {
	topics keyed:4 mixed:4
	seq 6000 | awk '{ key = $1 % 300 < 150 ? "\"k\":\"" $1 % 100 "\"," : ""; print "{" key "\"n\":" $1 "}" }' >lines
	grep '"k"' lines | maip-produce -t keyed --key k
	maip-produce -t mixed --key k lines
	java_client dump mixed >mixed
	assert_equal "$(wc -l <mixed)" 6000
	java_client dump keyed | cut -d ' ' -f 1,5,6 | sort >a
	cut -d ' ' -f 1,5,6 mixed | grep -vw null | sort >b
	assert_equal "$(wc -l <a)" 3000
	cmp a b
}

@test "a topic that is copied has every byte of the original, says a Java consumer" {
	topics original:5 copy:5
	java_client fill original 7 5000
	maip-consume -t original -o earliest --exit-at-end --envelope |
		maip-produce --envelope -t copy
	java_client dump original >a
	java_client dump copy >b
	assert_equal "$(wc -l <a)" 5000
	cmp a b
}

@test "every compression is read by the Java consumer" {
	topics packed:1
	for c in none gzip snappy lz4 zstd; do
		seq -f "{\"$c\":%.0f}" 2000 | maip-produce -t packed --compression "$c"
	done
	java_client dump packed | cut -d ' ' -f 6 | tr -d "'" | jq -Rr @base64d >got
	for c in none gzip snappy lz4 zstd; do seq -f "{\"$c\":%.0f}" 2000; done | cmp - got
}

@test "a broker that makes topics on first use makes them, as for any other producer" {
	run -0 timeout 20 maip-produce -t first-use <<<'{"n":1}'
	run -0 timeout 20 maip-produce --topic-expr "'first-use-too'" <<<'{"n":2}'
	run -0 timeout 10 maip-consume -t first-use -t first-use-too -o earliest --exit-at-end
	assert_equal "${#lines[@]}" 2
}

@test "a name that no topic can have is told as that, and -t before anything is read" {
	mkfifo never
	run -64 --separate-stderr timeout 20 bash -c 'exec 7<>never; maip-produce -t no/where <never'
	assert_equal "$stderr" "maip-produce: -t: 'no/where' is not the name of a topic (letters, digits, '.', '_' and '-'; at most 249)"
	run -74 --separate-stderr maip-produce --topic-expr "'no/where'" <<<'{}'
	assert_equal "$stderr" "maip-produce: 1 of 1 records not delivered, the first: line 1 to 'no/where': 'no/where' is not the name of a topic (letters, digits, '.', '_' and '-'; at most 249) (--dead-letter FILE keeps them, and goes on)"
}

@test "reading makes no topic" {
	run -66 timeout 10 maip-consume -t misspelt -o earliest --exit-at-end
	run -66 timeout 10 maip-consume -t misspelt -o earliest --exit-at-end
}

@test "a topic is made with the partitions and settings that were asked for" {
	run -0 maip-produce -t made --create-topics=3,max.message.bytes=2000 <<<'{}'
	printf '{"n":"%03000d"}\n' 0 >in
	run -74 --separate-stderr maip-produce -t made --dead-letter letters in
	assert_equal "$stderr" "maip-produce: 1 of 1 records not delivered, the first: line 1 to 'made': too large for the topic (its max.message.bytes); they are in letters"
	run -0 jq -r .error letters
	assert_output 'too large for the topic (its max.message.bytes)'
	run -74 --separate-stderr maip-produce -t made --partition-expr 3 <<<'{}'
	assert_regex "$stderr" "there is no partition 3: the topic has 3"
	run -78 --separate-stderr maip-produce -t odd --create-topics=1,no.such=1 <<<'{}'
	assert_equal "$stderr" "maip-produce: cannot make topic 'odd': Unknown topic config name: no.such"
}

# Lines of 8 bytes, with one of 3000 among them.
write_lines() { # FILE
	{ seq -f '{"n":%.0f}' 100 149; printf '{"n":"%02992d"}\n' 0; seq -f '{"n":%.0f}' 150 199; } >"$1"
}

@test "a record that is too large for its topic fails alone, whether -t or the line names that" {
	topics roomy:1
	maip-produce -t small --create-topics=1,max.message.bytes=2000 </dev/null
	write_lines in
	run -74 --separate-stderr maip-produce -t small --dead-letter letters in
	assert_equal "$stderr" "maip-produce: 1 of 101 records not delivered, the first: line 51 to 'small': too large for the topic (its max.message.bytes); they are in letters"
	run -0 read_all small
	assert_equal "$output" "$(seq -f '{"n":%.0f}' 100 199)"
	# the batches of the first topic may be larger than the second takes
	maip-produce -t roomy --dry-run <(seq -f '{"n":%.0f}' 1000) >envelopes
	maip-produce -t small --dry-run in >>envelopes
	run -74 --separate-stderr maip-produce --envelope --dead-letter letters envelopes
	assert_equal "$stderr" "maip-produce: 1 of 1101 records not delivered, the first: line 1051 to 'small': too large for the topic (its max.message.bytes); they are in letters"
	run -0 read_all small -o 100
	assert_equal "$output" "$(seq -f '{"n":%.0f}' 100 199)"
	run -0 jq -s 'map(.value.n | length)' -c letters
	assert_output '[2992,2992]'
	# compressed it fits
	run -0 maip-produce -t small --compression gzip in
}

@test "a record without a key fails alone where the topic is compacted, and the message says what it needs" {
	printf '{"id":%s}\n' 1 null 3 >in
	run -74 --separate-stderr maip-produce -t compacted \
		--create-topics=1,cleanup.policy=compact --key id in
	assert_equal "$stderr" "maip-produce: 1 of 2 records not delivered, the first: line 2 to 'compacted': it has no key, which a compacted topic needs: --key EXPR gives it one (--dead-letter FILE keeps them, and goes on)"
	run -74 maip-produce -t compacted --key id --dead-letter letters in
	run -0 jq -r .value.id letters
	assert_output null
	run -0 read_all compacted
	assert_output $'{"id":1}\n{"id":1}\n{"id":3}'
	run -74 --separate-stderr maip-produce -t compacted --transactional-id compacted in
	assert_equal "$stderr" "maip-produce: nothing was published, the transaction is aborted: line 1 to 'compacted': it has no key, which a compacted topic needs: --key EXPR gives it one"
}

@test "in a transaction, too, batches are no larger than the topic takes" {
	maip-produce -t small-txn --create-topics=1,max.message.bytes=2000 </dev/null
	write_lines in
	run -0 maip-produce -t small-txn --transactional-id small <(grep -v 00000 in)
	run -0 read_all small-txn
	assert_equal "${#lines[@]}" 100
	run -74 --separate-stderr maip-produce -t small-txn \
		--transactional-id small in
	assert_equal "$stderr" "maip-produce: nothing was published, the transaction is aborted: line 51 to 'small-txn': too large for the topic (its max.message.bytes)"
	# that is all, unless debugging is asked for
	run -74 --separate-stderr maip-produce -v -t small-txn \
		--transactional-id small in
	assert_regex "$stderr" "^maip-produce: nothing was published, the transaction is aborted: line 51 to 'small-txn': [^
]*
maip-produce: [0-9]+ records, 0 delivered, [0-9]+ not; 0 bad lines\$"
	run -74 --separate-stderr maip-produce -v -X debug=eos -t small-txn \
		--transactional-id small in
	assert_regex "$stderr" "maip-produce: librdkafka: TXNERR: "
}

@test "one transaction around the input: all of it, or nothing" {
	topics whole:4
	seq -f '{"n":%.0f}' 3000 >in
	{ cat in; echo hello; } >bad
	run -65 --separate-stderr maip-produce -t whole --transactional-id whole bad
	assert_equal "$stderr" "maip-produce: bad: line 3001: column 1: expected a value, found 'hello'
maip-produce: nothing was published, the transaction is aborted"
	run -0 java_client dump whole
	assert_output ""
	run -0 maip-produce -t whole --transactional-id whole in
	java_client dump whole >got
	assert_equal "$(wc -l <got)" 3000
}

@test "a transaction whose producer was killed is undone by the next run of its id" {
	topics killed-txn:1
	mkfifo pipe
	maip-produce -t killed-txn --transactional-id killed --tee <pipe >sent 3>&- &
	pid=$!
	exec 4>pipe
	seq -f '{"first":%.0f}' 1000 >&4
	timeout 60 tail -n +1 -s 0.05 -f sent 3>&- | head -n 1000 >/dev/null
	kill -KILL "$pid"
	exec 4>&-
	ends_with 137 "$pid"
	echo '{"second":1}' | maip-produce -t killed-txn --transactional-id killed
	read_all killed-txn >got
	run -0 cat got
	assert_output '{"second":1}'
}

@test "a run whose transactional id another one takes over ends with 80 and publishes nothing" {
	topics fenced:1
	mkfifo pipe
	maip-produce -t fenced --transactional-id fenced --tee <pipe >sent 2>err 3>&- &
	pid=$!
	exec 4>pipe
	echo '{"old":1}' >&4
	timeout 60 tail -n +1 -s 0.05 -f sent 3>&- | head -n 1 >/dev/null
	echo '{"new":1}' | maip-produce -t fenced --transactional-id fenced
	exec 4>&-
	ends_with 80 "$pid"
	run -0 cat err
	assert_output --partial "another producer has taken over the transactional id 'fenced', or the transaction took longer than transaction.timeout.ms"
	read_all fenced >got
	run -0 cat got
	assert_output '{"new":1}'
}

@test "a broker that is killed and comes back: every line once, in its order" {
	own=$BATS_TEST_TMPDIR/own
	address=$("$rig" up "$own" num.partitions=1)
	maip-produce -b "$address" -t steady --create-topics=1 </dev/null
	seq -f '{"n":%.0f}' 200000 >in
	mkfifo pipe
	touch receipts
	maip-produce -b "$address" -t steady --receipts receipts <pipe 3>&- &
	pid=$!
	exec 4>pipe
	head -n 100000 in >&4
	timeout 60 tail -n +1 -s 0.05 -f receipts 3>&- | head -n 1000 >/dev/null
	"$rig" kill "$own"
	tail -n +100001 in >&4 3>&- &
	"$rig" up "$own" 3>&- 4>&-
	exec 4>&-
	ends_with 0 "$pid"
	assert_equal "$(wc -l <receipts)" 200000
	maip-consume -b "$address" -t steady -o earliest --exit-at-end | cmp - in
}

@test "a broker that is away for longer than --broker-timeout, while nothing is sent, is no loss" {
	own=$BATS_TEST_TMPDIR/own
	address=$("$rig" up "$own" num.partitions=1 3>&-)
	mkfifo pipe
	touch receipts
	maip-produce -b "$address" -t idle --create-topics=1 --receipts receipts --broker-timeout 2s \
		<pipe 2>err 3>&- &
	pid=$!
	exec 4>pipe
	echo '{"n":1}' >&4
	await_lines receipts 1
	"$rig" kill "$own"
	await_lines err 1               # no broker answers any more: told after more than 2 s
	"$rig" up "$own" 3>&- 4>&-
	await_lines err 2               # a broker answers again
	echo '{"n":2}' >&4
	exec 4>&-
	ends_with 0 "$pid"
	run -0 maip-consume -b "$address" -t idle -e
	assert_output $'{"n":1}\n{"n":2}'
}

@test "an open transaction is given up after --broker-timeout, with nothing to send, too" {
	own=$BATS_TEST_TMPDIR/own
	address=$("$rig" up "$own" 3>&-)
	mkfifo pipe
	# the first such run makes the coordinator
	maip-produce -b "$address" -t idle-txn --create-topics=1 --transactional-id idle </dev/null
	timeout 60 maip-produce -b "$address" -t idle-txn --transactional-id idle \
		--broker-timeout 3s <pipe 2>err 3>&- &
	pid=$!
	exec 4>pipe
	echo '{"n":1}' >&4
	timeout 30 bash -c 'until [[ $(maip-consume -b "$0" -t idle-txn -e -X isolation.level=read_uncommitted) ]]; do :; done' "$address" 4>&-
	"$rig" kill "$own"
	ends_with 74 "$pid"             # the input is still open
	exec 4>&-
	run -0 cat err
	assert_line --index 0 --partial "maip-produce: cannot reach Kafka at $address: "
	assert_line --partial "maip-produce: nothing was published, but the transaction could not be aborted: "
}

@test "after a signal a stream with control lines is read on: topics that are new to it are made, and known" {
	local create
	topics before-signal:1
	maip-produce -t small-signal --create-topics=1,max.message.bytes=2000 </dev/null
	write_lines in
	for create in "" --create-topics=1; do
		mkfifo pipe
		maip-produce --envelope $create --dead-letter letters --receipts receipts \
			<pipe 2>err 3>&- &
		pid=$!
		exec 4>pipe
		printf '{"_maip":"hello","version":1,"job":"%032d","run":"%032d","watermarks":false,"checkpoints":false}\n' 0 1 >&4
		echo '{"topic":"before-signal","value":{}}' >&4
		await_lines receipts 1
		kill -TERM "$pid"
		taken "$pid"
		maip-produce -t small-signal --dry-run in >&4
		echo "{\"topic\":\"after-signal-${#create}\",\"value\":{}}" >&4
		echo '{"_maip":"end","drain":true}' >&4
		exec 4>&-
		ends_with 74 "$pid"
		run -0 jq -r .error letters
		assert_output 'too large for the topic (its max.message.bytes)'
		assert_equal "$(wc -l <receipts)" 102
		rm pipe letters receipts
	done
}

@test "a topic that is deleted while it is written to is told as that" {
	own=$BATS_TEST_TMPDIR/own
	address=$("$rig" up "$own" auto.create.topics.enable=false)
	mkfifo pipe
	touch receipts
	maip-produce -b "$address" -t gone --create-topics=1 --receipts receipts <pipe 2>err 3>&- &
	pid=$!
	exec 4>pipe
	echo '{"n":1}' >&4
	timeout 60 tail -n +1 -s 0.05 -f receipts 3>&- | head -n 1 >/dev/null
	kafka-admin "$address" delete-topic gone
	echo '{"n":2}' >&4
	exec 4>&-
	ends_with 74 "$pid"
	assert_equal "$(<err)" "maip-produce: 1 of 2 records not delivered, the first: line 2 to 'gone': there is no such topic or partition any more: it was deleted meanwhile (--dead-letter FILE keeps them, and goes on)"
}

@test "a time that the topic does not take is told with the settings that say so" {
	maip-produce -t timely --create-topics=1,message.timestamp.before.max.ms=60000 <<<'{"n":1}'
	run -74 --separate-stderr maip-produce -t timely --timestamp "'2026-01-16T12:00:00Z'" <<<'{"n":2}'
	assert_regex "$stderr" "line 1 to 'timely': its time, or one in its batch, is not what the topic takes \(message.timestamp.before.max.ms and message.timestamp.after.max.ms\)"
}

# Of two records in batches of their own, the old one stands in a segment of its own.
old_and_new() { # TOPIC
	maip-produce -t "$1" --timestamp "'1990-01-01T00:00:00Z'" <<<'{"n":1}'
	maip-produce -t "$1" <<<'{"n":2}'
}

@test "an old record stays, unless its topic has an age: then it goes, as the manual warns" {
	topics ageless:1
	run -0 maip-produce -t aged --create-topics=1,retention.ms=60000 </dev/null
	run -0 maip-produce -t aged-too --create-topics=1,retention.ms=60000 </dev/null
	old_and_new ageless
	# A pass of the broker that begins after aged has lost its record comes by all topics.
	for topic in aged aged-too; do
		old_and_new "$topic"
		timeout 60 bash -c 'until [[ $(maip-consume -t "$0" -o earliest -e | wc -l) == 1 ]]; do :; done' "$topic"
	done
	run -0 read_all ageless
	assert_output $'{"n":1}\n{"n":2}'
}
