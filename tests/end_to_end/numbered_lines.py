"""Lines that tell who sent them and which they are, and a tally of those that a store holds.

    tally = Tally()
    tally.read(daemon.directory + "/store")
    tally.count(sender=3, n=17)          # how often line 17 of sender 3 is stored
    tally.strangers                      # what is stored and no line of ours, byte for byte
"""
import re
import subprocess

from harness import BIN

PADDING = b"abcdefghijklmnopqrstuvwxyz0123456789" * 8
NUMBERS = re.compile(rb"sender=(\d+) n=(\d+) ")


def line(sender, n):
    """The same two numbers give the same bytes; the length changes from line to line."""
    return b"<13>1 2026-01-02T03:04:05.000000Z host app 1 - - sender=%d n=%d %s" % (sender, n, PADDING[n % 31:31 + n * 7 % 220])


def datagram(sender, n, size=200):
    """All of the same length, so that the kernel charges the same for each."""
    return (b"<13>1 2026-01-02T03:04:05.000000Z host app 1 - - sender=%d n=%d " % (sender, n)).ljust(size, b"x")


def lines(sender, first, count):
    return b"".join(line(sender, n) + b"\n" for n in range(first, first + count))


class Tally:
    def __init__(self, make=line):
        self.make = make
        self.counts = {}  # sender -> bytearray: how often line n is stored
        self.strangers = []
        self.total = 0

    def read(self, store):
        """Everything that the store holds, each line as often as it is stored (repeats that dedupe collapsed count once)."""
        command = [f"{BIN}/sluicectl", "logs", "--store", store, "-o", "raw", "-n", "all"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
            for stored in reader.stdout:
                self.add(stored[:-1])
        if reader.returncode != 0:
            raise AssertionError(f"sluicectl logs ended with {reader.returncode}")
        return self

    def add(self, stored):
        self.total += 1
        found = NUMBERS.search(stored)
        sender, n = (int(found[1]), int(found[2])) if found else (0, 0)
        if not found or stored != self.make(sender, n):
            self.strangers.append(stored)
            return
        counts = self.counts.setdefault(sender, bytearray())
        if n >= len(counts):
            counts.extend(bytes(n + 1 - len(counts) + 4096))
        counts[n] = min(counts[n] + 1, 255)

    def count(self, sender, n):
        counts = self.counts.get(sender, b"")
        return counts[n] if n < len(counts) else 0

    def stored(self, sender):
        return {n for n, count in enumerate(self.counts.get(sender, b"")) if count}

    def twice(self):
        return [(sender, n) for sender, counts in self.counts.items() for n, count in enumerate(counts) if count > 1]


def ranges(numbers):
    """'3, 7..9': numbers as a person reads them."""
    runs = []
    for n in sorted(numbers):
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    shown = [f"{a}" if a == b else f"{a}..{b}" for a, b in runs[:20]]
    return ", ".join(shown) + (f" and {len(runs) - 20} more runs" if len(runs) > 20 else "")
