# SPDX-License-Identifier: Apache-2.0
"""maip-produce and maip-consume against kcat and against loops over librdkafka that do nothing
else: CPU time of the client alone.

On the embedded broker and, where java and mvn are, on a real one. The ratios are of CPU time: 0.90x
says that a client takes nine tenths of ours. All are librdkafka clients with the same properties,
of one application thread each. What differs: the loop that sends has one record, in the cache, and
neither reads nor checks anything; it calls librdkafka once a record, as most programs do, where
maip-produce does so once for up to 64. The loop that discards looks at no record, and takes them by
callback, as kcat does. kcat sends or prints lines unchecked; "as it comes" is its own defaults,
without idempotence, and without checksums.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

PARTITIONS = 4
SEND = ["-X", "acks=all", "-X", "enable.idempotence=true", "-X", "linger.ms=20", "-X", "queue.buffering.max.kbytes=16384",
        "-X", "message.max.bytes=33554432", "-X", "partitioner=murmur2_random"]          # as ours
FETCH = ["-X", "check.crcs=true", "-X", "queued.max.messages.kbytes=4096",
         "-X", "fetch.max.bytes=2097152", "-X", "fetch.wait.max.ms=100"]    # as ours, too
SPREAD = 32             # for reading from the embedded broker, which keeps 5 MiB of a partition


class Mock:
    name = "embedded broker"

    def __init__(self, bench):
        self.process = subprocess.Popen([bench.BIN / "programs/mock-broker", "written:%d" % PARTITIONS, "read:%d" % SPREAD],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        self.readable = 200000

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Real:
    name = "real broker"

    def __init__(self, bench):
        self.rig = bench.HERE.parent / "rig/kafka/broker"
        self.folder = tempfile.mkdtemp(prefix="maip-bench-kafka.")
        self.address = subprocess.run([self.rig, "up", self.folder], check=True,
                                      capture_output=True, text=True).stdout.strip()
        subprocess.run([bench.BIN / "programs/kafka-admin", self.address, "create-topics", *("%s:%d" % (t, PARTITIONS) for t in ("written", "read"))],
                       check=True)
        self.readable = 1000000

    def stop(self):
        subprocess.run([self.rig, "down", self.folder], check=True)
        shutil.rmtree(self.folder)


def write(bench, broker, count, file):
    """Lines of half a kilobyte, with and without a key."""
    size = file.stat().st_size
    ours = [bench.BIN / "maip-produce", "-b", broker.address, "-t", "written", file]
    loop = [bench.BIN / "bench/kafka_loop", "send", broker.address, "written", count, size // count]
    keyed = file.with_suffix(".keyed")
    if not keyed.exists():
        with keyed.open("wb") as out:
            subprocess.run(["sed", "-E", r's/.*"customerId": ?"([^"]*)".*/\1\t&/', file], stdout=out, check=True)
    without = [bench.Contender("maip-produce", ours), bench.Contender("a loop that sends a constant", loop)]
    withkey = [bench.Contender("maip-produce --key", [*ours[:-1], "--key", "payload.customerId", file]),
               bench.Contender("the loop, with keys", [*loop, "keyed"])]
    if bench.installed("kcat"):
        kcat = ["kcat", "-P", "-b", broker.address, "-t", "written"]
        without += [bench.Contender("kcat -P", [*kcat, *SEND, "-l", file]),
                    bench.Contender("kcat -P, as it comes", [*kcat, "-l", file])]
        withkey += [bench.Contender("kcat -P -K", [*kcat, *SEND, "-K", "\t", "-l", keyed]),
                    bench.Contender("kcat -P -K, as it comes", [*kcat, "-K", "\t", "-l", keyed])]
    bench.race(f"{count} lines to the {broker.name}", without, size, cpu=True)
    bench.say(f"  resident: {bench.resident(ours):.1f} MiB")
    bench.race(f"{count} lines with keys to the {broker.name}", withkey, size, cpu=True)


def read(bench, broker, count, file):
    subprocess.run([bench.BIN / "maip-produce", "-b", broker.address, "-t", "read", "--key", "payload.customerId", file], check=True)
    ours = [bench.BIN / "maip-consume", "-b", broker.address, "-t", "read", "-o", "earliest"]
    loop = [bench.BIN / "bench/kafka_loop", "discard", broker.address, "read", count]
    contenders = [bench.Contender("maip-consume, live", [*ours, "-c", count], lambda text: {"lines": text.count("\n")}),
                  bench.Contender("maip-consume --exit-at-end", [*ours, "--exit-at-end"], lambda text: {"lines": text.count("\n")}),
                  bench.Contender("a loop that discards", loop),
                  bench.Contender("the loop, with our malloc", ["env", "LD_PRELOAD=libmimalloc.so.2", *loop])]
    if bench.installed("kcat"):
        kcat = ["kcat", "-C", "-q", "-b", broker.address, "-t", "read", "-o", "beginning", "-e"]
        contenders += [
            bench.Contender("kcat -C", [*kcat, *FETCH], lambda text: {"lines": text.count("\n")}),
            bench.Contender("kcat -C, as it comes", kcat, lambda text: {"lines": text.count("\n")})]
    bench.race(f"{count} records from the {broker.name}", contenders, file.stat().st_size, cpu=True)
    for c in contenders[:2]:
        bench.say(f"  resident, {c.name}: {bench.resident(c.argv):.1f} MiB")


def idle(bench, broker):
    """Resident while nothing comes: of a reader at the end of its topic, after it has said that it is there."""
    process = subprocess.Popen([bench.BIN / "maip-consume", "-b", broker.address, "-t", "read", "-o", "latest", "-v"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    process.stderr.readline()
    time.sleep(1)
    with open(f"/proc/{process.pid}/status") as status:
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    os.kill(process.pid, signal.SIGTERM)
    process.wait()
    bench.say(f"maip-consume with nothing to read: {kib / 1024:.1f} MiB resident")


def run(bench):
    kinds = [Mock]
    if shutil.which("java") and shutil.which("mvn"):
        kinds.append(Real)
    else:
        bench.say("  java or mvn is not installed: the real broker is left out")
    for kind in kinds:
        broker = kind(bench)
        try:
            count, readable = bench.events(1000000), bench.events(broker.readable)
            make = lambda n: bench.orders("--events", str(n), "--rate", "555", "--disorder", "2s")
            write(bench, broker, count, make(count))
            read(bench, broker, readable, make(readable))
            idle(bench, broker)
        finally:
            broker.stop()
