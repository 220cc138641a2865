"""ORDERCOUNT_SIMD and ORDERCOUNT_CURSORS: they make no difference but in time.

Every level that this processor has, with every number of cursors, says the same
of every byte as the long way does, which walks nothing (off).
"""

import json
import random
import re

import pytest

import oc

CURSORS = ("1", "2", "4")
LINES = 6000

LEVELS = re.search(
    rb"\((.*)\)", oc.run(["-"], env={"ORDERCOUNT_SIMD": "?"}).err
)[1].decode().split(", ")

CHOICES = [(level, cursors) for level in LEVELS for cursors in CURSORS]

# --- a mixed file -------------------------------------------------------------


def text(chance):
    """Mostly short; some are longer than a vector, some need care."""
    size = chance.choice((5, 12, 31, 32, 33, 63, 64, 65, 200, 900))
    piece = chance.choice(("x", "x", "x", "x", "\\n", "\\u20ac", "é", "😀"))
    at = chance.randrange(size)
    return "y" * at + piece + "z" * (size - at)


def line(chance, number):
    fields = {
        "id": f'"{number:08x}"',
        "status": chance.choice(('"PLACED"', '"PAID"', '"P\\u0041ID"', "7",
                                 "null", '"' + "long " * 12 + '"')),
        "amount": chance.choice((f"{chance.random() * 1000:.2f}", "-1", "1e3",
                                 "0.50", "17")),
        "at": str(1_700_000_000 + number // 50),
        "note": f'"{text(chance)}"',
        "items": '[{"sku":"a","n":1},{"sku":"b","n":2}]',
    }
    names = list(fields)
    if chance.random() < 0.3:
        names.remove(chance.choice(("note", "items", "id")))
    if chance.random() < 0.05:
        chance.shuffle(names)
    return ("{" + ",".join(f'"{name}":{fields[name]}' for name in names)
            + "}").encode()


def damage(chance, good):
    at = chance.randrange(len(good))
    kind = chance.randrange(5)
    if kind == 0:
        return good[:at]
    if kind == 1:
        return good[:at] + good[at + 1:]
    if kind == 2:
        return good[:at] + chance.choice(
            (b'"', b"\\", b"\x01", b"\xff", b"\xed\xa0\x80", b"0", b",",
             b"\\ud800")) + good[at:]
    if kind == 3:
        return good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + (
            good[at + 1:])
    return good + b"}"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    chance = random.Random(50)
    path = tmp_path_factory.mktemp("levels") / "mixed.json"
    with open(path, "wb") as out:
        for number in range(LINES):
            data = line(chance, number)
            if chance.random() < 0.3 and number > LINES // 10:
                data = damage(chance, data).replace(b"\n", b" ")
            out.write(data + b"\n")
    return path


def with_level(level, cursors):
    return {"ORDERCOUNT_SIMD": level, "ORDERCOUNT_CURSORS": cursors}


# --- the same of every byte ---------------------------------------------------

QUERIES = {
    "status": ["-k", "status"],
    "fields": ["-k", "status,items.1.sku", "--sum=amount"],
    "note": ["-k", "note", "--where=amount>=0"],
}


def timed(mixed, query, rejects, level, cursors):
    """Everything that comes out, but how fast it was."""
    done = oc.run([*QUERIES[query], "-v", "--time=at", "--window=10",
                   "--lateness=9999d", "--missing=none", "--summary",
                   f"--rejects={rejects}", mixed],
                  env=with_level(level, cursors))
    said = re.sub(rb"; [^;]* records/s.*", b"", done.err)
    return done.status, done.out, said, rejects.read_bytes()


@pytest.fixture(scope="module")
def judged(mixed, tmp_path_factory):
    """By query, what the long way says."""
    folder = tmp_path_factory.mktemp("off")
    return {query: timed(mixed, query, folder / query, "off", "1")
            for query in QUERIES}


def test_the_file_is_a_mixed_one(judged):
    status, out, said, rejects = judged["status"]
    assert status == 0
    assert len(oc.rows(out)) > 100
    assert LINES / 10 < rejects.count(b"\n") < LINES / 3
    assert b"mixed.json: line " in said


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("level, cursors", CHOICES)
def test_all_levels_say_the_same(mixed, judged, tmp_path, query, level,
                                 cursors):
    found = timed(mixed, query, tmp_path / "rejects", level, cursors)
    assert found == judged[query]


@pytest.mark.parametrize("level, cursors", CHOICES)
def test_so_they_do_as_orders_arrive(mixed, level, cursors):
    """Without --time simple records are counted by a shorter way."""
    def arrived(*choice):
        done = oc.run(["--window=all", "--format=json", mixed],
                      env=with_level(*choice))
        rows = [json.loads(row) for row in done.out.splitlines()]
        for row in rows:
            del row["start"], row["end"]
        return done.status, rows, done.err
    found = arrived(level, cursors)
    assert found == arrived("off", "1")
    assert len(found[1]) > 5


# --- what is not there --------------------------------------------------------


def test_the_levels_of_any_processor_are_there():
    assert LEVELS[:2] == ["off", "plain"]


@pytest.mark.parametrize("name, value, says", [
    ("ORDERCOUNT_SIMD", "avx9", "no 'avx9' here ({})"),
    ("ORDERCOUNT_SIMD", "best", "no 'best' here ({})"),
    ("ORDERCOUNT_CURSORS", "3", "no '3' (1, 2, 4)"),
    ("ORDERCOUNT_CURSORS", "44", "no '44' (1, 2, 4)"),
])
def test_what_is_not_there_is_wrong_usage(tmp_path, name, value, says):
    out = tmp_path / "out"
    done = oc.run(["-o", out, tmp_path / "missing.json"], env={name: value})
    assert done == (
        2, b"", f"ordercount: {name}: {says.format(', '.join(LEVELS))}\n"
        .encode())
    assert not out.exists()


def test_an_empty_variable_is_none():
    done = oc.run(["-"], env=with_level("", ""))
    assert (done.status, done.err) == (0, b"")
