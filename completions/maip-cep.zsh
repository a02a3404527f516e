#compdef maip-cep
# zsh completion; generated, see make docs
_arguments -s \
	'*--begin=[the first element; '\''('\'' in place of a NAME opens a group, '\'')'\'' closes it]:NAME:' \
	'*--next=[the very next event of the key]:NAME:' \
	'*--followed-by=[the next event that fits; others in between are passed over]:NAME:' \
	'*--followed-by-any=[any later event that fits\: one match for each]:NAME:' \
	'*--not-next=[the very next event is not this]:NAME:' \
	'*--not-followed-by=[this does not come before the next element, or before the window ends]:NAME:' \
	'*--where=[condition on the element; several must all hold]:EXPR:' \
	'*--or=[another condition that is enough, in place of all before it]:EXPR:' \
	'*--times=[the element comes N times, or N to M times, each but the last sooner than GAP after the event before it]:N\[,M\]\[\:GAP\]:' \
	'*--times-or-more=[the element comes at least N times, the first N sooner than GAP after the event before them]:N\[\:GAP\]:' \
	'*--one-or-more=-[the element comes at least once, the first time sooner than GAP after the event before it]::GAP:' \
	'*--until=[an event for which this holds ends the loop, and is not part of it]:EXPR:' \
	'*--optional[the element may be missing]' \
	'*--greedy[the loop takes what it can before the next element gets any]' \
	'*--consecutive[repeats follow each other directly]' \
	'*--allow-combinations[repeats may leave out events that fit\: one match for each choice]' \
	'*--within=[the match, from first to last event, is shorter than this]:DURATION:' \
	'*--within-each=[the element comes sooner than this after the one before it]:DURATION:' \
	'*--after-match=[where the search goes on after a match (default no-skip)]:after-match:(no-skip skip-to-next skip-past-last-event skip-to-first= skip-to-last=)' \
	'--match-recognize=[the pattern as the MATCH_RECOGNIZE (...) of Flink SQL in a file, in place of the options above]:FILE:_files' \
	'*-k+[matches are looked for among the events of one key; repeatable]:EXPR \[AS NAME\]:' \
	'*--key=[matches are looked for among the events of one key; repeatable]:EXPR \[AS NAME\]:' \
	'--time=[event time (default timestamp)]:EXPR:' \
	'--time-format=[how times are written (default auto)]:time-format:(auto rfc3339 s ms us ns)' \
	'*--watermark=[how far out of order records may come (default 0s); a stream with watermarks of its own goes by those]:watermark:(none)' \
	'--processing-time[records have the time at which they are read, in place of --time and --watermark]' \
	'--order-by=[the order of events with equal time (default\: of arrival)]:EXPR:' \
	'--name=[what a match is called\: the first member, anomalyType, of each]:TYPE:' \
	'--emit=[matches with their lines, with the number of lines, or only how many there are (default match)]:emit:(match summary count)' \
	'--select=[values of a match in place of its lines, such as COUNT(p) or LAST(p.x)]:EXPR \[AS NAME\], ...:' \
	'--time-style=[how times are printed (default rfc3339)]:time-style:(rfc3339 ms)' \
	'--timeouts=[append partial matches that ran out of time]:FILE:_files' \
	'--late=[append records that came too late]:FILE:_files' \
	'*--explain=-[print the compiled pattern, as a table or as a graph for dot(1), and read nothing]::dot:' \
	'--trace=[tell on stderr why each match of this key begins, goes on, dies; a key of several --key, or of none, is a JSON array]:KEY:' \
	'--max-partial=[how many partial matches there may be at a time (default 10000000)]:N:' \
	'--max-matches=[stop with an error before more than N matches are printed (default\: no limit)]:N:' \
	'--on-limit=[at --max-partial, stop or drop the key'\''s oldest partial matches (default stop)]:on-limit:(stop oldest)' \
	'*--on-error=[what to do with a line that is no record (default stop)]:on-error:(stop skip dead-letter=)' \
	'--ok-errors=[with skip or dead-letter\: end with 0 if no more than N were bad (default 0)]:N:' \
	'--max-line=[longest line that is accepted (default 16MiB)]:SIZE:' \
	'--help=-[show this; or the same as the list of a man page, or as a completion]::help:(text man bash zsh fish)' \
	'--version[print the version]' \
	'*:FILE:_files'
