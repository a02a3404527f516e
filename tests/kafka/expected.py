"""What the main job must find in a file of events, computed another way.

    expected.py aggregates EVENTS ROWS      windows of 5 minutes by customer
    expected.py anomalies EVENTS MATCHES    10 or more orders of a customer within a minute, Flink's matches

Prints nothing and ends with 0 when the rows are exactly those.
"""
import collections
import decimal
import json
import sys
from datetime import datetime, timezone

WINDOW = 300_000
WITHIN = 60_000
AT_LEAST = 10


def ms(text):
    t = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round((t - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() * 1000)


def lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line, parse_float=decimal.Decimal) for line in f]


def aggregates(events):
    windows = collections.defaultdict(lambda: [0, None])
    for e in events:
        if not (e["eventType"].startswith("maip.order.") or e["eventType"] == "maip.application.submitted"):
            continue
        t = ms(e["timestamp"])
        w = windows[e["payload"]["customerId"], t - t % WINDOW]
        w[0] += 1
        amount = e["payload"].get("totalAmount")
        if amount is not None:
            w[1] = amount if w[1] is None else w[1] + amount
    return collections.Counter(
        (c, start, start + WINDOW, n, total) for (c, start), (n, total) in windows.items())


def aggregates_seen(rows):
    return collections.Counter(
        (r["customerId"], ms(r["window_start"]), ms(r["window_end"]), r["events"], r["total"]) for r in rows)


def anomalies(events):
    """Relaxed contiguity, no-skip: from every order on, each length of 10 and more that fits."""
    orders = collections.defaultdict(list)
    for e in events:
        if e["eventType"] == "maip.order.created":
            orders[e["payload"]["customerId"]].append((ms(e["timestamp"]), e["eventId"]))
    found = collections.Counter()
    for customer, taken in orders.items():
        taken.sort(key=lambda x: x[0])          # stable: ties by arrival
        for i, (start, _) in enumerate(taken):
            for j in range(i + AT_LEAST - 1, len(taken)):
                if taken[j][0] - start >= WITHIN:
                    break
                found[customer, tuple(x[1] for x in taken[i:j + 1])] += 1
    return found


def anomalies_seen(matches):
    return collections.Counter(
        (m["customerId"], tuple(e["eventId"] for e in m["matches"]["first"]))
        for m in matches if m["anomalyType"] == "HIGH_ORDER_VOLUME")


def main():
    what, events, results = sys.argv[1], lines(sys.argv[2]), lines(sys.argv[3])
    expected, seen = {
        "aggregates": lambda: (aggregates(events), aggregates_seen(results)),
        "anomalies": lambda: (anomalies(events), anomalies_seen(results)),
    }[what]()
    if not expected:
        sys.exit("the events hold nothing to find")
    missing, extra = expected - seen, seen - expected
    for name, rows in ("missing", missing), ("not expected", extra):
        for row in list(rows)[:5]:
            print(name, row)
    sys.exit(bool(missing or extra) or seen.total() != len(results))


main()
