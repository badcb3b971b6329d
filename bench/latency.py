#!/usr/bin/env python3
"""How long a line takes from `send` until it can be read, at a steady rate.

  bench/latency.py --bin build/release/bin [--rate 1000] [--seconds 20] [--set store.block_age=1s]

Lines that carry the time when they were sent, one at a time over one TCP connection, and a `sluicectl logs --follow` that
reads them: what is measured ends when the line comes out of that. Prints the median, the 99th percentile and the worst.
"""
import argparse
import os
import re
import socket
import subprocess
import sys
import threading
import time

import ingest


def send(port, rate, seconds):
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.monotonic()
        for n in range(rate * seconds):
            due = begin + n / rate
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            sender.sendall(b"<13>1 - web-1 bench - - - sent %d\n" % time.monotonic_ns())


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/release/bin")
    ap.add_argument("--rate", type=int, default=1000)
    ap.add_argument("--seconds", type=int, default=20)
    ap.add_argument("--set", action="append", default=[], help="path=value, handed to sluiced")
    args = ap.parse_args()
    args.pin, args.keep = False, False
    lines, took = args.rate * args.seconds, []
    with ingest.running(args, {"in": "tcp"}) as (_, _, ports, work):
        reader = subprocess.Popen([f"{args.bin}/sluicectl", "logs", "--store", f"{work}/store", "-f", "-o", "cat"],
                                  stdout=subprocess.PIPE)
        sender = threading.Thread(target=send, args=(ports["in"], args.rate, args.seconds))
        sender.start()
        rest = b""
        while len(took) < lines:
            piece = os.read(reader.stdout.fileno(), 1 << 20)
            if not piece:
                sys.exit(f"the reader ended after {len(took)} of {lines} lines")
            now = time.monotonic_ns()
            *whole, rest = (rest + piece).split(b"\n")
            took += [now - int(re.search(rb"sent (\d+)", line).group(1)) for line in whole]
        sender.join()
        reader.kill()
        reader.wait()
    took.sort()
    for name, at in (("p50", lines // 2), ("p99", lines * 99 // 100), ("worst", lines - 1)):
        print(f"{name}: {took[at] / 1e6:.0f} ms")


if __name__ == "__main__":
    main()
