#!/usr/bin/env bats
# What a broker does not permit: topics, groups, transactional ids, and questions about the settings
# of a topic.
load helper

setup_file() {
	[[ -n ${MAIP_TEST_KAFKA-} ]] || return 0
	local address
	address=$("$BATS_TEST_DIRNAME/../rig/kafka/broker" up "$BATS_FILE_TMPDIR/broker" --secure \
		authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer \
		super.users=User:ANONYMOUS)
	kafka-admin "$address" create-topics hidden:1 seen:1
	maip-produce -b "$address" -t keyed --create-topics=1,cleanup.policy=compact </dev/null
	maip-produce -b "$address" -t small --create-topics=1,max.message.bytes=2000 </dev/null
	echo '{"a":1}' | maip-produce -b "$address" -t seen
	kafka-admin "$address" allow alice topic seen describe
	kafka-admin "$address" allow alice topic keyed write describe
	kafka-admin "$address" allow alice topic small write describe
}

teardown_file() {
	[[ ! -e $BATS_FILE_TMPDIR/broker ]] || "$BATS_TEST_DIRNAME/../rig/kafka/broker" kill "$BATS_FILE_TMPDIR/broker"
}

setup() {
	need_kafka
	unset MAIP_KAFKA_BROKERS
	address=$(<"$BATS_FILE_TMPDIR/broker/address")
	# shellcheck disable=SC1091
	source "$BATS_FILE_TMPDIR/broker/listeners"
	(umask 077 && printf '%s\n' "bootstrap.servers=$plain" security.protocol=sasl_plaintext sasl.mechanism=PLAIN \
		sasl.username=alice sasl.password=alice-secret >alice.conf)
	printf '{"id":%s}\n' 1 null 3 >in
}

fails() { # STATUS MESSAGE TOOL OPTION...
	run "-$1" --separate-stderr "$3" -F alice.conf "${@:4}" <in
	assert_output ""
	assert_equal "$stderr" "$3: $2"
}

@test "what may not be read says what is missing" {
	fails 77 "cannot read topic 'hidden': not permitted (it needs READ on the topic)" maip-consume -t hidden -e
	fails 77 "cannot read seen[0]: not permitted (it needs READ on the topic)" maip-consume -t seen -e
	fails 77 "not permitted to read as group 'g' (it needs READ on the group)" maip-consume -t seen -g g -e
	fails 77 "not permitted to read as group 'g' (it needs READ on the group)" maip-consume --list-offsets -t seen -g g
	run -0 maip-consume -F alice.conf --list-offsets -t seen
	assert_output '{"topic":"seen","partition":0,"first":"0","next":"1"}'
}

@test "what may not be written says what is missing" {
	fails 74 "3 of 3 records not delivered, the first: line 1 to 'seen': not permitted: it needs WRITE on the topic (--dead-letter FILE keeps them, and goes on)" \
		maip-produce -t seen
	fails 74 "there is no topic 'hidden', or none that we may see (--create-topics makes it)" maip-produce -t hidden
	fails 77 "cannot take the transactional id: not permitted (it needs WRITE on the transactional id)" \
		maip-produce -t keyed --key id --transactional-id x
	fails 77 "cannot make topic 'new': not permitted (it needs CREATE on the topic, or kafka-cluster:CreateTopic)" \
		maip-produce -t new --create-topics=1
}

@test "who may not ask what a topic takes can write to it all the same" {
	# larger batches would be refused
	seq -f '{"n":%.0f}' 1000 | maip-produce -F alice.conf -t small --batch-size 1000
	seq -f '{"id":%.0f}' 1000 | maip-produce -F alice.conf -t keyed -k id
	for topic in small keyed; do
		run -0 maip-consume -b "$address" -t "$topic" -e
		assert_equal "${#lines[@]}" 1000
	done
}

@test "where nothing is known of a topic, a batch is refused with the record that it does not take" {
	run -74 maip-produce -F alice.conf -t keyed --key id --dead-letter letters in
	run -0 jq -r '"\(.value.id) \(.error)"' letters
	assert_line "null it has no key, which a compacted topic needs: --key EXPR gives it one"
	assert_line "3 in a batch of which the broker refuses a record (one without a key, if the topic is compacted)"
	rm letters
	printf '{"n":"%03000d"}\n' 0 >>in
	run -74 maip-produce -F alice.conf -t small --dead-letter letters in
	run -0 jq -r .error letters
	assert_line "too large for the topic (its max.message.bytes), or its batch was (--batch-size)"
}
