"""tls:// sources: a server that sends updates of keys, and nothing else."""

import ctypes
import fcntl
import signal
import socket
import struct
import termios

import pytest

import oc

UPDATE_NOT_REQUESTED = 0
PEM = 1


class Openssl:
    """OpenSSL's server over a socket: Python's own updates no keys."""

    def __init__(self, sock, pair):
        self.lib = lib = ctypes.CDLL("libssl.so.3")
        for name in ("TLS_server_method", "SSL_CTX_new", "SSL_new"):
            getattr(lib, name).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(
            lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_server_method())))
        assert lib.SSL_CTX_use_certificate_chain_file(
            self.context, str(pair.cert).encode()) == 1
        assert lib.SSL_CTX_use_PrivateKey_file(
            self.context, str(pair.key).encode(), PEM) == 1
        self.ssl = ctypes.c_void_p(lib.SSL_new(self.context))
        lib.SSL_set_fd(self.ssl, sock.fileno())
        assert lib.SSL_accept(self.ssl) == 1

    def update_keys(self):
        """False: the socket takes no more."""
        return (self.lib.SSL_key_update(self.ssl, UPDATE_NOT_REQUESTED) == 1
                and self.lib.SSL_do_handshake(self.ssl) == 1)

    def close(self):
        self.lib.SSL_free(self.ssl)
        self.lib.SSL_CTX_free(self.context)


def unsent(sock):
    """Bytes that the peer's system has not taken."""
    count = fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4))
    return struct.unpack("i", count)[0]


def test_updates_without_end_hold_up_nobody(trust, spawn):
    """Stopped before it has read all that was waiting, when it is told to."""
    with oc.Feed("127.0.0.1") as feed:
        process = spawn(["-v", "-w", "all", f"--tls-ca={trust.ca}",
                         f"tls://127.0.0.1:{feed.port}"])
        sock = feed.accept().sock
        sock.setblocking(True)
        server = Openssl(sock, trust.server)
        process.wait_for(b": open\n", "err")
        process.signal(signal.SIGSTOP)
        sock.setblocking(False)
        while server.update_keys():
            pass
        waiting = unsent(sock)
        assert waiting > 0
        process.signal(signal.SIGCONT)
        oc.until(lambda: unsent(sock) < waiting, "it to read on")
        process.signal(signal.SIGTERM)
        process.wait()
        # What was not read is a reset.
        with pytest.raises(ConnectionResetError):
            while sock.recv(1 << 16):
                pass
        server.close()
