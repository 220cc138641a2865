"""Little memory, few descriptors, a small stack. Not run under sanitizers."""

import re
import resource
import select

import pytest

import oc

pytestmark = pytest.mark.limits

ORDER = oc.order("A")
MIB = 1 << 20
OVER_BOTH = pytest.mark.parametrize("transport", ["tcp", "tls"])


def limited(**limits):
    """For preexec_fn: limited(AS=32 * MIB)."""
    def limit():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, "RLIMIT_" + name),
                               (value, value))
    return limit


def test_64_mib_without_a_newline_in_32_mib(tmp_path):
    path = tmp_path / "long"
    with open(path, "wb") as out:
        out.write(ORDER)
        for _ in range(64):
            out.write(b"x" * MIB)
        out.write(b"\n" + ORDER)
    for stdin, operand in ((b"", path), (path, "-")):
        if stdin:
            stdin = open(stdin, "rb")
        result = oc.run(["-w", "all", "--summary", operand], stdin=stdin,
                        preexec_fn=limited(AS=32 * MIB))
        assert result.status == 0, result
        assert oc.rows(result.out)[0].count == 2
        assert oc.rows(result.out)[-1].more == ("3", "2", "1", "0", "0")
        assert result.err.count(b"too_long") == 1
        assert b"line 2" in result.err and len(result.err) < 400
        if stdin:
            stdin.close()


def test_64_mib_of_brackets_in_32_mib_and_a_small_stack(tmp_path):
    path = tmp_path / "deep"
    with open(path, "wb") as out:
        for _ in range(64):
            out.write(b"[" * MIB)
        out.write(b"\n" + ORDER)
    result = oc.run(["--max-line", "1M", "--summary", path],
                    preexec_fn=limited(AS=32 * MIB, STACK=128 * 1024))
    assert result.status == 0, result
    assert oc.rows(result.out)[-1].more == ("2", "1", "1", "0", "0")


def test_deep_nesting_needs_no_stack():
    deep = b"[" * 500000 + b"]" * 500000 + b"\n"
    just = b'{"status":"A","x":' + b"[" * 999 + b"]" * 999 + b"}\n"
    result = oc.run(["-w", "all", "--summary", "-"],
                    stdin=deep + just + ORDER,
                    preexec_fn=limited(STACK=128 * 1024))
    assert result.status == 0, result
    assert oc.rows(result.out)[-1].more == ("3", "2", "1", "0", "0")


def test_few_descriptors_are_enough_or_one_clear_line(tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(ORDER * 3)
    worked = []
    for number in range(4, 13):
        result = oc.run([path], preexec_fn=limited(NOFILE=number))
        if result.status == 0:
            worked.append(number)
            assert oc.counts(result.out) == {"A": 3}
        else:
            assert result.status == 1 and result.out == b"", (number, result)
            assert b"Too many open files" in result.err
            assert result.err.count(b"\n") == 1
    assert worked == list(range(5, 13))


@OVER_BOTH
def test_few_descriptors_for_a_connection(feed, spawn):
    for number in range(4, 13):
        process = spawn(["-w", "all", *feed.arguments()],
                        preexec_fn=limited(NOFILE=number))
        # It may have come to nothing before it dialled.
        oc.until(lambda: process.popen.poll() is not None or
                 connected(feed), "its end or a connection", process.seen)
        if connected(feed):
            client = feed.accept()
            client.send(ORDER)
            client.close()
        result = process.wait()
        if result.status == 0:
            assert oc.counts(result.out) == {"A": 1}
        else:
            assert result.status == 1 and result.out == b"", (number, result)
            assert result.err.count(b"\n") == 1, (number, result)
    assert result.status == 0


def connected(feed):
    return select.select(feed._sockets, [], [], 0)[0]


def groups(count):
    return b"".join(b'{"status":"%060d"}\n' % i for i in range(count))


def test_memory_that_runs_out_is_said_and_is_status_1(tmp_path):
    path = tmp_path / "many"
    path.write_bytes(groups(400000))
    result = oc.run([path], preexec_fn=limited(AS=48 * MIB))
    assert result.status == 1, result.err
    assert re.search(b"memory", result.err, re.I)
    assert result.err.count(b"\n") == 1


def test_max_groups_keeps_the_memory(tmp_path):
    path = tmp_path / "many"
    path.write_bytes(groups(400000))
    result = oc.run(["--max-groups", "10000", path],
                    preexec_fn=limited(AS=48 * MIB))
    assert result.status == 0, result.err
    assert oc.counts(result.out)["(other)"] == 390000


@OVER_BOTH
def test_little_is_resident_while_it_waits(transport, feed, spawn):
    process = spawn(["-w", "1h", *feed.arguments()])
    client = feed.accept()
    client.send(ORDER * 100000)
    client.wait_read()
    assert oc.peak_kib(process.pid) <= oc.resident_limit_kib(transport)


@OVER_BOTH
def test_a_megabyte_long_record_costs_a_few_megabytes(transport, feed,
                                                      spawn):
    process = spawn(["-w", "all", *feed.arguments()])
    client = feed.accept()
    record = b'{"x":"%s","status":"A"}\n' % (b"x" * 1000000)
    for _ in range(20):
        client.send(record)
    client.wait_read()
    assert oc.peak_kib(process.pid) <= oc.resident_limit_kib(transport)
    client.close()
    assert oc.counts(process.wait().out) == {"A": 20}


def test_many_files_need_one_descriptor_after_the_other(tmp_path):
    for i in range(200):
        (tmp_path / f"{i:03d}").write_bytes(ORDER)
    result = oc.run([tmp_path], preexec_fn=limited(NOFILE=12))
    assert result.status == 0 and oc.counts(result.out) == {"A": 200}
