#compdef maip-consume
# zsh completion; generated, see make docs
_arguments -s \
	'*-t+[read this topic, or those that match; repeatable]:NAME|GLOB|^REGEX:' \
	'*--topic=[read this topic, or those that match; repeatable]:NAME|GLOB|^REGEX:' \
	'*-p+[only these partitions\: 0, 0,3 or 0-7; repeatable]:LIST:' \
	'*--partition=[only these partitions\: 0, 0,3 or 0-7; repeatable]:LIST:' \
	'-g+[share the partitions with the others of the group, and commit there what has been read]:NAME:' \
	'--group=[share the partitions with the others of the group, and commit there what has been read]:NAME:' \
	'-o+[start there; an OFFSET is N, -N, +N, @TIME, -DURATION, or a range A\:B]:offset:(earliest latest committed)' \
	'--offset=[start there; an OFFSET is N, -N, +N, @TIME, -DURATION, or a range A\:B]:offset:(earliest latest committed)' \
	'--offsets-from=[read from these offsets on (- is standard input)\: lines as --list-offsets prints them, or with "offset"\:OFFSET]:FILE:_files' \
	'-e[end when everything has been read that is there at the start]' \
	'--exit-at-end[end when everything has been read that is there at the start]' \
	'--until=[end there\: N, +N, -N, @TIME or -DURATION, at most the present end]:until:(end committed)' \
	'-c+[end after N lines]:N:' \
	'--max-messages=[end after N lines]:N:' \
	'-k+[only records with this key, out of the partition where the Java client puts it]:KEY:' \
	'--key=[only records with this key, out of the partition where the Java client puts it]:KEY:' \
	'*-w+[only records for which this is true; it may use $key, $headers.NAME, $topic, $partition, $offset and $timestamp; repeatable]:CONDITION:' \
	'*--where=[only records for which this is true; it may use $key, $headers.NAME, $topic, $partition, $offset and $timestamp; repeatable]:CONDITION:' \
	'*-b+[Kafka brokers to start from (default MAIP_KAFKA_BROKERS)]:HOST\:PORT\[,...\]:' \
	'*--brokers=[Kafka brokers to start from (default MAIP_KAFKA_BROKERS)]:HOST\:PORT\[,...\]:' \
	'*--kafka.bootstrap=[Kafka brokers to start from (default MAIP_KAFKA_BROKERS)]:HOST\:PORT\[,...\]:' \
	'*--env=[read the profile NAME.conf of the configuration directory (default MAIP_ENV)]:NAME:' \
	'*-F+[read librdkafka properties from FILE, key=value a line]:FILE:_files' \
	'*--config=[read librdkafka properties from FILE, key=value a line]:FILE:_files' \
	'*-X+[set one librdkafka property]:KEY=VALUE:' \
	'*--property=[set one librdkafka property]:KEY=VALUE:' \
	'*--broker-timeout=[give up when no broker has answered for so long (default 5s at the start, 1m afterwards)]:DURATION:' \
	'*--oauth-token-command=[log in with the token that this shell command prints (SASL OAUTHBEARER)]:CMD:' \
	'*--aws-msk-iam=-[log in to Amazon MSK with AWS credentials (default region\: that in the broker'\''s name)]::REGION:' \
	'*--allow-cleartext-login[yes, send a password or token to another machine unencrypted]' \
	'--envelope[the whole record\: topic, partition, offset, timestamp, key, headers and value]' \
	'--only=[an envelope of this alone]:only:(key value headers)' \
	'*--rate=[write no more than N lines a second, minute or hour]:N\[/s|/m|/h\]:' \
	'*--replay-speed=[write as fast as it happened, times X\: 1, 60, 0.5; by the time of the records]:X:' \
	'*--watermark=[write watermarks, for records that are up to DURATION out of order]:watermark:(none)' \
	'--time=[the time of a record (default timestamp; '\''$timestamp'\'' is Kafka'\''s)]:EXPR:' \
	'--time-format=[what the time is when it is a number or text (default auto)]:time-format:(auto rfc3339 s ms us ns)' \
	'--idle-timeout=[do not wait for a partition that has been silent so long (default 30s; 0\: wait)]:DURATION:' \
	'--idle-advance=[once all topics have been silent so long, let time go on with the clock]:DURATION:' \
	'--max-future=[a record further ahead of the clock is bad]:DURATION:' \
	'*--on-error=[what to do with a value that is no record (default stop)]:on-error:(stop skip dead-letter=)' \
	'--ok-errors=[with skip or dead-letter\: end with 0 if no more than N were bad (default 0)]:N:' \
	'--max-line=[longest value that is accepted (default 16MiB)]:SIZE:' \
	'-L[list the topics]' \
	'--list-topics[list the topics]' \
	'--list-offsets[list the first and the next offset of each partition, with -g also the group'\''s]' \
	'-v[tell where each partition starts and ends, how many records were read, and what librdkafka logs]' \
	'--verbose[tell where each partition starts and ends, how many records were read, and what librdkafka logs]' \
	'*--progress=-[on a terminal\: show how far it has come, and how far each partition is behind]::partitions:' \
	'--stats-interval=[write counts and positions to stderr, an object a line]:DURATION:' \
	'--help=-[show this; or the same as the list of a man page, or as a completion]::help:(text man bash zsh fish)' \
	'--version[print the version]'
