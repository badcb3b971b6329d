#!/usr/bin/env python3
"""UDP: what sluiced takes for a datagram beside a bare recvmmsg loop that only counts them, in turn, in one run.

  bench/udp.py --bin build/release/bin [--against OTHER/bin] [--lines 1000000] [--rates 100000,200000,0] [--at-once 6,64]

For each rate (lines/s; 0: as fast as it goes) and each number of datagrams that the sender hands over at once: the bare loop,
the bare loop with a pause of 300 us before it reads, and sluiced, each from the same single sender. Medians of the rounds:
CPU seconds (user + system) per million datagrams sent, that against the bare loop of the same run, and datagrams lost.
"a call" is datagrams per recvmmsg; sluiced's is counted by `perf` where there is one that may.
"""
import argparse
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

import ingest


def send(args, port, rate, at_once):
    """The lines per second that the sender reached."""
    command = [f"{args.bin}/sluice-load", "--udp", f"127.0.0.1:{port}", "--file", args.payload, "--at-once", str(at_once)]
    if rate:
        command += ["--rate", str(rate)]
    words = subprocess.run(ingest.on_cpu(1, args.pin) + command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return args.lines / float(words[words.index("seconds") + 1])


def bare(args, rate, at_once, pause):
    command = ingest.on_cpu(0, args.pin) + [f"{args.bin}/sluice-udp-floor", "--pause", str(pause)]
    loop = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    speed = send(args, int(loop.stdout.readline().split()[1]), rate, at_once)
    words = loop.stdout.readline().split()
    loop.wait(60)
    saw = {words[i]: float(words[i + 1]) for i in range(0, len(words), 2)}
    return {"speed": speed, "cpu": saw["cpu"], "lost": args.lines - saw["datagrams"], "calls": saw["calls"]}


def counted_calls(pid):
    """A `perf` that counts the process's recvmmsg; None where there is none."""
    if not shutil.which("perf"):
        return None
    return subprocess.Popen(["perf", "stat", "-x,", "-e", "syscalls:sys_enter_recvmmsg", "-p", str(pid)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def calls_of(counter):
    if counter is None:
        return None
    counter.send_signal(signal.SIGINT)
    first = counter.communicate()[1].split(",")[0]
    return float(first) if first.isdigit() else None


def daemon(args, binaries, rate, at_once):
    settings = argparse.Namespace(bin=binaries, pin=args.pin, set=args.set, keep=False)
    with ingest.running(settings, {"bench": "udp"}) as (process, admin, ports, _):
        counter = counted_calls(process.pid)
        time.sleep(0.5)  # until it has begun
        before = ingest.cpu_seconds(process.pid)
        speed = send(args, ports["bench"], rate, at_once)
        now = ingest.settled(admin, 1)
        return {"speed": speed, "cpu": ingest.cpu_seconds(process.pid) - before, "calls": calls_of(counter),
                "lost": args.lines - now["stored"] - now["collapsed"]}


def row(args, rounds, who, bare_cpu):
    median = {key: statistics.median(r[key] for r in rounds) for key in ("speed", "cpu", "lost")}
    calls = [r["calls"] for r in rounds if r["calls"]]
    a_call = f"{(args.lines - median['lost']) / statistics.median(calls):.0f}" if calls else "-"
    cpu = median["cpu"] / args.lines * 1e6
    return f"| {who} | {median['speed']:,.0f} | {cpu:.2f} | {median['cpu'] / bare_cpu:.2f} | {median['lost']:,.0f} | {a_call} |"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/release/bin")
    ap.add_argument("--against", help="another build's binaries: their sluiced is measured too")
    ap.add_argument("--kind", default="rfc5424", choices=["rfc5424", "rfc3164", "json"])
    ap.add_argument("--lines", type=int, default=1_000_000)
    ap.add_argument("--rates", default="100000,200000,0")
    ap.add_argument("--at-once", default="6,64", help="datagrams per sendmmsg")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--set", action="append", default=[], help="path=value, handed to sluiced")
    ap.add_argument("--no-pin", dest="pin", action="store_false")
    args = ap.parse_args()
    with tempfile.NamedTemporaryFile(prefix="sluice-payload-", suffix=".log") as made:
        subprocess.run([f"{args.bin}/sluice-payload", args.kind, str(args.lines)], stdout=made, check=True)
        args.payload = made.name
        for at_once in (int(n) for n in args.at_once.split(",")):
            for rate in (float(r) for r in args.rates.split(",")):
                what = {"bare loop": lambda: bare(args, rate, at_once, 0),
                        "bare loop, 300 us": lambda: bare(args, rate, at_once, 300),
                        "sluiced": lambda: daemon(args, args.bin, rate, at_once)}
                if args.against:
                    what[f"sluiced in {args.against}"] = lambda: daemon(args, args.against, rate, at_once)
                rounds = {who: [] for who in what}
                for _ in range(args.rounds):
                    for who, measure in what.items():
                        rounds[who].append(measure())
                bare_cpu = statistics.median(r["cpu"] for r in rounds["bare loop"])
                print(f"\n{rate:,.0f} lines/s, {at_once} at once" if rate else f"\nas fast as it goes, {at_once} at once")
                print("| | lines/s | CPU-s per M | to the bare loop | lost | a call |\n|---|---|---|---|---|---|")
                for who in what:
                    print(row(args, rounds[who], who, bare_cpu), flush=True)


if __name__ == "__main__":
    main()
