#!/usr/bin/env python3
"""The search bench: a store of N lines, and `zstd -dc | grep -F` on the same lines, in turn, in one run.

  bench/search.py --bin build/release/bin [--lines 20000000] [--format rfc5424] [--rounds 3] [--no-filters]

Makes the lines (bench/corpus.h) and a store of them by a real sluiced, waits until it has given the blocks their filters
(--no-filters: stops it before), then prints the wall-clock seconds of each search, the median of the rounds, beside those
of zstd and grep with the same answer. Every search must find as many lines as grep does.
"""
import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import ingest


def wait_for_merges(work):
    """Until each large segment was merged: a minute of quiet, and then some."""
    until = time.monotonic() + 600
    while time.monotonic() < until:
        plain = [f for f in os.listdir(f"{work}/store") if re.fullmatch(r"\d+\.seg", f)
                 and os.path.getsize(f"{work}/store/{f}") > 16 << 20 or f.endswith(".tmp")]
        if not plain:
            return
        time.sleep(1)
    print("not every segment was merged in ten minutes", file=sys.stderr)


def timed(command, expected=None):
    begun = time.monotonic()
    out = subprocess.run(command, shell=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    seconds = time.monotonic() - begun
    if expected is not None and out != expected:
        sys.exit(f"{command}\nfound {out} lines, not {expected}")
    return seconds, out


def searches(args, payload, compressed, store):
    """(what, the command for zstd, the command for us): each prints how many lines it found."""
    random.seed(1)
    ids = []
    size = os.path.getsize(payload)
    with open(payload, errors="replace") as lines:
        while len(ids) < 3:
            lines.seek(random.randrange(size - 4096))
            found = re.search(r"session ([0-9a-f]{8})\b", lines.read(4096))
            if found:
                ids.append(found.group(1))
    logs = f"{args.bin}/sluicectl logs --store {store}"
    plain = f"zstd -dc {compressed}"
    last = subprocess.run(["tail", "-1", payload], stdout=subprocess.PIPE, text=True).stdout
    minute = re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:", last)
    cases = [(f"an id in few lines ({i})", f"{plain} | grep -cF {i}", f"{logs} -g {i} | wc -l") for i in ids[:2]]
    cases += [("a text in no line", f"{plain} | grep -cF no-such-text", f"{logs} -g no-such-text | wc -l"),
              ("a text in every block", f"{plain} | grep -cF 'failed with exit status 2'",
               f"{logs} -g 'failed with exit status 2' | wc -l"),
              ("the same, case as it stands", f"{plain} | grep -cF 'failed with exit status 2'",
               f"{logs} --case-sensitive=true -g 'failed with exit status 2' | wc -l"),
              ("an expression", f"{plain} | grep -cE 'session {ids[2][:6]}[0-9a-f]+ of'",
               f"{logs} -g 'session {ids[2][:6]}[0-9a-f]+ of' | wc -l")]
    if minute and args.format == "rfc5424":
        at = minute.group(0)
        since, until = at + "00.000000Z", at + "00.999999Z"
        cases.append(("a second, err and worse", f"{plain} | grep -F '>1 {at}00.' | awk -F '[<>]' '$2 % 8 < 4' | wc -l",
                      f"{logs} -p err --since {since} --until {until} | wc -l"))
    return cases


def compare(args, payload, compressed, store):
    stored = sum(os.path.getsize(f"{store}/{f}") for f in os.listdir(store) if f.endswith(".seg"))
    print(f"{args.lines} lines, {os.path.getsize(payload) / args.lines:.1f} bytes a line, stored "
          f"{stored / args.lines:.2f}, by zstd -3 {os.path.getsize(compressed) / args.lines:.2f}; {os.cpu_count()} cores")
    print("| search | lines | zstd and grep, s | sluicectl, s | times as fast |\n|---|---|---|---|---|")
    for what, theirs, ours in searches(args, payload, compressed, store):
        expected = timed(theirs)[1]  # reads the file into memory, too
        timed(ours, expected)
        pairs = [(timed(theirs)[0], timed(ours, expected)[0]) for _ in range(args.rounds)]
        slow, fast = (statistics.median(column) for column in zip(*pairs))
        print(f"| {what} | {expected} | {slow:.3f} | {fast:.3f} | {slow / fast:.1f} |", flush=True)
    seconds = statistics.median(timed(f"{args.bin}/sluicectl stats --store {store} > /dev/null")[0]
                                for _ in range(args.rounds))
    print(f"\nsluicectl stats, which counts by host, program and severity: {seconds:.3f} s")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/release/bin")
    ap.add_argument("--lines", type=int, default=20_000_000)
    ap.add_argument("--format", choices=["rfc5424", "rfc3164", "json"], default="rfc5424")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--no-filters", dest="filters", action="store_false", help="search blocks as they were ingested")
    ap.add_argument("--keep", action="store_true", help="keep the lines and the store")
    args = ap.parse_args()
    work = tempfile.mkdtemp(prefix="sluice-search-")
    try:
        payload, compressed = f"{work}/lines.log", f"{work}/lines.log.zst"
        with open(payload, "wb") as out:
            subprocess.run([f"{args.bin}/sluice-payload", args.format, str(args.lines)], stdout=out, check=True)
        subprocess.run(["zstd", "-3", "-q", payload, "-o", compressed], check=True)
        args.payload, args.pin = payload, False
        ingest.take_for_granted(args)
        with ingest.running(args, {"bench": "tcp"}) as (daemon, admin, ports, home):
            ingest.load(args, ports["bench"])
            ingest.settled(admin, args.lines)
            if args.filters:
                wait_for_merges(home)
            daemon.terminate()
            daemon.wait(60)
            compare(args, payload, compressed, f"{home}/store")
    finally:
        if args.keep:
            print("kept:", work)
        else:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
