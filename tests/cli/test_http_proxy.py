"""The manual's nginx in front of --http: it asks for a password, and events
come through it at once."""

import base64
import os
import re
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest

import oc
from monitoring import listening_port, port_of

NGINX = "/usr/sbin/nginx"
REST = """daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
%s
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    %s
}
"""


def server_of_the_manual():
    with open(os.path.join(oc.ROOT, "man", "ordercount.1"),
              encoding="utf-8") as manual:
        return re.search(r"^server \{\n.*?^\}\n", manual.read(),
                         re.M | re.S)[0]


@pytest.fixture
def proxy(tmp_path, spawn):
    """proxy(port) is where nginx listens in front of that port; password of
    the user shop: secret."""
    if not os.path.exists(NGINX) or not shutil.which("openssl"):
        pytest.skip("nginx or openssl is missing: scripts/setup test")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
         "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", "orders.key", "-out",
         "orders.pem"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "orders.htpasswd").write_text("shop:{PLAIN}secret\n")

    def start(port):
        server = server_of_the_manual()
        with oc.Refused() as free:
            own = free.port
        for old, new in [("listen 443", f"listen 127.0.0.1:{own}"),
                         (r"/etc/\S*/(orders\.\w+);", rf"{tmp_path}/\1;"),
                         ("127.0.0.1:8080", f"127.0.0.1:{port}")]:
            assert re.search(old, server)
            server = re.sub(old, new, server)
        user = "user root;" if os.getuid() == 0 else ""
        (tmp_path / "nginx.conf").write_text(REST % (user, server))
        nginx = spawn([], program=[NGINX, "-e", "stderr", "-p", tmp_path, "-c",
                                   "nginx.conf"])
        oc.until(lambda: listening_port(nginx.pid), "nginx to listen",
                 nginx.seen)
        return own

    yield start


def ask(proxy_port, path, folder, password="secret", **headers):
    request = urllib.request.Request(
        f"https://localhost:{proxy_port}{path}", headers=headers)
    request.add_header("Authorization", "Basic " + base64.b64encode(
        b"shop:" + password.encode()).decode())
    context = ssl.create_default_context(cafile=folder / "orders.pem")
    return urllib.request.urlopen(request, timeout=oc.DEADLINE_S,
                                  context=context)


def test_proxy_of_the_manual_asks_for_a_password_and_passes_events_on(
        feed, spawn, proxy, tmp_path):
    process = spawn(["-w", "0.2", "--http=0", "127.0.0.1", feed.port])
    port = proxy(port_of(process))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(port, "/api/window", tmp_path, "guessed")
    client = feed.accept()
    with ask(port, "/events", tmp_path) as events:
        client.send(oc.order("PAID") * 7)
        seen = b""
        # Little comes: a buffer of the proxy would hold all of it.
        while b'"count":7' not in seen:
            seen += events.readline()
        assert len(seen) < 8192
    with ask(port, "/", tmp_path) as page:
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert b"<html" in page.read()
