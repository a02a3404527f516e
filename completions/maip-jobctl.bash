# bash completion of maip-jobctl; generated, see make docs
_maip_jobctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local joined=
	if [[ $cur == = ]]; then cur= joined==; fi
	if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]} joined==; fi
	COMPREPLY=()
	case $prev$joined in
	-m|--jobmanager|--jobmanager=)
		return ;;
	--token-file|--token-file=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--timeout|--timeout=)
		return ;;
	--help=)
		mapfile -t COMPREPLY < <(compgen -W 'text man bash zsh fish' -- "$cur")
		return ;;
	--grace|--grace=)
		return ;;
	-p|--savepoint-path|--savepoint-path=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	-n|--name|--name=)
		return ;;
	-c|--command|--command=)
		return ;;
	-l|--log|--log=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	-t|--topic|--topic=)
		return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--jobmanager --token-file --timeout --json --help --version --running --words --grace --no-wait --drain --savepoint-path --detach --name --command --log --topic' -- "$cur")
		return
	fi
	local words word at
	read -ra words <<<"${COMP_LINE:0:COMP_POINT}|"
	unset 'words[-1]'
	for ((at = 1; at < ${#words[@]}; at++)); do
		case ${words[at]} in list|show|backpressure|cancel|stop|run|broker) break ;; esac
	done
	set --
	case ${words[at]-} in
	show) set -- --timeout 1s list --words ;;
	backpressure) set -- --timeout 1s list --words ;;
	cancel) set -- --timeout 1s list --words --running ;;
	stop) set -- --timeout 1s list --words --running ;;
	run) compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -W 'stream-processor anomaly-detector' -- "$cur") ;;
	'') mapfile -t COMPREPLY < <(compgen -W 'list show backpressure cancel stop run broker' -- "$cur") ;;
	esac
	(($#)) || return
	mapfile -t words < <(maip-jobctl "${words[@]:1:at-1}" "$@" 2>/dev/null)
	for word in "${words[@]}"; do
		[[ $word != "$cur"* ]] || COMPREPLY+=("$(printf %q "$word")")
	done
}
complete -F _maip_jobctl maip-jobctl
