#!/usr/bin/env bats
# Man pages and completions say what the tools do.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

root=$BATS_TEST_DIRNAME/../..

generated() { # TOOL
	[[ -x $MAIP_BIN/$1 ]] || skip "$1 is not built"
	run "$root/tests/docs" "$1"
	assert_success
	assert_output ''
}

@test "what is generated for maip-consume is what is committed" { generated maip-consume; }
@test "what is generated for maip-window is what is committed" { generated maip-window; }
@test "what is generated for maip-cep is what is committed" { generated maip-cep; }
@test "what is generated for maip-produce is what is committed" { generated maip-produce; }
@test "what is generated for maip-jobctl is what is committed" { generated maip-jobctl; }

@test "every man page is clean mdoc" {
	run mandoc -Tlint -W warning "$root"/man/*.[157]
	assert_success
	assert_output ''
}

@test "every page that a man page refers to is there, and refers to all others" {
	local page name section
	while read -r name section; do
		[[ -e $root/man/$name.$section ]] || fail "there is no $name($section)"
	done < <(grep -h '^\.Xr maip' "$root"/man/*.[157] | cut -d ' ' -f 2,3 | sort -u)
	for page in "$root"/man/*.[157]; do
		run -0 sh -c 'sed -n "/^\.Sh SEE ALSO/,\$p" "$1" | grep -c "^\.Xr maip"' sh "$page"
		assert_equal "${page##*/}: $output" "${page##*/}: 7"
	done
}

@test "every option that a man page speaks of is one" {
	local tool option options=' '
	for tool in maip-{consume,window,cep,produce,jobctl}; do
		[[ -x $MAIP_BIN/$tool ]] || skip "$tool is not built"
		options+=$("$MAIP_BIN/$tool" --help=man | grep -oE 'Fl -[a-z.-]+' | tr '\n' ' ')
	done
	run -0 grep -hoE '\bFl -[a-z][a-z.-]*' "$root"/man/*.[157]
	while read -r option; do
		[[ $options == *"$option "* ]] || fail "no tool has $option"
	done < <(sort -u <<<"$output")
}

@test "every option of kcat that a tool answers has its row in the man page, or is one here" {
	local tool letters letter habits here
	letters=$(sed -n 's/^#define KCAT_LETTERS "\(.*\)"$/\1/p' "$root/lib/kafka/conf.h")
	[[ -n $letters ]]
	for tool in maip-consume maip-produce; do
		[[ -x $MAIP_BIN/$tool ]] || skip "$tool is not built"
		habits=$(sed -n '/^.Sh FOR USERS OF KCAT/,/^.El/s/ Ta .*//p' "$root/man/$tool.1")
		here=$("$MAIP_BIN/$tool" --help)
		while read -rn 1 letter; do
			[[ -z $letter ]] || grep -q "^  -$letter" <<<"$here" ||
				grep -q -e "-$letter\b" <<<"$habits" || fail "$tool -$letter"
		done <<<"$letters"
	done
}

@test "every long option of Kafka's own tools that a tool answers has its row in the man page" {
	local rows names here name n=0
	for tool in consume produce; do
		rows=$(sed -n '/^.Sh FOR USERS OF KAFKA-/,/^.El/s/^.It Li \(--.*\) Ta /\1\t/p' "$root/man/maip-$tool.1" |
			sed "s/Li //; s/\\\\(aq/'/g; s/\\\\(ha/^/g; s/\\\\&//g")
		while IFS=$'\t' read -r names here; do
			for name in ${names//,/ }; do
				run -64 --separate-stderr "maip-$tool" "$name"
				assert_equal "$stderr" "maip-$tool: unknown option '$name' (here: $here)"
				n=$((n + 1))
			done
		done <<<"$rows"
	done
	assert_equal "$n" "$(cat "$root"/cmd/maip-{consume/settings,produce}.c | grep -cE '^	\{ "[a-z.-]+", "')"
}

# A tool with one option, and its files, in a house of their own.
small_house() {
	export MAIP_ROOT=$BATS_TEST_TMPDIR MAIP_BIN=$BATS_TEST_TMPDIR/bin
	mkdir -p "$MAIP_BIN" "$MAIP_ROOT/man"
	printf '%s\n' '#!/bin/sh' 'echo "$1 of x"' >"$MAIP_BIN/maip-x"
	chmod +x "$MAIP_BIN/maip-x"
	printf '%s\n' before '.\" options: generated from the table' old '.\" end of options' after >"$MAIP_ROOT/man/maip-x.1"
}

@test "what differs is named, and updated when asked for" {
	small_house
	run "$root/tests/docs" maip-x
	assert_failure 1
	assert_line 'man/maip-x.1: differs from the option table (make docs)'
	assert_line 'completions/maip-x.zsh: differs from the option table (make docs)'
	run "$root/tests/docs" --update maip-x
	assert_success
	assert_equal "$(cat "$MAIP_ROOT/man/maip-x.1")" 'before
.\" options: generated from the table
--help=man of x
.\" end of options
after'
	assert_equal "$(cat "$MAIP_ROOT/completions/maip-x.fish")" '--help=fish of x'
	run "$root/tests/docs" maip-x
	assert_success
	assert_output ''
}

@test "a man page without a place for the options is named" {
	small_house
	echo nothing >"$MAIP_ROOT/man/maip-x.1"
	run "$root/tests/docs" --update maip-x
	assert_failure 1
	assert_line 'man/maip-x.1: has no place for the options'
}
