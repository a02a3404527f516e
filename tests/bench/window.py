# SPDX-License-Identifier: Apache-2.0
"""maip-window against wc -l, DuckDB, jq and Miller: count and sum of orders by customer in windows
of five minutes; and its windows against each other, what an open one takes, and how long it
takes to start."""
import decimal
import json
import re
import statistics
import subprocess
import time

DUCKDB = """
import sys, duckdb
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
con.execute(f"SET threads = {sys.argv[2]}")
con.execute('''COPY (SELECT payload.customerId AS customer,
    epoch_ms(time_bucket(INTERVAL 5 MINUTE, timestamp)) AS start, count(*) AS n,
    sum(payload.totalAmount) AS total
    FROM read_json('%s', format = 'newline_delimited', columns = {
        timestamp: 'TIMESTAMP', payload: 'STRUCT(customerId VARCHAR, totalAmount DECIMAL(18, 2))' })
    GROUP BY ALL) TO '/dev/stdout' (FORMAT json)''' % sys.argv[1])
"""

JQ = """[inputs] | group_by(.payload.customerId, (.timestamp[0:19] + "Z" | fromdate / 300 | floor))[] |
{customer: .[0].payload.customerId,
 start: ((.[0].timestamp[0:19] + "Z" | fromdate / 300 | floor) * 300000),
 n: length, total: ([.[].payload.totalAmount // 0] | add)}"""

MILLER = ["put", "-q", '''
    start = 300000 * (strptime(sub($timestamp, "[.][0-9]+Z$", "Z"), "%Y-%m-%dT%H:%M:%SZ") // 300);
    amount = is_present($payload["totalAmount"]) ? $payload["totalAmount"] : 0;
    key = $payload["customerId"] . " " . start;
    @n[key] += 1;
    @cents[key] += roundm(amount * 100, 1);
    end {for (key, n in @n) {print key . " " . n . " " . @cents[key]}}''']


def miller_rows(text):
    """Whole cents, for its sums are doubles."""
    split = (line.split() for line in text.splitlines())
    return {(customer, int(start)): (int(n), int(total)) for customer, start, n, total in split}


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
        contenders.append(bench.Contender("Miller", ["mlr", "--ijson", *MILLER, few], miller_rows))
    bench.race(f"{few.stat().st_size / 1e6:.0f} MB of events", contenders, few.stat().st_size, rounds=3)


def counts_only(bench, file):
    """What the part of maip-cep compares itself with: a member less to find in each line, and to add and print."""
    return [bench.BIN / "maip-window", "--key", "payload.customerId", "--watermark", "5s", "--tumbling", "5m", file]


def total(text):
    """Count and sum over all rows: the same for every shape that has each record in one window."""
    objects = [json.loads(line, parse_float=decimal.Decimal) for line in text.splitlines()]
    return {"all": (sum(o["n"] for o in objects), cents(sum(o["total"] or 0 for o in objects)))}


def last_of_each(length):
    """Of windows that grow, or overlap, those that end where one of this length does, and begin there."""
    def read(text):
        objects = (json.loads(line, parse_float=decimal.Decimal) for line in text.splitlines())
        return {(o["customerId"], o["window_start"], o["window_end"]): (o["n"], cents(o["total"])) for o in objects
                if o["window_start"] % length == 0 and o["window_end"] == o["window_start"] + length}
    return read


def shapes(bench):
    """What windows cost compared with each other. Their rows are compared first, where two shapes have windows in common."""
    dense = bench.orders("--events", str(bench.events(1000000)), "--rate", "555", "--disorder", "2s", "--customers", "500")
    size = dense.stat().st_size
    tumbling, sliding, cumulate = (("--tumbling", "10m"), ("--sliding", "10m,10s"), ("--cumulate", "10m,10s"))
    few = bench.orders("--events", str(bench.events(50000)), "--rate", "555", "--disorder", "2s", "--customers", "500")
    bench.same_results([bench.Contender(" ".join(shape), ours(bench, few, shape), last_of_each(600000))
                        for shape in (tumbling, sliding, cumulate)])
    bench.race("500 customers", [bench.Contender("tumbling 10 s", ours(bench, dense, ("--tumbling", "10s"))),
                                 bench.Contender("sliding 10 min, 10 s", ours(bench, dense, sliding)),
                                 bench.Contender("cumulate 1 h, 10 s", ours(bench, dense, ("--cumulate", "1h,10s"))),
                                 bench.Contender("the last 10 of a key", ours(bench, dense, ("--count", "10,1"))),
                                 bench.Contender("the last 1,000 of a key", ours(bench, dense, ("--count", "1000,1")))], size)
    wide = bench.orders("--events", str(bench.events(1000000)), "--rate", "5000", "--disorder", "2s", "--customers", "1000000")
    size = wide.stat().st_size
    bench.race("1,000,000 customers", [bench.Contender("tumbling 5 min", ours(bench, wide, ("--tumbling", "5m")), total),
                                       bench.Contender("tumbling 5 min, no sum", counts_only(bench, wide)),
                                       bench.Contender("tumbling 10 s", ours(bench, wide, ("--tumbling", "10s")), total),
                                       bench.Contender("session 30 s", ours(bench, wide, ("--session", "30s")), total)], size)
    late = bench.orders("--events", str(bench.events(1000000)), "--rate", "5000", "--disorder", "2s", "--late", "10", "--customers", "1000000")
    lenient = ("--session", "30s", "--allowed-lateness", "1m")
    bench.race("1,000,000 customers, 1 % of their events 45 s late", [
        bench.Contender("tumbling 5 min", ours(bench, late, ("--tumbling", "5m"))),
        bench.Contender("session 30 s, late ones refused", ours(bench, late, ("--session", "30s"))),
        bench.Contender("session 30 s, late ones let in", ours(bench, late, lenient))], late.stat().st_size)
    bench.say(f"  resident, 5 min: {bench.resident(ours(bench, wide, ('--tumbling', '5m'))):.1f} MiB")


HELLO = ('{"_maip":"hello","version":1,"job":"%s","run":"%s","watermarks":true,"checkpoints":false}' % ("0" * 32, "0" * 32)).encode()


def memory(bench):
    """A million keys with one open window each, by the tool's own count: an input that ends without draining leaves them open."""
    bench.say("1,000,000 open windows, a count and a sum in each")
    path = bench.CACHE / "bench" / "open.ndjson"
    with path.open("wb") as file:
        file.write(HELLO + b"\n")
        for i in range(1000000):
            file.write(b'{"t":%d,"k":"key-%d","v":1.25}\n' % (i, i))
        file.write(b'{"_maip":"end","drain":false}\n')
    for shape in (("--tumbling", "1d"), ("--sliding", "1d,12h"), ("--session", "1d")):
        argv = [bench.BIN / "maip-window", "-v", "--time", "t", "--time-format", "ms", "--key", "k", *shape,
                "--agg", "COUNT(*)", "--agg", "SUM(v)", path]
        said = subprocess.run(list(map(str, argv)), capture_output=True, text=True,
                              check=True).stderr
        counted = {name: int(value) for name, value in re.findall(r"([a-z-]+)=(\d+)", said)}
        window = (counted["state-bytes"] - counted["key-bytes"]) / counted["open"]
        key = counted["key-bytes"] / counted["open"]
        bench.say(f"  {' '.join(shape):<24} {window:6.1f} bytes a window, {key:6.1f} bytes a key of 5 to 10 bytes")
    path.unlink()


def start(bench):
    """Start, one line, end: the median of many runs of each, in turn, without a shell."""
    line = b'{"t":1}\n'
    contenders = {
        "true": ["/bin/true"],
        "maip-window": [bench.BIN / "maip-window", "--time", "t", "--tumbling", "1m"],
        "maip-cep": [bench.BIN / "maip-cep", "--time", "t", "--begin", "a", "--where", "t = 1"]}
    times = {name: [] for name in contenders}
    for _ in range(200):
        for name, argv in contenders.items():
            began = time.perf_counter()
            subprocess.run(list(map(str, argv)), input=line, stdout=subprocess.DEVNULL, check=True)
            times[name].append(1000 * (time.perf_counter() - began))
    bench.say("start, one line, end")
    idle = statistics.median(times["true"])
    for name, all_of_them in times.items():
        middle = statistics.median(all_of_them)
        bench.say(f"  {name:<34} {middle:7.2f} ms, {middle - idle:5.2f} ms more than true")


def run(bench):
    peers(bench)
    shapes(bench)
    memory(bench)
    start(bench)
