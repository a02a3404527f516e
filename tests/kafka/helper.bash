# shellcheck shell=bash
# For tests against a real broker: tests/run starts one for all files, where java and mvn exist.

bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load

rig=$BATS_TEST_DIRNAME/../rig/kafka/broker

need_kafka() {
	[[ -n ${MAIP_TEST_KAFKA-} ]] || skip "needs java and mvn, and tests/run"
	export MAIP_KAFKA_BROKERS=$MAIP_TEST_KAFKA
	cd "$BATS_TEST_TMPDIR" || return
}

topics() { # NAME[:PARTITIONS]...
	kafka-admin "$MAIP_KAFKA_BROKERS" create-topics "$@"
}

# A background process must end with this status. (run would look for it in a subshell, whose child
# it is not.)
ends_with() { # STATUS PID
	local status=0
	wait "$2" || status=$?
	assert_equal "$status" "$1"
}

# Stop a process, until no thread of it runs: the last one of a broker might still answer.
freeze() { # PID
	kill -STOP "$1"
	while grep -q '^State:[[:space:]]*[^T[:space:]]' /proc/"$1"/task/*/status; do :; done
}

# Everything that is in a topic now.
read_all() { # TOPIC [OPTION]...
	maip-consume -t "$1" -o earliest --exit-at-end "${@:2}"
}

# The ids of events, one a line, sorted: of what is given, lines cut short left out.
ids() {
	grep -h '}$' "$@" | sed -n 's/.*"eventId": *"\([^"]*\)".*/\1/p' | sort
}
