"""The HTTP input as curl uses it: plain, chunked, compressed, in a hurry, refused, and while the daemon stops."""
import gzip
import json
import shutil
import signal
import subprocess
import threading
import unittest

from harness import Daemon

LINES = 20000


def lines(count, word):
    return [f"<13>1 2026-01-02T03:04:05Z host app - - - {word} {i}".encode() for i in range(count)]


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Http(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon([{"name": "http", "protocol": "http", "max_request_bytes": "4MiB"}])
        self.daemon.start()
        self.url = f"http://127.0.0.1:{self.daemon.ports['http']}/ingest"

    def tearDown(self):
        self.daemon.__exit__(None, None, None)

    def curl(self, *arguments, body=b"", url=None):
        """The status and the body of the answer."""
        done = subprocess.run(["curl", "-sS", "-m", "60", "-w", "%{stderr}%{http_code}", *arguments, url or self.url],
                              input=body, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stderr), done.stdout

    def post(self, body, *headers):
        arguments = [word for header in headers for word in ("-H", header)]
        return self.curl("--data-binary", "@-", *arguments, body=body)

    def test_what_curl_posts_is_stored_line_by_line_when_it_is_answered(self):
        sent = lines(LINES, "plain")
        status, answer = self.post(b"\n".join(sent) + b"\n")
        self.assertEqual((status, json.loads(answer)), (200, {"lines": LINES}))
        self.daemon.settle(LINES)
        self.assertEqual(sorted(self.daemon.raw()), sorted(sent))
        self.assertEqual({event["listener"] for event in self.daemon.json("-n", "10")}, {"http"})

    def test_compressed_bodies(self):
        first, second = lines(LINES, "gzip"), lines(LINES, "zstd")
        self.assertEqual(self.post(gzip.compress(b"\n".join(first)), "Content-Encoding: gzip")[0], 200)
        packed = subprocess.run(["zstd", "-c"], input=b"\n".join(second), stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(self.post(packed, "Content-Encoding: zstd")[0], 200)
        self.daemon.settle(2 * LINES)
        self.assertEqual(sorted(self.daemon.raw()), sorted(first + second))

    def test_a_chunked_upload_and_one_that_asks_first(self):
        first, second = lines(LINES, "chunked"), lines(LINES, "asked")
        status, answer = self.curl("-X", "POST", "-T", "-", body=b"\n".join(first))
        self.assertEqual((status, json.loads(answer)), (200, {"lines": LINES}))
        self.assertEqual(self.post(b"\n".join(second), "Expect: 100-continue")[0], 200)
        self.daemon.settle(2 * LINES)
        self.assertEqual(sorted(self.daemon.raw()), sorted(first + second))

    def test_http_1_0_and_several_requests_over_one_connection(self):
        self.assertEqual(self.curl("--http1.0", "--data-binary", "@-", body=b"old\n")[0], 200)
        done = subprocess.run(["curl", "-sS", "-m", "60", "-w", "%{num_connects} ", "-d", "one", self.url, self.url, self.url],
                              stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout.count(b'{"lines":1}'), 3)
        self.assertEqual(done.stdout.split()[-1], b"0")  # the last one opened no connection
        self.daemon.settle(4)

    def test_what_is_refused_says_why(self):
        self.assertEqual(self.curl("-d", "x", url=self.url + "s")[0], 404)
        self.assertEqual(self.curl()[0], 405)
        self.assertEqual(self.post(b"x" * (5 << 20))[0], 413)
        status, answer = self.post(gzip.compress(b"\0" * (64 << 20)), "Content-Encoding: gzip")
        self.assertEqual(status, 413)
        self.assertIn(b"the first 1 were stored", answer)  # a bomb is one long line, cut off after its first 64 KiB
        self.assertEqual(self.post(b"x", "Content-Encoding: br")[0], 415)
        status, answer = self.post(b"not gzip", "Content-Encoding: gzip")
        self.assertEqual(status, 400)
        self.assertIn(b"Content-Encoding", answer)
        self.assertEqual(self.daemon.totals()["received"], 1)

    def test_every_request_is_answered_or_refused_while_the_daemon_stops(self):
        taken, stop = [0], threading.Event()

        def client():
            while not stop.is_set():
                done = subprocess.run(["curl", "-s", "-m", "60", "-w", "%{http_code}", "-o", "/dev/null", "--data-binary", "@-",
                                       self.url], input=b"\n".join(lines(100, "last")), stdout=subprocess.PIPE)
                taken[0] += 100 * (done.stdout == b"200")

        thread = threading.Thread(target=client)
        thread.start()
        self.daemon.settle(500)
        self.assertEqual(self.daemon.stop(signal.SIGTERM), 0)
        stop.set()
        thread.join()
        ledger = self.daemon.ledger_in_log()["http"]
        self.assertEqual(ledger["dropped"], 0)
        self.assertGreaterEqual(ledger["received"], taken[0])  # what was answered was stored
        self.assertEqual(ledger["received"], ledger["stored"] + ledger["collapsed"])


if __name__ == "__main__":
    unittest.main()
