"""--threads: however many read a file, what comes out is the same."""

import json
import random
import re

import pytest

import oc

BLOCK = 64 << 10
THREADS = ("2", "3", "8")


def order(chance, number):
    fields = {
        "id": f"{number:08x}",
        "status": chance.choice(("PLACED", "PAID", "SENT")),
        "amount": round(chance.random() * 100, 2),
        "at": 1_700_000_000 + number // 500 + chance.choice((0, 0, 0, -3)),
        "note": "x" * chance.choice((0, 5, 40, 300)),
    }
    if chance.random() < 0.1:
        del fields["note"]
    return json.dumps(fields).encode()


def odd_line(chance, good):
    """What is no order, or an odd one."""
    return chance.choice((
        b"", b"  \t", b"[1]", good[:-1], good + b"}", good + b"\r",
        good.replace(b"PAID", b"P\xffID"), b'{"status":{"a":1}}',
        b'{"status":"LONG","note":"' + b"y" * 3 * BLOCK + b'"}',
    ))


def write(path, number, odd=0.01, last=b"\n", first=b""):
    chance = random.Random(number)
    with open(path, "wb") as out:
        out.write(first)
        for i in range(number):
            line = order(chance, i)
            if chance.random() < odd:
                line = odd_line(chance, line)
            out.write(line + (b"\n" if i < number - 1 else last))
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "orders.json"
    write(path, 30000)
    assert path.stat().st_size > 50 * BLOCK
    return path


BY_TIME = ["-v", "--time=at", "--window=10", "--lateness=2", "--summary"]


def said(done):
    """All of it but how fast it was."""
    return (done.status, done.out,
            re.sub(rb"; [^;]* records/s.*", b"", done.err))


def run(threads, *args):
    return said(oc.run([*BY_TIME, f"--threads={threads}", *args]))


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("query", [
    [], ["-k", "status,note"], ["--sum=amount", "--where=amount>10"],
    ["-k", "id", "--max-groups=1000", "--top=7"], ["--max-line=1000"],
    ["-k", "amount", "--missing=none", "--forget=1h"],
    ["--fail-if=PAID>2500"], ["--max-windows=3"],
])
def test_queries(large, threads, query):
    found = run(threads, *query, large)
    assert found[1]
    assert found == run(1, *query, large)


@pytest.mark.parametrize("threads", THREADS)
def test_rejected_lines(large, tmp_path, threads):
    one, many = tmp_path / "one", tmp_path / "many"
    assert run(threads, "-v", f"--rejects={many}", large) == run(
        1, "-v", f"--rejects={one}", large)
    assert many.read_bytes() == one.read_bytes()
    assert many.read_bytes().count(b"\n") > 50


@pytest.mark.parametrize("threads", THREADS)
def test_strict_ends_at_the_same_line(tmp_path, threads):
    path = write(tmp_path / "f", 20000, odd=0)
    with open(path, "ab") as out:
        out.write(b"no order\n" + path.read_bytes())
    found = run(threads, "--strict", path)
    assert found[0] == 1
    assert b"line 20001: invalid_json (--strict)" in found[2]
    assert found == run(1, "--strict", path)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("last", [b"\n", b"", b"\n\n", b"\r\n"])
@pytest.mark.parametrize("first", [b"", b"\xef\xbb\xbf", b"\n"])
def test_ends_of_the_file(tmp_path, threads, last, first):
    path = write(tmp_path / "f", 15000, last=last, first=first)
    assert run(threads, path) == run(1, path)


@pytest.mark.parametrize("threads", THREADS)
def test_a_file_that_ends_where_a_block_does(tmp_path, threads):
    line = b'{"status":"PAID","at":1700000000,"n":12345}\n'
    path = tmp_path / "f"
    for more in (-1, 0, 1):
        size = 32 * BLOCK + more
        count = size // len(line)
        rest = b"x" * (size - count * len(line))
        path.write_bytes(line * count + rest)
        assert path.stat().st_size == size
        assert run(threads, path) == run(1, path)


@pytest.mark.parametrize("threads", THREADS)
def test_a_directory_and_several_files(tmp_path, threads):
    folder = tmp_path / "folder"
    folder.mkdir()
    for i, number in enumerate((15000, 3, 16000, 0, 14000)):
        write(folder / f"{i}", number)
    found = run(threads, folder)
    assert found == run(1, folder)
    totals = oc.rows(found[1])
    assert totals
    # Side by side their times come in turns, which is as it was read.
    both = [folder / "0", folder / "2"]
    counted = [oc.counts(oc.run([f"--threads={n}", *both]).out)
               for n in (1, threads)]
    assert counted[0] == counted[1]


@pytest.mark.parametrize("threads", THREADS)
def test_a_state_goes_on_where_it_was(large, tmp_path, threads):
    """The second run finds nothing more, and what was added is counted."""
    path = tmp_path / "f"
    data = large.read_bytes()
    at = data.index(b"\n", len(data) // 2) + 1
    rows = []
    for state, number in (("a", threads), ("b", 1)):
        path.write_bytes(data[:at])
        args = [f"--state={tmp_path / state}", "--drain", path]
        first = run(number, *args)
        with open(path, "ab") as out:
            out.write(data[at:])
        rows.append((first, run(number, *args)))
    assert rows[0] == rows[1]
    assert rows[0][1][1]


@pytest.mark.parametrize("value, says", [
    ("0", b"--threads '0': "), ("65", b"is more than 64"),
    ("two", b"--threads 'two': "),
])
def test_no_number_of_threads(value, says):
    done = oc.run([f"--threads={value}", "-"])
    assert done.status == 2
    assert says in done.err
