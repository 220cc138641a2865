"""Orders by the million with a fixed seed, and what must come out of them.

Message i goes to a partition by chance, at an event time of i steps less some
jitter that is below the merge's lateness. However the messages are read, none
is late: what comes out is the same in every run. Each block is made when it is
asked for, and forgotten.
"""

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

MS = 1
S = 1000 * MS
BASE_MS = 1614859200 * S  # 2021-03-04T12:00:00Z, the start of a window
EPOCH = datetime(1970, 1, 1)
MAX_LINE = 2048
BLOCK = 20000
SCALE = 6  # digits behind the point of any amount, at most
MIXED = 64  # bits of chance a message takes

STATUSES = (b'"PLACED"', b'"PAID"', b'"SHIPPED"', b'"DELIVERED"',
            b'"FAILED"', b'"RETURNED"')
REGIONS = (b'"eu-west"', b'"eu-east"', b'"us"', b'"asia"', b'"af\\u0072ica"',
           b'"\xc3\xa5land"', b'"a\\tb"', b'""', b'null', b'true', b'5',
           b'"5"', b'5.0', b'"say \\"hi\\""', b'"(other)"',
           b'"\xf0\x9f\x8d\xba"')
# The same, each spelt as keys are compared here: JSON, escaped as Python does.
REGION_KEYS = ('"eu-west"', '"eu-east"', '"us"', '"asia"', '"africa"',
               '"\\u00e5land"', '"a\\tb"', '""', 'null', 'true', '5', '"5"',
               '5.0', '"say \\"hi\\""', '"(other)"', '"\\ud83c\\udf7a"')


ORDER = (b'{"id":%d,"created_at":"%b.%03dZ","status":%b,"region":%b,'
         b'"amount":%b}')


class Query(NamedTuple):
    """What the members and the merge are asked."""
    window_s: int = 10
    lateness_s: int = 8
    keys: tuple = ("status", "region")

    def member(self):
        return ["-t", "created_at", "-k", ",".join(self.keys), "--sum=amount",
                "-w", f"{self.window_s}s", "--where=test!=true",
                f"--max-line={MAX_LINE}"]

    def merge(self):
        return ["--merge", f"--lateness={self.lateness_s}s", "-f", "json",
                "--summary"]

    def alone(self):
        """The same by one run over all of it."""
        return [*self.member(), f"--lateness={self.lateness_s}s", "-f", "json",
                "--summary"]


class Cell:
    """A group in a window."""
    __slots__ = ("count", "units", "scale")

    def __init__(self):
        self.count = self.units = self.scale = 0

    def add(self, other):
        self.count += other.count
        self.units += other.units
        self.scale = max(self.scale, other.scale)

    def sum(self):
        return decimal(self.units, self.scale)


def decimal(units, scale):
    """So many 10^-SCALE, with so many digits behind the point."""
    digits = str(abs(units) // 10**(SCALE - scale)).zfill(scale + 1)
    point = len(digits) - scale
    return ("-" if units < 0 else "") + digits[:point] + (
        "." + digits[point:] if scale else "")


def stamp(seconds):
    return (EPOCH + timedelta(seconds=seconds)).strftime(
        "%Y-%m-%dT%H:%M:%S").encode()


class Orders:
    def __init__(self, seed, count, windows, partitions=8,
                 query=Query()):
        self.random = random.Random(seed)
        self.count, self.query = count, query
        self.partitions = partitions
        self.step_us = windows * query.window_s * 1000000 // count
        self.jitter_ms = query.lateness_s * S * 7 // 8
        self.amounts = [self.amount() for _ in range(4096)]
        self.stamps = {}
        self.made = 0  # messages so far
        self.cells = {}  # of windows by their start, of groups by their number
        self.tallies = Counter()
        self.tombstones = 0  # of those that are filtered
        self.lengths = [0] * partitions  # messages in each so far

    def amount(self):
        scale = self.random.choice((0, 1, 2, 2, 2, 2, 3))
        if self.random.random() < 0.002:
            scale = SCALE
        units = self.random.randrange(-20000, 200000) * 10**(SCALE - scale)
        text = decimal(units, scale)
        if self.random.random() < 0.2:
            text = f'"{text}"'
        return text.encode(), units, scale

    def block(self):
        """The next messages: a list of values for each partition, or None.

        A value is bytes, or None for a tombstone.
        """
        if self.made == self.count:
            return None
        size = min(BLOCK, self.count - self.made)
        values = [[] for _ in range(self.partitions)]
        bits, used = self.random.getrandbits, self.partitions
        for at in range(self.made, self.made + size):
            chance = bits(MIXED)
            partition = (chance & 0xffff) % used
            values[partition].append(self.message(at, chance >> 16))
        self.made += size
        for partition, part in enumerate(values):
            self.lengths[partition] += len(part)
        return values

    def message(self, at, chance):
        kind = chance & 0xff
        if kind >= 6:
            return self.order(at, chance >> 8)
        if kind == 0:
            if chance & 0x100:
                return b" \r\n\t"  # no record
            self.tombstones += 1
            self.tallies["filtered"] += 1
            return None
        if kind <= 2:
            lines = [self.order(at, self.random.getrandbits(40))
                     for _ in range(kind + 1)]
            return b"\n".join(lines) + (b"\n", b"\r\n", b"", b"\n\n")[
                chance >> 8 & 3]
        if kind <= 4:
            return self.filtered(at, chance >> 8)
        return self.rejected(at, chance >> 8)

    def time_ms(self, at, jitter):
        """jitter: 10 bits."""
        return (BASE_MS + self.jitter_ms + at * self.step_us // 1000 -
                (jitter * self.jitter_ms >> 10))

    def created_at(self, ms):
        second = ms // S
        text = self.stamps.get(second)
        if text is None:
            if len(self.stamps) > 10000:
                self.stamps.clear()
            text = self.stamps[second] = stamp(second)
        return text

    def order(self, at, chance):
        """One that counts. chance: 40 bits."""
        ms = self.time_ms(at, chance & 0x3ff)
        region = chance >> 10 & 15
        # Some groups are seldom, and the first of each comes by and by.
        status = 1 if chance >> 34 & 3 else (chance >> 14 & 255) * 6 >> 8
        text, units, scale = self.amounts[chance >> 22 & 0xfff]
        window = ms // (self.query.window_s * S)
        groups = self.cells.get(window)
        if groups is None:
            groups = self.cells[window] = {}
        number = status << 4 | region
        cell = groups.get(number)
        if cell is None:
            cell = groups[number] = Cell()
        cell.count += 1
        cell.units += units
        if scale > cell.scale:
            cell.scale = scale
        self.tallies["counted"] += 1
        return ORDER % (at, self.created_at(ms), ms % S, STATUSES[status],
                        REGIONS[region], text)

    def filtered(self, at, chance):
        self.tallies["filtered"] += 1
        ms = self.time_ms(at, chance & 0x3ff)
        return b'{"id":%d,"test":true,"created_at":%d,"status":"TEST"}' % (
            at, ms)

    def rejected(self, at, chance):
        ms = self.time_ms(at, chance & 0x3ff)
        good = b'"created_at":%d' % ms
        reason, line = (
            ("invalid_json", b'{"id":%d,%b,"status":' % (at, good)),
            ("invalid_json", b'{"id":%d,%b}}' % (at, good)),
            ("too_deep", b'[' * 1001 + b']' * 1001),
            ("not_object", b'[%d]' % at),
            ("missing_key", b'{"id":%d,%b,"status":"PAID"}' % (at, good)),
            ("bad_key", b'{%b,"status":{},"region":"us"}' % good),
            ("bad_time", b'{"created_at":"yesterday","status":"PAID",'
                         b'"region":"us","amount":%d}' % at),
            ("bad_number", b'{%b,"status":"PAID","region":"us",'
                           b'"amount":"x"}' % good),
            ("too_long", b'{"id":"%b"}' % (b"x" * MAX_LINE)),
        )[(chance >> 10 & 0xffff) % 9]
        self.tallies["rejected." + reason] += 1
        return line

    def start(self, window):
        return stamp(window * self.query.window_s).decode() + "Z"

    def rows(self):
        """What the windows made so far must show: {start: {key: (count, sum,
        total, total_sum)}}, numbers of sums as they are spelt."""
        totals, found = {}, {}
        for window in sorted(self.cells):
            groups = self.cells[window]
            for number, cell in groups.items():
                totals.setdefault(number, Cell()).add(cell)
            rows = found[self.start(window)] = {}
            for number, total in totals.items():
                cell = groups.get(number) or Cell()
                rows[key(number)] = (
                    cell.count, decimal(cell.units, total.scale), total.count,
                    decimal(total.units, total.scale))
        return found

    def deltas(self):
        """{(start, key): (count, sum)} without zeros; sums are not spelt."""
        return {
            (self.start(window), key(number)):
            (cell.count, cell.units)
            for window, groups in self.cells.items()
            for number, cell in groups.items()}


def key(number):
    return (STATUSES[number >> 4].decode(), REGION_KEYS[number & 15])
