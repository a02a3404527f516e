#!/usr/bin/env bats
# make install and make uninstall, into folders of their own.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load

setup() { to="$BATS_TEST_TMPDIR/with space"; }

# What is built is installed as it is.
make_it() { # TARGET VARIABLE=VALUE...
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$BATS_TEST_DIRNAME/../.." -o all "$1" \
		B="$MAIP_BIN" "${@:2}"
}

files() { (cd "$to" && find . -type f | LC_ALL=C sort); }

@test "everything is below the prefix, and below DESTDIR" {
	run -0 make_it install DESTDIR="$to" PREFIX=/opt/maip
	assert_output ''
	run -0 files
	assert_line ./opt/maip/bin/maip-window
	assert_line ./opt/maip/share/man/man7/maip.7
	assert_line ./opt/maip/libexec/maip/jobs/stream-processor
	assert_line ./opt/maip/share/bash-completion/completions/maip-cep
	assert_line ./opt/maip/share/zsh/site-functions/_maip-cep
	assert_line ./opt/maip/share/fish/vendor_completions.d/maip-cep.fish
	assert_equal "$(grep -cv '^\./opt/maip/' <<<"$output")" 0
	run -0 make_it install PREFIX="$to/usr"
	run -0 "$to/usr/bin/maip-window" --version
}

@test "--version is one line, with the library where that matters as much" {
	local tool rdkafka
	rdkafka=$(pkg-config --modversion rdkafka)
	for tool in maip-consume maip-produce; do
		run -0 "$tool" --version
		assert_output --regexp "^$tool [^ ]+ \(librdkafka $rdkafka, built with $rdkafka\)\$"
	done
	run -0 maip-window --version
	assert_output --regexp '^maip-window [^ ]+$'
}

@test "uninstall leaves nothing of its own" {
	run -0 make_it install DESTDIR="$to" PREFIX=/usr/local
	run -0 make_it uninstall DESTDIR="$to" PREFIX=/usr/local
	assert_output ''
	assert_equal "$(find "$to")" "$to"
	run -0 make_it install PREFIX="$to"
	run -0 make_it uninstall PREFIX="$to"
	assert_equal "$(find "$to")" "$to"
}

@test "uninstall leaves what is not its own, and the folders of that" {
	mkdir -p "$to"/{bin,share/zsh/site-functions}
	touch "$to"/{bin/other,share/zsh/site-functions/_other}
	run -0 make_it install PREFIX="$to"
	run -0 make_it uninstall PREFIX="$to"
	assert_equal "$(cd "$to" && find . | LC_ALL=C sort | xargs)" \
		'. ./bin ./bin/other ./share ./share/zsh ./share/zsh/site-functions ./share/zsh/site-functions/_other'
}

@test "uninstall where nothing is installed is no failure" {
	run -0 make_it uninstall PREFIX="$to"
	assert_output ''
}
