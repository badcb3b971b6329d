"""Senders that behave badly: slow, stalled, half-closed, resetting, flooding. Each costs itself and nobody else."""
import socket
import struct
import unittest

from harness import Daemon, MiB, wait_until



class Senders(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon([{"name": "in", "protocol": "tcp"}], memory={"limit": "128MiB"}).__enter__()
        self.sockets = []

    def tearDown(self):
        for s in self.sockets:
            s.close()
        self.daemon.__exit__(None, None, None)

    def connect(self):
        s = self.daemon.connect("in")
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sockets.append(s)
        return s

    def expect_lines(self, *lines):
        self.daemon.settle(len(lines))
        self.assertEqual(sorted(self.daemon.raw()), sorted(lines))
        self.daemon.verify()

    def connections(self):
        return self.daemon.listener("in")["connections"]

    def test_a_line_a_byte_at_a_time(self):
        s = self.connect()
        lines = [b"<34>1 2026-01-02T03:04:05Z web-1 app - - - slowly %d" % i for i in range(3)]
        for line in lines:
            for i in range(len(line)):
                s.sendall(line[i:i + 1])
            s.sendall(b"\n")
        self.expect_lines(*lines)

    def test_an_octet_counted_frame_a_byte_at_a_time(self):
        s = self.connect()
        line = b"<34>1 2026-01-02T03:04:05Z web-1 app - - - counted"
        for byte in b"%d " % len(line) + line:
            s.sendall(bytes([byte]))
        self.expect_lines(line)

    def test_a_sender_that_stalls_in_its_line_holds_up_nobody(self):
        stalled = [self.connect() for _ in range(50)]
        for i, s in enumerate(stalled):
            s.sendall(b"<13>not finished %d" % i)
        wait_until(lambda: self.connections() == 50, "all of them connected")
        other = self.connect()
        other.sendall(b"<13>at once\n")
        wait_until(lambda: self.daemon.raw() == [b"<13>at once"], "the other's line")
        for s in stalled:
            s.sendall(b", now it is\n")
        self.expect_lines(b"<13>at once", *(b"<13>not finished %d, now it is" % i for i in range(50)))

    def test_a_half_closed_connection_has_its_lines_stored_and_is_closed(self):
        s = self.connect()
        s.sendall(b"<13>one\n<13>two\n<13>the last without its newline")
        s.shutdown(socket.SHUT_WR)
        self.assertEqual(s.recv(1), b"")  # the daemon closes its half
        self.expect_lines(b"<13>one", b"<13>two", b"<13>the last without its newline")
        wait_until(lambda: self.connections() == 0, "the connection gone")

    def test_a_reset_is_counted_and_costs_no_line_that_was_read(self):
        s = self.connect()
        s.sendall(b"<13>whole\n<13>cut")
        # Both pieces have been read once the first is received: they came in one segment or the connection was drained.
        wait_until(lambda: self.daemon.listener("in")["received"] == 1, "the whole line received")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
        wait_until(lambda: self.connections() == 0, "the connection gone")
        self.assertEqual(self.daemon.listener("in")["connections_reset"], 1)
        totals = self.daemon.settle(1)
        self.assertEqual(totals["dropped"], 0)
        self.assertIn(b"<13>whole", self.daemon.raw())

    def test_many_resets_leave_no_connection_and_no_memory_behind(self):
        for i in range(500):
            s = self.connect()
            s.sendall(b"<13>line %d\n" % i)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        self.sockets.clear()
        wait_until(lambda: self.daemon.listener("in")["connections_closed"] == 500, "all of them closed")
        self.assertEqual(self.connections(), 0)
        totals = self.daemon.settle(0)
        self.assertEqual(totals["received"], totals["stored"] + totals["collapsed"])
        self.assertEqual(len(self.daemon.raw()), totals["received"])
        self.assertEqual(self.daemon.status()["memory"]["accounts"]["connections"]["bytes"], 0)

    def test_a_flood_without_newlines_is_cut_counted_and_holds_up_nobody(self):
        flood = self.connect()
        chunk = b"x" * (64 << 10)
        other = self.connect()
        for i in range(400):
            flood.sendall(chunk)
            if i % 100 == 0:
                other.sendall(b"<13>between %d\n" % i)
        wait_until(lambda: len(self.daemon.raw()) >= 4, "the other's lines")
        flood.sendall(b"\n")
        self.daemon.settle(5)
        listener = self.daemon.listener("in")
        self.assertEqual(listener["truncated_lines"], 1)
        self.assertEqual(listener["discarded_bytes"], 400 * len(chunk) - 65536)
        self.assertLess(self.daemon.rss("VmHWM"), 128 * MiB)
        self.expect_lines(b"x" * 65536, *(b"<13>between %d" % i for i in range(0, 400, 100)))

    def test_a_sender_that_never_reads_and_never_closes_is_no_trouble_at_the_end(self):
        s = self.connect()
        s.sendall(b"<13>one\n<13>unfinished")
        wait_until(lambda: self.daemon.listener("in")["received"] == 1, "the first line")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.raw(), [b"<13>one", b"<13>unfinished"])


if __name__ == "__main__":
    unittest.main()
