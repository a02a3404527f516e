#!/usr/bin/env bats
# The completions, loaded into the shells that they are for.
bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load

root=$BATS_TEST_DIRNAME/../..
shells=(bash)
! command -v zsh >/dev/null || shells+=(zsh)
! command -v fish >/dev/null || shells+=(fish)

setup() {
	export MAIP_RUN_DIR=$BATS_TEST_TMPDIR/run
	unset MAIP_JOBMANAGER
	cd "$BATS_TEST_TMPDIR" || exit
}

# What SHELL offers at the end of LINE, sorted, one a line. bash cuts words at = and :, as here.
offers() { # SHELL LINE
	local file=$root/completions/${2%% *}.$1
	case $1 in
	bash)
		bash -c 'source "$1"
			compopt() { :; }
			COMP_LINE=$2 COMP_POINT=${#2}
			line=${2//=/ = }
			line=${line//:/ : }
			[[ $line != *" = " ]] || line=${line% }
			read -ra COMP_WORDS <<<"$line"
			[[ $line != *" " ]] || COMP_WORDS+=("")
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			name=${COMP_WORDS[0]//-/_}
			"_$name"
			((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' bash "$file" "$2"
		;;
	zsh) "$root/tests/support/zsh-offers" "$file" "$2" ;;
	fish) # with a description behind a tab; of an option the whole word
		fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$file" "$2" | cut -f 1 |
			sed 's/^--[a-z-]*=//'
		;;
	esac | LC_ALL=C sort -u
}

offered() { # LINE WORD...: by every shell
	local shell
	for shell in "${shells[@]}"; do
		run -0 offers "$shell" "$1"
		assert_equal "$shell: $output" "$shell: $(printf '%s\n' "${@:2}" | LC_ALL=C sort)"
	done
}

@test "every word that an option can have is offered" {
	local page tool option words
	while read -r page option words; do
		tool=${page%.1}
		# those in small letters, up to their =
		mapfile -t words < <(tr '|' '\n' <<<"$words" | sed -n 's/^\([a-z0-9][^=]*=\{0,1\}\).*/\1/p')
		((${#words[@]} == 0)) || offered "$tool --$option=" "${words[@]}"
	done < <(cd "$root/man" && grep -H '^\.It Fl -[a-z-]* Ns = Ns Ar \\&[^ ]*|' maip-*.1 |
		sed 's/^\([^:]*\):.*Fl -\([a-z-]*\) Ns = Ns Ar .&/\1 \2 /; s/\[,error\]//g')
}

@test "the offsets, policies and strategies are among them" {
	offered 'maip-consume --offset=' earliest latest committed
	offered 'maip-consume --until=' committed end
	offered 'maip-produce --on-error=' stop skip dead-letter=
	offered 'maip-cep --after-match=' no-skip skip-to-next skip-past-last-event skip-to-first= \
		skip-to-last=
	offered 'maip-window --time-style=m' ms
	offered 'maip-consume --watermark=' none
}

@test "the commands of maip-jobctl, and what they take" {
	offered 'maip-jobctl ' list show backpressure cancel stop run broker
	offered 'maip-jobctl --timeout 2s sh' show
	offered 'maip-jobctl run st' stream-processor
}

@test "the names and ids of jobs, where a JOB is wanted" {
	local id
	run -0 maip-jobctl run -n over -c 'maip-window --count 1 </dev/null'
	id=$(maip-jobctl list | jq -r .id)
	offered 'maip-jobctl show ' over "$id"
	offered 'maip-jobctl show o' over
	offered "maip-jobctl backpressure ${id:0:5}" "$id"
	offered 'maip-jobctl cancel ' ''
	offered 'maip-jobctl list ' ''
	offered 'maip-jobctl -m http://127.0.0.1:1 show ' ''
}

@test "bash quotes a name that the command line would take apart" {
	run -0 maip-jobctl run -n "what's left; ls" -c 'maip-window --count 1 </dev/null'
	run -0 offers bash 'maip-jobctl show w'
	assert_output "what\\'s\\ left\\;\\ ls"
}

@test "list --words has ids and names, and nothing else" {
	run -0 maip-jobctl run -n over -c 'maip-window --count 1 </dev/null'
	run -0 maip-jobctl list --words
	assert_output "$(maip-jobctl list | jq -r '.id, .name')"
	run -0 maip-jobctl list --words --running
	assert_output ''
}
