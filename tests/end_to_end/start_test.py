"""Starting, or not: one clear sentence, exit status 78, no half-started daemon."""
import os
import socket
import subprocess
import tempfile
import unittest

from harness import BIN, Daemon, free_port, wait_until

CONFIG_ERROR = 78


class Start(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="sluice-start-")
        self.addCleanup(self.directory.cleanup)

    def sluiced(self, config, *arguments):
        path = f"{self.directory.name}/sluice.yaml"
        with open(path, "w") as out:
            out.write(config)
        return subprocess.run([f"{BIN}/sluiced", "--config", path, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=30)

    def good(self, extra=""):
        return (f"store: {{path: {self.directory.name}/store}}\nadmin: {{address: '127.0.0.1:{free_port()}'}}\n"
                f"listeners: [{{name: in, protocol: tcp, address: '127.0.0.1:{free_port()}'}}]\n" + extra)

    def expect_refusal(self, done, *words):
        self.assertEqual(done.returncode, CONFIG_ERROR, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_unknown_key_is_named_with_its_place_and_the_nearest_one(self):
        self.expect_refusal(self.sluiced(self.good("wokers: 3\n")), "sluice.yaml:4:1", "wokers", "workers")

    def test_all_errors_come_at_once(self):
        done = self.sluiced(self.good("workers: many\nmemory: {limit: 12}\ndedupe: {window: 5}\n"))
        self.expect_refusal(done, "workers", "memory.limit", "dedupe.window")

    def test_port_in_use_is_one_sentence(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = self.sluiced(self.good(), "--set", f"listeners[0].address=127.0.0.1:{port}")
            self.expect_refusal(done, str(port), "in use")
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
            self.expect_refusal(self.sluiced(self.good(), "--set", f"listeners[0].address=127.0.0.1:{port}", "--check"), str(port))

    def test_store_that_cannot_be_written_is_one_sentence(self):
        blocked = f"{self.directory.name}/file"
        open(blocked, "w").close()
        self.expect_refusal(self.sluiced(self.good(), "--set", f"store.path={blocked}/store"), f"{blocked}/store")

    def test_missing_config_file_is_named(self):
        done = subprocess.run([f"{BIN}/sluiced", "--config", "/nonexistent/sluice.yaml"], stderr=subprocess.PIPE, text=True)
        self.expect_refusal(done, "/nonexistent/sluice.yaml")

    def test_check_opens_nothing_for_long_and_leaves_no_store_behind(self):
        done = self.sluiced(self.good(), "--check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(os.path.exists(f"{self.directory.name}/store"))

    def test_a_second_daemon_on_the_same_store_is_refused(self):
        with Daemon([{"name": "in", "protocol": "tcp"}]) as daemon:
            done = self.sluiced(self.good(), "--set", f"store.path={daemon.store}")
            self.expect_refusal(done, daemon.store)

    def test_check_does_not_disturb_a_running_daemon(self):
        with Daemon([{"name": "in", "protocol": "tcp"}]) as daemon:
            done = subprocess.run([f"{BIN}/sluiced", "--config", daemon.config_path, "--check"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            daemon.send_tcp("in", b"<13>undisturbed\n")
            daemon.settle(1)
            self.assertEqual(daemon.raw(), [b"<13>undisturbed"])

    def test_version_and_help_config(self):
        version = subprocess.run([f"{BIN}/sluiced", "--version"], stdout=subprocess.PIPE, text=True)
        self.assertRegex(version.stdout, r"^sluiced \d+\.\d+\.\d+\n$")
        keys = subprocess.run([f"{BIN}/sluiced", "--help-config"], stdout=subprocess.PIPE, text=True)
        self.assertIn("listeners[].max_frame_bytes", keys.stdout)

    def test_a_line_is_readable_two_seconds_after_it_arrived(self):
        with Daemon([{"name": "in", "protocol": "tcp"}]) as daemon, daemon.connect("in") as s:
            s.sendall(b"<13>soon\n")
            # The connection stays open: only the block's age can bring the line out. The bound is the product's promise.
            wait_until(lambda: daemon.raw() == [b"<13>soon"], "the line", seconds=2 + 1)


if __name__ == "__main__":
    unittest.main()
