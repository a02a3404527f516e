#compdef maip-produce
# zsh completion; generated, see make docs
_arguments -s \
	'-t+[write to this topic]:TOPIC:' \
	'--topic=[write to this topic]:TOPIC:' \
	'--topic-expr=[write each line to the topic that EXPR yields]:EXPR:' \
	'-k+[make the text of EXPR the key; NULL is no key]:EXPR:' \
	'--key=[make the text of EXPR the key; NULL is no key]:EXPR:' \
	'--partition-expr=[write to this partition; NULL lets the key decide]:EXPR:' \
	'--timestamp=[make EXPR the time of the record (default now)]:EXPR:' \
	'*-H+[add a header; repeatable]:NAME=EXPR:' \
	'*--header=[add a header; repeatable]:NAME=EXPR:' \
	'*--create-topics=-[make topics that are not there, with these settings (replication.factor among them)]::PARTITIONS\[,KEY=VALUE\]...:' \
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
	'--text[the line, whatever it is, but for control lines]' \
	'--envelope[lines are what maip-consume --envelope prints\: a record with everything]' \
	'--event-type=[a MAIP event of this type with the line as its payload]:TYPE:' \
	'--source=[the source that events name (default maip-produce)]:NAME:' \
	'--tombstone-when=[send no value, but a tombstone, where this is true]:CONDITION:' \
	'--delivery-timeout=[give a record up after so long (default 2m)]:DURATION:' \
	'--transactional-id=[publish the whole input in one transaction, or nothing]:ID:' \
	'--compression=[compress batches (default none)]:compression:(none gzip snappy lz4 zstd)' \
	'--linger=[wait so long for a batch to fill (default 20ms)]:DURATION:' \
	'--batch-size=[send a batch when it has so many bytes (default 1000000)]:BYTES:' \
	'--acks=[who must have a record\: all replicas in sync, 1, or nobody (0)]:acks:(all 1 0)' \
	'--allow-loss[yes, --acks 1 and 0 can lose records, or send them twice]' \
	'--grace=[after a signal, wait so long for acknowledgements (default 10s)]:DURATION:' \
	'--dead-letter=[append records that were not delivered to FILE, and go on]:FILE:_files' \
	'--receipts=[append line, topic, partition and offset of each delivered record to FILE]:FILE:_files' \
	'--tee[repeat each line that was sent on standard output]' \
	'--dry-run[send nothing; print what would be sent, as envelopes]' \
	'-v[say how many records were delivered, and what librdkafka logs]' \
	'--verbose[say how many records were delivered, and what librdkafka logs]' \
	'*--on-error=[what to do with a line that is no record (default stop)]:on-error:(stop skip dead-letter=)' \
	'--ok-errors=[with skip or dead-letter\: end with 0 if no more than N were bad (default 0)]:N:' \
	'--max-line=[longest line that is accepted (default 16MiB)]:SIZE:' \
	'--help=-[show this; or the same as the list of a man page, or as a completion]::help:(text man bash zsh fish)' \
	'--version[print the version]' \
	'*:FILE:_files'
