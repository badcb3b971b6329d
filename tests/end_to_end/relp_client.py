"""A RELP client that loses nothing: it keeps each line until it is acknowledged and sends it again on a new connection.

    client = RelpClient(("127.0.0.1", port))
    client.connect()                      # opens a session; sends again what is not acknowledged
    client.send(key, b"<13>...")          # waits while the window is full
    client.flush()                        # until all is acknowledged
    client.acknowledged                   # keys, in order
    client.close()

Every method but the constructor raises OSError (or ProtocolError, a kind of it) when the connection is of no use any
more; then connect() again.
"""
import socket

OFFERS = b"relp_version=0\nrelp_software=sluice_test\ncommands=syslog"
MAX_TXNR = 999_999_999


class ProtocolError(OSError):
    pass


class RelpClient:
    def __init__(self, address, window=128, timeout=60):
        self.address = address
        self.window = window
        self.timeout = timeout
        self.acknowledged = []
        self.refused = []    # (key, answer): the server did not take the line
        self.sent_again = set()
        self.unacknowledged = {}  # txnr -> (key, line), in order
        self.socket = None
        self.txnr = 0
        self.input = b""
        self.output = b""

    def connect(self):
        self.drop()
        self.socket = socket.create_connection(self.address, timeout=self.timeout)
        self.input = self.output = b""
        self.txnr = 0
        self._put(b"open", OFFERS)
        self._write()
        txnr, command, data = self._answer()
        if (txnr, command) != (1, b"rsp") or not data.startswith(b"200"):
            raise ProtocolError(f"open was answered {txnr} {command} {data[:80]}")
        again = list(self.unacknowledged.values())
        self.unacknowledged = {}
        for key, line in again:
            self.sent_again.add(key)
            self.unacknowledged[self._put(b"syslog", line)] = (key, line)
        self._write()

    def send(self, key, line):
        # Taken into account before anything can fail.
        self.unacknowledged[self._put(b"syslog", line)] = (key, line)
        if len(self.unacknowledged) < self.window:
            return
        self._write()
        while len(self.unacknowledged) > self.window // 2:
            self._take_answer()

    def flush(self):
        self._write()
        while self.unacknowledged:
            self._take_answer()

    def close(self):
        self.flush()
        self._put(b"close", b"")
        self._write()
        txnr, command, _ = self._answer()
        # A server may say first that it closes.
        if (txnr, command) not in ((self.txnr, b"rsp"), (0, b"serverclose")):
            raise ProtocolError(f"close was answered {txnr} {command}")
        self.drop()

    def drop(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def _put(self, command, data):
        self.txnr = self.txnr % MAX_TXNR + 1
        self.output += b"%d %s %d%s\n" % (self.txnr, command, len(data), b" " + data if data else b"")
        return self.txnr

    def _write(self):
        if self.socket is None:
            raise ProtocolError("not connected")
        output, self.output = self.output, b""
        self.socket.sendall(output)

    def _take_answer(self):
        txnr, command, data = self._answer()
        if (txnr, command) == (0, b"serverclose"):
            raise ProtocolError("the server closes")
        if command != b"rsp" or txnr not in self.unacknowledged:
            raise ProtocolError(f"unexpected: {txnr} {command} {data[:80]}")
        key, _ = self.unacknowledged.pop(txnr)
        if data.startswith(b"200"):
            self.acknowledged.append(key)
        else:
            self.refused.append((key, data))

    def _answer(self):
        """One frame from the server: number, command, data."""
        txnr = int(self._until(b" "))
        command = self._until(b" ")
        # The length is followed by a space and the data, or by the end of the frame.
        length = b""
        while (c := self._bytes(1)) not in (b" ", b"\n"):
            length += c
        data = self._bytes(int(length)) if c == b" " else b""
        if c == b" " and self._bytes(1) != b"\n":
            raise ProtocolError("a frame does not end where its length says")
        return txnr, command, data

    def _until(self, end):
        while (at := self.input.find(end)) < 0:
            self._read()
        found, self.input = self.input[:at], self.input[at + 1:]
        return found

    def _bytes(self, count):
        while len(self.input) < count:
            self._read()
        found, self.input = self.input[:count], self.input[count:]
        return found

    def _read(self):
        came = self.socket.recv(65536)
        if not came:
            raise ProtocolError("the server closed the connection")
        self.input += came
