"""Faults that really happen: the disk is full, does not answer, is read-only; no descriptors; the process is killed."""
import os
import re
import resource
import socket
import subprocess
import tempfile
import unittest

from devices import Ext4Image, Tmpfs, run
from harness import BIN, SANITIZED, Daemon, MiB, memory_limit, wait_until
from notify_test import Manager

LINES = int(os.environ.get("SLUICE_TEST_LINES", "50000"))
SYSLOG = [{"name": "tcp", "protocol": "tcp"}, {"name": "udp", "protocol": "udp"}]


def metric(daemon, name):
    found = re.search(rf"^{name} (\S+)$", daemon.get("/metrics")[1].decode(), re.MULTILINE)
    assert found, name
    return float(found[1])


class Watched(unittest.TestCase):
    """With a service manager that asks for a sign of life every two seconds."""

    def listen(self):
        directory = tempfile.TemporaryDirectory(prefix="sluice-notify-")
        self.addCleanup(directory.cleanup)
        manager = Manager(f"{directory.name}/notify")
        self.addCleanup(manager.close)
        for name, value in {"NOTIFY_SOCKET": f"{directory.name}/notify", "WATCHDOG_USEC": "2000000"}.items():
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)
        return manager


class FullDisk(Watched):
    def test_lines_wait_until_there_is_room_and_none_is_lost(self):
        manager = self.listen()
        device = Tmpfs("64m")
        self.addCleanup(device.close)
        device.fill(leave=1 * MiB)
        with tempfile.NamedTemporaryFile(prefix="sluice-payload-") as lines, \
                Daemon(SYSLOG, memory={"limit": f"{memory_limit(128)}B"}, spool={"enabled": False},
                       store={"path": f"{device.path}/store"}) as daemon:
            subprocess.run([f"{BIN}/sluice-payload", "rfc5424", str(20 * LINES)], stdout=lines, check=True)
            pid, started = daemon.process.pid, daemon.status()["uptime_seconds"]
            tcp = daemon.load("tcp", lines.name, connections=4)
            wait_until(lambda: daemon.status()["pipeline"]["store_failing"], "the disk to be full")
            self.assertEqual(daemon.get("/readyz"), (503, b"the store takes no blocks\n"))
            self.assertEqual(metric(daemon, "sluice_store_failing"), 1)

            # Waiting is no reason to be killed: the watchdog is fed for longer than it allows silence.
            for _ in range(4):
                manager.wait_for(lambda s: s.get("WATCHDOG") == "1", "WATCHDOG while the disk is full")
            self.assertEqual(daemon.get("/healthz"), (200, b"ok\n"))
            manager.wait_for(lambda s: "takes no blocks" in s.get("STATUS", ""), "STATUS that says so")
            manager.close()

            sent = 2000
            daemon.send_udp("udp", *(b"<13>datagram %d" % i for i in range(sent)))
            self.assertIsNone(tcp.poll(), "the sender should be held back")
            self.assertEqual(sum(daemon.listener("tcp")["dropped"].values()), 0)

            device.make_room()
            self.assertEqual(tcp.wait(), 0)
            wait_until(lambda: daemon.get("/readyz")[0] == 200, "readiness")
            # What the kernel dropped is told with the next datagram.
            def all_counted():
                nonlocal sent
                daemon.send_udp("udp", b"<13>datagram %d" % sent)
                sent += 1
                return daemon.listener("udp")["received"] == sent
            wait_until(all_counted, "every datagram counted")
            daemon.settle(20 * LINES + sent)
            tcp_now, udp_now = daemon.listener("tcp"), daemon.listener("udp")
            self.assertEqual((tcp_now["received"], tcp_now["stored"] + tcp_now["collapsed"]), (20 * LINES, 20 * LINES))
            self.assertEqual(udp_now["stored"] + udp_now["collapsed"] + sum(udp_now["dropped"].values()), sent)
            self.assertEqual(daemon.process.pid, pid)
            self.assertGreater(daemon.status()["uptime_seconds"], started)
            self.assertIn("the store takes blocks again", daemon.log())
            daemon.verify()
            with open(lines.name, "rb") as f:
                want = f.read().split(b"\n")[:-1]
            self.assertEqual(sorted(line for line in daemon.raw() if not line.startswith(b"<13>datagram")), sorted(want))


class DiskThatDoesNotAnswer(Watched):
    def test_a_thread_stuck_in_a_write_is_named_and_the_watchdog_starves(self):
        manager = self.listen()
        disk = Ext4Image(64 * MiB)
        self.addCleanup(disk.close)
        with Daemon(SYSLOG, spool={"enabled": False}, store={"path": f"{disk.path}/store"}) as daemon:
            daemon.send_tcp("tcp", b"<13>before\n")
            daemon.settle(1)
            self.assertEqual(metric(daemon, "sluice_healthy"), 1)
            try:
                disk.freeze()
                daemon.send_tcp("tcp", b"<13>meanwhile\n")
                wait_until(lambda: daemon.get("/healthz")[0] == 503, "bad health")
                code, said = daemon.get("/healthz")
                self.assertEqual(code, 503)
                self.assertRegex(said, rb"^thread store has been at one piece of work for \d+ s\n$")
                self.assertEqual(metric(daemon, "sluice_healthy"), 0)
                manager.wait_for(lambda s: s.get("STATUS", "").startswith("thread store has been"), "STATUS")
                # Two more signs that the main thread lives, and none for the watchdog between them.
                fed = sum("WATCHDOG" in s for s in manager.seen)
                for _ in range(2):
                    manager.wait_for(lambda s: "STATUS" in s, "STATUS")
                self.assertEqual(sum("WATCHDOG" in s for s in manager.seen), fed)
                self.assertEqual(daemon.log().count("the watchdog is not fed until it goes on"), 1)
            finally:
                disk.thaw()
            wait_until(lambda: daemon.get("/healthz")[0] == 200, "good health")
            manager.wait_for(lambda s: s.get("WATCHDOG") == "1", "WATCHDOG")
            daemon.settle(2)
            self.assertIn("every thread goes on", daemon.log())
            self.assertEqual(daemon.raw(), [b"<13>before", b"<13>meanwhile"])
            daemon.verify()
            daemon.stop()


class ReadOnly(unittest.TestCase):
    def test_a_file_system_that_turns_read_only_is_waited_for_and_what_was_stored_stays(self):
        disk = Ext4Image(64 * MiB, options="loop,errors=remount-ro")
        self.addCleanup(disk.close)
        with tempfile.TemporaryDirectory(prefix="sluice-ro-") as directory:
            with Daemon(SYSLOG, directory=directory, spool={"enabled": False}, shutdown={"timeout": "1s"},
                        store={"path": f"{disk.path}/store", "sync_interval": "0s"}) as daemon:
                daemon.send_tcp("tcp", b"<13>before\n")
                daemon.settle(1)
                disk.fail()
                daemon.send_tcp("tcp", b"<13>meanwhile\n")
                wait_until(lambda: daemon.get("/readyz") == (503, b"the store takes no blocks\n"), "the fault to be seen")
                self.assertEqual(daemon.get("/healthz")[0], 200)
                self.assertEqual(daemon.listener("tcp")["in_flight"], 1)
                self.assertIn("the store takes no more blocks and the daemon waits until it does", daemon.log())
                self.assertEqual(daemon.raw(), [b"<13>before"])
                # Nothing can be written any more: what waits is given up at the end, and counted.
                self.assertEqual(daemon.stop(), 0)
                self.assertIn("store_failed 1", daemon.log())
            refused = subprocess.run([f"{BIN}/sluiced", "--config", daemon.config_path], stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(refused.returncode, 78)
            self.assertIn(b"Read-only file system", refused.stderr)
            disk.repair()
            with daemon:
                daemon.send_tcp("tcp", b"<13>after\n")
                daemon.settle(1)
                self.assertEqual(daemon.raw(), [b"<13>before", b"<13>after"])
                daemon.verify()
                daemon.stop()

    def test_a_store_that_is_read_only_at_the_start_is_one_sentence_and_can_be_read(self):
        device = Tmpfs("64m")
        self.addCleanup(device.close)
        with tempfile.TemporaryDirectory(prefix="sluice-ro-") as directory:
            daemon = Daemon(SYSLOG, directory=directory, spool={"enabled": False}, store={"path": f"{device.path}/store"})
            with daemon:
                daemon.send_tcp("tcp", b"<13>before\n")
                daemon.settle(1)
            device.remount("ro")
            for arguments in ([], ["--check"]):
                done = subprocess.run([f"{BIN}/sluiced", "--config", daemon.config_path, *arguments],
                                      stderr=subprocess.PIPE, timeout=60)
                self.assertEqual(done.returncode, 78)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertRegex(done.stderr.decode(), rf"store.path {device.path}/store: .*Read-only file system")
            self.assertEqual(daemon.raw(), [b"<13>before"])
            daemon.verify()
            device.remount("rw")
            with daemon:
                daemon.send_tcp("tcp", b"<13>after\n")
                daemon.settle(1)
                self.assertEqual(daemon.raw(), [b"<13>before", b"<13>after"])

    def test_a_directory_that_takes_no_new_file_is_waited_for(self):
        disk = Ext4Image(64 * MiB)
        self.addCleanup(disk.close)
        with Daemon(SYSLOG, spool={"enabled": False}, store={"path": f"{disk.path}/store"}) as daemon:
            if run("chattr", "+i", daemon.store, check=False).returncode != 0:
                self.skipTest("no immutable directories here")
            try:
                daemon.send_tcp("tcp", b"<13>one\n")
                wait_until(lambda: daemon.get("/readyz")[0] == 503, "the fault to be seen")
                self.assertIn("Operation not permitted", daemon.log())
            finally:
                run("chattr", "-i", daemon.store)
            daemon.settle(1)
            wait_until(lambda: daemon.get("/readyz")[0] == 200, "readiness")
            self.assertEqual(daemon.raw(), [b"<13>one"])
            daemon.verify()
            daemon.stop()


class Descriptors(unittest.TestCase):
    @unittest.skipIf(SANITIZED, "the sanitizer itself needs descriptors")
    def test_out_of_descriptors_the_lines_go_on_and_accepting_is_tried_again(self):
        with Daemon(SYSLOG) as daemon:
            first = daemon.connect("tcp")
            wait_until(lambda: daemon.listener("tcp")["connections"] == 1, "the first connection")
            limits = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
            used = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
            # Room for the store's file, the log, and somebody who asks; then for no more.
            resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (used + 4, limits[1]))
            crowd = [daemon.connect("tcp") for _ in range(30)]
            try:
                wait_until(lambda: "accept: Too many open files; tried again soon" in daemon.log(), "a failed accept")
                first.sendall(b"<13>by the first\n")
                resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, limits)
                wait_until(lambda: daemon.listener("tcp")["connections"] == 31, "all of them accepted")
                self.assertGreater(daemon.listener("tcp")["accept_errors"], 0)
                for i, s in enumerate(crowd):
                    s.sendall(b"<13>by number %d\n" % i)
                daemon.settle(31)
            finally:
                for s in [first, *crowd]:
                    s.close()
            self.assertEqual(sorted(daemon.raw()), sorted([b"<13>by the first"] + [b"<13>by number %d" % i for i in range(30)]))
            daemon.verify()

    def test_connections_leave_descriptors_for_the_store(self):
        with Daemon(SYSLOG, command_prefix=["prlimit", "--nofile=128:128"],
                    store={"block_age": "10ms", "segment_age": "1s"}) as daemon:
            self.assertIn("listener tcp: max_connections is 64 instead of 16384: the process may open 128 files", daemon.log())
            crowd = [daemon.connect("tcp") for _ in range(80)]
            try:
                wait_until(lambda: daemon.listener("tcp")["connections_refused"] == 16, "those too many refused")
                self.assertEqual(daemon.listener("tcp")["connections"], 64)
                # The store rolls and opens files all the while.
                sent = 0
                def rolled():
                    nonlocal sent
                    crowd[0].sendall(b"<13>line %d\n" % sent)
                    sent += 1
                    return sum(name.endswith(".seg") for name in os.listdir(daemon.store)) >= 2
                wait_until(rolled, "a second segment")
                daemon.settle(sent)
                self.assertFalse(daemon.status()["pipeline"]["store_failing"])
                self.assertEqual(daemon.listener("tcp")["accept_errors"], 0)
                self.assertEqual(len(daemon.raw()), sent)
            finally:
                for s in crowd:
                    s.close()
            daemon.verify()


class Killed(unittest.TestCase):
    def test_kills_during_rolls_and_merges_lose_nothing_stored(self):
        """Blocks of 10 ms: a roll every third of a second, and a merge of every four segments. Every other kill comes while
        a merge is at work, the others after one."""
        times = int(os.environ.get("SLUICE_TEST_KILLS", "10"))
        daemon = Daemon([{"name": "in", "protocol": "tcp", "dedupe": False}], check=False,
                        store={"block_age": "10ms", "segment_age": "1s", "block_bytes": "64KiB"})
        with daemon:
            sent, stored, unfinished = 0, 0, 0
            names = lambda: os.listdir(daemon.store)
            merging = lambda: any(name.endswith(".tmp") for name in names())
            for kill in range(times):
                with daemon.connect("in") as s:
                    before = daemon.status()["store"]["merges"]
                    seen = 0
                    def merged():
                        nonlocal sent, seen
                        s.sendall(b"".join(b"<13>number %d\n" % i for i in range(sent, sent + 20)))
                        sent += 20
                        status = daemon.status()
                        seen = status["ledger"]["in"]["stored"]
                        merges = status["store"]["merges"] - before
                        if kill % 2 == 0:  # one is over within milliseconds: three that were not seen are enough
                            return any(merging() for _ in range(500)) or merges >= 3
                        return merges > 0
                    wait_until(merged, "a merge")
                    daemon.process.kill()
                    daemon.process.wait()
                unfinished += merging()
                stored += seen
                lines = daemon.raw()
                self.assertEqual(len(lines), len(set(lines)), "a line is there twice")
                self.assertGreaterEqual(len(lines), stored, "a stored line is gone")
                stored = len(lines)
                daemon.verify()
                daemon.start()
                after = daemon.raw()
                self.assertEqual(len(after), len(set(after)), "the start doubled a line")
                self.assertLessEqual(set(lines), set(after), "the start lost a line")
            known = {b"<13>number %d" % i for i in range(sent)}
            self.assertTrue(set(daemon.raw()) <= known)
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual(daemon.verify().returncode, 0)
            self.assertNotIn("damaged", daemon.log())
            print(f"{times} kills, {unfinished} of them in a merge: {sent} lines sent, {len(daemon.raw())} stored")


if __name__ == "__main__":
    unittest.main()
