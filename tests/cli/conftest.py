"""Fixtures: what a test opens by them is closed when it ends, come what may."""

import os
import shutil
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import oc  # noqa: E402
from browser import axe, browse, chromium  # noqa: E402,F401
from dashboard import dashboard, relay  # noqa: E402,F401
from kafka_broker import (broker, mortal_broker,  # noqa: E402,F401
                          start_broker)
from kinesis_service import kinesalite, kinesis  # noqa: E402,F401
from source_kinds import Fifo  # noqa: E402
from tls_feed import Trust  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "limits: measures memory or time; not run under sanitizers")
    config.addinivalue_line(
        "markers", "long: takes minutes; run by make check-long alone")
    config.addinivalue_line(
        "markers", "kafka: half an hour with a broker; run by make check-kafka"
        " alone")
    config.addinivalue_line(
        "markers", "tools: tries what is no part of the program; not run under"
        " sanitizers")
    config.addinivalue_line(
        "markers", "valgrind: part of the short run under valgrind")
    oc.default_signals()
    if not os.access(oc.BINARY, os.X_OK):
        pytest.exit(f"{oc.BINARY} is not there: run make first", 2)


TEST_LIMIT_S = 300
LONG_TEST_LIMIT_S = 900
KAFKA_TEST_LIMIT_S = 5400


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A test that hangs fails, and the others still run."""
    limit = TEST_LIMIT_S
    if item.get_closest_marker("long"):
        limit = LONG_TEST_LIMIT_S
    if item.get_closest_marker("kafka"):
        limit = KAFKA_TEST_LIMIT_S

    def over(*_):
        raise AssertionError(f"no end after {limit} s")
    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(limit)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def spawn():
    """spawn(args, ...) starts an oc.Process."""
    started = []

    def start(args, **more):
        process = oc.Process(args, **more)
        started.append(process)
        return process

    yield start
    for process in started:
        process.close()


@pytest.fixture(scope="session")
def trust(tmp_path_factory):
    """A tls_feed.Trust: an authority, and a server that it signed for."""
    if b"OpenSSL" not in oc.run(["--version"]).out:
        pytest.skip("built without TLS")
    if not shutil.which("openssl"):
        pytest.skip("openssl is missing: scripts/setup test")
    return Trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture
def source(request, tmp_path):
    """One of the kinds of source_kinds: for tests with source_runs.kinds()."""
    made = request.param(tmp_path, request.getfixturevalue)
    yield made
    made.close()


@pytest.fixture
def beside(tmp_path, request):
    """A source to stand beside another one: a FIFO."""
    folder = tmp_path / "beside"
    folder.mkdir()
    made = Fifo(folder, request.getfixturevalue)
    yield made
    made.close()


@pytest.fixture
def transport():
    """What feeds are of: "tcp"; a test, or a file of them, can have "tls"."""
    return "tcp"


@pytest.fixture
def feed(feeds):
    """An oc.Feed on 127.0.0.1."""
    return feeds("127.0.0.1")


@pytest.fixture
def feeds(request, transport):
    """feeds("::1"), feeds("127.0.0.1", "::1") opens an oc.Feed there."""
    opened = []

    def start(*hosts):
        kind = (request.getfixturevalue("trust").feed if transport == "tls"
                else oc.Feed)
        opened.append(kind(*hosts))
        return opened[-1]

    yield start
    for server in opened:
        server.close()
