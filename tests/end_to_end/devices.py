"""Disks that go wrong on demand. Making them takes root; where that is not to be had the test is skipped, and says so."""
import os
import subprocess
import tempfile
import unittest


def run(*command, check=True):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=check, timeout=60)


class Tmpfs:
    """A file system of a given size, as a store device that can be full and can be made larger."""

    def __init__(self, size):
        self.path = tempfile.mkdtemp(prefix="sluice-tmpfs-")
        done = run("mount", "-t", "tmpfs", "-o", f"size={size}", "sluice-test", self.path, check=False)
        if done.returncode != 0:
            os.rmdir(self.path)
            raise unittest.SkipTest("can't mount a tmpfs here: " + done.stderr.decode().strip())

    def resize(self, size):
        run("mount", "-o", f"remount,size={size}", self.path)

    def remount(self, options):
        run("mount", "-o", f"remount,{options}", self.path)

    def fill(self, leave):
        """Takes all room but `leave` bytes, in a file that make_room() deletes."""
        room = os.statvfs(self.path)
        with open(f"{self.path}/ballast", "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, room.f_bavail * room.f_frsize - leave)

    def make_room(self):
        os.unlink(f"{self.path}/ballast")

    def close(self):
        run("umount", "-l", self.path)
        os.rmdir(self.path)


class Ext4Image:
    """A real file system on a loop device. Its backing file keeps its size for as long as it is mounted."""

    def __init__(self, size, options="loop"):
        self.directory = tempfile.mkdtemp(prefix="sluice-ext4-")
        self.image = f"{self.directory}/image"
        self.path = f"{self.directory}/mounted"
        self.options = options
        self.frozen = False
        os.mkdir(self.path)
        with open(self.image, "wb") as image:
            os.posix_fallocate(image.fileno(), 0, size)
        try:
            made = run("mkfs.ext4", "-q", "-F", self.image, check=False)
            if made.returncode == 0:
                made = run("mount", "-o", self.options, self.image, self.path, check=False)
            problem = made.stderr.decode().strip() if made.returncode else None
        except FileNotFoundError as missing:
            problem = str(missing)
        if problem is not None:
            self.remove()
            raise unittest.SkipTest("can't mount an ext4 image here: " + problem)

    def freeze(self):
        """Every write waits in its system call until thaw()."""
        done = run("fsfreeze", "-f", self.path, check=False)
        if done.returncode != 0:
            raise unittest.SkipTest("can't freeze a file system here: " + done.stderr.decode().strip())
        self.frozen = True

    def thaw(self):
        if self.frozen:
            run("fsfreeze", "-u", self.path)
            self.frozen = False

    def fail(self):
        """Does what an I/O error in its own structures makes ext4 do: it is read-only at once, open files or not."""
        device = os.path.basename(run("findmnt", "-n", "-o", "SOURCE", self.path).stdout.decode().strip())
        trigger = f"/sys/fs/ext4/{device}/trigger_fs_error"
        if not os.path.exists(trigger):
            raise unittest.SkipTest(f"no {trigger} here")
        with open(trigger, "w") as out:
            out.write("sluice test")

    def repair(self):
        """As an administrator would: unmount, check, mount again."""
        run("umount", self.path)
        checked = run("e2fsck", "-f", "-y", self.image, check=False)
        assert checked.returncode in (0, 1), checked
        run("mount", "-o", self.options, self.image, self.path)

    def close(self):
        self.thaw()
        run("umount", self.path)
        self.remove()

    def remove(self):
        os.rmdir(self.path)
        os.unlink(self.image)
        os.rmdir(self.directory)
