"""Random streams against a second opinion: the contract once more, in Python.

What is written here and in strict_json.py shares nothing with the program: a
strict parser, judging, grouping, choosing and ordering rows, and the texts of
tsv and json. Runs are --window=all; the seeds are fixed.
"""

import json
import random
import re

import pytest

import oc
from strict_json import (Bad, Num, Parser, find, identity, key_part, order,
                         tsv_text)

SEEDS = 45

# --- the contract ------------------------------------------------------------


class Reference:
    """One run over a whole stream."""

    def __init__(self, options):
        self.options = options
        self.groups = {}  # identity -> [parts, count], in order of naming
        self.other = 0
        self.read = 0
        self.rejected = {}
        for parts in options["expect"]:
            self.groups[tuple(map(identity, parts))] = [parts, 0]

    def stream(self, data):
        if data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
        for line in data.split(b"\n"):
            if line.strip(b" \t\r"):
                self.record(line)

    def record(self, line):
        self.read += 1
        try:
            parts = self.judge(line)
        except Bad as why:
            self.rejected[str(why)] = self.rejected.get(str(why), 0) + 1
            return
        name = tuple(map(identity, parts))
        if name in self.groups:
            self.groups[name][1] += 1
        elif len(self.groups) < self.options["max_groups"]:
            self.groups[name] = [parts, 1]
        else:
            self.other += 1

    def judge(self, line):
        content = line[:-1] if line.endswith(b"\r") else line
        if len(content) > self.options["max_line"]:
            raise Bad("too_long")
        value = Parser(line).whole()
        if not isinstance(value, dict):
            raise Bad("not_object")
        parts = []
        for field in self.options["keys"]:
            try:
                parts.append(key_part(find(value, field)))
            except KeyError:
                if self.options["missing"] is None:
                    raise Bad("missing_key") from None
                parts.append(self.options["missing"])
        return tuple(parts)

    def rows(self):
        """[(parts or None for (other), count)]; total is count here."""
        options = self.options
        rows = sorted(self.groups.items(),
                      key=lambda item: [order(p) for p in item[1][0]])
        expected = {tuple(map(identity, parts)) for parts in options["expect"]}
        rows = [(parts, count, name in expected)
                for name, (parts, count) in rows]
        if options["active"]:
            rows = [row for row in rows if row[1] > 0 or row[2]]
        other = self.other
        by_count = sorted(rows, key=lambda row: -row[1])
        if options["top"]:
            other += sum(row[1] for row in by_count[options["top"]:])
            # By identity: to Python the number 5 equals the string 5.
            kept = {id(row) for row in by_count[:options["top"]]}
            rows = [row for row in rows if id(row) in kept]
        if options["sort"] == "count" or options["top"] and (
                options["sort"] is None):
            rows = sorted(rows, key=lambda row: -row[1])
        rows = [row[:2] for row in rows]
        return rows + [(None, other)] if other else rows

    def counted(self):
        return self.read - sum(self.rejected.values())


# --- random streams and options ----------------------------------------------

FIELDS = ["status", "a.b", "items.0.sku", "/a~1b/1", "n", "/x.y"]
LITERALS = ["null", "true", "false", "0", "-0", "1", "1.0", "1e0", "10", "2",
            "1e3", "1000", "-7.25", "9007199254740993", "1E+2", "0.1e1",
            "1e-400", "123456789012345678901234567890"]
STRINGS = ["PLACED", "PAID", "", "null", "5", "1.0", "(other)", "(summary)",
           '"', "a\tb", "\n", "\\", "\0", "\x1b[0m", "\x85", "\u00e9",
           "e\u0301", "\u6f22\u5b57", "\U0001f600", "\u202e", "x" * 4096,
           "y" * 4097]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def white(self):
        return self.pick(["", "", "", " ", "\t", " \t "])

    def string(self, text):
        """A JSON string, now and then with escapes that need not be."""
        out = []
        for c in text:
            code = ord(c)
            if code < 0x20 or c in '"\\' or len(text) < 40 and self.chance(15):
                for unit in (c.encode("utf-16-be")[i:i + 2].hex() for i in
                             range(0, len(c.encode("utf-16-be")), 2)):
                    out.append("\\u" + self.pick([unit, unit.upper()]))
            else:
                out.append(c)
        return '"' + "".join(out) + '"'

    def scalar(self):
        kind = self.random.randrange(20)
        if kind < 7:
            return self.pick(LITERALS)
        if kind < 18:
            return self.string(self.pick(STRINGS[:8] * 4 + STRINGS))
        return self.pick(['"\\ud800"', '"\\udc00\\ud800"', '"a\\udfff"',
                          '"\\ud83d\\ude00"'])

    def value(self, depth=0):
        kind = self.random.randrange(10)
        if depth > 3 or kind < 7:
            return self.scalar()
        items = [self.value(depth + 1)
                 for _ in range(self.random.randrange(4))]
        if kind == 7:
            return "[" + ",".join(items) + "]"
        return self.object((self.pick(["a", "b", "status", "sku", ""]), item)
                           for item in items)

    def object(self, members):
        return "{" + self.white() + ("," + self.white()).join(
            f"{self.string(name)}{self.white()}:{self.white()}{value}"
            for name, value in members) + self.white() + "}"

    def order(self):
        members = []
        if self.chance(90):
            members.append(("status", self.scalar()))
        if self.chance(60):
            members.append(("a", self.object([("b", self.scalar())])))
        if self.chance(60):
            members.append(("items", self.pick(["[%s]", "[%s,1]", "{\"0\":%s}"])
                            % self.object([("sku", self.scalar())])))
        if self.chance(60):
            members.append(("a/b", f"[1,{self.scalar()}]"))
        if self.chance(60):
            members.append(("n", self.pick(LITERALS)))
        if self.chance(30):
            members.append(("x.y", self.value()))
        if self.chance(20):  # a name twice
            members.append((self.pick(["status", "a", "n"]), self.value()))
        self.random.shuffle(members)
        return self.object(members)

    def mutated(self, line):
        data = bytearray(line)
        for _ in range(self.random.randrange(1, 4)):
            at = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(4)
            if kind == 0 and data:
                del data[min(at, len(data) - 1)]
            elif kind == 1:
                data[at:at] = bytes([self.random.randrange(256)])
            elif kind == 2:
                data[at:at] = self.pick([b"\\", b'"', b",", b"}", b"{", b"]",
                                         b"\\u", b"\xed\xa0\x80", b"\xc0\xaf",
                                         b"0", b"-", b".", b"e", b" ", b"\0"])
            elif data:
                at = min(at, len(data) - 1)
                data[at] ^= 1 << self.random.randrange(8)
        return bytes(data).replace(b"\n", b"\x0b")

    def line(self):
        kind = self.random.randrange(20)
        if kind == 0:
            return self.pick([b"", b" ", b"\t\r", b"[]", b"5", b'"x"', b"null",
                              b"{}", b"[" * 1001, b'{"a":' * 1001,
                              b'{"status":' + b"[" * 999 + b"]" * 999 + b"}",
                              b'{"n":' + b"[" * 1000 + b"]" * 1000 + b"}",
                              b"x" * 300, b"\xef\xbb\xbf{}"])
        line = self.order().encode()
        return self.mutated(line) if kind < 6 else line

    def stream(self):
        ends = self.pick([[b"\n"], [b"\r\n"], [b"\n", b"\r\n"]])
        out = b"\xef\xbb\xbf" if self.chance(20) else b""
        for _ in range(self.random.randrange(0, 400)):
            out += self.line() + self.pick(ends)
        return out + (self.line() if self.chance(50) else b"")

    def options(self):
        keys = self.random.sample(FIELDS, self.pick([1, 1, 1, 2, 3]))
        expect = []
        for _ in range(self.pick([0, 0, 1, 3])):
            parts = tuple(self.pick([None, True, Num("5"), Num("1"), "PAID",
                                     "5", "", "a\tb", "(other)", "\x85"])
                          for _ in keys)
            if parts not in expect:
                expect.append(parts)
        # 1 == True to Python, not to us.
        named = {tuple(map(identity, parts)): parts for parts in expect}
        return {
            "keys": keys,
            "expect": list(named.values()),
            "missing": self.pick([None, None, "none", "5", ""]),
            "top": self.pick([0, 0, 1, 2, 5, 1000]),
            "active": self.chance(30),
            "sort": self.pick([None, None, "key", "count"]),
            "max_groups": self.pick([10**6, 10**6, 1, 3, 10]),
            "max_line": self.pick([1 << 20, 1 << 20, 200, 60]),
        }


def arguments(options):
    args = ["-w", "all", "--summary"]
    for field in options["keys"]:
        args += ["-k", field]
    for parts in options["expect"]:
        args += ["--expect", "\t".join(tsv_text(part) for part in parts)]
    if options["missing"] is not None:
        args += ["--missing", options["missing"]]
    if options["top"]:
        args += ["--top", options["top"]]
    if options["active"]:
        args += ["--active"]
    if options["sort"]:
        args += ["--sort", options["sort"]]
    return args + ["--max-groups", options["max_groups"], "--max-line",
                   options["max_line"]]


def tsv_rows(reference):
    width = len(reference.options["keys"])
    rows = []
    for parts, count in reference.rows():
        names = (["(other)"] * width if parts is None
                 else [tsv_text(part) for part in parts])
        rows.append(names + [str(count)] * 2 + [""] * 5)
    counted = reference.counted()
    rows.append(["(summary)"] * width + [str(n) for n in (
        counted, counted, reference.read, counted,
        sum(reference.rejected.values()), 0, 0)])
    return rows


def json_rows(reference):
    rows = []
    for parts, count in reference.rows():
        key = None if parts is None else dict(
            zip(reference.options["keys"], map(identity, parts)))
        rows.append({"partial": False, "key": key, "count": count,
                     "total": count})
    counted = reference.counted()
    rows.append({"partial": False, "summary": {
        "orders": counted, "read": reference.read, "counted": counted,
        "rejected": reference.rejected, "filtered": 0, "late": 0,
        "groups": len(reference.groups)}})
    return rows


def plain_rows(out):
    rows = []
    for line in out.decode().split("\n")[:-1]:
        row = json.loads(line, parse_int=Num, parse_float=Num)
        for name in ("start", "end"):
            assert re.match(r"\d{4}-", row.pop(name))
        if row.get("key"):
            row["key"] = {name: identity(part)
                          for name, part in row["key"].items()}
        rows.append(numbers(row))
    return rows


def numbers(value):
    if isinstance(value, dict):
        return {name: numbers(v) for name, v in value.items()}
    return int(value) if isinstance(value, Num) else value


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_streams_count_as_the_reference_says(seed):
    maker = Maker(seed)
    for _ in range(5):
        options, data = maker.options(), maker.stream()
        reference = Reference(options)
        reference.stream(data)
        args = arguments(options)
        shown = f"{args}\n{data!r}"

        tsv = oc.run([*args, "-q", "-"], stdin=data)
        assert tsv.status == 0 and tsv.err == b"", shown
        found = [line.split("\t")[2:]
                 for line in tsv.out.decode().split("\n")[:-1]]
        assert found == tsv_rows(reference), shown

        found = oc.run([*args, "-q", "-f", "json", "-"], stdin=data)
        assert plain_rows(found.out) == json_rows(reference), shown


def test_the_streams_hold_something_of_everything():
    """What the seeds above are worth: each fate has to come up often."""
    fates = {}
    for seed in range(12):
        maker = Maker(seed)
        for _ in range(5):
            reference = Reference(maker.options())
            reference.stream(maker.stream())
            for reason, count in reference.rejected.items():
                fates[reason] = fates.get(reason, 0) + count
            fates["counted"] = fates.get("counted", 0) + reference.counted()
            fates["other"] = fates.get("other", 0) + reference.other
    for fate in ("too_long", "invalid_json", "too_deep", "not_object",
                 "missing_key", "bad_key", "counted", "other"):
        assert fates.get(fate, 0) > 25, fates
