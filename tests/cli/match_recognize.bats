#!/usr/bin/env bats
# maip-cep --match-recognize: what a clause may say, and the place and the words of every mistake.
# That the rows are Flink SQL's is checked by golden/match-recognize.ndjson.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

setup() {
	cd "$BATS_TEST_TMPDIR"
	printf '{"t":%d,"k":"x","e":"%s","v":%s,"p":{"n":%d0}}\n' 1 a 1 1 2 a 2 2 3 b 5 5 4 c 7 7 >log
}

rows() { # CLAUSE
	printf '%s\n' "MATCH_RECOGNIZE ($1)" >clause
	run -0 --separate-stderr maip-cep --match-recognize clause log
}

# One mistake a line: LINE:COLUMN, the clause (a backslash is a new line), and what is said, with
# two colons between.
check() {
	local place clause words count=0
	while IFS= read -r mistake; do
		place=${mistake%% :: *} words=${mistake##* :: }
		clause=${mistake#* :: } clause=${clause% :: *}
		printf '%b\n' "${clause//\\/\\n}" >clause
		run -64 --separate-stderr maip-cep --match-recognize clause </dev/null
		assert_output ''
		assert_equal "$stderr" "maip-cep: --match-recognize: line ${place%:*}, column ${place#*:}: $words"
		count=$((count + 1))
	done
	[ "$count" -gt 0 ]
}

@test "SUBSET names the rows of several variables, in measures and conditions" {
	rows "ORDER BY t MEASURES FIRST(U.v) AS f, U.v AS l, LAST(U.v, 1) AS l1, SUM(U.v) AS s, COUNT(V.v) AS n, SUM(V.v) AS w
		AFTER MATCH SKIP PAST LAST ROW PATTERN (A+ B C) SUBSET U = (A, B), V = (A, C)
		DEFINE A AS e = 'a', B AS e = 'b', C AS C.v > LAST(U.v) AND SUM(V.v) = 10"
	assert_output '{"f":1,"l":5,"l1":2,"s":8,"n":3,"w":10}'
	assert_equal "$stderr" "maip-cep: SUBSET: is done here as SQL says; Flink takes it, and gives NULL in MEASURES (there name the variables one by one)"
}

@test "parentheses without a quantifier, or around one variable, change nothing" {
	for pattern in '(A+ B) C' 'A+ (B C)' '((A+) (B)) C' '(A)+ B C' '(A+ B C)'; do
		rows "ORDER BY t MEASURES A.v AS a, C.v AS c AFTER MATCH SKIP PAST LAST ROW PATTERN ($pattern)
			DEFINE A AS e = 'a', B AS e = 'b', C AS e = 'c'"
		assert_output '{"a":2,"c":7}'
	done
}

@test "behind the time ORDER BY may name several columns, downwards too" {
	printf '{"t":1,"e":"%s","v":%s}\n' a 1 b 1 a null b 2 >log
	rows "ORDER BY t, v DESC, e MEASURES FIRST(A.v) AS a, A.v AS b, B.v AS c, B.e AS e PATTERN (A{3} B) DEFINE A AS TRUE"
	assert_output '{"a":2,"b":1,"c":null,"e":"a"}'
	rows "ORDER BY t ASC, v, e DESC MEASURES A.v AS a, B.v AS b, C.e AS c PATTERN (A B C) DEFINE A AS A.v IS NULL"
	assert_output '{"a":null,"b":1,"c":"a"}'
}

@test "rows without a value to partition by belong together, as in SQL" {
	printf '{"t":%d,"k":%s,"v":%d}\n' 1 null 1 2 '"x"' 2 3 null 3 >log
	echo '{"t":4,"v":4}' >>log
	rows "PARTITION BY k ORDER BY t MEASURES A.v AS a, C.v AS c PATTERN (A B C) DEFINE A AS TRUE"
	assert_output '{"k":null,"a":1,"c":4}'
}

@test "names may stand in backquotes, comments and space anywhere, and a name behind the clause" {
	rows "/* what */ ORDER /* by */ BY \`t\` MEASURES \`A\` . v AS \`a\`\`b\`, A.p.n AS n, \`p\`.n AS p -- it's the last
		, FIRST(\`B b\`.v) AS b AFTER MATCH SKIP PAST LAST ROW PATTERN (A+ \`B b\`)
		DEFINE A AS e = 'a' /* it's an a */ AND A.p.n < 30, \`B b\` AS \`B b\`.e -- or a c )
			= 'b') AS T; -- "
	assert_output '{"a`b":2,"n":20,"p":50,"b":5}'
}

@test "MATCH_ROWTIME is the time of the row in conditions, too" {
	rows "ORDER BY t MEASURES MATCH_ROWTIME() AS r, MATCH_ROWTIME(t) + INTERVAL '1' SECOND AS s AFTER MATCH SKIP PAST LAST ROW
		PATTERN (A B) DEFINE A AS MATCH_ROWTIME() >= TIMESTAMP '1970-01-01 00:00:02',
			B AS COUNT(*) = 2 AND MATCH_ROWTIME(t) < TIMESTAMP '1970-01-01 00:00:04'"
	assert_output '{"r":"1970-01-01T00:00:03.000Z","s":"1970-01-01T00:00:04.000Z"}'
}

@test "the intervals of SQL are windows" {
	within() { # INTERVAL ROWS
		rows "ORDER BY t MEASURES A.v AS a, C.v AS c AFTER MATCH SKIP PAST LAST ROW PATTERN (A B C) WITHIN INTERVAL $1 DEFINE A AS e = 'a'"
		[ "${#lines[@]}" -eq "$2" ] || fail "$1: $output"
	}
	for interval in "'2' SECOND" "'2.0009' SECOND(2, 4)" "'0:02' MINUTE TO SECOND" "'0 00:00:02' DAY TO SECOND"; do
		within "$interval" 0
	done
	for interval in "'2.001' SECOND" "'+3' SECONDS" "' 3 ' SECOND" "-'-3' SECOND" "'100' SECOND(3)" "'1:30' HOUR TO MINUTE" "'1 12' DAY TO HOUR" "'1' WEEK"; do
		within "$interval" 1
	done
}

@test "mistakes in the clauses and their order are told where they are, in the words of SQL" {
	check <<-'END'
		1:1 :: SELECT * FROM log MATCH_RECOGNIZE (ORDER BY t) :: the clause alone is wanted, from MATCH_RECOGNIZE to its closing ')' (a row has all of its columns)
		2:14 :: MATCH_RECOGNIZE (\PARTITION BY UPPER(k) ORDER BY t :: an expression cannot stand here, in Flink neither (name a column)
		3:4 :: MATCH_RECOGNIZE (PARTITION BY\-- by what?\   ORDER BY t :: expected a column to partition by, found 'ORDER'
		2:17 :: MATCH_RECOGNIZE (\PARTITION BY k, k ORDER BY t :: the column 'k' is there already
		2:1 :: MATCH_RECOGNIZE (PARTITION BY k\MEASURES A.v AS x :: expected ORDER BY and the time of the rows
		2:10 :: MATCH_RECOGNIZE (\ORDER BY t + v :: an expression cannot stand here, in Flink neither (name a column)
		2:13 :: MATCH_RECOGNIZE (\ORDER BY t, MEASURES A.v AS x :: expected a column to order by, found 'MEASURES'
		2:10 :: MATCH_RECOGNIZE (\ORDER BY t DESC :: rows can be ordered upwards only (drop DESC)
		2:15 :: MATCH_RECOGNIZE (\ORDER BY t, v NULLS LAST :: NULLS FIRST and NULLS LAST are not supported, nor are they in Flink (NULL comes first, and last with DESC)
		3:1 :: MATCH_RECOGNIZE (ORDER BY t\\PARTITION BY k :: expected PATTERN, found 'PARTITION' (the order is PARTITION BY, ORDER BY, MEASURES, ONE ROW PER MATCH, AFTER MATCH, PATTERN, WITHIN, SUBSET, DEFINE)
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\MEASURES A.v AS y DEFINE A AS v > 1) :: expected DEFINE, found 'MEASURES' (the order is PARTITION BY, ORDER BY, MEASURES, ONE ROW PER MATCH, AFTER MATCH, PATTERN, WITHIN, SUBSET, DEFINE)
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\ALL ROWS PER MATCH PATTERN (A B) DEFINE A AS v > 1) :: ALL ROWS PER MATCH is not supported, as in Flink (use ONE ROW PER MATCH)
		2:18 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\AFTER MATCH SKIP NEXT ROW :: expected PAST LAST ROW or TO, found 'NEXT'
		2:27 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\AFTER MATCH SKIP TO FIRST C PATTERN (A B) DEFINE A AS v > 1) :: the variable to skip to does not stand in PATTERN
		2:27 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\AFTER MATCH SKIP TO FIRST PATTERN (A B) DEFINE A AS v > 1) :: expected NEXT ROW, FIRST, LAST or a variable, found 'PATTERN'
		2:26 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\AFTER MATCH SKIP TO LAST U PATTERN (A B) SUBSET U = (A, B) DEFINE A AS v > 1) :: one cannot skip to a subset, in Flink neither (skip to one of its variables)
		2:1 :: MATCH_RECOGNIZE (ORDER BY t\PATTERN (A) DEFINE A AS TRUE) :: expected MEASURES: without any a row has no columns of the match, and Flink refuses it (MEASURES LAST(A.x) AS x)
		2:14 :: MATCH_RECOGNIZE (\PARTITION BY A.k ORDER BY t MEASURES A.v AS x PATTERN (A B) DEFINE A AS v > 1) :: a column of the rows is wanted, and A is a variable of PATTERN (leave A. out; a member of the record that has that name stands in backquotes, `A`.x)
		2:10 :: MATCH_RECOGNIZE (\ORDER BY A.t MEASURES A.v AS x PATTERN (A B) DEFINE A AS v > 1) :: a column of the rows is wanted, and A is a variable of PATTERN (leave A. out; a member of the record that has that name stands in backquotes, `A`.x)
		2:13 :: MATCH_RECOGNIZE (\ORDER BY t, U.v MEASURES A.v AS x PATTERN (A B) SUBSET U = (A, B) DEFINE A AS v > 1) :: a column of the rows is wanted, and U is a variable of PATTERN (leave U. out; a member of the record that has that name stands in backquotes, `U`.x)
		2:1 :: MATCH_RECOGNIZE (ORDER BY t\MEASURE A.v AS x PATTERN (A B) DEFINE A AS v > 1) :: expected PATTERN, found 'MEASURE' (did you mean MEASURES?)
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERNS (A B) DEFINE A AS v > 1) :: expected PATTERN, found 'PATTERNS' (did you mean PATTERN?)
		2:13 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\  ,B.v AS y B.t AS z PATTERN (A B) DEFINE A AS v > 1) :: expected ',' and the next measure, or PATTERN, found 'B'
		2:21 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\AFTER MATCH SKIP TO NEXT PATTERN (A B) DEFINE A AS v > 1) :: expected NEXT ROW: ROW is missing
		2:26 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\AFTER MATCH SKIP TO LAST ROW PATTERN (A B) DEFINE A AS v > 1) :: expected a variable of PATTERN, found 'ROW' (or write PAST LAST ROW, or TO NEXT ROW)
		2:13 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\DEFINE A AS (A.e = 'a', B AS B.e = 'b') :: this '(' is not closed
		2:14 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS x, SUM(B.v AS y PATTERN (A B) DEFINE A AS v > 1) :: this '(' is not closed
		2:13 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\DEFINE A AS (A.e = 'a' :: this '(' is not closed
		3:2 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A) DEFINE A AS TRUE\)\ ) :: expected the end, found ')'
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B) DEFINE A AS :: expected a condition, found the end
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\/* PATTERN (A B) :: this comment has no closing */
		1:40 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.`v AS x PATTERN (A B) :: this name has no closing `
	END
}

@test "a strategy that cannot skip, and what the trace says of one, are told in the words of SQL" {
	clause() { # SKIP PATTERN
		echo "MATCH_RECOGNIZE (ORDER BY t MEASURES B.v AS b AFTER MATCH SKIP $1 PATTERN ($2) DEFINE A AS e = 'a', B AS e = 'b')" >clause
	}
	clause 'TO FIRST A' 'A+ B'
	run -65 --separate-stderr maip-cep --match-recognize clause log
	assert_equal "$stderr" "maip-cep: AFTER MATCH SKIP TO 'A': it is the first row of a match, which would be found again and again (skip PAST LAST ROW or TO NEXT ROW)"
	clause 'TO LAST C' 'A C*? B'
	run -65 --separate-stderr maip-cep --match-recognize clause log
	assert_equal "$stderr" "maip-cep: AFTER MATCH SKIP TO 'C': a match has no row of it (make the variable required, or skip PAST LAST ROW or TO NEXT ROW)"
	clause 'PAST LAST ROW' 'A+ B'
	run -0 --separate-stderr maip-cep --match-recognize clause --trace '[]' log
	assert [ "${stderr#*dies: ruled out by AFTER MATCH, in }" != "$stderr" ]
	run -64 --separate-stderr maip-cep --match-recognize clause --trace x </dev/null
	assert_equal "$stderr" "maip-cep: --trace: 'x' is no key here (all records have the key [], where there is no --key, nor a PARTITION BY)"
	clause 'PAST LAST ROW' 'A{9999} C{9999} D{9999} E{9999} F{9999} G{9999} H{9999} I{9999} J{9999} K{9999} B{9999}'
	run -64 --separate-stderr maip-cep --match-recognize clause </dev/null
	assert_equal "$stderr" "maip-cep: --match-recognize: line 1, column 78: the pattern needs more than 100000 states (use smaller counts)"
}

@test "a clause is text" {
	printf 'MATCH_RECOGNIZE (\nORDER BY t\0' >clause
	run -64 --separate-stderr maip-cep --match-recognize clause </dev/null
	assert_equal "$stderr" "maip-cep: --match-recognize: line 2, column 11: this byte is not of a text in UTF-8"
	printf 'MATCH_RECOGNIZE (ORDER BY \303\244\377' >clause
	run -64 --separate-stderr maip-cep --match-recognize clause </dev/null
	assert_equal "$stderr" "maip-cep: --match-recognize: line 1, column 28: this byte is not of a text in UTF-8"
	printf 'MATCH_RECOGNIZE (\nPARTITION BY NULL ORDER BY t' >clause
	run -64 --separate-stderr maip-cep --match-recognize clause </dev/null
	assert_equal "$stderr" "maip-cep: --match-recognize: line 2, column 14: expected a column to partition by, found 'NULL'"
}

@test "mistakes in names are told where they are, in the words of SQL" {
	check <<-'END'
		2:13 :: MATCH_RECOGNIZE (ORDER BY t\MEASURES A.v, B.v AS b PATTERN (A B) DEFINE A AS v > 1) :: expected AS and the name of the measure, found ','
		2:18 :: MATCH_RECOGNIZE (ORDER BY t\MEASURES A.v + 1 PATTERN (A B) DEFINE A AS v > 1) :: expected AS and the name of the measure, found 'PATTERN'
		2:21 :: MATCH_RECOGNIZE (ORDER BY t\MEASURES FIRST(A.v) a, B.v AS b PATTERN (A B) DEFINE A AS v > 1) :: expected AS before 'a'
		2:17 :: MATCH_RECOGNIZE (ORDER BY t\MEASURES A.v AS 'a' PATTERN (A B) DEFINE A AS v > 1) :: expected the name of the measure, found ''a''
		2:10 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x,\  B.v AS x PATTERN (A B) DEFINE A AS v > 1) :: there is a measure 'x' already (choose another name)
		2:10 :: MATCH_RECOGNIZE (PARTITION BY p.k ORDER BY t MEASURES A.v AS x,\  B.v AS k PATTERN (A B) DEFINE A AS v > 1) :: 'k' is the name of a column of PARTITION BY, which stands in every row (choose another name)
		2:3 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x,\  C.price AS p PATTERN (A B) DEFINE A AS v > 1) :: there is no variable 'C' in PATTERN (a member of the record is written behind a variable, A.C.x, or with its first name in backquotes, `C`.x)
		3:12 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\DEFINE A AS v > 1,\  B AS SUM(C.v) > 2) :: there is no variable 'C' in PATTERN (a member of the record is written behind a variable, A.C.x, or with its first name in backquotes, `C`.x)
		2:23 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\DEFINE A AS v > 1 AND payload.v > 2) :: there is no variable 'payload' in PATTERN (a member of the record is written behind a variable, A.payload.x, or with its first name in backquotes, `payload`.x)
		2:7 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\COUNT(A) AS n PATTERN (A B) DEFINE A AS v > 1) :: 'A' is a variable, and no column (write A.x for column x of its rows, COUNT(A.x) to count those that have it: COUNT(*) is about the rows of all variables; a column of that name stands in backquotes)
		2:8 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\DEFINE C AS v > 1) :: the variable does not stand in PATTERN
		2:20 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\DEFINE A AS v > 1, A AS v < 5) :: the variable is defined already (join the conditions with AND)
		3:3 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\DEFINE A AS v > 1\  B AS v < 5) :: expected ',' before the next variable
		2:16 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\SUBSET U = (A, C) DEFINE A AS v > 1) :: the variable does not stand in PATTERN
		2:8 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\SUBSET A = (A, B) DEFINE A AS v > 1) :: there is a variable of that name already (choose another)
		2:10 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\SUBSET U (A, B) DEFINE A AS v > 1) :: expected '=' and variables in parentheses, found '('
	END
}

@test "mistakes in PATTERN and WITHIN are told where they are, in the words of SQL" {
	check <<-'END'
		2:13 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A B+) DEFINE A AS v > 1) :: the last variable cannot be greedy, in Flink neither (write B+?, or put another variable behind it)
		2:13 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A B{0,3}) DEFINE A AS v > 1) :: the last variable cannot be greedy, in Flink neither (write B{0,3}?, or put another variable behind it)
		2:14 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A+ B? C) DEFINE A AS v > 1) :: B may be missing, and stands right behind A, which takes all it can get: Flink refuses that, too (make A reluctant by a ? behind its quantifier, or B required)
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A{2,1} B) DEFINE A AS v > 1) :: from 2 to 1 is upside down (write {1,2})
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A{0} B) DEFINE A AS v > 1) :: A would never come (leave it out of PATTERN)
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A{,3} B) DEFINE A AS v > 1) :: the lower bound is missing, which Flink refuses, too (write {0,m})
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A?? B) DEFINE A AS v > 1) :: a reluctant optional variable is not supported, nor is it in Flink (write A?, which takes a row if it can)
		2:12 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A{20000} B) DEFINE A AS v > 1) :: a variable can come 10000 times at most
		2:12 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A{-1} B) DEFINE A AS v > 1) :: expected a number, found '-'
		2:14 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A B A) DEFINE A AS v > 1) :: a variable may stand in PATTERN once only, in Flink, too (give this one a name of its own)
		2:12 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A | B) DEFINE A AS v > 1) :: alternatives are not supported, nor are they in Flink (run a pattern for each, or one variable whose condition has an OR)
		2:10 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN ((A B)+ C) DEFINE A AS v > 1) :: a group of variables cannot be repeated, nor can it in Flink (write it out, or use options: --begin '(' ... ')' --times 2)
		2:14 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN ((A+)+ B) DEFINE A AS v > 1) :: there is a quantifier inside of the parentheses already (join the two)
		2:10 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN ({- A -} B) DEFINE A AS v > 1) :: exclusion {- -} is not supported, nor is it in Flink (leave the variable out of MEASURES, where its rows are not wanted)
		2:10 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (PERMUTE(A, B)) DEFINE A AS v > 1) :: PERMUTE is not supported, nor is it in Flink (run a pattern for each order)
		2:10 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (^ A B) DEFINE A AS v > 1) :: the anchors ^ and $ are not supported, and Flink passes over them (leave it out)
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A? B*) DEFINE A AS v > 1) :: the pattern could match nothing at all (make one variable required)
		2:10 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN () DEFINE A AS v > 1) :: expected a pattern variable, found ')'
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A, B) DEFINE A AS v > 1) :: variables stand side by side, with a blank between them (drop the comma)
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B\DEFINE A AS v > 1) :: expected ')', which ends PATTERN, found 'DEFINE'
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN ((A B)\WITHIN INTERVAL '1' HOUR DEFINE A AS v > 1) :: expected ')', which ends PATTERN, found 'WITHIN'
		2:1 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A+ B\SUBSET U = (A, B) DEFINE A AS v > 1) :: expected ')', which ends PATTERN, found 'SUBSET'
		2:12 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x\PATTERN (A `x:y`) DEFINE A AS v > 1) :: `x:y` cannot be the name of a variable
		2:17 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\WITHIN INTERVAL '0' SECOND DEFINE A AS v > 1) :: a window must be longer than 0 (leave WITHIN out for no limit)
		2:21 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\WITHIN INTERVAL '1' MONTH DEFINE A AS v > 1) :: a window is a fixed length of time, in Flink, too (write it in days: INTERVAL '30' DAY)
		2:17 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\WITHIN INTERVAL '100' MINUTE DEFINE A AS v > 1) :: the number has more than 2 digits, which Flink refuses, too (write MINUTE(3), or take a greater unit)
		2:17 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\WITHIN INTERVAL '1:90' MINUTE TO SECOND DEFINE A AS v > 1) :: this is no interval of MINUTE TO SECOND (write '1:30')
		2:17 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\WITHIN INTERVAL '1.5' MINUTE DEFINE A AS v > 1) :: this is no interval of MINUTE (write '10')
		2:17 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\WITHIN INTERVAL 10 SECOND DEFINE A AS v > 1) :: expected a length such as '10' MINUTE, found '10'
		2:31 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS x PATTERN (A B)\WITHIN INTERVAL '1' SECOND TO MINUTE DEFINE A AS v > 1) :: expected a smaller unit than SECOND
	END
}

@test "mistakes in expressions are told where they are, in the words of SQL" {
	check <<-'END'
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, PREV(A.v) AS x PATTERN (A B) DEFINE A AS v > 1) :: there is no PREV here (LAST(A.x, 1) is the row of A before its last one; for the row before A put a variable in front of it in PATTERN)
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, NEXT(A.v) AS x PATTERN (A B) DEFINE A AS v > 1) :: there is no NEXT here (put a variable behind this one in PATTERN, and ask there)
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, CLASSIFIER() AS x PATTERN (A B) DEFINE A AS v > 1) :: there is no CLASSIFIER here (COUNT(A.x) tells how many rows variable A has taken)
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, MATCH_NUMBER() AS x PATTERN (A B) DEFINE A AS v > 1) :: there is no MATCH_NUMBER here (number the lines of the output)
		2:11 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, RUNNING LAST(A.v) AS x PATTERN (A B) DEFINE A AS v > 1) :: RUNNING is not supported, nor is it in Flink (leave it out: measures look at the whole match; a column of that name stands in backquotes)
		2:17 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, COUNT(DISTINCT A.v) AS x PATTERN (A B) DEFINE A AS v > 1) :: DISTINCT is not supported here, nor is it in Flink (leave it out, or print the rows and count them with maip-window)
		2:21 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, SUM(A.v + B.v) AS x PATTERN (A B) DEFINE A AS v > 1) :: this column is not of the same variable as the one before it (a function looks at the rows of one variable, or at all rows)
		2:15 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, SUM(1) AS x PATTERN (A B) DEFINE A AS v > 1) :: expected a column, SUM(A.x) or SUM(x) (rows are counted by COUNT(*))
		2:21 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, LAST(A.v, B.v) AS x PATTERN (A B) DEFINE A AS v > 1) :: expected a whole number up to 4294967295, found 'B'
		2:25 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, MATCH_ROWTIME(v) AS x PATTERN (A B) DEFINE A AS v > 1) :: MATCH_ROWTIME takes the column of ORDER BY, t, or nothing
		2:16 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, LAST(SUM(A.v)) AS x PATTERN (A B) DEFINE A AS v > 1) :: an aggregate cannot stand inside of another one
		2:13 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, A.* AS x PATTERN (A B) DEFINE A AS v > 1) :: expected the name of a member after '.', found '*'
		2:23 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, 'größer' || FOO(A.v) AS x PATTERN (A B) DEFINE A AS v > 1) :: there is no function 'FOO'; see maip-expr(7)
		2:16 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, B.v + AS x PATTERN (A B) DEFINE A AS v > 1) :: expected an expression after '+', found end of text
		2:34 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS a PATTERN (A B)\DEFINE A AS v > 1, /* B: */ B AS FINAL LAST(B.v) > 1) :: FINAL cannot stand in DEFINE: the match is not yet complete there (leave it out; a column of that name stands in backquotes)
		2:17 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, Final - 1 AS x PATTERN (A B) DEFINE A AS v > 1) :: behind FINAL this is a sign to Flink, and not a sum (a column of that name stands in backquotes, `Final`)
		2:19 :: MATCH_RECOGNIZE (ORDER BY t MEASURES\A.v AS a, running + 1 AS x PATTERN (A B) DEFINE A AS v > 1) :: behind RUNNING this is a sign to Flink, and not a sum (a column of that name stands in backquotes, `running`)
		2:34 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS a PATTERN (A B)\DEFINE A AS v > 1, /* B: */ B AS B.v + 1) :: this is a number, not a condition
		2:40 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS a PATTERN (A B)\DEFINE A AS v > 1, /* B: */ B AS B.v > AND B.v < 7) :: expected an expression after '>', found 'AND'
		2:34 :: MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS a PATTERN (A B)\DEFINE A AS v > 1, /* B: */ B AS PREV(B.v) > 1) :: there is no PREV here (LAST(A.x, 1) is the row of A before its last one; for the row before A put a variable in front of it in PATTERN)
	END
}

@test "IN may stand in MEASURES, though Flink fails on it there" {
	rows "ORDER BY t MEASURES A.v IN (1, 2) AS i, COUNT(A.v) NOT IN (1, 3) AS n, C.v AS c AFTER MATCH SKIP PAST LAST ROW
		PATTERN (A+ B C) DEFINE A AS e = 'a', B AS e = 'b', C AS e = 'c'"
	assert_output '{"i":true,"n":true,"c":7}'
}

@test "columns called final and running are told from the words before an operand" {
	printf '{"t":%d,"final":%d,"running":%d}\n' 1 1 5 2 2 6 3 3 7 >log
	for where in 'final > 1' 'final IS NOT NULL AND final > 1' '(final) = 2 OR final IN (3)' 'final BETWEEN 2 AND 3' 'final NOT IN (1)' \
		'CASE WHEN final > 1 THEN 0 < final ELSE FALSE END' 'COALESCE(final, 1) > 1' 'final * 2 > 2' 'LAST(final) > 1' \
		"SUBSTRING('abc' FROM final FOR running) <> 'abc'" "'x' LIKE final ESCAPE '!' OR final > 1" \
		'FLOOR(final TO DAY) IS NULL AND final > 1' 'running IS NOT NULL AND running >= 6' \
		'running NOT BETWEEN 1 AND 5'; do
		rows "ORDER BY t MEASURES final AS f, A.running AS r AFTER MATCH SKIP PAST LAST ROW PATTERN (A) DEFINE A AS $where"
		assert_output $'{"f":2,"r":6}\n{"f":3,"r":7}'
	done
	rows "ORDER BY t MEASURES FINAL (A.t) + 1 AS a, FINAL FINAL LAST(A.t) AS b, FINAL final AS c,
		FINAL CASE WHEN TRUE THEN 4 END AS d, FINAL 5 AS e, FINAL 'f' AS f,
		FINAL \`final\` - 1 AS g PATTERN (A) DEFINE A AS final > 2"
	assert_output '{"a":4,"b":3,"c":3,"d":4,"e":5,"f":"f","g":2}'
}

@test "a column called like a variable, or like a clause, is told from it" {
	echo '{"t":1,"A":{"k":7},"MEASURES":3,"e":"a"}' >log
	rows "PARTITION BY \`A\`.k ORDER BY t MEASURES SUM(MEASURES) AS m AFTER MATCH SKIP PAST LAST ROW PATTERN (A) DEFINE A AS (CAST(t AS STRING) = '1')"
	assert_output '{"k":7,"m":3}'
	assert_equal "$stderr" ''
	rows "PARTITION BY nothing, e ORDER BY t MEASURES A.t AS t PATTERN (A) DEFINE A AS TRUE"
	assert_equal "$stderr" "maip-cep: PARTITION BY: no record has 'nothing', so that all of them are one partition (is that the name?)"
	: >log
	rows "PARTITION BY nothing ORDER BY t MEASURES A.t AS t PATTERN (A) DEFINE A AS TRUE"
	assert_equal "$stderr" ''
}

@test "the clause comes from a file, standard input or another command, with a byte order mark or without" {
	clause="MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS a PATTERN (A) DEFINE A AS e = 'b')"
	want='{"a":5}'
	run -0 maip-cep --match-recognize - log <<<"$clause"
	assert_output "$want"
	run -0 maip-cep --match-recognize <(echo "$clause") log
	assert_output "$want"
	printf '\357\273\277%s' "$clause" >marked
	run -0 maip-cep --match-recognize marked log
	assert_output "$want"
	refused() { # STATUS MESSAGE WORD...
		local status=$1 message=$2
		shift 2
		run -"$status" --separate-stderr maip-cep --match-recognize "$@" </dev/null
		assert_equal "$stderr" "maip-cep: --match-recognize: $message"
	}
	printf '\357\273\277MATCH' >marked
	refused 64 "line 1, column 1: expected MATCH_RECOGNIZE, found 'MATCH'" marked
	refused 64 "wants a file with the clause, not the clause (- is standard input: --match-recognize - FILE <<'END')" "$clause"
	refused 64 '- takes the clause from standard input, so that the records must stand in a FILE' -
	refused 64 '- takes the clause from standard input, so that the records must stand in a FILE' - log -
	refused 66 "cannot read '.': Is a directory" .
	yes -- "-- $clause" | head -c 65537 >long
	refused 64 "'long' is longer than 64 KiB" long
	{ printf 'MATCH_RECOGNIZE (ORDER BY t MEASURES A.v AS m0'; printf ', A.v AS m%d' {1..64}; } >many
	refused 64 'line 1, column 796: more than 64 measures' many
}
