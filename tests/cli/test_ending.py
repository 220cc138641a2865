"""How a run ends: status, signals, and what they leave behind."""

import fcntl
import json
import os
import select
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import oc

ORDER = oc.order("A")
JSON = ["-f", "json", "--summary"]


@pytest.fixture
def silence():
    """The read end of a pipe that says nothing."""
    reader, writer = os.pipe()
    yield reader
    os.close(reader)
    os.close(writer)


def summaries(out):
    rows = [json.loads(line) for line in out.splitlines()]
    return [row["summary"] for row in rows if "summary" in row]


# --- status ------------------------------------------------------------------


def test_0_the_input_ended():
    assert oc.run(["-w", "all", "-"], stdin=ORDER).status == 0


def test_0_max_windows_and_for_were_reached(silence):
    assert oc.run(["-w", "0.05", "-m", "2", "-"], stdin=silence).status == 0
    assert oc.run(["-w", "0.05", "--for", "0.1", "-"],
                  stdin=silence).status == 0
    assert oc.run(["-w", "all", "--for", "0.1", "-"],
                  stdin=silence).status == 0


@pytest.mark.parametrize("row", [
    b"",
    b"no json\n",
    b'{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:05Z",'
    b'"partial":false,"summary":{}}\n',
])
def test_0_nothing_was_there_to_merge(row):
    result = oc.run(["--merge", "-q", "-"], stdin=row)
    assert result.status == 0 and result.out + result.err == b""


def test_1_only_parts_of_windows_were_there_to_merge():
    result = oc.run(["--merge", "-"],
                    stdin=b'{"start":"2026-01-01T00:00:00Z","end":'
                    b'"2026-01-01T00:00:05Z","partial":true,"key":{"a":"b"},'
                    b'"count":1}\n')
    assert result.status == 1 and result.out == b""
    assert b"give --window" in result.err


def test_1_a_stop_while_only_parts_of_windows_were_there():
    part = (b'{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:05Z",'
            b'"partial":true,"key":{"a":"b"},"count":1}\n')
    reader, writer = os.pipe()
    os.write(writer, part)
    result = oc.run(["--merge", "--for", "0.1", "-"], stdin=reader)
    os.close(reader)
    os.close(writer)
    assert result.status == 1 and result.out == b""
    assert b"give --window" in result.err


def test_max_windows_prints_just_so_many(silence):
    out = oc.run(["-w", "0.05", "-m", "3", *JSON, "-"], stdin=silence).out
    assert len(summaries(out)) == 3


def test_a_usage_error_opens_nothing(tmp_path, feed):
    path = tmp_path / "rows"
    path.write_bytes(b"kept")
    result = oc.run(["-o", path, "--rejects", tmp_path / "rejects", "--window",
                     "5x", "127.0.0.1", feed.port])
    assert result.status == 2 and result.out == b""
    assert path.read_bytes() == b"kept"
    assert not (tmp_path / "rejects").exists()
    assert not select.select(feed._sockets, [], [], 0)[0]


# --- --fail-if ---------------------------------------------------------------

MIXED = ORDER * 3 + oc.order("B") + b"{}\n{\n[]\n{}\n" + (
    b'{"status":"a>b"}\n{"status":"@x"}\n{"status":5}\n')
HELD = ["A > 2", "A>2", "A >= 3", "A = 3", "A != 2", "A < 4", "A <= 3",
        "B = 1", "never = 0", "never < 1", "never != 1", "@orders = 7",
        "@read = 11", "@rejected = 4", "@rejected.missing_key = 2",
        "@rejected.invalid_json > 0", "@rejected.too_long = 0",
        "@filtered = 0", "@late = 0", "@groups = 5", "a>b > 0", "a>b = 1",
        "\\u0040x = 1", "5 = 1", '"5" = 0']
NOT_HELD = ["A > 3", "A >= 4", "A = 2", "A != 3", "A < 3", "A <= 2",
            "never > 0", "never >= 1", "@orders != 7", "@rejected > 4",
            '"5" > 0', "@groups > 5", "a > 0"]


@pytest.mark.parametrize("expression", HELD)
def test_3_a_fail_if_held(expression):
    for quiet in ([], ["-q"]):
        result = oc.run([*quiet, "-w", "all", "--fail-if", expression, "-"],
                        stdin=MIXED)
        assert result.status == 3, result
        said = [line for line in result.err.splitlines()
                if b"--fail-if" in line]
        assert len(said) == 1 and expression.encode() in said[0]
        assert oc.counts(result.out)["A"] == 3


@pytest.mark.parametrize("expression", NOT_HELD)
def test_0_no_fail_if_held(expression):
    result = oc.run(["-w", "all", "--fail-if", expression, "-"], stdin=MIXED)
    assert result.status == 0 and b"--fail-if" not in result.err


def test_any_of_several_fail_ifs_is_enough():
    result = oc.run(["-w", "all", "--fail-if", "A > 5", "--fail-if", "B > 0",
                     "-"], stdin=MIXED)
    assert result.status == 3 and b"B > 0" in result.err
    assert b"A > 5" not in result.err


def test_a_fail_if_of_several_keys():
    result = oc.run(["-w", "all", "-k", "a,b", "--fail-if", "x\t1 > 0", "-"],
                    stdin=b'{"a":"x","b":1}\n')
    assert result.status == 3


@pytest.mark.parametrize("expression, word", [
    ("A", b"was '>' taken by the shell? quote it"),
    ("", b"quote it"),
    ("A > x", b"x"), ("A > -1", b"-1"), ("A > 1.5", b"1.5"), ("A >", b"A >"),
    ("@nothing > 1", b"@nothing"), ("@rejected.nothing > 1", b"nothing"),
    ("@ > 1", b"@"), ("a\tb > 1", b""), ("\\u0041 > 1", b""),
    ("A > 99999999999999999999", b"99999999999999999999")])
def test_2_what_is_no_expression(expression, word):
    result = oc.run(["--fail-if", expression, "-"], stdin=ORDER)
    assert result.status == 2 and result.out == b"", result
    assert b"--fail-if" in result.err and word in result.err
    assert result.err.endswith(b"Try 'ordercount --help'\n")


def test_more_than_is_judged_on_partial_windows_too(spawn):
    # The input ends inside the window: it is partial.
    for expression, status in (("A > 0", 3), ("A >= 1", 3), ("A > 1", 0)):
        result = oc.run(["-w", "1h", "--fail-if", expression, "-"],
                        stdin=ORDER)
        assert result.status == status, result


def test_the_others_are_judged_on_whole_windows_and_1_without_any():
    for expression in ("A < 9", "A = 1", "A != 5", "A <= 1", "@orders < 1"):
        result = oc.run(["-q", "-w", "1h", "--fail-if", expression, "-"],
                        stdin=ORDER)
        assert result.status == 1, result
        assert b"no whole window" in result.err
    both = oc.run(["-w", "1h", "--fail-if", "A < 9", "--fail-if", "A > 0",
                   "-"], stdin=ORDER)
    assert both.status == 3 and b"no whole window" not in both.err


def test_no_orders_in_a_whole_window_is_found(silence):
    result = oc.run(["-q", "-w", "0.1", "--fail-if", "@orders < 1", "-"],
                    stdin=silence)
    assert result.status == 3 and result.err.count(b"\n") == 1
    calm = oc.run(["-w", "0.1", "-m", "1", "--fail-if", "@orders > 0", "-"],
                  stdin=silence)
    assert calm.status == 0


def test_it_ends_as_soon_as_the_window_is_printed(feed, spawn):
    process = spawn(["-w", "0.1", *JSON, "--fail-if", "A > 1", "127.0.0.1",
                     feed.port])
    client = feed.accept()
    client.send(ORDER)
    process.wait_for(rb'"A"},"count":1')
    client.send(ORDER * 2)
    result = process.wait()
    assert result.status == 3
    assert summaries(result.out)[-1]["orders"] == 2
    assert sum(s["orders"] for s in summaries(result.out)) == 3


def test_a_drain_behind_the_window_in_which_it_held_is_not_named(tmp_path):
    orders = b"".join(b'{"status":"A","t":%d}\n' % time
                      for time in (100, 101, 106, 112, 125))
    result = oc.run(["-t", "t", "-w", "5", "-l", "10", "--drain", "--state",
                     tmp_path / "state", "--fail-if", "A > 1", "-"], orders)
    assert result.status == 3
    assert len(oc.rows(result.out)) == 4
    assert (b"it was 2 in the window from 1970-01-01T00:01:40Z to "
            b"1970-01-01T00:01:45Z\n") in result.err


# --- precedence --------------------------------------------------------------


def test_1_goes_before_3(feed, spawn):
    strict = oc.run(["-w", "all", "--strict", "--fail-if", "A > 0", "-"],
                    stdin=ORDER + b"{\n")
    assert strict.status == 1
    assert b"--fail-if" in strict.err and b"--strict" in strict.err
    process = spawn(["-w", "1h", "--fail-if", "A > 0", "127.0.0.1",
                     feed.port])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    client.reset()
    result = process.wait()
    assert result.status == 1 and oc.counts(result.out) == {"A": 1}


def test_a_signal_goes_before_3_and_1(feeds, spawn):
    good, bad = feeds("127.0.0.1"), feeds("127.0.0.1")
    process = spawn(["-w", "1h", "--fail-if", "A > 0",
                     f"tcp://127.0.0.1:{good.port}",
                     f"tcp://127.0.0.1:{bad.port}"])
    client = good.accept()
    client.send(ORDER)
    other = bad.accept()
    other.send(b"\n")
    other.wait_read()
    other.reset()
    process.wait_for(b"reset", "err")
    client.wait_read()
    process.signal(signal.SIGINT)
    result = process.wait()
    assert result.status == -signal.SIGINT
    assert b"A > 0" in result.err and oc.counts(result.out) == {"A": 1}


# --- signals -----------------------------------------------------------------


@pytest.mark.valgrind
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP])
def test_a_signal_prints_the_open_window_and_is_the_end(feed, spawn, number):
    process = spawn(["-v", "-w", "1h", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER * 4)
    client.wait_read()
    process.signal(number)
    result = process.wait()
    assert result.status == -number
    assert [s["orders"] for s in summaries(result.out)] == [4]
    assert b'"partial":true' in result.out
    assert b"read 4, counted 4, rejected 0" in result.err


def test_a_second_signal_ends_at_once(spawn):
    reader, writer = os.pipe()
    process = spawn(["-w", "0.05", "-"], stdout=writer)
    os.close(writer)
    process.write(b"".join(b'{"status":"%040d"}\n' % i for i in range(20000)))
    oc.until(lambda: unread(reader) >= 65536 - 4096, "the pipe to fill")
    process.signal(signal.SIGTERM)
    oc.until(lambda: taken(process.pid, signal.SIGTERM),
             "the first signal to be taken")
    begun = time.monotonic()
    process.signal(signal.SIGINT)
    result = process.wait()
    assert result.status == -signal.SIGINT
    assert time.monotonic() - begun < 0.5
    os.close(reader)


def unread(pipe):
    """Bytes that wait in a pipe."""
    fionread = 0x541b
    return int.from_bytes(fcntl.ioctl(pipe, fionread, b"\0" * 4), "little")


def taken(pid, number):
    """Is a signal not pending any more?"""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        pending = [int(line.split()[1], 16) for line in lines
                   if line.startswith(("SigPnd", "ShdPnd"))]
    return not any(mask & 1 << (number - 1) for mask in pending)


def test_a_stuck_reader_has_a_second_and_is_told_what_it_lost(spawn):
    reader, writer = os.pipe()
    process = spawn(["-q", "-w", "0.05", "-"], stdout=writer)
    os.close(writer)
    process.write(b"".join(b'{"status":"%040d"}\n' % i for i in range(20000)))
    oc.until(lambda: unread(reader) >= 65536 - 4096, "the pipe to fill")
    begun = time.monotonic()
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == -signal.SIGTERM
    assert 0.9 < time.monotonic() - begun < 3
    assert b"did not take" in result.err, result.err
    os.close(reader)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_ignored_at_the_start_stays_ignored(feed, spawn, number):
    process = spawn(["-w", "0.05", "127.0.0.1", feed.port],
                    preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
    client = feed.accept()
    process.signal(number)
    client.send(ORDER)
    process.wait_for(rb"\tA\t1\t1\n")
    process.signal(number)
    client.send(ORDER)
    process.wait_for(rb"\t2\n")
    process.signal(signal.SIGTERM)
    assert process.wait().status == -signal.SIGTERM


def test_before_the_run_began_a_signal_prints_nothing(spawn, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = spawn(["-v", "-w", "0.05", "-f", "csv", "-", fifo])
    process.wait_for(b"open", "err")
    process.signal(signal.SIGINT)
    result = process.wait()
    assert result.status == -signal.SIGINT and result.out == b""


def waits_in_open(pid):
    """Nothing else lets it sleep once it catches signals and has no source."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        status = dict(line.split(":", 1) for line in lines)
    return (status["State"].split()[0] == "S" and
            int(status["SigCgt"], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("option", ["--output", "--rejects"])
def test_a_signal_ends_the_wait_for_a_fifos_reader(spawn, tmp_path, option):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = spawn([option, fifo, "-"])
    oc.until(lambda: waits_in_open(process.pid), "the wait for a reader")
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == -signal.SIGTERM
    assert result.out == b"" and result.err == b""


def write_some(writer):
    """Three orders, if the pipe has room for them; how many bytes."""
    try:
        return os.write(writer, ORDER * 3)
    except BlockingIOError:
        return 0


def signal_at_a_windows_end(run):
    """SIGTERM within some 0.1 ms of a window's end; returns (counted, read).

    The test keeps the pipe's other end: what the program left there it had not
    read, and everything else has to be in one window.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    length_ns = 50_000_000
    offset_ns = (run % 41 - 20) * 50_000
    with oc.Process(["-v", "-w", "0.05", *JSON, "-"],
                    stdin=reader) as process:
        process.wait_for(b"open", "err")
        # On a busy machine it may be a while before anything is read at all.
        written = write_some(writer)
        oc.until(lambda: not select.select([reader], [], [], 0)[0],
                 "the first orders to be read", process.seen)
        now = time.time_ns()
        target = (now // length_ns + 2) * length_ns + offset_ns
        while time.time_ns() < target:
            written += write_some(writer)
            left_ns = target - time.time_ns()
            if left_ns > 2_000_000:
                time.sleep(0.001)  # the pace of the orders
        process.signal(signal.SIGTERM)
        written += write_some(writer)
        result = process.wait()
    rest = b""
    while True:
        try:
            rest += os.read(reader, 65536)
        except BlockingIOError:
            break
    os.close(reader)
    os.close(writer)
    assert result.status == -signal.SIGTERM, result
    rows = [json.loads(line) for line in result.out.splitlines()]
    windows = [row for row in rows if "summary" in row]
    # Where the machine let it wait a whole window, it says that it left time
    # out; orders are lost to that no more than to anything else.
    if b"stopped, or too slow" not in result.err:
        for before, after in zip(windows, windows[1:]):
            assert after["start"] == before["end"], windows
    counted = sum(row["count"] for row in rows if "count" in row)
    assert counted == [row for row in rows if "total" in row][-1]["total"]
    assert counted == sum(w["summary"]["counted"] for w in windows)
    assert b"counted %d," % counted in result.err
    return counted, (written - len(rest)) // len(ORDER)


def test_sigterm_around_a_windows_end_loses_and_doubles_no_order():
    with ThreadPoolExecutor(6) as threads:
        for counted, read in threads.map(signal_at_a_windows_end, range(1000)):
            assert counted == read > 0


# --- the last words ----------------------------------------------------------


def test_the_summary_is_said_with_verbose_and_not_into_a_log():
    args = ["-w", "all", "-"]
    stdin = ORDER * 3 + b"{}\n{}\n{\n"
    assert b"counted 3" not in oc.run(args, stdin=stdin).err
    err = oc.run(["-v", *args], stdin=stdin).err
    last = err.splitlines()[-1]
    assert b"read 6, counted 3, rejected 3" in last
    assert b"invalid_json 1" in last and b"missing_key 2" in last
    assert b"filtered 0, late 0" in last


def test_quiet_says_nothing_of_a_good_run():
    result = oc.run(["-q", "-w", "all", "-"], stdin=ORDER + b"{\n" * 100)
    assert result.err == b"" and result.status == 0
