# SPDX-License-Identifier: Apache-2.0
"""maip-cep: ten orders of a customer within a minute against DuckDB's RANGE window and the engines
on the JVM, and what dense keys and many keys cost."""
import json
import re
import statistics

DUCKDB = """
import sys, duckdb
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
con.execute(f"SET threads = {sys.argv[2]}")
con.execute('''COPY (SELECT customer, epoch_ms(ts) AS moment, n - 9 AS n FROM (
    SELECT payload.customerId AS customer, timestamp AS ts,
        count(*) OVER (PARTITION BY payload.customerId ORDER BY timestamp
        RANGE BETWEEN INTERVAL 59999 MILLISECOND PRECEDING AND CURRENT ROW) AS n
    FROM read_json('%s', format = 'newline_delimited', columns = {
        eventType: 'VARCHAR', timestamp: 'TIMESTAMP', payload: 'STRUCT(customerId VARCHAR)' })
    WHERE eventType = 'maip.order.created') WHERE n >= 10) TO '/dev/stdout' (FORMAT json)''' % sys.argv[1])
"""


def ours(bench, file, *more):
    return [bench.BIN / "maip-cep", "--key", "payload.customerId", "--time-style", "ms", "--begin", "first",
            "--where", "eventType = 'maip.order.created'", "--times-or-more", "10", "--within", "1m", *more, file]


def counts(customer, at):
    """{(customer, moment): matches that end there}; events of one moment count together, as in a RANGE window."""
    def read(text):
        totals = {}
        for o in map(json.loads, text.splitlines()):
            key = (o[customer], int(o[at]))
            totals[key] = max(totals.get(key, 0), o.get("count", o.get("n")))
        return totals
    return read


def rare_matches(bench):
    return bench.orders("--events", str(bench.events(1000000)), "--rate", "555", "--customers", "100000", "--bursts", "1000")


def main_rule(bench):
    many = rare_matches(bench)
    size = many.stat().st_size
    contenders = [bench.Contender("maip-cep, no-skip, counts", ours(bench, many, "--emit", "count"), counts("customerId", "match_end"))]
    python = bench.duckdb_python()
    for threads in (1, 2) if python else ():
        contenders.append(bench.Contender(f"DuckDB, {threads} thread{'s' * (threads > 1)}", [python, "-c", DUCKDB, many, threads],
                                          counts("customer", "moment")))
    bench.race(f"{size / 1e6:.0f} MB of events, 100,000 customers", contenders, size)
    skip = ("--after-match", "skip-past-last-event")
    bench.race("with the lines of a match", [
        bench.Contender("skip-past-last-event", ours(bench, many, *skip)),
        bench.Contender("no-skip, far more output", ours(bench, many))], size, rounds=3)
    bench.say(f"  resident, skip-past-last-event: {bench.resident(ours(bench, many, *skip)):.1f} MiB")


PEERS = (("Esper 9.0.0, match_recognize", "Esper"), ("Siddhi 5.1.28, pattern", "Siddhi"), ("Flink 2.3.0, CepOperator alone", "Flink"),
         ("Jackson, three members of a line", "Orders"))


def ends(text):
    """{(customer, moment): 1} of matches that have no event in common."""
    return {(o["customerId"], int(o["match_end"])): 1 for o in map(json.loads, text.splitlines())}


def without_start(peer, first):
    """What a peer tells of itself, whose clock runs from its first record to its last match, against all of ours; and its matches."""
    told = [re.search(r"records=(\d+) matches=(\d+) seconds=([\d.]+)", text).groups() for text in peer.said]
    seconds = [float(t[2]) for t in told]
    ratio = statistics.median(s / wall for s, wall in zip(seconds, first.walls))
    middle = statistics.median(seconds)
    return f"{ratio:7.2f}x  {middle:8.3f} s wall  {int(told[0][0]) / middle:9,.0f} records/s", int(told[0][1])


def java_peers(bench):
    """The rule in pattern engines on the JVM, without matches that overlap. They are raced whatever they find, and the row tells it."""
    many = rare_matches(bench)
    first = bench.Contender("maip-cep, skip-past-last-event",
                            ours(bench, many, "--after-match", "skip-past-last-event", "--emit", "summary"))
    right, peers = ends(first.output()), []
    for name, main in PEERS:
        command = bench.java_peer(name, main)
        if command:
            peers.append(bench.Contender(name, [*command, many]))
    if not peers:
        return
    bench.race(f"{len(right):,} matches that share no event", [first, *peers], many.stat().st_size, rounds=min(3, bench.ROUNDS))
    bench.say("  and from the first record to the last match, which leaves out how the JVM and the engine start")
    for peer in peers:
        row, matches = without_start(peer, first)
        found = ends(peer.output())
        missing, others = len(right.keys() - found.keys()), len(found.keys() - right.keys())
        verdict = f"{missing:,} of ours are missing, {others:,} are not ours" if missing or others else "all as ours"
        bench.say(f"  {peer.name:<34} {row}" + f", {matches:,} matches: {verdict}" * (matches > 0))


def dense_file(bench, per_window, count=1000000):
    """One key, so many events a minute; all of them match."""
    path = bench.CACHE / "bench" / f"dense.{per_window}.{count}.{bench.SCALE}.ndjson"
    if not path.exists():
        with path.open("w") as to:
            for i in range(bench.events(count)):
                to.write('{"t":%d,"k":"x","n":%d}\n' % (i * 60000 // per_window, i))
    return path


def one_key(bench):
    """Whatever the window holds, an event costs the same."""
    pattern = ["--key", "k", "--time", "t", "--time-format", "ms", "--begin", "a", "--times-or-more", "3", "--within", "1m"]
    for name, more in (("skip-past-last-event", ["--after-match", "skip-past-last-event"]), ("no-skip, counts", ["--emit", "count"])):
        bench.race(f"one key, all events match, {name}", [
            bench.Contender(f"{n} events a window", [bench.BIN / "maip-cep", *pattern, *more, dense_file(bench, n)])
            for n in (100, 1000, 10000, 100000)], rounds=3)


def by_byte(bench):
    """Where every event ends as many matches as the window holds, what is written costs the same a byte."""
    bench.say("one key, all events match, no-skip, a line a match")
    first = None
    for per_window, count in ((100, 40000), (1000, 8000), (10000, 10000)):
        argv = [bench.BIN / "maip-cep", "--key", "k", "--time", "t", "--time-format", "ms", "--begin", "a", "--times-or-more", "3",
                "--within", "1m", "--emit", "summary", dense_file(bench, per_window, count)]
        written, one = bench.bytes_written(argv), bench.Contender("", argv)
        spent = statistics.median(one.seconds()[1] for _ in range(3)) / written
        first = first or spent
        bench.say(f"  {f'{per_window} events a window':<34} {spent / first:7.2f}x  {written / 1e6:8.0f} MB      {spent * 1e9:8.2f} ns CPU a byte")


def many_keys(bench):
    wide = bench.orders("--events", str(bench.events(1000000)), "--rate", "5000", "--disorder", "2s", "--customers", "1000000")
    common = ["--key", "payload.customerId", "--watermark", "5s"]
    bench.race("1,000,000 customers", [
        bench.Contender("maip-window, tumbling 5 min", [bench.BIN / "maip-window", *common, "--tumbling", "5m", wide]),
        bench.Contender("A{3,} followedBy B, no C", [
            bench.BIN / "maip-cep", *common, "--begin", "a", "--where", "payload.totalAmount < 5000", "--times-or-more", "3",
            "--followed-by", "b", "--where", "payload.totalAmount >= 5000",
            "--not-followed-by", "c", "--where", "payload.itemCount = 1", "--within", "5m", "--emit", "summary", wide])],
               wide.stat().st_size, rounds=3)


def run(bench):
    main_rule(bench)
    java_peers(bench)
    one_key(bench)
    by_byte(bench)
    many_keys(bench)
