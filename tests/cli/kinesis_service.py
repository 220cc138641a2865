"""The Kinesis that the tests read: kinesalite behind a proxy of our own.

The proxy checks signatures, keeps to the limits that the service has, says what
kinesalite does not (errors, pages, how far behind, children), and notes what it
was asked.
"""

import base64
import collections
import contextlib
import email.utils
import hashlib
import http.client
import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time
from typing import NamedTuple

import pytest

import oc
import sigv4

REGION = "eu-north-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
READS_A_SECOND = 5
BYTES_A_SECOND = 2_000_000

needed = pytest.mark.skipif(b"libcurl" not in oc.run(["--version"]).out,
                            reason="built without Kinesis")


def environment(**more):
    """Of a program that has these keys, and no others."""
    return {"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
            **KEYS, **more}


@contextlib.contextmanager
def closing_get(address, path):
    """The body of a page of --http."""
    connection = http.client.HTTPConnection(address, timeout=oc.DEADLINE_S)
    with contextlib.closing(connection):
        connection.request("GET", path)
        yield connection.getresponse().read()


# --- records that a producer packs -------------------------------------------

def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def aggregate(records, tags=False):
    """One record of the Kinesis Producer Library's format."""
    body = field(1, b"a") + field(1, b"b") + field(2, b"12345")
    for i, record in enumerate(records):
        inner = varint(1 << 3) + varint(i % 2) + field(3, record)
        if tags:
            inner += field(4, field(1, b"k") + field(2, b"v"))
        body += field(3, inner)
    return b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body).digest()


# --- kinesalite --------------------------------------------------------------

class Kinesalite:
    """scripts/kinesalite on a free port."""

    def __init__(self):
        script = os.path.join(oc.ROOT, "scripts", "kinesalite")
        # What it needs is fetched once, which may take longer than a test.
        subprocess.run([script, "--fetch"], check=True, timeout=240,
                       stdout=subprocess.DEVNULL)
        self.popen = subprocess.Popen([script, "0"], stdout=subprocess.PIPE)
        line = self.popen.stdout.readline().decode()
        self.port = int(re.search(r":(\d+)$", line.strip())[1])

    def close(self):
        self.popen.kill()
        self.popen.wait()
        self.popen.stdout.close()


class Answer(NamedTuple):
    """size: how much of the body is promised; cut: the connection is, then."""
    status: int
    body: bytes
    headers: dict = {}
    size: int = None
    cut: bool = False


def error(name, message="", status=400):
    return Answer(status, json.dumps(
        {"__type": name, "message": message}).encode())


class Request(NamedTuple):
    method: str
    path: str
    headers: dict
    body: bytes
    at: float  # time.monotonic()

    @property
    def action(self):
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def asked(self):
        return json.loads(self.body)


def reset(handler):
    """What is cut is reset, not closed."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  b"\1\0\0\0\0\0\0\0")


class Rule:
    """What is done with some requests instead of answering them.

    do(service, request) gives an Answer, None (to be answered as usual), or
    raises ConnectionError to cut the connection. `times`: so often, None for
    ever. `shard`: of calls of this shard only.
    """

    def __init__(self, action, do, times=1, shard=None):
        self.action = action
        self.do = do
        self.left = times
        self.shard = shard
        self.done = 0

    def fits(self, service, request):
        return (self.left != 0 and self.action in (None, request.action) and
                self.shard in (None, service.shard_of(request)))


class Service:
    """The proxy. One thread a connection."""

    def __init__(self, kinesalite, tls=None, region=REGION):
        self.kinesalite = kinesalite
        self.region = region
        self.secrets = {KEYS["AWS_ACCESS_KEY_ID"]:
                        (KEYS["AWS_SECRET_ACCESS_KEY"], None)}
        self.expired = set()   # keys that were valid once
        self.expires = {}      # key to the time when it will be (UNIX)
        self.denied = {}       # key to the actions that it may not call
        self.rules = []
        self.requests = []
        self.violations = []   # of the limits of a shard
        self.refusals = []     # signatures that were none
        self.limits = True     # are kept to, by errors
        self.page = None       # shards in a page
        self.clock_s = 0       # how far the service's clock is ahead
        self.iterators = {}    # of kinesalite, to the shard
        self.arrived = {}      # when records were put, by their numbers
        self._lock = threading.RLock()
        self._reads = collections.defaultdict(list)
        self._threads = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # whole answers

            def do_POST(self):  # noqa: N802
                outer._handle(self)

            do_GET = do_PUT = do_POST

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket,
                                                 server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        # The next test has the same kinesalite.
        for stream in self.call("ListStreams")["StreamNames"]:
            self.call("DeleteStream", StreamName=stream)
        oc.until(lambda: not self.call("ListStreams")["StreamNames"],
                 "all streams to be gone", pause_s=0.01)

    # --- for tests ---

    def source(self, stream):
        return (f"kinesis://{stream}?region={self.region}"
                f"&endpoint={self.url}")

    def rule(self, action, do, times=1, shard=None):
        rule = Rule(action, do, times, shard)
        with self._lock:
            self.rules.append(rule)
        return rule

    def fail(self, action, name, message="", status=400, **more):
        """So many calls are answered by this error."""
        return self.rule(action, lambda *_: error(name, message, status),
                         **more)

    def call(self, action, **asked):
        """A call of kinesalite itself: neither checked nor noted."""
        status, body, _ = self._pass_on(action, json.dumps(asked).encode())
        if status != 200:
            raise AssertionError(f"{action}: {status} {body!r}")
        return json.loads(body) if body else None

    def create(self, stream, shards=1):
        self.call("CreateStream", StreamName=stream, ShardCount=shards)
        self.wait_active(stream)

    def wait_active(self, stream):
        oc.until(lambda: self.call("DescribeStream", StreamName=stream)[
            "StreamDescription"]["StreamStatus"] == "ACTIVE",
            f"stream {stream} to be active", pause_s=0.01)

    def shards(self, stream):
        return self.call("ListShards", StreamName=stream)["Shards"]

    def open_shards(self, stream):
        return [shard for shard in self.shards(stream)
                if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]

    def put(self, stream, *records, shard=None):
        """Puts records, into one shard or by turns; their numbers."""
        where = {one["ShardId"]: one["HashKeyRange"]["StartingHashKey"]
                 for one in self.open_shards(stream)}
        ids = [shard] if shard else sorted(where)
        numbers = []
        for start in range(0, len(records), 500):
            part = records[start:start + 500]
            now = time.time()
            done = self.call("PutRecords", StreamName=stream, Records=[
                {"Data": base64.b64encode(record).decode(),
                 "PartitionKey": "p",
                 "ExplicitHashKey": where[ids[(start + i) % len(ids)]]}
                for i, record in enumerate(part)])
            assert done["FailedRecordCount"] == 0, done
            numbers += [one["SequenceNumber"] for one in done["Records"]]
            self.arrived.update(dict.fromkeys(numbers[start:], now))
        return numbers

    def split(self, stream, shard):
        """Splits in the middle; the ids of the children."""
        before = {one["ShardId"] for one in self.shards(stream)}
        span = next(one["HashKeyRange"] for one in self.shards(stream)
                    if one["ShardId"] == shard)
        middle = (int(span["StartingHashKey"]) +
                  int(span["EndingHashKey"])) // 2
        self.call("SplitShard", StreamName=stream, ShardToSplit=shard,
                  NewStartingHashKey=str(middle))
        self.wait_active(stream)
        return sorted({one["ShardId"] for one in self.shards(stream)} - before)

    def merge(self, stream, one, other):
        before = {shard["ShardId"] for shard in self.shards(stream)}
        self.call("MergeShards", StreamName=stream, ShardToMerge=one,
                  AdjacentShardToMerge=other)
        self.wait_active(stream)
        return ({shard["ShardId"] for shard in self.shards(stream)} -
                before).pop()

    def asked(self, action, shard=None):
        """The requests of that action so far."""
        with self._lock:
            return [request for request in self.requests
                    if request.action == action and
                    shard in (None, self.shard_of(request))]

    def shard_of(self, request):
        asked = request.asked if request.body else {}
        if "ShardIterator" in asked:
            return self.iterators.get(asked["ShardIterator"])
        return asked.get("ShardId")

    # --- how it answers ---

    def _pass_on(self, action, body):
        connection = http.client.HTTPConnection("127.0.0.1",
                                                self.kinesalite.port,
                                                timeout=oc.DEADLINE_S)
        with contextlib.closing(connection):
            connection.request("POST", "/", body, {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"Kinesis_20131202.{action}",
                "X-Amz-Date": "20260101T000000Z",
                "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/"
                f"{self.region}/kinesis/aws4_request, SignedHeaders=host, "
                "Signature=a"})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers

    def _check(self, request):
        """None, or who asks is refused."""
        now = time.time() + self.clock_s
        try:
            key = sigv4.verify(request, self.secrets, self.region, "kinesis",
                               now)
        except sigv4.Refused as why:
            self.refusals.append(why)
            return error(why.name, why.message)
        if key in self.expired or self.expires.get(key, now) < now:
            self.refusals.append(sigv4.Refused(
                "ExpiredTokenException", "The security token included in the "
                "request is expired"))
            return error(self.refusals[-1].name, self.refusals[-1].message)
        if request.action in self.denied.get(key, ()):
            return error(
                "AccessDeniedException",
                f"User: arn:aws:iam::111122223333:user/shop is not authorized "
                f"to perform: kinesis:{request.action} on resource: "
                f"arn:aws:kinesis:{self.region}:111122223333:stream/"
                f"{request.asked.get('StreamName', 'orders')} because no "
                f"identity-based policy allows the kinesis:{request.action} "
                f"action")
        return None

    def _limit(self, request):
        """Five reads a second and 2 MB/s a shard; None: within them."""
        shard = self.shard_of(request)
        with self._lock:
            reads = [read for read in self._reads[shard]
                     if request.at - read[0] < 1]
            debt_s = max((at + size / BYTES_A_SECOND - request.at
                          for at, size in self._reads[shard][-8:]), default=0)
            if len(reads) < READS_A_SECOND and debt_s <= 0:
                return None
            self.violations.append((shard, request.at, len(reads), debt_s))
        if not self.limits:
            return None
        return error("ProvisionedThroughputExceededException",
                     f"Rate exceeded for shard {shard}")

    def _answer(self, request):
        refused = self._check(request)
        if refused:
            return refused
        with self._lock:
            rule = next((rule for rule in self.rules
                         if rule.fits(self, request)), None)
            if rule:
                rule.done += 1
                if rule.left is not None:
                    rule.left -= 1
        answer = rule.do(self, request) if rule else None
        if answer is None and request.action == "GetRecords":
            answer = self._limit(request)
        if answer is None:
            answer = self._really(request)
        return answer

    def _really(self, request):
        action, body = request.action, request.body
        if action == "ListShards" and self.page:
            return self._list_page(request)
        status, body, _ = self._pass_on(action, body)
        if status == 200 and action == "GetShardIterator":
            self.iterators[json.loads(body)["ShardIterator"]] = \
                request.asked["ShardId"]
        if status == 200 and action == "GetRecords":
            body = self._amend(request, json.loads(body))
        return Answer(status, body)

    def _list_page(self, request):
        """Pages of so many; a token is the stream and where to go on."""
        asked = request.asked
        stream, start = asked.get("StreamName"), 0
        if "NextToken" in asked:
            if stream is not None:
                return error("InvalidArgumentException",
                             "NextToken and StreamName together")
            stream, _, start = asked["NextToken"].partition(" ")
            start = int(start)
        status, body, _ = self._pass_on("ListShards", json.dumps(
            {"StreamName": stream}).encode())
        if status != 200:
            return Answer(status, body)
        shards = json.loads(body)["Shards"]
        page = {"Shards": shards[start:start + self.page]}
        if start + self.page < len(shards):
            page["NextToken"] = f"{stream} {start + self.page}"
        return Answer(200, json.dumps(page).encode())

    def _amend(self, request, answer):
        """kinesalite is never behind while there are records, and those of
        new shards arrive in the time to come."""
        shard = self.shard_of(request)
        following = answer.get("NextShardIterator")
        size = sum(len(base64.b64decode(record["Data"]))
                   for record in answer["Records"])
        with self._lock:
            self._reads[shard].append((request.at, size))
        for record in answer["Records"]:
            when = self.arrived.get(record["SequenceNumber"],
                                    record["ApproximateArrivalTimestamp"])
            record["ApproximateArrivalTimestamp"] = when + self.clock_s
        if following:
            self.iterators[following] = shard
            if answer["Records"]:
                answer["MillisBehindLatest"] = self._behind_ms(following)
        return json.dumps(answer).encode()

    def _behind_ms(self, iterator):
        """How long ago the next record arrived; 0: there is none."""
        _, body, _ = self._pass_on("GetRecords", json.dumps(
            {"ShardIterator": iterator, "Limit": 1}).encode())
        records = json.loads(body)["Records"]
        if not records:
            return 0
        arrived = records[0]["ApproximateArrivalTimestamp"]
        return max(1, int((time.time() - arrived) * 1000))

    def _handle(self, handler):
        headers = {}
        for name, value in handler.headers.items():
            name = name.lower()
            headers[name] = ([headers[name], value] if name in headers
                             else value)
        size = int(headers.get("content-length", 0))
        request = Request(handler.command, handler.path, headers,
                          handler.rfile.read(size), time.monotonic())
        with self._lock:
            self.requests.append(request)
        try:
            answer = self._answer(request)
        except ConnectionError:
            reset(handler)
            return
        handler.send_response_only(answer.status)
        handler.send_header("Date", email.utils.formatdate(
            time.time() + self.clock_s, usegmt=True))
        for name, value in {
                "Content-Type": "application/x-amz-json-1.1",
                "Content-Length": len(answer.body) if answer.size is None
                else answer.size, **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)
        if answer.cut:
            handler.close_connection = True


@pytest.fixture(scope="session")
def kinesalite():
    server = Kinesalite()
    yield server
    server.close()


@pytest.fixture
def kinesis(kinesalite):
    """A Service without faults; streams are the test's to create."""
    service = Service(kinesalite)
    yield service
    service.close()
