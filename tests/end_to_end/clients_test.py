"""Clients that nobody here wrote: logger, rsyslog, syslog-ng's loggen, Python's SysLogHandler."""
import glob
import logging
import logging.handlers
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import Daemon, free_port, wait_until


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

    def relp_daemon(self, directory=None):
        return Daemon([{"name": "relp", "protocol": "relp", **({"address": f"127.0.0.1:{self.relp_port}"} if directory else {})}],
                      directory=directory)

    def need_omrelp(self):
        """To be asked before a daemon is started: a skipped test stops nothing."""
        if not shutil.which("rsyslogd") or not glob.glob("/usr/lib/*/rsyslog/omrelp.so"):
            self.skipTest("rsyslogd with omrelp (packages rsyslog and rsyslog-relp) is not installed")

    def relp_rsyslog(self, work, port):
        """rsyslogd that reads datagrams from a socket of its own and sends them by omrelp, byte for byte."""
        config = f"{work}/rsyslog.conf"
        with open(config, "w") as out:
            out.write(f'global(workDirectory="{work}" maxMessageSize="8k")\nmodule(load="imuxsock" SysSock.Use="off")\n'
                      'module(load="omrelp")\ntemplate(name="as_it_came" type="string" string="%rawmsg%")\n'
                      f'input(type="imuxsock" Socket="{work}/log" RateLimit.Interval="0" useSpecialParser="off")\n'
                      f'*.* action(type="omrelp" target="127.0.0.1" port="{port}" template="as_it_came" '
                      'action.resumeInterval="1" action.resumeRetryCount="-1")\n')
        server = subprocess.Popen(["rsyslogd", "-n", "-f", config, "-i", f"{work}/pid"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(f"{work}/log"), "rsyslog's socket")
        return server

    @staticmethod
    def give(work, lines):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.connect(f"{work}/log")
            for line in lines:
                out.send(line)

    @staticmethod
    def relp_lines(first, count):
        return [b"<13>Nov 23 10:20:30 web-1 app[7]: line %d \xc3\xa9 \"quoted\" %s" % (n, b"." * (n % 200))
                for n in range(first, first + count)]

    def expect_lines(self, got, lines):
        # Not compared as lists: to show how thousands of lines differ takes minutes.
        self.assertEqual(sorted(set(got) - set(lines))[:3], [], "lines that were not sent")
        self.assertEqual(sorted(set(lines) - set(got))[:3], [], "lines that are missing")
        self.assertEqual(len(got), len(lines))

    def test_rsyslog_over_relp_byte_for_byte(self):
        self.need_omrelp()
        lines = self.relp_lines(0, 3000)
        with self.relp_daemon() as daemon, tempfile.TemporaryDirectory(prefix="sluice-rsyslog-") as work:
            server = self.relp_rsyslog(work, daemon.ports["relp"])
            try:
                self.give(work, lines)
                daemon.settle(len(lines))
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(30)
            self.expect_lines(daemon.raw(), lines)

    def test_a_restart_while_rsyslog_sends_over_relp_loses_nothing_and_stores_nothing_twice(self):
        self.need_omrelp()
        lines = self.relp_lines(0, 4000)
        with tempfile.TemporaryDirectory(prefix="sluice-rsyslog-") as work, \
             tempfile.TemporaryDirectory(prefix="sluice-e2e-") as directory:
            self.relp_port = free_port()
            first = self.relp_daemon(directory).start()
            server = self.relp_rsyslog(work, self.relp_port)
            try:
                feeder = threading.Thread(target=self.give, args=(work, lines))
                feeder.start()
                wait_until(lambda: first.totals()["received"] > 500, "the first lines")
                self.assertEqual(first.stop(), 0)
                with self.relp_daemon(directory) as second:
                    # What was sent again and had been stored is collapsed: then a line shows more than one repeat.
                    stored = lambda: set(second.logs("-o", "raw").split(b"\n")[:-1])
                    wait_until(lambda: second.totals()["in_flight"] == 0 and len(stored()) == len(lines), "all lines", 120)
                    feeder.join()
                    self.expect_lines(second.logs("-o", "raw").split(b"\n")[:-1], lines)
            finally:
                first.stop()
                server.send_signal(signal.SIGTERM)
                server.wait(30)

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
