"""What a person sees: the table and the status line on a terminal."""

import json
import os
import re
import signal
import unicodedata

import pytest

import oc

ORDER = oc.order("A")
SGR = re.compile(r"\x1b\[[0-9;]*m")


def width(text):
    """Columns that a text takes."""
    columns = 0
    for c in text:
        if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me",
                                                                   "Cf"):
            continue
        columns += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return columns


class Screen:
    """What stands on a terminal after it was sent data: its lines."""

    def __init__(self, data):
        self.lines = [[]]
        self.row = self.at = 0
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|.",
                               data.decode(), re.S):
            self.take(part)

    def take(self, part):
        line = self.lines[self.row]
        if part == "\r":
            self.at = 0
        elif part == "\n":
            self.row += 1
            self.lines.append([])
        elif part == "\x1b[K":
            del line[self.at:]
        elif part.startswith("\x1b"):
            assert SGR.fullmatch(part), f"unknown sequence {part!r}"
        else:
            assert part == "\t" or (ord(part) >= 0x20 and
                                    not 0x7f <= ord(part) < 0xa0), ascii(part)
            line[self.at:self.at + 1] = part
            self.at += 1

    @property
    def text(self):
        return ["".join(line) for line in self.lines]


def table_lines(data, columns):
    """The lines of a table on a terminal; none is wider than that."""
    lines = Screen(data).text
    for line in lines:
        assert width(line) <= columns, (width(line), line)
    return lines


@pytest.fixture
def orders():
    """orders(data): the read end of a pipe that has these bytes and ends."""
    opened = []

    def make(data):
        reader, writer = os.pipe()
        opened.append(reader)
        assert len(data) < 65536
        os.write(writer, data)
        os.close(writer)
        return reader

    yield make
    for fd in opened:
        os.close(fd)


def keys_json(keys):
    return b"".join(json.dumps({"status": key}).encode() + b"\n"
                    for key in keys)


WIDE = ["\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57", "e\u0301\u0301\u0301",
        "\U0001f600" * 5, "\uff21\uff22\uff23", "\uac00" * 60,
        "a\u0308" * 50, "\u6f22" * 500]
NASTY = ["\x1b[2J", "\r\n\r\n", "\x9b31m", "\u202eright", "a\tb", "\x07",
         "\x08\x08\x08", "\u2066x\u2069", "\x00", "\x7f" * 60]
LONG = ["x" * 300, "word " * 30, "0" * 4096]


@pytest.mark.parametrize("columns", [20, 40, 79, 80, 200])
@pytest.mark.parametrize("keys", [["A", "B"], WIDE, NASTY, LONG,
                                  WIDE + NASTY + LONG],
                         ids=["plain", "wide", "nasty", "long", "all"])
def test_the_table_is_never_wider_than_the_terminal(spawn, orders, columns,
                                                    keys):
    stdin = orders(keys_json(keys * 3) + b"{}\n[]\n{\n")
    process = spawn(["-w", "all", "--progress=never", "-q", "-"],
                    columns=columns, stdin=stdin)
    result = process.wait()
    assert result.status == 0
    lines = table_lines(result.out, columns)
    assert len([line for line in lines if line.strip()]) >= len(keys) + 2
    # Rows are aligned: every count ends in the same column.
    title = next(i for i, line in enumerate(lines) if "count" in line)
    ends = {width(line[:match.end()]) for line in lines[title + 1:]
            for match in [re.search(r"  +3(?=\s)", line)] if match}
    assert len(ends) == 1, lines


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_table_of_several_keys_fits(spawn, orders, columns):
    data = b"".join(b'{"a":"%s","b":%d,"c":"%s"}\n' %
                    ("\u6f22".encode() * i, 10**i, b"y" * i * 3)
                    for i in range(1, 30))
    process = spawn(["-w", "all", "-q", "-k", "a,b,c", "-"], stdin=orders(data),
                    columns=columns)
    result = process.wait()
    assert result.status == 0
    assert len(table_lines(result.out, columns)) > 29


@pytest.mark.valgrind
def test_the_table_says_window_orders_rejected_and_shares(spawn, orders):
    stdin = orders(ORDER * 3 + oc.order("B") + b"{}\n{\n")
    process = spawn(["-w", "all", "-q", "-"], stdin=stdin, columns=80)
    lines = Screen(process.wait().out).text
    head = "\n".join(lines[:2])
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", head)
    assert "4 orders" in head and "2 rejected" in head
    title = next(line for line in lines if line.startswith("status"))
    assert title.split() == ["status", "count", "total", "share"]
    row = next(line for line in lines if line.startswith("A "))
    assert row.split()[:4] == ["A", "3", "3", "75.0%"]
    assert "\u2588" in row
    other = next(line for line in lines if line.startswith("B "))
    assert 0 < other.count("\u2588") < row.count("\u2588")


def test_without_utf_8_the_bar_is_ascii(spawn, orders):
    process = spawn(["-w", "all", "-q", "-"], stdin=orders(ORDER), columns=80,
                    env={"LC_ALL": "C"})
    out = process.wait().out
    assert b"#####" in out and out.isascii()


def test_a_pipe_gets_tsv_and_no_colour():
    result = oc.run(["-w", "all", "-"], stdin=ORDER)
    assert oc.counts(result.out) == {"A": 1}
    table = oc.run(["-w", "all", "-f", "table", "-"], stdin=ORDER + b"{\n")
    assert b"\x1b" not in table.out and b"\x1b" not in table.err
    assert all(width(line) <= 80 for line in table.out.decode().split("\n"))


@pytest.mark.parametrize("args, env, coloured", [
    ([], {}, True),
    ([], {"NO_COLOR": "1"}, False),
    ([], {"NO_COLOR": ""}, True),
    ([], {"TERM": "dumb"}, False),
    (["--color=never"], {}, False),
    (["--color=always"], {"NO_COLOR": "1"}, True),
    (["-f", "tsv", "--color=always"], {}, False),
])
def test_colour_on_a_terminal(spawn, orders, args, env, coloured):
    # Rejected records are what has a colour.
    process = spawn(["-w", "all", "-q", *args, "-"], columns=80, env=env,
                    stdin=orders(ORDER + b"{\n"))
    out = process.wait().out.decode()
    assert bool(SGR.search(out)) == coloured, out


def test_colour_always_in_a_pipe():
    out = oc.run(["-w", "all", "-f", "table", "--color=always", "-"],
                 stdin=ORDER + b"{\n").out
    assert b"\x1b[" in out


# --- the status line ---------------------------------------------------------


def test_the_status_line_is_erased_before_rows_print(feed, spawn):
    process = spawn(["-w", "0.3", "-f", "tsv", "127.0.0.1", feed.port],
                    columns=80)
    client = feed.accept()
    client.send(ORDER)
    process.wait_for(lambda out: out.count(b"connected") >= 3 and
                     out.count(b"\tA\t") >= 4)
    process.signal(signal.SIGTERM)
    out = process.wait().out
    lines = Screen(out).text
    # Rows, the last words, and nothing else is left.
    rows = [line for line in lines if re.match(r"\d{4}-", line)]
    assert all(re.fullmatch(r"\S+Z\t\S+Z\tA\t\d+\t1", line) for line in rows)
    rest = [line for line in lines if line and line not in rows]
    assert len(rest) == 1 and rest[0].startswith("ordercount: read 1,"), lines


def status_lines(out):
    """The texts that the status line showed, one after the other."""
    return [match for match in re.findall(r"\r([^\r\n]+?)\x1b\[K",
                                          out.decode())]


def test_the_status_line_says_what_a_waiting_person_wants(feed, spawn):
    process = spawn(["-w", "1h", "127.0.0.1", feed.port], columns=80)
    client = feed.accept()
    client.send(ORDER * 1234)
    process.wait_for(b"1,234 orders")
    text = next(line for line in status_lines(process.out)
                if "1,234 orders" in line)
    assert "connected" in text and "/s" in text
    assert re.search(r"\d+s left", text)


def test_the_status_line_says_when_it_dials_again(spawn):
    with oc.Refused() as refused:
        process = spawn(["-r", "127.0.0.1", refused.port], columns=80)
        process.wait_for(rb"dialling again in \d+")
        process.signal(signal.SIGINT)
        result = process.wait()
    assert result.status == -signal.SIGINT
    lines = [line for line in Screen(result.out).text if line]
    assert all(line.startswith("ordercount: ") for line in lines), lines


def test_the_status_line_of_a_file_has_its_share(spawn, tmp_path):
    # A FIFO beside it keeps the run open.
    path, fifo = tmp_path / "orders", tmp_path / "fifo"
    path.write_bytes(ORDER * 1000)
    os.mkfifo(fifo)
    process = spawn(["-w", "all", path, fifo], columns=80)
    with open(fifo, "wb", buffering=0) as writer:
        process.wait_for(rb"100 %")
        writer.write(ORDER)
    result = process.wait()
    lines = Screen(result.out).text
    assert not any("100 %" in line for line in lines), lines
    assert any(line.split()[:2] == ["A", "1001"] for line in lines)


@pytest.mark.parametrize("columns", [10, 20, 40, 80])
def test_the_status_line_is_never_wider_than_the_terminal(feed, spawn,
                                                          columns):
    # Nothing else is shown here: stdout and the last words go elsewhere.
    sink = os.open(os.devnull, os.O_WRONLY)
    process = spawn(["-w", "1h", "127.0.0.1", feed.port], columns=columns,
                    stdout=sink)
    os.close(sink)
    feed.accept().send(ORDER)
    process.wait_for(lambda out: any("con" in line
                                     for line in status_lines(out)))
    for line in status_lines(process.out):
        assert width(line) < columns
    assert b"\n" not in process.out


@pytest.mark.parametrize("args", [["--progress=never"], ["-q"]])
def test_no_status_line_where_it_is_not_wanted(feed, spawn, args):
    process = spawn([*args, "-w", "0.2", "-f", "tsv", "127.0.0.1", feed.port],
                    columns=80)
    feed.accept().send(ORDER)
    process.wait_for(lambda out: out.count(b"\n") >= 6)
    assert b"connected" not in process.out and b"\x1b" not in process.out


def test_no_status_line_goes_into_a_pipe_by_itself(feed, spawn):
    process = spawn(["-w", "0.1", "127.0.0.1", feed.port])
    feed.accept().send(ORDER)
    process.wait_for(lambda out: out.count(b"\n") >= 15)
    assert process.err == b""


def test_with_stderr_in_a_log_only_the_table_is_on_the_terminal(feed, spawn):
    reader, log = os.pipe()
    process = spawn(["-w", "0.2", "127.0.0.1", feed.port], columns=80,
                    stderr=log)
    os.close(log)
    feed.accept().send(ORDER + b"{\n")
    process.wait_for(lambda out: out.count(b"status") >= 4)
    assert b"\x1b[K" not in process.out and b"connected" not in process.out
    process.signal(signal.SIGTERM)
    process.wait()
    with open(reader, "rb") as lines:
        log = lines.read()
    assert log.startswith(b"ordercount: ") and b"\x1b" not in log
    assert b"invalid_json" in log


def test_it_is_drawn_no_faster_than_ten_times_a_second(feed, spawn):
    process = spawn(["-w", "2", "-m", "1", "-f", "tsv", "127.0.0.1",
                     feed.port], columns=80)
    client = feed.accept()
    drawn = None
    while drawn is None:
        try:
            client.send(ORDER * 100)
        except OSError:
            pass
        drawn = process.popen.poll()
    texts = status_lines(process.wait().out)
    assert 2 <= len(texts) <= 25, texts


def test_a_terminal_that_shrinks_gets_a_narrower_table(feed, spawn):
    process = spawn(["-w", "0.2", "--progress=never", "127.0.0.1", feed.port],
                    columns=120)
    feed.accept().send(ORDER)
    process.wait_for(lambda out: out.count(b"status") >= 2)
    process.resize(40)
    before = len(process.out)
    process.wait_for(lambda out: out[before:].count(b"status") >= 4)
    later = process.out[before:].decode().replace("\r", "").split("\n\n")[2:]
    assert later and all(width(SGR.sub("", line)) <= 40
                         for block in later for line in block.split("\n"))


def test_a_terminal_that_hangs_up_ends_the_run(feed, spawn):
    process = spawn(["-w", "0.1", "127.0.0.1", feed.port], columns=80,
                    start_new_session=True)
    feed.accept().send(ORDER)
    process.wait_for(b"status")
    master, process.master = process.master, None
    os.close(master)
    status = process.popen.wait(oc.DEADLINE_S)
    assert status in (1, -signal.SIGHUP)


def test_typed_orders_count_until_ctrl_d(spawn):
    process = spawn(["-w", "all", "-f", "tsv", "-v", "-"], columns=80)
    process.wait_for(b"open")
    process.write(ORDER)
    process.write(b"\x04")
    result = process.wait()
    assert result.status == 0 and b"\tA\t1\t1" in result.out
