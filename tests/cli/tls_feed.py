"""A Feed over TLS, by Python's ssl: what tests of tcp:// do goes for tls://.

What a Feed and its connections have besides is for tests of TLS alone.
"""

import contextlib
import fcntl
import ssl
import sys
import termios

import oc
from certificates import Authority

TLS_1_2 = ssl.TLSVersion.TLSv1_2
TLS_1_3 = ssl.TLSVersion.TLSv1_3


def server_context(pair, version=None, client_ca=None):
    """What a server needs to show pair; client_ca: it wants a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    # An end without close_notify is to be told from one with it.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if version:
        context.minimum_version = context.maximum_version = version
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


class TlsConnection(oc.Connection):
    """One client, which has shaken hands."""

    def end(self):
        """No more from here, by close_notify; the connection stays."""
        self.sock.settimeout(0)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.sock.unwrap()
        self.sock.settimeout(oc.DEADLINE_S)

    def close(self):
        """As who ends properly. After cut() or reset() there is no more."""
        with contextlib.suppress(OSError, ValueError):
            self.end()
        self.sock.close()

    def cut(self):
        """Ends without close_notify, as if somebody on the way had done it."""
        self.sock.close()

    def wait_closed(self):
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass


class TlsFeed(oc.Feed):
    """context: a server's ssl.SSLContext; ca: what a client has to trust."""

    scheme = "tls"

    def __init__(self, *hosts, context, ca):
        super().__init__(*hosts)
        self.context = context
        self.options = [f"--tls-ca={ca}"]

    def accept(self, timeout=None):
        """The next client, once it has shaken hands."""
        plain = self.accept_plain(timeout)
        plain.sock.settimeout(oc.DEADLINE_S)
        self.connections.remove(plain)
        connection = TlsConnection(self.context.wrap_socket(
            plain.sock, server_side=True, suppress_ragged_eofs=False))
        self.connections.append(connection)
        return connection

    def accept_plain(self, timeout=None):
        """The next client, before any handshake."""
        return super().accept(timeout)


class RawServer:
    """A server's side of TLS that puts nothing on the wire by itself: its bytes
    are the test's to send, in pieces, late, or not at all.

    client: an oc.Connection that has not shaken hands.
    """

    def __init__(self, client, context):
        self.client = client
        self._from, self._to = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._from, self._to, server_side=True)

    def flights(self):
        """What it says in the handshake, a flight at a time: each is to be
        sent before the next is asked for."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                said = self._to.read()
                if said:
                    yield said
                heard = self.client.sock.recv(65536)
                if not heard:
                    raise ConnectionError("the client hung up") from None
                self._from.write(heard)
        said = self._to.read()
        if said:
            yield said

    def shake_hands(self):
        for flight in self.flights():
            self.client.send(flight)

    def records(self, *pieces):
        """Each as a record, all in a row."""
        for piece in pieces:
            self._tls.write(piece)
        return self._to.read()

    def close_notify(self):
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._to.read()


class OpensslServer(oc.Process):
    """openssl s_server, with one client at a time.

    What write() gives it goes to the client, but a line that begins with one of
    its commands; what it says is .out.
    """

    def __init__(self, pair, *options):
        super().__init__([], program=[
            "stdbuf", "-oL", "openssl", "s_server", "-accept", "127.0.0.1:0",
            "-cert", pair.cert, "-key", pair.key, *map(str, options)])
        self.port = int(self.wait_for(rb"ACCEPT [^\n]*:(\d+)\n")[1])

    def write(self, data):
        """All of it in one read of its own: commands are seen by that."""
        super().write(data)
        oc.until(lambda: not self._unread(), "s_server to read", self.seen)

    def _unread(self):
        count = bytearray(4)
        fcntl.ioctl(self.popen.stdin, termios.FIONREAD, count)
        return int.from_bytes(count, sys.byteorder)


class Trust:
    """An Authority, and a server's certificate for this machine."""

    def __init__(self, folder):
        self.authority = Authority(folder / "authority")
        self.ca = self.authority.cert
        self.server = self.authority.issue(
            "server", names=["localhost", "127.0.0.1", "::1"])

    def feed(self, *hosts, version=None, client_ca=None, pair=None):
        context = server_context(pair or self.server, version, client_ca)
        return TlsFeed(*hosts, context=context, ca=self.ca)
