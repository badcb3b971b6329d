"""The unit as it is installed: systemd knows every word of it, and it is confined."""
import os
import shutil
import subprocess
import tempfile
import unittest

from harness import BIN

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.dirname(BIN)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Unit(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="sluice-unit-")
        self.addCleanup(self.directory.cleanup)
        with open(f"{SOURCE}/systemd/sluiced.service.in") as template:
            unit = template.read().replace("@SLUICE_BINDIR@", BIN).replace("@SLUICE_CONFIG@", "/etc/sluice/sluice.yaml")
        self.assertNotIn("@SLUICE", unit)
        self.path = f"{self.directory.name}/sluiced.service"
        with open(self.path, "w") as out:
            out.write(unit)

    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_verify_has_nothing_to_say(self):
        done = self.analyze("verify", self.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))  # an unknown key is only told, not failed on

    def test_verify_would_tell(self):
        with open(self.path, "a") as out:
            out.write("[Service]\nNoSuchKey=1\n")
        self.assertIn("NoSuchKey", self.analyze("verify", self.path).stderr)

    def test_exposure_is_small(self):
        done = self.analyze("security", "--offline=true", "--threshold=20", self.path)  # 20: 2.0 of 10
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)


class Install(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="sluice-install-")
        self.addCleanup(self.directory.cleanup)
        self.root = self.directory.name

    def install(self, prefix):
        done = subprocess.run([os.environ.get("SLUICE_CMAKE", "cmake"), "--install", BUILD, "--prefix", prefix],
                              env=os.environ | {"DESTDIR": self.root}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def read(self, path):
        with open(self.root + path) as f:
            return f.read()

    def test_prefix_usr_has_its_config_in_etc(self):
        self.install("/usr")
        unit = self.read("/usr/lib/systemd/system/sluiced.service")
        self.assertIn("ExecStart=/usr/bin/sluiced --config /etc/sluice/sluice.yaml\n", unit)
        self.assertTrue(os.access(self.root + "/usr/bin/sluiced", os.X_OK))
        self.assertTrue(os.access(self.root + "/usr/bin/sluicectl", os.X_OK))
        self.assertIn("u sluice ", self.read("/usr/lib/sysusers.d/sluiced.conf"))
        self.assertIn("listeners:", self.read("/etc/sluice/sluice.yaml"))

    def test_another_prefix_keeps_to_itself(self):
        self.install("/opt/sluice")
        unit = self.read("/opt/sluice/lib/systemd/system/sluiced.service")
        self.assertIn("ExecStart=/opt/sluice/bin/sluiced --config /opt/sluice/etc/sluice/sluice.yaml\n", unit)
        self.assertEqual(os.listdir(self.root), ["opt"])

    def test_a_changed_config_is_kept(self):
        self.install("/usr")
        example = self.read("/etc/sluice/sluice.yaml")
        with open(self.root + "/etc/sluice/sluice.yaml", "w") as out:
            out.write("workers: 2\n")
        self.install("/usr")
        self.assertEqual(self.read("/etc/sluice/sluice.yaml"), "workers: 2\n")
        self.assertEqual(self.read("/etc/sluice/sluice.yaml.new"), example)


if __name__ == "__main__":
    unittest.main()
