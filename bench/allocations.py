#!/usr/bin/env python3
"""Heap allocations per line in the steady state, counted by the allocator itself.

  bench/allocations.py --bin build/release/bin [--lines 500000]

Runs sluiced twice, with N and with 3 N lines, and lets jemalloc print its statistics at exit: the difference of the two counts over
2 N lines is what a line costs once every buffer has its size. Blocks, batches and store upkeep allocate; lines do not.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "end_to_end"))


def count(binaries, kind, lines):
    from harness import Daemon
    with tempfile.NamedTemporaryFile(prefix="sluice-payload-", suffix=".log") as payload:
        subprocess.run([f"{binaries}/sluice-payload", kind, str(lines)], stdout=payload, check=True)
        with Daemon([{"name": "in", "protocol": "tcp"}]) as daemon:
            if daemon.load("in", payload.name, connections=4).wait() != 0:
                sys.exit("the sender failed")
            daemon.settle(lines)
            daemon.stop()
            text = daemon.log()
    found = re.findall(r"^\s*(?:small|large):(?:\s+\d+){5}\s+(\d+)", text, re.M)
    if not found:
        sys.exit("no statistics: is this build without jemalloc?")
    return sum(map(int, found[:2]))  # nrequests, thread caches included; the first table sums up all arenas


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/release/bin")
    ap.add_argument("--lines", type=int, default=500_000)
    args = ap.parse_args()
    os.environ["SLUICE_BIN"] = os.path.abspath(args.bin)
    os.environ["MALLOC_CONF"] = "stats_print:true,stats_print_opts:gdablxeh"
    for kind in ("rfc5424", "rfc3164", "json"):
        few, many = count(args.bin, kind, args.lines), count(args.bin, kind, 3 * args.lines)
        print(f"{kind}: {few} allocations with {args.lines} lines, {many} with {3 * args.lines}: "
              f"{(many - few) / (2 * args.lines):.5f} per line")


if __name__ == "__main__":
    main()
