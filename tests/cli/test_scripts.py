"""scripts/demo, setup, lint-layers and tests/run: that they do what they say,
and that the checks among them can fail."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest

import oc
from terminal import Terminal

DEMO_PORT = 9998  # fixed: it stands in the README


def call(*command, env=None, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=oc.environment(env),
                          timeout=120, check=False, **more)
    return oc.Result(done.returncode, done.stdout, done.stderr)


# --- demo ---------------------------------------------------------------------

@pytest.fixture
def demo_tree(tmp_path):
    """A tree in which scripts/demo finds all set up and built."""
    shutil.copytree(os.path.join(oc.ROOT, "scripts"), tmp_path / "scripts")
    (tmp_path / "Makefile").write_text("all:\n\t@echo built\n")
    (tmp_path / "ordercount").symlink_to(oc.BINARY)
    return tmp_path


def demo_port_is_free():
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", DEMO_PORT))
        except OSError:
            return False
    return True


@pytest.fixture
def demo(demo_tree):
    """demo() starts it in a terminal of its own, as a person does."""
    oc.until(demo_port_is_free, f"port {DEMO_PORT} to be free")
    started = []

    def start():
        terminal = Terminal(demo_tree, "scripts/demo")
        started.append(terminal)
        return terminal

    yield start
    for terminal in started:
        terminal.close()


def test_demo_shows_windows_until_ctrl_c_ends_both(demo):
    terminal = demo()
    terminal.read_until(rb"\nlistening on 127\.0\.0\.1:9998.*"
                        rb"PLACED.*PLACED")
    terminal.type(b"\x03")
    assert terminal.wait() == 128 + signal.SIGINT
    # What ordercount read, and what the server sent, both after Ctrl-C.
    assert re.search(rb"partial.*\nsent to all orders=\d+",
                     terminal.seen, re.S), terminal.seen
    assert demo_port_is_free()


def test_demo_ends_the_server_when_it_is_terminated(demo):
    terminal = demo()
    terminal.read_until(rb"PLACED")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait() == 128 + signal.SIGTERM
    assert demo_port_is_free()


def test_demo_ends_the_server_when_the_terminal_closes(demo):
    terminal = demo()
    terminal.read_until(rb"PLACED")
    terminal.hang_up()
    os.waitpid(terminal.pid, 0)
    terminal.pid = None
    oc.until(demo_port_is_free, "the server to end")


def test_demo_ends_the_server_when_ordercount_fails(demo, demo_tree):
    (demo_tree / "ordercount").unlink()
    (demo_tree / "ordercount").write_text("#!/bin/sh\nexit 7\n")
    (demo_tree / "ordercount").chmod(0o755)
    assert demo().wait() == 7
    assert demo_port_is_free()


def test_demo_says_a_port_in_use(demo):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", DEMO_PORT))
        sock.listen()
        terminal = demo()
        assert terminal.wait() == 1
    assert re.fullmatch(rb"built\r\n\$ [^\n]*\norder-server: cannot listen on [^\n]*9998"
                        rb"[^\n]*in use[^\n]*\n", terminal.seen)


# --- setup --------------------------------------------------------------------

@pytest.fixture
def bare(tmp_path):
    """A folder of commands in which only the shell's own tools are."""
    for name in ("sh", "cat", "cut", "tr", "sed", "id", "echo"):
        (tmp_path / name).symlink_to(shutil.which(name))
    return tmp_path


def write_command(folder, name, text):
    # A link there is to a tool of this machine: not to be written through.
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text("#!/bin/sh\n" + text)
    (folder / name).chmod(0o755)


SETUP = os.path.join(oc.ROOT, "scripts", "setup")


def test_setup_with_nothing_missing_says_and_does_nothing(bare):
    for name in ("cc", "make", "python3", "pkg-config"):
        write_command(bare, name, "cat >/dev/null\n")
    write_command(bare, "apt-get", "echo called; exit 1\n")
    assert call("sh", SETUP, env={"PATH": str(bare)},
                stdin=subprocess.DEVNULL) == (0, b"", b"")


def test_setup_installs_only_what_is_missing(bare):
    write_command(bare, "cc", "cat >/dev/null\n")
    write_command(bare, "make", "")
    write_command(bare, "pkg-config", "")
    write_command(bare, "id", "echo 0\n")
    (bare / "env").symlink_to(shutil.which("env"))
    (bare / "chmod").symlink_to(shutil.which("chmod"))
    write_command(bare, "apt-get", f"""echo "$*" >>{bare}/asked
case "$*" in
*install*) echo >{bare}/python3; chmod +x {bare}/python3 ;;
esac
""")
    done = call("sh", SETUP, env={"PATH": str(bare)})
    assert done == (0, b"setup: installing python3\n", b"")
    update, install = (bare / "asked").read_text().splitlines()
    assert update.split()[-1] == "update"
    assert install.split()[-2:] == ["--no-install-recommends", "python3"]
    assert "-y" in install.split()


def test_setup_on_a_system_that_it_does_not_know_names_the_packages(bare):
    done = call("sh", SETUP, env={"PATH": str(bare)})
    assert done.status == 1
    assert done.out == b""
    for name in (b"gcc", b"libc6-dev", b"make", b"python3", b"pkg-config",
                 b"libgmp-dev", b"libsqlite3-dev", b"librdkafka-dev",
                 b"libmicrohttpd-dev", b"libssl-dev", b"libcjson-dev"):
        assert b"\n  " + name + b" (for " in done.err
    assert b"clang" not in done.err


def test_setup_without_rights_says_the_command_to_type(bare):
    write_command(bare, "id", "echo 1000\n")
    write_command(bare, "apt-get", f"echo called >{bare}/asked\n")
    done = call("sh", SETUP, env={"PATH": str(bare)})
    assert done.status == 1
    # The chart library is looked for where it is, not in PATH.
    assert done.err.replace(b" libjs-chart.js", b"").endswith(
        b"apt-get install gcc libc6-dev make python3 pkg-config libgmp-dev"
        b" libsqlite3-dev librdkafka-dev libssl-dev libmicrohttpd-dev"
        b" libcjson-dev libcurl4-openssl-dev\n")
    assert not (bare / "asked").exists()


def test_setup_and_make_want_the_same_of_python():
    wanted = set()
    for name in ("scripts/setup", "Makefile"):
        with open(os.path.join(oc.ROOT, name), encoding="utf-8") as file:
            wanted.update(re.findall(r"pytest,\w+", file.read()))
    assert wanted == {"pytest,selenium"}


@pytest.mark.parametrize("npm, why", [
    ("echo other >axe-core-4.14.1.tgz", b"FAILED"),
    ("echo not there >&2; exit 1", b"not there"),
])
def test_axe_fetch_keeps_nothing_that_is_not_what_it_wants(
        tmp_path, npm, why):
    write_command(tmp_path, "npm", npm + "\n")
    done = call(os.path.join(oc.ROOT, "scripts", "axe-fetch"), env={
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert (done.status, done.out) == (1, b"")
    assert why in done.err and b"npm could not fetch" in done.err
    assert os.listdir(tmp_path / "cache" / "ordercount") == []


@pytest.mark.parametrize("says, wanted", [
    ('openjdk version "17.0.15" 2025-04-15', False),
    ('openjdk version "21" 2023-09-19', False),
    ('openjdk version "11.0.2" 2019-01-15', True),
    ('java version "1.8.0_202"', True),
])
def test_setup_of_a_cluster_wants_a_java_that_is_new_enough(bare, says, wanted):
    write_command(bare, "cc", "cat >/dev/null\n")
    for name in ("make", "python3", "pkg-config", "mvn", "kcat"):
        write_command(bare, name, "")
    write_command(bare, "java", f"echo '{says}' >&2\n")
    done = call("sh", SETUP, "cluster", env={"PATH": str(bare)},
                stdin=subprocess.DEVNULL)
    assert done.status == int(wanted)
    assert (b"default-jre-headless (for scripts/kafka-broker)"
            in done.err) == wanted


# --- lint-layers --------------------------------------------------------------

def layers(tmp_path, files):
    for name, text in files.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return call(os.path.join(oc.ROOT, "scripts", "lint-layers"), "src",
                cwd=tmp_path)


def test_the_sources_keep_their_layers():
    done = call("scripts/lint-layers", cwd=oc.ROOT)
    assert done == (0, b"", b"")


@pytest.mark.parametrize("name, header", [
    ("base/clock.c", '"core/engine.h"'),
    ("core/engine.c", '"source/source.h"'),
    ("core/engine.c", "<stdio.h>"),
    ("core/engine.h", "<time.h>"),
    ("net/tcp.c", '"source/reader.h"'),
    ("source/file.c", '"net/tcp.h"'),
    ("report/table.c", '"output/queue.h"'),
    ("output/queue.c", '"options.h"'),
    ("operands.c", '"options.h"'),
    ("options.c", '"app.h"'),
    ("extra/new.c", '"base/span.h"'),
])
def test_a_wall_that_is_broken_is_named(tmp_path, name, header):
    done = layers(tmp_path, {name: f"/* one */\n#include {header}\n"})
    assert done.status != 0
    assert done.out.startswith(f"src/{name}:".encode())


def test_what_the_table_allows_passes(tmp_path):
    done = layers(tmp_path, {
        "base/clock.c": "#include <time.h>\n",
        "core/engine.c": '#include "core/engine.h"\n#include "base/span.h"\n',
        "net/tcp.c": '#include "source/source.h"\n',
        "app.c": '#include "options.h"\n#include "net/tcp.h"\n'})
    assert done == (0, b"", b"")


def test_kinesalite_keeps_nothing_that_npm_could_not_fetch(tmp_path):
    write_command(tmp_path, "npm", "echo not there >&2; exit 1\n")
    done = call(os.path.join(oc.ROOT, "scripts", "kinesalite"), "--fetch",
                env={"PATH": f"{tmp_path}:{os.environ['PATH']}",
                     "XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert (done.status, done.out) == (1, b"")
    assert done.err == b"not there\nkinesalite: npm could not fetch it\n"
    assert os.listdir(tmp_path / "cache" / "ordercount") == []


@pytest.mark.parametrize("args", [[], ["x"], ["1", "2"]])
def test_kinesalite_wants_a_port(args):
    done = call(os.path.join(oc.ROOT, "scripts", "kinesalite"), *args)
    assert done.status == 2
    assert done.err.startswith(b"usage: scripts/kinesalite PORT\n")


# --- tests/run ----------------------------------------------------------------

def sum_of(*arguments):
    done = call(sys.executable, os.path.join(oc.ROOT, "tests", "run"),
                *map(str, arguments), env={"TALLY": None})
    return done.status, done.out.decode().splitlines()[-1]


def program(folder, text):
    write_command(folder, "test_it", text)
    return folder / "test_it"


@pytest.mark.parametrize("text, status, last", [
    ("echo '100%: Checks: 3, Failures: 0, Errors: 0'", 0,
     "3 passed, 0 failed, 0 skipped"),
    ("echo '33%: Checks: 3, Failures: 1, Errors: 1'; exit 1", 1,
     "1 passed, 2 failed, 0 skipped"),
    ("kill -SEGV $$", 1, "0 passed, 1 failed, 0 skipped"),
    ("echo '100%: Checks: 3, Failures: 0, Errors: 0'; kill -ABRT $$", 1,
     "2 passed, 1 failed, 0 skipped"),
    ("exit 0", 1, "0 passed, 1 failed, 0 skipped"),
    ("echo '100%: Checks: 0, Failures: 0, Errors: 0'", 1,
     "0 passed, 1 failed, 0 skipped"),
])
def test_a_program_of_check_is_summed_up(tmp_path, text, status, last):
    assert sum_of(program(tmp_path, text)) == (status, last)


@pytest.mark.parametrize("text, status, last", [
    ("def test_a(): pass\ndef test_b(): pass", 0,
     "2 passed, 0 failed, 0 skipped"),
    ("def test_a(): pass\ndef test_b(): assert False", 1,
     "1 passed, 1 failed, 0 skipped"),
    ("import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('no x')",
     0, "1 passed, 0 failed, 1 skipped"),
    ("syntax error", 1, "0 passed, 1 failed, 0 skipped"),
    ("", 1, "0 passed, 1 failed, 0 skipped"),
])
def test_pytest_is_summed_up(tmp_path, text, status, last):
    (tmp_path / "test_it.py").write_text(text)
    assert sum_of("--pytest", f"--rootdir={tmp_path}",
                     tmp_path) == (status, last)


def test_files_that_run_side_by_side_are_added_up(tmp_path):
    """Each waits for the other."""
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"test_{name}.py").write_text(f"""
import os, time
def test_it():
    open({str(tmp_path / name)!r}, "w").close()
    end = time.monotonic() + {oc.DEADLINE_S}
    while not os.path.exists({str(tmp_path / other)!r}):
        assert time.monotonic() < end
""")
    (tmp_path / "test_c.py").write_text("def test_it(): assert False\n")
    assert sum_of("--workers", 2, "--pytest", f"--rootdir={tmp_path}",
                  tmp_path) == (1, "2 passed, 1 failed, 0 skipped")


def test_programs_and_pytest_are_added_up(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n")
    good = program(tmp_path, "echo '100%: Checks: 3, Failures: 0, Errors: 0'")
    assert sum_of(good, "--pytest", f"--rootdir={tmp_path}", tmp_path) == (
        0, "4 passed, 0 failed, 0 skipped")
