# bash completion of maip-produce; generated, see make docs
_maip_produce() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local joined=
	if [[ $cur == = ]]; then cur= joined==; fi
	if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]} joined==; fi
	COMPREPLY=()
	case $prev$joined in
	-t|--topic|--topic=)
		return ;;
	--topic-expr|--topic-expr=)
		return ;;
	-k|--key|--key=)
		return ;;
	--partition-expr|--partition-expr=)
		return ;;
	--timestamp|--timestamp=)
		return ;;
	-H|--header|--header=)
		return ;;
	--create-topics=)
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
	--event-type|--event-type=)
		return ;;
	--source|--source=)
		return ;;
	--tombstone-when|--tombstone-when=)
		return ;;
	--delivery-timeout|--delivery-timeout=)
		return ;;
	--transactional-id|--transactional-id=)
		return ;;
	--compression|--compression=)
		mapfile -t COMPREPLY < <(compgen -W 'none gzip snappy lz4 zstd' -- "$cur")
		return ;;
	--linger|--linger=)
		return ;;
	--batch-size|--batch-size=)
		return ;;
	--acks|--acks=)
		mapfile -t COMPREPLY < <(compgen -W 'all 1 0' -- "$cur")
		return ;;
	--grace|--grace=)
		return ;;
	--dead-letter|--dead-letter=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--receipts|--receipts=)
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
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
		mapfile -t COMPREPLY < <(compgen -W ' --topic --topic-expr --key --partition-expr --timestamp --header --create-topics --brokers --kafka.bootstrap --env --config --property --broker-timeout --oauth-token-command --aws-msk-iam --allow-cleartext-login --text --envelope --event-type --source --tombstone-when --delivery-timeout --transactional-id --compression --linger --batch-size --acks --allow-loss --grace --dead-letter --receipts --tee --dry-run --verbose --on-error --ok-errors --max-line --help --version' -- "$cur")
	else
		compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -F _maip_produce maip-produce
