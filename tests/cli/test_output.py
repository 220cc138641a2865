"""Output: formats, escapes, and readers that are slow, gone or full."""

import csv
import io
import json
import os
import re
import resource
import select
import signal
import threading

import pytest

import oc

ORDER = oc.order("A")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"


def keys_json(keys):
    """Records with these strings as keys, whatever is in them escaped."""
    return b"".join(json.dumps({"status": key}).encode() + b"\n"
                    for key in keys)


def every_scalar():
    """All 1,112,064 scalar values, 64 in a key; C0 and C1 in one of their
    own as well."""
    scalars = [chr(c) for c in range(0x110000) if not 0xd800 <= c < 0xe000]
    assert len(scalars) == 1112064
    return ["k" + "".join(scalars[i:i + 64])
            for i in range(0, len(scalars), 64)] + CONTROLS


CONTROLS = ([chr(c) for c in range(0x20)] + [chr(0x7f)] +
            [chr(c) for c in range(0x80, 0xa0)])

NEEDS_QUOTES = ["", '"', '"x"', '"x', "(other)", "(summary)", "5", "-0.5e+3",
                "true", "false", "null"]
NEEDS_NONE = ["a", "05", "+5", "1e", "True", "NULL", "(other", "((other)",
              " 5", "5 ", "'", 'x"', "nul", "-", "1_0", "0x1", "\u0665"]


def shown(key):
    """A string as tsv and csv show it, before their escapes."""
    return f'"{key}"' if key in NEEDS_QUOTES else key


def tsv_unescape(text):
    names = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}

    def one(match):
        escape = match[1]
        return chr(int(escape[1:], 16)) if escape[0] == "u" else names[escape]

    return re.sub(r"\\(u[0-9a-f]{4}|.)", one, text)


def has_raw_control(data, allowed=b""):
    return any(byte < 0x20 and byte not in allowed or byte == 0x7f
               for byte in data) or re.search(b"\xc2[\x80-\x9f]", data)


def count(stdin, *args):
    result = oc.run(["-w", "all", *args, "-"], stdin=stdin)
    assert result.status == 0, result
    return result.out


@pytest.fixture(scope="module")
def scalars():
    keys = every_scalar()
    return keys, keys_json(keys)


def test_tsv_gives_every_scalar_value_back(scalars):
    keys, records = scalars
    out = count(records)
    assert not has_raw_control(out, b"\t\n")
    rows = [line.split("\t") for line in out.decode().split("\n")[:-1]]
    assert all(len(row) == 5 for row in rows)
    assert sorted(tsv_unescape(row[2]) for row in rows) == sorted(keys)
    # In the order of their bytes, which is that of the scalar values.
    assert [tsv_unescape(row[2]) for row in rows] == sorted(keys)


def test_json_gives_every_scalar_value_back(scalars):
    keys, records = scalars
    out = count(records, "-f", "json")
    assert not has_raw_control(out, b"\n")
    rows = [json.loads(line) for line in out.decode().split("\n")[:-1]]
    assert [row["key"]["status"] for row in rows] == sorted(keys)


def test_csv_gives_every_scalar_value_back(scalars):
    keys, records = scalars
    out = count(records, "-f", "csv").decode()
    rows = list(csv.reader(io.StringIO(out, newline=""), strict=True))
    assert rows[0] == ["start", "end", "status", "count", "total"]
    assert [row[2] for row in rows[1:]] == sorted(keys)


def test_the_table_has_no_raw_control_character(scalars):
    _, records = scalars
    out = count(records, "-f", "table", "--color=never")
    assert not has_raw_control(out, b"\n")
    text = out.decode()
    # What could turn the direction of the line around.
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]",
                         text)
    assert not re.search("[\u2028\u2029]", text)


@pytest.mark.valgrind
@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_a_string_that_could_be_something_else_has_quotes(form):
    keys = NEEDS_QUOTES + NEEDS_NONE
    records = keys_json(keys) + b"".join(
        b'{"status":%s}\n' % literal
        for literal in (b"5", b"true", b"false", b"null", b"1.50"))
    out = count(records, "-f", form, "--no-header")
    if form == "csv":
        found = [row[2] for row in csv.reader(io.StringIO(out.decode(),
                                                          newline=""))]
    else:
        found = [tsv_unescape(line.split("\t")[2])
                 for line in out.decode().splitlines()]
    assert sorted(found) == sorted([shown(key) for key in keys] +
                                   ["5", "true", "false", "null", "1.50"])


def test_tsv_escapes_as_documented():
    out = count(keys_json(["a\tb\nc\rd\\e", "\0\x1b\x7f\x85\xa0"]))
    keys = [line.split("\t")[2] for line in out.decode().splitlines()]
    assert keys == ["\\u0000\\u001b\\u007f\\u0085\xa0", "a\\tb\\nc\\rd\\\\e"]


def test_csv_quotes_as_rfc_4180_and_ends_lines_in_lf():
    out = count(keys_json(['a,b"c\nd']), "-f", "csv", "-k", "status")
    assert out.split(b"\n", 1)[1].split(b",", 2)[2] == (
        b'"a,b""c\nd",1,1\n')
    assert b"\r" not in out


@pytest.mark.valgrind
def test_json_rows_have_every_field():
    out = count(b'{"a":1.50,"b":"x"}\n{}\n', "-f", "json", "-k", "a,b",
                "--summary").decode().splitlines()
    stamp = f'"start":"{TIME}","end":"{TIME}","partial":false'
    assert re.fullmatch(
        '{%s,"key":{"a":1.50,"b":"x"},"count":1,"total":1}' % stamp, out[0])
    assert re.fullmatch(
        '{%s,"summary":{"orders":1,"read":2,"counted":1,"rejected":'
        '{"missing_key":1},"filtered":0,"late":0,"groups":1}}' % stamp, out[1])


def test_json_calls_keys_as_they_were_typed():
    out = count(b'{"a":{"b,\\"":1}}\n', "-f", "json", "-k", '/a/b,"')
    assert json.loads(out)["key"] == {'/a/b,"': 1}


def test_other_stands_in_every_key_column():
    records = b"".join(b'{"a":%d,"b":1}\n' % i for i in range(3))
    args = ("-k", "a,b", "--top", "1")
    tsv = count(records, *args).decode().splitlines()
    assert [line.split("\t")[2:] for line in tsv] == [
        ["0", "1", "1", "1"], ["(other)", "(other)", "2", "2"]]
    assert json.loads(count(records, "-f", "json",
                            *args).splitlines()[1])["key"] is None


def test_a_csv_header_comes_with_the_first_window_even_without_rows():
    head = b"start,end,status,count,total\n"
    assert count(b"", "-f", "csv") == head
    assert count(b"", "-f", "csv", "--no-header") == b""
    assert count(b"") == b""
    assert count(b"", "--header") == head.replace(b",", b"\t")
    many = oc.run(["-w", "0.05", "-m", "3", "--expect", "x", "-f", "csv", "-"],
                  stdin=open_pipe()).out
    assert many.count(b"start") == 1 and many.count(b",x,0,0\n") == 3
    assert many.startswith(head)


def open_pipe():
    """A pipe that says nothing, for stdin; the kernel has it until the end."""
    reader, writer = os.pipe()
    PIPES.append((reader, writer))
    return reader


PIPES = []


@pytest.fixture(autouse=True)
def close_pipes():
    yield
    while PIPES:
        for fd in PIPES.pop():
            os.close(fd)


def test_times_have_a_fraction_only_where_it_is_not_zero(feed, spawn):
    process = spawn(["-w", "1", "-f", "json", "--expect", "x", "127.0.0.1",
                     feed.port])
    feed.accept()
    rows = process.wait_for(lambda out: out.count(b"\n") >= 2 and out)
    first, second = (json.loads(line) for line in rows.splitlines()[:2])
    assert re.fullmatch(r"[-0-9]+T[0-9:]+\.\d{0,5}[1-9]Z", first["start"])
    assert re.fullmatch(r"[-0-9]+T\d\d:\d\d:\d\dZ", first["end"])
    assert second["start"] == first["end"]


# --- readers -----------------------------------------------------------------


@pytest.mark.parametrize("args", [[], ["-q"], ["-f", "table"]])
def test_a_full_disk_is_said_and_is_status_1(args):
    with open("/dev/full", "wb") as full:
        result = oc.run(["-w", "all", *args, "-"], stdin=ORDER, stdout=full)
    assert result.status == 1
    assert result.err.count(b"No space left on device") == 1, result
    assert result.err.count(b"\n") == 1


def test_a_full_disk_ends_a_run_that_would_go_on(feed, spawn):
    with open("/dev/full", "wb") as full:
        process = spawn(["-w", "0.1", "127.0.0.1", feed.port], stdout=full)
    feed.accept().send(ORDER)
    result = process.wait()
    assert result.status == 1 and b"No space left on device" in result.err


def test_a_file_at_its_limit_is_said_as_a_full_disk_is(tmp_path):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))
    result = oc.run(["-w", "all", "-o", tmp_path / "rows", "-"], stdin=ORDER,
                    preexec_fn=limit)
    assert result.status == 1
    assert result.err.count(b"File too large") == 1, result


def test_output_to_a_full_disk_is_said_with_its_name():
    result = oc.run(["-w", "all", "-o", "/dev/full", "-"], stdin=ORDER)
    assert result.status == 1 and b"/dev/full" in result.err


@pytest.mark.parametrize("restore", [True, False])
def test_a_reader_that_goes_away_ends_it_quietly_by_sigpipe(feed, spawn,
                                                            restore):
    reader, writer = os.pipe()
    # Without restore_signals it is begun with SIGPIPE ignored.
    process = spawn(["-w", "0.05", "127.0.0.1", feed.port], stdout=writer,
                    restore_signals=restore)
    os.close(writer)
    feed.accept().send(ORDER)
    assert b"\tA\t" in os.read(reader, 65536)
    os.close(reader)
    result = process.wait()
    assert result.status == -signal.SIGPIPE and result.err == b""


def test_head_takes_one_line_and_the_run_ends(tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(keys_json(str(i) for i in range(50000)))
    result = oc.Process([], program=[
        "bash", "-c", '"$0" "$1" | head -1; echo "${PIPESTATUS[*]}"',
        oc.BINARY, str(path)])
    try:
        done = result.wait()
    finally:
        result.close()
    lines = done.out.splitlines()
    assert len(lines) == 2 and done.err == b""
    assert lines[1] == b"%d 0" % (128 + signal.SIGPIPE)


class Stalled:
    """A run whose rows nobody reads, until the input waits: see drain()."""

    def __init__(self, spawn, groups):
        self.reader, writer = os.pipe()
        stdin, self.stdin = os.pipe()
        # So long that a slow machine can print one in the time of one.
        self.process = spawn(["-w", "0.2", "--summary", "-"],
                             stdin=stdin, stdout=writer)
        os.close(writer)
        os.close(stdin)
        self.sent = 0
        os.set_blocking(self.stdin, False)
        self._send(keys_json(f"{i:060d}x" for i in range(groups)), groups)
        more, number = keys_json(["0" * 60 + "x"] * 100), 100
        # The program reads at once what it may read: a pipe that stays full
        # is one that it does not read any more.
        while self._send(more, number):
            pass

    def _send(self, data, number):
        view = memoryview(data)
        while view:
            if not select.select([], [self.stdin], [], 0.7)[1]:
                self.rest = bytes(view), number
                return False
            view = view[os.write(self.stdin, view[:4096]):]
        self.sent += number
        return True

    def drain(self):
        """The reader reads on: all that comes until the end of the input."""
        seen = bytearray()

        def read():
            while True:
                data = os.read(self.reader, 1 << 20)
                if not data:
                    return
                seen.extend(data)

        thread = threading.Thread(target=read)
        thread.start()
        rest, number = self.rest
        os.set_blocking(self.stdin, True)
        view = memoryview(rest)
        while view:
            view = view[os.write(self.stdin, view):]
        self.sent += number
        os.close(self.stdin)
        result = self.process.wait(60)
        thread.join(60)
        os.close(self.reader)
        return result, bytes(seen)


def test_a_slow_reader_loses_nothing(spawn):
    stalled = Stalled(spawn, 20000)
    result, out = stalled.drain()
    assert result.status == 0, result.err
    summaries = [line.split(b"\t") for line in out.splitlines()
                 if b"(summary)" in line]
    assert sum(int(line[3]) for line in summaries) == stalled.sent
    assert int(summaries[-1][4]) == stalled.sent
    assert all(int(line[3]) == int(line[6]) for line in summaries)
    # Each window has its rows, and they are whole.
    assert out.endswith(b"\n")
    orders = total = 0
    for line in (row.split(b"\t") for row in out.splitlines()):
        if line[2] == b"(summary)":
            assert (orders, total) == (int(line[3]), int(line[4])), line
            orders = total = 0
        else:
            orders += int(line[3])
            total += int(line[4])


def test_a_window_in_which_the_input_waited_is_partial(spawn):
    # One window's rows are more than may wait.
    groups = 130000
    reader, writer = os.pipe()
    stdin, feed = os.pipe()
    process = spawn(["-w", "2", "-m", "2", "-f", "json", "-"],
                    stdin=stdin, stdout=writer)
    os.close(stdin)
    os.close(writer)
    for i in range(0, groups, 100):
        os.write(feed, keys_json(f"{j:060d}x" for j in range(i, i + 100)))
    # Once it prints, the input has to wait until we read: a pipe that stays
    # full is one that is not read any more.
    last = keys_json(["z"])
    while select.select([], [feed], [], 1)[1]:
        os.write(feed, last)
    out = bytearray()
    while True:
        data = os.read(reader, 1 << 20)
        if not data:
            break
        out += data
    os.close(reader)
    os.close(feed)
    assert process.wait().status == 0
    rows = out.split(b"\n")[:-1]
    assert len(rows) == 2 * (groups + 1)
    first, second = json.loads(rows[0]), json.loads(rows[groups + 1])
    assert (first["count"], second["count"]) == (1, 0)
    assert (first["partial"], second["partial"]) == (False, True)
    # No bound moves for that: the source was up.
    assert second["start"] == first["end"]


@pytest.mark.limits
def test_a_slow_reader_does_not_cost_memory_without_end(spawn):
    stalled = Stalled(spawn, 20000)
    peak = oc.peak_kib(stalled.process.pid)
    # 16 MiB may wait, in a buffer of up to twice that; and the groups.
    assert 16 * 1024 < peak < 64 * 1024
    result, _ = stalled.drain()
    assert result.status == 0


def test_a_non_blocking_stdout_loses_nothing(spawn, tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(keys_json(f"{i:05d}x" for i in range(20000)))
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = spawn([path], stdout=writer)
    # It fills the pipe, and has to wait for us.
    oc.until(lambda: not select.select([], [writer], [], 0)[1],
             "the pipe to fill", process.seen)
    os.close(writer)
    with open(reader, "rb") as out:
        rows = out.read().splitlines()
    assert process.wait().status == 0
    assert [row.split(b"\t")[2] for row in rows] == [
        b"%05dx" % i for i in range(20000)]


def test_a_borrowed_stdout_stays_blocking(spawn, tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(keys_json(f"{i:05d}x" for i in range(20000)))
    reader, writer = os.pipe()
    process = spawn([path], stdout=writer)
    oc.until(lambda: not select.select([], [writer], [], 0)[1],
             "the pipe to fill", process.seen)
    assert os.get_blocking(writer)
    os.close(writer)
    with open(reader, "rb") as out:
        out.read()
    assert process.wait().status == 0


def closing(*fds):
    def close():
        for fd in fds:
            os.close(fd)
    return close


def test_a_closed_stdin_is_an_error_where_it_is_read(feed, spawn):
    result = oc.run(["-w", "all", "-"], stdin=None, preexec_fn=closing(0))
    assert result.status == 1 and b"standard input" in result.err
    process = spawn(["-w", "all", "127.0.0.1", feed.port],
                    preexec_fn=closing(0))
    client = feed.accept()
    client.send(ORDER)
    client.close()
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 1}


def test_a_closed_stdout_is_an_error_and_no_socket_lands_on_it(feed, spawn):
    process = spawn(["-w", "0.05", "127.0.0.1", feed.port],
                    preexec_fn=closing(1))
    result = process.wait()
    assert result.status == 1 and b"standard output" in result.err
    assert result.err.count(b"\n") == 1


def test_with_output_a_closed_stdout_does_not_matter(tmp_path, spawn, feed):
    path = tmp_path / "rows"
    process = spawn(["-w", "all", "-o", path, "127.0.0.1", feed.port],
                    preexec_fn=closing(0, 1))
    client = feed.accept()
    client.send(ORDER)
    client.end()
    assert process.wait().status == 0
    assert oc.counts(path.read_bytes()) == {"A": 1}
    client.sock.settimeout(5)
    assert client.sock.recv(100) == b""


def test_a_closed_stderr_does_not_matter_and_no_socket_lands_on_it(feed,
                                                                   spawn):
    process = spawn(["-v", "-w", "all", "127.0.0.1", feed.port],
                    preexec_fn=closing(0, 2))
    client = feed.accept()
    client.send(ORDER + b"{\n")
    client.end()
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 1}
    # Not one of its lines came this way.
    assert client.sock.recv(100) == b""


# --- --output ----------------------------------------------------------------


def test_output_is_truncated_at_the_start(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes(b"old\n" * 100)
    result = oc.run(["-w", "all", "-o", path, "-"], stdin=ORDER)
    assert result.status == 0 and result.out == b""
    assert oc.counts(path.read_bytes()) == {"A": 1}


def test_an_output_that_cannot_be_opened_is_status_1(tmp_path):
    result = oc.run(["-w", "all", "-o", tmp_path / "no" / "rows", "-"],
                    stdin=ORDER)
    assert result.status == 1 and b"No such file" in result.err


def test_a_file_size_limit_is_an_error_and_no_death(tmp_path):
    path = tmp_path / "rows"

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    result = oc.run(["-w", "all", "-o", path, "-"], preexec_fn=limit,
                    stdin=keys_json(str(i) + "x" for i in range(1000)))
    assert result.status == 1 and b"File too large" in result.err


@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_sighup_reopens_the_output_and_loses_no_window(tmp_path, feed, spawn,
                                                       form):
    path, old = tmp_path / "rows", tmp_path / "rows.1"
    process = spawn(["-v", "-w", "0.05", "-f", form, "-o", path, "127.0.0.1",
                     feed.port])
    client = feed.accept()
    client.send(ORDER)
    oc.until(lambda: path.read_bytes().count(b"A") >= 3, "rows", process.seen)
    path.rename(old)
    process.signal(signal.SIGHUP)
    oc.until(lambda: path.exists() and path.read_bytes().count(b"A") >= 3,
             "rows in the new file", process.seen)
    client.send(ORDER)
    client.close()
    assert process.wait().status == 0
    mark = b"," if form == "csv" else b"\t"
    before, after = old.read_bytes(), path.read_bytes()
    if form == "csv":
        for part in (before, after):
            assert part.count(b"start,end") == 1
            assert part.startswith(b"start,end")
    rows = [line.split(mark) for line in (before + after).splitlines()
            if not line.startswith(b"start")]
    assert sum(int(row[3]) for row in rows) == 2
    assert all(one[1] == two[0] for one, two in zip(rows, rows[1:]))
    assert rows[-1][4] == b"2"


def test_sighup_on_a_file_that_stayed_appends_without_a_header(tmp_path, feed,
                                                               spawn):
    path = tmp_path / "rows"
    process = spawn(["-w", "0.05", "-f", "csv", "-o", path, "127.0.0.1",
                     feed.port])
    client = feed.accept()
    client.send(ORDER)
    oc.until(lambda: path.read_bytes().count(b"A") >= 2, "rows")
    first = path.read_bytes()
    process.signal(signal.SIGHUP)
    oc.until(lambda: path.read_bytes().count(b"A") >=
             first.count(b"A") + 3, "more rows")
    client.close()
    assert process.wait().status == 0
    out = path.read_bytes()
    assert out.startswith(first) and out.count(b"start,end") == 1


def test_sighup_reopens_rejects(tmp_path, feed, spawn):
    path, old = tmp_path / "rejects", tmp_path / "rejects.1"
    process = spawn(["-w", "0.05", "--rejects", path, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(b"one\n")
    oc.until(lambda: path.read_bytes() == b"one\n", "the first reject")
    path.rename(old)
    process.signal(signal.SIGHUP)
    oc.until(path.exists, "the new file")
    client.send(b"two\n")
    oc.until(lambda: path.read_bytes() == b"two\n", "the second reject")
    assert old.read_bytes() == b"one\n"
    process.signal(signal.SIGTERM)
    assert process.wait().status == -signal.SIGTERM


def test_sighup_before_the_first_window_leaves_its_header(tmp_path, feed,
                                                          spawn):
    path = tmp_path / "rejects"
    process = spawn(["-v", "-w", "all", "-f", "csv", "--rejects", path,
                     "127.0.0.1", feed.port])
    client = feed.accept()
    process.wait_for(b"open", "err")
    path.unlink()
    process.signal(signal.SIGHUP)
    oc.until(path.exists, "the new file")
    client.send(ORDER)
    client.close()
    result = process.wait()
    assert result.status == 0
    assert result.out.startswith(b"start,end,status,"), result


def test_a_storm_of_sighup_loses_nothing(tmp_path, feed, spawn):
    path = tmp_path / "rows"
    process = spawn(["-w", "0.05", "-o", path, "127.0.0.1", feed.port])
    client = feed.accept()
    for _ in range(300):
        client.send(ORDER)
        process.signal(signal.SIGHUP)
    client.close()
    assert process.wait().status == 0
    assert oc.counts(path.read_bytes()) == {"A": 300}
