# bash completion of maip-consume; generated, see make docs
_maip_consume() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local joined=
	if [[ $cur == = ]]; then cur= joined==; fi
	if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]} joined==; fi
	COMPREPLY=()
	case $prev$joined in
	-t|--topic|--topic=)
		return ;;
	-p|--partition|--partition=)
		return ;;
	-g|--group|--group=)
		return ;;
	-o|--offset|--offset=)
		mapfile -t COMPREPLY < <(compgen -W 'earliest latest committed' -- "$cur")
		return ;;
	--offsets-from|--offsets-from=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--until|--until=)
		mapfile -t COMPREPLY < <(compgen -W 'end committed' -- "$cur")
		return ;;
	-c|--max-messages|--max-messages=)
		return ;;
	-k|--key|--key=)
		return ;;
	-w|--where|--where=)
		return ;;
	-b|--brokers|--brokers=|--kafka.bootstrap|--kafka.bootstrap=)
		return ;;
	--env|--env=)
		return ;;
	-F|--config|--config=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	-X|--property|--property=)
		return ;;
	--broker-timeout|--broker-timeout=)
		return ;;
	--oauth-token-command|--oauth-token-command=)
		return ;;
	--aws-msk-iam=)
		return ;;
	--only|--only=)
		mapfile -t COMPREPLY < <(compgen -W 'key value headers' -- "$cur")
		return ;;
	--rate|--rate=)
		return ;;
	--replay-speed|--replay-speed=)
		return ;;
	--watermark|--watermark=)
		mapfile -t COMPREPLY < <(compgen -W 'none' -- "$cur")
		return ;;
	--time|--time=)
		return ;;
	--time-format|--time-format=)
		mapfile -t COMPREPLY < <(compgen -W 'auto rfc3339 s ms us ns' -- "$cur")
		return ;;
	--idle-timeout|--idle-timeout=)
		return ;;
	--idle-advance|--idle-advance=)
		return ;;
	--max-future|--max-future=)
		return ;;
	--on-error|--on-error=)
		mapfile -t COMPREPLY < <(compgen -W 'stop skip dead-letter=' -- "$cur")
		return ;;
	--ok-errors|--ok-errors=)
		return ;;
	--max-line|--max-line=)
		return ;;
	--progress=)
		return ;;
	--stats-interval|--stats-interval=)
		return ;;
	--help=)
		mapfile -t COMPREPLY < <(compgen -W 'text man bash zsh fish' -- "$cur")
		return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W ' --topic --partition --group --offset --offsets-from --exit-at-end --until --max-messages --key --where --brokers --kafka.bootstrap --env --config --property --broker-timeout --oauth-token-command --aws-msk-iam --allow-cleartext-login --envelope --only --rate --replay-speed --watermark --time --time-format --idle-timeout --idle-advance --max-future --on-error --ok-errors --max-line --list-topics --list-offsets --verbose --progress --stats-interval --help --version' -- "$cur")
	fi
}
complete -F _maip_consume maip-consume
