# SPDX-License-Identifier: Apache-2.0
"""Compare expressions and aggregates with SQLite on what both have: sql_peer.py EVAL_SQL SEED COUNT

Random expressions, typed, over records whose numbers are quarters, so that SQLite's doubles are
exact, too. Left out is what the two do differently on purpose: / of whole numbers, comparison of
unlike kinds, case of LIKE and of non-ASCII.
"""
import json, random, sqlite3, subprocess, sys, tempfile

program, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
dice = random.Random(seed)
TEXTS = ["", "a", "ab", "Abc", "b%", "_x", "xyx", "äß", "maip.order"]

def record():
    maybe = lambda value: None if dice.random() < 0.2 else value
    number = lambda: maybe(dice.choice([dice.randint(-20, 20), dice.randint(-80, 80) / 4]))
    return {"n": number(), "m": number(), "s": maybe(dice.choice(TEXTS)), "t": maybe(dice.choice(TEXTS))}

# A generator gives the pair (ours, SQLite's).
def both(shape, *parts):
    return tuple(shape.format(*(p[i] for p in parts)) for i in (0, 1))

def each(ours, theirs, *parts):
    return ours.format(*(p[0] for p in parts)), theirs.format(*(p[1] for p in parts))

def leaf(kind):
    if dice.random() < 0.08:
        return ("NULL", "NULL")
    if kind == "num":
        v = dice.choice(["n", "m", str(dice.randint(0, 9)), str(dice.randint(0, 40) / 4)])
    else:
        v = dice.choice(["s", "t", "'" + dice.choice(TEXTS) + "'"])
    return (v, v)

def num(d):
    if d == 0 or dice.random() < 0.25:
        return leaf("num")
    a, b = lambda: num(d - 1), lambda: num(d - 1)
    return dice.choice([
        lambda: both("({} + {})", a(), b()), lambda: both("({} - {})", a(), b()), lambda: both("({} * {})", a(), b()),
        lambda: each("({} / 4)", "({} / 4.0)", a()), lambda: both("(- {})", a()), lambda: both("ABS({})", a()),
        lambda: both("COALESCE({}, {})", a(), b()), lambda: both("NULLIF({}, {})", a(), b()),
        lambda: each("GREATEST({}, {})", "MAX({}, {})", a(), b()), lambda: each("LEAST({}, {})", "MIN({}, {})", a(), b()),
        lambda: each("CHAR_LENGTH({})", "LENGTH({})", text(d - 1)), lambda: both("CASE WHEN {} THEN {} ELSE {} END", cond(d - 1), a(), b()),
        lambda: each("FLOOR({})", "FLOOR({})", a()), lambda: each("CEIL({})", "CEIL({})", a()),
        lambda: each("CAST({} AS BIGINT)", "CAST({} AS INTEGER)", a()), lambda: each("SIGN({})", "SIGN({})", a()),
        lambda: each("POSITION({} IN {})", "INSTR({1}, {0})", text(d - 1), text(d - 1)),
    ])()

def text(d):
    if d == 0 or dice.random() < 0.3:
        return leaf("text")
    a, b = lambda: text(d - 1), lambda: text(d - 1)
    return dice.choice([
        lambda: both("({} || {})", a(), b()), lambda: both("COALESCE({}, {})", a(), b()), lambda: both("NULLIF({}, {})", a(), b()),
        lambda: both("TRIM({})", a()), lambda: each("TRIM(BOTH 'xy' FROM {})", "TRIM({}, 'xy')", a()),
        lambda: both("REPLACE({}, 'x', {})", a(), b()), lambda: each("SUBSTRING({}, 2, 2)", "SUBSTR({}, 2, 2)", a()),
        lambda: both("CASE WHEN {} THEN {} END", cond(d - 1), a()), lambda: each("LEAST({}, {})", "MIN({}, {})", a(), b()),
    ])()

def cond(d):
    if d == 0:
        return dice.choice([lambda: both("{} = {}", num(0), num(0)), lambda: both("({} IS NULL)", text(0))])()
    op = dice.choice(["=", "<>", "<", "<=", ">", ">="])
    a, b = lambda: cond(d - 1), lambda: cond(d - 1)
    n, s = lambda: num(d - 1), lambda: text(d - 1)
    maybe = dice.choice(["", "NOT "])
    return dice.choice([
        lambda: both("({} " + op + " {})", n(), n()), lambda: both("({} " + op + " {})", s(), s()),
        lambda: both("({} AND {})", a(), b()), lambda: both("({} OR {})", a(), b()), lambda: both("(NOT {})", a()),
        lambda: both("({} AND {} OR {})", a(), b(), a()), lambda: both("({} IS " + maybe + "NULL)", n()),
        lambda: both("({} " + maybe + "BETWEEN {} AND {})", n(), n(), n()),
        lambda: both("({} " + maybe + "IN ({}, {}))", s(), s(), s()), lambda: both("({} " + maybe + "IN ({}, {}))", n(), n(), n()),
        lambda: both("({} " + maybe + "LIKE {})", s(), s()), lambda: both("({} LIKE {} ESCAPE '%')", s(), leaf("text")),
        lambda: each("({} IS " + maybe + "DISTINCT FROM {})", "({} IS " + ("" if maybe else "NOT ") + "{})", n(), n()),
        lambda: both("({} IS " + maybe + "TRUE)", a()),
    ])()

def aggregate():
    f = dice.choice(["COUNT", "SUM", "AVG", "MIN", "MAX", "COUNT(DISTINCT", "SUM(DISTINCT", "AVG(DISTINCT"])
    arg = num(2) if f[0] in "SA" or dice.random() < 0.5 else text(2)
    call = both(f + (" {})" if "(" in f else "({})"), arg)
    if dice.random() < 0.5:
        call = both("{} FILTER (WHERE {})", call, cond(2))
    return call

def same(ours, theirs):
    if isinstance(ours, bool):
        ours = int(ours)
    if ours is None or theirs is None or isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    return abs(ours - theirs) <= 1e-9 * max(1, abs(theirs))

records = [record() for _ in range(40)]
db = sqlite3.connect(":memory:")
db.execute("PRAGMA case_sensitive_like = ON")
db.execute("CREATE TABLE r (i INTEGER PRIMARY KEY, n, m, s, t)")
db.executemany("INSERT INTO r (n, m, s, t) VALUES (:n, :m, :s, :t)", records)
for name, f in {"FLOOR": lambda x: x // 1, "CEIL": lambda x: -(-x // 1), "SIGN": lambda x: (x > 0) - (x < 0)}.items():
    db.create_function(name, 1, lambda x, f=f: None if x is None else f(x))

questions = []
while len(questions) < count:
    kind = dice.choice(["row", "row", "row", "all"])
    pair = aggregate() if kind == "all" else dice.choice([num, text, cond])(dice.randint(1, 4))
    try:
        theirs = [v for (v,) in db.execute("SELECT %s FROM r%s" % (pair[1], " ORDER BY i" if kind == "row" else ""))]
    except sqlite3.OperationalError as e:       # an overflow, an escape of more than a character
        continue
    questions.append((kind, pair, theirs))

with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as f:
    f.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    f.flush()
    done = subprocess.run([program, f.name], input="".join("%s %s\n" % (k, p[0]) for k, p, _ in questions),
                          capture_output=True, text=True, check=True)
refused = wrong = 0
for (kind, pair, theirs), line in zip(questions, done.stdout.splitlines(), strict=True):
    ours = json.loads(line)
    if isinstance(ours, str):                   # constants that can only be NULL, unlike kinds
        refused += 1
        reason = ours.split(": ", 2)[-1]
    elif not all(same(a, b) for a, b in zip(ours, theirs, strict=True)):
        wrong += 1
        print("%s\n%s\n  ours   %s\n  theirs %s" % (pair[0], pair[1], ours, theirs))
print("seed %d: %d compared, %d refused, %d wrong" % (seed, count - refused, refused, wrong))
sys.exit(wrong > 0 or refused > count / 5)
