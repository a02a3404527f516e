#!/usr/bin/env bats
# The house keeps its own rules, and the check would notice if it did not.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

check() { run "$BATS_TEST_DIRNAME/check" "$@"; }

# A small house that keeps every rule.
setup() {
	house=$BATS_TEST_TMPDIR/house
	mkdir -p "$house"/{cmd,lib/{base,window,cep,kafka,job},man,tests,completions}
	touch "$house"/{Makefile,README.md,LICENSE}
	printf '%s\n' '/* SPDX-License-Identifier: Apache-2.0 */' '/*' ' * str.h - bytes' ' */' >"$house/lib/base/str.h"
	for layer in window cep kafka job; do
		printf '%s\n' '/* SPDX-License-Identifier: Apache-2.0 */' '/*' ' * a file' ' */' '#include "base/str.h"' \
			'int' 'f(void)' '{' '}' >"$house/lib/$layer/a.c"
	done
	printf '#include <librdkafka/rdkafka.h>\n' >>"$house/lib/kafka/a.c"
	printf '#include <curl/curl.h>\n' >>"$house/lib/job/a.c"
}

@test "a house that keeps every rule is left alone" {
	for rule in layout layers libraries heads functions files columns promises; do
		check $rule "$house"
		assert_success
		assert_output ''
	done
}

@test "only what the README names stands at the top" {
	check layout
	assert_output ''
}

@test "something else at the top is noticed" {
	mkdir "$house/src" "$house/lib/util"
	rm "$house/LICENSE"
	check layout "$house"
	assert_line 'src: has no place at the top'
	assert_line 'lib/util/: is no layer'
	assert_line 'LICENSE: is missing'
}

@test "a layer uses only those to its left" {
	check layers
	assert_output ''
}

@test "a layer that looks up, or across, is noticed" {
	echo '#include "kafka/reader.h"' >>"$house/lib/base/str.h"
	echo '# include "window/window.h"' >>"$house/lib/cep/a.c"
	echo '#include "cep/pattern.h"' >>"$house/lib/window/a.c"
	echo '#include "local.h"' >>"$house/lib/job/a.c"
	check layers "$house"
	assert_line 'lib/base/str.h: includes kafka/reader.h, which is not below base'
	assert_line 'lib/cep/a.c: includes window/window.h, which is not below cep'
	assert_line 'lib/window/a.c: includes cep/pattern.h, which is not below window'
	assert_line 'lib/job/a.c: includes local.h, which names no layer'
	assert_equal "${#lines[@]}" 4
}

@test "librdkafka and HTTP are each seen by one layer, and cmocka by unit tests" {
	check libraries
	assert_output ''
}

@test "librdkafka, HTTP or cmocka elsewhere is noticed" {
	echo '#include <librdkafka/rdkafka.h>' >>"$house/lib/job/a.c"
	echo '#include <curl/curl.h>' >>"$house/lib/kafka/a.c"
	echo '#include "../unit/unit.h"' >>"$house/tests/a.c"
	check libraries "$house"
	assert_line 'lib/job/a.c: includes librdkafka'
	assert_line 'lib/kafka/a.c: includes HTTP'
	assert_line 'tests/a.c: includes cmocka'
	assert_equal "${#lines[@]}" 3
}

@test "every source file says its license and why it exists" {
	check heads
	assert_output ''
}

@test "a file that does not is noticed" {
	sed -i 3s/str.h/string.h/ "$house/lib/base/str.h"
	sed -i 1d "$house/lib/cep/a.c"
	echo 'int x;' >"$house/cmd/x.c"
	check heads "$house"
	assert_line "lib/base/str.h: the comment does not start with 'str.h - '"
	assert_line 'lib/cep/a.c: the first line is not the SPDX line'
	assert_line 'cmd/x.c: no comment says what it is for'
}

@test "no function is longer than 60 lines" {
	check functions
	assert_output ''
}

@test "a longer one is noticed" {
	{ printf 'int\ng(void)\n{\n'; yes '	;' | head -n 61; printf '}\n'; } >>"$house/lib/window/a.c"
	{ printf 'int\ng(void)\n{\n'; yes '	;' | head -n 60; printf '}\n'; } >>"$house/lib/cep/a.c"
	check functions "$house"
	assert_output 'lib/window/a.c: g(void): 61 lines'
}

@test "no file is longer than 900 lines" {
	check files
	assert_output ''
}

@test "a longer file is noticed" {
	yes | head -n 901 >"$house/lib/cep/b.c"
	check files "$house"
	assert_output 'lib/cep/b.c: 901 lines'
}

@test "no line is longer than 100 columns" {
	check columns
	assert_output ''
}

@test "a longer line is noticed" {
	{ printf '\t/* %088d */\n' 0; printf '\t/* %086d */\n' 0; printf 'a\t\t%084d\n' 0; } >>"$house/lib/cep/a.c"
	check columns "$house"
	assert_output 'lib/cep/a.c:10: 102 columns'
}

@test "of a longer line of a test what stands in quotes does not count" {
	local nines
	nines=$(printf '%0101d' 0 | tr 0 9)
	mkdir "$house/tests/unit"
	printf '%s\n' "f(\"$nines \\\"\", $nines);" "/* $nines */" "f(\"$nines\\\"\");" >"$house/tests/unit/a.c"
	printf '%s\n' "f '$nines' \"$nines\"" "# a 'comment $nines'" "cat <<-END" "	$nines" "	END" "$nines" \
		"f 'a text of several lines $nines" "'" >"$house/tests/unit/a.bats"
	printf '%s\n' '#!/bin/sh' "$nines" >"$house/cmd/script"
	printf '%s\n' "$nines" >"$house/tests/data"
	check columns "$house"
	assert_output 'cmd/script:2: 101 columns
tests/unit/a.bats:2: 115 columns
tests/unit/a.bats:6: 101 columns
tests/unit/a.c:1: 107 columns
tests/unit/a.c:2: 107 columns'
}

@test "nothing is left for later" {
	check promises
	assert_output ''
}

@test "something left for later is noticed" {
	printf '/* %s: think */\n' TO''DO >>"$house/lib/cep/a.c"
	check promises "$house"
	assert_output --partial 'lib/cep/a.c:'
}
