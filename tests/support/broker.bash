# shellcheck shell=bash
# broker.bash - the embedded broker for one test: start_broker in setup, stop_broker in teardown.

start_broker() { # [-n BROKERS] [TOPIC[:PARTITIONS]]...
	local dir=$BATS_TEST_TMPDIR/broker
	mkdir "$dir"
	mkfifo "$dir/in" "$dir/out"
	"$MAIP_BIN/programs/mock-broker" "$@" <"$dir/in" >"$dir/out" 3>&- &
	broker_pid=$!
	exec 8>"$dir/in" 9<"$dir/out"
	read -r MAIP_KAFKA_BROKERS <&9
	export MAIP_KAFKA_BROKERS
}

# down [BROKER], up [BROKER], distance MS, fail REQUEST CODE COUNT [MS]
broker() {
	local answer
	echo "$*" >&8
	read -r answer <&9
	[[ $answer == ok ]]
}

stop_broker() {
	kill -CONT "$broker_pid"        # it may be frozen
	kill "$broker_pid"
	exec 8>&- 9<&-
	wait "$broker_pid" || true
}

# Every record of a topic, in the order of partitions and offsets. FORMAT is kcat's.
records() { # TOPIC [FORMAT]
	kcat -C -b "$MAIP_KAFKA_BROKERS" -t "$1" -e -q -X fetch.wait.max.ms=10 -f "${2:-%p|%k|%s\n}" 8>&- 9<&- | sort -n
}

# Wait until a tool that was started hears signals.
await_ears() { # PID TOOL
	timeout 30 bash -c 'until [[ $(readlink "/proc/$0/exe") == */$1 ]] && grep -q "^SigCgt:.*[13579bdf]$" "/proc/$0/status"
		do sleep 0.02; done' "$1" "$2"
}

# Wait until a process has taken the signal that was sent to it, or has ended.
taken() { # PID
	local i
	for ((i = 0; i < 1000; i++)); do
		[[ -e /proc/$1 ]] || return 0
		grep -q '^ShdPnd:[[:space:]]*0*$' "/proc/$1/status" && return
		sleep 0.02
	done
	return 1
}

# The same, and until another is no longer the same request.
second_request() { # PID
	taken "$1"
	sleep 0.3
}

# Wait until a file has so many lines; fails after 20 s.
await_lines() { # FILE COUNT
	local i
	for ((i = 0; i < 1000; i++)); do
		[[ -e $1 && $(wc -l <"$1") -ge $2 ]] && return
		sleep 0.02
	done
	echo "$1 has no $2 lines after 20 s" >&2
	return 1
}
