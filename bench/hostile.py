#!/usr/bin/env python3
"""Input that suits the daemon worst: what it costs a byte beside ordinary lines, and what is kept beside `zstd -1`.

  bench/hostile.py --bin build/release/bin [--megabytes 100] [--rounds 3]

Makes each kind of input from a fixed seed and sends it to a fresh sluiced over TCP; ordinary lines (bench/corpus.h) are measured
in turn with it in the same run. A round counts only if every line is stored and the ledger balances.
"""
import argparse
import json
import os
import random
import statistics
import string
import subprocess
import tempfile

import ingest

LETTERS = string.ascii_lowercase
PRINTABLE = "".join(chr(c) for c in range(33, 127))


def word(rng, alphabet, low, high):
    return "".join(rng.choices(alphabet, k=rng.randint(low, high)))


def head(rng, host="web-1"):
    return f"<13>1 2026-11-23T10:15:{rng.randrange(60):02d}.{rng.randrange(10**6):06d}Z {host} app {rng.randrange(10**5)} - "


KINDS = {
    "random printable text": lambda rng: head(rng) + "- " + word(rng, PRINTABLE + " ", 100, 140),
    "a template a line": lambda rng: head(rng) + "- " + " ".join(word(rng, LETTERS, 3, 9) for _ in range(16)),
    "nothing but numbers": lambda rng: head(rng) + "- " + " ".join(str(rng.randrange(1000)) for _ in range(32)),
    "a mixed word beside another": lambda rng: head(rng) + "- " + " ".join(word(rng, LETTERS + string.digits, 5, 9) for _ in range(14)),
    "a host a line": lambda rng: head(rng, word(rng, LETTERS + string.digits, 12, 24)) + "- session closed for user root, 10 left",
    "a key a line, structured data": lambda rng: head(rng) + "[x@32473 " + " ".join(
        f'{word(rng, LETTERS, 8, 16)}="{word(rng, LETTERS, 4, 8)}"' for _ in range(5)) + "] done",
    "keys of JSON": lambda rng: json.dumps({"time": "2026-11-23T10:15:30Z", "message": word(rng, LETTERS, 8, 16),
                                            **{word(rng, LETTERS, 6, 12): rng.randrange(10**6) for _ in range(6)}}),
    "random bytes": lambda rng: rng.randbytes(rng.randint(100, 160)).replace(b"\n", b" ").decode("latin-1"),
}


def write(kind, size, out):
    rng = random.Random(20261201)
    while out.tell() < size:
        out.write("".join(KINDS[kind](rng) + "\n" for _ in range(1000)).encode("latin-1"))
    out.flush()


def measure(args, payload):
    args.payload = payload
    with open(payload, "rb") as f:
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: f.read(1 << 20), b""))
    return ingest.measure_daemon(args, lines), lines


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bin", default="build/release/bin")
    ap.add_argument("--megabytes", type=int, default=100)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--kind", help="only those whose name holds this")
    args = ap.parse_args()
    ingest.take_for_granted(args)
    with tempfile.TemporaryDirectory(prefix="sluice-hostile-") as work:
        ordinary = f"{work}/ordinary"
        with open(ordinary, "wb") as out:
            subprocess.run([f"{args.bin}/sluice-payload", "rfc5424", str(args.megabytes * 8000)], stdout=out, check=True)
        print("| input | bytes a line | CPU-s per GB | to ordinary lines | kept, to `zstd -1` | peak RSS MiB |\n|---|---|---|---|---|---|")
        for kind in ["ordinary lines"] + [k for k in KINDS if not args.kind or args.kind in k]:
            payload = ordinary
            if kind in KINDS:
                payload = f"{work}/hostile"
                with open(payload, "wb") as out:
                    write(kind, args.megabytes << 20, out)
            size = os.path.getsize(payload)
            zstd = ingest.measure_zstd(payload, args.pin, ("-1",))[1]
            rounds = []
            for _ in range(args.rounds):
                base = measure(args, ordinary)[0]["cpu"] / os.path.getsize(ordinary)
                d, lines = measure(args, payload)
                rounds.append([d["cpu"] / size * 1e9, d["cpu"] / size / base, d["stored"] / zstd, d["rss"] / 2**20])
            cpu, to_ordinary, kept, rss = (statistics.median(column) for column in zip(*rounds))
            print(f"| {kind} | {size / lines:.0f} | {cpu:.2f} | {to_ordinary:.2f} | {kept:.2f} | {rss:.0f} |", flush=True)


if __name__ == "__main__":
    main()
