"""At the edge: overload with the store held back, ten thousand connections, input made to hurt."""
import json
import os
import random
import resource
import socket
import struct
import subprocess
import tempfile
import unittest
import zlib

from devices import Tmpfs
from harness import BIN, Daemon, MiB, memory_limit, wait_until
from tmpfs import Tmpfs

LINES = int(os.environ.get("SLUICE_TEST_LINES", "50000"))


def payload(kind, lines):
    out = tempfile.NamedTemporaryFile(prefix="sluice-payload-", suffix=".log")
    subprocess.run([f"{BIN}/sluice-payload", kind, str(lines)], stdout=out, check=True)
    return out


class Overload(unittest.TestCase):
    def test_a_stopped_store_holds_tcp_back_counts_udp_and_memory_stays_under_its_limit(self):
        device = Tmpfs("1m")
        self.addCleanup(device.close)
        limit = memory_limit(128)
        with payload("rfc5424", 20 * LINES) as tcp_lines, payload("rfc3164", 4 * LINES) as udp_lines, \
                Daemon([{"name": "tcp", "protocol": "tcp"}, {"name": "udp", "protocol": "udp"}],
                       memory={"limit": f"{limit}B"}, store={"path": f"{device.path}/store"}) as daemon:
            tcp = daemon.load("tcp", tcp_lines.name, connections=4)
            udp = daemon.load("udp", udp_lines.name, udp=True)
            wait_until(lambda: daemon.status()["pipeline"]["store_failing"], "the store to be full")
            self.assertEqual(udp.wait(), 0)
            wait_until(lambda: daemon.listener("udp")["received"] > 0, "datagrams")
            # The senders stand still now: nothing may grow any more, and nothing is lost over TCP.
            before = daemon.listener("tcp")["received"]
            self.assertIsNone(tcp.poll(), "the sender should be held back")
            self.assertLess(daemon.rss("VmHWM"), limit)
            self.assertEqual(sum(daemon.listener("tcp")["dropped"].values()), 0)
            device.resize("1g")
            self.assertEqual(tcp.wait(), 0)
            totals = daemon.settle(20 * LINES)
            tcp_now, udp_now = daemon.listener("tcp"), daemon.listener("udp")
            self.assertLess(before, tcp_now["received"])
            self.assertEqual((tcp_now["received"], sum(tcp_now["dropped"].values())), (20 * LINES, 0))
            self.assertEqual(udp_now["received"], udp_now["stored"] + udp_now["collapsed"] + sum(udp_now["dropped"].values()))
            self.assertEqual(totals["in_flight"], 0)
            self.assertLess(daemon.rss("VmHWM"), limit)
            daemon.verify()
            daemon.stop()


class Connections(unittest.TestCase):
    def test_thousands_of_idle_connections_cost_little(self):
        wanted = int(os.environ.get("SLUICE_TEST_CONNECTIONS", "4000"))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < wanted + 100:
            self.skipTest(f"{wanted} connections need more than the {hard} descriptors allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        with Daemon([{"name": "in", "protocol": "tcp"}]) as daemon:
            idle = [daemon.connect("in") for _ in range(wanted)]
            try:
                wait_until(lambda: daemon.listener("in")["connections"] == wanted, "every connection accepted")
                for i, s in enumerate(idle[: wanted // 10]):
                    s.sendall(b"<13>one byte at a time"[: 1 + i % 20])
                with payload("rfc5424", LINES) as lines:
                    self.assertEqual(daemon.load("in", lines.name, connections=2).wait(), 0)
                    daemon.settle(LINES)
                self.assertLess(daemon.rss(), memory_limit(100))
            finally:
                for s in idle:
                    s.close()
            # Each partial line is a line once its connection has ended.
            daemon.settle(LINES + wanted // 10)

    def test_connections_over_the_limit_are_refused_and_counted(self):
        with Daemon([{"name": "in", "protocol": "tcp", "max_connections": 2}]) as daemon:
            first, second = daemon.connect("in"), daemon.connect("in")
            wait_until(lambda: daemon.listener("in")["connections"] == 2, "two connections")
            third = daemon.connect("in")
            self.assertEqual(third.recv(10), b"")
            for s in (first, second, third):
                s.close()


class BadInput(unittest.TestCase):
    def expect_alive(self, daemon):
        daemon.send_tcp("tcp", b"<13>still here\n")
        wait_until(lambda: b"<13>still here" in daemon.raw(), "a line after the bad ones")
        self.assertLess(daemon.rss("VmHWM"), 256 * MiB)
        daemon.verify()

    def daemon(self):
        return Daemon([{"name": "tcp", "protocol": "tcp"}, {"name": "udp", "protocol": "udp"},
                       {"name": "json", "protocol": "tcp", "format": "json"},
                       {"name": "gelf", "protocol": "udp", "format": "gelf"},
                       {"name": "gelf-tcp", "protocol": "tcp", "format": "gelf", "framing": "nul"}], memory={"limit": "256MiB"})

    def test_random_bytes_on_every_listener(self):
        seed = random.randrange(1 << 32)
        print("seed", seed)
        rng = random.Random(seed)
        with self.daemon() as daemon:
            for name in ("tcp", "json", "gelf-tcp"):
                for _ in range(20):
                    with daemon.connect(name) as s:
                        try:
                            s.sendall(rng.randbytes(rng.randrange(1, 200000)))
                        except OSError:
                            pass  # the daemon may close a connection that it gave up on
            for name in ("udp", "gelf"):
                daemon.send_udp(name, *(rng.randbytes(rng.randrange(0, 2000)) for _ in range(200)))
                daemon.send_udp(name, *(b"\x1e\x0f" + rng.randbytes(rng.randrange(0, 50)) for _ in range(200)))
            self.expect_alive(daemon)

    def test_a_line_without_end_is_truncated_and_counted(self):
        size = int(os.environ.get("SLUICE_TEST_ENDLESS_MIB", "64"))
        with self.daemon() as daemon:
            with daemon.connect("tcp") as s:
                chunk = b"x" * MiB
                for _ in range(size):
                    s.sendall(chunk)
                s.sendall(b"\n<13>next\n")
            wait_until(lambda: daemon.listener("tcp")["received"] == 2, "both lines")
            daemon.settle(2)
            listener = daemon.listener("tcp")
            self.assertEqual(listener["truncated_lines"], 1)
            self.assertEqual(listener["discarded_bytes"], size * MiB - 65536)
            self.assertEqual(daemon.raw()[-1], b"<13>next")
            self.expect_alive(daemon)

    def test_json_nested_a_hundred_thousand_deep(self):
        deep = b'{"a":' + b"[" * 30000 + b"]" * 30000 + b"}"
        deeper = b"[" * 100000
        with self.daemon() as daemon:
            daemon.send_tcp("json", deep + b"\n" + deeper + b"\n" + b'{"a":' * 10000 + b"\n")
            daemon.settle(3)
            self.assertEqual(daemon.listener("json")["unparsed_lines"], 3)
            self.expect_alive(daemon)

    def test_decompression_bombs(self):
        bomb = zlib.compress(b'{"version":"1.1","host":"h","short_message":"' + b"A" * (200 * MiB) + b'"}', 9)
        with self.daemon() as daemon:
            pieces = [bomb[i:i + 8000] for i in range(0, len(bomb), 8000)]
            self.assertLess(len(pieces), 128)
            for number, piece in enumerate(pieces):
                daemon.send_udp("gelf", b"\x1e\x0f" + struct.pack(">QBB", 7, number, len(pieces)) + piece)
            wait_until(lambda: sum(daemon.listener("gelf")["dropped"].values()) + daemon.listener("gelf")["truncated_lines"] >= 1, "the bomb counted")
            self.expect_alive(daemon)

    def test_octet_counts_that_are_absurd(self):
        with self.daemon() as daemon:
            for stream in (b"5 <13>a99999999999 <13>x", b"5 <13>a0 <13>x", b"5 <13>ax <13>b"):
                with daemon.connect("tcp") as s:
                    s.sendall(stream)
                    self.assertEqual(s.recv(1), b"", "the connection is closed")
            wait_until(lambda: daemon.listener("tcp")["framing_errors"] == 3, "three framing errors")
            self.expect_alive(daemon)


if __name__ == "__main__":
    unittest.main()
