"""scripts/demo-cluster: that it runs, that what it compares is the same, and
that nothing of it is left."""

import os
import re
import shutil

import pytest

import oc
from terminal import Terminal

pytestmark = pytest.mark.tools

# A member that died in a commit leaves its partitions alone for 20 s.
LIMIT_S = 90


@pytest.fixture
def tree(tmp_path):
    """A tree in which all is built, and a folder for what it leaves."""
    if b"kafka" not in oc.run(["--version"]).out:
        pytest.skip("built without Kafka")
    shutil.copytree(os.path.join(oc.ROOT, "scripts"), tmp_path / "scripts")
    (tmp_path / "Makefile").write_text("all:\n\t@echo built\n")
    (tmp_path / "ordercount").symlink_to(oc.BINARY)
    (tmp_path / "left").mkdir()
    return tmp_path


@pytest.fixture
def demo(tree, monkeypatch):
    """demo(option...) starts it in a terminal of its own."""
    monkeypatch.setenv("TMPDIR", str(tree / "left"))
    started = []

    def start(*options):
        started.append(Terminal(tree, "scripts/demo-cluster", *options))
        return started[-1]

    yield start
    for terminal in started:
        terminal.close()


def processes(tree):
    """The commands that have to do with this tree, or that it has begun."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                command = line.read()
            where = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if str(tree).encode() in command or where == str(tree):
            found.append(command)
    return found


def assert_nothing_is_left(tree):
    oc.until(lambda: not processes(tree), "all to end",
             lambda: processes(tree))
    assert os.listdir(tree / "left") == []


def assert_all_was_counted(seen):
    """That it said so, of as many orders as the feed sent."""
    sent = int(re.search(rb"The feed sent orders=(\d+)\.", seen)[1])
    rows = re.findall(rb"^    ([A-Z]+)\t(\d+)\t\d+\.\d\d\r?$", seen, re.M)
    assert len(rows) == 4, seen
    assert sum(int(orders) for _, orders in rows) == sent, seen
    assert b"merged anew, is the same." in seen, seen


def test_ctrl_c_compares_and_leaves_nothing(demo, tree):
    terminal = demo("--rate=2000")
    terminal.read_until(rb"Kill one.*PLACED", LIMIT_S)
    terminal.type(b"\x03")
    assert terminal.wait(LIMIT_S) == 0, terminal.seen
    assert_all_was_counted(terminal.seen)
    assert_nothing_is_left(tree)


def test_a_member_that_is_killed_comes_back(demo, tree):
    terminal = demo("--rate=1000", "--kill=3", "--for=12")
    assert terminal.wait(LIMIT_S) == 0, terminal.seen
    killed = re.findall(rb"kill -9 (\d+) ", terminal.seen)
    assert len(killed) >= 3
    assert re.search(rb"member [abc], PID " + killed[0] +
                     rb", was killed; it is back as PID \d+", terminal.seen)
    assert_all_was_counted(terminal.seen)
    assert_nothing_is_left(tree)


def test_hanging_up_leaves_nothing(demo, tree):
    terminal = demo()
    terminal.read_until(rb"Kill one.*PLACED", LIMIT_S)
    terminal.hang_up()
    os.waitpid(terminal.pid, 0)
    terminal.pid = None
    assert_nothing_is_left(tree)


@pytest.mark.parametrize("option", ["--rate=0", "--kill=x", "--for=", "now"])
def test_a_wrong_option_is_a_usage_error(demo, option):
    terminal = demo(option)
    assert terminal.wait() == 2
    assert terminal.seen.startswith(b"usage: scripts/demo-cluster ")
