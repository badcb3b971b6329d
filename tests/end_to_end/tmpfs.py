"""A small file system in memory, for a store whose disk is full."""
import contextlib
import os
import subprocess
import tempfile
import unittest


class Tmpfs:
    """A file system of a given size, as a store device that can be full and can be made larger."""

    def __init__(self, size):
        self.path = tempfile.mkdtemp(prefix="sluice-tmpfs-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "sluice-test", self.path], stderr=subprocess.PIPE)
        if done.returncode != 0:
            os.rmdir(self.path)
            raise unittest.SkipTest("can't mount a tmpfs here: " + done.stderr.decode().strip())

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.path], check=True)

    def fill(self):
        """Leaves no room: a ballast file takes it all, until spare() gives it back."""
        ballast = os.open(f"{self.path}/ballast", os.O_WRONLY | os.O_CREAT)
        try:
            with contextlib.suppress(OSError):
                while free := os.statvfs(self.path).f_bavail * os.statvfs(self.path).f_bsize:
                    os.posix_fallocate(ballast, os.fstat(ballast).st_size, free)
        finally:
            os.close(ballast)

    def spare(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{self.path}/ballast")

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=True)
        os.rmdir(self.path)
