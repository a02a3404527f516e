#!/usr/bin/env bats
# maip-jobctl run at a terminal: its keys, and when it goes away.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load

setup() {
	script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be had here"
	export MAIP_RUN_DIR=$BATS_TEST_TMPDIR/run
	unset MAIP_JOBMANAGER
	cd "$BATS_TEST_TMPDIR" || exit
	mkfifo keys never
	exec 9<>never
}

teardown() {
	exec 8>&- 9>&-
	[[ -z ${terminal-} ]] || { kill -9 "$terminal" 2>/dev/null && wait "$terminal"; } || true
	[[ ! -e pids ]] || xargs -r kill -9 <pids 2>/dev/null || true
}

# Until the command succeeds.
until_true() { # COMMAND...
	for _ in {1..500}; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.02
	done
	fail "it never was so: $* ($(cat -v screen))"
}

# An interactive shell at a terminal of its own: what is written to descriptor 8 is typed there, and
# "screen" gets what it shows.
terminal() {
	env --default-signal=INT,QUIT script -qfc "exec env PS1='ready> ' bash --norc --noprofile --noediting -i" screen <keys >/dev/null 3>&- 8>&- 9>&- &
	terminal=$!
	exec 8>keys
	until_true grep 'ready> ' screen
}

# Type a job, and wait until N stages of it run.
type_job() { # PIPELINE N
	terminal
	printf "maip-jobctl run -n job -c '%s'; echo status=\$?\n" "echo \$\$ >>pids; $1" >&8
	until_true runs "$2"
}

runs() { [[ $(maip-jobctl list | jq -c '[.state, .stages]') == "[\"RUNNING\",$1]" ]]; }
is() { [[ $(maip-jobctl list | jq -r .state) == "$1" ]]; }
are_over() { ! xargs ps -o pid= -p <pids; }

# What the job has said: the screen from ^C on, up to its status.
said() { tr -d '\r' <screen | sed -n 's/^\^C//; /^maip-[a-z]*: /p; /^status=/p'; }

@test "^C cancels a job: one status, no more of its text, and nothing is left" {
	type_job 'maip-window --tumbling 1m never; echo >after' 1
	printf '\003' >&8
	until_true grep '^status=' screen
	run -0 said
	assert_output "maip-window: stopped by a signal before the end of the input
status=75"
	until_true are_over
	until_true is CANCELED
	assert [ ! -e after ]
}

@test "^C ends what a shell has left in the background, which ignores it" {
	type_job 'maip-window --tumbling 1m never & wait' 1
	printf '\003' >&8
	until_true grep '^status=75' screen
	assert_equal "$(maip-jobctl list | jq -r .state)" CANCELED
	until_true are_over
}

@test "^Z stops a job, fg lets it go on" {
	type_job 'maip-window --count 1 never | cat >out' 1
	printf '\032' >&8
	until_true grep Stopped screen
	printf '{"timestamp":1}\n' >&9
	printf 'fg\n' >&8
	until_true grep '"count":1' out
	printf '\003' >&8
	until_true is CANCELED
	until_true are_over
}

@test "cancel ends a job that ^Z has stopped" {
	type_job 'maip-window --count 1 never | cat >out' 1
	printf '\032' >&8
	until_true grep Stopped screen
	run -0 maip-jobctl cancel job
	assert_output --partial '"state":"CANCELED","killed":0'
	until_true are_over
}

@test "a job ends with its terminal" {
	type_job 'maip-window --tumbling 1m never; echo >after' 1
	kill -9 "$terminal"
	until_true is CANCELED
	until_true are_over
	assert [ ! -e after ]
}
