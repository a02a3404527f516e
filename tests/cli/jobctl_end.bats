#!/usr/bin/env bats
# How a job that maip-jobctl run has started is ended: all of it, and nothing else.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load

setup() {
	export MAIP_RUN_DIR=$BATS_TEST_TMPDIR/run
	unset MAIP_JOBMANAGER
	cd "$BATS_TEST_TMPDIR" || exit
	mkfifo never
	exec 9<>never
	# a source that never ends, and that writes down who it is
	printf '%s\n' '#!/bin/bash' 'echo $$ >>pids' 'while echo "{\"timestamp\":$((++i))}"; do sleep 0.01; done' >source
	chmod +x source
}

teardown() {
	exec 9>&-
	[[ ! -e pids ]] || xargs -r kill -9 <pids 2>/dev/null || true
	[[ -z ${job-} ]] || wait "$job" || true
}

# Until the command succeeds.
until_true() { # COMMAND...
	for _ in {1..500}; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.02
	done
	fail "it never was so: $*"
}

state() { maip-jobctl list | jq -r .state; }
has_read() { (($(maip-jobctl show "$1" | jq 'select(.stage=="maip-window").records_in') >= $2)); }
stages_are_over() { [[ $(maip-jobctl show "$1" | jq -r 'select(.stage=="maip-window").state') == CANCELED ]]; }
is() { [[ $(state) == "$1" ]]; }

# Start PIPELINE in the background, and wait until its stage has read N records.
detached() { # PIPELINE N
	maip-jobctl run -d -n job -c "$1" 3>&- 9>&- >/dev/null
	until_true has_read job "$2"
}

in_foreground() { # PIPELINE N
	maip-jobctl run -n job -c "$1" 3>&- 9>&- &
	job=$!
	until_true has_read job "$2"
}

assert_all_gone() {
	while read -r pid; do run ! kill -0 "$pid"; done <pids
}

@test "cancel ends a loop over a pipeline" {
	detached 'echo $$ >>pids; while :; do ./source | maip-window --tumbling 1s >out; done' 1
	run -0 maip-jobctl cancel job
	assert_output --partial '"state":"CANCELED","killed":0'
	assert_all_gone
	assert_equal "$(state)" CANCELED
}

@test "cancel ends a loop in a subshell" {
	detached '{ echo $BASHPID >>pids; while :; do ./source | maip-window --tumbling 1s; done; } | cat >out' 1
	run -0 maip-jobctl cancel job
	assert_all_gone
}

@test "the text behind a pipeline does not go on after a stop, a cancel or a signal" {
	local command
	for command in stop 'stop --drain' cancel; do
		detached './source | maip-window --tumbling 1s >out; echo >after' 1
		# shellcheck disable=SC2086
		run -0 maip-jobctl $command job
		assert_all_gone
		[[ ! -e after ]]
	done
	for number in TERM INT; do
		set -m  # or the shell would ignore SIGINT for it
		in_foreground './source | maip-window --tumbling 1s >out; echo >after' 1
		set +m
		kill "-$number" "$job"
		status=0
		wait "$job" || status=$?
		assert_equal "$status" 75
		assert_equal "$(maip-jobctl list | jq -rs '.[0].state')" CANCELED
		assert_all_gone
		[[ ! -e after ]]
	done
}

@test "a filter behind the stages may read what they have written before the job is over" {
	mkfifo gate
	detached 'printf "{\"timestamp\":%d}\n" 1 2 3 | cat - never | maip-window --count 1 | (read -r go <gate; cat >got)' 3
	maip-jobctl cancel job >answer 9>&- &
	job=$!
	until_true is CANCELLING
	until_true stages_are_over job
	assert_equal "$(state)" CANCELLING
	echo go >gate
	wait "$job"
	run -0 jq -c '[.state, .killed]' answer
	assert_output '["CANCELED",0]'
	run -0 wc -l <got
	assert_output 3
}

@test "a filter that does not end is killed after the grace, whatever session it is in" {
	detached './source | maip-window --count 1 | setsid -w bash -c "echo \$\$ >>pids; trap : TERM; while :; do sleep 0.1; done"' 1
	run -75 --separate-stderr maip-jobctl stop --grace 10ms job
	assert_output --partial '"state":"CANCELED"'
	assert_all_gone
	assert_equal "$(sed 's/: [0-9]* of/: N of/' <<<"$stderr")" \
		"maip-jobctl stop: job did not end in order: N of its processes had to be ended (give it a longer --grace)"
}

@test "a second signal ends the grace" {
	in_foreground './source | maip-window --count 1 | sh -c "echo \$\$ >>pids; exec sleep 1000"' 1
	kill -TERM "$job"
	until_true is CANCELLING
	kill -TERM "$job"
	status=0
	wait "$job" || status=$?
	assert_equal "$status" 75
	assert_equal "$(state)" CANCELED
	assert_all_gone
}

@test "what the shell has left in the background, stages and what is behind them, is of the job" {
	detached 'maip-window --tumbling 1s never > >(cat >out; echo over >behind) & sleep 0' 0
	until_true is RUNNING
	run -0 maip-jobctl cancel job
	assert_equal "$(state)" CANCELED
	assert_equal "$(<behind)" over
}

@test "a background process that is no part of the pipeline is not waited for" {
	run -0 maip-jobctl run -n job -c 'sleep 1000 <&- >&- 2>&- 3>&- & echo $! >>pids; echo "{\"timestamp\":1}" | maip-window --tumbling 1s >out'
	assert_equal "$(state)" FINISHED
}
