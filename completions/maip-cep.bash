# bash completion of maip-cep; generated, see make docs
_maip_cep() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local joined=
	if [[ $cur == = ]]; then cur= joined==; fi
	if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]} joined==; fi
	COMPREPLY=()
	case $prev$joined in
	--begin|--begin=)
		return ;;
	--next|--next=)
		return ;;
	--followed-by|--followed-by=)
		return ;;
	--followed-by-any|--followed-by-any=)
		return ;;
	--not-next|--not-next=)
		return ;;
	--not-followed-by|--not-followed-by=)
		return ;;
	--where|--where=)
		return ;;
	--or|--or=)
		return ;;
	--times|--times=)
		return ;;
	--times-or-more|--times-or-more=)
		return ;;
	--one-or-more=)
		return ;;
	--until|--until=)
		return ;;
	--within|--within=)
		return ;;
	--within-each|--within-each=)
		return ;;
	--after-match|--after-match=)
		mapfile -t COMPREPLY < <(compgen -W 'no-skip skip-to-next skip-past-last-event skip-to-first= skip-to-last=' -- "$cur")
		return ;;
	--match-recognize|--match-recognize=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	-k|--key|--key=)
		return ;;
	--time|--time=)
		return ;;
	--time-format|--time-format=)
		mapfile -t COMPREPLY < <(compgen -W 'auto rfc3339 s ms us ns' -- "$cur")
		return ;;
	--watermark|--watermark=)
		mapfile -t COMPREPLY < <(compgen -W 'none' -- "$cur")
		return ;;
	--order-by|--order-by=)
		return ;;
	--name|--name=)
		return ;;
	--emit|--emit=)
		mapfile -t COMPREPLY < <(compgen -W 'match summary count' -- "$cur")
		return ;;
	--select|--select=)
		return ;;
	--time-style|--time-style=)
		mapfile -t COMPREPLY < <(compgen -W 'rfc3339 ms' -- "$cur")
		return ;;
	--timeouts|--timeouts=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--late|--late=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--explain=)
		return ;;
	--trace|--trace=)
		return ;;
	--max-partial|--max-partial=)
		return ;;
	--max-matches|--max-matches=)
		return ;;
	--on-limit|--on-limit=)
		mapfile -t COMPREPLY < <(compgen -W 'stop oldest' -- "$cur")
		return ;;
	--on-error|--on-error=)
		mapfile -t COMPREPLY < <(compgen -W 'stop skip dead-letter=' -- "$cur")
		return ;;
	--ok-errors|--ok-errors=)
		return ;;
	--max-line|--max-line=)
		return ;;
	--help=)
		mapfile -t COMPREPLY < <(compgen -W 'text man bash zsh fish' -- "$cur")
		return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W ' --begin --next --followed-by --followed-by-any --not-next --not-followed-by --where --or --times --times-or-more --one-or-more --until --optional --greedy --consecutive --allow-combinations --within --within-each --after-match --match-recognize --key --time --time-format --watermark --processing-time --order-by --name --emit --select --time-style --timeouts --late --explain --trace --max-partial --max-matches --on-limit --on-error --ok-errors --max-line --help --version' -- "$cur")
	else
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -F _maip_cep maip-cep
