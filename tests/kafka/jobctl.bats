#!/usr/bin/env bats
# A job that maip-jobctl run has started, on a real broker: what its end leaves in the topics.
load helper
load ../support/broker

setup() {
	need_kafka
	export MAIP_RUN_DIR=$BATS_TEST_TMPDIR/run
	topic=jobctl.$BATS_TEST_NUMBER.$RANDOM
	topics "$topic:2" "$topic.out:2"
	seq 100000 | sed 's/.*/{"n":&}/' | maip-produce -t "$topic" --key n
}

teardown() {
	[[ ! -d ${MAIP_RUN_DIR-} ]] ||
		maip-jobctl list --running | jq -r .id | xargs -r maip-jobctl cancel --grace 1s
}

# From topic to topic by way of FILTER, so slowly that it does not end by itself.
copy() { # FILTER
	echo "maip-consume -g $topic -t $topic -o earliest --rate 5000/s |" \
		"$1 | maip-produce -t $topic.out"
}

has_read() { (($(maip-jobctl show job | jq 'select(.stage=="maip-produce").records_in') >= $1)); }

until_has_read() { # N
	for _ in {1..600}; do
		has_read "$1" 2>/dev/null && return
		sleep 0.05
	done
	fail "it does not read: $(maip-jobctl show job)"
}

# How many records the group has committed.
committed() {
	maip-consume --list-offsets -t "$topic" -g "$topic" |
		jq -s 'map((.committed // .first) | tonumber) | add'
}

# What was committed is published, and the next run publishes the rest: each once.
nothing_is_lost() {
	local n
	n=$(read_all "$topic.out" | wc -l)
	((n > 0 && n < 100000))
	assert_equal "$(committed)" "$n"
	maip-consume -g "$topic" -t "$topic" -e | maip-produce -t "$topic.out"
	run -0 cmp <(read_all "$topic.out" | jq .n | sort -n) <(seq 100000)
}

@test "a job that is cancelled has published what its group has committed, whatever is in between" {
	for filter in 'jq -c .' 'grep n'; do
		maip-jobctl run -d -n job -c "$(copy "$filter")"
		until_has_read 2000
		run -0 maip-jobctl cancel job
		assert_output --partial '"state":"CANCELED","killed":0'
		run -0 maip-jobctl show job
		assert_equal "$(jq -r .state <<<"$output" | sort -u)" CANCELED
	done
	nothing_is_lost
}

@test "SIGTERM to run is a cancel: nothing is lost, and nothing is said" {
	maip-jobctl run -n job -c "$(copy 'jq -c .')" 2>said 3>&- &
	job=$!
	until_has_read 2000
	kill -TERM "$job"
	ends_with 75 "$job"
	assert_equal "$(<said)" ''
	assert_equal "$(maip-jobctl list | jq -rs '.[0].state')" CANCELED
	nothing_is_lost
}

@test "a transaction of a job that is cancelled is aborted, not half committed" {
	maip-jobctl run -d -n job -c "maip-consume -t $topic -e --rate 5000/s |
		maip-produce -t $topic.out --transactional-id $topic"
	until_has_read 2000
	run -0 maip-jobctl cancel job
	assert_output --partial '"state":"CANCELED","killed":0'
	run -0 cat "$MAIP_RUN_DIR"/*.log
	assert_output --partial 'the transaction is aborted'
	run -0 read_all "$topic.out"
	refute_output
}
