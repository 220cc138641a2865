"""The program with its page, and what both say of the same windows.

    def test_it(dashboard, browse):
        run = dashboard("--top=3")
        page = browse(run.url)
        run.send(orders(0, {"PAID": 2, "NEW": 1}) + orders(1, {"PAID": 1}))
        until_same(page, run.windows(1))

Orders come over TCP and windows go by their time, five seconds each: a window
prints when an order of a later one has come, so that nothing depends on the
clock.
"""

import datetime
import json
import random
import re
import socket
import threading
import time

import pytest

import oc

SECONDS = 5
BEGIN = 1714557600  # 2024-05-01T10:00:00Z


def stamp(window, offset=1.0):
    """A time in a window, counted from 0."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(
        BEGIN + window * SECONDS + offset))


def record(window, **fields):
    return json.dumps({"time": stamp(window), **fields}).encode() + b"\n"


def orders(window, counts, field="status"):
    """Lines of a window: counts is {key: how many}."""
    return b"".join(record(window, **{field: key}) * count
                    for key, count in counts.items())


SHOP = {"PLACED": 80, "INPROGRESS": 60, "COMPLETED": 48, "CANCELLED": 11,
        "RETURNED": 3}


def an_afternoon(count):
    """So many windows of a shop, which are printed: more and more orders, and
    some trouble."""
    chance = random.Random(4)
    lines = []
    for window in range(count + 1):
        rise = 1 + 0.5 * (window / count) ** 2
        lines.append(orders(window, {
            status: max(0, round(chance.gauss(usual * rise, usual ** 0.5)))
            for status, usual in SHOP.items()}))
        if window % 30 == 17:
            lines.append(b'{"order_id": 5\n' * 4)
    return b"".join(lines)


class Digits(str):
    """A number, as it is written."""


def label(row, names):
    """What a person sees of a row's key, its columns joined by a tab.

    Control characters are not for this.
    """
    if row["key"] is None:
        return "\t".join(["(other)"] * len(names))
    return "\t".join(column(row["key"][name]) for name in names)


def column(value):
    if isinstance(value, Digits):
        return str(value)
    if not isinstance(value, str):
        return json.dumps(value)
    if (value in ("", "(other)", "(summary)", "true", "false", "null") or
            value.startswith('"') or is_number(value)):
        return f'"{value}"'
    return value.replace("\\", r"\\")


def is_number(text):
    return bool(re.fullmatch(
        r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?", text, re.ASCII))


class Window:
    """A window as it is on stdout: numbers are Digits."""

    def __init__(self, rows, summary):
        self.rows = rows
        self.start, self.end = summary["start"], summary["end"]
        self.partial = summary["partial"]
        self.tallies = summary["summary"]
        self.orders = self.tallies["orders"]

    def seconds(self):
        start, end = (datetime.datetime.fromisoformat(
            time.replace("Z", "+00:00")) for time in (self.start, self.end))
        return (end - start).total_seconds()

    def names(self):
        return next((list(row["key"]) for row in self.rows if row["key"]), [])

    def groups(self):
        """{group: (count, total, sum, total_sum)}; None for no sum."""
        return {label(row, self.names()): (
            row["count"], row["total"], row.get("sum"), row.get("total_sum"))
                for row in self.rows}


class Windows:
    """The whole windows in json with --summary, as there is more of it."""

    def __init__(self):
        self.found = []
        self._rows = []
        self._taken = 0

    def take(self, out):
        """out: all of it so far."""
        lines = oc.whole_lines(out[self._taken:])
        self._taken += len(lines)
        for line in lines.splitlines():
            row = json.loads(line, parse_int=Digits, parse_float=Digits)
            if "summary" in row:
                self.found.append(Window(self._rows, row))
                self._rows = []
            else:
                self._rows.append(row)
        return self.found


class Dashboard:
    """The program, fed by a connection, with its page on a port."""

    def __init__(self, spawn, feed, args, port=0, timed=True, seconds=SECONDS):
        self.process = spawn([
            *(["-t", "time"] if timed else []), "-w", seconds, "-f", "json",
            "--summary",
            f"--http={port}", *(["-v"] if port else []), *args,
            f"tcp://127.0.0.1:{feed.port}"])
        self.url = self.process.wait_for(
            rb"http: listening on (http://\S+/)", "err")[1].decode()
        self.port = int(self.url.rstrip("/").rpartition(":")[2])
        self.client = feed.accept()
        self._windows = Windows()

    def send(self, data):
        self.client.send(data)

    def windows(self, count):
        """The first so many windows on stdout, once they are there."""
        # In a key the quotes would stand behind backslashes.
        self.process.wait_for(
            lambda out: oc.whole_lines(out).count(b'"summary":{') >= count)
        return self._windows.take(self.process.out)[:count]

    def kill(self):
        self.process.popen.kill()
        self.process.wait()


@pytest.fixture
def dashboard(spawn, feed):
    """dashboard(option...) starts a Dashboard."""
    if b"http" not in oc.run(["--version"]).out:
        pytest.skip("built without HTTP")

    def start(*args, **more):
        return Dashboard(spawn, feed, args, **more)
    return start


# What is in the table of groups, in one go: while it is read, nothing changes.
READ_PAGE = """
const value = (node) => node && node.getAttribute("data-value");
const at = (selector) => value(document.querySelector(selector));
const many = (name) => Object.fromEntries(
    [...document.querySelectorAll(`[data-${name}]`)].map(
        (node) => [node.getAttribute(`data-${name}`), value(node)]));
return {
    orders: at("#orders"), rate: at("#rate"), total: at("#total"),
    partial: !document.querySelector("#partial").hidden,
    tallies: many("tally"), reasons: many("reason"),
    groups: [...document.querySelectorAll("#groups tbody tr[data-group]")].map(
        (row) => ({
            group: row.getAttribute("data-group"),
            text: row.querySelector("th, td").innerText,
            count: value(row.querySelector(".count")),
            total: value(row.querySelector(".total")),
            share: row.querySelector(".share").innerText,
            sum: value(row.querySelector(".sum")),
            total_sum: value(row.querySelector(".total-sum"))}))};
"""


def read(page):
    return page.script(READ_PAGE)


def shown(page):
    """What the page says of the newest window, as expected() has it."""
    found = read(page)
    return {"orders": found["orders"], "total": found["total"],
            "rate": float(found["rate"] or "nan"), "partial": found["partial"],
            "tallies": found["tallies"],
            "reasons": {reason: count for reason, count
                        in found["reasons"].items() if count != "0"},
            "groups": {row["group"]: (row["count"], row["total"], row["sum"],
                                      row["total_sum"])
                       for row in found["groups"]}}


def expected(all_windows, total=None):
    """The same of what is on stdout. total: where windows have orders in common
    they do not add up to it."""
    last = all_windows[-1]
    tallies = {name: last.tallies[name]
               for name in ("read", "counted", "filtered", "late")}
    tallies["rejected"] = str(sum(map(int, last.tallies["rejected"].values())))
    return {"orders": last.orders,
            "total": total if total is not None else
            str(sum(int(window.orders) for window in all_windows)),
            "rate": pytest.approx(int(last.orders) / last.seconds()),
            "partial": last.partial,
            "tallies": tallies, "reasons": last.tallies["rejected"],
            "groups": last.groups()}


def until_same(page, all_windows, total=None):
    """Waits until the page says of the newest window what stdout says."""
    want = expected(all_windows, total)

    def differences():
        found = shown(page)
        return "\n".join(f"{name}: stdout {want[name]}, page {found[name]}"
                         for name in want if found[name] != want[name])
    page.until(lambda: shown(page) == want, "the numbers of stdout",
               differences)


def until_kept(page, count):
    """Waits until the page has so many windows, which it is told by and by.

    The table beside the chart has a row for each, up to 30 while it is hidden.
    """
    def found():
        return page.count("#chart-table tbody tr")
    page.until(lambda: found() == min(count, 30), f"{count} windows", found)


def picked(page):
    """The groups that are picked out."""
    return page.script("""
        return [...document.querySelectorAll(
            "#groups tbody [aria-pressed='true']")].map(
                (button) => button.closest("tr").dataset.group)""")


def number(text):
    """What a person reads as this number, without what groups its digits."""
    return re.sub(r"[\s,\u2009\u202f\u00a0']", "", text)


class Relay:
    """A way to a port of this machine that can be cut, and mended."""

    def __init__(self, port):
        self._to = port
        self._pairs = []
        self._lock = threading.Lock()
        self._listener = None
        self.port = 0
        self.mend()

    def mend(self):
        """Lets clients through, on the port that it had."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,),
                         daemon=True).start()

    def cut(self):
        """Resets what is connected, and refuses more."""
        with self._lock:
            # A thread that waits in accept() would keep it open.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for one in self._pairs:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it has gone by itself
                one.close()
            self._pairs = []

    def _accept(self, listener):
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            with self._lock:
                self._pairs += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(one, other),
                                 daemon=True).start()

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut, or one of the two is gone


@pytest.fixture
def relay():
    """relay(port) makes a Relay."""
    made = []

    def start(port):
        made.append(Relay(port))
        return made[-1]

    yield start
    for one in made:
        one.cut()
