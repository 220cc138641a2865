"""Keys that end while a kinesis:// source is read, and are renewed or not."""

import http.server
import json
import signal
import threading
import time

import pytest

import kinesis_service
import oc

pytestmark = kinesis_service.needed

SECRET = "container/secret+of+the+tests"


class Container:
    """Its endpoint of credentials: hands out `keys`, or fails without any."""

    def __init__(self, kinesis):
        self.kinesis = kinesis
        self.keys = None
        self.asked = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                outer.asked += 1
                keys = outer.keys
                self.send_response(200 if keys else 500)
                self.end_headers()
                self.wfile.write(json.dumps(keys or {}).encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def give(self, key, lasts_s):
        """These are handed out from now on, and accepted."""
        self.kinesis.secrets[key] = (SECRET, f"token-{key}")
        self.keys = {
            "AccessKeyId": key, "SecretAccessKey": SECRET,
            "Token": f"token-{key}",
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(
                time.time() + lasts_s))}

    def environment(self):
        return {"HOME": "/nonexistent", "AWS_CONTAINER_CREDENTIALS_FULL_URI":
                f"http://127.0.0.1:{self.server.server_address[1]}/keys"}


@pytest.fixture
def container(kinesis):
    container = Container(kinesis)
    yield container
    container.server.shutdown()
    container.server.server_close()


def follow(spawn, kinesis, container, *args):
    process = spawn(["-v", "-w", "100ms", "--from=earliest",
                     "--connect-timeout=2s", *args, kinesis.source("orders")],
                    env=container.environment())
    process.wait_for(lambda err: b"]: open\n" in err, "err")
    return process


FAILED = b": no credentials: the container answers with HTTP status 500"


def test_keys_are_renewed_while_it_runs(spawn, kinesis, container):
    kinesis.create("orders")
    container.give("AKFIRST", 8)
    process = follow(spawn, kinesis, container)
    container.give("AKSECOND", 3600)
    oc.until(lambda: any("AKSECOND/" in request.headers["authorization"]
                         for request in kinesis.requests), "the second keys")
    kinesis.put("orders", oc.order("A"))
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) == {"A": 1})
    process.signal(signal.SIGINT)
    done = process.wait()
    assert done.status == -signal.SIGINT
    assert b"no credentials" not in done.err
    assert SECRET.encode() not in done.err


def test_keys_that_are_not_renewed_are_a_lost_connection(spawn, kinesis,
                                                         container):
    kinesis.create("orders")
    container.give("AKFIRST", 6)
    process = follow(spawn, kinesis, container)
    container.keys = None
    done = process.wait()
    assert done.status == 1
    assert FAILED in done.err
    assert SECRET.encode() not in done.err


def test_with_reconnect_they_are_waited_for(spawn, kinesis, container):
    kinesis.create("orders")
    container.give("AKFIRST", 6)
    process = follow(spawn, kinesis, container, "--reconnect")
    container.keys = None
    process.wait_for(lambda err: FAILED in err, "err")
    kinesis.put("orders", oc.order("A"))
    container.give("AKSECOND", 3600)
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) == {"A": 1})
    process.signal(signal.SIGINT)
    done = process.wait()
    assert done.status == -signal.SIGINT
    assert done.err.count(FAILED) == 1
