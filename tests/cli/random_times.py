"""Random queries of event time, and random streams that suit them.

Nearly all times are around one base, long past, somewhat out of order and now
and then just at a bound of windows; a few are ancient, far ahead, or none.
"""

import random
from datetime import datetime, timedelta

from reference_windows import MS, S, Query
from strict_json import Num, identity

DAY_MS = 86400000

BAD_TIMES = (
    'null', 'true', '{}', '[]', '""', '"now"', '"1614859200"', '1e30',
    '-1e30', '1e1000000000', '1' + '0' * 5000,
    '"2021-03-04T12:00:00"', '"2021-03-04"', '"2021-02-29T12:00:00Z"',
    '"2021-03-04T24:00:00Z"', '"2021-03-04T12:60:00Z"',
    '"2021-03-04T12:00:61Z"', '"2021-03-04T12:00:00+24:00"',
    '"2021-03-04T12:00:00+01:60"', '"2021-03-04T12:00:00+0100"',
    '"2021-03-04T12:00:00.Z"', '"2021-03-04T12:00Z"', '"\\ud800"',
    '" 2021-03-04T12:00:00Z"', '"2021-03-04T12:00:00Z\\u0000"',
    '"1677-12-31T23:59:59.999999999Z"', '"2262-01-01T00:00:00Z"',
    '"0000-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"',
    '99999999999', '99999999999999', '5e13', '9.9e16', '1e19',
    '"2100-01-01T00:00:00Z"', '4e9', '4102444800000', '4.1e18')
ODD_TIMES = (
    '"1678-01-01T00:00:00Z"', '"1677-12-31T23:30:00-01:00"', '0', '-0', '-1',
    '-1e-1000000000', '1E-400', '0.0000000001', '-0.0000000001', '1e10', '99999999', '-99999999999',
    '100000000000', '1e14', '5e14', '100000000000000000', '-1e11', '-1e17',
    '"1700-02-28T23:59:60Z"', '"1969-12-31T23:59:59.9999999999Z"',
    '"2016-12-31T23:59:60.25Z"', '"2020-02-29T12:00:00-00:00"',
    '"2021\\u002d03-04\\u005412:00:00Z"')
AHEAD_TIMES = ('"2099-01-01T00:00:00Z"', '4e9', '4000000000000', '2.2e9',
               '"2060-06-06T06:06:06.666+06:06"')
AMOUNTS = ('12.50', '-3', '0.1', '0.2', '1e3', '1E-5', '-0', '-0.00', '0',
           '999999999999999999', '-170141183460469231731687303715884105728',
           '9' * 99 + '.9', '1e100', '1e-100', '-1.5e+1', '"12.50"', '"-7e2"',
           '"0.001"', '1.50e1', '0e100', '1e0000000000000000002')
BAD_AMOUNTS = ('null', '"abc"', '""', '" 1"', '"1 "', '"01"', '"+1"', '".5"',
               '{}', '[1]', 'true', '1e101', '1e-101', '9' * 101, '"1e"',
               '0.' + '0' * 100, '1e1000000000', '"0x10"', '"\\ud800"')
KEYS = ('"a"', '"b"', '"c"', '5', '"5"', '5.0', 'null', 'true', '"\\u0061"',
        '"(other)"', '""')
WHERE = ("n>=3", "n != 5", "n<1e1", "kind=x", 'kind == "5"', "kind!=5",
         "kind > b", "kind<=x", "n=5.0", "kind=null", "k.r=true", "k.r != a",
         "k.r<=null", "none!=1")
BROKEN = (b"", b" \t", b"\r", b"[]", b"5", b"x", b"{", b'{"t":', b"{}",
          b'{"t":1614859200,"status":"a"', b'{"status":"a"}}',
          b"\xff", b'{"t":"2021-03-04T12:00:00Z"}')


class Maker:
    """One random query, and streams that suit it; odd: with ancient times."""

    def __init__(self, seed, odd=True):
        self.random = random.Random(seed)
        self.odd = odd
        panes = self.pick([1, 1, 1, 2, 3, 4, 10, 1000])
        slide_ms = self.pick([1, 7, 100, 1000, 60000, 3600000, DAY_MS])
        if panes == 1000:
            slide_ms = min(slide_ms, 60000)
        window_ms = panes * slide_ms
        self.few = panes == 1000
        self.slide_ns = slide_ms * MS
        self.base_ns = self.pick([
            self.random.randrange(1600000000, 1640000000) * S,
            1614859200 * S, 0, -3786912000 * S])
        keys = self.pick([("status",), ("status",), ("status", "k.r"),
                          ("k.r",)])
        expect = {tuple(map(identity, parts)): parts for parts in (
            tuple(self.pick([Num("5"), "a", "b", "5", None, "never"])
                  for _ in keys) for _ in range(self.pick([0, 0, 1, 3])))}
        self.ahead = self.chance(10)
        self.query = Query(
            window_ms, self.pick([0, slide_ms]) if panes == 1 else slide_ms,
            self.pick([0, 0, 1, slide_ms // 2, slide_ms, window_ms,
                       3 * window_ms, 40 * DAY_MS]),
            keys=keys, expect=tuple(expect.values()),
            max_ahead_ms=30000 * DAY_MS if self.ahead else DAY_MS,
            sum=self.pick([None, "amount", "amount"]),
            where=tuple(self.random.sample(WHERE, self.pick([0, 0, 1, 2]))),
            missing=self.pick([None, None, "none", "5"]),
            top=self.pick([0, 0, 0, 1, 2, 100]), active=self.chance(30),
            sort=self.pick([None, None, "key", "count", "total"]),
            max_groups=self.pick([10**6, 10**6, 10**6, 1, 3]),
            max_line=self.pick([1 << 20, 1 << 20, 150]))

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def spell(self, ns):
        """A time as JSON, in one of the ways that there are."""
        if self.chance(40) and abs(ns) > 10**18:
            unit = self.pick([1, 1000, MS])
            if unit == 1:
                return str(ns)
            whole, rest = divmod(abs(ns), unit)
            return (f"{'-' if ns < 0 else ''}{whole}"
                    f".{str(rest).zfill(len(str(unit)) - 1)}{'0' * (ns % 3)}")
        if self.chance(30):
            return self.pick(["{}.{:09}", "{}{:09}e-9", "{}{:09}00E-11",
                              "{}.{:09}e+0"]).format(*divmod(ns, S)) if (
                                  ns >= S) else str(ns // S)
        offset = self.pick([0, 0, 60, -330, 1439, -1439])
        moment = datetime(1970, 1, 1) + timedelta(seconds=ns // S,
                                                  minutes=offset)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S")
        if ns % S or self.chance(10):
            text += f".{ns % S:09}".rstrip("0") + self.pick(["0", "0", "00999"])
        text += (f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:"
                 f"{abs(offset) % 60:02}" if offset else "Z")
        return f'"{text}"' if self.chance(90) else f'"{text.lower()}"'

    def time(self, at_ns):
        if self.chance(2):
            return self.pick(BAD_TIMES)
        if self.odd and self.chance(0.7):
            return self.pick(ODD_TIMES)
        if self.ahead and self.chance(0.5):
            return self.pick(AHEAD_TIMES)
        step = self.slide_ns
        ns = at_ns - self.random.randrange(step * self.pick([1, 1, 2, 4, 12]))
        if self.chance(20):  # a bound of windows, and next to it
            ns = ns // step * step + self.pick([0, 0, 0, -1, 1, -MS])
        return self.spell(ns)

    def line(self, at_ns):
        if self.chance(3):
            return self.pick(BROKEN)
        members = [("t", self.time(at_ns)), ("status", self.pick(KEYS)),
                   ("k", f'{{"r":{self.pick(KEYS)}}}'),
                   ("n", self.pick(["1", "3", "5", "5.0", "10", '"5"'])),
                   ("kind", self.pick(['"x"', '"5"', "5", "null", "{}"])),
                   ("amount", self.pick(AMOUNTS) if self.chance(95)
                    else self.pick(BAD_AMOUNTS))]
        members = [m for m in members if not self.chance(
            15 if m[0] in ("n", "kind") else 2)]
        if self.chance(2):
            members.append(("status", self.pick(["{}", "[]", '"\\udc00"'])))
        if self.chance(2):  # a name twice: the last counts
            members.insert(0, ("t", self.pick(BAD_TIMES)))
        return ("{" + ",".join(f'"{name}":{value}'
                               for name, value in members) + "}").encode()

    def lines(self, count, at_ns):
        pace = self.pick([0, 0.1, 0.5, 1, 3])
        for _ in range(count):
            at_ns += int(self.slide_ns * pace * self.random.random())
            if self.chance(1):
                at_ns += self.slide_ns * self.pick([10, 100])
            yield self.line(at_ns)

    def stream(self):
        """What one stream delivers: bytes."""
        ends = self.pick([b"\n", b"\r\n"])
        count = self.pick([0, 1, 5, 20] if self.few else [0, 1, 10, 60, 150])
        start = self.base_ns + self.slide_ns * self.pick([0, 0, 3, -20])
        data = b"".join(line + ends for line in self.lines(count, start))
        return data if self.chance(60) else data.rstrip(b"\r\n")

    def streams(self):
        """The files of a directory: thousands of windows are enough."""
        return {f"{n:02}": self.stream()
                for n in range(self.random.randrange(1, 4 if self.few else 16))}
