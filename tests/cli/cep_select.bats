#!/usr/bin/env bats
# maip-cep: columns in place of lines, and MATCH_RECOGNIZE.
bats_require_minimum_version 1.5.0
load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

setup() {
	cd "$BATS_TEST_TMPDIR"
	printf '{"t":%d,"k":"x","e":"%s","v":%s}\n' 1 a 1.10 2 a 2.20 3 b 5 >log
}

clause() {
	printf 'MATCH_RECOGNIZE (\n%s\n)\n' "$1" >clause
}

refused() { # MESSAGE CLAUSE [OPTION...]
	clause "$2"
	run -64 --separate-stderr maip-cep --match-recognize clause "${@:3}" </dev/null
	assert_output ''
	assert_equal "$stderr" "maip-cep: --match-recognize: $1"
}

@test "--select prints values of the elements and of the last event" {
	run -0 maip-cep --time t --key k --time-style ms --begin a --where "e = 'a'" --times 2 \
		--next b --where "e = 'b'" \
		--select 'COUNT(a) AS n, SUM(a.v) AS total, FIRST(a.v) AS first, v, LAST(a.v, 5) AS none' log
	assert_output '{"k":"x","match_start":1000,"match_end":3000,"n":2,"total":3.30,"first":1.10,"v":5,"none":null}'
}

@test "an element may have an odd name, which stands in backquotes in expressions" {
	run -0 maip-cep --time t --begin 'a b' --where "e = 'a'" --next é- --where 'COUNT(`a b`) = 1' \
		--select 'COUNT(`a b`) AS n, LAST(`é-`.e) AS last' --time-style ms log
	assert_line --index 0 --partial '"n":1,"last":"a"'
}

@test "a member that looks like one of an element is read, and that is said" {
	said="maip-cep: a.v is a member of the event; LAST(a.v) is of the element 'a'"
	for option in --where --or; do
		run -0 --separate-stderr maip-cep --time t --begin a --next b $option 'v > a.v AND a.e = 1' log
		assert_equal "$stderr" "$said"
	done
	run -0 --separate-stderr maip-cep --time t --begin a --one-or-more --until 'v > a.v' log
	assert_equal "$stderr" "$said"
	run -0 --separate-stderr maip-cep --time t --begin a --select '`a`.v AS w, a.v , LAST(a.v) AS x' log
	assert_equal "$stderr" "$said"
	run -0 --separate-stderr maip-cep --time t --begin e --where "e = 'a' AND \`e\`.x IS NULL AND LAST(e.v) IS NULL" log
	assert_equal "$stderr" ''
}

@test "--select of a name that is none is refused" {
	run -64 --separate-stderr maip-cep --begin a --select 'COUNT(b)' </dev/null
	assert [ "${stderr#maip-cep: --select: column }" != "$stderr" ]
}

@test "a MATCH_RECOGNIZE clause gives partition columns and measures" {
	clause 'PARTITION BY k ORDER BY t MEASURES FIRST(A.v) AS f, B.v AS last, SUM(v) AS total, COUNT(*) AS n,
		MATCH_ROWTIME() AS at AFTER MATCH SKIP PAST LAST ROW
		PATTERN (A+ B) -- a comment
		DEFINE A AS e = '"'a'"' AND v > 1, B AS B.e = '"'b'"
	run -0 --separate-stderr maip-cep --match-recognize clause log
	assert_output '{"k":"x","f":1.10,"last":5,"total":8.30,"n":3,"at":"1970-01-01T00:00:03.000Z"}'
}

@test "a mistake in the clause is told by line and column" {
	refused "line 2, column 1: expected ORDER BY and the time of the rows" 'PATTERN (A) DEFINE A AS TRUE'
	refused "line 2, column 12: expected PATTERN, found 'PATERN'" 'ORDER BY t PATERN (A)'
	refused "line 2, column 32: no column may be called _maip: lines that begin with it are control lines" 'ORDER BY t MEASURES A.v + 1 AS _maip PATTERN (A) DEFINE A AS TRUE'
	refused "line 2, column 31: the variable does not stand in PATTERN" 'ORDER BY t PATTERN (A) DEFINE B AS TRUE'
	refused "line 2, column 10: rows can be ordered upwards only (drop DESC)" 'ORDER BY t DESC PATTERN (A) DEFINE A AS TRUE'
	refused "line 2, column 12: ALL ROWS PER MATCH is not supported, as in Flink (use ONE ROW PER MATCH)" \
		'ORDER BY t ALL ROWS PER MATCH PATTERN (A) DEFINE A AS TRUE'
}

@test "a mistake in an expression of the clause is told where it stands in the file" {
	local end='PATTERN (A B) DEFINE'

	# what stands before it is rewritten, and longer then
	refused "line 3, column 32: there is no function 'FOO'; see maip-expr(7)" "ORDER BY t
	MEASURES A.v + B.v + SUM(v) - FOO(A.v) AS x $end A AS TRUE"
	refused "line 4, column 18: + takes numbers, and this is a condition" "ORDER BY t
	MEASURES A.v AS x, B.v + A.v AS y PATTERN (A B)
	DEFINE A AS v + TRUE > 1, B AS B.v > 1"
	refused "line 4, column 49: expected an expression after '>', found end of text" "ORDER BY t
	MEASURES 'größer' AS x, COUNT(*) AS n PATTERN (A B)
	DEFINE A AS MATCH_ROWTIME() > t, B AS A.v + v >"
	refused "line 4, column 23: expected an expression after AND, found '='" "ORDER BY t
	MEASURES A.v AS x PATTERN (A B)
	DEFINE A AS TRUE AND = 3, B AS 1"
	refused "line 4, column 4: this is a number, not a condition" "ORDER BY t MEASURES A.v AS x PATTERN (A B) DEFINE A AS
	  -- a number
	  1 + LAST(v, 1)"
	refused "line 2, column 74: this text has no closing '" "ORDER BY t MEASURES A.v + LAST(B.v) AS x $end A AS B.v = 'x"
}

@test "FINAL, which MEASURES always are, may be said" {
	clause 'ORDER BY t MEASURES FINAL LAST(A.v) AS a, FINAL FIRST(A.v) + B.v AS b, A.final AS c AFTER MATCH SKIP PAST LAST ROW
		PATTERN (A+ B) DEFINE A AS e = '"'a'"', B AS B.e = '"'b'"
	run -0 --separate-stderr maip-cep --match-recognize clause log
	assert_output '{"a":2.20,"b":6.10,"c":null}'
}

@test "a clause and options do not mix, and the order must be that of time" {
	refused "says all about the pattern, its keys, order and columns (leave --begin and its like, --key, --order-by, --select and --name out)" \
		'ORDER BY t PATTERN (A) DEFINE A AS TRUE' --key k
	refused "line 2, column 10: ORDER BY must begin with the time of the rows, --time 't'" 'ORDER BY v PATTERN (A) DEFINE A AS TRUE' --time t
	run -66 --separate-stderr maip-cep --match-recognize nothing </dev/null
	assert_equal "$stderr" "maip-cep: --match-recognize: cannot open 'nothing': No such file or directory"
}

@test "--explain shows engine, window, states and edges, and reads nothing" {
	run -0 maip-cep --begin a --where "e = 'a'" --next b --within 5s --explain nothing-is-read
	assert_output "engine: branches
moves: remembered by the conditions that hold
window: 5s
after a match: no-skip

a (start)
  take    b  if e = 'a'

b
  take    (match)  if TRUE

(match) (end)"
	run -0 maip-cep --begin a --where "e = 'a'" --times-or-more 2 --explain
	assert_line --index 0 'engine: one list of events a key'
	refute_line --partial moves:
	run -0 maip-cep --begin a --next b --where 'LAST(a.x) < x' --explain
	assert_line --index 1 'moves: remembered by the conditions that hold, but for those that ask what has been taken'
	run -0 maip-cep --begin a --next b --times 5000 --explain
	assert_line --index 1 'moves: worked out for each event (more than 4096 states)'
}

@test "--explain=dot is a graph" {
	run -0 maip-cep --begin a --where '`x"y` = 1' --explain=dot
	assert_output 'digraph pattern {
	rankdir=LR;
	label="after a match: no-skip";
	s1 [shape=box,label="a (start)"];
	s1 -> s0 [style=solid,label="take: `x\"y` = 1"];
	s0 [shape=doublecircle,label="(match) (end)"];
}'
	run -64 --separate-stderr maip-cep --begin a --explain=svg
	assert_equal "$stderr" "maip-cep: --explain: 'svg' is not a form (say dot, or nothing)"
}

@test "--explain says all that has been asked for, in both forms, and of states only what can be reached" {
	pattern="--key k --key j.v --begin s --followed-by a --times 2,3:2s --within 5s --after-match skip-to-last=a,error"
	run -0 --separate-stderr maip-cep $pattern --explain
	assert_output 'engine: branches
moves: remembered by the conditions that hold
key: k, j.v
window: 5s
after a match: skip-to-last=a,error

s (start)
  take    a:2  if TRUE

a:2, sooner than 2s
  take    a:1  if TRUE

a:1, sooner than 2s
  take    a  if TRUE

a
  take    (match)  if TRUE
  proceed (match)  if TRUE

(match) (end)'
	run -0 --separate-stderr maip-cep $pattern --explain=dot
	assert_line --index 2 "	label=\"key: k, j.v\\nwindow: 5s\\nafter a match: skip-to-last=a,error\";"
	assert_line --partial 'label="a:2\nsooner than 2s"'
	refute_line --partial 'a:0'
	run -0 --separate-stderr maip-cep --begin a --times 2:2s --explain
	refute_line --partial 'sooner'
	echo 'MATCH_RECOGNIZE (PARTITION BY k ORDER BY t MEASURES A.t AS t AFTER MATCH SKIP TO FIRST B PATTERN (A B) DEFINE A AS TRUE)' >clause
	run -0 maip-cep --match-recognize clause --explain
	assert_line 'key: k'
	assert_line 'after a match: SKIP TO FIRST B'
}

@test "names and conditions of any kind are labels of the graph" {
	run -0 maip-cep --begin 'a"b\c' --where $'x = \'"\\ &amp; \'\nAND y' --explain=dot
	assert_line --partial '[shape=box,label="a\"b\\c (start)"]'
	assert_line --partial "label=\"take: x = '\\\"\\\\ &amp;amp; '\\nAND y\"]"
}
