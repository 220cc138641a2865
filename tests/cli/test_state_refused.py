"""--state files that cannot be used: one line that says why and what to do,
status 1, nothing printed, and the file as it was, byte for byte.
"""

import ctypes
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

import oc

ORDERS = b"".join(b'{"status":"%s","t":%d,"n":1}\n' % (b"ABC"[i % 3:i % 3 + 1],
                                                      1000 + i)
                  for i in range(100))
QUERY = ["-t", "t", "-w", "10"]


@pytest.fixture
def kept(tmp_path):
    """A state that keeps something: open panes, groups, a position."""
    path = tmp_path / "orders"
    path.write_bytes(ORDERS)
    result = oc.run([*QUERY, "--state", tmp_path / "state", path])
    assert result.status == 0
    return tmp_path / "state"


def contents(folder):
    return {name: (folder / name).read_bytes() for name in os.listdir(folder)
            if not os.path.isdir(folder / name)}


def refused(state, *why, args=(), folder=None, **more):
    """Runs, and holds the refusal to what it promises."""
    folder = folder or state.parent
    orders = state.parent / "orders"
    orders.write_bytes(ORDERS)
    before = contents(folder)
    result = oc.run([*(args or QUERY), "--state", state, orders], **more)
    assert (result.status, result.out) == (1, b""), result
    assert re.fullmatch(rb"ordercount: [^\n]*\n", result.err), result.err
    for part in (os.fsencode(state), *why):
        assert part in result.err, result.err
    assert contents(folder) == before
    return result.err


# --- another query -----------------------------------------------------------


@pytest.mark.parametrize("args, why", (
    (["-t", "t", "-w", "10", "-k", "n"], b"key=status there, key=n here"),
    (["-t", "t", "-w", "10", "-k", "n,status"],
     b"key=status there, key=n,status here"),
    (["-t", "t", "-w", "10.5"], b"window=10s there, window=10.5s here"),
    (["-t", "t", "-w", "10", "-s", "5"], b"slide=5s here"),
    (["-t", "u", "-w", "10"], b"time=t there, time=u here"),
    (["-w", "10"], b"time=t there, nothing here"),
    (["-t", "t", "-w", "10", "-l", "1"], b"lateness=1s here"),
    (["-t", "t", "-w", "10", "--sum", "n"], b"sum=n here"),
    (["-t", "t", "-w", "10", "--where", "n=1"], b"where=n=1 here"),
    (["-t", "t", "-w", "10", "--missing", "x"], b"missing=x here"),
    (["--merge", "-w", "10"], b"merge"),
))
def test_another_query_is_refused_with_what_differs(kept, args, why):
    err = refused(kept, args=args)
    assert b"another query" in err and (why in err or why == b"merge"), err


def test_a_condition_is_the_same_however_it_is_spelled(tmp_path):
    orders, state = tmp_path / "orders", tmp_path / "state"
    orders.write_bytes(ORDERS)
    for counted, where in ((34, ("n=1", "status=A")),
                           (0, ("n = 1", 'status == "A"')),
                           (0, ('status="\\u0041"', "n==1"))):
        result = oc.run(["--state", state, "--active", orders,
                         *(f"--where={text}" for text in where)])
        assert (result.status, result.err) == (0, b""), where
        assert sum(oc.counts(result.out).values()) == counted, where
    refused(state, b"where=n=1 there", args=["--where", 'n="1"',
                                            "--where=status=A"])


def test_a_key_that_looks_like_two_lines_is_no_other_query(tmp_path):
    """A newline in a name must not make one query look like another."""
    (tmp_path / "orders").write_bytes(ORDERS)
    state = tmp_path / "state"
    first = oc.run(["-k", "/a\nwhere=n=1", "--state", state,
                    tmp_path / "orders"])
    assert first.status == 0
    refused(state, b"another query", args=["-k", "/a", "--where", "n=1"])


# --- no state of ours --------------------------------------------------------


FOREIGN = {
    "text": b"these are notes\n",
    "one_byte": b"S",
    "rows": ORDERS,
    "head_alone": b"SQLite format 3\0",
    "elf": b"\x7fELF" + bytes(5000),
    "zeros_and_text": bytes(600) + b"text",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_refused(tmp_path, name):
    state = tmp_path / "state"
    state.write_bytes(FOREIGN[name])
    refused(state)


def test_a_foreign_database_is_refused(tmp_path):
    state = tmp_path / "state"
    with sqlite3.connect(state) as database:
        database.execute("create table mine(a)")
    database.close()
    refused(state, b"is not a state of ordercount")


def test_an_empty_file_is_a_new_state(tmp_path):
    """As mktemp(1) makes it."""
    (tmp_path / "state").write_bytes(b"")
    (tmp_path / "orders").write_bytes(ORDERS)
    for counted in (100, 0):
        result = oc.run(["--state", tmp_path / "state", tmp_path / "orders"])
        assert (result.status, result.err) == (0, b"")
        assert sum(oc.counts(result.out).values()) == counted


def test_a_directory_a_device_and_a_fifo_are_refused(tmp_path):
    (tmp_path / "orders").write_bytes(ORDERS)
    os.mkfifo(tmp_path / "fifo")
    for state, why in ((tmp_path, b"is a directory"),
                       (tmp_path / "fifo", b"regular file"),
                       ("/dev/null", b"regular file")):
        result = oc.run(["--state", state, tmp_path / "orders"])
        assert (result.status, result.out) == (1, b"")
        assert why in result.err and result.err.count(b"\n") == 1


def test_a_folder_that_is_not_there_is_said(tmp_path):
    (tmp_path / "orders").write_bytes(ORDERS)
    state = tmp_path / "none" / "state"
    result = oc.run(["--state", state, tmp_path / "orders"])
    assert (result.status, result.out) == (1, b"")
    assert b"No such file or directory" in result.err
    assert bytes(state) in result.err and result.err.count(b"\n") == 1
    assert not state.parent.exists()


def test_an_empty_name_is_said(tmp_path):
    (tmp_path / "orders").write_bytes(ORDERS)
    result = oc.run(["--state=", tmp_path / "orders"])
    assert result.status in (1, 2) and result.out == b""
    assert b"state" in result.err


# --- damage ------------------------------------------------------------------


def test_a_truncated_state_is_refused_at_every_length(kept):
    whole = kept.read_bytes()
    rng = random.Random(4)
    for size in [1, 99, 100, 511, 512, 4096, len(whole) - 4096,
                 len(whole) - 1] + rng.sample(range(1, len(whole)), 20):
        kept.write_bytes(whole[:size])
        refused(kept)


def test_a_state_whose_end_is_zeros_is_refused(kept):
    whole = kept.read_bytes()
    for size in (512, 4096, 8192, len(whole) // 2, len(whole) - 4096):
        kept.write_bytes(whole[:size] + bytes(len(whole) - size))
        refused(kept)


def flips(whole):
    """Where a flipped bit may matter: all that is not zero, and some that is.
    """
    rng = random.Random(5)
    used = [at for at, byte in enumerate(whole) if byte]
    return rng.sample(used, 300) + rng.sample(range(len(whole)), 100)


def test_a_flipped_bit_is_refused_or_changes_nothing(kept, tmp_path):
    """Never other numbers: what SQLite does not use may be anything."""
    whole = kept.read_bytes()
    again = [*QUERY, "--drain", "--state", kept, tmp_path / "orders"]
    right = oc.run(again).out
    rng = random.Random(6)
    seen = 0
    for at in flips(whole):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << rng.randrange(8)
        kept.write_bytes(damaged)
        result = oc.run(again)
        told = f"byte {at} of {len(whole)}: {result}"
        if result.status == 0:
            assert (result.out, result.err) == (right, b""), told
            continue
        seen += 1
        assert (result.status, result.out) == (1, b""), told
        assert result.err.count(b"\n") == 1, told
        assert bytes(kept) in result.err, told
        assert kept.read_bytes() == damaged, told
        assert sorted(os.listdir(tmp_path)) == ["orders", "state"], told
    assert seen > 250


# --- rights and room ---------------------------------------------------------


def drop_root_privileges():
    """For preexec_fn: root, too, may not do what a mode forbids."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2, 3):  # DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def test_a_file_that_may_not_be_written_is_refused(kept):
    kept.chmod(0o444)
    refused(kept, b"Permission denied", preexec_fn=drop_root_privileges)


def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "orders").write_bytes(ORDERS)
    oc.run([*QUERY, "--state", folder / "state", tmp_path / "orders"])
    (folder / "orders").write_bytes(ORDERS)
    for name in ("state", "new"):
        folder.chmod(0o555)
        try:
            refused(folder / name, b"Permission denied",
                    preexec_fn=drop_root_privileges)
        finally:
            folder.chmod(0o755)


def mounted(tmp_path, script):
    """Runs a script where what it mounts is its own."""
    options = "-m" if os.geteuid() == 0 else "-rm"
    return subprocess.run(["unshare", options, "sh", "-ec", script],
                          cwd=tmp_path, capture_output=True, check=False,
                          timeout=oc.DEADLINE_S, env=oc.environment(
                              {"ORDERCOUNT": oc.BINARY}))


def can_mount():
    done = mounted("/", "mount -t tmpfs -o size=64k tmpfs /mnt")
    return done.returncode == 0


needs_mounts = pytest.mark.skipif(not can_mount(),
                                  reason="unshare cannot mount here")


@needs_mounts
def test_a_read_only_file_system_is_refused(kept, tmp_path):
    before = kept.read_bytes()
    done = mounted(tmp_path, """
        mkdir there
        cp state there
        mount --bind there there
        mount -o remount,ro,bind there
        for name in state new; do
            status=0
            "$ORDERCOUNT" -t t -w 10 --state there/$name orders || status=$?
            test $status = 1
        done
        cmp state there/state
        """)
    assert done.returncode == 0, done
    assert done.stdout == b"" and done.stderr.count(b"\n") == 2
    assert done.stderr.count(b"Read-only file system") == 2
    assert kept.read_bytes() == before


@needs_mounts
def test_a_full_disk_is_said_and_a_later_run_goes_on(tmp_path):
    (tmp_path / "orders").write_bytes(ORDERS)
    (tmp_path / "more").write_bytes(b"".join(
        b'{"status":"%064d","t":%d}\n' % (i, 1100 + i // 300)
        for i in range(30000)))
    (tmp_path / "disk").mkdir()
    done = mounted(tmp_path, """
        mount -t tmpfs -o size=400k tmpfs disk
        "$ORDERCOUNT" -t t -w 10 --state disk/state orders >first
        status=0
        "$ORDERCOUNT" -t t -w 10 --state disk/state more orders >full ||
            status=$?
        test $status = 1
        ls disk >names
        mount -o remount,size=64m disk
        "$ORDERCOUNT" -t t -w 10 --drain --state disk/state more orders >last
        """)
    assert done.returncode == 0, done
    assert re.fullmatch(rb"ordercount: [^\n]*disk/state[^\n]*\n", done.stderr)
    assert b"no space left" in done.stderr
    rows = oc.rows(b"".join((tmp_path / name).read_bytes()
                            for name in ("first", "full", "last")))
    # A window may stand there twice, identical.
    assert sum(row.count for row in set(rows)) == 30100
    ends = {row.end for row in rows}
    assert sum(r.total for r in set(rows) if r.end == max(ends)) == 30100


@needs_mounts
def test_no_room_for_a_new_state_is_said(tmp_path):
    (tmp_path / "orders").write_bytes(ORDERS)
    (tmp_path / "disk").mkdir()
    done = mounted(tmp_path, """
        mount -t tmpfs -o size=4k tmpfs disk
        status=0
        "$ORDERCOUNT" -t t -w 10 --state disk/state orders || status=$?
        test $status = 1
        ls -A disk
        """)
    assert done.returncode == 0, done
    assert (done.stdout, done.stderr.count(b"\n")) == (b"", 1)
    assert b"No space left on device" in done.stderr


@pytest.mark.parametrize("size", (251, 252, 253, 254, 255))
def test_a_long_name_works_or_leaves_nothing(tmp_path, size):
    """SQLite puts "-wal" behind it."""
    (tmp_path / "orders").write_bytes(ORDERS)
    state = tmp_path / ("s" * size)
    if size + len("-wal") > os.pathconf(tmp_path, "PC_NAME_MAX"):
        refused(state, b"too long a name", b"give a shorter one")
        # An empty one, as mktemp(1) makes it, stays so.
        state.write_bytes(b"")
        refused(state, b"too long a name")
        return
    for counted in (100, 0):
        result = oc.run(["--state", state, tmp_path / "orders"])
        assert (result.status, result.err) == (0, b"")
        assert sum(oc.counts(result.out).values()) == counted


def test_a_long_path_works_or_leaves_nothing(tmp_path):
    (tmp_path / "orders").write_bytes(ORDERS)
    folder = tmp_path / ("d" * 200) / ("d" * 200)
    folder.mkdir(parents=True)
    room = 512 - len("-journal") - len(bytes(folder / "s")) + 1
    for size in (room, room + 1, room + 8):
        state = folder / ("s" * size)
        if size > room:
            (folder / "orders").write_bytes(ORDERS)
            refused(state, b"too long a name")
            continue
        result = oc.run(["--state", state, tmp_path / "orders"])
        assert (result.status, result.err) == (0, b"")


# --- who else has it ---------------------------------------------------------


def test_a_second_run_on_the_same_state_is_refused(tmp_path, feed, spawn):
    state = tmp_path / "state"
    link = tmp_path / "link"
    link.symlink_to("state")
    first = spawn(["-w", "1h", "--state", state, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(oc.order("A"))
    client.wait_read()
    for name in (state, link):
        err = refused(name, b"in use by another run", args=["-w", "1h"])
        assert err.count(b"\n") == 1
    client.close()
    assert oc.counts(first.wait().out) == {"A": 1}


def test_a_state_behind_a_link_goes_on(tmp_path):
    """The files of SQLite lie beside the real one; the link stays one."""
    (tmp_path / "real").mkdir()
    (tmp_path / "orders").write_bytes(ORDERS)
    link = tmp_path / "link"
    link.symlink_to("real/state")
    for counted in (100, 0):
        result = oc.run(["--state", link, tmp_path / "orders"])
        assert (result.status, result.err) == (0, b"")
        assert sum(oc.counts(result.out).values()) == counted
    assert link.is_symlink()
    assert os.listdir(tmp_path / "real") == ["state"]


def test_a_state_that_was_moved_with_its_log_goes_on(tmp_path, feed, spawn):
    """After a crash both files are the state; without the log it is one from
    before, and the log alone is none."""
    state = tmp_path / "state"
    process = spawn(["-w", "0.2", "--state", state, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(oc.order("A"))
    process.wait_for(lambda out: b"\tA\t0\t1\n" in out)
    process.signal(signal.SIGKILL)
    process.wait()
    there = tmp_path / "there"
    there.mkdir()
    for name in ("state", "state-wal"):
        shutil.copy(tmp_path / name, there / name)
    (there / "orders").write_bytes(oc.order("A"))
    result = oc.run(["-w", "0.2", "--state", there / "state",
                     there / "orders"])
    assert result.status == 0 and oc.rows(result.out)[-1].total == 2
    state.unlink()
    refused(state, b"state-wal", args=["-w", "0.2"])
    assert not state.exists()
