#!/usr/bin/env bats
# maip-jobctl over the pipelines of this machine.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load

setup() {
	export MAIP_RUN_DIR=$BATS_TEST_TMPDIR/run
	unset MAIP_JOBMANAGER
	cd "$BATS_TEST_TMPDIR" || exit
	event='{"timestamp":"2026-01-16T12:00:00Z","k":1}'
}

# Start PIPELINE as job NAME, reading the fifo "in", and wait until all its stages have registered.
start() { # NAME STAGES PIPELINE
	mkfifo in
	MAIP_JOB_NAME=$1 bash -c "$3" <in >out 2>messages 3>&- &
	job=$!
	exec 9>in
	for _ in {1..500}; do
		[[ $(maip-jobctl list | jq "select(.name==\"$1\" and .state==\"RUNNING\").stages") == "$2" ]] && return
		sleep 0.02
	done
	fail "the job did not start: $(cat messages)"
}

teardown() {
	exec 9>&-
	[[ -z ${job-} ]] || wait "$job" || true
}

@test "nothing runs: nothing is listed" {
	run -0 maip-jobctl list
	assert_output ''
}

@test "a pipeline is one job, the filters between its stages included" {
	start between 3 'maip-window --key k --tumbling 1m | cat | maip-window --key k --tumbling 1h --time window_end'
	run -0 maip-jobctl show between
	assert_equal "$(jq -r .stage <<<"$output" | xargs)" 'maip-window cat maip-window'
	assert_line --index 0 --partial '"command":"maip-window --key k --tumbling 1m"'
	assert_equal "$(jq -r .pid <<<"$output" | head -n 1)" "$(basename run/*.page | cut -d- -f1 | head -n 1)"
}

@test "an idle stage is idle and not back-pressured" {
	start quiet 1 'exec maip-window --key k --tumbling 1m'
	run -0 maip-jobctl backpressure quiet
	assert_output --partial '"stage":"maip-window","subtask":0,"level":"ok","backpressured":0,"idle":'
}

@test "backpressure of a job without stages says that it has none" {
	run -0 maip-jobctl run -n bare -c true
	run -66 --separate-stderr maip-jobctl backpressure bare
	assert_equal "$stderr" 'maip-jobctl backpressure: bare has no stages (maip-jobctl list shows how many a job has)'
}

@test "cancel fires nothing and leaves the job CANCELED" {
	start doomed 1 'exec maip-window --key k --tumbling 1m'
	echo "$event" >&9
	run -0 maip-jobctl cancel doomed
	assert_output --partial '"state":"CANCELED","killed":0'
	run -0 cat out
	assert_output ''
	run -0 cat messages
	assert_output 'maip-window: stopped by a signal before the end of the input'
}

# A stream with control lines, as far as its first watermark, which the stage has seen.
hello() {
	printf '%s\n' '{"_maip":"hello","version":1,"job":"0123456789abcdef0123456789abcdef","run":"0123456789abcdef0123456789abcdef","watermarks":true,"checkpoints":false}' \
		"$event" '{"_maip":"watermark","ts":1768564800000}' >&9
	for _ in {1..500}; do
		[[ $(maip-jobctl show "$1" | jq -r .watermark) == 2026-01-16T12:00:00.000Z ]] && return
		sleep 0.02
	done
	fail "no watermark has come"
}

@test "cancel of a stream whose source cannot be told kills after the grace, and fires nothing" {
	start deaf 1 'exec maip-window --key k --tumbling 1m'
	hello deaf
	run -0 maip-jobctl cancel --grace 10ms deaf
	assert_output '{"id":"0123456789abcdef0123456789abcdef","name":"deaf","state":"CANCELED","killed":1}'
	run -1 grep -v _maip out
	assert_output ''
}

@test "--no-wait is for a JobManager" {
	start here 1 'exec maip-window --key k --tumbling 1m'
	run -64 --separate-stderr maip-jobctl cancel --no-wait here
	assert_equal "$stderr" 'maip-jobctl cancel: --no-wait is for a JobManager (-m): a local pipeline is over when cancel is'
}

@test "what did not end well is FAILED, what did is FINISHED" {
	run -0 maip-jobctl run -n good -c "maip-window --key k --tumbling 1m <<<'$event' >/dev/null"
	run -65 maip-jobctl run -n bad -c 'maip-window --key k --tumbling 1m <<<nothing'
	run -0 maip-jobctl list
	assert_equal "$(jq -r 'select(.name=="good").state' <<<"$output")" FINISHED
	assert_equal "$(jq -r 'select(.name=="bad").state' <<<"$output")" FAILED
}

# What maip-jobctl run says of PIPELINE, which ends with STATUS, and what its job is listed as.
ends() { # STATUS STATE PIPELINE MESSAGE
	run "-$1" --separate-stderr maip-jobctl run -n ends -c "$3"
	assert_equal "$stderr" "$4"
	assert_equal "$(maip-jobctl list | jq -rs '.[0].state')" "$2"
}

pipeline_ended() { # STATUS
	echo "maip-jobctl run: the pipeline ended with status $1, and no stage that began has failed (see what its commands said)"
}

@test "a filter of others that fails fails the job" {
	local window="maip-window --key k --tumbling 1m <<<'$event'"
	ends 1 FAILED "$window | false" "$(pipeline_ended 1)"
	ends 5 FAILED "(exit 5) | maip-window --key k --tumbling 1m" "$(pipeline_ended 5)"
	ends 65 FAILED 'maip-window --tumbling 1m <<<nope | cat' \
		"maip-window: line 1: column 1: expected a value, found 'nope'"
	ends 3 FAILED "$window | cat; exit 3" "$(pipeline_ended 3)"
	ends 1 FAILED 'false' "$(pipeline_ended 1)"
}

@test "how the text of a pipeline ends is up to it" {
	local window="maip-window --key k --tumbling 1m <<<'$event' >/dev/null"
	ends 0 FINISHED "set -euo pipefail; $window; true" ''
	ends 0 FINISHED "(exit 3) | $window || exit 0" ''
	ends 0 FINISHED "if false | $window; then exit 9; else exit 0; fi" ''
	ends 4 FAILED "set -e; $window; trap 'exit 4' EXIT" "$(pipeline_ended 4)"
	ends 127 FAILED $'# one\nnosuch' "bash: line 2: nosuch: command not found
$(pipeline_ended 127)"
}

@test "what SIGPIPE ends behind head has not failed" {
	ends 0 FINISHED "yes '$event' | maip-window --count 1 | head -n 1" ''
	printf '%s\n' '#!/bin/bash' 'set -o pipefail' 'yes | head -n 1' >script
	chmod +x script
	run -0 maip-jobctl run ./script
}

@test "what SIGPIPE ends does not hide what failed before it" {
	local many="yes '$event'" count="maip-window --count 1"
	ends 69 FAILED "(exit 69) | $many | head -n 1" "$(pipeline_ended 69)"
	ends 69 FAILED "(exit 69) | $many | $count | sed p | head -n 1" "$(pipeline_ended 69)"
	ends 3 FAILED "$many | (head -n 1; exit 3) | $many | $count | head -n 1" "$(pipeline_ended 3)"
	ends 3 FAILED "set -eu; (exit 3) | $many | head -n 1; exit 0" "$(pipeline_ended 3)"
	ends 3 FAILED "if true; then (exit 3) | $many | head -n 1; fi" "$(pipeline_ended 3)"
	ends 65 FAILED "$count <<<nope | $many | head -n 1" \
		"maip-window: line 1: column 1: expected a value, found 'nope'"
	ends 64 FAILED "maip-window --count none </dev/null | $many | head -n 1" \
		"maip-window: --count: 'none' is not a number of records from 1 to 1099511627776
$(pipeline_ended 64)"
	ends 69 FAILED "(exit 69) | $count" "$(pipeline_ended 69)"
	ends 0 FINISHED "$many | sed p | $count | $many | head -n 1" ''
	ends 0 FINISHED "set -eu; $many | $count | sed p | head -n 1; exit 0" ''
	ends 0 FINISHED "(exit 3) | $many | head -n 1; true" ''
}

@test "set -e does not end the text behind a pipeline that head has ended" {
	local many="yes '$event'"
	run -1 --separate-stderr maip-jobctl run -c "set -e
$many | maip-window --count 1 | head -n 1
echo after; false; echo never"
	assert_line --index 1 after
	assert_equal "${#lines[@]}" 2
	ends 0 FINISHED "set -e; $many | head -n 1; $many | head -n 1; exit 0" ''
	ends 0 FINISHED "set -e; for i in 1 2; do $many | head -n 1; done" ''
	ends 9 FAILED "set -e; $many | head -n 1; true; (exit 9); exit 0" "$(pipeline_ended 9)"
	ends 9 FAILED "set -e; $many | head -n 1; (exit 9); exit 0" "$(pipeline_ended 9)"
	ends 14 FAILED "set -e; (exit 14) | $many | head -n 1; exit 0" "$(pipeline_ended 14)"
}

@test "where set -e ends the text all the same, half of it does not look whole" {
	local told="maip-jobctl run: set -e ended the text at a command that SIGPIPE has ended (write COMMAND || true where it may)
$(pipeline_ended 1)"
	ends 1 FAILED "set -e; f() { yes | head -n 1; exit 0; }; f" "$told"
	ends 1 FAILED "set -e; (yes | head -n 1; exit 0)" "$told"
	ends 0 FINISHED "set -e; f() { yes | head -n 1; exit 0; }; f || true" ''
}

@test "what bash says of a text is of that text alone" {
	ends 2 FAILED 'if then (' "bash: eval: line 1: syntax error near unexpected token \`then'
bash: eval: line 1: \`if then ('
$(pipeline_ended 2)"
	ends 2 FAILED $'true\nif then (' "bash: eval: line 2: syntax error near unexpected token \`then'
bash: eval: line 2: \`if then ('
$(pipeline_ended 2)"
	run -0 maip-jobctl run -c $'\necho "$LINENO $# $0"'
	assert_output '2 0 bash'
}

@test "a detached pipeline fails like one in the foreground, and its log says why" {
	run -0 maip-jobctl run -d -n away -c "maip-window --key k --tumbling 1m <<<'$event' | (sleep 0.1; exit 4)"
	for _ in {1..500}; do
		[[ $(maip-jobctl list | jq -r .state) == FAILED ]] && break
		sleep 0.02
	done
	assert_equal "$(maip-jobctl list | jq -r .state)" FAILED
	run -0 cat run/*.log
	assert_output "$(pipeline_ended 4)"
}

@test "a job runs while a filter behind its stages does, and cancel ends that" {
	run_in_background "maip-window --key k --tumbling 1m <<<'$event' >/dev/null; exec 9<&-; cat in"
	for _ in {1..500}; do
		[[ $(maip-jobctl show told 2>/dev/null | jq -r .state) == FINISHED ]] && break
		sleep 0.02
	done
	assert_equal "$(maip-jobctl list | jq -r '[.state, .stages] | @text')" '["RUNNING",1]'
	run -0 maip-jobctl cancel told
	assert_output --partial '"state":"CANCELED"'
	status=0
	wait "$job" || status=$?
	assert_equal "$status" 75
	assert_equal "$(maip-jobctl list | jq -r .state)" CANCELED
}

@test "a killed stage fails its job, and run says so" {
	mkfifo in
	exec 9<>in
	maip-jobctl run -n shot -c 'maip-window --key k --tumbling 1m in' 3>&- 9>&- &
	job=$!
	for _ in {1..500}; do
		pid=$(maip-jobctl show shot 2>/dev/null | jq .pid)
		[[ -z $pid ]] || break
		sleep 0.02
	done
	kill -9 "$pid"
	status=0
	wait "$job" || status=$?
	assert_equal "$status" 75
	assert_equal "$(maip-jobctl list | jq -r .state)" FAILED
}

@test "a job may be named by the beginning of its id" {
	start prefixed 1 'exec maip-window --key k --tumbling 1m'
	id=$(maip-jobctl list | jq -r .id)
	run -0 maip-jobctl show "${id:0:6}"
	run -66 maip-jobctl show "${id:0:3}"
}

@test "two jobs of a name: the running one is meant" {
	run -0 maip-jobctl run -n twin -c "maip-window --key k --tumbling 1m <<<'$event' >/dev/null"
	start twin 1 'exec maip-window --key k --tumbling 1m'
	run -0 maip-jobctl show twin
	assert_output --partial '"state":"RUNNING"'
}

@test "run --detach prints the id and where the messages go" {
	mkfifo in
	exec 9<>in
	run -0 maip-jobctl run -d -n away -c "maip-window --key k --tumbling 1m $BATS_TEST_TMPDIR/in"
	id=$(jq -r .id <<<"$output")
	log=$(jq -r .log <<<"$output")
	assert_equal "$(maip-jobctl list | jq -r .id)" "$id"
	run -0 maip-jobctl cancel "$id"
	run -0 cat "$log"
	assert_output --partial 'stopped by a signal'
}

@test "run --detach prints the name that the job has, and refuses one that it could not keep" {
	mkfifo in
	exec 9<>in
	run -0 maip-jobctl run -d -c "maip-window --key k --tumbling 1m $BATS_TEST_TMPDIR/in"
	assert_equal "$(jq -r .name <<<"$output")" maip-window
	run -0 maip-jobctl cancel maip-window
	run -64 --separate-stderr maip-jobctl run -n "$(printf '%0128d' 0)" -c true
	assert_equal "$output$stderr" 'maip-jobctl run: --name: at most 127 bytes'
	run -64 --separate-stderr maip-jobctl run -l log -c true
	assert_equal "$output$stderr" 'maip-jobctl run: --log is for --detach: here messages go to standard error'
}

# Start PIPELINE with maip-jobctl run in the foreground, its pid in $job.
run_in_background() {
	mkfifo in
	exec 9<>in
	maip-jobctl run -n told -c "$1" 3>&- 9>&- &
	job=$!
}

@test "SIGTERM to run cancels the job" {
	run_in_background 'exec maip-window --key k --tumbling 1m in'
	for _ in {1..500}; do
		[[ $(maip-jobctl list | jq -r .state) == RUNNING ]] && break
		sleep 0.02
	done
	kill -TERM "$job"
	status=0
	wait "$job" || status=$?
	assert_equal "$status" 75
	assert_equal "$(maip-jobctl list | jq -r .state)" CANCELED
}

@test "SIGTERM to run while there is no stage ends all that it has started" {
	mkfifo gate
	run_in_background 'echo $$ >gate; sleep 1000; maip-window --key k --tumbling 1m in'
	read -r shell <gate
	kill -TERM "$job"
	status=0
	wait "$job" || status=$?
	assert_equal "$status" 75
	run ! kill -0 "$shell"
	assert_equal "$(maip-jobctl list | jq -r .state)" CANCELED
}

@test "a lone command that a signal ends fails the job with the status of a shell" {
	local number
	for number in 9 11 15; do
		run "-$((128 + number))" --separate-stderr maip-jobctl run -n ends -c "sh -c 'kill -$number \$\$'"
		assert_equal "${stderr_lines[-1]}" "$(pipeline_ended $((128 + number)))"
		assert_equal "$(maip-jobctl list | jq -rs '.[0].state')" FAILED
	done
}

@test "a lone command that SIGTERM to run ends is CANCELED, and nothing is said of it" {
	run_in_background 'sh -c "echo >in; exec sleep 1000"' 2>said
	read -r _ <&9
	kill -TERM "$job"
	status=0
	wait "$job" || status=$?
	assert_equal "$status" 75
	assert_equal "$(<said)" ''
	assert_equal "$(maip-jobctl list | jq -r .state)" CANCELED
}

@test "what SIGINT from a terminal ends is CANCELED, be it a stage or not" {
	local pipeline
	mkfifo in gate  # of their own: maip-window would read what the test waits for
	exec 9<>in
	for pipeline in 'sh -c "echo >gate; exec sleep 1000"' 'echo >gate; maip-window --tumbling 1m in'; do
		env --default-signal=INT setsid maip-jobctl run -n ends -c "$pipeline" 2>said 3>&- 9>&- &
		job=$!
		read -r _ <gate
		for _ in {1..500}; do
			[[ $pipeline != *window* || $(maip-jobctl list | jq -s '.[0].stages') == 1 ]] && break
			sleep 0.02
		done
		kill -INT -- "-$job"
		status=0
		wait "$job" || status=$?
		assert_equal "$status" 75
		run ! grep 'no stage' said
		assert_equal "$(maip-jobctl list | jq -rs '.[0].state')" CANCELED
	done
}

@test "run tells the status though its parent ignores SIGCHLD" {
	run -3 env --ignore-signal=CHLD maip-jobctl run -c 'exit 3'
}

@test "a detached job holds no lock of the one who started it" {
	mkfifo in
	exec 9<>in 8>lock
	flock 8
	run -0 maip-jobctl run -d -n away -c "maip-window --key k --tumbling 1m $BATS_TEST_TMPDIR/in"
	exec 8>&-
	run -0 flock -n lock true
	run -0 maip-jobctl cancel away
}

@test "run wants a job that is there" {
	run -66 --separate-stderr maip-jobctl run nothing
	assert_equal "$stderr" "maip-jobctl run: no job 'nothing' (ready-made jobs are stream-processor and anomaly-detector; a script of your own needs a / in its name and to be executable)"
	run -64 --separate-stderr maip-jobctl run
	assert_equal "$stderr" "maip-jobctl run: run wants either a JOB or -c 'PIPELINE'"
}

@test "a run directory that others can write is refused" {
	mkdir -m 777 "$MAIP_RUN_DIR"
	chmod 777 "$MAIP_RUN_DIR"
	run -77 --separate-stderr maip-jobctl list
	assert_equal "$stderr" "maip-jobctl list: $MAIP_RUN_DIR can be written by others (chmod 700 it, or set MAIP_RUN_DIR)"
}

@test "run wants a run directory, in the foreground as well: who could cancel it?" {
	export MAIP_RUN_DIR=/proc/nowhere
	local detach
	for detach in '' -d; do
		# shellcheck disable=SC2086
		run -78 --separate-stderr maip-jobctl run $detach -c 'echo ran'
		assert_output ''
		assert_equal "$stderr" 'maip-jobctl run: cannot make the run directory /proc/nowhere: No such file or directory (set MAIP_RUN_DIR)'
	done
}

@test "a tool works without a run directory" {
	export MAIP_RUN_DIR=/proc/nowhere
	run -0 --separate-stderr maip-window --key k --tumbling 1m <<<"$event"
	assert_output --partial '"count":1'
}

@test "on a terminal it is a table" {
	script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be had here"
	run -0 script -qec "maip-jobctl list" /dev/null
	assert_output --partial 'ID  NAME  STATE  START TIME  DURATION MS  STAGES'
}

# The table of the command, as on a terminal of so many columns, without the carriage returns.
table() { # COLUMNS COMMAND...
	COLUMNS=$1 script -qec "maip-jobctl ${*:2}" /dev/null | tr -d '\r'
}

@test "on a narrow terminal names are cut, ids to a beginning that still names the job, times never" {
	script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be had here"
	run -0 maip-jobctl run -n 'what the señor ordered on friday, once more' -c \
		"maip-window --key k --tumbling 1m <<<'$event' >/dev/null"
	id=$(maip-jobctl list | jq -r .id)
	run -0 table 200 list
	assert_line --index 1 --partial "$id  what the señor ordered on friday, once more  FINISHED"
	run -0 table 100 list
	assert_line --index 0 --regexp '^ID {20}NAME {19}STATE     START TIME {16}DURATION MS  STAGES$'
	assert_line --index 1 --regexp "^${id:0:20}  what the señor ord\.\.\.  FINISHED  20.{22}  [^ ]+ +1\$"
	assert_equal "${#lines[0]}" 100
	run -0 table 30 list
	assert_line --index 1 --regexp "^${id:0:8}  what the \.\.\.  FINISHED  20.{22}  [^ ]+ +1\$"
	run -0 table 60 show "${id:0:8}"
	assert_line --index 1 --partial '  maip-window  FINISHED '
	run -0 table 0 list
	assert_line --index 1 --partial "$id  what the señor ordered on friday, once more  FINISHED"
}

@test "a stage whose output nobody reads is back-pressured" {
	mkfifo stop
	exec 8<>stop
	yes "$event" | MAIP_JOB_NAME=jam maip-window --count 1 2>/dev/null 8>&- |
		{ head -c 1 >/dev/null; head -c 1 <stop; } &
	for _ in {1..500}; do
		level=$(maip-jobctl backpressure jam 2>/dev/null | jq -r 'select(.stage=="maip-window").level') || level=
		[[ $level == high ]] && break
		sleep 0.02
	done
	assert_equal "$level" high
	echo >&8
	wait
}

# Until backpressure says under its table that SLOW is what maip-window waits for in PIPELINE.
names_slow() { # SLOW PIPELINE
	maip-jobctl run -d -n slow -c "$2" 3>&- 8>&- >/dev/null
	for _ in {1..500}; do
		line=$(table 200 backpressure slow | tail -n 1)
		[[ $line == *' is the slow stage: '* ]] && break
		sleep 0.02
	done
	maip-jobctl cancel --grace 10ms slow >/dev/null
	assert_equal "$line" "$1 is the slow stage: maip-window waits for it"
}

@test "backpressure names what is slow, a filter of others at either end of the pipeline as well" {
	script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be had here"
	mkfifo never
	exec 8<>never
	local many="yes '$event' | maip-window --count 1"
	names_slow cat "$many | cat never - | maip-window --count 1 --time count"
	names_slow sleep "$many | sleep 1000"
	names_slow sleep "$many | (:; sleep 1000; :)"
	names_slow tail 'tail -f /dev/null | maip-window --count 1'
	exec 8>&-
}
