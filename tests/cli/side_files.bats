#!/usr/bin/env bats
# What a tool writes beside its output is there as soon as the output is: whoever follows it waits
# for no end of the input.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkfifo in
}

teardown() {
	exec 5>&-
	[[ -z ${pid-} ]] || kill -KILL "$pid" 2>/dev/null || true
}

appears() { # FILE
	for ((i = 0; i < 200; i++)); do
		[[ -s $1 ]] && return
		sleep 0.05
	done
	return 1
}

# Run COMMAND on the fifo, give it LINES and no end, and see its side file before and after kill -9.
live() { # LINES COMMAND...
	local lines=$1
	shift
	"$@" <in >out 2>errors 5>&- 3>&- &
	pid=$!
	exec 5>in
	printf '%s\n' "$lines" >&5
	appears kept
	kill -KILL "$pid"
	wait "$pid" || true
	exec 5>&-
	pid=
}

@test "partial matches that time has ended are there before the end of the input" {
	live '{"e":"a"}' maip-cep --processing-time --begin a --followed-by b --within 1ms --timeouts kept
	assert_equal "$(wc -l <kept)" 1
}

@test "late records are there before the end of the input" {
	late='{"timestamp":1,"e":"b"}'
	live '{"timestamp":9,"e":"a"}'$'\n'"$late" maip-cep --begin a --late kept
	assert_equal "$(cat kept)" "$late"
	rm kept
	live '{"timestamp":99,"e":"a"}'$'\n'"$late" maip-window --tumbling 1s --agg 'COUNT(*)' --late kept
	assert_equal "$(cat kept)" "$late"
}

@test "dead letters are there before the end of the input" {
	for tool in 'maip-cep --begin a' 'maip-window --tumbling 1s'; do
		rm -f kept
		live 'no record' $tool --on-error dead-letter=kept
		assert_equal "$(wc -l <kept)" 1
	done
}

@test "a side file on a full disk ends the run at once" {
	maip-cep --begin a --late /dev/full <in >out 2>errors 5>&- 3>&- &
	pid=$!
	exec 5>in
	printf '{"timestamp":%d}\n' 9 1 >&5
	appears errors
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 74
	assert_equal "$(cat errors)" "maip-cep: cannot write to '/dev/full': No space left on device"
	pid=
}
