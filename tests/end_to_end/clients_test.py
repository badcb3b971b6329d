"""Clients that nobody here wrote: logger, rsyslog, syslog-ng's loggen, Python's SysLogHandler."""
import logging
import logging.handlers
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import Daemon, wait_until


class Clients(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon([{"name": "tcp", "protocol": "tcp"}, {"name": "udp", "protocol": "udp"}]).start()

    def tearDown(self):
        self.daemon.__exit__(None, None, None)

    def logger(self, *arguments):
        if not shutil.which("logger"):
            self.skipTest("logger (package bsdutils) is not installed")
        subprocess.run(["logger", "-n", "127.0.0.1", *arguments], check=True)

    def test_logger_over_tcp_as_rfc5424(self):
        self.logger("-P", str(self.daemon.ports["tcp"]), "--tcp", "--rfc5424", "-t", "backup", "-p", "daemon.err", "--", "hello")
        self.daemon.settle(1)
        (event,) = self.daemon.json()
        self.assertEqual((event["format"], event["app_name"], event["facility"], event["severity"], event["message"]),
                         ("rfc5424", "backup", 3, 3, "hello"))
        self.assertEqual(event["hostname"], socket.gethostname())

    def test_logger_over_tcp_with_octet_counting(self):
        self.logger("-P", str(self.daemon.ports["tcp"]), "--tcp", "--octet-count", "-t", "backup", "--", "counted")
        self.daemon.settle(1)
        (event,) = self.daemon.json()
        self.assertEqual((event["app_name"], event["message"]), ("backup", "counted"))

    def test_plain_logger_over_udp(self):
        self.logger("-P", str(self.daemon.ports["udp"]), "--udp", "-t", "cron", "--", "ran")
        self.daemon.settle(1)
        (event,) = self.daemon.json()
        self.assertEqual((event["app_name"], event["message"], event["listener"]), ("cron", "ran", "udp"))

    def test_logger_over_udp_as_rfc3164(self):
        self.logger("-P", str(self.daemon.ports["udp"]), "--udp", "--rfc3164", "-t", "cron[77]", "--", "ran")
        self.daemon.settle(1)
        (event,) = self.daemon.json()
        self.assertEqual((event["format"], event["app_name"], event["procid"], event["message"]), ("rfc3164", "cron", "77", "ran"))

    def test_python_syslog_handler_over_udp_and_tcp(self):
        for kind, port in ((socket.SOCK_DGRAM, "udp"), (socket.SOCK_STREAM, "tcp")):
            handler = logging.handlers.SysLogHandler(("127.0.0.1", self.daemon.ports[port]), socktype=kind)
            # Over TCP it frames nothing itself; as documented, whoever uses it so appends the newline.
            handler.append_nul = kind == socket.SOCK_DGRAM
            log = logging.Logger("test")
            log.addHandler(handler)
            log.error("from %s%s", port, "" if kind == socket.SOCK_DGRAM else "\n")
            handler.close()
        self.daemon.settle(2)
        messages = sorted(event["message"] for event in self.daemon.json())
        self.assertEqual(messages, ["from tcp", "from udp"])
        self.assertEqual({event["severity"] for event in self.daemon.json()}, {3})

    def rsyslog(self, action, count=500):
        if not shutil.which("rsyslogd"):
            self.skipTest("rsyslogd (package rsyslog) is not installed")
        with tempfile.TemporaryDirectory(prefix="sluice-rsyslog-") as work:
            config = f"{work}/rsyslog.conf"
            with open(config, "w") as out:
                out.write(f'global(workDirectory="{work}")\nmodule(load="imuxsock" SysSock.Use="off")\n'
                          f'input(type="imuxsock" Socket="{work}/log" RateLimit.Interval="0")\n*.* {action}\n')
            server = subprocess.Popen(["rsyslogd", "-n", "-f", config, "-i", f"{work}/pid"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_until(lambda: os.path.exists(f"{work}/log"), "rsyslog's socket")
                lines = "".join(f"line {i} of rsyslog\n" for i in range(count))
                subprocess.run(["logger", "-u", f"{work}/log", "-t", "app"], input=lines.encode(), check=True)
                totals = self.daemon.settle(count)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(30)
        self.assertEqual(totals["dropped"], 0)
        got = [event["message"].strip() for event in self.daemon.json("--repeats")]
        self.assertEqual(sorted(m for m in got if m.endswith("of rsyslog")), sorted(f"line {i} of rsyslog" for i in range(count)))

    def test_rsyslog_over_udp(self):
        self.rsyslog(f"@127.0.0.1:{self.daemon.ports['udp']}")

    def test_rsyslog_over_tcp_with_newlines(self):
        self.rsyslog(f"@@127.0.0.1:{self.daemon.ports['tcp']}")

    def test_rsyslog_over_tcp_with_octet_counting(self):
        self.rsyslog(f"@@(o)127.0.0.1:{self.daemon.ports['tcp']}")

    def test_rsyslog_over_tcp_as_rfc5424(self):
        self.rsyslog(f'action(type="omfwd" target="127.0.0.1" port="{self.daemon.ports["tcp"]}" protocol="tcp" '
                     'template="RSYSLOG_SyslogProtocol23Format")')

    def test_loggen_over_tcp(self):
        loggen = os.environ.get("LOGGEN") or shutil.which("loggen")
        if not loggen:
            self.skipTest("loggen (package syslog-ng-core, which cannot stand beside rsyslog) is not installed; LOGGEN names it elsewhere")
        subprocess.run([loggen, "--inet", "--stream", "--syslog-proto", "--number", "2000", "--rate", "20000", "127.0.0.1",
                        str(self.daemon.ports["tcp"])], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.daemon.settle(2000)
        # Its frames end with a newline of their own, which belongs to the frame: lines can't be counted by newlines.
        self.assertEqual(len(self.daemon.json("--repeats")), 2000)


if __name__ == "__main__":
    unittest.main()
