#!/usr/bin/env bats
# The examples of the man pages do what they show.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

root=$BATS_TEST_DIRNAME/../..
examples() { run "$root/tests/examples" "$@"; }

of_page() { # PAGE TOOL...
	local tool
	for tool in "${@:2}"; do
		[[ -x $MAIP_BIN/$tool ]] || skip "$tool is not built"
	done
	examples run "$root/man/$1"
	assert_success
}

@test "maip-consume(1)" { of_page maip-consume.1 maip-consume; }
@test "maip-window(1)" { of_page maip-window.1 maip-window; }
@test "maip-cep(1)" { of_page maip-cep.1 maip-cep; }
@test "maip-produce(1)" { of_page maip-produce.1 maip-produce; }
@test "maip-jobctl(1)" { of_page maip-jobctl.1 maip-jobctl maip-window; }
@test "maip(7)" { of_page maip.7 maip-window maip-cep; }
@test "maip-stream(5)" { of_page maip-stream.5 maip-window; }

@test "every block of an EXAMPLES section is marked, so that it is run" {
	run awk '/^\.Sh/ { section = $2 } /^\.Bd -literal/ && section == "EXAMPLES" && last !~ /^\.\\" example: (run|needs kafka|needs logins)$/ {
		print FILENAME ":" FNR } { last = $0 }' "$root"/man/*.[157]
	assert_success
	assert_output ''
	run grep -L '^\.\\" example: ' "$root"/man/*.1
	assert_output ''
}

@test "a block is one session, and is compared to the byte" {
	cat >"$BATS_TEST_TMPDIR/x.1" <<'END'
.Bd -literal
$ echo not an example
.Ed
.\" example: run
.Bd -literal -offset indent
$ x=5
$ printf \(aqa\etb\en%s\en\(aq "$x" |
> tee file
a	b
5
$ cat file; pwd | grep -c folder
a	b
5
1
.Ed
.\" example: needs kafka
.Bd -literal
$ echo another kind
.Ed
.\" example: run
.Bd -literal
$ ls
.Ed
END
	examples run "$BATS_TEST_TMPDIR/x.1"
	assert_success
	assert_output '1..2
ok 1 - x.1:5
ok 2 - x.1:21'
}

@test "a block that is never over is ended, and noticed" {
	printf '%s\n' '.\" example: run' '.Bd -literal' '$ sleep 600 | cat' .Ed >"$BATS_TEST_TMPDIR/x.1"
	MAIP_EXAMPLE_LIMIT=0.2 examples run "$BATS_TEST_TMPDIR/x.1"
	assert_failure 1
	assert_line '# not over after 0.2 s'
	assert_line 'not ok 1 - x.1:2'
}

@test "another output is noticed" {
	cat >"$BATS_TEST_TMPDIR/x.1" <<'END'
.\" example: run
.Bd -literal
$ echo one
one
$ echo two; echo why >&2
three
.Ed
END
	examples run "$BATS_TEST_TMPDIR/x.1"
	assert_failure 1
	assert_line '# $ echo two; echo why >&2'
	assert_line '#   < three'
	assert_line '#   > two'
	assert_line '#   stderr: why'
	assert_line 'not ok 1 - x.1:2'
	sed -i s/three/two/ "$BATS_TEST_TMPDIR/x.1"
	examples run "$BATS_TEST_TMPDIR/x.1"
	assert_success
	echo '$ echo more' >"$BATS_TEST_TMPDIR/more"
	sed -i "/^two/r $BATS_TEST_TMPDIR/more" "$BATS_TEST_TMPDIR/x.1"
	examples run "$BATS_TEST_TMPDIR/x.1"
	assert_failure 1
}
