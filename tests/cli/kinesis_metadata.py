"""Where a machine and a container of Amazon's get their keys from, faked.

    with Instance(kinesis) as instance:
        oc.run([..., kinesis.source("orders")], env=instance.environment())

Each answer has a temporary pair of keys that the Service then knows.
"""

import http.server
import itertools
import json
import threading
import time
from typing import NamedTuple

TOKEN = "/latest/api/token"
ROLES = "/latest/meta-data/iam/security-credentials/"
NUMBERS = itertools.count(1)
STALLED = "stalled"
HUNG_UP = "hung up"


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict
    at: float  # time.monotonic()


class Fake:
    """life_s: of the keys that it hands out, which the Service refuses then.

    faults: what it answers instead, in turn: (status, text), STALLED, HUNG_UP,
    or None for a true answer. asked: all that it was; issued: the keys.
    """

    def __init__(self, kinesis, life_s=3600):
        self.kinesis = kinesis
        self.life_s = life_s
        self.faults = []
        self.asked = []
        self.issued = []
        self.over = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # whole answers

            def do_GET(self):  # noqa: N802
                outer._handle(self)

            do_PUT = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                       Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,),
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, handler):
        headers = {name.lower(): value
                   for name, value in handler.headers.items()}
        handler.rfile.read(int(headers.get("content-length", 0)))
        request = Asked(handler.command, handler.path, headers,
                        time.monotonic())
        self.asked.append(request)
        fault = self.faults.pop(0) if self.faults else None
        if fault == STALLED:
            self.over.wait()
        if fault in (STALLED, HUNG_UP):
            handler.close_connection = True
            return
        status, text = fault or self.answer(request)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text.encode())

    def new_keys(self, **more):
        """As JSON. The Service refuses them once they have expired."""
        number = next(NUMBERS)
        key, secret, token = (f"ASIATEMPORARY{number:07}",
                              f"Temporary+secret/{number:07}",
                              f"Temporary/token+{number:07}==")
        expires = int(time.time() + self.life_s)
        self.kinesis.secrets[key] = (secret, token)
        self.kinesis.expires[key] = expires
        self.issued.append(key)
        return json.dumps({
            "AccessKeyId": key, "SecretAccessKey": secret, "Token": token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                        time.gmtime(expires)), **more})

    def revoke(self):
        """All keys that are out."""
        self.kinesis.expired.update(self.issued)


class Instance(Fake):
    """The metadata of a machine: version 2, and nothing for those who ask as
    version 1 did."""

    def __init__(self, kinesis, role="shop-reader", **more):
        super().__init__(kinesis, **more)
        self.role = role
        self.tokens = {}

    def environment(self, **more):
        return {"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": None,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url, **more}

    def answer(self, request):
        if (request.method, request.path) == ("PUT", TOKEN):
            life = request.headers.get(
                "x-aws-ec2-metadata-token-ttl-seconds", "")
            if not life.isdigit() or not 1 <= int(life) <= 21600:
                return 400, "Bad Request"
            token = f"Metadata+token/{next(NUMBERS):07}=="
            self.tokens[token] = time.monotonic() + int(life)
            return 200, token
        until = self.tokens.get(
            request.headers.get("x-aws-ec2-metadata-token"), 0)
        if request.method != "GET" or time.monotonic() >= until:
            return 401, "Unauthorized"
        if request.path == ROLES and self.role:
            return 200, self.role
        if request.path == ROLES + str(self.role):
            return 200, self.new_keys(
                Code="Success", Type="AWS-HMAC",
                LastUpdated="2026-11-28T06:00:00Z")
        return 404, "Not Found"


class Container(Fake):
    """The endpoint of a container. token: what Authorization has to be."""

    path = "/v2/credentials/0b8f3c9e"

    def __init__(self, kinesis, token="Basic+container/secret=", **more):
        super().__init__(kinesis, **more)
        self.token = token

    def environment(self, **more):
        return {"HOME": "/nonexistent",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + self.path,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token, **more}

    def answer(self, request):
        if request.headers.get("authorization") != self.token:
            return 401, '{"code":"Unauthorized"}'
        if (request.method, request.path) != ("GET", self.path):
            return 404, '{"code":"NotFound"}'
        return 200, self.new_keys(
            RoleArn="arn:aws:iam::111122223333:role/shop")
