"""kafka:// over TLS, by SASL or a certificate, and who may not.

The broker is of the last Kafka with whose SCRAM librdkafka before 2.6.1 gets
along. What of it must have a certificate of the client, by SSL.
"""

import subprocess
import time

import pytest

import oc
import rdkafka
from kafka_broker import Broker, unique

VERSION = "3.7.1"
QUICK = ["-q", "-w", "all", "--until-end"]
LIMIT_S = 10
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

# Each start takes seconds, and the first one fetches that Kafka.
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("secure"),
                    "listener.name.ssl.ssl.client.auth=required",
                    secure=True, version=VERSION)
    yield broker
    broker.close()


@pytest.fixture
def orders(secure):
    """A topic with two of A and one of B."""
    topic = secure.new_topic(partitions=2)
    secure.produce(topic, [oc.order("A"), oc.order("B")])
    secure.produce(topic, [oc.order("A")], partition=1)
    return topic


def settings(path, **properties):
    """A file for -X, as an operator writes one."""
    path.write_text("".join(f"{name.replace('_', '.')}={value}\n"
                            for name, value in properties.items()))
    path.chmod(0o600)
    return ["-X", f"@{path}"]


def sasl(secure, path, mechanism, **changes):
    """By the user shop's name and password, but for the changes."""
    properties = {
        "security_protocol": "SASL_SSL", "sasl_mechanism": mechanism,
        "sasl_username": "shop", "sasl_password": secret(secure, "password"),
        "ssl_ca_location": f"{secure.folder}/secure/ca.pem"}
    return settings(path, **{**properties, **changes})


def secret(secure, name):
    with open(f"{secure.folder}/secure/{name}", encoding="ascii") as file:
        return file.read().strip()


def operand(secure, way, topic):
    return f"kafka://{secure.ways[way][0]}/{topic}"


def run(*args):
    return oc.run([*QUICK, f"--connect-timeout={LIMIT_S}s", *args])


def counted(result):
    assert (result.status, result.err) == (0, b"")
    return oc.counts(result.out)


def refused(args, *words):
    """It ends soon, with one line that has these words; returns that."""
    begun = time.monotonic()
    result = run(*args)
    assert time.monotonic() - begun < LIMIT_S
    assert (result.status, result.out) == (1, b"")
    line = result.err.decode()
    assert line.startswith("ordercount: ") and line.count("\n") == 1
    for word in words:
        assert word in line
    return line


# --- those who may ------------------------------------------------------------

@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_orders_are_counted_over_sasl(mechanism, secure, orders, tmp_path):
    way = sasl(secure, tmp_path / "kafka.conf", mechanism)
    source = operand(secure, "SCRAM", orders)
    for more in ([], ["--group", unique("group")],
                 ["--state", tmp_path / "state"]):
        assert counted(run(*way, *more, source)) == {"A": 2, "B": 1}


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_member_publishes_over_sasl(mechanism, secure, tmp_path):
    way = sasl(secure, tmp_path / "kafka.conf", mechanism)
    topic, partials = secure.new_topic(), secure.new_topic()
    secure.produce(topic, [
        b'{"t":"2026-11-22T10:00:01Z","status":"A"}'] * 3)
    member = oc.run(["-t", "t", "-w", "5s", "--until-end", *way, "--publish",
                     operand(secure, "SCRAM", partials), "--group",
                     unique("group"), operand(secure, "SCRAM", topic)])
    assert member == (0, b"", b"")
    merge = oc.run(["--merge", "-q", "-w", "5s", "--until-end", *way,
                    operand(secure, "SCRAM", partials)])
    assert counted(merge) == {"A": 3}


@pytest.mark.parametrize("password", [None, "hard to guess"])
def test_orders_are_counted_by_a_certificate(password, secure, orders,
                                             tmp_path):
    """The key may be encrypted."""
    folder = f"{secure.folder}/secure"
    key = f"{folder}/client.key"
    more = {}
    if password:
        key = tmp_path / "key"
        subprocess.run(["openssl", "rsa", "-aes256", "-passout",
                        f"pass:{password}", "-in", f"{folder}/client.key",
                        "-out", key], check=True, capture_output=True)
        more = {"ssl_key_password": password}
    way = settings(tmp_path / "kafka.conf", security_protocol="SSL",
                   ssl_ca_location=f"{folder}/ca.pem",
                   ssl_certificate_location=f"{folder}/client.pem",
                   ssl_key_location=key, **more)
    assert counted(run(*way, operand(secure, "SSL", orders))) == {
        "A": 2, "B": 1}
    if password:
        wrong = settings(tmp_path / "wrong.conf", ssl_key_password="no-secret")
        line = refused([*way, *wrong, operand(secure, "SSL", orders)],
                       "ssl.key.location", "see ssl.key.password")
        assert "no-secret" not in line and password not in line


# --- those who may not --------------------------------------------------------

@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_password_is_told_and_not_shown(mechanism, secure, orders,
                                                tmp_path):
    way = sasl(secure, tmp_path / "kafka.conf", mechanism,
               sasl_password="wrong-secret")
    source = operand(secure, "SCRAM", orders)
    for more in ([], ["--reconnect"], ["--group", unique("group")]):
        line = refused([*way, *more, source], source, "Authentication failed")
        assert "wrong-secret" not in line
        if (mechanism != "PLAIN" and
                rdkafka.library().rd_kafka_version() < 0x020601ff):
            assert f"{mechanism}: sasl.username or sasl.password is" in line
    for more in (["-v"], ["-v", "-X", "debug=all"]):
        result = run(*way, *more, source)
        assert result.status == 1
        assert b"librdkafka: " in result.err
        assert b"wrong-secret" not in result.err
        assert secret(secure, "password").encode() not in result.err


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_password_is_not_shown_where_it_is_right(mechanism, secure, orders,
                                                   tmp_path):
    way = sasl(secure, tmp_path / "kafka.conf", mechanism)
    result = run("-v", "-X", "debug=all", *way,
                 operand(secure, "SCRAM", orders))
    assert result.status == 0
    assert b"SaslAuthenticate" in result.err
    assert secret(secure, "password").encode() not in result.err


@pytest.mark.parametrize("more", [[], ["--reconnect"]])
def test_an_unknown_ca_is_told(more, secure, orders, tmp_path):
    """The broker is not who it says: that does not wait for better."""
    for way, name in (("SCRAM", "SASL_SSL"), ("SSL", "SSL")):
        file = sasl(secure, tmp_path / "kafka.conf", "SCRAM-SHA-256",
                    security_protocol=name,
                    ssl_ca_location=f"{secure.folder}/secure/client.pem")
        source = operand(secure, way, orders)
        refused([*file, *more, source], source, "certificate verify failed",
                "ssl.ca.location")


def test_a_name_that_is_not_in_the_certificate_is_told(secure, orders, spawn,
                                                       tmp_path):
    """As where somebody else has got hold of a certificate of that CA."""
    way = sasl(secure, tmp_path / "kafka.conf", "SCRAM-SHA-256")
    port = secure.ways["SCRAM"][0].rsplit(":", 1)[1]
    assert counted(run(*way, f"kafka://localhost:{port}/{orders}")) == {
        "A": 2, "B": 1}
    pem = f"{secure.folder}/secure/server.pem"
    other = spawn([], program=["openssl", "s_server", "-accept",
                               "127.0.0.2:0", "-cert", pem, "-key", pem])
    other.wait_for(rb"ACCEPT 127.0.0.2:\d+\n")
    address = other.out.decode().split("ACCEPT ")[1].split()[0]
    refused([*way, f"kafka://{address}/{orders}"],
            "certificate verify failed")


def test_no_certificate_where_one_is_wanted_is_told(secure, orders, tmp_path):
    way = settings(tmp_path / "kafka.conf", security_protocol="SSL",
                   ssl_ca_location=f"{secure.folder}/secure/ca.pem")
    source = operand(secure, "SSL", orders)
    refused([*way, source], source,
            "see ssl.certificate.location and ssl.key.location")


@pytest.mark.parametrize("name", ["ca", "certificate", "key"])
def test_a_file_that_is_not_there_is_told(name, secure, orders, tmp_path):
    way = sasl(secure, tmp_path / "kafka.conf", "PLAIN", **{
        f"ssl_{name}_location": tmp_path / "none.pem"})
    refused([*way, operand(secure, "SCRAM", orders)],
            f"-X 'ssl.{name}.location': cannot read '{tmp_path}/none.pem': "
            "No such file or directory")


def test_tls_where_there_is_none_is_told(secure, orders, tmp_path):
    way = sasl(secure, tmp_path / "kafka.conf", "PLAIN")
    for args, word in (
            ([*way, secure.url(orders)], "see security.protocol"),
            ([operand(secure, "SCRAM", orders)], "security.protocol")):
        result = oc.run([*QUICK, "--connect-timeout=2s", *args])
        assert (result.status, result.out) == (1, b"")
        assert b"no broker answered in time" in result.err
        assert word.encode() in result.err
        assert result.err.count(b"\n") == 1


# --- permissions --------------------------------------------------------------

def deny(secure, *where):
    secure.script("acl", secure.folder, "--add", "--deny-principal",
                  "User:shop", "--operation", "Read", *where)


def until_refused(args, *words):
    """The broker learns of an acl a little later."""
    oc.until(lambda: run(*args).status == 1, "the acl")
    return refused(args, *words)


def test_a_topic_without_permission_is_told(secure, orders, tmp_path):
    way = sasl(secure, tmp_path / "kafka.conf", "SCRAM-SHA-512")
    source = operand(secure, "SCRAM", orders)
    deny(secure, "--topic", orders)
    word = f"cannot read the topic '{orders}': Broker: Topic authorization"
    for more in ([], ["--group", unique("group")]):
        until_refused([*way, *more, source], source, word)
    # It is seen now, but not read.
    secure.script("acl", secure.folder, "--add", "--allow-principal",
                  "User:shop", "--operation", "Describe", "--topic", orders)
    for more in ([], ["--group", unique("group")]):
        until_refused([*way, *more, source], source, word)


def test_a_group_without_permission_is_told(secure, orders, tmp_path):
    """librdkafka tells it before the topics are known."""
    way = sasl(secure, tmp_path / "kafka.conf", "SCRAM-SHA-512")
    source, group = operand(secure, "SCRAM", orders), unique("group")
    partials = operand(secure, "SCRAM", secure.new_topic())
    deny(secure, "--group", group)
    word = f"cannot join the group '{group}': Broker: Group authorization"
    until_refused([*way, "--group", group, source], source, word)
    result = oc.run(["-w", "5s", "--until-end", *way, "--group", group,
                     "--publish", partials, source])
    assert (result.status, result.out) == (1, b"")
    assert word.encode() in result.err and result.err.count(b"\n") == 1


def test_no_permission_for_groups_is_needed_without_one(secure, orders,
                                                        tmp_path):
    way = sasl(secure, tmp_path / "kafka.conf", "SCRAM-SHA-512")
    source = operand(secure, "SCRAM", orders)
    deny(secure, "--group", "ordercount")
    until_refused([*way, "--group", "ordercount", source], "cannot join")
    for _ in range(10):
        assert counted(run(*way, source)) == {"A": 2, "B": 1}
