"""The daemon as a machine runs it: installed, started, restarted, killed and stopped by a real systemd.

systemd_boot.sh boots one in namespaces; where this machine can't, the test is skipped and says why.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from harness import BIN, SKIP, wait_until

BUILD = os.path.dirname(BIN)
BOOT = f"{os.path.dirname(os.path.abspath(__file__))}/systemd_boot.sh"


class Machine:
    def __init__(self, directory):
        self.directory = directory
        subprocess.run([BOOT, "start", directory], check=True)
        self.root = subprocess.run([BOOT, "root", directory], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def stop(self):
        return subprocess.run([BOOT, "stop", self.directory]).returncode

    def run(self, *command, check=True):
        done = subprocess.run([BOOT, "run", self.directory, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}\n{self.journal()}")
        return done

    def install(self):
        subprocess.run([os.environ.get("SLUICE_CMAKE", "cmake"), "--install", BUILD, "--prefix", "/usr"], check=True,
                       env=os.environ | {"DESTDIR": self.root}, stdout=subprocess.DEVNULL)
        self.run("systemd-sysusers")
        self.run("systemctl", "daemon-reload")

    def show(self, name):
        return self.run("systemctl", "show", "sluiced", "--value", "-p", name).stdout.strip()

    def journal(self, *arguments):
        return subprocess.run([BOOT, "run", self.directory, "journalctl", "-u", "sluiced", "--no-pager", *arguments],
                              stdout=subprocess.PIPE, text=True).stdout

    def send(self, protocol, line):
        end = "\n" if protocol == "tcp" else ""  # a datagram is kept byte for byte, a newline at its end too
        self.run("bash", "-c", f'printf %s "$1" > /dev/{protocol}/127.0.0.1/5514', "send", line + end)

    def lines(self):
        done = self.run("sluicectl", "logs", "--store", "/var/lib/sluice", "-o", "raw", check=False)
        return sorted(done.stdout.splitlines())

    def wait_for_lines(self, *lines):
        wait_until(lambda: self.lines() == sorted(lines), f"the lines {lines}")


class Systemd(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sluice-systemd-")
        self.addCleanup(directory.cleanup)
        self.machine = Machine(directory.name)
        self.addCleanup(self.stop_machine)

    def stop_machine(self):
        self.assertEqual(self.machine.stop(), 0)

    def test_the_life_of_a_service(self):
        m = self.machine
        m.install()
        m.run("systemctl", "start", "sluiced")  # returns when the daemon said READY
        self.assertEqual(m.show("ActiveState"), "active")
        self.assertEqual(m.show("User"), "sluice")
        m.send("tcp", "<13>over tcp")
        m.send("udp", "<13>over udp")
        m.wait_for_lines("<13>over tcp", "<13>over udp")
        wait_until(lambda: "2 lines received" in m.show("StatusText"), "a STATUS with both lines")
        self.assertIn("udp-5514", m.run("sluicectl", "status").stdout)

        m.run("systemctl", "restart", "sluiced")
        m.send("tcp", "<13>after the restart")
        m.wait_for_lines("<13>over tcp", "<13>over udp", "<13>after the restart")
        self.assertEqual(m.show("NRestarts"), "0")

        m.run("systemctl", "kill", "--signal=KILL", "sluiced")
        wait_until(lambda: m.show("NRestarts") == "1" and m.show("ActiveState") == "active", "a start after the kill")
        m.send("udp", "<13>after the kill")
        m.wait_for_lines("<13>over tcp", "<13>over udp", "<13>after the restart", "<13>after the kill")
        m.run("sluicectl", "verify", "--store", "/var/lib/sluice")

        m.run("systemctl", "stop", "sluiced")
        self.assertEqual((m.show("ActiveState"), m.show("Result")), ("inactive", "success"))
        self.assertEqual(len(m.lines()), 4)
        self.check_journal()

    def check_journal(self):
        entries = [json.loads(line) for line in self.machine.journal("-o", "json").splitlines()]
        ours = [e for e in entries if e.get("_COMM") == "sluiced"]
        ledgers = [e for e in ours if "ledger of tcp-5514" in e["MESSAGE"]]
        self.assertEqual(len(ledgers), 2, self.machine.journal())  # two stops; the killed one could not
        for entry in ledgers:
            self.assertEqual(entry["PRIORITY"], "6")
            self.assertTrue(entry["MESSAGE"].startswith("ledger"), entry["MESSAGE"])  # no time, no <6>

    def test_a_wrong_config_is_told_and_not_tried_again(self):
        m = self.machine
        m.install()
        with open(m.root + "/etc/sluice/sluice.yaml", "a") as config:
            config.write("wokers: 2\n")
        self.assertNotEqual(m.run("systemctl", "start", "sluiced", check=False).returncode, 0)
        self.assertEqual(m.show("ExecMainStatus"), "78")
        self.assertEqual(m.show("NRestarts"), "0")
        self.assertEqual(m.show("ActiveState"), "failed")
        self.assertIn('did you mean "workers"?', m.journal())


if __name__ == "__main__":
    if os.environ.get("SLUICE_SANITIZE"):
        print("skipped: a program built with sanitizers does not fit into the unit's sandbox")
        sys.exit(SKIP)
    possible = subprocess.run([BOOT, "possible"], stdout=subprocess.PIPE, text=True)
    if possible.returncode == SKIP:
        print(possible.stdout, end="")
        sys.exit(SKIP)
    unittest.main()
