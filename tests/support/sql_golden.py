# SPDX-License-Identifier: Apache-2.0
"""Expressions and what Flink SQL 2.3 yields for them: sql_golden.py EVAL_SQL GOLDEN

The first line of GOLDEN holds the records, every other one an expression with Flink's values. Where ours differ on
purpose, "here" has them and "why" says why. Numbers are compared as numbers, for Flink's have a declared scale.
"""
import json, re, subprocess, sys, tempfile
from decimal import Decimal

program, golden = sys.argv[1:]

def load(text):
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)

def moment(value):
    found = isinstance(value, str) and re.fullmatch(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)\.?(\d*)Z?", value)
    return (found[1], found[2], found[3].ljust(3, "0")) if found else value

def same(a, b):
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        return abs(a - b) <= abs(a) * Decimal("1e-12")
    return type(a) is type(b) and moment(a) == moment(b)

lines = open(golden, encoding="utf-8").read().splitlines()
cases = [load(line) for line in lines[1:]]
with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as records:
    # as they are written: 0.00 is no 0
    for record in re.findall(r"\{[^{}]*\}", lines[0][1:]):
        records.write(record + "\n")
    records.flush()
    asked = "".join("row " + case["expr"] + "\n" for case in cases)
    answers = subprocess.run([program, records.name], input=asked, capture_output=True, text=True,
                             check=True).stdout.splitlines()

differ = 0
for case, answer in zip(cases, answers, strict=True):
    want, got = case.get("here", case["flink"]), load(answer)
    if not isinstance(got, list) or len(got) != len(want) or not all(map(same, want, got)):
        print(case["expr"], "\n  want", json.dumps(want, default=str, ensure_ascii=False), "\n  got ", answer)
        differ += 1
print(len(cases), "expressions,", differ, "differ")
sys.exit(differ > 0 or len(cases) < 800)
