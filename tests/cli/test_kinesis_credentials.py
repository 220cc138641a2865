"""kinesis:// sources: by which keys they are let in, and for which region.

Where from: the environment, the shared files, the container, the instance. As
time goes on: test_kinesis_renewal.py.
"""

import os
import time

import pytest

import kinesis_service
import oc
from kinesis_metadata import HUNG_UP, ROLES, STALLED, TOKEN, Container, Instance
from kinesis_service import KEYS, REGION

pytestmark = kinesis_service.needed

KEY = KEYS["AWS_ACCESS_KEY_ID"]
SECRET = KEYS["AWS_SECRET_ACCESS_KEY"]
NOBODY = {name: None for name in os.environ if name.startswith("AWS_")}
NOBODY.update(HOME="/nonexistent", AWS_EC2_METADATA_DISABLED="true")
NONE = ("no credentials: none in the environment (AWS_ACCESS_KEY_ID), in a "
        "profile (~/.aws/credentials), or of a container")


@pytest.fixture
def orders(kinesis):
    """A stream of three orders."""
    kinesis.create("orders")
    kinesis.put("orders", *[oc.order("A")] * 3)
    return kinesis


def read(kinesis, env, *args, source=None):
    return oc.run(["-w", "all", "--until-end", *args,
                   source or kinesis.source("orders")], env={**NOBODY, **env})


def accepted(kinesis, env, **more):
    """The access keys that were used."""
    first = len(kinesis.requests)
    done = read(kinesis, env, **more)
    assert (done.status, done.err, oc.counts(done.out)) == (0, b"", {"A": 3})
    return {request.headers["authorization"].partition("Credential=")[2]
            .partition("/")[0] for request in kinesis.requests[first:]}


def refused(kinesis, env, **more):
    """Why, as its one line says behind the source."""
    done = read(kinesis, env, **more)
    assert (done.status, done.out) == (1, b""), done
    before = f"ordercount: {more.get('source') or kinesis.source('orders')}: "
    line = done.err.decode()
    assert line.startswith(before) and line.count("\n") == 1, line
    return line[len(before):-1]


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def pair(key=KEY, secret=SECRET, token=None, more=""):
    return (f"aws_access_key_id = {key}\naws_secret_access_key = {secret}\n" +
            (f"aws_session_token = {token}\n" if token else "") + more)


# --- the environment ----------------------------------------------------------

def test_keys_of_the_environment(orders):
    assert accepted(orders, KEYS) == {KEY}
    orders.secrets["ASIATEMPORARY"] = ("s", "a/token+==")
    assert accepted(orders, {
        "AWS_ACCESS_KEY_ID": "ASIATEMPORARY", "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "a/token+=="}) == {"ASIATEMPORARY"}


@pytest.mark.parametrize("there, missing", [
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")])
def test_half_a_key_is_none(there, missing, orders):
    wanted = f"the environment has {there} without {missing}"
    assert refused(orders, {there: KEYS[there]}) == wanted
    assert refused(orders, {there: KEYS[there], missing: ""}) == wanted
    assert orders.requests == []


def test_without_keys_all_places_are_named(orders):
    assert refused(orders, {}) == (
        f"{NONE} (those of the instance: AWS_EC2_METADATA_DISABLED)")


# --- the shared files ---------------------------------------------------------

def test_keys_of_the_shared_files(orders, tmp_path):
    orders.secrets.update(AKIDSHOP=("shop", None), AKIDCONFIG=("config", None))
    (tmp_path / ".aws").mkdir()
    write(tmp_path / ".aws" / "credentials",
          "\ufeff# ours\r\n[default]\r\n" + pair().replace("\n", "\r\n") +
          "[shop]\n" + pair("AKIDSHOP", "shop"))
    write(tmp_path / ".aws" / "config", "[profile shop]\n" + pair("NO", "no") +
          "[profile other]\ns3 =\n  max = 1\n" + pair("AKIDCONFIG", "config"))
    home = {"HOME": str(tmp_path)}
    assert accepted(orders, home) == {KEY}
    assert accepted(orders, {**home, "AWS_PROFILE": "shop"}) == {"AKIDSHOP"}
    assert accepted(orders, {**home, "AWS_PROFILE": "other"}) == {"AKIDCONFIG"}
    # Elsewhere; and the environment comes first.
    elsewhere = write(tmp_path / "other", "[default]\n" + pair("AKIDSHOP",
                                                               "shop"))
    assert accepted(orders, {
        **home, "AWS_SHARED_CREDENTIALS_FILE": elsewhere}) == {"AKIDSHOP"}
    assert accepted(orders, {**home, **KEYS, "AWS_PROFILE": "shop"}) == {KEY}


@pytest.mark.parametrize("text, why", [
    ("[default]\n", "no profile 'shop' (AWS_PROFILE): neither '{file}' nor "
     "'{config}' has it"),
    ("[shop]\naws_access_key_id = A\n",
     "the profile 'shop' in {file} has half a key: aws_access_key_id and "
     "aws_secret_access_key go together"),
    ("[shop]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n",
     "the profile 'shop' has role_arn, which is not understood: put its keys "
     "into the environment (aws configure export-credentials --profile shop "
     "--format env)"),
    ("[shop]\nsso_session = x\n",
     "the profile 'shop' has sso_session, which is not understood: put its "
     "keys into the environment (aws configure export-credentials --profile "
     "shop --format env)"),
    (" " * (1 << 20) + "\n", "'{file}' is no file of profiles: it is larger "
     "than 1 MiB"),
], ids=["none", "half", "role", "sso", "large"])
def test_what_is_wrong_with_a_profile_is_said(text, why, orders, tmp_path):
    file = write(tmp_path / "credentials", text)
    config = str(tmp_path / "config")
    assert refused(orders, {
        "AWS_PROFILE": "shop", "AWS_SHARED_CREDENTIALS_FILE": file,
        "AWS_CONFIG_FILE": config}) == why.format(file=file, config=config)


def test_a_file_that_cannot_be_read_is_no_missing_one(orders, tmp_path):
    assert refused(orders, {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path)}) == (
        f"'{tmp_path}': Is a directory")


# --- the region ---------------------------------------------------------------

def test_where_the_region_comes_from(orders, tmp_path):
    source = f"kinesis://orders?endpoint={orders.url}"
    config = {"AWS_CONFIG_FILE": write(
        tmp_path / "config", f"[default]\nregion = {REGION}\n[profile far]\n"
        "region=us-east-1 # far away\n")}
    far = {"AWS_PROFILE": "far"}
    for env in ({"AWS_REGION": REGION}, {"AWS_DEFAULT_REGION": REGION},
                {"AWS_REGION": "", "AWS_DEFAULT_REGION": REGION},
                {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": "x"}, config,
                {**config, **far, "AWS_REGION": REGION}):
        assert accepted(orders, {**KEYS, **env}, source=source) == {KEY}
    assert accepted(orders, {**KEYS, "AWS_REGION": "x", **config}) == {KEY}
    why = refused(orders, {**KEYS, **config, **far}, source=source)
    assert why.startswith("InvalidSignatureException: Credential should be "
                          "scoped to a valid region"), why
    assert refused(orders, KEYS, source=source) == (
        "no region: write kinesis://orders?region=..., or set AWS_REGION, or "
        "region in the profile")


@pytest.mark.parametrize("env, why", [
    ({"AWS_REGION": "example.com/x"},
     "'example.com/x' is no region (AWS_REGION)"),
    ({"AWS_DEFAULT_REGION": "EU"}, "'EU' is no region (AWS_DEFAULT_REGION)"),
    ({"AWS_CONFIG_FILE": "region = a.b\n"},
     "'a.b' is no region (of the profile)"),
    ({"AWS_ENDPOINT_URL": "host", "AWS_REGION": REGION},
     "AWS_ENDPOINT_URL is not http://HOST:PORT or https://HOST"),
    ({"AWS_ENDPOINT_URL_KINESIS": "https://me:secret@host/",
      "AWS_REGION": REGION},
     "AWS_ENDPOINT_URL_KINESIS is not http://HOST:PORT or https://HOST"),
])
def test_a_region_or_endpoint_that_is_none_is_said(env, why, orders, tmp_path):
    """Requests would go somewhere else."""
    if "AWS_CONFIG_FILE" in env:
        env = {"AWS_CONFIG_FILE": write(
            tmp_path / "config", "[default]\n" + env["AWS_CONFIG_FILE"])}
    assert refused(orders, {**KEYS, **env}, source="kinesis://orders") == why


# --- the container ------------------------------------------------------------

def test_keys_of_the_container(orders, tmp_path):
    with Container(orders) as container:
        env = container.environment()
        assert accepted(orders, env) == {container.issued[0]}
        # The file may have another token each time, and comes first.
        file = write(tmp_path / "token", container.token + "\n")
        assert accepted(orders, {
            **env, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file}) == {
                container.issued[1]}
        assert {request.method for request in container.asked} == {"GET"}
        # And it comes before the instance.
        with Instance(orders) as instance:
            assert accepted(orders, {
                **instance.environment(), **env}) == {container.issued[2]}
            assert instance.asked == []


@pytest.mark.parametrize("env, why", [
    ({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "other"},
     "no credentials: the container answers with HTTP status 401"),
    ({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nb"},
     "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break or another control "
     "character"),
    ({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nonexistent/token"},
     "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE '/nonexistent/token': No such "
     "file or directory"),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"},
     "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this machine:"
     " 'http://example.com/x'"),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1@example.com/x"},
     "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this machine:"
     " 'http://127.0.0.1@example.com/x'"),
])
def test_what_is_wrong_with_the_container_is_said(env, why, orders):
    with Container(orders) as container:
        assert refused(orders, container.environment(**env)) == why
    assert orders.requests == []


@pytest.mark.parametrize("answer", [
    (200, "{}"), (200, ""), (200, "<html>"), (200, '{"AccessKeyId":"A"}'),
    (200, '{"AccessKeyId":1,"SecretAccessKey":2}'),
    (200, '{"AccessKeyId":"A","SecretAccessKey":"B","Expiration":"soon"}')])
def test_an_answer_without_keys_is_none(answer, orders):
    with Container(orders) as container:
        container.faults = [answer] * 99
        assert refused(orders, container.environment()) == (
            "no credentials: what the container answers has no keys in it")


# --- the instance -------------------------------------------------------------

def test_keys_of_the_instance(orders):
    with Instance(orders) as instance:
        assert accepted(orders, instance.environment()) == {instance.issued[0]}
        assert [(asked.method, asked.path) for asked in instance.asked] == [
            ("PUT", TOKEN), ("GET", ROLES), ("GET", ROLES + instance.role)]


@pytest.mark.parametrize("fault", [(500, ""), (429, ""), HUNG_UP])
@pytest.mark.parametrize("at", range(3))
def test_the_instance_may_fail_once(at, fault, orders):
    with Instance(orders) as instance:
        instance.faults = [None] * at + [fault]
        assert accepted(orders, instance.environment()) == {instance.issued[0]}


def test_an_instance_without_a_role_has_no_keys(orders):
    with Instance(orders, role=None) as instance:
        assert refused(orders, instance.environment()) == (
            "no credentials: the instance has no role")


@pytest.mark.parametrize("fault", [HUNG_UP, STALLED])
def test_an_instance_that_does_not_answer_is_none(fault, orders):
    with Instance(orders) as instance:
        instance.faults = [fault] * 99
        start = time.monotonic()
        why = refused(orders, instance.environment())
        assert why.startswith(f"{NONE}; and no instance answers: "), why
        assert time.monotonic() - start < 15


def test_no_proxy_gets_keys(orders):
    """It is the service that may be behind one."""
    with Instance(orders) as instance, oc.Refused() as proxy:
        env = instance.environment(
            http_proxy=f"http://127.0.0.1:{proxy.port}", no_proxy="localhost")
        source = orders.source("orders").replace("127.0.0.1", "localhost")
        assert accepted(orders, env, source=source) == {instance.issued[0]}
