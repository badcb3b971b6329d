"""What was sent is what is read: every format, both framings, several connections, UDP."""
import os
import random
import subprocess
import tempfile
import unittest

from harness import BIN, Daemon

LINES = int(os.environ.get("SLUICE_TEST_LINES", "50000"))


class Lossless(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="sluice-payload-")
        cls.payload = {}
        for kind in ("rfc5424", "rfc3164", "json"):
            cls.payload[kind] = f"{cls.directory.name}/{kind}.log"
            with open(cls.payload[kind], "wb") as out:
                subprocess.run([f"{BIN}/sluice-payload", kind, str(LINES)], stdout=out, check=True)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def sent(self, kind):
        with open(self.payload[kind], "rb") as f:
            return f.read().split(b"\n")[:-1]

    def expect_all(self, daemon, sent):
        totals = daemon.settle(len(sent))
        self.assertEqual(totals["received"], len(sent))
        self.assertEqual(totals["dropped"], 0)
        self.assertEqual(totals["stored"] + totals["collapsed"], len(sent))
        daemon.verify()
        self.assertEqual(sorted(daemon.raw()), sorted(sent))

    def over_tcp(self, kind, connections, framing):
        with Daemon([{"name": "in", "protocol": "tcp"}]) as daemon:
            self.assertEqual(daemon.load("in", self.payload[kind], connections=connections, framing=framing).wait(), 0)
            self.expect_all(daemon, self.sent(kind))

    def test_rfc5424_over_one_connection(self):
        self.over_tcp("rfc5424", 1, "newline")

    def test_rfc5424_octet_counted_over_four_connections(self):
        self.over_tcp("rfc5424", 4, "octet")

    def test_rfc3164_with_its_repeats_over_four_connections(self):
        self.over_tcp("rfc3164", 4, "newline")

    def test_json_over_four_connections(self):
        self.over_tcp("json", 4, "newline")

    def test_rfc5424_over_udp_at_a_rate_the_kernel_can_hold(self):
        with Daemon([{"name": "in", "protocol": "udp"}]) as daemon:
            self.assertEqual(daemon.load("in", self.payload["rfc5424"], udp=True, rate=20000).wait(), 0)
            sent = self.sent("rfc5424")
            totals = daemon.settle(len(sent))
            # A test machine may be too busy to lose nothing over UDP: then what is missing is counted, to the line.
            self.assertEqual(totals["received"], len(sent))
            self.assertEqual(totals["stored"] + totals["collapsed"] + totals["dropped"], len(sent))
            self.assertEqual(len(daemon.raw()), len(sent) - totals["dropped"])

    def test_bytes_of_every_kind_come_back_as_they_were(self):
        seed = random.randrange(1 << 32)
        print("seed", seed)
        rng = random.Random(seed)
        lines = []
        for _ in range(2000):
            body = bytes(rng.choice(b"abc <>[]{}:\"\\=\x00\r\t\xff\xc3\xa9-0123456789") for _ in range(rng.randrange(1, 200)))
            lines.append(rng.choice([b"<34>1 2026-01-02T03:04:05Z h a - - - ", b"<34>Jan  2 03:04:05 h a: ", b"", b"{\"message\":\"", b"<999>"]) + body)
        with Daemon([{"name": "in", "protocol": "tcp", "framing": "newline"}]) as daemon:
            daemon.send_tcp("in", b"".join(line + b"\n" for line in lines))
            self.expect_all(daemon, lines)

    def test_lines_survive_a_restart(self):
        with Daemon([{"name": "in", "protocol": "tcp"}]) as daemon:
            daemon.send_tcp("in", b"<13>before\n")
            daemon.settle(1)
            self.assertEqual(daemon.stop(), 0)
            daemon.start()
            daemon.send_tcp("in", b"<13>after\n")
            daemon.settle(1)
            self.assertEqual(daemon.raw(), [b"<13>before", b"<13>after"])


if __name__ == "__main__":
    unittest.main()
