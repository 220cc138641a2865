"""kinesis:// sources: keys that end while they are read, and are renewed."""

import os

import pytest

import kinesis_service
import oc
from kinesis_metadata import ROLES, TOKEN, Container, Instance
from source_runs import said
from test_kinesis_credentials import (  # noqa: F401
    NOBODY, orders, pair, refused, write)

pytestmark = kinesis_service.needed

FAILED = ": no credentials: the container answers with HTTP status 500"


def until_counted(process, **wanted):
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) == wanted)


def follow(spawn, kinesis, fake, *args):
    """A run that has counted all there was, and goes on."""
    process = spawn(["-w", "100ms", "--from=earliest", "--connect-timeout=2s",
                     *args, kinesis.source("orders")],
                    env={**NOBODY, **fake.environment()})
    until_counted(process, A=3)
    return process


@pytest.mark.parametrize("kind", [Container, Instance])
def test_keys_are_renewed_before_they_expire(kind, orders, spawn):
    with kind(orders, life_s=4) as fake:
        process = follow(spawn, orders, fake)
        oc.until(lambda: len(fake.issued) > 3, "new keys")
        orders.put("orders", oc.order("B"))
        until_counted(process, A=3, B=1)
        assert said(process.err) == []
        # Not one was refused; and nobody asks all the time.
        assert orders.refusals == []
        at = [asked.at for asked in fake.asked
              if asked.path not in (TOKEN, ROLES)]
        assert all(later - one > 0.9 for one, later in zip(at, at[1:])), at


def test_keys_that_cannot_be_renewed_are_a_lost_connection(orders, spawn):
    with Container(orders) as fake:
        process = follow(spawn, orders, fake)
        fake.faults = [(500, "")] * 99
        fake.revoke()
        result = process.wait()
        assert (result.status, said(result.err)) == (
            1, [f"ordercount: {orders.source('orders')}{FAILED}"])


def test_with_reconnect_they_are_waited_for(orders, spawn):
    with Container(orders) as fake:
        process = follow(spawn, orders, fake, "--reconnect")
        fake.faults = [(500, "")] * 99
        fake.revoke()
        process.wait_for(lambda err: FAILED.encode() in err, "err")
        orders.put("orders", oc.order("B"))
        fake.faults = []
        until_counted(process, A=3, B=1)
        assert process.err.count(FAILED.encode()) == 1


@pytest.mark.parametrize("kind", [Container, Instance])
def test_keys_that_were_revoked_are_renewed(kind, orders, spawn):
    with kind(orders) as fake:
        process = follow(spawn, orders, fake)
        for number in range(1, 4):
            fake.faults = [(503, "busy")] * (number - 2)
            fake.revoke()
            orders.put("orders", oc.order("B"))
            until_counted(process, A=3, B=number)
            assert len(fake.issued) == number + 1
        assert said(process.err) == []


def test_the_file_may_have_new_keys_when_they_expire(orders, spawn, tmp_path):
    orders.secrets.update(ASIAOLD=("old", "OLD"), ASIANEW=("new", "NEW"))
    file = write(tmp_path / "credentials",
                 "[default]\n" + pair("ASIAOLD", "old", "OLD"))
    process = spawn(["-w", "100ms", "--from=earliest",
                     orders.source("orders")], env={
        **NOBODY, "AWS_SHARED_CREDENTIALS_FILE": file})
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) == {"A": 3})
    write(tmp_path / "new", "[default]\n" + pair("ASIANEW", "new", "NEW"))
    os.rename(tmp_path / "new", file)
    orders.expired.add("ASIAOLD")
    orders.put("orders", oc.order("B"))
    until_counted(process, A=3, B=1)
    assert said(process.err) == []
    # These are no others.
    orders.expired.add("ASIANEW")
    result = process.wait()
    assert (result.status, said(result.err)) == (
        1, [f"ordercount: {orders.source('orders')}: ExpiredTokenException: "
            "The security token included in the request is expired (new ones "
            "are needed) (the keys are those of the profile 'default' in "
            f"{file})"])


def test_new_keys_that_are_refused_too_are_the_end(orders):
    with Container(orders) as fake:
        orders.fail("ListShards", "UnrecognizedClientException",
                    "The security token included in the request is invalid.",
                    times=None)
        assert refused(orders, fake.environment()) == (
            "UnrecognizedClientException: The security token included in the "
            "request is invalid. (the keys are those of the container)")
        assert len(fake.issued) == 2


# --- secrets ------------------------------------------------------------------

def everything_of(process, state):
    """What others may see of it."""
    seen = process.out + process.err
    with open(f"/proc/{process.pid}/cmdline", "rb") as file:
        seen += file.read()
    for path in state.parent.glob("state*"):
        seen += path.read_bytes()
    return seen


def test_secrets_are_shown_nowhere(orders, spawn, tmp_path):
    """Nor is what the service says of a signature that it refuses: the text
    that was signed has the token in it."""
    state = tmp_path / "state"
    with Instance(orders) as instance:
        process = follow(spawn, orders, instance, "-v", "--state", state)
        instance.revoke()
        oc.until(lambda: len(instance.issued) == 2, "new keys")
        orders.put("orders", oc.order("B"))
        until_counted(process, A=3, B=1)
        seen = everything_of(process, state)
        secrets = [text for key in instance.issued
                   for text in orders.secrets[key]] + [*instance.tokens]
        orders.fail("GetRecords", "InvalidSignatureException",
                    "The request signature we calculated does not match the "
                    "signature you provided.\n\nThe Canonical String for this "
                    "request should have been\n'POST\n/\n\nx-amz-security-token"
                    f":{secrets[-2]}\n{secrets[3]}'\n")
        result = process.wait()
        assert result.status == 1
        assert (b"]: InvalidSignatureException: The request signature we "
                b"calculated does not match the signature you provided. (is "
                b"the secret key right, and the clock?)\n" in result.err)
    assert len(secrets) == 6
    for secret in secrets:
        assert secret.encode() not in seen + result.err
