"""What one daemon does with one payload: over TCP as fast as it goes, over UDP at a rate, and killed in mid-stream.

  over_tcp(peer, args, lines)            # {"cpu", "rate", "rss", "bytes", "lost_tcp"}
  over_udp(peer, args, lines, rate)      # {"lost", "rate"}
  when_killed(peer, args, lines)         # lines that recv had returned to it and that it does not have after a restart

A run that makes no sense (a daemon that ended, that has more lines than it was sent, whose ledger does not balance)
raises Nonsense and is no figure. CPU is user and system time from /proc, of the process and all its children, from
before the first line until nothing is left to do; the clock of lines/s ends where the daemon first rests after the last
line was sent, so that no daemon's pause before it writes the rest (Sluice's and Fluent Bit's: 1 s) counts as work.
"""
import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

import ingest
from kernel_queues import bytes_taken

TICK = 1 / os.sysconf("SC_CLK_TCK")  # s, the unit of CPU time in /proc
BREATH = 0.1   # s without work after which a daemon rests
QUIET = 1.2    # s without work or output after which nothing more comes: longer than any of them waits
PATIENCE = 120  # s


class Nonsense(Exception):
    """A run of which no figure may be taken."""


def family(pid):
    """A process and all that come from it."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += family(int(child))
    return found


def cpu_seconds(pid):
    """User and system time of a process and all that come from it, those that have ended and were waited for as well."""
    ticks = 0
    for member in family(pid):
        with contextlib.suppress(OSError), open(f"/proc/{member}/stat") as file:
            ticks += sum(int(field) for field in file.read().rsplit(")", 1)[1].split()[11:15])
    return ticks * TICK


def peak_rss(pid):
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            total += ingest.peak_rss(member)
    return total


def is_bound(port, protocol):
    with open(f"/proc/net/{protocol}") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return any(int(row[1].rsplit(":", 1)[1], 16) == port and (protocol == "udp" or row[3] == "0A") for row in rows)


class Running:
    """One daemon in a folder of its own; `with` ends it and removes the folder."""

    def __init__(self, peer, protocol, args):
        self.peer, self.protocol, self.args = peer, protocol, args
        self.work = tempfile.mkdtemp(prefix="sluice-compare-")
        self.port = ingest.free_port()
        self.process = None
        self.lives = 0
        peer.configure(self.work, protocol, self.port)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()
        if self.args.keep:
            print("kept:", self.work)
        else:
            shutil.rmtree(self.work, ignore_errors=True)

    def start(self):
        self.lives += 1
        with open(f"{self.work}/log", "a") as log:
            self.process = subprocess.Popen(ingest.on_cpu(0, self.args.pin) + self.peer.command(self.work), stdout=log,
                                            stderr=log, cwd=self.work, env=os.environ | self.peer.environment)
        since = time.monotonic()
        while not (is_bound(self.port, self.protocol) and self.peer.is_ready(self.work)):
            self.expect_alive()
            if time.monotonic() - since > PATIENCE:
                raise Nonsense(f"{self.peer.name} does not open its port")
            time.sleep(0.02)
        self.rest(BREATH)

    def expect_alive(self):
        if self.process.poll() is not None:
            with open(f"{self.work}/log", errors="replace") as log:
                raise Nonsense(f"{self.peer.name} ended with {self.process.returncode}: {log.read()[-1000:]}")

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def rest(self, quiet, done=lambda: True):
        """Waits until the daemon has not worked and its output not grown for `quiet` seconds. Returns how long it still
        worked, the silence itself left out."""
        began = worked = time.monotonic()
        cpu, size = self.cpu(), self.peer.size(self.work)
        while time.monotonic() - worked < quiet or not done():
            time.sleep(0.02)
            self.expect_alive()
            now = self.cpu(), self.peer.size(self.work)
            if now[0] - cpu > 1.5 * TICK or now[1] != size:
                worked = time.monotonic()
                cpu, size = now
            if time.monotonic() - began > PATIENCE:
                raise Nonsense(f"{self.peer.name} is still busy {PATIENCE} s after the last line was sent")
        return worked - began

    def finish(self):
        """Waits until all is written."""
        self.rest(QUIET, lambda: not self.peer.busy(self.work))

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)
        wait_until_stopped(self.process.pid)

    def kill(self):
        for member in family(self.process.pid)[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def end(self):
        """Ends it in peace and returns the lines that it has."""
        said = self.peer.ledger(self.work) if self.lives == 1 else None
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Nonsense(f"{self.peer.name} does not end") from None
        arrived = self.peer.arrived(self.work)
        if said is not None and said != arrived:
            raise Nonsense(f"{self.peer.name} says that it stored {said} lines, and has {arrived}")
        return arrived


def wait_until_stopped(pid):
    def states():
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat") as file:
                yield file.read().rsplit(")", 1)[1].split()[0]
    while not all(state in "TtZ" for state in states()):
        time.sleep(0.002)


def sending(args, **changed):
    return argparse.Namespace(**(vars(args) | {"framing": "newline", "rate": 0} | changed))


def expect_sense(peer, arrived, sent):
    if arrived == 0:
        raise Nonsense(f"{peer.name} has none of {sent} lines")
    if arrived > sent:
        raise Nonsense(f"{peer.name} has {arrived} lines of {sent}")


def over_tcp(peer, args, lines):
    with Running(peer, "tcp", args) as daemon:
        before = daemon.cpu()
        seconds = ingest.load(sending(args), daemon.port, "tcp")
        seconds += daemon.rest(BREATH)
        daemon.finish()
        cpu, rss = daemon.cpu() - before, peak_rss(daemon.process.pid)
        arrived = daemon.end()
        expect_sense(peer, arrived, lines)
        return {"cpu": cpu / arrived * 1e6, "rate": arrived / seconds, "rss": rss, "bytes": peer.size(daemon.work) / arrived,
                "lost_tcp": lines - arrived}


def over_udp(peer, args, lines, rate):
    """From one sender; a rate of 0 is as fast as it can."""
    with Running(peer, "udp", args) as daemon:
        seconds = ingest.load(sending(args, connections=1, rate=rate), daemon.port, "udp")
        daemon.finish()
        arrived = daemon.end()
        expect_sense(peer, arrived, lines)
        return {"lost": (lines - arrived) / lines, "rate": lines / seconds}


def when_killed(peer, args, lines):
    """Daemon and sender are frozen wherever they are, so that what recv had returned can be read from the kernel. A line
    of which it had returned a part only counts neither way."""
    size = os.path.getsize(args.payload)
    with Running(peer, "tcp", args) as daemon:
        sender = subprocess.Popen(ingest.on_cpu(1, args.pin) + [
            f"{args.bin}/sluice-load", "--tcp", f"127.0.0.1:{daemon.port}", "--file", args.payload],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            since = time.monotonic()
            while sum(bytes_taken(daemon.port).values()) < size / 3:
                daemon.expect_alive()
                if time.monotonic() - since > PATIENCE:
                    raise Nonsense(f"{peer.name} takes nothing")
            sender.send_signal(signal.SIGSTOP)
            daemon.freeze()
            taken = sum(bytes_taken(daemon.port).values())
        finally:
            daemon.kill()
            sender.kill()
            sender.wait()
        if not 0 < taken < size:
            raise Nonsense(f"{peer.name} was killed when it had taken {taken} of {size} bytes, and not in mid-stream")
        with open(args.payload, "rb") as file:
            received = file.read(taken).count(b"\n")
        daemon.start()
        daemon.finish()
        arrived = daemon.end()
        expect_sense(peer, arrived, received + 1)
        return max(0, received - arrived)
