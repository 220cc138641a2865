#!/usr/bin/env python3
"""tls_relay.py CERT KEY PORT PLAIN COMMAND...: runs COMMAND, and gives its one
connection to PORT, over TLS, what the server on port PLAIN sends. Ends as the
command does.
"""

import socket
import ssl
import subprocess
import sys


def relay(context, listener, plain):
    client, _ = listener.accept()
    with context.wrap_socket(client, server_side=True) as secure, \
            socket.create_connection(("127.0.0.1", plain)) as server:
        while data := server.recv(65536):
            secure.sendall(data)
        secure.unwrap()


def main(cert, key, port, plain, *command):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with socket.create_server(("127.0.0.1", int(port))) as listener, \
            subprocess.Popen(command) as popen:
        relay(context, listener, int(plain))
        return popen.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
