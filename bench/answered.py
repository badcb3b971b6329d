#!/usr/bin/env python3
"""Senders that are answered when their lines outlive a power cut, beside plain TCP and the disk, in turn, in one run.

  bench/answered.py --bin build/release/bin [--lines 1000000] [--rounds 3] [--senders 4] [--window 128] [--dir DIR]

Each round: RELP senders with a window each; HTTP senders with newline-delimited JSON in bodies of 1 MiB; the same JSON over
as many plain TCP connections; each into a sluiced of its own. And what the disk allows: as many bytes as such windows hold
written to a file and synced, again and again, with nothing else to do. Prints lines/s, lines per sync of the spool, and the
ratio of HTTP to TCP. The daemon runs on CPU 0 and the sender on CPU 1 where there are two (--no-pin leaves that to the
kernel).
"""
import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import ingest

BODY = 1 << 20
RELP_LINE = 170  # bytes


def syncs(admin):
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("sluice_spool_syncs_total"):
                return int(line.split()[-1])
    sys.exit("sluiced does not say how often it synced its spool")


def relp(args):
    with ingest.running(args, {"relp": "relp"}) as (_, admin, ports, _):
        before = syncs(admin)
        sender = ingest.on_cpu(1, args.pin) + [
            f"{args.bin}/sluice-relp-load", "--to", f"127.0.0.1:{ports['relp']}", "--lines", str(args.lines),
            "--length", str(RELP_LINE), "--connections", str(args.connections), "--window", str(args.window)]
        facts = json.loads(subprocess.run(sender, check=True, stdout=subprocess.PIPE).stdout)
        if facts["acknowledged"] != args.lines:
            sys.exit(f"not every line was acknowledged: {facts}")
        ingest.settled(admin, args.lines)
        return facts["lines_per_second"], args.lines / max(1, syncs(admin) - before)


def bodies_of(path):
    data = open(path, "rb").read()
    at = 0
    while at < len(data):
        end = data.rfind(b"\n", at, at + BODY) + 1 or len(data)
        yield data[at:end]
        at = end


def post_all(host, port, bodies, senders):
    lock, left, failed = threading.Lock(), iter(bodies), []

    def run():
        connection = http.client.HTTPConnection(host, port)
        while True:
            with lock:
                body = next(left, None)
            if body is None:
                return
            while True:
                connection.request("POST", "/ingest", body, {"Content-Type": "application/x-ndjson"})
                answer = connection.getresponse()
                answer.read()
                if answer.status not in (429, 503):
                    break
                time.sleep(0.05)
            if answer.status >= 300:
                failed.append(answer.status)
                return

    threads = [threading.Thread(target=run) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(f"POST /ingest was answered with {failed}")


def over_http(args):
    bodies = list(bodies_of(args.payload))
    with ingest.running(args, {"http": "http"}) as (_, admin, ports, _):
        pid = os.fork()
        if pid == 0:  # a process of its own, so that it can have a CPU of its own
            if args.pin and os.cpu_count() > 1:
                os.sched_setaffinity(0, {1})
            post_all("127.0.0.1", ports["http"], bodies, args.connections)
            os._exit(0)
        start = time.monotonic()
        if os.waitpid(pid, 0)[1] != 0:
            sys.exit("the HTTP senders failed")
        seconds = time.monotonic() - start
        ingest.settled(admin, args.lines)
        return args.lines / seconds


def over_tcp(args):
    with ingest.running(args, {"tcp": "tcp"}) as (_, admin, ports, _):
        seconds = ingest.load(args, ports["tcp"])
        ingest.settled(admin, args.lines)
        return args.lines / seconds


def disk(args):
    """Syncs a second of a file that is written in the way of the spool: `window` lines of each sender between two."""
    piece = b"x" * (args.window * RELP_LINE)
    with tempfile.NamedTemporaryFile(dir=args.dir) as file:
        os.posix_fallocate(file.fileno(), 0, 64 << 20)
        os.fsync(file.fileno())
        count, start = 0, time.monotonic()
        while time.monotonic() - start < 1:
            for sender in range(args.connections):
                os.pwrite(file.fileno(), piece, (count * args.connections + sender) % 64 * (1 << 20))
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.monotonic() - start)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/release/bin")
    ap.add_argument("--lines", type=int, default=1_000_000)
    ap.add_argument("--senders", dest="connections", type=int, default=4)
    ap.add_argument("--window", type=int, default=128)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--dir", help="where the stores and the disk's file lie (TMPDIR, /tmp)")
    ap.add_argument("--set", action="append", default=[], help="path=value, handed to sluiced")
    ap.add_argument("--no-pin", dest="pin", action="store_false")
    args = ap.parse_args()
    args.keep, args.framing, args.rate, args.packed = False, "newline", 0, False
    if args.dir:
        tempfile.tempdir = args.dir
    with tempfile.NamedTemporaryFile(prefix="sluice-payload-", suffix=".log") as payload:
        subprocess.run([f"{args.bin}/sluice-payload", "json", str(args.lines)], stdout=payload, check=True)
        args.payload = payload.name
        print("| round | RELP lines/s | lines a sync | the disk: syncs/s | HTTP lines/s | TCP lines/s | HTTP / TCP |")
        print("|---|---|---|---|---|---|---|")
        rows = []
        for n in range(args.rounds):
            relp_rate, per_sync = relp(args)
            web, tcp = over_http(args), over_tcp(args)
            rows.append([relp_rate, per_sync, disk(args), web, tcp, web / tcp])
            print(f"| {n + 1} | " + row_text(rows[-1]), flush=True)
        print("| median | " + row_text([statistics.median(column) for column in zip(*rows)]))


def row_text(row):
    return " | ".join(f"{value:,.0f}" for value in row[:-1]) + f" | {row[-1]:.2f} |"


if __name__ == "__main__":
    main()
