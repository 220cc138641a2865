"""--threads: however many read a file, what comes out is the same."""

import json
import random
import re
import signal

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


def of_size(size, status=b"PAID"):
    """A line of so many bytes, without its LF."""
    start = b'{"status":"%s","at":1700000000,"note":"' % status
    return start + b"x" * (size - len(start) - 2) + b'"}'


@pytest.mark.parametrize("threads", THREADS)
def test_lines_that_begin_where_blocks_do(tmp_path, threads):
    path = tmp_path / "f"
    for size in (64, 128, BLOCK, 3 * BLOCK):
        path.write_bytes((of_size(size - 1) + b"\n") * (40 * BLOCK // size))
        assert run(threads, path) == run(1, path)


def test_memory_that_is_used_again(tmp_path):
    """Two threads have nine blocks, and the tenth is where the first was. One
    begins with a line; the other's second line begins where that one's does,
    and goes on."""
    data = (of_size(63) + b"\n") * (2 * BLOCK // 64 - 1) + of_size(70) + b"\n"
    while len(data) < 10 * BLOCK - 300:
        data += of_size(99) + b"\n"
    data += of_size(10 * BLOCK + 64 - len(data) - 1) + b"\n"
    data += of_size(2 * BLOCK, b"SENT") + b"\n"
    data += (of_size(99) + b"\n") * 10000
    path = tmp_path / "f"
    path.write_bytes(data)
    assert run(2, path) == run(1, path)


@pytest.mark.parametrize("threads", THREADS)
def test_lines_as_long_as_may_be(tmp_path, threads):
    """Some longer than a block, some longer than all that is read ahead."""
    chance = random.Random(1)
    path = tmp_path / "f"
    for limit in (5000, BLOCK, 3 * BLOCK + 1, 1 << 20):
        sizes = [limit + chance.choice((-1, 0, 1)) for _ in range(7)]
        sizes += [chance.randrange(60, 3000) for _ in range(1500)]
        chance.shuffle(sizes)
        path.write_bytes(b"\n".join(of_size(n) for n in sizes) + b"\n")
        assert path.stat().st_size > 1 << 20
        found = run(threads, f"--max-line={limit}", path)
        assert found == run(1, f"--max-line={limit}", path)
        assert (b"too_long" in found[2]) == (limit + 1 in sizes)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("line", [
    b'{"status":"A"}', b"{}", b"1", b"", b"\r",
    b'{"status":"A","at":1700000000}',
])
def test_short_lines(tmp_path, threads, line):
    """More of them than a lane has room for."""
    path = tmp_path / "f"
    path.write_bytes((line + b"\n") * 150000 + b'{"status":"B"}\n' * 80000)
    for query in ([], ["--time=at"]):
        found = oc.run(["-v", "--summary", f"--threads={threads}", "-w1h",
                        *query, path])
        one = oc.run(["-v", "--summary", "--threads=1", "-w1h", *query, path])
        # By arrival the times of a window are those of the run.
        rows = [[row.split(b"\t")[2:] for row in done.out.splitlines()]
                for done in (found, one)]
        assert rows[0] == rows[1]
        assert said(found)[2] == said(one)[2]
        assert found.status == one.status


@pytest.mark.parametrize("threads", THREADS)
def test_a_folder_of_many_files(tmp_path, threads):
    """Their blocks go from one to the next."""
    for i in range(12):
        write(tmp_path / f"{i:02}", 5500 + 700 * (i % 5), odd=0.03 * (i % 3))
    one, many = tmp_path / ".one", tmp_path / ".many"
    assert run(threads, f"--rejects={many}", tmp_path) == run(
        1, f"--rejects={one}", tmp_path)
    assert many.read_bytes() == one.read_bytes() != b""


def add_rows(whole, at, out):
    """A run's rows go on at the window, of seven, where the last one stopped,
    or with the one before. Returns where they stop."""
    rows = out.splitlines()
    first = at - at % 7
    if rows[0] != whole[first]:
        first -= 7
    assert rows == whole[first:first + len(rows)]
    return first + len(rows)


@pytest.mark.parametrize("threads", THREADS)
def test_a_killed_run_goes_on_where_it_was(tmp_path, threads):
    """Only the last window that came out may come once more."""
    path = tmp_path / "f"
    with open(path, "wb") as out:
        for i in range(60000):
            out.write(b'{"status":"S%d","at":%d,"note":"%030d"}\n' % (
                i % 7, 1_700_000_000 + i // 100, i))
    query = ["-q", "--time=at", "--window=1", path]
    whole = oc.run(["--threads=1", *query]).out.splitlines()
    args = [f"--threads={threads}", f"--state={tmp_path / 's'}", *query]
    at = 0
    for _ in range(2):
        with oc.Process(args) as process:
            process.wait_for(lambda out: out.count(b"\n") > 350)
            process.signal(signal.SIGKILL)
            assert process.wait().status == -signal.SIGKILL
            at = add_rows(whole, at, oc.whole_lines(process.out))
    assert at < len(whole)
    rest = oc.run([*args, "--drain"]).out
    assert add_rows(whole, at, rest) == len(whole)


@pytest.mark.parametrize("value, says", [
    ("0", b"--threads '0': "), ("65", b"is more than 64"),
    ("two", b"--threads 'two': "),
])
def test_no_number_of_threads(value, says):
    done = oc.run([f"--threads={value}", "-"])
    assert done.status == 2
    assert says in done.err
