#!/usr/bin/env bats
# Expressions against what Flink SQL yields, and with aggregates against SQLite, on what both have.
bats_require_minimum_version 1.5.0

@test "800 expressions yield what Flink SQL yields" {
	python3 "$BATS_TEST_DIRNAME/../support/sql_golden.py" "$MAIP_BIN/programs/eval-sql" "$BATS_TEST_DIRNAME/../golden/expr.ndjson"
}

@test "4,000 random expressions yield what SQLite yields" {
	python3 -c 'import sqlite3, sys; sys.exit(sqlite3.sqlite_version_info < (3, 39))' 2>/dev/null ||
		skip "needs python3 with SQLite 3.39 or later"
	for seed in 1 2 3 4; do
		python3 "$BATS_TEST_DIRNAME/../support/sql_peer.py" "$MAIP_BIN/programs/eval-sql" "$seed" 1000
	done
}
