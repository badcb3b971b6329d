"""Senders of numbered lines, each in a thread of its own, that go on over every crash of the daemon.

All have: start(); resume() lets it send; pause() returns when it does not send any more; end() stops it for good, and
raises what went wrong in it. `rate` is lines/s, 0: as fast as it goes.
"""
import bisect
import http.client
import select
import socket
import threading
import time

from numbered_lines import datagram, line, lines
from relp_client import RelpClient


class Sender(threading.Thread):
    def __init__(self, number, port, rate=0):
        super().__init__(daemon=True)
        self.number = number
        self.port = port
        self.rate = rate
        self.n = 0  # the next line's
        self.error = None
        self._go = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._over = threading.Event()

    def resume(self):
        self._idle.clear()
        self._go.set()

    def pause(self):
        self._go.clear()
        if not self._idle.wait(60):
            raise AssertionError(f"sender {self.number} does not pause")

    @property
    def idle(self):
        return self._idle.is_set()

    def end(self):
        self._over.set()
        self._go.set()
        self.join(120)
        if self.error:
            raise self.error
        if self.is_alive():
            raise AssertionError(f"sender {self.number} does not end")

    def run(self):
        try:
            while True:
                self._go.wait()
                if self._over.is_set():
                    return self.finish()
                self.work()
                self._idle.set()
                # work() may have ended by itself: the connection is gone until somebody resumes.
                while self._go.is_set() and not self._over.is_set() and self._idle.is_set():
                    self._over.wait(0.02)
        except Exception as error:
            self.error = error
            self._idle.set()

    def going(self):
        return self._go.is_set() and not self._over.is_set()

    def pace(self, since, sent):
        if self.rate:
            self._over.wait(max(0.0, since + sent / self.rate - time.monotonic()))

    def work(self):
        """Sends while going()."""
        raise NotImplementedError

    def finish(self):
        pass


class TcpSender(Sender):
    """One connection for each resume(). Knows which lines lie in the first so many bytes of it."""
    CHUNK = 200  # lines
    # Bytes given to the kernel at once: it hands them on so, and no line should end where they do.
    PIECES = (16001, 397, 30011, 7001, 1, 22003)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.socket = None
        self.local_port = 0
        self.sent = 0      # bytes, over this connection
        self._chunks = []  # (first byte, first line) of each chunk

    def work(self):
        self.drop()
        self._chunks = []
        self.sent = 0
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.local_port = self.socket.getsockname()[1]
        self.socket.setblocking(False)
        since, first, pieces = time.monotonic(), self.n, 0
        try:
            while self.going():
                self._chunks.append((self.sent, self.n))
                chunk = memoryview(lines(self.number, self.n, self.CHUNK))
                self.n += self.CHUNK
                while chunk and self.going():
                    if select.select([], [self.socket], [], 0.02)[1]:
                        count = self.socket.send(chunk[:self.PIECES[pieces % len(self.PIECES)]])
                        pieces += 1
                        self.sent += count
                        chunk = chunk[count:]
                self.pace(since, self.n - first)
        except ConnectionError:
            pass  # the daemon died

    def drop(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def split(self, count):
        """Of the first `count` bytes of this connection: the numbers of the whole lines, and the part of the next one."""
        if count == 0:
            return range(0), b""
        chunk = bisect.bisect_right(self._chunks, (count, 1 << 62)) - 1
        at, n = self._chunks[chunk]
        while at + len(line(self.number, n)) + 1 <= count:
            at += len(line(self.number, n)) + 1
            n += 1
        return range(self._chunks[0][1], n), line(self.number, n)[:count - at]

    def finish(self):
        self.drop()


class UdpSender(Sender):
    SIZE = 200  # bytes of each datagram

    def work(self):
        since, first = time.monotonic(), self.n
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.connect(("127.0.0.1", self.port))
            while self.going():
                try:
                    out.send(datagram(self.number, self.n, self.SIZE))
                except ConnectionRefusedError:
                    return  # nobody listens
                self.n += 1
                if self.n % 64 == 0:
                    self.pace(since, self.n - first)


class RelpSender(Sender):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.client = RelpClient(("127.0.0.1", self.port))

    def work(self):
        since, first = time.monotonic(), self.n
        try:
            self.client.connect()
            while self.going():
                n, self.n = self.n, self.n + 1
                self.client.send(n, line(self.number, n))
                if self.n % 64 == 0:
                    self.pace(since, self.n - first)
            self.client.flush()
        except OSError:
            self.client.drop()

    def finish(self):
        # What the last crash left unacknowledged is sent again; the daemon runs.
        if self.client.unacknowledged:
            self.client.connect()
            self.client.close()

    @property
    def acknowledged(self):
        return self.client.acknowledged

    @property
    def sent_again(self):
        return self.client.sent_again


class HttpSender(Sender):
    """Posts bodies of numbered lines; an answer 2xx acknowledges a body, after anything else it is sent again."""
    def __init__(self, *arguments, path="/", count=1000, **options):
        super().__init__(*arguments, **options)
        self.path = path
        self.count = count  # lines in a body
        self.acknowledged = []
        self.sent_again = set()
        self.answers = {}  # status -> how often
        self._waiting = None  # the first line of the body that is not acknowledged
        self._connection = None

    def work(self):
        since, first = time.monotonic(), self.n
        try:
            while self.going():
                self.post()
                self.pace(since, self.n - first)
        except (OSError, http.client.HTTPException):
            self.drop()

    def post(self):
        again = self._waiting is not None
        if not again:
            self._waiting, self.n = self.n, self.n + self.count
        numbers = range(self._waiting, self._waiting + self.count)
        if again:
            self.sent_again.update(numbers)
        if not self._connection:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self._connection.request("POST", self.path, lines(self.number, numbers.start, self.count),
                                 {"Content-Type": "text/plain"})
        answer = self._connection.getresponse()
        answer.read()
        self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
        if answer.status // 100 == 2:
            self.acknowledged.extend(numbers)
            self._waiting = None
        elif answer.status in (429, 503):
            self._over.wait(float(answer.getheader("Retry-After", "0.1")))
        else:
            raise AssertionError(f"POST {self.path} was answered {answer.status}")

    def drop(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def finish(self):
        self.drop()
        while self._waiting is not None:
            self.post()
        self.drop()
