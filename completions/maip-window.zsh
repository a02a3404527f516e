#compdef maip-window
# zsh completion; generated, see make docs
_arguments -s \
	'*--tumbling=[windows of LENGTH, one after the other]:LENGTH:' \
	'*--sliding=[windows of LENGTH, one every SLIDE]:LENGTH,SLIDE:' \
	'*--cumulate=[windows that grow by STEP up to LENGTH, then start anew]:LENGTH,STEP:' \
	'*--session=[windows that last until a key is silent for GAP]:GAP:' \
	'*--session-expr=[the same, with a gap that each record gives]:EXPR:' \
	'*--count=[the last N records of a key, every SLIDE (default N) records]:N\[,SLIDE\]:' \
	'*--global[one window, which the end of the input fires]' \
	'*--offset=[move the windows away from 1970-01-01T00\:00Z, either way]:DURATION:' \
	'--tz=[with --tumbling of whole days, weeks or months (1d, 1w, 1mo)\: those of this time zone]:ZONE:' \
	'*-k+[group records by this value; may be given several times]:EXPR \[AS NAME\]:' \
	'*--key=[group records by this value; may be given several times]:EXPR \[AS NAME\]:' \
	'*-a+[a column of the result (default '\''COUNT(*) AS count'\''); may be given several times]:F(...) \[AS NAME\]:' \
	'*--agg=[a column of the result (default '\''COUNT(*) AS count'\''); may be given several times]:F(...) \[AS NAME\]:' \
	'--where=[count only the records for which this is true]:CONDITION:' \
	'--having=[print only the rows for which this is true]:CONDITION:' \
	'--top=[print only the K rows of a window with the greatest EXPR, greatest first]:K BY EXPR:' \
	'--time-style=[how times are printed (default rfc3339)]:time-style:(rfc3339 ms)' \
	'--emit-every=[print what open windows hold each time the watermark passes a multiple of this, marked early]:DURATION:' \
	'--emit-empty=[print a row for a key in each of the N windows after its last one, too]:N:' \
	'--emit-every-records=[with --global\: print what a key'\''s window holds every N records, marked early]:N:' \
	'--time=[time of a record (default timestamp)]:EXPR:' \
	'--time-format=[what the time is written in (default auto)]:time-format:(auto rfc3339 s ms us ns)' \
	'*--watermark=[how far records may arrive out of order (default 0); none\: windows fire at the end]:watermark:(none)' \
	'--watermark-by=[records of each EXPR are in order apart; the slowest counts]:EXPR:' \
	'--allowed-lateness=[keep windows this long after they fired, to fire again for late records]:DURATION:' \
	'--late=[append the records to FILE that came too late]:FILE:_files' \
	'--idle-advance=[after so long without input let time go on with the clock]:DURATION:' \
	'--processing-time[the time of a record is the time of its arrival here]' \
	'*--on-error=[what to do with a line that is no record (default stop)]:on-error:(stop skip dead-letter=)' \
	'--ok-errors=[with skip or dead-letter\: end with 0 if no more than N were bad (default 0)]:N:' \
	'--max-line=[longest line that is accepted (default 16MiB)]:SIZE:' \
	'--state-memory=[stop with status 75 rather than hold more than this]:SIZE:' \
	'-v[say at the end on stderr what was counted]' \
	'--verbose[say at the end on stderr what was counted]' \
	'--help=-[show this; or the same as the list of a man page, or as a completion]::help:(text man bash zsh fish)' \
	'--version[print the version]' \
	'*:FILE:_files'
