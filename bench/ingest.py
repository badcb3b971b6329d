#!/usr/bin/env python3
"""The end-to-end bench: a real sluiced, a real sender, and `zstd -3` on the same bytes, in turn, in one run.

  bench/ingest.py --bin build/release/bin --payload lines.log [--connections 4] [--rounds 3] [--udp --rate 100000]
  bench/ingest.py --bin build/release/bin --generate rfc5424 --lines 1000000

Prints, per round and as medians: lines/s, CPU seconds (user + system, from /proc) of the daemon per million lines, the
same of `zstd -3`, their ratio, peak RSS, stored bytes per line and what `zstd -3` makes of the whole file. A round
counts only if every line is stored and the ledger balances. The daemon runs on CPU 0 and the sender on CPU 1 where there
are two (--no-pin leaves that to the kernel).
"""
import argparse
import contextlib
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_rss(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def status(admin):
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/status", timeout=10) as answer:
        return json.load(answer)


def totals(report):
    keys = ("received", "stored", "collapsed", "in_flight")
    return {k: sum(listener[k] for listener in report["ledger"].values()) for k in keys} | {
        "dropped": sum(sum(listener["dropped"].values()) for listener in report["ledger"].values())}


def on_cpu(cpu, pin):
    return ["taskset", "-c", str(cpu)] if pin and os.cpu_count() > 1 else []


def measure_zstd(payload, pin, options=("-3",)):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(payload, "rb") as source:
        out = subprocess.run(on_cpu(0, pin) + ["zstd", *options, "--single-thread", "-q", "-c"], stdin=source,
                             stdout=subprocess.PIPE, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, len(out)


@contextlib.contextmanager
def running(args, listeners):
    """A sluiced with these listeners (name: protocol); gives the process, its admin port, the listeners' ports, its folder."""
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    admin, ports = free_port(), {name: free_port() for name in listeners}
    config = f"{work}/sluice.yaml"
    with open(config, "w") as out:
        out.write(f"store: {{path: {work}/store}}\nadmin: {{address: '127.0.0.1:{admin}'}}\nlisteners:\n")
        for name, protocol in listeners.items():
            out.write(f"  - {{name: {name}, protocol: {protocol}, address: '127.0.0.1:{ports[name]}'}}\n")
    command = on_cpu(0, args.pin) + [f"{args.bin}/sluiced", "--config", config]
    for item in args.set:
        command += ["--set", item]
    daemon = subprocess.Popen(command, stderr=open(f"{work}/log", "w"))
    try:
        while True:
            if daemon.poll() is not None:
                sys.exit("sluiced ended: " + open(f"{work}/log").read())
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz", timeout=1)
                break
            except OSError:
                time.sleep(0.05)
        yield daemon, admin, ports, work
        daemon.terminate()
        if daemon.wait(60) != 0:
            sys.exit(f"sluiced ended with {daemon.returncode}: " + open(f"{work}/log").read())
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()
        if args.keep:
            print("kept:", work)
        else:
            shutil.rmtree(work, ignore_errors=True)


def take_for_granted(args):
    """Sets what running() and load() want to know and a bench does not ask for."""
    for key, value in {"connections": 4, "framing": "newline", "udp": False, "rate": 0, "set": [], "packed": False, "pin": True,
                       "keep": False}.items():
        if not hasattr(args, key):
            setattr(args, key, value)


def settled(admin, lines):
    """The ledger once all of `lines` are in it and none in flight."""
    since = time.monotonic()
    while True:
        now = totals(status(admin))
        if now["in_flight"] == 0 and now["received"] >= lines:
            break
        if time.monotonic() - since > 120:
            sys.exit(f"not everything was stored: sent {lines}, {now}")
        time.sleep(0.05)
    if now["received"] != now["stored"] + now["collapsed"] + now["dropped"]:
        sys.exit(f"the ledger does not balance: {now}")
    return now


def load(args, to, protocol="tcp"):
    """Sends the payload; returns how long that took, without what the sender needs to read its file first."""
    sender = [f"{args.bin}/sluice-load", f"--{protocol}", f"127.0.0.1:{to}", "--file", args.payload,
              "--connections", str(args.connections), "--framing", args.framing]
    if args.rate:
        sender += ["--rate", str(args.rate)]
    words = subprocess.run(on_cpu(1, args.pin) + sender, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return float(words[words.index("seconds") + 1])


def wait_for_packing(admin):
    """Until merges have come and gone; returns what the segments take then."""
    merges, since = 0, time.monotonic()
    while True:
        now = status(admin)["store"]
        if now["merges"] != merges:
            merges, since = now["merges"], time.monotonic()
        quiet = time.monotonic() - since
        if quiet > 20 and merges > 0:  # a daemon begins to pack 10 s after a flood
            return now["bytes"]
        if quiet > 120:
            sys.exit("nothing was packed: is store.merge off, or store.pack_level 0?")
        time.sleep(0.5)


def measure_daemon(args, lines):
    protocol = "udp" if args.udp else "tcp"
    with running(args, {"bench": protocol}) as (daemon, admin, ports, work):
        cpu_before = cpu_seconds(daemon.pid)
        seconds = load(args, ports["bench"], protocol)
        now = settled(admin, lines)
        cpu = cpu_seconds(daemon.pid) - cpu_before
        rss = peak_rss(daemon.pid)
        packed = wait_for_packing(admin) if args.packed else 0
        daemon.terminate()
        daemon.wait(60)
        # The spool is no part of what is kept.
        stored = sum(os.path.getsize(f"{work}/store/{f}") for f in os.listdir(f"{work}/store") if ".seg" in f)
    return {"cpu": cpu, "seconds": seconds, "rss": rss, "stored": packed or stored, "now": now}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/release/bin")
    ap.add_argument("--payload", help="file of lines")
    ap.add_argument("--generate", choices=["rfc5424", "rfc3164", "json"], help="make the payload (bench/corpus.h)")
    ap.add_argument("--lines", type=int, default=1_000_000, help="with --generate")
    ap.add_argument("--connections", type=int, default=4)
    ap.add_argument("--framing", default="newline", choices=["newline", "octet"])
    ap.add_argument("--udp", action="store_true")
    ap.add_argument("--rate", type=float, default=0)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--set", action="append", default=[], help="path=value, handed to sluiced")
    ap.add_argument("--packed", action="store_true", help="wait until the store is packed; bytes a line are then those")
    ap.add_argument("--no-pin", dest="pin", action="store_false")
    ap.add_argument("--keep", action="store_true", help="keep the store")
    args = ap.parse_args()
    made = None
    if args.generate:
        made = tempfile.NamedTemporaryFile(prefix="sluice-payload-", suffix=".log")
        subprocess.run([f"{args.bin}/sluice-payload", args.generate, str(args.lines)], stdout=made, check=True)
        made.flush()
        args.payload = made.name
    if not args.payload:
        ap.error("--payload or --generate")
    with open(args.payload, "rb") as f:
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: f.read(1 << 20), b""))
    size = os.path.getsize(args.payload)
    print(f"{lines} lines, {size / lines:.1f} bytes a line, {args.connections} "
          f"{'UDP senders' if args.udp else 'TCP connections'}, {args.rounds} rounds")
    print("| round | lines/s | CPU-s per M lines | zstd -3 CPU-s per M | ratio | peak RSS MiB | bytes a line | zstd -3 bytes a line | dropped |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows = []
    for n in range(args.rounds):
        zstd_cpu, zstd_size = measure_zstd(args.payload, args.pin)
        d = measure_daemon(args, lines if not args.udp else 1)
        row = [lines / d["seconds"], d["cpu"] / lines * 1e6, zstd_cpu / lines * 1e6, d["cpu"] / zstd_cpu, d["rss"] / 2**20,
               d["stored"] / lines, zstd_size / lines, d["now"]["dropped"]]
        rows.append(row)
        print(f"| {n + 1} | " + " | ".join(f"{v:.3g}" if i in (1, 2, 3) else f"{v:,.1f}" if i in (4, 5, 6) else f"{v:,.0f}"
                                          for i, v in enumerate(row)) + " |", flush=True)
    median = [statistics.median(column) for column in zip(*rows)]
    print("| median | " + " | ".join(f"{v:.3g}" if i in (1, 2, 3) else f"{v:,.1f}" if i in (4, 5, 6) else f"{v:,.0f}"
                                     for i, v in enumerate(median)) + " |")


if __name__ == "__main__":
    main()
