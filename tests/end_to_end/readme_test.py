"""The README's commands work as they stand there."""
import os
import re
import shlex
import subprocess
import unittest

from harness import BIN, Daemon

README = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")


class Readme(unittest.TestCase):
    def test_every_sluicectl_command_of_the_readme_runs(self):
        with open(README) as f:
            commands = re.findall(r"`(sluicectl [^`]*)`", f.read())
        self.assertGreater(len(commands), 5)
        with Daemon([{"name": "in", "protocol": "tcp"}]) as daemon:
            daemon.send_tcp("in", b"<11>1 2026-01-02T03:04:05Z web-1 app - - - timeout after 20ms\n")
            daemon.settle(1)
            for command in commands:
                words = shlex.split(command.replace("\\|", "|"))
                words = words[1:words.index("|")] if "|" in words else words[1:]
                with self.subTest(command):
                    if words[0] in ("logs", "stats", "verify"):
                        words[1:1] = ["--store", daemon.store]
                    if words[0] == "status":
                        words += ["--address", f"127.0.0.1:{daemon.admin}"]
                    if "-f" in words:
                        continue  # has no end; follow has tests of its own
                    done = subprocess.run([f"{BIN}/sluicectl", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                          stderr=subprocess.PIPE, timeout=60)
                    self.assertEqual(done.returncode, 0, (words, done.stderr))


if __name__ == "__main__":
    unittest.main()
