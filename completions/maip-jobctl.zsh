#compdef maip-jobctl
# zsh completion; generated, see make docs
local -a all=($words) line
local curcontext=$curcontext context state state_descr
local -A opt_args
_arguments -s -C \
	'-m+[ask the Flink JobManager at URL (default MAIP_JOBMANAGER, else local pipelines)]:URL:' \
	'--jobmanager=[ask the Flink JobManager at URL (default MAIP_JOBMANAGER, else local pipelines)]:URL:' \
	'--token-file=[send the bearer token that FILE holds; FILE must be readable by you alone]:FILE:_files' \
	'--timeout=[longest wait for one answer of a JobManager (default 10s)]:DURATION:' \
	'--json[print NDJSON on a terminal, too]' \
	'--help=-[show this; or the same as the list of a man page, or as a completion]::help:(text man bash zsh fish)' \
	'--version[print the version]' \
	'-r[only jobs that are not over]' \
	'--running[only jobs that are not over]' \
	'--words[print ids and names, one a line and nothing else, as completions want them]' \
	'--grace=[wait so long; what still runs of a local job is killed then (default 30s)]:DURATION:' \
	'--no-wait[with -m\: do not wait until the job is over]' \
	'-d[treat the input as complete\: open windows fire before the job ends]' \
	'--drain[treat the input as complete\: open windows fire before the job ends]' \
	'-p+[with -m\: where Flink writes the savepoint (default\: its configuration'\''s)]:DIR:_files' \
	'--savepoint-path=[with -m\: where Flink writes the savepoint (default\: its configuration'\''s)]:DIR:_files' \
	'-d[leave the job running in the background and print its id]' \
	'--detach[leave the job running in the background and print its id]' \
	'-n+[name of the job (default\: that of the ready-made job or script)]:NAME:' \
	'--name=[name of the job (default\: that of the ready-made job or script)]:NAME:' \
	'-c+[run this text with bash, '\''maip-consume ... | maip-window ...'\'', in place of a JOB]:PIPELINE:' \
	'--command=[run this text with bash, '\''maip-consume ... | maip-window ...'\'', in place of a JOB]:PIPELINE:' \
	'-l+[with --detach\: where its messages go (default\: ID.log in the run directory)]:FILE:_files' \
	'--log=[with --detach\: where its messages go (default\: ID.log in the run directory)]:FILE:_files' \
	'*-t+[make this topic (repeatable; default 4 partitions); maip-produce --create-topics makes others]:NAME\[\:PARTITIONS\]:' \
	'*--topic=[make this topic (repeatable; default 4 partitions); maip-produce --create-topics makes others]:NAME\[\:PARTITIONS\]:' \
	'1:COMMAND:(list show backpressure cancel stop run broker)' \
	'*::ARGUMENT:->operand' && return
[[ $state == operand ]] || return 1
case $words[1] in
show) compadd -- ${(f)"$(maip-jobctl ${all[2,${all[(i)$words[1]]}-1]} --timeout 1s list --words 2>/dev/null)"} ;;
backpressure) compadd -- ${(f)"$(maip-jobctl ${all[2,${all[(i)$words[1]]}-1]} --timeout 1s list --words 2>/dev/null)"} ;;
cancel) compadd -- ${(f)"$(maip-jobctl ${all[2,${all[(i)$words[1]]}-1]} --timeout 1s list --words --running 2>/dev/null)"} ;;
stop) compadd -- ${(f)"$(maip-jobctl ${all[2,${all[(i)$words[1]]}-1]} --timeout 1s list --words --running 2>/dev/null)"} ;;
run) _files; compadd -- stream-processor anomaly-detector ;;
esac
