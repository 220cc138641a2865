"""--http=[ADDRESS:]PORT: where it listens, what is refused, and when."""

import os
import re
import socket
import time

import pytest

import http_client
import oc
from http_client import request
from test_usage import FILE, folder  # noqa: F401

pytestmark = http_client.needed


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
            return True
    except OSError:
        return False


def free_port(host="127.0.0.1"):
    with oc.Refused(host) as refused:
        return refused.port


def own_address():
    """An address of this machine that is not loopback; None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return None
        return sock.getsockname()[0]


def answers(port, host):
    try:
        return request(port, "/api/status", host=host).status == 200
    except (OSError, http_client.Closed):
        return False


# --- where -------------------------------------------------------------------

@pytest.mark.parametrize("form, host, said", [
    ("0", "127.0.0.1", b"127.0.0.1"),
    ("127.0.0.1:0", "127.0.0.1", b"127.0.0.1"),
    ("127.0.0.2:0", "127.0.0.2", b"127.0.0.2"),
    ("0.0.0.0:0", "127.0.0.1", b"0.0.0.0"),
    ("[::1]:0", "::1", b"[::1]"),
    ("[::]:0", "::1", b"[::]"),
])
def test_it_listens_where_it_was_told(spawn, form, host, said):
    if ":" in host and not has_ipv6():
        pytest.skip("no IPv6 loopback")
    process = http_client.serve(spawn, "-", http=f"--http={form}")
    assert re.search(http_client.LISTENING, process.err)[2] == said
    assert answers(process.port, host)
    other = own_address()
    if other and form[0] != "[":
        assert answers(process.port, other) == (form == "0.0.0.0:0")


def test_localhost_is_one_of_its_addresses(spawn):
    process = http_client.serve(spawn, "-", http="--http=localhost:0")
    assert any(answers(process.port, host) for host in ("127.0.0.1", "::1"))


def test_a_port_that_was_chosen_is_said_with_v_only(spawn):
    for options, said in ([], False), (["-v"], True), (["-q"], False):
        port = free_port()
        process = spawn([f"--http={port}", "-w", "1d", *options, "-"])
        oc.until(lambda: answers(port, "127.0.0.1"), "the page", process.seen)
        process.close_stdin()
        result = process.wait()
        assert result.status == 0
        assert (b"listening on http://127.0.0.1:%d/\n" % port in
                result.err) == said
        assert said or result.err == b""


def test_the_descriptors_are_its_own(spawn):
    """A socket never lands on 0, 1 or 2, whatever was closed at the start."""
    port = free_port()
    script = 'exec "$0" "$@" >&- 2>&-'
    process = spawn([], program=["sh", "-c", script,
                                 *oc.command([f"--http={port}", "-"])])
    oc.until(lambda: process.popen.poll() is not None or
             answers(port, "127.0.0.1"), "its end, or the page")
    if process.popen.poll() is None:
        for fd in (1, 2):
            try:
                assert "socket" not in os.readlink(
                    f"/proc/{process.pid}/fd/{fd}")
            except FileNotFoundError:
                pass


@pytest.mark.parametrize("value", [
    "", "x", "65536", "-1", "+80", " 80", "80 ", "8080x", "0x50", "1e3",
    "99999999999999999999", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
    "127.0.0.1:65536", "127.0.0.1:-1", ":8080", "[::1", "[::1]", "[::1]:",
    "[::1]8080", "::1:8080", "[]:80", "[127.0.0.1]:80", "[localhost]:80",
    "[::1]:80:80", "127.0.0.1:80:80", "http://127.0.0.1:80",
    "127.0.0.1:80/", "local host:80", "a\nb:80", "/tmp/socket"])
def test_wrong_usage(folder, value):  # noqa: F811
    result = oc.run([f"--http={value}", "-o", "rows", FILE], cwd=folder)
    assert (result.status, result.out) == (2, b""), result
    lines = result.err.decode().split("\n")
    assert lines[0].startswith("ordercount: --http '"), result.err
    assert lines[1:] == ["Try 'ordercount --help'", ""]
    assert not (folder / "rows").exists()


@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.5", "1e3",
                                   "99999999999999999999"])
def test_wrong_usage_of_keep(folder, value):  # noqa: F811
    result = oc.run([f"--http-keep={value}", "--http=0", FILE], cwd=folder)
    assert (result.status, result.out) == (2, b""), result
    assert result.err.startswith(b"ordercount: --http-keep '")


def test_the_last_one_wins(spawn):
    with oc.Feed() as taken:
        process = http_client.serve(spawn, "--http=0", "-",
                                    http=f"--http={taken.port}")
        assert process.port != taken.port


# --- before anything is opened -----------------------------------------------

def refused_before_it_opens(feed, tmp_path, form):
    """One line, status 1; nobody connected, nothing was emptied."""
    output, rejects = tmp_path / "rows", tmp_path / "rejects"
    output.write_bytes(b"old\n")
    state = tmp_path / "state"
    for quiet in ([], ["-q"]):
        result = oc.run([f"--http={form}", *quiet, "-o", output,
                         f"--rejects={rejects}", "127.0.0.1", feed.port])
        assert (result.status, result.out) == (1, b""), result
        assert result.err.count(b"\n") == 1
        assert result.err.startswith(b"ordercount: "), result
        assert output.read_bytes() == b"old\n"
        with pytest.raises(AssertionError, match="nobody connected"):
            feed.accept(timeout=0.05)
    result = oc.run([f"--http={form}", f"--state={state}", "127.0.0.1",
                     feed.port])
    assert result.status == 1
    with pytest.raises(AssertionError, match="nobody connected"):
        feed.accept(timeout=0.05)
    return result.err


def test_a_port_in_use(feed, tmp_path):
    with oc.Feed() as taken:
        said = refused_before_it_opens(feed, tmp_path, taken.port)
    assert b"127.0.0.1:%d" % taken.port in said
    assert b"Address already in use" in said


def test_a_port_that_another_of_us_has(feed, tmp_path, spawn):
    other = http_client.serve(spawn, "-")
    said = refused_before_it_opens(feed, tmp_path, other.port)
    assert b"Address already in use" in said
    assert answers(other.port, "127.0.0.1")


def test_a_port_in_use_on_every_address(feed, tmp_path, spawn):
    other = http_client.serve(spawn, "-", http="--http=0.0.0.0:0")
    said = refused_before_it_opens(feed, tmp_path, other.port)
    assert b"Address already in use" in said


def test_an_address_that_is_not_ours(feed, tmp_path):
    said = refused_before_it_opens(feed, tmp_path, "192.0.2.1:0")
    assert b"192.0.2.1" in said
    assert b"Cannot assign requested address" in said


def test_a_name_that_is_unknown(feed, tmp_path):
    said = refused_before_it_opens(feed, tmp_path, "nowhere.invalid:0")
    assert b"nowhere.invalid" in said


def test_a_source_that_cannot_be_opened_ends_it(spawn):
    with oc.Refused() as refused:
        process = spawn(["--http=0", "127.0.0.1", refused.port])
        result = process.wait()
    assert result.status == 1 and result.out == b""
    assert b"tcp://127.0.0.1:%d" % refused.port in result.err


def test_it_answers_while_it_dials(spawn):
    """Nothing of the page waits for a server that does not answer."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        try:
            for _ in range(3):  # what the kernel takes by itself
                waiting.append(socket.socket())
                waiting[-1].setblocking(False)
                waiting[-1].connect_ex(full.getsockname())
            process = http_client.serve(spawn, "--connect-timeout=60s",
                                        "127.0.0.1", full.getsockname()[1])
            begin = time.monotonic()
            answer = request(process.port, "/healthz")
            assert answer.status == 503 and b": opening" in answer.body
            assert request(process.port, "/").status == 200
            assert time.monotonic() - begin < 5
        finally:
            for sock in waiting:
                sock.close()


def test_it_ends_with_its_input_and_with_nobody_looking(tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(oc.order("A") * 3)
    result = oc.run(["--http=0", path])
    assert result.status == 0 and oc.counts(result.out) == {"A": 3}
