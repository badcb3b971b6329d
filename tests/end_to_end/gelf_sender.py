"""GELF over UDP in all its forms: plain, gzip, zlib, and large ones in chunks."""
import gzip
import json
import os
import socket
import struct
import time
import zlib

from senders import Sender

CHUNK = 1400  # bytes of payload


def chunks(payload):
    parts = [payload[at:at + CHUNK] for at in range(0, len(payload), CHUNK)]
    message = os.urandom(8)
    return [b"\x1e\x0f" + message + struct.pack("BB", at, len(parts)) + part for at, part in enumerate(parts)]


class GelfSender(Sender):
    def work(self):
        since, first = time.monotonic(), self.n
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.connect(("127.0.0.1", self.port))
            while self.going():
                try:
                    for datagram in self.datagrams(self.n):
                        out.send(datagram)
                except ConnectionRefusedError:
                    return  # nobody listens
                self.n += 1
                if self.n % 16 == 0:
                    self.pace(since, self.n - first)

    def datagrams(self, n):
        # Some are long; random text, so that compressed ones are still long enough for several chunks.
        document = {"version": "1.1", "host": f"host-{n % 50}", "short_message": f"sender={self.number} n={n}", "level": n % 8,
                    "_request": n, "full_message": os.urandom(2000 if n % 10 == 0 else 50).hex()}
        payload = json.dumps(document).encode()
        pack = (bytes, gzip.compress, zlib.compress)[n % 3]
        packed = pack(payload)
        return chunks(packed) if len(packed) > CHUNK else [packed]
