"""--format=prometheus: what promtool says, what comes back, and that a reader
of the file never sees half of a window."""

import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess

import pytest

import oc
from test_output import every_scalar

LINE = re.compile(r'(\w+)(?:\{(.*)\})? (-?[0-9.]+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
FIRST = b"# HELP ordercount_orders_total "
LAST = re.compile(rb'\nordercount_build_info\{version="[^"]+"\} 1\n\Z')


def record(**fields):
    return json.dumps(fields).encode() + b"\n"


def unescape(value):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)


def samples(text):
    """{(name, ((label, value), ...)): number}; no sample comes twice."""
    found = {}
    for line in text.decode().split("\n")[:-1]:
        if line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        assert match, line
        labels = tuple((m[1], unescape(m[2]))
                       for m in LABEL.finditer(match[2] or ""))
        assert (match[1], labels) not in found, line
        found[match[1], labels] = float(match[3])
    return found


def check(text):
    """promtool reads the text and says nothing about it."""
    if not shutil.which("promtool"):
        pytest.skip("promtool is missing: scripts/setup test")
    done = subprocess.run(["promtool", "check", "metrics"], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=oc.DEADLINE_S, check=False)
    assert (done.returncode, done.stdout) == (0, b""), text.decode()


def prometheus(args, data):
    result = oc.run(["-w", "all", "-f", "prometheus", *args, "-"], stdin=data)
    assert result.status == 0, result
    return result.out


def test_merged_rows_whose_keys_are_one_label_are_refused(tmp_path):
    row = (b'{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:05Z",'
           b'"partial":false,"key":{"a.b":"x","a_b":"y"},"count":3}\n')
    output = tmp_path / "orders.prom"
    result = oc.run(["--merge", "-f", "prometheus", "-o", output, "-"],
                    stdin=row)
    assert result.status == 1 and not output.exists()
    assert result.err.count(b"\n") == 1 and b"the same label" in result.err


NASTY = ["", "5", "null", '"', "\\", "a\nb", "a\\nb", "(other)", "\u202e\x00"]


@pytest.mark.parametrize("args, data", [
    ([], b""),
    ([], oc.order("PAID") * 3 + oc.order("NEW") + b"{}\n[]\n{\n"),
    (["--max-groups=1"], oc.order("PAID") + oc.order("NEW") * 2),
    (["--sum=amount"], record(status="A", amount=1.5) +
     record(status="B", amount=-9e99) + record(status="C", amount="x")),
    (["-k", "country,le,quantile"],
     record(country="SE", le=1, quantile=None)),
    (["-k", "customer.country,2nd,__name__", "--missing=-"],
     record(customer={"country": "SE"}) + record(x=1)),
    ([], b"".join(record(status=key) for key in NASTY)),
], ids=["nothing", "plain", "other", "sums", "reserved", "renamed", "nasty"])
@pytest.mark.valgrind
def test_promtool_has_nothing_to_say(args, data):
    check(prometheus(args, data))


def test_the_numbers_are_those_of_the_run():
    found = samples(prometheus(
        ["--sum=amount", "--where=amount!=7"],
        record(status="A", amount=0.1) * 3 + record(status="B", amount=5) +
        record(status="B", amount=7) + b"{}\n{\n[]\n"))
    paid, late = (("status", "A"),), (("status", "B"),)
    assert found["ordercount_orders_total", paid] == 3
    assert found["ordercount_window_orders", late] == 1
    assert found["ordercount_sum", paid] == 0.3
    assert found["ordercount_window_sum", late] == 5
    assert found["ordercount_records_read_total", ()] == 8
    assert found["ordercount_records_filtered_total", ()] == 1
    assert found["ordercount_records_late_total", ()] == 0
    assert found["ordercount_groups", ()] == 2
    assert found["ordercount_source_up", (("source", "-"),)] in (0, 1)
    rejected = {labels[0][1]: number for (name, labels), number
                in found.items() if name.endswith("_rejected_total")}
    assert rejected == {"too_long": 0, "invalid_json": 1, "too_deep": 0,
                        "not_object": 1, "missing_key": 1, "bad_key": 0,
                        "bad_time": 0, "bad_number": 0}


def test_every_scalar_value_comes_back():
    keys = every_scalar()
    found = samples(prometheus(
        [], b"".join(record(status=key) for key in keys)))
    back = [labels[0][1] for name, labels in found
            if name == "ordercount_orders_total"]
    assert sorted(back) == sorted(keys)


def test_what_could_be_taken_for_something_else_is_in_quotes():
    found = samples(prometheus([], b"".join(
        record(status=key) for key in NASTY) + record(status=5)))
    back = {labels[0][1] for name, labels in found
            if name == "ordercount_orders_total"}
    assert back == {'""', '"5"', '"null"', '"""', "\\", "a\nb", "a\\nb",
                    '"(other)"', "\u202e\x00", "5"}


# --- one window after the other ------------------------------------------------


def test_counters_never_fall_and_windows_start_anew(feed, spawn):
    process = spawn(["-w", "0.2", "-f", "prometheus", "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(oc.order("A") * 5 + b"{\n")
    process.wait_for(rb'window_orders\{status="A"\} 5.*'
                     rb'window_orders\{status="A"\} 0.*build_info[^\n]*\n')
    process.signal(signal.SIGTERM)
    parts = process.wait().out.split(FIRST)[1:]
    for part in parts:
        check(FIRST + part)
    numbers = [samples(FIRST + part) for part in parts]
    for name in ["ordercount_records_read_total",
                 "ordercount_window_end_timestamp_seconds"]:
        row = [found[name, ()] for found in numbers]
        assert row == sorted(row)
    assert numbers[-1]["ordercount_orders_total", (("status", "A"),)] == 5
    assert numbers[-1]["ordercount_records_rejected_total",
                       (("reason", "invalid_json"),)] == 1


def test_a_source_that_is_down_is_0(feed, spawn):
    name = f"tcp://127.0.0.1:{feed.port}"
    process = spawn(["-r", "-w", "0.2", "-f", "prometheus", name])
    client = feed.accept()
    line = f'ordercount_source_up{{source="{name}"}}'.encode()
    process.wait_for(re.escape(line) + b" 1\n")
    feed.stop_listening()
    client.close()
    process.wait_for(re.escape(line) + b" 0\n")


# --- into a file ---------------------------------------------------------------


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_a_reader_of_the_file_never_sees_half_of_a_window(feed, spawn,
                                                          tmp_path):
    path = tmp_path / "orders.prom"
    keys = b"".join(oc.order(f"group {n}") for n in range(5000))
    process = spawn(["-w", "0.05", "-f", "prometheus", "-o", path, "127.0.0.1",
                     feed.port])
    feed.accept().send(keys)
    oc.until(path.exists, "the file", process.seen)
    ends, sizes = set(), set()

    def look():
        text = read(path)
        assert text.startswith(FIRST) and LAST.search(text), text[-200:]
        sizes.add(text.count(b"ordercount_orders_total{"))
        ends.add(re.search(rb"\n\w+_end_timestamp_seconds (\S+)\n", text)[1])
        # The collector takes every *.prom that is there.
        assert [name for name in os.listdir(tmp_path)
                if name.endswith(".prom")] == ["orders.prom"]
        return len(ends) > 20 and 5000 in sizes

    oc.until(look, "20 windows", lambda: f"{ends} {sizes}")
    process.signal(signal.SIGTERM)
    process.wait()
    assert os.listdir(tmp_path) == ["orders.prom"]
    check(read(path))


def test_a_link_stays_and_the_mode_too(tmp_path):
    target, link = tmp_path / "target.prom", tmp_path / "orders.prom"
    target.write_bytes(b"old\n")
    target.chmod(0o640)
    link.symlink_to("target.prom")
    result = oc.run(["-w", "all", "-f", "prometheus", "-o", link, "-"],
                    stdin=oc.order("A"))
    assert result.status == 0, result
    assert link.is_symlink() and LAST.search(read(target))
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["orders.prom", "target.prom"]


def test_killed_again_and_again_it_leaves_one_file_at_most(feed, spawn,
                                                           tmp_path):
    path = tmp_path / "orders.prom"
    args = ["-w", "0.05", "-f", "prometheus", "-o", path, "127.0.0.1",
            feed.port]
    for _ in range(5):
        process = spawn(args)
        feed.accept().send(oc.order("A"))
        before = path.exists() and path.stat().st_ino
        oc.until(lambda: path.exists() and path.stat().st_ino != before,
                 "a window", process.seen)
        process.signal(signal.SIGKILL)
        process.wait()
        assert LAST.search(read(path))
        assert len(os.listdir(tmp_path)) <= 2
    process = spawn(args)
    feed.accept()
    process.signal(signal.SIGTERM)
    process.wait()
    assert os.listdir(tmp_path) == ["orders.prom"]


def test_sighup_goes_on_with_the_file(feed, spawn, tmp_path):
    path = tmp_path / "orders.prom"
    process = spawn(["-w", "0.1", "-f", "prometheus", "-o", path, "127.0.0.1",
                     feed.port])
    feed.accept().send(oc.order("A"))
    oc.until(path.exists, "a window", process.seen)
    path.rename(tmp_path / "old")
    process.signal(signal.SIGHUP)
    oc.until(path.exists, "the next window", process.seen)
    process.signal(signal.SIGTERM)
    assert process.wait().err == b""
    assert sorted(os.listdir(tmp_path)) == ["old", "orders.prom"]


def test_a_folder_that_is_not_there_is_said_before_anything_is_read(tmp_path):
    path = tmp_path / "none" / "orders.prom"
    result = oc.run(["-w", "all", "-f", "prometheus", "-o", path, "-"],
                    stdin=oc.order("A"))
    assert result.status == 1
    assert result.err.count(b"\n") == 1 and str(path).encode() in result.err
    assert b"No such file or directory" in result.err


def test_a_disk_that_is_full_leaves_the_old_file(tmp_path):
    path = tmp_path / "orders.prom"
    path.write_bytes(b"old\n")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    result = oc.run(["-w", "all", "-f", "prometheus", "-o", path, "-"],
                    stdin=oc.order("A"), preexec_fn=limit)
    assert result.status == 1
    assert result.err.count(b"\n") == 1 and b"File too large" in result.err
    assert read(path) == b"old\n" and os.listdir(tmp_path) == ["orders.prom"]


def test_into_a_fifo_windows_go_one_after_the_other(tmp_path, spawn):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    process = spawn(["-w", "all", "-f", "prometheus", "-o", path, "-"])
    process.write(oc.order("A"))
    process.close_stdin()
    text = read(path)
    assert process.wait().status == 0
    assert text.startswith(FIRST) and LAST.search(text)
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert os.listdir(tmp_path) == ["fifo"]
