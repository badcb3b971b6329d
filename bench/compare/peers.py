"""The daemons that are compared: where each is found, how it is configured and started, what it has written.

  peers, left_out = choose(args)              # left_out: one sentence for each that is not here
  peer.configure(work, "tcp", 5514)           # writes its configuration into its folder
  peer.command(work)                          # what starts it, in the foreground
  peer.busy(work)                             # may know of lines that are not written yet
  peer.arrived(work), peer.size(work)         # lines and bytes of what it has written

Each is told as little as makes it do the same work: lines of RFC 5424 from one port, parsed, all of their fields kept in
one place on disk. Rate limits, name look-ups and drops are off; queues, batches and threads are as shipped. Over TCP all
of them hold the sender back. Over UDP all ask for the same buffer of the kernel, because that decides how much of a
burst is lost.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import urllib.request

import ingest

UDP_BUFFER = 4 << 20  # bytes


class Peer:
    """A daemon that appends lines of text to one file."""
    environment = {}
    version_option = "--version"

    def __init__(self, program):
        self.program = program

    def output(self, work):
        return f"{work}/lines.log"

    def version(self):
        said = subprocess.run([self.program, self.version_option], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20,
                              env=os.environ | self.environment, text=True)
        number = re.search(r"\d+\.\d+\.\d+", said.stdout)
        if said.returncode != 0 or not number:
            raise OSError(said.stdout.strip().splitlines()[0] if said.stdout.strip() else f"it ended with {said.returncode}")
        return number[0]

    def is_ready(self, work):
        """More than its port being open, where a daemon can tell."""
        return True

    def busy(self, work):
        return False

    def ledger(self, work):
        """How many lines a running daemon says it has written since it was started, where it says so."""
        return None

    def arrived(self, work):
        return count_lines(self.output(work)) if os.path.exists(self.output(work)) else 0

    def size(self, work):
        return os.path.getsize(self.output(work)) if os.path.exists(self.output(work)) else 0


class Sluice(Peer):
    name = "Sluice"

    def __init__(self, programs):
        super().__init__(f"{programs}/sluiced")
        self.ctl = f"{programs}/sluicectl"
        self.admin = None

    def configure(self, work, protocol, port):
        self.admin = ingest.free_port()
        listener = {"name": "compare", "protocol": protocol, "address": f"127.0.0.1:{port}"}
        if protocol == "udp":
            listener["receive_buffer"] = f"{UDP_BUFFER >> 20}MiB"
        write(f"{work}/sluice.yaml", json.dumps({  # JSON is YAML
            "store": {"path": f"{work}/store"}, "admin": {"address": f"127.0.0.1:{self.admin}"}, "listeners": [listener]}))

    def command(self, work):
        return [self.program, "--config", f"{work}/sluice.yaml"]

    def is_ready(self, work):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=5).close()
            return True
        except OSError:
            return False

    def busy(self, work):
        return ingest.totals(ingest.status(self.admin))["in_flight"] != 0

    def ledger(self, work):
        now = ingest.totals(ingest.status(self.admin))
        return now["stored"] + now["collapsed"]

    def arrived(self, work):
        said = subprocess.run([self.ctl, "stats", "--json", "--store", f"{work}/store"], stdout=subprocess.PIPE, check=True)
        found = json.loads(said.stdout)
        return found["lines"] + found["repeats"]

    def size(self, work):
        return sum(os.path.getsize(segment) for segment in glob.glob(f"{work}/store/*.seg*"))  # the spool is not kept


class Rsyslog(Peer):
    name = "rsyslog"
    version_option = "-v"

    def configure(self, work, protocol, port):
        module = "imptcp" if protocol == "tcp" else "imudp"
        buffer = f' rcvbufSize="{UDP_BUFFER}"' if protocol == "udp" else ""
        write(f"{work}/rsyslog.conf", f'''global(workDirectory="{work}" net.enableDNS="off")
module(load="{module}")
input(type="{module}" address="127.0.0.1" port="{port}"{buffer})
action(type="omfile" file="{self.output(work)}" template="RSYSLOG_SyslogProtocol23Format")
''')

    def command(self, work):
        return [self.program, "-n", "-f", f"{work}/rsyslog.conf", "-i", f"{work}/pid"]


class SyslogNg(Peer):
    name = "syslog-ng"

    def __init__(self, program, root=None):
        """`root`: a folder into which its packages were unpacked, since Debian does not install it beside rsyslog."""
        super().__init__(program)
        self.modules = None
        if root:
            self.modules = max(glob.glob(f"{root}/usr/lib/syslog-ng/[0-9]*"), default=f"{root}/usr/lib/syslog-ng")
            places = [f"{root}/usr/lib/syslog-ng", self.modules, *glob.glob(f"{root}/usr/lib/*-linux-gnu*")]
            self.environment = {"LD_LIBRARY_PATH": ":".join(places)}

    def configure(self, work, protocol, port):
        version = ".".join(self.version().split(".")[:2])
        buffer = f" so-rcvbuf({UDP_BUFFER})" if protocol == "udp" else ""
        write(f"{work}/syslog-ng.conf", f'''@version: {version}
options {{ use-dns(no); keep-hostname(yes); frac-digits(6); }};
source in {{ network(transport("{protocol}") ip("127.0.0.1") port({port}) flags(syslog-protocol){buffer}); }};
destination out {{ file("{self.output(work)}" flags(syslog-protocol)); }};
log {{ source(in); destination(out); flags(flow-control); }};
''')

    def command(self, work):
        own = ["--module-path", self.modules] if self.modules else []
        return [self.program, *own, "--foreground", "--no-caps", "--cfgfile", f"{work}/syslog-ng.conf",
                "--persist-file", f"{work}/persist", "--pidfile", f"{work}/pid", "--control", f"{work}/control"]


class FluentBit(Peer):
    name = "Fluent Bit"

    def configure(self, work, protocol, port):
        buffer = f"    receive_buffer_size {UDP_BUFFER}\n" if protocol == "udp" else ""
        words = " ".join(rf"(?<{word}>\S+)" for word in ("time", "host", "app", "pid", "msgid"))
        write(f"{work}/parsers.conf", rf'''[PARSER]
    name fields
    format regex
    regex ^<(?<pri>\d+)>1 {words} (?<data>-|(?:\[[^\]]*\])+)(?: (?<message>.*))?$
    time_key time
    time_format %Y-%m-%dT%H:%M:%S.%L%z
''')
        write(f"{work}/fluent-bit.conf", f'''[SERVICE]
    log_level warn
    parsers_file {work}/parsers.conf
[INPUT]
    name syslog
    mode {protocol}
    listen 127.0.0.1
    port {port}
    parser fields
{buffer}[OUTPUT]
    name file
    match *
    file {self.output(work)}
''')

    def command(self, work):
        return [self.program, "--config", f"{work}/fluent-bit.conf"]


def write(path, text):
    with open(path, "w") as out:
        out.write(text)


def count_lines(path):
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def find(name):
    """A program of this machine, also where the PATH of a user who is not root does not look."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/opt/fluent-bit/bin")
    return found and os.path.abspath(found)


def choose(args, find=find):
    """The daemons to compare, Sluice first, and a sentence for each that is left out. A program that is not where the user
    said raises FileNotFoundError: who names one wants it."""
    named = {"syslog-ng": f"{args.syslog_ng_root}/usr/sbin/syslog-ng" if args.syslog_ng_root else args.syslog_ng,
             "fluent-bit": args.fluent_bit}
    for path in filter(None, [f"{args.bin}/sluiced", *named.values()]):
        if not find(path):
            raise FileNotFoundError(f"{path} is no program")
    others = [(Rsyslog, find("rsyslogd"), "rsyslogd is not installed (package rsyslog)"),
              (SyslogNg, find(named["syslog-ng"] or "syslog-ng"),
               "syslog-ng is not installed; name one with --syslog-ng or --syslog-ng-root"),
              (FluentBit, find(named["fluent-bit"] or "fluent-bit"),
               "fluent-bit is not installed; name one with --fluent-bit")]
    chosen, left_out = [Sluice(args.bin)], []
    for kind, program, why in others:
        if not program:
            left_out.append(f"{kind.name} is left out: {why}.")
        elif kind is SyslogNg:
            chosen.append(SyslogNg(program, args.syslog_ng_root))
        else:
            chosen.append(kind(program))
    return chosen, left_out
