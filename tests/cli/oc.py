"""What the tests of the built program share.

The program is the one that the environment names, ORDERCOUNT, else the
./ordercount of this checkout; ORDERCOUNT_UNDER is put before it (valgrind).
Everything that comes out of it is bytes. Whatever waits, waits for a condition,
DEADLINE_S at the longest, and says what it saw when that did not come.
"""

import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BINARY = os.path.abspath(
    os.environ.get("ORDERCOUNT") or os.path.join(ROOT, "ordercount"))
UNDER = shlex.split(os.environ.get("ORDERCOUNT_UNDER", ""))
DEADLINE_S = float(os.environ.get("ORDERCOUNT_DEADLINE_S", "20"))


def environment(changes=None):
    """The tests' environment: a zone, a locale, a terminal that are known.

    A make that runs the tests is not the parent of one that a test runs.
    The keys of whoever runs them, and of the machine, are not for tests.

    A name that changes sets to None is taken out.
    """
    env = {name: value for name, value in os.environ.items()
           if name not in ("NO_COLOR", "COLUMNS", "LINES", "TZ", "LANG",
                            "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
           and not name.startswith(("LC_", "AWS_"))}
    env.update(LC_ALL="C.UTF-8", TERM="xterm-256color",
               AWS_EC2_METADATA_DISABLED="true")
    for name, value in (changes or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def command(args):
    return UNDER + [BINARY] + [a if isinstance(a, bytes) else str(a)
                               for a in args]


def until(condition, what, seen=lambda: "", pause_s=0.002):
    """Waits until condition() is true, and returns what it returned.

    For what nothing announces (/proc, a file's size); a Process's own output
    has Process.wait_for. pause_s: longer for a condition that costs much.
    """
    end = time.monotonic() + DEADLINE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}: {seen()}")
        time.sleep(pause_s)


class Result(NamedTuple):
    """How a run ended: status is -N when signal N ended it."""
    status: int
    out: bytes
    err: bytes


def run(args, stdin=b"", timeout=None, env=None, **popen):
    """Runs the program to its end. stdin: bytes, or a file or descriptor.

    More arguments go to subprocess: cwd=, stdout=, pass_fds=, preexec_fn=
    """
    given = ({"input": stdin} if isinstance(stdin, bytes)
             else {"stdin": stdin})
    popen.setdefault("stdout", subprocess.PIPE)
    popen.setdefault("stderr", subprocess.PIPE)
    try:
        done = subprocess.run(command(args), env=environment(env),
                              timeout=timeout or DEADLINE_S, check=False,
                              **given, **popen)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(
            f"{args} did not end within {late.timeout} s\n"
            f"stdout: {late.stdout!r}\nstderr: {late.stderr!r}") from None
    return Result(done.returncode, done.stdout, done.stderr)


class Process:
    """The program, or another one (program=), in the background.

    stdin is a pipe (.write, .close_stdin) unless another is given. stdout and
    stderr are read by threads all the time, so that the program never waits for
    the test; stdout= or stderr= hands it a descriptor of the test's own.
    columns= makes stdin, stdout and stderr one terminal of that many columns,
    but those of them that are given; what shows there is .out.
    """

    def __init__(self, args, stdin=None, stdout=None, stderr=None, env=None,
                 columns=None, lines=24, program=None, **popen):
        self._news = threading.Condition()
        self._seen = {"out": bytearray(), "err": bytearray()}
        self._readers = []
        self.master = None
        pipe = subprocess.PIPE
        slave = None
        if columns is not None:
            self.master, slave = pty.openpty()
            self.resize(columns, lines)
            pipe = slave
        own = [pipe if fd is None else fd for fd in (stdin, stdout, stderr)]
        try:
            self.popen = subprocess.Popen(
                program or command(args), stdin=own[0], stdout=own[1],
                stderr=own[2], env=environment(env), bufsize=0, **popen)
        finally:
            if slave is not None:
                os.close(slave)
        self.pid = self.popen.pid
        if self.master is not None:
            self._read("out", self.master)
        if self.popen.stdout:
            self._read("out", self.popen.stdout.fileno())
        if self.popen.stderr:
            self._read("err", self.popen.stderr.fileno())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self, name, fd):
        def work():
            while True:
                try:
                    data = os.read(fd, 65536)
                except OSError:  # EIO: nobody holds the terminal any more
                    data = b""
                with self._news:
                    self._seen[name] += data
                    self._news.notify_all()
                if not data:
                    return
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._readers.append(thread)

    @property
    def out(self):
        """stdout so far, or what the terminal was sent."""
        with self._news:
            return bytes(self._seen["out"])

    @property
    def err(self):
        """stderr so far."""
        with self._news:
            return bytes(self._seen["err"])

    def seen(self):
        return f"stdout: {self.out!r}\nstderr: {self.err!r}"

    def wait_for(self, what, stream="out"):
        """Waits until `what` is in a stream, or in what it is from there on.

        what: bytes (a regular expression), or a function of the bytes so far.
        Returns the match, or what the function returned. A program that ended
        without it fails at once.
        """
        test = what if callable(what) else re.compile(what, re.S).search
        end = time.monotonic() + DEADLINE_S
        with self._news:
            while True:
                over = not any(t.is_alive() for t in self._readers)
                found = test(bytes(self._seen[stream]))
                if found:
                    return found
                if over or time.monotonic() > end:
                    break
                # A reader's end is not announced: look again now and then.
                self._news.wait(0.05)
        raise AssertionError(
            f"std{stream} never showed {what} (status "
            f"{self.popen.poll()})\n{self.seen()}")

    def write(self, data):
        """To its stdin: whole, however slowly it reads."""
        if self.master is not None and not self.popen.stdin:
            os.write(self.master, data)
            return
        view = memoryview(data)
        while view:
            view = view[self.popen.stdin.write(view):]

    def close_stdin(self):
        self.popen.stdin.close()

    def signal(self, number):
        self.popen.send_signal(number)

    def resize(self, columns, lines=24):
        """Another size for the terminal."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))

    def wait(self, timeout=None):
        """Waits for its end; returns the Result with all that came out."""
        try:
            status = self.popen.wait(timeout or DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end\n{self.seen()}") from None
        for thread in self._readers:
            thread.join(DEADLINE_S)
        return Result(status, self.out, self.err)

    def close(self):
        """Ends it if it is still there, and gives everything back."""
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        for thread in self._readers:
            thread.join(DEADLINE_S)
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        if self.master is not None:
            os.close(self.master)
            self.master = None


class Connection:
    """One client of a Feed, seen from the server."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(DEADLINE_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        """All of it; waits while the client does not read."""
        self.sock.sendall(data)

    def wait_read(self):
        """Waits until the client has taken all that was sent."""
        until(lambda: self._unread() == 0, "the client to read",
              lambda: f"{self._unread()} bytes wait")

    def _unread(self):
        """What waits in this kernel for the client: sent or not."""
        mine = self.sock.getsockname()[1]
        theirs = self.sock.getpeername()[1]
        waits = 0
        table = "tcp6" if self.sock.family == socket.AF_INET6 else "tcp"
        with open(f"/proc/net/{table}", encoding="ascii") as lines:
            for line in lines.readlines()[1:]:
                _, local, remote, _, queues = line.split()[:5]
                ports = (int(local.split(":")[1], 16),
                         int(remote.split(":")[1], 16))
                send, receive = (int(n, 16) for n in queues.split(":"))
                if ports == (mine, theirs):
                    waits += send
                elif ports == (theirs, mine):
                    waits += receive
        return waits

    def wait_closed(self):
        """Waits until the client has closed its end, or reset it."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass

    def end(self):
        """No more bytes from here; the connection stays (half closed)."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends with RST: what the client has not read yet may be lost."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()


class Feed:
    """A TCP server on a free port. hosts: one address, or several on one port.

    The port stays its own while it does not listen.

        with Feed() as feed, Process(["localhost", feed.port]) as process:
            client = feed.accept()
            client.send(b'{"status":"PLACED"}\\n')
    """

    scheme = "tcp"
    options = []  # what the program has to be given to read it

    def __init__(self, *hosts):
        self._hosts = hosts or ("127.0.0.1",)
        self.connections = []
        self._sockets = []
        for _ in range(100):  # the port may be taken in the other family
            self._holders = []
            self.port = 0
            try:
                for host in self._hosts:
                    self._holders.append(self._bind(host))
                    self.port = self._holders[0].getsockname()[1]
                break
            except OSError:
                self._close(self._holders)
                if len(self._hosts) == 1:
                    raise
        else:
            raise AssertionError(f"no port is free on all of {self._hosts}")
        self.listen()

    def _bind(self, host):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            sock.bind((host, self.port))
        except OSError:
            sock.close()
            raise
        return sock

    def listen(self):
        """After stop_listening(): on the port that it had."""
        for host in self._hosts:
            self._sockets.append(self._bind(host))
            self._sockets[-1].listen(128)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def operand(self, host="127.0.0.1"):
        """How the program is told to read it."""
        host = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{host}:{self.port}"

    def arguments(self, host="127.0.0.1"):
        """The same, with the options that it takes."""
        return [*self.options, self.operand(host)]

    def accept(self, timeout=None):
        """The next client: waits until it is connected."""
        ready, _, _ = select.select(self._sockets, [], [],
                                    timeout or DEADLINE_S)
        if not ready:
            raise AssertionError("nobody connected")
        connection = Connection(ready[0].accept()[0])
        self.connections.append(connection)
        return connection

    @staticmethod
    def _close(sockets):
        for sock in sockets:
            sock.close()
        sockets.clear()

    def stop_listening(self):
        """From here on a dial is refused; the connections stay."""
        self._close(self._sockets)

    def close(self):
        self._close(self._sockets)
        self._close(self._holders)
        for connection in self.connections:
            connection.close()


class Refused:
    """A port that refuses: bound, so that nobody else gets it, never open."""

    def __init__(self, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_STREAM)
        self._sock.bind((host, 0))
        self.port = self._sock.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._sock.close()


class Row(NamedTuple):
    """A row of tsv; more: the columns after total (--summary)."""
    start: str
    end: str
    key: tuple
    count: int
    total: int
    more: tuple


def rows(tsv, keys=1):
    """The rows of tsv (no header) as it stands: nothing is unescaped."""
    found = []
    for line in tsv.decode().split("\n")[:-1]:
        fields = line.split("\t")
        found.append(Row(fields[0], fields[1], tuple(fields[2:2 + keys]),
                         int(fields[2 + keys]), int(fields[3 + keys]),
                         tuple(fields[4 + keys:])))
    assert tsv == b"" or tsv.endswith(b"\n"), f"half a row: {tsv[-200:]!r}"
    return found


def counts(tsv):
    """Each group's count in all windows together; one key column."""
    found = {}
    for row in rows(tsv):
        if row.key != ("(summary)",):
            found[row.key[0]] = found.get(row.key[0], 0) + row.count
    return found


def whole_lines(data):
    """As much of data as ends in LF: what rows() takes while rows arrive."""
    return data[:data.rfind(b"\n") + 1]


def json_windows(out):
    """The whole windows in json with --summary: (rows, its summary row)."""
    found, rows = [], []
    for line in whole_lines(out).splitlines():
        row = json.loads(line)
        if "summary" in row:
            found.append((rows, row))
            rows = []
        else:
            rows.append(row)
    return found


def order(status="PLACED", number=0):
    """One line of the original example's feed."""
    return (f'{{"order_id": "{number:032x}", "status": "{status}"}}\n'
            .encode())


def peak_kib(pid):
    """The most memory that a process has had resident."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise AssertionError("no VmHWM")


def resident_limit_kib(transport="tcp"):
    """What may be resident with few groups: of the program 4 MiB, and of the
    libraries that each part brings, touched or not; with TLS of OpenSSL as
    much again."""
    version = run(["--version"]).out
    return (4096 + 4096 * (b"librdkafka" in version) +
            2048 * (b"libmicrohttpd" in version) +
            2048 * (b"libcurl" in version) + 4096 * (transport == "tls"))


def descriptors(pid):
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def default_signals():
    """A test run in the background ignores SIGINT; its children must not."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP,
                   signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
