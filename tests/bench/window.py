# SPDX-License-Identifier: Apache-2.0
"""maip-window against wc -l, DuckDB, jq and Miller: count and sum of orders by customer in windows of five minutes."""
import decimal
import json

DUCKDB = """
import sys, duckdb
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
con.execute(f"SET threads = {sys.argv[2]}")
con.execute('''COPY (SELECT payload.customerId AS customer,
    epoch_ms(time_bucket(INTERVAL 5 MINUTE, timestamp)) AS start, count(*) AS n, sum(payload.totalAmount) AS total
    FROM read_json('%s', format = 'newline_delimited', columns = {
        timestamp: 'TIMESTAMP', payload: 'STRUCT(customerId VARCHAR, totalAmount DECIMAL(18, 2))' })
    GROUP BY ALL) TO '/dev/stdout' (FORMAT json)''' % sys.argv[1])
"""

JQ = """[inputs] | group_by(.payload.customerId, (.timestamp[0:19] + "Z" | fromdate / 300 | floor))[] |
{customer: .[0].payload.customerId, start: ((.[0].timestamp[0:19] + "Z" | fromdate / 300 | floor) * 300000),
 n: length, total: ([.[].payload.totalAmount // 0] | add)}"""

MILLER = ["put", "-q", '''
    key = $payload["customerId"] . " " . string(300000 * (strptime(sub($timestamp, "[.][0-9]+Z$", "Z"), "%Y-%m-%dT%H:%M:%SZ") // 300));
    @n[key] += 1;
    end {for (key, n in @n) {print key . " " . n}}''']


def cents(amount):
    return int((decimal.Decimal(str(amount or 0)) * 100).to_integral_value())


def rows(customer, start, to_ms=int):
    def read(text):
        objects = (json.loads(line, parse_float=decimal.Decimal) for line in text.splitlines())
        return {(o[customer], to_ms(o[start])): (o["n"], cents(o["total"])) for o in objects}
    return read


def ours(bench, file, shape, *more):
    return [bench.BIN / "maip-window", "--key", "payload.customerId", "--watermark", "5s", "--time-style", "ms",
            "--agg", "COUNT(*) AS n", "--agg", "SUM(payload.totalAmount) AS total", *shape, *more, file]


def peers(bench):
    many = bench.orders("--events", str(bench.events(1000000)), "--rate", "555", "--disorder", "2s")
    read = rows("customerId", "window_start")
    contenders = [bench.Contender("maip-window, 5 minutes", ours(bench, many, ("--tumbling", "5m")), read),
                  bench.Contender("wc -l", ["wc", "-l", many])]
    python = bench.duckdb_python()
    for threads in (1, 2) if python else ():
        contenders.append(bench.Contender(f"DuckDB, {threads} thread{'s' * (threads > 1)}",
                                          [python, "-c", DUCKDB, many, threads], rows("customer", "start")))
    bench.race(f"{many.stat().st_size / 1e6:.0f} MB of events, 10,000 customers", contenders, many.stat().st_size)
    bench.say(f"  resident: {bench.resident(contenders[0].argv):.1f} MiB")

    few = bench.orders("--events", str(bench.events(50000)), "--rate", "555", "--disorder", "2s")
    contenders = [bench.Contender("maip-window, 5 minutes", ours(bench, few, ("--tumbling", "5m")), read)]
    if bench.installed("jq"):
        contenders.append(bench.Contender("jq", ["jq", "-nc", JQ, few], rows("customer", "start", lambda v: int(v))))
    if bench.installed("mlr"):
        contenders.append(bench.Contender("Miller, counts only", ["mlr", "--json", *MILLER, few]))
    bench.race(f"{few.stat().st_size / 1e6:.0f} MB of events", contenders, few.stat().st_size, rounds=3)


def shapes(bench):
    """What windows cost compared with each other."""
    dense = bench.orders("--events", str(bench.events(1000000)), "--rate", "555", "--disorder", "2s", "--customers", "500")
    size = dense.stat().st_size
    bench.race("500 customers", [bench.Contender("tumbling 10 s", ours(bench, dense, ("--tumbling", "10s"))),
                                 bench.Contender("sliding 10 min, 10 s", ours(bench, dense, ("--sliding", "10m,10s"))),
                                 bench.Contender("cumulate 1 h, 10 s", ours(bench, dense, ("--cumulate", "1h,10s")))], size)
    wide = bench.orders("--events", str(bench.events(1000000)), "--rate", "5000", "--disorder", "2s", "--customers", "1000000")
    size = wide.stat().st_size
    bench.race("1,000,000 customers", [bench.Contender("tumbling 5 min", ours(bench, wide, ("--tumbling", "5m"))),
                                       bench.Contender("tumbling 10 s", ours(bench, wide, ("--tumbling", "10s"))),
                                       bench.Contender("session 30 s", ours(bench, wide, ("--session", "30s")))], size)
    bench.say(f"  resident, 5 min: {bench.resident(ours(bench, wide, ('--tumbling', '5m'))):.1f} MiB")


def start(bench):
    bench.race("start, one line, end", [
        bench.Contender("maip-window", ["sh", "-c", f"echo '{{\"t\":1}}' | {bench.BIN}/maip-window --time t --tumbling 1m"]),
        bench.Contender("true", ["sh", "-c", "echo '{\"t\":1}' | /bin/true"])], rounds=20)


def run(bench):
    peers(bench)
    shapes(bench)
    start(bench)
