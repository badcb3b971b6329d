"""kill -9 at random moments, under full load and while it recovers: what was received or acknowledged is stored once.

What "received" means is exact. The daemon is frozen first, wherever its threads are, and then killed: what recv had
returned by then must be stored after the restart, what the kernel still held can't be.

  SLUICE_TEST_KILLS  how often it is killed in each test (6); every fifth kill comes before it is ready
  SLUICE_TEST_RATE   lines/s of each sender (0: as fast as it goes; UDP 20000)
  SLUICE_TEST_SEED   of the moments
"""
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import Daemon, free_port, wait_until
from kernel_queues import bytes_taken, datagrams_left
from numbered_lines import Tally, datagram, line, lines, ranges
from senders import HttpSender, RelpSender, TcpSender, UdpSender

KILLS = int(os.environ.get("SLUICE_TEST_KILLS", "6"))
RATE = int(os.environ.get("SLUICE_TEST_RATE", "0"))
SEED = int(os.environ.get("SLUICE_TEST_SEED", "0")) or random.randrange(1, 1 << 32)
SPOOL = os.environ.get("SLUICE_TEST_SPOOL", "true") != "false"  # false shows that the test can fail


class KillTest(unittest.TestCase):
    LISTENER = {}

    def setUp(self):
        print(f"SLUICE_TEST_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)
        self.store_directory = tempfile.TemporaryDirectory(prefix="sluice-kill-")
        self.addCleanup(self.store_directory.cleanup)
        self.daemon = Daemon([{"name": "in", **self.LISTENER}], directory=self.store_directory.name,
                             spool={"enabled": SPOOL})
        self.addCleanup(self.end_daemon)
        self.senders = []
        self.ready_after = 0.5  # seconds; measured

    def end_daemon(self):
        if self.daemon.process and self.daemon.process.poll() is None:
            self.daemon.kill()
        print(self.daemon.log()[-2000:], flush=True)

    def need(self, protocol):
        self.start()
        if not self.daemon.speaks(protocol):
            self.daemon.kill()
            self.skipTest(f"this sluiced does not speak {protocol}")

    def start(self):
        began = time.monotonic()
        self.daemon.start()
        self.ready_after = time.monotonic() - began

    def add_senders(self, kind, count, **options):
        options.setdefault("rate", RATE)
        for number in range(len(self.senders), len(self.senders) + count):
            self.senders.append(kind(number, self.daemon.ports["in"], **options))
            self.senders[-1].start()

    def each(self, method):
        for sender in self.senders:
            getattr(sender, method)()

    def live_and_die(self, die):
        """KILLS times: the senders send for a while, then die() ends the daemon. It runs and is idle afterwards."""
        for kill in range(KILLS):
            if kill % 5 == 3:
                self.daemon.spawn()
                time.sleep(self.random.uniform(0, self.ready_after))
                self.daemon.kill()
                continue
            if self.daemon.process is None or self.daemon.process.poll() is not None:
                self.start()
            self.each("resume")
            time.sleep(self.random.uniform(0.1, 2.5))
            die()
        if self.daemon.process.poll() is not None:
            self.start()

    def stop_and_read(self, make=None):
        """Ends the daemon in peace and reads what is stored."""
        self.each("end")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.log()[-4000:])
        self.daemon.verify()
        tally = Tally(make) if make else Tally()
        return tally.read(self.daemon.store)

    def expect_none(self, numbers, what):
        with self.subTest(what):  # the others are worth knowing too
            self.assertEqual(ranges(numbers), "", f"{what}: {len(numbers)} lines")

    def expect_once(self, tally, sent_again=frozenset()):
        for number in tally.counts:
            twice = {n for sender, n in tally.twice() if sender == number}
            again = {n for sender, n in sent_again if sender == number}
            self.expect_none(twice - again, f"sender {number}: sent once and stored twice")
            self.expect_none(twice, f"sender {number}: sent again after a crash and stored twice")


class KillTcp(KillTest):
    LISTENER = {"protocol": "tcp"}

    def freeze_and_kill(self):
        self.daemon.freeze()
        self.each("pause")
        taken = bytes_taken(self.daemon.ports["in"])
        for sender in self.senders:
            whole, part = sender.split(taken[sender.local_port])
            self.received[sender.number].append(whole)
            if part == line(sender.number, whole.stop):  # all but its end: stored, flagged, and a line like any other
                self.unended[sender.number].add(whole.stop)
            elif part:
                self.parts.append(part)
            print(f"sender {sender.number}: sent {sender.sent} bytes, received {taken[sender.local_port]}: lines "
                  f"{whole.start} to {whole.stop} and {len(part)} bytes", flush=True)
        self.daemon.kill()

    def test_every_line_received_over_tcp_is_stored_once(self):
        self.start()
        self.add_senders(TcpSender, 3)
        self.received = {sender.number: [] for sender in self.senders}
        self.parts = []
        self.unended = {sender.number: set() for sender in self.senders}
        self.live_and_die(self.freeze_and_kill)
        tally = self.stop_and_read()
        self.expect_once(tally)
        for number, lives in self.received.items():
            stored = tally.stored(number)
            for life in lives:
                self.expect_none(set(life) - stored, f"sender {number}: received {life.start} to {life.stop - 1}, lost")
            never = stored - {n for life in lives for n in life}
            self.expect_none(never - self.unended[number], f"sender {number}: stored and never received")
        self.expect_parts(tally, sum(len(tally.stored(number) & unended) for number, unended in self.unended.items()))

    def expect_parts(self, tally, unended):
        """The line that a kill cut is stored as far as it came, once and flagged, or not at all."""
        left = list(self.parts)
        for stranger in tally.strangers:
            self.assertIn(stranger, left, "stored, and no line that was sent")
            left.remove(stranger)
        if tally.strangers or unended:
            flagged = sum(b'"cut_short"' in event for event in self.daemon.logs("-o", "json", "-n", "all").splitlines())
            self.assertEqual(flagged, len(tally.strangers) + unended)


class KillUdp(KillTest):
    LISTENER = {"protocol": "udp", "overflow": "block"}  # what there is no room for is dropped by the kernel, and counted

    def freeze_and_kill(self):
        self.daemon.freeze()
        self.each("pause")
        waiting, dropped = datagrams_left(self.daemon.ports["in"], UdpSender.SIZE)
        sent = sum(sender.n for sender in self.senders)
        received = sent - self.sent_before - waiting - dropped
        print(f"sent {sent - self.sent_before} datagrams, {waiting} wait, {dropped} dropped: received {received}", flush=True)
        self.sent_before = sent
        self.received += received
        self.daemon.kill()

    def test_every_datagram_received_is_stored_once(self):
        self.start()
        self.add_senders(UdpSender, 2, rate=RATE or 20000)
        self.sent_before = self.received = 0
        self.live_and_die(self.freeze_and_kill)
        tally = self.stop_and_read(lambda sender, n: datagram(sender, n, UdpSender.SIZE))
        self.expect_once(tally)
        self.assertEqual(tally.strangers, [])
        for sender in self.senders:
            self.assertLessEqual(max(tally.stored(sender.number), default=0), sender.n)
        self.assertEqual(tally.total, self.received)


class KillAcknowledged(KillTest):
    """Senders that wait for acknowledgements need no freezing: what they were told is what counts."""

    def kill(self):
        self.daemon.kill()
        self.each("pause")

    def expect_acknowledged(self):
        self.live_and_die(self.kill)
        # Everything that is still unacknowledged is sent again and acknowledged by end().
        tally = self.stop_and_read()
        self.assertEqual(tally.strangers, [])
        for sender in self.senders:
            self.assertGreater(len(sender.acknowledged), 0)
            self.assertEqual(len(set(sender.acknowledged)), len(sender.acknowledged), "acknowledged twice")
            stored = tally.stored(sender.number)
            self.expect_none(set(sender.acknowledged) - stored, f"sender {sender.number}: acknowledged and lost")
            self.expect_none({n for n in stored if n >= sender.n}, f"sender {sender.number}: never sent and stored")
            print(f"sender {sender.number}: {len(sender.acknowledged)} acknowledged, {len(sender.sent_again)} sent again")
        self.expect_once(tally, {(sender.number, n) for sender in self.senders for n in sender.sent_again})


class KillRelp(KillAcknowledged):
    LISTENER = {"protocol": "relp"}

    def test_every_line_acknowledged_over_relp_is_stored_once(self):
        self.need("relp")
        self.add_senders(RelpSender, 3)
        self.expect_acknowledged()
        self.assertEqual([sender.client.refused for sender in self.senders], [[]] * 3)


class KillHttp(KillAcknowledged):
    LISTENER = {"protocol": "http"}

    def test_every_line_acknowledged_over_http_is_stored_once(self):
        self.need("http")
        self.add_senders(HttpSender, 3, path="/ingest")
        self.expect_acknowledged()


class KillUnderRsyslog(KillTest):
    """A real omrelp: a queue in memory, sent again after a crash by librelp."""
    LISTENER = {"protocol": "relp"}
    LINES = 50_000

    def rsyslog(self, work):
        port = free_port()
        with open(f"{work}/rsyslog.conf", "w") as out:
            out.write(f'global(workDirectory="{work}")\nmodule(load="imtcp")\nmodule(load="omrelp")\n'
                      f'main_queue(queue.size="{2 * self.LINES}")\n'
                      'template(name="received" type="string" string="%rawmsg%")\n'
                      f'input(type="imtcp" port="{port}" address="127.0.0.1")\n'
                      f'action(type="omrelp" target="127.0.0.1" port="{self.daemon.ports["in"]}" template="received" '
                      f'queue.type="LinkedList" queue.size="{2 * self.LINES}" action.resumeRetryCount="-1" '
                      'action.resumeInterval="1" windowSize="128")\n')
        server = subprocess.Popen(["rsyslogd", "-n", "-f", f"{work}/rsyslog.conf", "-i", f"{work}/pid"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return server, port

    def test_every_line_given_to_rsyslog_is_stored_once(self):
        if not shutil.which("rsyslogd"):
            self.skipTest("rsyslogd (package rsyslog) is not installed")
        self.need("relp")
        with tempfile.TemporaryDirectory(prefix="sluice-rsyslog-") as work:
            server, port = self.rsyslog(work)
            try:
                self.feed_and_kill(port)
                wait_until(self.all_stored, "every line of rsyslog to be stored", 180)
            except AssertionError:
                lost = set(range(self.LINES)) - Tally().read(self.daemon.store).stored(0)
                self.fail(f"{len(lost)} lines of rsyslog are not stored: {ranges(lost)}")
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(60)
        tally = self.stop_and_read()
        self.assertEqual(tally.strangers, [])
        self.expect_once(tally)

    def feed_and_kill(self, port):
        def connected():
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=60)
            except ConnectionRefusedError:
                return None
        with wait_until(connected, "rsyslog's port") as out:
            part = self.LINES // (KILLS + 1)
            for kill in range(KILLS):
                out.sendall(lines(0, kill * part, part))
                time.sleep(self.random.uniform(0.05, 1))
                self.daemon.kill()
                self.start()
            out.sendall(lines(0, KILLS * part, self.LINES - KILLS * part))

    def all_stored(self):
        return len(Tally().read(self.daemon.store).stored(0)) == self.LINES


if __name__ == "__main__":
    unittest.main()
