"""Sources: files, pipes, folders, and several at once."""

import ctypes
import os
import signal
import subprocess

import pytest

import oc

ORDER = oc.order("A")


def test_several_sources_are_counted_together(feeds, spawn, tmp_path):
    one, two = feeds("127.0.0.1"), feeds("::1")
    path = tmp_path / "orders"
    path.write_bytes(ORDER * 5)
    process = spawn(["-w", "all", one.operand(), two.operand("::1"), path, "-"])
    process.write(ORDER * 7)
    process.close_stdin()
    for feed, count in ((one, 11), (two, 13)):
        client = feed.accept()
        client.send(ORDER * count)
        client.close()
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 36}


def test_a_file_twice_counts_twice(tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(ORDER)
    assert oc.counts(oc.run([path, path]).out) == {"A": 2}


def test_a_file_of_digits_and_one_beside_a_digit_name(tmp_path):
    (tmp_path / "2024").write_bytes(ORDER)
    (tmp_path / "a").write_bytes(ORDER)
    assert oc.counts(oc.run(["./2024"], cwd=tmp_path).out) == {"A": 1}
    assert oc.counts(oc.run(["2024"], cwd=tmp_path).out) == {"A": 1}
    assert oc.counts(oc.run(["2024", "a"], cwd=tmp_path).out) == {"A": 2}


@pytest.mark.parametrize("name, why", [
    ("missing", b"No such file"), ("folder/x", b"No such file")])
def test_a_file_that_is_not_there_is_status_1(tmp_path, name, why):
    result = oc.run([tmp_path / name])
    assert result.status == 1 and result.out == b""
    assert why in result.err and result.err.count(b"\n") == 1


def drop_root_privileges():
    """For preexec_fn: root, too, may not read what its mode forbids."""
    libc = ctypes.CDLL(None, use_errno=True)
    pr_capbset_drop, cap_dac_override, cap_dac_read_search = 24, 1, 2
    libc.prctl(pr_capbset_drop, cap_dac_override, 0, 0, 0)
    libc.prctl(pr_capbset_drop, cap_dac_read_search, 0, 0, 0)


def test_an_unreadable_file_is_status_1(tmp_path):
    path = tmp_path / "closed"
    path.write_bytes(ORDER)
    path.chmod(0)
    result = oc.run([path], preexec_fn=drop_root_privileges)
    assert result.status == 1 and b"Permission denied" in result.err
    assert result.err.count(b"\n") == 1 and str(path).encode() in result.err


def test_a_file_whose_reading_fails_is_status_1(tmp_path):
    (tmp_path / "orders").write_bytes(ORDER)
    result = oc.run(["-w", "all", tmp_path / "orders", "/proc/self/mem"])
    assert result.status == 1
    assert oc.counts(result.out) == {"A": 1}
    assert b"/proc/self/mem" in result.err
    assert b"Input/output error" in result.err


def test_a_file_that_shrinks_ends(tmp_path, spawn):
    # Held before its first byte: the run begins with the FIFO's writer.
    path = tmp_path / "orders"
    path.write_bytes(ORDER * 1000)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = spawn(["-w", "all", path, fifo])
    oc.until(lambda: any(os.path.realpath(f"/proc/{process.pid}/fd/{fd}") ==
                         str(path) for fd in os.listdir(
                             f"/proc/{process.pid}/fd")), "the file's opening")
    os.truncate(path, len(ORDER) * 10)
    with open(fifo, "wb"):
        pass
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 10}


def test_a_fifo_opens_once_a_writer_is_there_and_ends_with_the_last(tmp_path,
                                                                    spawn):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = spawn(["-w", "0.05", fifo])
    first = os.open(fifo, os.O_WRONLY)
    second = os.open(fifo, os.O_WRONLY)
    os.write(first, ORDER)
    os.close(first)
    process.wait_for(rb"\tA\t1\t1\n")
    os.write(second, ORDER)
    process.wait_for(rb"\tA\t1\t2\n")
    os.close(second)
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 2}


def test_waiting_for_a_fifos_writer_ends_at_a_signal(tmp_path, spawn):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = spawn(["-v", fifo, "-"])
    process.wait_for(b"standard input: open", "err")
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == -signal.SIGTERM


def test_a_directory_is_its_files_in_name_order(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, key in (("b", "2"), ("a", "1"), ("c", "3"), ("A", "0")):
        (folder / name).write_bytes(b'{"status":%s}\n{\n' % key.encode())
    (folder / ".hidden").write_bytes(ORDER)
    (folder / "sub").mkdir()
    (folder / "sub" / "deep").write_bytes(ORDER)
    (tmp_path / "elsewhere").write_bytes(b'{"status":9}\n')
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "dead").symlink_to(tmp_path / "nowhere-else")
    os.mkfifo(folder / "fifo")
    rejects = tmp_path / "rejects"
    result = oc.run(["--max-groups", "2", "--rejects", rejects, folder])
    # In the order of their names, the first two groups have one.
    assert oc.counts(result.out)["0"] == 1
    assert oc.counts(result.out) == {"0": 1, "1": 1, "(other)": 3}, result
    assert rejects.read_bytes() == b"{\n" * 4


def test_an_empty_directory_is_an_empty_input(tmp_path):
    result = oc.run(["--summary", tmp_path])
    assert result.status == 0
    assert oc.rows(result.out)[0].more == ("0",) * 5


def test_a_file_of_a_directory_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "a").write_bytes(ORDER)
    (tmp_path / "z").write_bytes(ORDER)
    # Links into each other cannot be opened, by root neither.
    (tmp_path / "m").symlink_to(tmp_path / "m2")
    (tmp_path / "m2").symlink_to(tmp_path / "m")
    result = oc.run(["-f", "json", tmp_path])
    assert result.status == 1
    assert b'"count":2' in result.out and b'"partial":true' in result.out
    assert b"/m" in result.err


def test_stdin_that_is_a_file_a_pipe_or_nothing(tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(ORDER * 3)
    with open(path, "rb") as file:
        result = oc.run(["-w", "all", "-"], stdin=file)
        assert oc.counts(result.out) == {"A": 3}
    assert oc.counts(oc.run(["-w", "all", "-"], stdin=ORDER).out) == {"A": 1}
    with open(os.devnull, "rb") as nothing:
        result = oc.run(["-w", "all", "-"], stdin=nothing)
        assert result.status == 0 and result.out == b""


def test_stdin_that_is_a_directory_is_an_error(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        result = oc.run(["-w", "all", "-"], stdin=folder)
    finally:
        os.close(folder)
    assert result.status == 1 and b"Is a directory" in result.err


def test_a_non_blocking_stdin_is_waited_for(spawn):
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    process = spawn(["-w", "all", "-v", "-"], stdin=reader)
    process.wait_for(b"standard input: open", "err")
    os.write(writer, ORDER)
    os.close(writer)
    os.close(reader)
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 1}


def test_the_output_of_another_program_can_be_piped(tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(ORDER * 4)
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
        result = oc.run(["-w", "all", "-"], stdin=cat.stdout)
    assert oc.counts(result.out) == {"A": 4}
