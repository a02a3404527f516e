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
	for number in TERM INT HUP; do
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

@test "cancel lets maip-produce read what is on its way to it" {
	detached './source | maip-window --count 1 | cat | maip-produce -t t --dry-run >out' 1
	run -0 maip-jobctl cancel job
	assert_output --partial '"state":"CANCELED","killed":0'
	run -0 cat run/*.log
	assert_output 'maip-window: stopped by a signal before the end of the input'
	assert_equal "$(wc -l <out)" "$(maip-jobctl show job | jq 'select(.stage=="maip-window").records_out')"
}

@test "cancel gives maip-produce its own grace: what no broker takes becomes dead letters in time" {
	load ../support/broker
	start_broker t:1
	detached './source | maip-window --count 1 | maip-produce -t t --grace 1s --dead-letter letters' 1
	broker down
	until_true eval '[[ $(maip-jobctl show job | jq "select(.stage==\"maip-produce\").records_in") -gt 0 ]]'
	run -0 maip-jobctl cancel job
	assert_output --partial '"state":"CANCELED","killed":0'
	stop_broker
	run -0 cat run/*.log
	assert_output --regexp 'maip-produce: [0-9]+ of [0-9]+ records not delivered.*; they are in letters'
	assert [ -s letters ]
}

@test "the shell of a job whose runner is killed starts nothing more, and cancel ends what runs" {
	in_foreground 'echo $$ >shell; while :; do ./source | maip-window --count 1 >out; done; echo >over' 1
	kill -KILL "$job"
	until_true eval '! kill -0 "$(<shell)"'
	is RUNNING
	run -0 maip-jobctl cancel job
	assert_equal "$(state)" CANCELED
	refute [ -e over ]
}

# What the shell of a test ignores it cannot heed again, and neither can what it starts.
deaf='trap "" TERM HUP; echo $BASHPID >>pids; exec'

@test "a second signal ends the grace, be it a filter that hangs or a stage" {
	local hangs
	for hangs in 'maip-window --count 1 | (echo $BASHPID >>pids; exec sleep 1000)' "($deaf maip-window --tumbling 1m >out)"; do
		in_foreground "./source | $hangs" 1
		kill -TERM "$job"
		until_true is_newest CANCELLING
		until_true eval '! kill -TERM "$job"'   # one that comes while all are told is the first, still
		status=0
		wait "$job" || status=$?
		assert_equal "$status" 75
		assert_equal "$(maip-jobctl list | jq -rs '.[0].state')" CANCELED
		assert_all_gone
	done
}

is_newest() { [[ $(maip-jobctl list | jq -rs '.[0].state') == "$1" ]]; }

@test "a second SIGHUP is none: a shell and a terminal both send it" {
	in_foreground "./source | ($deaf maip-window --tumbling 1m >out)" 1
	kill -HUP "$job"
	until_true is CANCELLING
	for _ in 1 2; do        # when the second is heard, the first has had its effect
		kill -HUP "$job"
		until_true heard_it "$job"
	done
	run ! stages_are_over job
	until_true eval '! kill -TERM "$job"'
}

# It waits for the next signal, with none to be heard.
heard_it() { # PID
	! grep -q '^ShdPnd:.*[^0[:space:]]' "/proc/$1/status"
}

@test "a SIGHUP that is ignored when run begins is none, as nohup wants it" {
	mkfifo gate
	env --ignore-signal=HUP maip-jobctl run -n job -c 'echo >gate; read -r _ <gate; maip-window --tumbling 1m <<<"{\"timestamp\":1}"' >out 3>&- 9>&- &
	job=$!
	read -r _ <gate
	kill -HUP "$job"
	echo >gate
	wait "$job"
	assert_equal "$(state)" FINISHED
}

@test "a signal to a whole job, as of timeout and systemd, counts once for run and for each stage" {
	local number
	mkfifo gate
	for number in TERM HUP; do
		setsid maip-jobctl run -n job -c "yes '{\"timestamp\":1}' | maip-window --count 1 | (trap '' TERM HUP; read -r _ <gate; exec cat >got)" 2>said 3>&- 9>&- &
		job=$!
		until_true is_blocked
		kill "-$number" "$job"
		kill "-$number" -- "-$job"
		[[ $number == TERM ]] || kill -HUP -- "-$job"   # the shell, and the kernel
		until_true is_newest CANCELLING
		until_true stages_are_over job
		run -0 is_newest CANCELLING
		echo >gate
		wait "$job" || true
		assert_equal "$(<said)" 'maip-window: stopped by a signal while nobody read the output: its last line may be cut'
	done
}

is_blocked() { [[ $(maip-jobctl backpressure job | jq -r 'select(.stage=="maip-window").level') == high ]]; }

@test "a shell that is held while the job ends is not left so when run is killed" {
	in_foreground "echo \$\$ >>shells; { echo \$BASHPID >>shells; ./source | ($deaf maip-window --tumbling 1m >out); echo >after; } | cat; echo >after" 1
	kill -TERM "$job"
	until_true shells_are T
	kill -KILL "$job"
	until_true shells_are ''
	assert [ ! -e after ]
}

# Both are in this state; '': gone.
shells_are() { # STATE
	[[ $(sed 's,.*,/proc/&/stat,' shells | xargs sed -n 's/.*) \(.\) .*/\1/p' 2>/dev/null | tr -d '\n') == "${1:+$1$1}" ]]
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

# What PIPELINE prints when it is drained; it reads three records from "in" and waits for more.
drained() { # PIPELINE
	mkfifo -m 600 in
	maip-jobctl run -d -n job -c "$1" 3>&- 9>&- >/dev/null
	exec 8>in
	printf '{"timestamp":%d}\n' 1 2 3 >&8
	until_true has_read_all 3
	run -0 --separate-stderr maip-jobctl stop --drain job
	exec 8>&-
	rm in
	assert_output --partial '"killed":0'
	assert_equal "$(maip-jobctl show job | jq -r .state | sort -u)" CANCELED
	run -0 cat out
}

has_read_all() { (($(maip-jobctl show job | jq -s '.[] | select(.stage | startswith("maip-")).records_in' | head -n 1) >= $1)); }

@test "stop --drain reports what is open, whatever the source is" {
	local open='{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:01:00.000Z","count":3}'
	drained 'maip-window --tumbling 1m <in >out'
	assert_output "$open"
	drained 'maip-window --tumbling 1m in >out'
	assert_output "$open"
	drained 'cat in | maip-window --tumbling 1m | cat >out'
	assert_output "$open"
	drained "cat in | maip-cep --begin a --where 'timestamp = 3' --not-followed-by b --where 'timestamp = 4' --within 1m --emit summary >out"
	assert_output --partial '"match_start":"1970-01-01T00:00:03.000Z"'
}

@test "stop --drain reaches every source of a job, and its run ends with 0" {
	maip-jobctl run -n job -c 'for f in 1 2; do maip-window --tumbling 1m never >out.$f & done; wait' 3>&- 9>&- &
	job=$!
	until_true both_run
	run -0 maip-jobctl stop --drain job
	assert_output --partial '"killed":0'
	wait "$job"
	job=
}

both_run() { [[ $(maip-jobctl list | jq .stages) == 2 ]]; }
