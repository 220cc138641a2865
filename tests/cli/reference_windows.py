"""Windows by event time, once more: slow, plain, as short as can be.

Run takes what each stream delivers, in reading order, and writes the rows that
the contract has printed by then. It keeps every order that counted and adds
all of them up anew for every row. It shares nothing with the program.
"""

import re
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from strict_json import (NUMBER, Bad, Num, Parser, find, identity, key_part,
                         order)

MS = 10**6
S = 10**9
NEVER = float("-inf")  # compares exactly with whole numbers
EPOCH = datetime(1970, 1, 1)
EXACT = Context(prec=20000, Emin=MIN_EMIN, Emax=MAX_EMAX)
REASONS = ("too_long", "invalid_json", "too_deep", "not_object", "missing_key",
           "bad_key", "bad_time", "bad_number")


class Query(NamedTuple):
    """What is asked for. Keys and labels as strict_json has them."""
    window_ms: int
    slide_ms: int = 0  # 0: none
    lateness_ms: int = 0
    max_ahead_ms: int = 86400000
    time: str = "t"
    keys: tuple = ("status",)
    sum: str = None
    where: tuple = ()
    missing: str = None
    expect: tuple = ()
    top: int = 0
    active: bool = False
    sort: str = None
    max_groups: int = 10**6
    max_line: int = 1 << 20


# --- what stands in a record -------------------------------------------------


STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)"
                   r"(?:\.(\d+))?(?:[Zz]|([+-]\d\d):(\d\d))", re.ASCII)


def since_1970(*moment):
    return (datetime(*moment) - EPOCH) // timedelta(seconds=1) * S


def read_stamp(text):
    """RFC 3339: nanoseconds since 1970, or None."""
    if not STAMP.fullmatch(text):
        return None
    *moment, second, fraction, hours, minutes = STAMP.fullmatch(text).groups()
    if int(second) > 60 or abs(int(hours or 0)) > 23 or int(minutes or 0) > 59:
        return None
    ahead = int(f"{(hours or '+')[0]}1") * S * (
        abs(int(hours or 0)) * 3600 + int(minutes or 0) * 60)
    with suppress(ValueError):  # no such day, hour or minute
        return (since_1970(*map(int, moment)) + int(second) * S - ahead +
                int((fraction or "")[:9].ljust(9, "0")))
    return None


def read_time(value):
    """Nanoseconds since 1970, 1678 to 2261."""
    time = None
    if isinstance(value, Num):
        number = Decimal(value)
        for below, unit in ((11, S), (14, MS), (17, 1000), (20, 1)):
            if number.copy_abs() < 10**below:
                time = int(EXACT.multiply(number, unit).to_integral_value(
                    ROUND_FLOOR, EXACT))
                break
    elif isinstance(value, str):
        time = read_stamp(value)
    if time is None or not (
            since_1970(1678, 1, 1) <= time < since_1970(2262, 1, 1)):
        raise Bad("bad_time")
    return time


SCALE_MAX = 200  # 100 digits behind the point, and an exponent of -100


class Amount(NamedTuple):
    """A number as so many 10^-SCALE_MAX, and the digits behind its point."""
    units: int
    scale: int


def read_amount(value):
    text = value if isinstance(value, str) else ""
    parts = NUMBER.fullmatch(text.encode("utf-8", "surrogatepass")) and (
        re.fullmatch(r"-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?)0*(\d*))?", text))
    if not parts:
        raise Bad("bad_number")
    whole, fraction, sign, exponent = (part or "" for part in parts.groups())
    if len(whole + fraction) > 100 or len(exponent) > 3 or (
            int(exponent or 0) > 100):
        raise Bad("bad_number")
    return Amount(int(Fraction(text) * 10**SCALE_MAX), max(
        0, len(fraction) - int(sign + (exponent or "0"))))


def add_up(amounts, scale):
    """The decimal digits of the sum, so many behind the point."""
    units = sum(amount.units for amount in amounts)
    digits = str(abs(units) // 10**(SCALE_MAX - scale)).zfill(scale + 1)
    point = len(digits) - scale
    return ("-" if units < 0 else "") + digits[:point] + (
        "." + digits[point:] if scale else "")


def scalar(text):
    with suppress(Bad):
        value = Parser(text.encode()).whole()
        if not isinstance(value, (dict, list)):
            return value
    return text


def holds(record, expression):
    """FIELD OP VALUE, of --where."""
    field, operator, text = re.fullmatch(
        r"(.*?)\s*(==|!=|<=|>=|=|<|>)\s*(.*)", expression, re.S).groups()
    want = scalar(text)
    try:
        have = find(record, field)
    except KeyError:
        return operator == "!="
    if type(have) is not type(want) or not isinstance(want, str):
        equal = have is want  # null, true, false: there is one of each
        return {"=": equal, "==": equal, "!=": not equal}.get(operator, False)
    left, right = (Decimal(v) if isinstance(v, Num)
                   else v.encode("utf-8", "surrogatepass")
                   for v in (have, want))
    return {"=": left == right, "==": left == right, "!=": left != right,
            "<": left < right, "<=": left <= right,
            ">": left > right, ">=": left >= right}[operator]


# --- the windows -------------------------------------------------------------


class Order(NamedTuple):
    """One that counted. group: None where it has no name."""
    time: int
    group: tuple
    amount: Amount


class Run:
    """streams: all there are, begun or not. now_ns: the clock, which stands."""

    def __init__(self, query, streams, now_ns):
        self.query = query
        self.now_ns = now_ns
        self.window_ns = query.window_ms * MS
        self.slide_ns = (query.slide_ms or query.window_ms) * MS
        self.newest = dict.fromkeys(streams, NEVER)
        self.live = set(streams)  # those that have not ended
        self.watermark = NEVER
        self.orders = []
        self.groups = {tuple(map(identity, parts)): parts
                       for parts in query.expect}
        self.expected = set(self.groups)
        self.open = set()  # the ends of windows with an order, not printed yet
        self.tallies = Counter()  # since the last window printed
        self.all_tallies = Counter()
        self.rows = []  # as json_rows() reads them

    def deliver(self, stream, data):
        """Whole lines; the last one of a stream may want its LF."""
        for line in data.split(b"\n"):
            if line.strip(b" \t\r"):
                try:
                    fate = self.fate(stream, line)
                except Bad as why:
                    fate = str(why)
                self.tallies.update(["read", fate])
                self.all_tallies.update(["read", fate])
                self.move()

    def end(self, stream):
        self.live.discard(stream)
        self.move()
        if not self.live:
            for end in sorted(self.open):
                self.print(end, True)

    def fate(self, stream, line):
        query = self.query
        if len(line) - line.endswith(b"\r") > query.max_line:
            raise Bad("too_long")
        record = Parser(line).whole()
        if not isinstance(record, dict):
            raise Bad("not_object")
        if not all(holds(record, expression) for expression in query.where):
            with suppress(Bad):
                self.saw(stream, self.time(record))
            return "filtered"
        parts = tuple(self.part(record, field) for field in query.keys)
        time = self.time(record)
        amount = query.sum and self.amount(record)
        first = (time // self.slide_ns + 1) * self.slide_ns
        ends = [end for end in range(first, first + self.window_ns,
                                     self.slide_ns) if end > self.watermark]
        self.saw(stream, time)
        if not ends:
            return "late"
        self.open.update(ends)
        name = tuple(map(identity, parts))
        if len(self.groups) < query.max_groups:
            self.groups.setdefault(name, parts)
        self.orders.append(Order(time, name if name in self.groups else None,
                                 amount))
        return "counted"

    def part(self, record, field):
        try:
            return key_part(find(record, field))
        except KeyError:
            if self.query.missing is None:
                raise Bad("missing_key") from None
            return self.query.missing

    def time(self, record):
        with suppress(KeyError):
            time = read_time(find(record, self.query.time))
            if time <= self.now_ns + self.query.max_ahead_ms * MS:
                return time
        raise Bad("bad_time")

    def amount(self, record):
        with suppress(KeyError):
            return read_amount(find(record, self.query.sum))
        raise Bad("bad_number")

    def saw(self, stream, time):
        self.newest[stream] = max(self.newest[stream], min(time, self.now_ns))

    def move(self):
        """The watermark moves, if it does, and what it passed is printed."""
        newest = (min(self.newest[stream] for stream in self.live)
                  if self.live else max(self.newest.values()))
        self.watermark = max(self.watermark,
                             newest - self.query.lateness_ms * MS)
        for end in sorted(end for end in self.open if end <= self.watermark):
            self.print(end, False)

    def print(self, end, partial):
        start = end - self.window_ns
        bounds = {"start": start, "end": end, "partial": partial}
        known = {}  # each group's orders before the end
        for o in self.orders:
            if o.time < end:
                known.setdefault(o.group, []).append(o)
        inside = {group: [o for o in orders if o.time >= start]
                  for group, orders in known.items()}
        names = self.choose(*(
            Counter({group: len(orders) for group, orders in part.items()})
            for part in (inside, known)))
        for name in names:
            self.rows.append({
                **bounds, "key": dict(zip(self.query.keys, name)),
                **self.numbers(inside.get(name, []), known.get(name, []))})
        other, other_known = (  # of all that have no row of their own
            [o for name in set(known) - set(names) for o in part[name]]
            for part in (inside, known))
        if other if self.query.active else other_known:
            self.rows.append({**bounds, "key": None,
                              **self.numbers(other, other_known)})
        self.rows.append({**bounds, "summary": {
            "orders": sum(map(len, inside.values())),
            "groups": len(self.groups),
            "rejected": {reason: self.tallies[reason] for reason in REASONS
                         if self.tallies[reason]},
            **{name: self.tallies[name]
               for name in ("read", "counted", "filtered", "late")}}})
        self.tallies.clear()
        self.open.discard(end)

    def choose(self, counts, totals):
        """The groups that have a row of their own, in order."""
        query = self.query
        known = counts if query.active else totals
        names = sorted((name for name in self.groups
                        if known[name] or name in self.expected),
                       key=lambda name: list(map(order, self.groups[name])))
        by_count = sorted(names, key=lambda name: -counts[name])
        top = by_count[:query.top or None]
        if query.sort == "count" or query.top and not query.sort:
            return top
        if query.sort == "total":
            names.sort(key=lambda name: -totals[name])
        return [name for name in names if name in top]

    def numbers(self, inside, known):
        row = {"count": len(inside), "total": len(known)}
        if self.query.sum:
            scale = max([o.amount.scale for o in known], default=0)
            row["sum"] = add_up([o.amount for o in inside], scale)
            row["total_sum"] = add_up([o.amount for o in known], scale)
        return row
