#!/usr/bin/env bats
# The ready-made jobs: who gets which option.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

# Tools that only write down how they were called.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin
	for tool in consume window cep produce; do
		# shellcheck disable=SC2016 # for the tool to expand
		printf '#!/bin/sh\nfor a; do echo "$a"; done >%s\ncat >/dev/null\n' "$tool" >"bin/maip-$tool"
		chmod +x "bin/maip-$tool"
	done
}

job() {
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "$BATS_TEST_DIRNAME/../../cmd/jobs/$1" "${@:2}" </dev/null
}

@test "both ends of a job are told where Kafka is, however and wherever it is said" {
	for name in stream-processor anomaly-detector; do
		for place in "--env prod" "--env=prod" "-b h:1" "--kafka.bootstrap h:1" "--kafka.bootstrap=h:1" "-F my.conf" \
			"-Fmy.conf" "-X a=b" "--aws-msk-iam" "--broker-timeout=3s"; do
			read -ra words <<<"$place"
			job "$name" -o -3d "${words[@]}" -e
			assert_equal "$(tail -n $((${#words[@]})) consume)" "$(printf '%s\n' "${words[@]}")"
			assert_equal "$(tail -n $((${#words[@]})) produce)" "$(printf '%s\n' "${words[@]}")"
			run -0 grep -cx -e -3d -e -e consume
			assert_output 2
			run -1 grep -x -e -3d -e -e produce
		done
	done
}

@test "an option without its argument is left to the tools to refuse" {
	job stream-processor -v --env
	assert_equal "$(tail -n 2 consume)" $'-v\n--env'
	assert_equal "$(tail -n 1 produce)" --env
}
