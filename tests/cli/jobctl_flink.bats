#!/usr/bin/env bats
# maip-jobctl against a JobManager: the answers are a live Flink's.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load

support=$BATS_TEST_DIRNAME/../support

setup() {
	mkfifo "$BATS_TEST_TMPDIR/end"
	"$support/fake-jobmanager" "$BATS_TEST_TMPDIR/port" "$BATS_TEST_TMPDIR/log" "${prefix-}" <"$BATS_TEST_TMPDIR/end" 3>&- &
	exec 9>"$BATS_TEST_TMPDIR/end"
	for _ in {1..500}; do [[ -e $BATS_TEST_TMPDIR/port ]] && break; sleep 0.02; done
	export MAIP_JOBMANAGER=127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")
}

teardown() {
	exec 9>&-
	wait
}

@test "list shows Flink's jobs a line each" {
	run -0 maip-jobctl list
	assert_line --index 0 '{"id":"5771c7b7f2dc079061107143c387b674","name":"MAIP High Order Volume","state":"RUNNING","start_time":"2026-11-22T13:19:52.092Z","duration_ms":67599,"stages":6}'
	assert_equal "${#lines[@]}" 4
}

@test "list --running leaves out what is over" {
	run -0 maip-jobctl list --running
	assert_equal "${#lines[@]}" 2
}

@test "options of every command stand before its name or behind it, as with flink list -m" {
	local url=$MAIP_JOBMANAGER
	run -0 maip-jobctl list --running -m "$url"
	assert_equal "${#lines[@]}" 2
	MAIP_JOBMANAGER=127.0.0.1:1 run -0 maip-jobctl list -m "$url" --json --running --timeout 5s
	assert_equal "${#lines[@]}" 2
	MAIP_RUN_DIR=$BATS_TEST_TMPDIR/run run -0 maip-jobctl list -m ''
	refute_output
	run -0 maip-jobctl -m 127.0.0.1:1 list -m "$url"
	assert_equal "${#lines[@]}" 4
	run -0 maip-jobctl cancel --help
	assert_line --partial '--no-wait'
	assert_line --partial '-m, --jobmanager=URL'
	assert_line --partial 'DURATION: a number and a unit'
}

@test "show names the stages, their records and the lowest watermark" {
	run -0 maip-jobctl show 'MAIP Stream Processor'
	assert_equal "${#lines[@]}" 2
	assert_line --index 0 --partial '"stage":"Source: Kafka","state":"RUNNING","parallelism":2,"records_in":759974'
	assert_line --index 1 --partial '"watermark":"2026-01-16T12:18:48.764Z"'
}

@test "backpressure tells the level of each subtask" {
	run -0 maip-jobctl backpressure 5771c7b7
	assert_line '{"job":"MAIP High Order Volume","stage":"Source: Kafka","subtask":0,"level":"high","backpressured":0.997,"idle":0.024,"busy":0}'
	assert_line --partial '"level":"ok"'
}

@test "cancel asks with PATCH and waits until the job is over" {
	run -0 maip-jobctl cancel 'MAIP High Order Volume'
	assert_output '{"id":"5771c7b7f2dc079061107143c387b674","name":"MAIP High Order Volume","state":"CANCELED","killed":0}'
	run -0 grep -c '^PATCH /jobs/5771c7b7f2dc079061107143c387b674?mode=cancel $' "$BATS_TEST_TMPDIR/log"
}

@test "stop --drain takes a savepoint and says where it is" {
	run -0 maip-jobctl stop --drain 294851f2
	assert_output --partial '"state":"FINISHED","savepoint":"file:/flink/savepoints/savepoint-294851-'
	run -0 grep -F 'POST /jobs/294851f2f83475a125bed2254d802a01/stop {"drain":true}' "$BATS_TEST_TMPDIR/log"
}

@test "Flink's refusal is told without its stack trace" {
	run -64 --separate-stderr maip-jobctl cancel 'MAIP Wrong Brokers'
	assert_equal "$stderr" "maip-jobctl cancel: http://$MAIP_JOBMANAGER refused PATCH /jobs/e44de125b91ffcd1afe603fcfb3b6cd8?mode=cancel: 'Job cancellation failed because the job has already reached another terminal state (FAILED).'"
}

@test "a job that is not there is 66 and says how to find one" {
	run -66 --separate-stderr maip-jobctl show nothing
	assert_equal "$stderr" "maip-jobctl show: no job 'nothing' (maip-jobctl list shows them)"
}

@test "nobody at that address is 69 and names the setting" {
	run -69 --separate-stderr maip-jobctl -m 127.0.0.1:1 list
	assert_equal "$stderr" "maip-jobctl list: cannot reach a Flink JobManager at http://127.0.0.1:1: Couldn't connect to server (set MAIP_JOBMANAGER or -m)"
}

@test "an unknown command suggests the nearest" {
	run -64 --separate-stderr maip-jobctl lst
	assert_equal "$stderr" "maip-jobctl: unknown command 'lst' (did you mean list?)"
	run -64 --separate-stderr maip-jobctl $'l\e[31m'
	assert_equal "$stderr" \
		"maip-jobctl: unknown command 'l\\x1b[31m' (maip-jobctl --help lists them)"
}

# Serve ANSWER with STATUS at every path, once; its address is in $url.
serves() { # STATUS ANSWER
	python3 -c '
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[1]))
        self.end_headers()
        self.wfile.write(sys.argv[2].encode())
    def log_message(self, *unused): pass
server = http.server.HTTPServer(("127.0.0.1", 0), H)
print(server.server_port, flush=True)
server.timeout = 20
server.handle_request()' "$@" >"$BATS_TEST_TMPDIR/other" 2>/dev/null 3>&- &
	for _ in {1..500}; do [[ -s $BATS_TEST_TMPDIR/other ]] && break; sleep 0.02; done
	url=http://127.0.0.1:$(<"$BATS_TEST_TMPDIR/other")
}

@test "who has no list of jobs is no JobManager" {
	serves 200 '{"jobs":{"x":1}}'
	run -69 --separate-stderr maip-jobctl -m "$url" list
	assert_output ''
	assert_equal "$stderr" "maip-jobctl list: $url answered GET /jobs/overview with no list of jobs (is it a Flink JobManager?)"
	rm "$BATS_TEST_TMPDIR/other"
	serves 404 '{"errors":["Not found"]}'
	run -69 maip-jobctl -m "$url" list
}
