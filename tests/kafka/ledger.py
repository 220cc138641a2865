"""Holds what came out against what was made.

Each check returns a list of complaints, the first few in full: empty when all
is well. They share nothing with the program but the contract.
"""

import json
from collections import Counter
from decimal import Decimal

from orders import SCALE

SHOWN = 10
TALLIES = ("counted", "filtered", "late")


class Number(str):
    """A number as it is spelt."""


def parse(line):
    return json.loads(line, parse_int=Number, parse_float=Number)


def spelt(value):
    """A key as orders.key() has it."""
    return str(value) if isinstance(value, Number) else json.dumps(value)


def key_of(row):
    return tuple(map(spelt, row["key"].values()))


def few(complaints, more=0):
    left = len(complaints) - SHOWN + more
    return complaints[:SHOWN] + (
        [f"... and {left} more"] if left > 0 else [])


class Rows:
    """What a merge, or a run over files, has written with --summary.

    repeats: how often the last window may have come once more, the same, as it
    may after a crash.
    """

    def __init__(self, data, repeats=0):
        self.repeated = 0
        self.windows = {}  # start: {key: (count, sum, total, total_sum)}
        self.tallies = Counter()
        self.complaints = []
        self.partial = 0  # windows
        lines = data.split(b"\n")
        if lines.pop():
            self.complaints.append(f"half a row: {data[-100:]!r}")
        rows, last = {}, None
        for number, line in enumerate(lines, 1):
            try:
                row = parse(line)
            except ValueError as why:
                self.complaints.append(f"line {number}: {why}: {line[:200]!r}")
                continue
            if "summary" not in row:
                self.row(number, row, rows)
                continue
            told = (rows, row)
            if told == last and self.repeated < repeats:
                self.repeated += 1
            else:
                self.summary(number, row, rows, last)
            rows, last = {}, told
        if rows:
            self.complaints.append(f"{len(rows)} rows without a summary")

    def row(self, number, row, rows):
        if row["key"] is None:
            self.complaints.append(f"line {number}: (other): {row}")
            return
        key = key_of(row)
        if key in rows:
            self.complaints.append(f"line {number}: twice: {row}")
        rows[key] = (int(row["count"]), str(row.get("sum", 0)),
                     int(row["total"]), str(row.get("total_sum", 0)))

    def summary(self, number, row, rows, last):
        start, told = row["start"], row["summary"]
        if start in self.windows:
            same = "the same" if rows == self.windows[start] else "other rows"
            self.complaints.append(
                f"line {number}: window {start} a second time, {same}")
        elif last and start < last[1]["start"]:
            self.complaints.append(f"line {number}: window {start} after "
                                   f"{last[1]['start']}")
        self.partial += row["partial"]
        self.windows[start] = rows
        orders = sum(cell[0] for cell in rows.values())
        if orders != int(told["orders"]):
            self.complaints.append(
                f"line {number}: {orders} orders in rows, in {row}")
        seen = tallied(told)
        self.tallies.update(seen)
        if not balanced(seen):
            self.complaints.append(f"line {number}: no identity in {row}")


def tallied(told):
    """Tallies as JSON has them, flat."""
    seen = {name: int(told[name]) for name in ("read", *TALLIES)}
    seen.update({f"rejected.{name}": int(number)
                 for name, number in told["rejected"].items()})
    return seen


def balanced(tallies):
    return tallies.get("read", 0) == sum(
        number for name, number in tallies.items() if name != "read")


def check_tallies(found, wanted):
    wanted = Counter(wanted)
    wanted["read"] = sum(wanted.values())
    return [f"tally {name}: {found[name]}, not {wanted[name]}"
            for name in sorted(set(found) | set(wanted))
            if found[name] != wanted[name]]


def check_rows(rows, wanted, tallies):
    """rows: Rows. wanted: Orders.rows(). Every number as it is spelt."""
    complaints = []
    for start in sorted(set(rows.windows) | set(wanted)):
        have, want = rows.windows.get(start), wanted.get(start)
        if have is None or want is None:
            complaints.append(f"window {start} is " + (
                "missing" if have is None else "made up"))
            continue
        for key in sorted(set(have) | set(want)):
            if have.get(key) != want.get(key):
                complaints.append(
                    f"window {start} {key}: (count, sum, total, total_sum) "
                    f"{have.get(key)}, not {want.get(key)}")
    return few(rows.complaints) + few(complaints) + check_tallies(
        rows.tallies, tallies)


def check_shares(shares, wanted, tallies):
    """Rows of several merges, each of some partitions, make up the whole.

    A window prints only where a share has something of it, so that zeros may be
    missing. A sum has the digits that its own share has seen.
    """
    complaints, added = [], Counter()
    seen = {}
    for number, rows in enumerate(shares):
        complaints += [f"share {number}: {c}" for c in few(rows.complaints)]
        added.update(rows.tallies)
        for start, cells in rows.windows.items():
            for key, cell in cells.items():
                if cell[2] == 0:
                    continue
                other = seen.setdefault((start, key), cell)
                if other is not cell:
                    complaints.append(f"window {start} {key} in two shares")
    whole = {(start, key): cell for start, cells in wanted.items()
             for key, cell in cells.items()}
    wrong = []
    for place in sorted(set(seen) | set(whole)):
        have, want = seen.get(place), whole.get(place)
        if have != want and not (have is None and want and want[0] == 0):
            wrong.append(f"window {place}: {have}, not {want}")
    return few(complaints) + few(wrong) + check_tallies(added, tallies)


class Partials:
    """What the members have committed, message by message."""

    def __init__(self, partitions):
        self.partitions = partitions
        self.deltas = {}  # (start, key): [count, sum]
        self.tallies = Counter()
        self.marks = {}  # (source partition, partials partition): [from, to]
        self.queries = set()
        self.homes = {}  # the partition that a key is in
        self.complaints = []
        self.messages = Counter()

    def add(self, message):
        try:
            row = parse(message.value)
        except (TypeError, ValueError):
            self.complaints.append(f"not JSON: {message}")
            return
        for name, take in (("source", self.mark), ("tallies", self.tally),
                           ("count", self.delta)):
            if name in row:
                self.messages[name] += 1
                take(message, row)
                return
        self.complaints.append(f"neither delta nor mark: {message}")

    def delta(self, message, row):
        key = key_of(row)
        cell = self.deltas.setdefault((row["start"], key), [0, 0])
        cell[0] += int(row["count"])
        cell[1] += int(Decimal(row["sum"]).scaleb(SCALE))
        if "total" in row or "partial" in row:
            self.complaints.append(f"a delta has no total: {row}")
        home = self.homes.setdefault(key, message.partition)
        if home != message.partition:
            self.complaints.append(
                f"{key} in partitions {home} and {message.partition}")

    def tally(self, message, row):
        self.queries.add(row["query"])
        told = Counter(tallied(row["tallies"]))
        self.tallies.update(told)
        if message.partition != 0:
            self.complaints.append(f"tallies not in partition 0: {message}")
        if not balanced(told):
            self.complaints.append(f"no identity in {row}")
        if not any(told.values()):
            self.complaints.append(f"tallies of nothing: {message}")

    def mark(self, message, row):
        self.queries.add(row["query"])
        place = (int(row["partition"]), message.partition)
        start, end = int(row["from"]), int(row["to"])
        before = self.marks.setdefault(place, [start, start])
        if int(row["partials"]) != self.partitions:
            self.complaints.append(f"of {self.partitions} partitions: {row}")
        if start != before[1]:
            self.complaints.append(
                f"source partition {place[0]}, partials partition {place[1]}, "
                f"offset {message.offset}: a mark from {start} to {end} after "
                f"one to {before[1]}: {gap(start - before[1])}")
        if end < start:
            self.complaints.append(f"a mark that goes back: {row}")
        before[1] = max(before[1], end)


def gap(distance):
    return (f"a gap of {distance}" if distance > 0
            else f"an overlap of {-distance}")


def check_partials(partials, ends, deltas, tallies):
    """ends: of the source's partitions. deltas: Orders.deltas()."""
    complaints = []
    for source, end in enumerate(ends):
        for place in range(partials.partitions):
            have = partials.marks.get((source, place))
            if have != [0, end] and not (have is None and end == 0):
                complaints.append(
                    f"the marks of source partition {source} in partials "
                    f"partition {place} reach {have}, not [0, {end}]")
    wrong = []
    for place in sorted(set(partials.deltas) | set(deltas)):
        have = tuple(partials.deltas.get(place, (0, 0)))
        want = deltas.get(place, (0, 0))
        if have != want:
            wrong.append(f"deltas of {place}: (count, 10^-{SCALE}) {have}, "
                         f"not {want}")
    if len(partials.queries) > 1:
        complaints.append(f"several queries: {partials.queries}")
    return few(partials.complaints) + few(complaints) + few(wrong) + (
        check_tallies(partials.tallies, tallies))
