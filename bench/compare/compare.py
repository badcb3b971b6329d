#!/usr/bin/env python3
"""Side by side: Sluice, rsyslog, syslog-ng, Fluent Bit and zstd on the same lines, in turn, on this machine, in one run.

  bench/compare/compare.py [--bin build/release/bin] [--rounds 5] [--lines 1000000] [--out build/compare]
  bench/compare/compare.py --short                        that it has not rotted; under a minute
  bench/compare/compare.py --from build/compare/rounds.json        draws again what was measured before

What is not installed is left out with a sentence. Debian does not install syslog-ng beside rsyslog: --syslog-ng-root names
a folder into which its packages were unpacked. Each round measures every daemon (measure.py) and zstd, each round
begins with another one. The daemon runs on CPU 0 and the sender on CPU 1 where there are two (--no-pin leaves that to the
kernel). Prints the table and writes it, the picture and all rounds to --out: table.md, picture.svg, rounds.json.
"""
import argparse
import contextlib
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "tests", "end_to_end")]

import ingest
import measure
import peers
import picture
import report

UDP_RATES = {"udp_100k": 100_000, "udp_200k": 200_000, "udp_flat_out": 0}  # lines/s of one sender; 0 is as fast as it can
ZSTD = {"zstd -1": ["-1"], "zstd -3": ["-3"]}
ZSTD_SLOW = "zstd -19 --long=27"  # two hundred times slower: of a part of the lines, and once


def say(words):
    print(words, file=sys.stderr, flush=True)


def measure_peer(peer, args):
    """Every figure of one round; None where a run made no sense."""
    found = {}

    def attempt(what, keys, run):
        try:
            result = run()
        except (measure.Nonsense, subprocess.CalledProcessError, OSError) as error:
            say(f"  {peer.name}, {what}: does not count: {error}")
            result = {key: None for key in keys}
        found.update(result)

    attempt("TCP", ["cpu", "rate", "rss", "bytes", "lost_tcp"], lambda: measure.over_tcp(peer, args, args.lines))
    for key, rate in UDP_RATES.items():
        def over_udp():
            run = measure.over_udp(peer, args, args.lines, rate)
            return {key: run["lost"], f"{key}_sent": run["rate"]}
        attempt(key, [key], over_udp)
    attempt("kill -9", ["killed"], lambda: {"killed": measure.when_killed(peer, args, args.lines)})
    return found


def zstd_figures(args, payload, lines, options):
    cpu, size = ingest.measure_zstd(payload, args.pin, options)
    return {"cpu": cpu / lines * 1e6, "bytes": size / lines}


def measure_slow_zstd(args):
    with tempfile.NamedTemporaryFile(prefix="sluice-part-") as part, open(args.payload, "rb") as source:
        for _ in range(args.part):
            part.write(source.readline())
        part.flush()
        return zstd_figures(args, part.name, args.part, ["-19", "--long=27"])


def measure_rounds(chosen, args):
    rounds = []
    for number in range(args.rounds):
        say(f"round {number + 1} of {args.rounds}")
        turn = number % len(chosen)
        measured = {peer.name: measure_peer(peer, args) for peer in chosen[turn:] + chosen[:turn]}
        rounds.append({peer.name: measured[peer.name] for peer in chosen})
        for name, options in ZSTD.items():
            rounds[-1][name] = zstd_figures(args, args.payload, args.lines, options)
        if number == 0:
            rounds[0][ZSTD_SLOW] = measure_slow_zstd(args)
        if args.rounds > 1:
            say(report.table(report.collect(rounds[-1:])))
    return rounds


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.M)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {model[1] if model else platform.machine()}, {memory:.0f} GiB, Linux {platform.release()}"


def versions(chosen, left_out):
    """Name and version of those that run; one that does not is left out as well."""
    found = {}
    for peer in list(chosen):
        try:
            found[peer.name] = peer.version()
        except (OSError, subprocess.TimeoutExpired) as error:
            chosen.remove(peer)
            left_out.append(f"{peer.name} is left out: {peer.program} does not run: {error}.")
    said = subprocess.run(["zstd", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return found | {"zstd": re.search(r"\d+\.\d+\.\d+", said)[0]}


def describe(args, chosen, left_out):
    """What the figures are of, in sentences."""
    size = os.path.getsize(args.payload)
    pinned = "the daemon on one core and the sender on the other" if args.pin and os.cpu_count() > 1 else "on any core"
    facts = [f"{datetime.date.today()}; {machine()}.",
             "; ".join(f"{name} {version}" for name, version in versions(chosen, left_out).items()) + ".",
             f"{args.lines:,} lines of {size / args.lines:.0f} bytes over {args.connections} TCP connections, or from one UDP "
             f"sender; {pinned}; medians of {args.rounds} {'round' if args.rounds == 1 else 'rounds'} (least to most); "
             f"{ZSTD_SLOW}: {args.part:,} lines, once.",
             "kill -9: of what recv had returned; what the kernel still held is lost with every daemon and not counted."]
    busy = os.getloadavg()[0]
    if busy > 0.5:
        facts.append(f"Other programs were running (load average {busy:.1f} at the start): compare the rows, trust no single "
                     "figure.")
    return facts + left_out


def sent_flat_out(figures):
    rates = [rate for values in figures.values() for rate in report.counted(values.get("udp_flat_out_sent"))]
    return f"UDP flat out: {min(rates):,.0f} to {max(rates):,.0f} lines/s were sent." if rates else None


def wrapped(sentences, width=128):
    """For the picture, whose text does not break by itself."""
    lines = []
    for word in " ".join(sentences).split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def publish(measured, out):
    figures = report.collect(measured["rounds"])
    facts = measured["facts"] + list(filter(None, [sent_flat_out(figures)]))
    table = report.table(figures) + "\n\n" + "\n".join(facts) + "\n"
    os.makedirs(out, exist_ok=True)
    peers.write(f"{out}/table.md", table)
    peers.write(f"{out}/picture.svg", picture.picture(figures, wrapped(facts), [*ZSTD, ZSTD_SLOW]))
    print(table)
    say(f"written: {out}/table.md and {out}/picture.svg")


def options():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/release/bin")
    ap.add_argument("--payload", help="file of RFC 5424 lines; otherwise they are made (bench/corpus.h)")
    ap.add_argument("--lines", type=int, default=1_000_000, help="to make")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--connections", type=int, default=4)
    ap.add_argument("--syslog-ng", metavar="PROGRAM")
    ap.add_argument("--syslog-ng-root", metavar="DIR", help="its packages, unpacked with dpkg -x")
    ap.add_argument("--fluent-bit", metavar="PROGRAM")
    ap.add_argument("--out", default="build/compare")
    ap.add_argument("--from", dest="source", metavar="FILE", help="measure nothing, draw the rounds of this file")
    ap.add_argument("--dir", help="where the daemons write (TMPDIR, /tmp)")
    ap.add_argument("--no-pin", dest="pin", action="store_false")
    ap.add_argument("--keep", action="store_true", help="keep what the daemons wrote")
    ap.add_argument("--short", action="store_true", help="one round of 100,000 lines")
    args = ap.parse_args()
    args.bin = os.path.abspath(args.bin)  # each daemon runs in a folder of its own
    for name in ("payload", "syslog_ng_root"):
        if getattr(args, name):
            setattr(args, name, os.path.abspath(getattr(args, name)))
    if args.short:
        args.lines, args.rounds = 100_000, 1
    if args.lines < 1 or args.rounds < 1:
        ap.error("--lines and --rounds are at least 1")
    return args


@contextlib.contextmanager
def payload(args):
    with tempfile.NamedTemporaryFile(prefix="sluice-payload-", suffix=".log") as made:
        if not args.payload:
            subprocess.run([f"{args.bin}/sluice-payload", "rfc5424", str(args.lines)], stdout=made, check=True)
            args.payload = made.name
        args.lines = peers.count_lines(args.payload)
        args.part = max(1, min(100_000, args.lines // 20))
        yield


def main():
    args = options()
    if args.source:
        with open(args.source) as file:
            return publish(json.load(file), args.out)
    if args.dir:
        tempfile.tempdir = args.dir
    if args.pin and os.cpu_count() > 1:
        os.sched_setaffinity(0, {1})  # beside the sender, and out of the daemon's way
    try:
        chosen, left_out = peers.choose(args)
    except FileNotFoundError as error:
        sys.exit(f"compare.py: {error}")
    with payload(args):
        measured = {"facts": describe(args, chosen, left_out)}
        for sentence in left_out:
            say(sentence)
        measured["rounds"] = measure_rounds(chosen, args)
    os.makedirs(args.out, exist_ok=True)
    peers.write(f"{args.out}/rounds.json", json.dumps(measured, indent=1))
    publish(measured, args.out)
    if any(value is None for measured_round in measured["rounds"] for value in measured_round[peers.Sluice.name].values()):
        sys.exit("compare.py: a run of Sluice does not count")


if __name__ == "__main__":
    main()
