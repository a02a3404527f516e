# bash completion of maip-window; generated, see make docs
_maip_window() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local joined=
	if [[ $cur == = ]]; then cur= joined==; fi
	if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]} joined==; fi
	COMPREPLY=()
	case $prev$joined in
	--tumbling|--tumbling=)
		return ;;
	--sliding|--sliding=)
		return ;;
	--cumulate|--cumulate=)
		return ;;
	--session|--session=)
		return ;;
	--session-expr|--session-expr=)
		return ;;
	--count|--count=)
		return ;;
	--offset|--offset=)
		return ;;
	--tz|--tz=)
		return ;;
	-k|--key|--key=)
		return ;;
	-a|--agg|--agg=)
		return ;;
	--where|--where=)
		return ;;
	--having|--having=)
		return ;;
	--top|--top=)
		return ;;
	--time-style|--time-style=)
		mapfile -t COMPREPLY < <(compgen -W 'rfc3339 ms' -- "$cur")
		return ;;
	--emit-every|--emit-every=)
		return ;;
	--emit-empty|--emit-empty=)
		return ;;
	--emit-every-records|--emit-every-records=)
		return ;;
	--time|--time=)
		return ;;
	--time-format|--time-format=)
		mapfile -t COMPREPLY < <(compgen -W 'auto rfc3339 s ms us ns' -- "$cur")
		return ;;
	--watermark|--watermark=)
		mapfile -t COMPREPLY < <(compgen -W 'none' -- "$cur")
		return ;;
	--watermark-by|--watermark-by=)
		return ;;
	--allowed-lateness|--allowed-lateness=)
		return ;;
	--late|--late=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--idle-advance|--idle-advance=)
		return ;;
	--on-error|--on-error=)
		mapfile -t COMPREPLY < <(compgen -W 'stop skip dead-letter=' -- "$cur")
		return ;;
	--ok-errors|--ok-errors=)
		return ;;
	--max-line|--max-line=)
		return ;;
	--state-memory|--state-memory=)
		return ;;
	--help=)
		mapfile -t COMPREPLY < <(compgen -W 'text man bash zsh fish' -- "$cur")
		return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W ' --tumbling --sliding --cumulate --session --session-expr --count --global --offset --tz --key --agg --where --having --top --time-style --emit-every --emit-empty --emit-every-records --time --time-format --watermark --watermark-by --allowed-lateness --late --idle-advance --processing-time --on-error --ok-errors --max-line --state-memory --verbose --help --version' -- "$cur")
	else
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -F _maip_window maip-window
