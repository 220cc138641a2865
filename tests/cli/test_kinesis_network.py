"""kinesis:// sources: when nobody answers, or somebody else does.

How a source is lost and found again is in test_source_contract_losses.py.
"""

import contextlib
import signal
import ssl
import threading
import time

import pytest

import kinesis_service
import oc
from certificates import Authority, self_signed
from kinesis_service import Answer, Service, environment

pytestmark = kinesis_service.needed

ACTIONS = ("ListShards", "GetShardIterator", "GetRecords")


def read(source, *args, **env):
    return oc.run(["-w", "all", "--until-end", *args, source],
                  env=environment(**env))


def at_endpoint(url):
    return f"kinesis://orders?region=eu-north-1&endpoint={url}"


def why(source, *args, **env):
    """What the one line says behind the source; status 1."""
    done = read(source, *args, **env)
    before = f"ordercount: {source}: "
    line = done.err.decode()
    assert (done.status, done.out, line.count("\n")) == (1, b"", 1), done
    assert line.startswith(before), line
    return line[len(before):-1]


@pytest.fixture
def orders(kinesis):
    """Three orders in a stream."""
    kinesis.create("orders")
    kinesis.put("orders", *[oc.order("A")] * 3)
    return kinesis


# --- nobody answers -----------------------------------------------------------

def test_who_is_not_there_is_given_up():
    start = time.monotonic()
    with oc.Refused() as nobody:
        said = why(at_endpoint(f"http://127.0.0.1:{nobody.port}"),
                   "--connect-timeout=1s")
    assert said.startswith(
        f"Failed to connect to 127.0.0.1 port {nobody.port} "), said
    assert 1 <= time.monotonic() - start < 10
    assert why(at_endpoint("http://no-such-host.invalid"),
               "--connect-timeout=300ms") == (
        "Could not resolve host: no-such-host.invalid")


@pytest.fixture
def over():
    """Set when the test is."""
    event = threading.Event()
    yield event
    event.set()


def stall(over):
    """Says nothing while the test lasts."""
    def do(*_):
        over.wait()
        raise ConnectionError
    return do


def half(service, request):
    """Says the first half, and no more."""
    answer = service._really(request)
    return answer._replace(body=answer.body[:len(answer.body) // 2],
                           size=len(answer.body))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("silent", ["at once", "in the middle"])
def test_who_stops_to_answer_is_given_up(silent, action, orders, over):
    orders.rule(action, stall(over) if silent == "at once" else half,
                times=None)
    start = time.monotonic()
    assert why(orders.source("orders"), "--connect-timeout=1s") == "no answer"
    assert 1 <= time.monotonic() - start < 6


@pytest.mark.parametrize("action", ACTIONS)
def test_who_stops_once_is_asked_again(action, orders, over):
    """Nobody is given up who answers in the end."""
    orders.rule(action, stall(over))
    done = read(orders.source("orders"), "--connect-timeout=4s")
    assert (done.status, done.err) == (0, b"")
    assert oc.counts(done.out) == {"A": 3}


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_waits_for_no_answer(number, status, orders, over, spawn):
    rule = orders.rule("GetRecords", stall(over), times=None)
    process = spawn(["-w", "1h", "--from=earliest", "--connect-timeout=1m",
                     orders.source("orders")],
                    env=environment())
    oc.until(lambda: rule.done, "a call")
    start = time.monotonic()
    process.signal(number)
    assert process.wait().status == status
    assert time.monotonic() - start < 8


def test_each_answer_may_end_its_connection(orders):
    orders.rule(None, lambda service, request:
                service._really(request)._replace(cut=True), times=None)
    done = read(orders.source("orders"))
    assert (done.status, done.err, oc.counts(done.out)) == (0, b"", {"A": 3})


def test_connections_that_break_cost_no_descriptors(kinesis, spawn):
    kinesis.create("orders", 40)
    calls = [0]

    def cut(*_):
        calls[0] += 1
        if calls[0] % 2:
            raise ConnectionError
    process = spawn(["-v", "-w", "100ms", "--from=earliest",
                     kinesis.source("orders")], env=environment())
    process.wait_for(lambda err: b"]: open\n" in err, "err")
    rule = kinesis.rule("GetRecords", cut, times=None)
    oc.until(lambda: rule.done > 300, "calls that break")
    # 32 calls run at a time, and as many may be kept.
    assert oc.descriptors(process.pid) < 100
    rule.left = 0
    kinesis.put("orders", *[oc.order("A")] * 40)
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) == {"A": 40})


# --- who answers --------------------------------------------------------------

@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def serve(kinesalite):
    """serve(pair) starts a Service with that certificate, and three orders."""
    with contextlib.ExitStack() as started:
        def start(pair, change=lambda context: None):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            change(context)
            service = started.enter_context(contextlib.closing(
                Service(kinesalite, tls=context)))
            if not service.call("ListStreams")["StreamNames"]:
                service.create("orders")
            service.put("orders", *[oc.order("A")] * 3)
            return service
        yield start


def test_a_certificate_that_is_trusted(authority, serve, tmp_path):
    service = serve(authority.issue("server", names=["127.0.0.1"]))
    source = service.source("orders")
    other = self_signed(tmp_path).cert
    for args, env in ((["--tls-ca", authority.cert], {}),
                      ([], {"AWS_CA_BUNDLE": str(authority.cert)}),
                      (["--tls-ca", authority.cert], {"AWS_CA_BUNDLE": other})):
        done = read(source, *args, **env)
        assert (done.status, done.err) == (0, b"")
        assert oc.counts(done.out) == {"A": 3}
    assert service.refusals == [] and service.violations == []


UNTRUSTED = "SSL certificate problem: "


@pytest.mark.parametrize("issue, said", [
    (lambda ca, _: ca.issue("server", names=["127.0.0.1"], begins=-9, ends=-2),
     UNTRUSTED + "certificate has expired"),
    (lambda ca, _: ca.issue("server", names=["127.0.0.1"], begins=2, ends=9),
     UNTRUSTED + "certificate is not yet valid"),
    (lambda ca, _: ca.issue("server", names=["kinesis.example.com"]),
     "SSL: no alternative certificate subject name matches target host name "
     "'127.0.0.1'"),
    (lambda _, folder: self_signed(folder, "127.0.0.1"),
     UNTRUSTED + "self-signed certificate"),
    (lambda _, folder: Authority(folder / "other", "Other CA").issue(
        "server", names=["127.0.0.1"]),
     UNTRUSTED + "unable to get local issuer certificate"),
], ids=["expired", "early", "name", "self", "other"])
def test_a_certificate_that_is_not_is_said_at_once(issue, said, authority,
                                                   serve, tmp_path):
    """That heals by no waiting; nothing of what was to be asked is sent."""
    service = serve(issue(authority, tmp_path))
    start = time.monotonic()
    assert why(service.source("orders"), "--connect-timeout=1m", "--tls-ca",
               authority.cert) == said
    assert time.monotonic() - start < 15
    assert service.requests == []


def test_by_default_the_system_is_asked_who_is_trusted(authority, serve):
    service = serve(authority.issue("server", names=["127.0.0.1"]))
    assert why(service.source("orders")) == (
        UNTRUSTED + "unable to get local issuer certificate")


def test_a_file_of_authorities_that_is_none_is_said(orders, tmp_path):
    source = at_endpoint(orders.url.replace("http:", "https:"))
    empty = tmp_path / "empty"
    empty.touch()
    for file in (tmp_path / "none", empty):
        said = why(source, "--tls-ca", file)
        assert str(file) in said, said


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_old_protocol_is_refused(authority, serve):
    def old(context):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    service = serve(authority.issue("server", names=["127.0.0.1"]), old)
    said = why(service.source("orders"), "--connect-timeout=1s", "--tls-ca",
               authority.cert)
    assert "protocol version" in said, said
    assert service.requests == []


def test_who_speaks_something_else_is_said(orders, authority, serve):
    plain = at_endpoint(orders.url.replace("http:", "https:"))
    said = why(plain, "--connect-timeout=500ms")
    assert "wrong version number" in said, said
    secure = serve(authority.issue("server", names=["127.0.0.1"]))
    said = why(at_endpoint(secure.url.replace("https:", "http:")),
               "--connect-timeout=500ms")
    assert said in ("Empty reply from server",
                    "Recv failure: Connection reset by peer"), said
    with oc.Feed() as feed:
        def greet():
            with contextlib.suppress(AssertionError, OSError, ValueError):
                while True:
                    feed.accept().send(b"220 smtp.example.com ESMTP\r\n")
        threading.Thread(target=greet, daemon=True).start()
        said = why(at_endpoint(f"http://127.0.0.1:{feed.port}"),
                   "--connect-timeout=500ms")
    assert said == "Received HTTP/0.9 when not allowed", said


def test_an_answer_may_be_too_large(orders):
    """Fewer records are asked for."""
    def large(_, request):
        if request.asked["Limit"] == 1:
            return None
        return Answer(200, b" " * (33 << 20))
    orders.rule("GetRecords", large, times=None)
    done = read(orders.source("orders"))
    assert (done.status, done.err, oc.counts(done.out)) == (0, b"", {"A": 3})
    limits = [call.asked["Limit"] for call in orders.asked("GetRecords")]
    assert limits[0] > 1 and 1 in limits
