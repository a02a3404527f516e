#!/usr/bin/env bats
# Expressions and aggregates against SQLite, on what both have: random, by the seed.
bats_require_minimum_version 1.5.0

setup() {
	python3 -c 'import sqlite3, sys; sys.exit(sqlite3.sqlite_version_info < (3, 39))' 2>/dev/null ||
		skip "needs python3 with SQLite 3.39 or later"
}

@test "4,000 random expressions yield what SQLite yields" {
	for seed in 1 2 3 4; do
		python3 "$BATS_TEST_DIRNAME/../support/sql_peer.py" "$MAIP_BIN/programs/eval-sql" "$seed" 1000
	done
}
