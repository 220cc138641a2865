"""A client of --http that sends just what a test tells it to.

Sockets only: what a library would mend (a header that stands twice, a body that
does not come to its end) is what the tests look for.
"""

import contextlib
import os
import re
import select
import socket
import time
from typing import NamedTuple

import pytest

import oc
import strict_json

# make HTTP=no: the mark of the modules that try it.
needed = pytest.mark.skipif(
    b"libmicrohttpd" not in oc.run(["--version"]).out,
    reason="built without HTTP")

LISTENING = rb"ordercount: http: listening on (http://(\S+):(\d+)/)\n"

# What the program says with every answer that it makes itself.
ALWAYS = {
    "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


def serve(spawn, *args, http="--http=0", **more):
    """Starts the program with --http; returns it with the .port it said."""
    process = spawn([http, *args], **more)
    process.port = int(process.wait_for(LISTENING, "err")[3])
    return process


class Answer(NamedTuple):
    """headers: by lower-case name; one that stands twice is an error."""
    status: int
    headers: dict
    body: bytes

    def exact(self):
        """The body as JSON; numbers are their literal text."""
        return exact(self.body)


def exact(text):
    """JSON as Python values: a number is its text, an object keeps order."""
    return strict_json.Parser(text).whole()


def ordered(value):
    """The same with objects as lists, so that == sees their order, too."""
    if isinstance(value, dict):
        return [(name, ordered(item)) for name, item in value.items()]
    if isinstance(value, list):
        return [ordered(item) for item in value]
    return (type(value).__name__, value)


class Closed(Exception):
    """The server closed the connection; str() is what came before."""


class Client:
    """One connection, on which any bytes can be sent."""

    def __init__(self, port, host="127.0.0.1", receive_bytes=None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(oc.DEADLINE_S)
        if receive_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                 receive_bytes)
        self.sock.connect((host, port))
        self._seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def end(self):
        """No more from here; the answer can still come."""
        self.sock.shutdown(socket.SHUT_WR)

    def _more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        except TimeoutError:
            raise AssertionError(
                f"no answer; so far: {self._seen!r}") from None
        if not data:
            raise Closed(self._seen)
        self._seen += data

    def until(self, mark):
        """Takes what comes up to the mark and with it."""
        while mark not in self._seen:
            self._more()
        found, _, self._seen = self._seen.partition(mark)
        return found + mark

    def take(self, size):
        while len(self._seen) < size:
            self._more()
        found, self._seen = self._seen[:size], self._seen[size:]
        return found

    def rest(self):
        """All that comes until the server closes."""
        try:
            while True:
                self._more()
        except Closed:
            found, self._seen = self._seen, b""
            return found

    def ask(self, target, method="GET", headers=None, version="HTTP/1.1"):
        """Sends a request. headers: None in place of a value leaves it out."""
        given = {"Host": "127.0.0.1", **(headers or {})}
        lines = [f"{method} {target} {version}"]
        lines += [f"{name}: {value}" for name, value in given.items()
                  if value is not None]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def head(self):
        """(status, headers) of the next answer."""
        first, *lines = self.until(b"\r\n\r\n")[:-4].decode(
            "latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", first)
        assert match, first
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            name = name.lower()
            assert name not in headers, f"twice: {line}"
            headers[name] = value.strip()
        return int(match[1]), headers

    def chunk(self):
        """The next piece of a body that comes in chunks; b"": the last."""
        size = int(self.until(b"\r\n")[:-2].split(b";")[0], 16)
        data = self.take(size)
        assert self.take(2) == b"\r\n"
        return data

    def answer(self, method="GET"):
        status, headers = self.head()
        if method == "HEAD" or status in (204, 304) or status < 200:
            body = b""
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self.chunk, b""))
        else:
            body = self.rest()
        return Answer(status, headers, body)


def request(port, target="/", method="GET", headers=None, host="127.0.0.1"):
    """One request on a connection of its own. Checks what always holds."""
    with Client(port, host) as client:
        client.ask(target, method, headers)
        answer = client.answer(method)
    check_headers(answer)
    return answer


def raw(port, data, patience_s=None):
    """Sends bytes and returns what came until the server closed, or, with a
    patience, until it said nothing more for so long."""
    with Client(port) as client:
        with contextlib.suppress(OSError):  # it may not want all of it
            client.send(data)
        if patience_s is None:
            return client.rest()
        seen = b""
        with contextlib.suppress(ConnectionResetError):
            while select.select([client.sock], [], [], patience_s)[0]:
                more = client.sock.recv(65536)
                if not more:
                    break
                seen += more
        return seen


def statuses(data):
    """The status of each answer to a GET in what came.

    libmicrohttpd 0.9.75 begins what it says itself twice, and closes.
    """
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.[01] (\d{3}) ", head)
        assert status, head
        found.append(int(status[1]))
        if re.search(rb"(?i)\r\nConnection: close", head):
            break
        size = re.search(rb"(?i)\r\nContent-Length: (\d+)", head)
        data = data[int(size[1]) if size else len(data):]
    return found


def check_headers(answer):
    for name, value in ALWAYS.items():
        assert answer.headers.get(name) == value, (name, answer)
    assert answer.headers.get("cache-control") in ("no-cache", "no-store")
    assert not any(name.startswith("access-control-")
                   for name in answer.headers), answer
    if answer.status >= 400:
        assert answer.headers["content-type"].startswith("text/plain")
        if answer.body and answer.status != 503:
            assert answer.body.count(b"\n") == 1, answer.body


def documents(port, query=""):
    """The windows that are kept."""
    answer = request(port, "/api/windows" + query)
    assert answer.status == 200, answer
    return answer.exact()


def wait_documents(process, count):
    """Waits until so many windows are kept."""
    seen = []

    def enough():
        seen[:] = documents(process.port)
        return len(seen) >= count

    oc.until(enough, f"{count} windows", lambda: f"{seen}\n{process.seen()}")
    return seen


class Event(NamedTuple):
    """name: message when it has none; comment: a line that is none."""
    name: str
    id: str
    data: str


class Events:
    """A client of /events: takes one event after the other."""

    def __init__(self, port, last=None, query="", host="127.0.0.1"):
        self.client = Client(port, host)
        self.client.ask("/events" + query, headers={
            "Accept": "text/event-stream",
            **({"Last-Event-ID": last} if last else {})})
        self.status, self.headers = self.client.head()
        assert self.status == 200, self.client.rest()
        check_headers(Answer(200, self.headers, b""))
        assert self.headers["content-type"].startswith("text/event-stream")
        self._text = b""
        self.retry = None
        self.comments = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.client.close()

    def _piece(self):
        data = (self.client.chunk()
                if self.headers.get("transfer-encoding") == "chunked"
                else self.client.take(1))
        if not data:
            raise Closed(self._text)
        self._text += data

    def next(self):
        """The next event, of any name; Closed when there is none any more."""
        name, number, data = "message", None, []
        while True:
            while b"\n" not in self._text:
                self._piece()
            line, _, self._text = self._text.partition(b"\n")
            line = line.decode()
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line == "" and (data or name != "message"):
                return Event(name, number, "\n".join(data))
            if line == "":
                continue
            if field == "":
                self.comments += 1
            elif field == "event":
                name = value
            elif field == "id":
                number = value
            elif field == "data":
                data.append(value)
            elif field == "retry":
                self.retry = value
            else:
                raise AssertionError(f"no field: {line!r}")

    def named(self, name):
        """The next event of that name; others are passed over."""
        while True:
            event = self.next()
            if event.name == name:
                return event

    def window(self):
        """The next window: (id, document)."""
        event = self.named("message")
        document = exact(event.data.encode())
        assert document["id"] == event.id
        return document

    def windows(self, count):
        return [self.window() for _ in range(count)]

    def status_of(self, test):
        """The next status document for which test holds."""
        end = time.monotonic() + oc.DEADLINE_S
        while time.monotonic() < end:
            event = self.next()
            status = exact(event.data.encode())
            if event.name == "status" and test(status):
                return status
        raise AssertionError(f"waited in vain for a status: {event}")


class Rows:
    """Rows of json from a pipe, each with the time at which it came."""

    def __init__(self, fd):
        self._fd = fd
        self._rest = b""

    def take(self, count):
        """The next so many: [(seconds since 1970, the row's bytes)]."""
        found = []
        while len(found) < count:
            data = os.read(self._fd, 65536)
            assert data, "no more rows"
            now = time.time()
            *lines, self._rest = (self._rest + data).split(b"\n")
            found += [(now, line) for line in lines]
        return found
