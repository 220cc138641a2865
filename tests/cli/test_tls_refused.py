"""What a tls:// source does not accept, or is not accepted with: one line that
says which certificate or file, and what can be done; status 1.
"""

import os
import pty
import shutil
import socket
import subprocess
import threading

import pytest

import oc
from certificates import Authority, Pair, openssl, self_signed
from test_sources import drop_root_privileges
from tls_feed import TLS_1_2, TLS_1_3

ORDER = oc.order("A")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A CA that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("other") / "ca", "Other CA")


@pytest.fixture(scope="module")
def middle(tmp_path_factory, trust):
    """A CA that the trusted one has signed."""
    return Authority(tmp_path_factory.mktemp("middle") / "ca", "Middle CA",
                     signed_by=trust.authority)


def count(feed, options, host="localhost", serve=None):
    """The result of a run on a server that sends one order and ends.

    serve(feed): another way to serve.
    """
    def one_order():
        connection = feed.accept()
        connection.send(ORDER)
        connection.close()

    def work():
        try:
            (serve or (lambda _: one_order()))(feed)
        except OSError:  # the handshake came to nothing
            pass
    server = threading.Thread(target=work)
    server.start()
    result = oc.run(["-w", "all", *options, feed.operand(host)])
    server.join(oc.DEADLINE_S)
    assert not server.is_alive()
    return result


def assert_counts(result):
    assert (result.status, result.err) == (0, b"")
    assert oc.counts(result.out) == {"A": 1}


def assert_refused(result, feed, why, host="localhost"):
    """One line, which ends with why; nothing was counted."""
    assert result.status == 1 and oc.counts(result.out) == {}
    assert result.err.decode() == (
        f"ordercount: cannot connect to {feed.operand(host)}: {why}\n")


# --- the server's certificate ------------------------------------------------

@pytest.mark.valgrind
@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_good_one_is_accepted(trust, host, version):
    with trust.feed(version=version) as feed:
        assert_counts(count(feed, feed.options, host))


def test_ipv6_address_is_looked_up_in_it(trust):
    with trust.feed("::1") as feed:
        assert_counts(count(feed, feed.options, "::1"))


@pytest.mark.parametrize("name, begins, ends, why", [
    ("expired", -3, -2, "its certificate has expired: it was good until "),
    ("early", 2, 3, "its certificate is not yet valid: it is good from "),
])
def test_out_of_its_time_it_is_refused(trust, name, begins, ends, why):
    pair = trust.authority.issue(name, ["localhost"], begins, ends)
    with trust.feed(pair=pair) as feed:
        result = count(feed, feed.options)
    said = result.err.decode()
    assert result.status == 1 and said.count("\n") == 1
    when = openssl("x509", "-in", pair.cert, "-noout", "-dates", "-dateopt",
                   "iso_8601").decode().split("\n")[name == "expired"]
    moment = when.split("=")[1].replace(" ", "T")
    assert f": {why}{moment}" in said


@pytest.mark.parametrize("names, told", [
    (["shop.example"], "shop.example"),
    (["*.shop.example", "10.0.0.1", "fe80::1"],
     "*.shop.example, 10.0.0.1, fe80::1"),
    (["a", "b", "c", "d", "e"], "a, b, c, d, e"),
    (["a", "b", "c", "d", "e", "f"], "a, b, c, d, e, ..."),
    ([], "nobody"),
])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_for_another_host_it_is_refused(trust, names, told, host):
    pair = trust.authority.issue("nobody", names)
    with trust.feed(pair=pair) as feed:
        assert_refused(count(feed, feed.options, host), feed,
                       f"its certificate is not for '{host}' but for {told}",
                       host)


def test_address_is_not_looked_for_among_names(trust):
    """An IP address stands in a name: that vouches for nothing."""
    pair = trust.authority.issue("127.0.0.1", ["localhost"])
    with trust.feed(pair=pair) as feed:
        result = count(feed, feed.options, "127.0.0.1")
    assert b"is not for '127.0.0.1' but for localhost" in result.err


def test_name_may_be_of_any_case_and_end_with_a_dot(trust):
    with trust.feed() as feed:
        for host in ("LocalHost", "localhost."):
            assert_counts(count(feed, feed.options, host))


def test_unknown_authority_is_refused(trust, other):
    with trust.feed(pair=other.issue("server", ["localhost"])) as feed:
        assert_refused(
            count(feed, feed.options), feed, "its certificate is signed by "
            "'Other CA', a CA that is not trusted (--tls-ca names the CAs to "
            "trust)")
        assert_counts(count(feed, [f"--tls-ca={other.cert}"]))


def test_system_knows_nothing_of_an_authority_of_ours(trust):
    with trust.feed() as feed:
        assert_refused(
            count(feed, []), feed, "its certificate is signed by 'Test CA', a "
            "CA that is not trusted (--tls-ca names the CAs to trust)")


def test_what_the_system_trusts_can_be_said_by_the_environment(trust):
    with trust.feed() as feed:
        with oc.Process(["-w", "all", feed.operand("localhost")],
                        env={"SSL_CERT_FILE": str(trust.ca)}) as process:
            connection = feed.accept()
            connection.send(ORDER)
            connection.close()
            assert_counts(process.wait())


def test_self_signed_is_refused_unless_it_is_trusted_itself(trust, tmp_path):
    pair = self_signed(tmp_path)
    with trust.feed(pair=pair) as feed:
        assert_refused(count(feed, []), feed, "its certificate is self-signed "
                       "and not trusted (--tls-ca can name it)")
        assert_counts(count(feed, [f"--tls-ca={pair.cert}"]))


def test_authority_between_is_found_by_what_the_server_sends(trust, middle,
                                                             tmp_path):
    pair = middle.issue("server", ["localhost"])
    with trust.feed(pair=pair) as feed:
        assert_counts(count(feed, feed.options))
        # Who names the one between trusts that, and needs no other.
        assert_counts(count(feed, [f"--tls-ca={middle.cert}"]))
    alone = tmp_path / "alone.pem"
    openssl("x509", "-in", pair.cert, "-out", alone)
    with trust.feed(pair=Pair(alone, pair.key)) as feed:
        assert_refused(
            count(feed, feed.options), feed, "its certificate is signed by "
            "'Middle CA', a CA that is not trusted (--tls-ca names the CAs to "
            "trust)")


def test_whose_certificate_it_is_that_is_refused_is_said(trust, middle,
                                                         other):
    with trust.feed(pair=middle.issue("server", ["localhost"])) as feed:
        assert_refused(
            count(feed, [f"--tls-ca={other.cert}"]), feed, "the certificate "
            "of its CA 'Middle CA' is signed by 'Test CA', a CA that is not "
            "trusted (--tls-ca names the CAs to trust)")


def test_certificate_of_a_client_is_none_of_a_server(trust, tmp_path):
    key = tmp_path / "key"
    pair = self_signed(tmp_path)
    openssl("req", "-x509", "-new", "-key", pair.key, "-subj", "/CN=x",
            "-addext", "subjectAltName=DNS:localhost", "-addext",
            "extendedKeyUsage=clientAuth", "-out", key)
    with trust.feed(pair=Pair(key, pair.key)) as feed:
        result = count(feed, [f"--tls-ca={key}"])
    assert result.status == 1
    assert b"its certificate is not accepted: uns" in result.err
    assert b"purpose" in result.err


def test_what_a_certificate_says_moves_no_cursor(trust):
    pair = trust.authority.issue("\x1b[2J\u0085", ["x"])
    with trust.feed(pair=pair) as feed:
        result = count(feed, ["--tls-ca", trust.ca])
    assert result.status == 1 and b"\x1b" not in result.err


# --- lists of what is revoked ------------------------------------------------

@pytest.mark.valgrind
def test_revoked_one_is_refused_by_a_list(trust):
    pair = trust.authority.issue("revoked", ["localhost"])
    trust.authority.revoke(pair)
    revoked = [f"--tls-crl={trust.authority.write_list()}"]
    with trust.feed(pair=pair) as feed:
        assert_refused(count(feed, feed.options + revoked), feed,
                       "its certificate is revoked by the list of --tls-crl")
        assert_counts(count(feed, feed.options))
    with trust.feed() as feed:
        assert_counts(count(feed, feed.options + revoked))


@pytest.mark.parametrize("begins, ends, why", [
    (-3, -2, "has expired, get a new one"),
    (2, 3, "is not yet valid (is the clock right?)")])
def test_list_out_of_its_time_is_not_used(trust, begins, ends, why):
    revoked = trust.authority.write_list("other.pem", begins, ends)
    with trust.feed() as feed:
        assert_refused(
            count(feed, [*feed.options, f"--tls-crl={revoked}"]), feed,
            "its certificate cannot be looked up: the list of --tls-crl "
            + why)


def test_list_of_another_authority_does_not_do(trust, other, tmp_path):
    revoked = [f"--tls-crl={other.write_list()}"]
    with trust.feed() as feed:
        assert_refused(
            count(feed, feed.options + revoked), feed,
            "its certificate cannot be looked up: --tls-crl has no list of "
            "its CA 'Test CA'")
        both = tmp_path / "both.pem"
        both.write_bytes(other.write_list().read_bytes() +
                         trust.authority.write_list().read_bytes())
        assert_counts(count(feed, [*feed.options, f"--tls-crl={both}"]))


# --- ours --------------------------------------------------------------------

def own(pair):
    return [f"--tls-cert={pair.cert}", f"--tls-key={pair.key}"]


def assert_not_taken(result, feed, version, why):
    """With TLS 1.3 we are connected before the server says so."""
    assert result.status == 1 and oc.counts(result.out) == {}
    begin = "cannot connect to " if version == TLS_1_2 else ""
    said = result.err.decode()
    assert said == f"ordercount: {begin}{feed.operand('localhost')}: {why}\n"


def serve_silently(feed):
    """No order: with TLS 1.3 it might come before the refusal."""
    feed.accept().close()


@pytest.fixture(params=[TLS_1_2, TLS_1_3], ids=["1.2", "1.3"])
def strict_feed(request, trust):
    """A server that wants to know who we are."""
    with trust.feed(version=request.param, client_ca=trust.ca) as server:
        server.version = request.param
        yield server


def test_server_that_knows_us_is_counted(strict_feed, trust, tmp_path):
    us = trust.authority.issue("us")
    assert_counts(count(strict_feed, strict_feed.options + own(us)))
    both = tmp_path / "both.pem"
    both.write_bytes(open(us.cert, "rb").read() + open(us.key, "rb").read())
    assert_counts(count(strict_feed,
                        [*strict_feed.options, f"--tls-cert={both}"]))


def test_certificate_of_ours_comes_with_its_authorities(strict_feed, middle):
    us = middle.issue("us")
    assert_counts(count(strict_feed, strict_feed.options + own(us)))


def test_server_that_wants_to_know_who_we_are(strict_feed):
    assert_not_taken(
        count(strict_feed, strict_feed.options, serve=serve_silently),
        strict_feed, strict_feed.version,
        "it wants a client certificate (--tls-cert)")


@pytest.mark.valgrind
def test_certificate_of_ours_that_a_server_does_not_trust(strict_feed, other):
    options = strict_feed.options + own(other.issue("us"))
    assert_not_taken(
        count(strict_feed, options, serve=serve_silently), strict_feed,
        strict_feed.version, "it does not accept the certificate of "
        "--tls-cert: the server does not trust its CA (tlsv1 alert unknown "
        "ca)")


def test_certificate_of_ours_that_has_expired(strict_feed, trust):
    us = trust.authority.issue("late", begins=-3, ends=-2)
    assert_not_taken(
        count(strict_feed, strict_feed.options + own(us),
              serve=serve_silently), strict_feed, strict_feed.version,
        "it does not accept the certificate of --tls-cert: it has expired "
        "(sslv3 alert certificate expired)")


def test_certificate_that_nobody_wants_does_no_harm(trust):
    with trust.feed() as feed:
        us = trust.authority.issue("us")
        assert_counts(count(feed, feed.options + own(us)))


# --- files -------------------------------------------------------------------

@pytest.fixture(scope="module")
def files(tmp_path_factory, trust, other):
    """A folder with what is no good."""
    folder = tmp_path_factory.mktemp("files")
    us = trust.authority.issue("us")
    for name, path in [("ca", trust.ca), ("cert", us.cert), ("key", us.key),
                       ("other.key", other.issue("us").key)]:
        shutil.copy(path, folder / name)
    cert, key = (folder / "cert").read_bytes(), (folder / "key").read_bytes()
    (folder / "empty").write_bytes(b"")
    (folder / "junk").write_bytes(b"junk\n")
    (folder / "half").write_bytes(cert[:200])
    (folder / "damaged").write_bytes(cert[:200] + b"!!" + cert[202:])
    (folder / "half.key").write_bytes(key[:100])
    (folder / "folder").mkdir()
    openssl("pkey", "-in", folder / "key", "-aes256", "-passout",
            "pass:secret", "-out", folder / "locked.key")
    openssl("ec", "-in", folder / "key", "-aes256", "-passout", "pass:secret",
            "-out", folder / "locked.old")
    (folder / "locked.both").write_bytes(
        cert + (folder / "locked.key").read_bytes())
    return folder


LOCKED = (": the key needs a password, and nobody is asked for it (openssl "
          "pkey takes it off)")
NONE = ": there is no {} in it that can be read (PEM)"


@pytest.mark.parametrize("options, named, why", [
    *[([f"--tls-{what}=nowhere"], f"--tls-{what} 'nowhere'",
       ": No such file or directory") for what in ("ca", "cert", "crl")],
    *[([f"--tls-{what}=folder"], f"--tls-{what} 'folder'", ": Is a directory")
      for what in ("ca", "cert", "crl")],
    *[([f"--tls-{what}={name}"], f"--tls-{what} '{name}'",
       NONE.format(content))
      for what, content in [("ca", "certificate"), ("cert", "certificate"),
                            ("crl", "revocation list")]
      for name in ("empty", "junk", "key", "/dev/null")],
    (["--tls-crl=ca"], "--tls-crl 'ca'", NONE.format("revocation list")),
    *[([f"--tls-{what}={name}"], f"--tls-{what} '{name}'",
       f": the certificate in it is damaged: {why}")
      for what in ("ca", "cert")
      for name, why in [("half", "bad end line"),
                        ("damaged", "bad base64 decode")]],
    (["--tls-cert=cert"], "--tls-cert 'cert'", NONE.format("private key")),
    *[(["--tls-cert=cert", f"--tls-key={name}"], f"--tls-key '{name}'",
       NONE.format("private key")) for name in ("empty", "junk", "half.key")],
    (["--tls-cert=cert", "--tls-key=nowhere"], "--tls-key 'nowhere'",
     ": No such file or directory"),
    (["--tls-cert=cert", "--tls-key=other.key"], "--tls-key 'other.key'",
     ": it is not the key of the certificate (--tls-cert)"),
    (["--tls-cert=cert", "--tls-key=locked.key"], "--tls-key 'locked.key'",
     LOCKED),
    (["--tls-cert=cert", "--tls-key=locked.old"], "--tls-key 'locked.old'",
     LOCKED),
    (["--tls-cert=locked.both"], "--tls-cert 'locked.both'", LOCKED),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_file_that_is_no_good_is_named(files, tmp_path, options, named, why):
    """Before anything is opened, or written."""
    with oc.Feed() as feed:
        result = oc.run(["-o", tmp_path / "rows", *options,
                         f"tls://localhost:{feed.port}"], cwd=files)
        assert result.status == 1 and result.out == b""
        assert result.err.decode() == f"ordercount: {named}{why}\n"
        feed._sockets[0].setblocking(False)
        with pytest.raises(BlockingIOError):
            feed._sockets[0].accept()
    assert not (tmp_path / "rows").exists()


def test_password_is_not_asked_for_on_the_terminal(files):
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            oc.command(["--tls-cert=cert", "--tls-key=locked.key",
                        "tls://localhost:1"]), cwd=files, stdin=slave,
            stdout=slave, stderr=slave, check=False, timeout=oc.DEADLINE_S,
            preexec_fn=os.setsid, env=oc.environment())
    finally:
        os.close(slave)
    said = os.read(master, 65536)
    os.close(master)
    assert done.returncode == 1
    assert said.decode() == f"ordercount: --tls-key 'locked.key'{LOCKED}\r\n"


def test_file_that_may_not_be_read_is_said(files):
    (files / "mine").write_bytes(b"")
    (files / "mine").chmod(0)
    result = oc.run(["--tls-ca=mine", "tls://localhost:1"], cwd=files,
                    preexec_fn=drop_root_privileges)
    assert result.status == 1
    assert result.err == b"ordercount: --tls-ca 'mine': Permission denied\n"


def test_two_sources_read_a_fifo_once(trust, tmp_path):
    """As <(command) of a shell: what was read is not there a second time."""
    fifo = tmp_path / "ca"
    os.mkfifo(fifo)
    with trust.feed() as one, trust.feed() as two:
        with oc.Process(["-w", "all", f"--tls-ca={fifo}",
                         one.operand("localhost"),
                         two.operand("localhost")]) as process:
            with open(fifo, "wb") as writer:
                writer.write(trust.ca.read_bytes())
            for feed in (one, two):
                connection = feed.accept()
                connection.send(ORDER)
                connection.close()
            result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 2}


# --- peers that speak something else -----------------------------------------

def refused_by(reply, feed):
    """Why, by what a server says as soon as we have said hello."""
    def serve(server):
        plain = server.accept_plain()
        assert plain.sock.recv(65536)[:1] == b"\x16"
        plain.send(reply)
        plain.sock.shutdown(socket.SHUT_WR)
        plain.wait_closed()
    result = count(feed, feed.options, serve=serve)
    assert result.status == 1 and result.out == b""
    begin = f"ordercount: cannot connect to {feed.operand('localhost')}: "
    assert result.err.decode().startswith(begin)
    assert result.err.endswith(b"\n") and result.err.count(b"\n") == 1
    return result.err.decode()[len(begin):-1]


def test_server_that_speaks_in_the_clear(trust):
    with trust.feed() as feed:
        for reply in (ORDER, b"HTTP/1.1 400 Bad Request\r\n\r\n",
                      b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 64):
            assert refused_by(reply, feed) == \
                "what it says is no TLS (is it a tcp:// source?)"


def test_server_that_hangs_up(trust):
    with trust.feed() as feed:
        for reply in (b"", b"\x16", b"\x16\x03\x03\0\x7a\x02\0\0\x76\x03\x03"):
            assert refused_by(reply, feed) == "it hung up in the TLS handshake"


@pytest.mark.parametrize("alert, why", [
    (70, "it knows no TLS 1.2 or newer"),
    (40, "TLS: sslv3 alert handshake failure"),
    (112, "TLS: tlsv1 unrecognized name"),
    (42, "TLS: sslv3 alert bad certificate"),
    (80, "TLS: tlsv1 alert internal error")])
def test_alert_is_said(trust, alert, why):
    with trust.feed() as feed:
        assert refused_by(bytes([0x15, 3, 3, 0, 2, 2, alert]), feed) == why


def test_server_of_tls_1_1_is_refused(trust):
    """It takes our hello, and answers in its own version."""
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_1", "-cipher",
         "DEFAULT@SECLEVEL=0", "-cert", trust.server.cert, "-key",
         trust.server.key, "-naccept", "1"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        line = b""
        while not line.startswith(b"ACCEPT"):
            line = server.stdout.readline()
            assert line
        port = int(line.rsplit(b":", 1)[1])
        result = oc.run([f"--tls-ca={trust.ca}", f"tls://127.0.0.1:{port}"])
    finally:
        server.kill()
        server.communicate()
    assert result.status == 1
    assert result.err.decode() == (
        f"ordercount: cannot connect to tls://127.0.0.1:{port}: it knows no "
        "TLS 1.2 or newer\n")
