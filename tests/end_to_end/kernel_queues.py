"""What the kernel still holds for a daemon: bytes of its TCP connections and datagrams of its UDP sockets that no recv has
returned. Exact only while neither the daemon nor the senders run."""
import re
import socket
import subprocess


def bytes_taken(port):
    """Of each connection to `port`: the sender's port -> the bytes that recv returned to the daemon."""
    # The receiver's own count: its acknowledgements may not have reached the sender yet.
    command = ["ss", "-tinHO", "state", "all", f"( sport = :{port} )"]
    taken = {}
    for line in subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines():
        fields = line.split()
        if len(fields) < 5 or fields[0] in ("LISTEN", "TIME-WAIT"):
            continue
        came = re.search(r"\bbytes_received:(\d+)", line)
        taken[int(fields[4].rsplit(":", 1)[1])] = (int(came[1]) if came else 0) - int(fields[1])
    return taken


def _udp_sockets(port):
    with open("/proc/net/udp") as table:
        for line in table.readlines()[1:]:
            fields = line.split()
            if int(fields[1].rsplit(":", 1)[1], 16) == port:
                yield int(fields[4].split(":")[1], 16), int(fields[-1])


def _charge(size):
    """What the kernel charges for one datagram of this size that waits."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        sender.sendto(b"x" * size, receiver.getsockname())
        return sum(queued for queued, _ in _udp_sockets(receiver.getsockname()[1]))


def datagrams_left(port, size):
    """(waiting, dropped) of all sockets on `port`, when each datagram has `size` bytes."""
    sockets = list(_udp_sockets(port))
    waiting, rest = divmod(sum(queued for queued, _ in sockets), _charge(size))
    assert rest == 0, (sockets, _charge(size))
    return waiting, sum(dropped for _, dropped in sockets)
