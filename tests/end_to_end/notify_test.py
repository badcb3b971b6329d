"""What the service manager is told, with a socket in its place: READY, STATUS, WATCHDOG, STOPPING."""
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import BIN, Daemon, free_port


class Manager:
    """Listens where $NOTIFY_SOCKET points and keeps every datagram."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.seen = []

    def close(self):
        self.socket.close()

    def wait_for(self, condition, what, seconds=60):
        """The first datagram from now on of which the condition is true."""
        deadline = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                state = dict(line.split("=", 1) for line in self.socket.recv(65536).decode().split("\n"))
            except TimeoutError:
                raise AssertionError(f"waited {seconds} s in vain for: {what}; seen: {self.seen}")
            self.seen.append(state)
            if condition(state):
                return state


class Notify(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="sluice-notify-")
        self.addCleanup(self.directory.cleanup)

    def listen(self, address=None):
        address = address or f"{self.directory.name}/notify"
        manager = Manager(address)
        self.addCleanup(manager.close)
        for name, value in {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "4000000"}.items():
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)
        return manager

    def test_a_whole_life_is_told(self):
        manager = self.listen()
        with Daemon([{"name": "in", "protocol": "tcp"}, {"name": "datagrams", "protocol": "udp"}]) as daemon:
            ready = manager.wait_for(lambda s: s.get("READY") == "1", "READY")
            self.assertIn("STATUS", ready)
            self.assertNotIn("STOPPING", ready)

            daemon.send_tcp("in", b"<13>one\n<13>two\n")
            manager.wait_for(lambda s: "2 lines received" in s.get("STATUS", ""), "STATUS with the lines")
            fed = [manager.wait_for(lambda s: s.get("WATCHDOG") == "1", "WATCHDOG") for _ in range(2)]
            self.assertEqual(len(fed), 2)

            daemon.process.send_signal(signal.SIGTERM)
            stopping = manager.wait_for(lambda s: s.get("STOPPING") == "1", "STOPPING")
            self.assertIn("STATUS", stopping)
            self.assertEqual(daemon.process.wait(60), 0)
        self.assertEqual(sum(s.get("READY") == "1" for s in manager.seen), 1)

    def test_ready_is_said_when_every_listener_takes_lines(self):
        manager = self.listen()
        names = [f"l{i}" for i in range(5)]
        daemon = Daemon([{"name": name, "protocol": "tcp"} for name in names], directory=self.directory.name)
        with open(daemon.config_path, "w") as out:
            json.dump(daemon.config, out)
        with open(daemon.log_path, "w") as log:
            process = subprocess.Popen([f"{BIN}/sluiced", "--config", daemon.config_path], stderr=log)
        try:
            manager.wait_for(lambda s: s.get("READY") == "1", "READY")
            for name in names:  # at once, without another try
                daemon.connect(name).close()
            self.assertEqual(daemon.get("/readyz")[0], 200)
        finally:
            process.terminate()
            self.assertEqual(process.wait(60), 0)

    def test_an_abstract_socket_is_reached(self):
        manager = self.listen(f"@sluice-notify-{os.getpid()}")
        with Daemon([{"name": "in", "protocol": "tcp"}]):
            manager.wait_for(lambda s: s.get("READY") == "1", "READY")

    def test_a_daemon_that_cannot_start_never_says_ready(self):
        manager = self.listen()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            config = f"{self.directory.name}/sluice.yaml"
            with open(config, "w") as out:
                out.write(f"store: {{path: {self.directory.name}/store}}\n"
                          f"admin: {{address: '127.0.0.1:{free_port()}'}}\n"
                          f"listeners: [{{address: '127.0.0.1:{taken.getsockname()[1]}'}}]\n")
            done = subprocess.run([f"{BIN}/sluiced", "--config", config], stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 78, done.stderr)
        manager.socket.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                self.assertNotIn(b"READY", manager.socket.recv(65536))


if __name__ == "__main__":
    unittest.main()
