"""--live in a real terminal: what stands on tmux's screen is read back."""

import re
import shlex
import shutil
import signal
import subprocess

import pytest

import oc

ORDER = oc.order("A")
HEADLINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.* order")


class Terminal:
    """A tmux of its own with one window, in which a command runs."""

    def __init__(self, socket, columns, lines, script):
        self._tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(socket)]
        self._run("new-session", "-d", "-x", str(columns), "-y", str(lines),
                  "sh", "-c", script)

    def _run(self, *args):
        return subprocess.run(self._tmux + list(args), check=True,
                              env=oc.environment(), timeout=oc.DEADLINE_S,
                              stdout=subprocess.PIPE).stdout.decode()

    def screen(self):
        """The lines that are seen, without the spaces at their ends."""
        text = self._run("capture-pane", "-p")
        return [line.rstrip() for line in text.split("\n")[:-1]]

    def history(self):
        """The lines that went off the screen, and those on it."""
        return self._run("capture-pane", "-p", "-S", "-").split("\n")

    def cursor(self):
        """Column and line, from 0."""
        place = self._run("display-message", "-p", "#{cursor_x} #{cursor_y}")
        return tuple(int(number) for number in place.split())

    def type(self, *keys):
        self._run("send-keys", *keys)

    def resize(self, columns, lines):
        self._run("resize-window", "-x", str(columns), "-y", str(lines))

    def until(self, condition, what):
        """Waits until condition(lines of the screen) is true; its value."""
        return oc.until(lambda: condition(self.screen()), what,
                        lambda: "\n" + "\n".join(self.screen()))

    def close(self):
        subprocess.run(self._tmux + ["kill-server"], check=False,
                       stderr=subprocess.DEVNULL, timeout=oc.DEADLINE_S)


@pytest.fixture
def terminal(tmp_path, feed):
    """terminal(args, columns, lines): the program between two echoes."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is missing: scripts/setup test")
    opened = []

    def start(args, columns=80, lines=24, host=True):
        if host:
            args = [*args, "127.0.0.1", feed.port]
        line = shlex.join(str(part) for part in oc.command(args))
        # The shell lives on when a key interrupts what it runs.
        opened.append(Terminal(
            tmp_path / "tmux", columns, lines,
            f"trap : INT; echo it stood here; {line}; echo status $?; cat"))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def rows(lines):
    """{group: [count, total]} of the table on the screen; of none if there is
    more than one, as while a terminal that grew shows what had gone off it."""
    found = {}
    for line in lines:
        match = re.match(r"(\S+) +(\d+) +(\d+) +[\d.<%-]+", line)
        if match:
            if match[1] in found:
                return {}
            found[match[1]] = [int(match[2]), int(match[3])]
    return found


def test_a_table_replaces_the_one_before(terminal, feed):
    screen = terminal(["--live", "-w", "0.3"])
    client = feed.accept()
    client.send(ORDER * 3)
    screen.until(lambda lines: rows(lines) == {"A": [3, 3]}, "three orders")
    client.send(oc.order("BB") * 2)
    screen.until(lambda lines: rows(lines) == {"A": [0, 3], "BB": [2, 2]},
                 "two more")
    lines = screen.until(
        lambda lines: rows(lines) == {"A": [0, 3], "BB": [0, 2]} and
        any("connected" in line for line in lines) and lines, "none")
    assert HEADLINE.match(lines[0])
    assert sum(bool(HEADLINE.match(line)) for line in lines) == 1
    assert lines[1].split() == ["status", "count", "total", "share"]
    # Under the table stands the status line, and nothing else.
    assert "connected" in lines[4]
    assert not any(lines[5:]), lines


def test_nothing_of_a_longer_table_is_left(terminal, feed):
    screen = terminal(["--live", "--active", "-w", "0.3"])
    feed.accept().send(ORDER + oc.order("B") + oc.order("C"))
    screen.until(lambda lines: len(rows(lines)) == 3, "three groups")
    lines = screen.until(lambda lines: lines[1] == "no orders" and
                         "connected" in lines[2] and lines, "none")
    assert not any(lines[3:]), lines


def test_what_stood_there_can_be_scrolled_back_to(terminal, feed):
    screen = terminal(["--live", "-w", "0.2"], lines=10)
    feed.accept().send(ORDER)
    screen.until(lambda lines: rows(lines) == {"A": [0, 1]}, "a second table")
    assert "it stood here" not in screen.screen()
    history = screen.history()
    assert "it stood here" in history
    # Tables are not kept: the screen has the only one.
    assert sum(bool(HEADLINE.match(line)) for line in history) == 1


def test_it_is_never_taller_than_the_terminal(terminal, feed):
    screen = terminal(["--live", "-w", "0.3"], lines=12)
    feed.accept().send(b"".join(oc.order(f"group{n:02}") for n in range(30)))
    lines = screen.until(lambda lines: "... 22 more groups, 22 orders" in
                         lines and lines, "the rest in one line")
    assert HEADLINE.match(lines[0])
    assert list(rows(lines)) == [f"group{n:02}" for n in range(8)]
    lines = screen.until(lambda lines: "... 22 more groups, 0 orders" in lines
                         and "connected" in lines[11] and lines,
                         "the next one")
    assert HEADLINE.match(lines[0])
    history = screen.history()
    assert sum(bool(HEADLINE.match(line)) for line in history) == 1


def test_the_frame_after_a_resize_fits(terminal, feed):
    screen = terminal(["--live", "-w", "0.3"])
    feed.accept().send(b"".join(oc.order(f"group{n:02}") for n in range(15)))
    screen.until(lambda lines: len(rows(lines)) == 15, "the table")
    screen.resize(40, 9)
    lines = screen.until(
        lambda lines: any(line.startswith("... 11 more groups")
                          for line in lines) and lines, "a smaller table")
    assert HEADLINE.match(lines[0] + lines[1])
    assert len(rows(lines)) == 4 and all(len(line) <= 40 for line in lines)
    screen.resize(100, 30)
    lines = screen.until(lambda lines: len(rows(lines)) == 15 and lines,
                         "the whole table")
    assert HEADLINE.match(lines[0])
    assert not any("more groups" in line for line in lines)


def test_ctrl_c_leaves_the_last_window_and_the_cursor_below(terminal, feed):
    screen = terminal(["--live", "-w", "1h"], columns=120)
    feed.accept().send(ORDER * 4)
    screen.until(lambda lines: any("4 orders" in line for line in lines),
                 "the status line")
    screen.type("C-c")
    lines = screen.until(lambda lines: f"status {128 + signal.SIGINT}" in
                         lines and lines, "the end")
    assert rows(lines) == {"A": [4, 4]} and "partial" in lines[0]
    assert HEADLINE.match(lines[0])
    end = lines.index(f"status {128 + signal.SIGINT}")
    # Between the table and what comes after: the last words.
    assert [line.startswith("ordercount: read 4,")
            for line in lines[3:end]] == [True], lines
    oc.until(lambda: screen.cursor() == (0, end + 1), "the cursor",
             screen.cursor)


def test_the_last_window_stays_whole_when_groups_are_many(terminal, feed):
    screen = terminal(["--live", "-w", "0.3"], lines=16)
    feed.accept().send(b"".join(oc.order(f"group{n:02}") for n in range(40)) +
                       b"bad\n" * 3)
    screen.until(lambda lines: "... 28 more groups, 0 orders" in lines and
                 "connected" in lines[15], "a full screen")
    screen.type("C-c")
    lines = screen.until(lambda lines: f"status {128 + signal.SIGINT}" in
                         lines and lines, "the end")
    assert HEADLINE.match(lines[0]), lines
    assert lines[1].split()[0] == "status" and len(rows(lines)) > 4, lines


def test_the_last_window_of_a_run_stays(terminal, tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(ORDER * 5)
    screen = terminal(["--live", path], host=False)
    lines = screen.until(lambda lines: "status 0" in lines and lines,
                         "the end")
    assert rows(lines) == {"A": [5, 5]} and HEADLINE.match(lines[0])


def test_a_terminal_of_few_lines_has_as_much_as_fits(terminal, feed):
    screen = terminal(["--live", "-w", "0.3"], lines=3)
    feed.accept().send(ORDER + oc.order("B"))
    screen.until(lambda lines: HEADLINE.match(lines[0]) and
                 lines[1] == "... 2 more groups, 0 orders", "two lines")


def test_without_a_terminal_tables_scroll(feed, spawn):
    process = spawn(["--live", "-w", "0.2", "127.0.0.1", feed.port])
    feed.accept().send(ORDER)
    process.wait_for(lambda out: out.count(b"\nstatus ") >= 2)
    assert b"\x1b" not in process.out


def test_live_is_for_the_table():
    result = oc.run(["--live", "-f", "json", "-"], stdin=ORDER)
    assert result.status == 2 and b"--live" in result.err
