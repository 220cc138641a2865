"""The program with --http, and Prometheus beside it."""

import json
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import pytest

import oc

ALERTS = os.path.join(oc.ROOT, "scripts", "ordercount-alerts.yml")
LISTENS = rb"http: listening on http://127\.0\.0\.1:(\d+)/\n"


def port_of(process):
    """Where a program that was given --http=0 listens."""
    return int(process.wait_for(LISTENS, "err")[1])


def get(port, path, **query):
    """What the server on this machine answers."""
    url = f"http://127.0.0.1:{port}{path}"
    if query:
        url += "?" + urllib.parse.urlencode(query)
    with urllib.request.urlopen(url, timeout=oc.DEADLINE_S) as answer:
        return answer.read()


def shown(port):
    """The documents of the windows that are kept: waits for one with rows."""
    def look():
        windows = json.loads(get(port, "/api/windows"))
        return windows if windows and windows[-1]["rows"] else None
    return oc.until(look, "a window")


def run_at(port, command, folder):
    """Runs a command that asks port 8080 on another one."""
    done = subprocess.run(
        ["bash", "-c", command.replace(":8080", f":{port}")], cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=oc.DEADLINE_S,
        check=False)
    return oc.Result(done.returncode, done.stdout, done.stderr)


def run_question(command, folder):
    """The same; a program that has counted an order is asked."""
    with oc.Feed() as feed, oc.Process(
            ["--http=0", "-w", "0.2", "127.0.0.1", feed.port]) as asked:
        port = port_of(asked)
        feed.accept().send(oc.order())
        shown(port)
        return run_at(port, command, folder)


def need_promtool():
    if not shutil.which("promtool"):
        pytest.skip("promtool is missing: scripts/setup test")


def promtool(*args, stdin=b"", cwd=None):
    """(status, what it said)"""
    need_promtool()
    done = subprocess.run(["promtool", *args], input=stdin, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, check=False)
    return done.returncode, done.stdout.decode()


def listening_port(pid):
    """Of a process that listens on one port of 127.0.0.1; None: not yet."""
    mine = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            mine.add(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:  # closed meanwhile
            pass
    with open("/proc/net/tcp", encoding="ascii") as lines:
        for line in lines.readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine:
                return int(fields[1].split(":")[1], 16)
    return None


class Prometheus:
    """Prometheus on a free port, which scrapes some ports of this machine every
    second, as the job "ordercount", with the rules of the example.

    It takes 5 s until it begins to scrape: it is started once for many tests,
    and each takes a port of it for its program.
    """

    def __init__(self, folder, targets):
        self._free = [oc.Refused() for _ in range(targets)]
        # JSON is YAML.
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s",
                       "evaluation_interval": "1s"},
            "rule_files": [ALERTS],
            "scrape_configs": [{"job_name": "ordercount", "static_configs": [
                {"targets": [f"127.0.0.1:{free.port}"
                             for free in self._free]}]}]}))
        self.process = oc.Process([], cwd=folder, program=[
            "prometheus", "--config.file=prometheus.yml",
            "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0",
            "--log.level=warn"])
        self.port = oc.until(lambda: listening_port(self.process.pid),
                             "Prometheus to listen", self.process.seen)

    def __enter__(self):
        oc.until(self._is_ready, "Prometheus to be ready", self.process.seen)
        return self

    def __exit__(self, *_):
        self.process.close()
        for free in self._free:
            free.__exit__()

    def _is_ready(self):
        try:
            return get(self.port, "/-/ready")
        except OSError:
            return False

    def target(self):
        """A port that it scrapes and nobody has had yet."""
        free = self._free.pop()
        free.__exit__()
        return Target(self, free.port)

    def query(self, expression):
        """[(labels, value)] of now."""
        answer = json.loads(get(self.port, "/api/v1/query", query=expression))
        assert answer["status"] == "success", answer
        return [(sample["metric"], float(sample["value"][1]))
                for sample in answer["data"]["result"]]


class Target:
    """What Prometheus knows of one port: sums must be `by (instance)`."""

    def __init__(self, prometheus, port):
        self.port = port
        self._prometheus = prometheus
        self._instance = f"127.0.0.1:{port}"

    def query(self, expression):
        """[(labels, value)] of now."""
        return [(labels, value) for labels, value
                in self._prometheus.query(expression)
                if labels.get("instance") == self._instance]

    def one(self, expression):
        """The value of what has one."""
        found = self.query(expression)
        assert len(found) == 1, (expression, found)
        return found[0][1]

    def until(self, expression, holds=bool, seconds=0):
        """Waits until holds(query(expression)), and returns what it was; so
        many seconds longer than for other things."""
        end = time.monotonic() + seconds + oc.DEADLINE_S
        while True:
            found = self.query(expression)
            if holds(found):
                return found
            assert time.monotonic() < end, \
                f"waited in vain for {expression}: {found}"
            # Nothing here changes more than once a second.
            time.sleep(0.05)


class SteadyFeed:
    """Sends orders to one client at a steady rate: each 1/beats of a second
    so many of each status, {status: orders a second}, late or not."""

    BEATS = 50

    def __init__(self, connection, rates):
        self.rates = rates
        self.sent = dict.fromkeys(rates, 0)
        self._connection = connection
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        begin = time.monotonic()
        beat = 0
        while not self._stop.wait(max(
                0, begin + beat / self.BEATS - time.monotonic())):
            beat += 1
            data = b""
            for status, rate in self.rates.items():
                due = rate * beat // self.BEATS - self.sent[status]
                data += oc.order(status) * due
                self.sent[status] += due
            self._connection.send(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(oc.DEADLINE_S)


def metric_names(text):
    """The names that stand in a page of metrics."""
    return set(re.findall(r"^# TYPE (\w+) ", text, re.M))
