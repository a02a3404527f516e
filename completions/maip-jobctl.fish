# fish completion; generated, see make docs
complete -c maip-jobctl -f
function _maip_jobctl_words
	set -l before
	for word in (commandline -opc)[2..]
		contains -- $word list show backpressure cancel stop run broker; and break
		set -a before $word
	end
	maip-jobctl $before $argv 2>/dev/null
end
complete -c maip-jobctl -n 'not __fish_seen_subcommand_from list show backpressure cancel stop run broker' -a 'list show backpressure cancel stop run broker'
complete -c maip-jobctl -n '__fish_seen_subcommand_from show' -a '(_maip_jobctl_words --timeout 1s list --words)'
complete -c maip-jobctl -n '__fish_seen_subcommand_from backpressure' -a '(_maip_jobctl_words --timeout 1s list --words)'
complete -c maip-jobctl -n '__fish_seen_subcommand_from cancel' -a '(_maip_jobctl_words --timeout 1s list --words --running)'
complete -c maip-jobctl -n '__fish_seen_subcommand_from stop' -a '(_maip_jobctl_words --timeout 1s list --words --running)'
complete -c maip-jobctl -n '__fish_seen_subcommand_from run' -F -a 'stream-processor anomaly-detector'
complete -c maip-jobctl -l jobmanager -s m -x -d 'ask the Flink JobManager at URL (default MAIP_JOBMANAGER, else local pipelines)'
complete -c maip-jobctl -l token-file -rF -d 'send the bearer token that FILE holds; FILE must be readable by you alone'
complete -c maip-jobctl -l timeout -x -d 'longest wait for one answer of a JobManager (default 10s)'
complete -c maip-jobctl -l json -d 'print NDJSON on a terminal, too'
complete -c maip-jobctl -l help -a 'text man bash zsh fish' -d 'show this; or the same as the list of a man page, or as a completion'
complete -c maip-jobctl -l version -d 'print the version'
complete -c maip-jobctl -l running -s r -d 'only jobs that are not over'
complete -c maip-jobctl -l words -d 'print ids and names, one a line and nothing else, as completions want them'
complete -c maip-jobctl -l grace -x -d 'wait so long; what still runs of a local job is killed then (default 30s)'
complete -c maip-jobctl -l no-wait -d 'with -m: do not wait until the job is over'
complete -c maip-jobctl -l drain -s d -d 'treat the input as complete: open windows fire before the job ends'
complete -c maip-jobctl -l savepoint-path -s p -rF -d 'with -m: where Flink writes the savepoint (default: its configuration\'s)'
complete -c maip-jobctl -l detach -s d -d 'leave the job running in the background and print its id'
complete -c maip-jobctl -l name -s n -x -d 'name of the job (default: that of the ready-made job or script)'
complete -c maip-jobctl -l command -s c -x -d 'run this text with bash, \'maip-consume ... | maip-window ...\', in place of a JOB'
complete -c maip-jobctl -l log -s l -rF -d 'with --detach: where its messages go (default: ID.log in the run directory)'
complete -c maip-jobctl -l topic -s t -x -d 'make this topic (repeatable; default 4 partitions); maip-produce --create-topics makes others'
