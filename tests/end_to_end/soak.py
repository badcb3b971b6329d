"""Hours in minutes: every input at once, and every minute a kill -9, a restart with another config, or a full disk.

  soak.py MINUTES [--every SECONDS] [--rate FACTOR]       SLUICE_BIN says where the programs are; see scripts/soak

Every five seconds it takes the daemon's memory, its descriptors and its ledger. It ends with a table, and with 0 only
if memory and descriptors stayed flat (the median of the last quarter against that of the second), every ledger balanced
and `sluicectl verify` found nothing.
"""
import argparse
import itertools
import os
import statistics
import sys
import time
from dataclasses import dataclass, field

from gelf_sender import GelfSender
from harness import Daemon, MiB, wait_until
from senders import HttpSender, RelpSender, TcpSender, UdpSender
from tmpfs import Tmpfs

SAMPLE_SECONDS = 5
FULL_SECONDS = 10     # how long the disk stays full
WARM_SECONDS = 120    # buffers and tables fill: not counted, if there are samples enough without them
SLACK = 1.10          # flat: no more than this times the earlier median
DESCRIPTOR_SLACK = 8  # segments and connections come and go
FIELDS = ("VmRSS", "RssAnon", "RssFile", "RssShmem")


@dataclass
class Sample:
    at: float
    memory: dict
    descriptors: int
    received: int
    unbalanced: list
    store_bytes: int
    load: int


@dataclass
class Run:
    samples: list = field(default_factory=list)
    events: list = field(default_factory=list)    # (at, text)
    failures: list = field(default_factory=list)


def unbalanced(ledger):
    """The listeners of a /status whose ledger does not balance."""
    found = []
    for name, counts in ledger.items():
        accounted = counts["stored"] + counts["collapsed"] + sum(counts["dropped"].values()) + counts["in_flight"]
        if counts["received"] != accounted:
            found.append(f"{name}: received {counts['received']}, accounted for {accounted}: {counts}")
    return found


class Soak:
    def __init__(self, minutes, every, rate):
        self.seconds = minutes * 60
        self.every = every
        self.rate = rate
        self.run = Run()
        self.disk = Tmpfs("1g")
        self.daemon = Daemon([{"name": name, "protocol": protocol, **more} for name, protocol, more in (
            ("tcp", "tcp", {}), ("udp", "udp", {}), ("gelf", "udp", {"format": "gelf"}), ("relp", "relp", {}),
            ("http", "http", {}))], check=False,
            store={"path": f"{self.disk.path}/store", "retention_bytes": "200MiB", "segment_bytes": "16MiB"},
            spool={"bytes": "64MiB"}, memory={"limit": "512MiB"})
        self.began = time.monotonic()

    # -- what goes on all the time

    def start_senders(self):
        plan = [(TcpSender, "tcp", 5000, {}), (TcpSender, "tcp", 5000, {}), (UdpSender, "udp", 3000, {}),
                (GelfSender, "gelf", 500, {})]
        if self.daemon.speaks("relp"):
            plan += [(RelpSender, "relp", 1000, {})] * 2
        if self.daemon.speaks("http"):
            plan += [(HttpSender, "http", 2000, {"path": "/ingest"})]
        self.note("senders: " + ", ".join(kind.__name__ for kind, _, _, _ in plan))
        self.senders = [kind(number, self.daemon.ports[name], rate=rate * self.rate, **more)
                        for number, (kind, name, rate, more) in enumerate(plan)]
        for sender in self.senders:
            sender.start()
            sender.resume()

    def keep_sending(self):
        """Those whose connection the daemon's end took begin again."""
        for sender in self.senders:
            if sender.error:
                raise sender.error
            if sender.idle:
                sender.resume()

    def sample(self):
        status = self.daemon.status()
        pid = self.daemon.process.pid
        sample = Sample(time.monotonic() - self.began, {name: self.daemon.rss(name) for name in FIELDS},
                        len(os.listdir(f"/proc/{pid}/fd")), sum(l["received"] for l in status["ledger"].values()),
                        unbalanced(status["ledger"]), status["store"]["bytes"], status["load"])
        self.run.samples.append(sample)
        for text in sample.unbalanced:
            self.fail("the ledger does not balance: " + text)

    def work_until(self, deadline):
        while time.monotonic() < deadline:
            self.keep_sending()
            if self.daemon.process.poll() is not None:
                raise AssertionError(f"sluiced ended with {self.daemon.process.returncode}")
            self.sample()
            time.sleep(max(0.0, min(SAMPLE_SECONDS, deadline - time.monotonic())))

    # -- what happens now and then

    def kill(self):
        self.daemon.kill()
        self.daemon.start()

    def restart_with_other_retention(self):
        status = self.daemon.stop()
        if status != 0:
            self.fail(f"SIGTERM: sluiced ended with {status}")
        for name, counts in self.daemon.ledger_in_log().items():
            if counts["received"] != counts["stored"] + counts["collapsed"] + counts["dropped"]:
                self.fail(f"the ledger at the end does not balance: {name}: {counts}")
        store = self.daemon.config["store"]
        store["retention_bytes"] = "120MiB" if store["retention_bytes"] == "200MiB" else "200MiB"
        self.daemon.start()

    def fill_the_disk(self):
        self.disk.fill()
        self.work_until(time.monotonic() + FULL_SECONDS)
        self.disk.spare()
        stored = self.daemon.totals()["stored"]
        wait_until(lambda: self.daemon.totals()["stored"] > stored, "lines to be stored again")

    def note(self, text):
        self.run.events.append((time.monotonic() - self.began, text))
        print(f"{time.monotonic() - self.began:6.0f} s  {text}", flush=True)

    def fail(self, text):
        self.run.failures.append(text)
        self.note("FAILED: " + text)

    # -- the whole

    def go(self):
        events = itertools.cycle((self.kill, self.restart_with_other_retention, self.fill_the_disk))
        self.daemon.start()
        self.start_senders()
        try:
            while (left := self.seconds - (time.monotonic() - self.began)) > 0:
                self.work_until(time.monotonic() + min(self.every, left))
                if left > self.every:
                    event = next(events)
                    self.note(event.__name__.replace("_", " "))
                    event()
            self.finish()
        except Exception as error:
            self.fail(f"{type(error).__name__}: {error}")
            print(self.daemon.log()[-3000:])
        finally:
            if self.daemon.process.poll() is None:
                self.daemon.kill()
            self.disk.spare()

    def finish(self):
        for sender in self.senders:
            sender.end()
        self.restart_with_other_retention()
        self.daemon.stop()
        found = self.daemon.ctl("verify", "--store", self.daemon.store, check=False)
        if found.returncode != 0:
            self.fail("sluicectl verify: " + (found.stdout + found.stderr).decode()[:1000])
        self.judge("memory", lambda s: s.memory["VmRSS"], SLACK, 0)
        self.judge("descriptors", lambda s: s.descriptors, 1.0, DESCRIPTOR_SLACK)

    def judge(self, what, value, factor, more):
        """The last quarter of the run against the second."""
        warm = WARM_SECONDS if self.seconds >= 4 * WARM_SECONDS else 0
        samples = [s for s in self.run.samples if s.at >= warm]
        quarter = lambda k: [value(s) for s in samples if k * self.seconds / 4 <= s.at < (k + 1) * self.seconds / 4]
        second, last = quarter(1), quarter(3)
        if not second or not last:
            return self.fail(f"{what}: the run was too short to judge")
        before, after = statistics.median(second), statistics.median(last)
        text = f"{what}: median {before:.0f} in the second quarter, {after:.0f} in the last"
        if after > before * factor + more:
            self.fail(text)
        else:
            self.note(text)

    def print_table(self):
        print("\nminute  samples  RSS  anon  file  shmem  (MiB, medians; RSS max)  descriptors  load  lines/s  store MiB  events")
        minute = lambda at: int(at // 60)
        for m, group in itertools.groupby(self.run.samples, lambda s: minute(s.at)):
            group = list(group)
            memory = [statistics.median(s.memory[name] for s in group) / MiB for name in FIELDS]
            lines = sum(max(0, b.received - a.received) for a, b in zip(group, group[1:]))
            span = max(group[-1].at - group[0].at, 1)
            events = "; ".join(text for at, text in self.run.events if minute(at) == m)
            print(f"{m:6} {len(group):8} {memory[0]:6.0f} {memory[1]:5.0f} {memory[2]:5.0f} {memory[3]:6.0f}   max "
                  f"{max(s.memory['VmRSS'] for s in group) / MiB:5.0f} {max(s.descriptors for s in group):12} "
                  f"{max(s.load for s in group):5} {lines / span:8.0f} {group[-1].store_bytes / MiB:10.1f}  {events[:120]}")
        print(f"\n{len(self.run.samples)} samples, {len(self.run.failures)} failures")
        for text in self.run.failures[:20]:
            print("FAILED: " + text[:1000])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("minutes", type=float, nargs="?", default=30)
    options.add_argument("--every", type=float, default=60, help="seconds between two events")
    options.add_argument("--rate", type=float, default=1, help="times the usual rate (16,500 lines/s and 2,000 over HTTP)")
    given = options.parse_args()
    soak = Soak(given.minutes, given.every, given.rate)
    try:
        soak.go()
        soak.print_table()
    finally:
        soak.disk.close()
    print("soak: " + ("FAILED" if soak.run.failures else "passed"))
    return 1 if soak.run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
