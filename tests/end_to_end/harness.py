"""What the end-to-end tests share: a real sluiced on free ports with a store of its own, and sluicectl.

    with Daemon(listeners=[{"name": "in", "protocol": "tcp", "format": "auto"}]) as d:
        d.send_tcp("in", b"<13>hello\\n")
        d.settle(1)                                 # until one line was received and nothing is in flight
        assert d.raw() == [b"<13>hello"]

The programs are found in $SLUICE_BIN. Waiting is always for something that can be asked: the ledger, a file, a process.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

BIN = os.environ["SLUICE_BIN"]
SKIP = 77  # CTest's SKIP_RETURN_CODE here
MiB = 1 << 20


def is_sanitized(path):
    with open(path, "rb") as program:
        code = program.read()
    return b"__asan_init" in code or b"__tsan_init" in code


# A sanitizer takes memory of its own for every byte of the daemon's, and opens descriptors to look at an object.
SANITIZED = is_sanitized(f"{BIN}/sluiced")


def memory_limit(mib):
    """What the daemon is told, and what a test may ask of it."""
    return (4 if SANITIZED else 1) * mib * MiB


def free_port(kind=socket.SOCK_STREAM):
    """A port that was free a moment ago. Not one of those that the kernel gives to outgoing connections (from 32768 on): a
    daemon that is started again must find its ports free, whatever other tests connect meanwhile."""
    while True:
        port = random.randrange(10000, 32768)
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def wait_until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.02)


class Daemon:
    def __init__(self, listeners=None, directory=None, command_prefix=(), check=True, **config):
        self.own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="sluice-e2e-")
        self.store = config.setdefault("store", {}).setdefault("path", f"{self.directory}/store")
        self.ports = {}
        self.config = config
        self.config["listeners"] = []
        for listener in listeners or [{"name": "tcp", "protocol": "tcp"}, {"name": "udp", "protocol": "udp"}]:
            listener = dict(listener)
            port = free_port(socket.SOCK_DGRAM if listener["protocol"] == "udp" else socket.SOCK_STREAM)
            listener.setdefault("address", f"127.0.0.1:{port}")
            self.ports[listener["name"]] = int(listener["address"].rsplit(":", 1)[1])
            self.config["listeners"].append(listener)
        self.admin = free_port()
        self.config["admin"] = {"address": f"127.0.0.1:{self.admin}"}
        self.config_path = f"{self.directory}/sluice.yaml"
        self.log_path = f"{self.directory}/log"
        self.command_prefix = list(command_prefix)
        self.check = check
        self.process = None

    def start(self):
        self.spawn()
        return self.wait_ready()

    def spawn(self):
        """Starts the daemon and does not wait for it."""
        with open(self.config_path, "w") as out:
            json.dump(self.config, out)  # JSON is YAML
        log = open(self.log_path, "a")
        self.process = subprocess.Popen(self.command_prefix + [f"{BIN}/sluiced", "--config", self.config_path], stderr=log)
        log.close()

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError("sluiced ended: " + self.log())
            return self.get("/readyz")[0] == 200
        wait_until(ready, "readiness")
        return self

    def stop(self, sig=signal.SIGTERM, seconds=60):
        """Ends the daemon and returns its exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            return self.process.wait(seconds)
        return self.process.returncode if self.process else None

    def freeze(self):
        """Stops the daemon's threads where they are (SIGSTOP); when this returns none of them runs."""
        self.process.send_signal(signal.SIGSTOP)

        def states():
            tasks = f"/proc/{self.process.pid}/task"
            for task in os.listdir(tasks):
                with open(f"{tasks}/{task}/stat") as f:
                    yield f.read().rsplit(")", 1)[1].split()[0]
        wait_until(lambda: all(state in "Tt" for state in states()), "the daemon's threads to stop")

    def kill(self):
        """kill -9, also of a daemon that is frozen."""
        self.process.kill()
        self.process.wait()

    def speaks(self, protocol):
        """Whether the daemon was built with a listener for it."""
        name = next(l["name"] for l in self.config["listeners"] if l["protocol"] == protocol)
        try:
            self.connect(name).close()
        except ConnectionRefusedError:
            return False
        return True

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is None and self.check:
                status = self.stop()
                assert status == 0, f"sluiced ended with {status}: {self.log()}"
                for listener in self.ledger_in_log().values():
                    assert listener["received"] == listener["stored"] + listener["collapsed"] + listener["dropped"], listener
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if kind is not None:
                print(self.log()[-4000:])
            if self.own_directory:
                shutil.rmtree(self.directory, ignore_errors=True)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def ledger_in_log(self):
        """The ledger as the daemon wrote it at its end: name -> counts."""
        found = {}
        for line in self.log().splitlines():
            if "ledger of " in line:
                name, rest = line.split("ledger of ", 1)[1].split(": received ", 1)
                words = rest.split()
                number = lambda word: int(words[words.index(word) + 1])
                found[name] = {"received": int(words[0]), "stored": number("stored"), "collapsed": number("collapsed"),
                               "dropped": number("dropped")}
        return found

    # -- asking

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def status(self):
        code, body = self.get("/status")
        assert code == 200, (code, body, self.process.poll(), self.log()[-1000:])
        return json.loads(body)

    def listener(self, name):
        """One listener's counters: those of the ledger and the others."""
        status = self.status()
        return status["ledger"][name] | status["listeners"][name]

    def totals(self):
        listeners = self.status()["ledger"].values()
        total = {k: sum(l[k] for l in listeners) for k in ("received", "stored", "collapsed", "in_flight")}
        total["dropped"] = sum(sum(l["dropped"].values()) for l in listeners)
        return total

    def settle(self, received, seconds=120):
        """Waits until `received` lines came in and every one is accounted for."""
        def settled():
            t = self.totals()
            return t if t["received"] >= received and t["in_flight"] == 0 else None
        return wait_until(settled, f"{received} lines settled", seconds)

    def rss(self, field="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as f:
            for line in f:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        raise AssertionError(field)

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # -- sending

    def connect(self, name):
        return socket.create_connection(("127.0.0.1", self.ports[name]), timeout=60)

    def send_tcp(self, name, data):
        with self.connect(name) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while s.recv(4096):
                pass

    def send_udp(self, name, *datagrams):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for datagram in datagrams:
                s.sendto(datagram, ("127.0.0.1", self.ports[name]))

    def load(self, name, path, udp=False, **options):
        command = [f"{BIN}/sluice-load", "--udp" if udp else "--tcp", f"127.0.0.1:{self.ports[name]}", "--file", path]
        for key, value in options.items():
            command += [f"--{key}", str(value)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)

    # -- reading

    def ctl(self, *arguments, check=True):
        done = subprocess.run([f"{BIN}/sluicectl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check:
            assert done.returncode == 0, (arguments, done.returncode, done.stderr)
        return done

    def logs(self, *arguments):
        return self.ctl("logs", "--store", self.store, *arguments).stdout

    def raw(self):
        """Every line received, in order of time, as often as it came."""
        return self.logs("-o", "raw", "--repeats").split(b"\n")[:-1]

    def json(self, *arguments):
        return [json.loads(line) for line in self.logs("-o", "json", *arguments).splitlines()]

    def verify(self):
        return self.ctl("verify", "--store", self.store)
