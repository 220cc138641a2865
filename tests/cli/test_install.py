"""make, make install, make uninstall: in a copy of the tree, without git."""

import os
import re
import shutil
import subprocess

import pytest

import oc

INSTALLED = [
    "bin/ordercount",
    "lib/systemd/system/ordercount@.service",
    "share/bash-completion/completions/ordercount",
    "share/doc/ordercount/COPYING",
    "share/doc/ordercount/README",
    "share/doc/ordercount/examples/ordercount-alerts.yml",
    "share/doc/ordercount/examples/ordercount-grafana.json",
    "share/fish/vendor_completions.d/ordercount.fish",
    "share/man/man1/ordercount.1",
    "share/zsh/site-functions/_ordercount",
]


def make(folder, *arguments, **changes):
    """Runs make as from a fresh shell: with nothing of a make around us."""
    env = oc.environment()
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD", "CC", "CFLAGS",
                 "CPPFLAGS", "LDFLAGS", "V", "PREFIX", "DESTDIR"):
        env.pop(name, None)
    env.update(changes)
    done = subprocess.run(["make", *arguments], cwd=folder, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=600, check=False)
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


def files(folder):
    return sorted(
        os.path.relpath(os.path.join(where, name), folder)
        for where, _, names in os.walk(folder) for name in names)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The sources as a tarball would hold them, built quickly."""
    folder = tmp_path_factory.mktemp("tarball") / "ordercount"
    folder.mkdir()
    for name in ("Makefile", "README", "COPYING"):
        shutil.copy2(os.path.join(oc.ROOT, name), folder)
    for name in ("src", "man", "scripts"):
        shutil.copytree(os.path.join(oc.ROOT, name), folder / name)
    output = make(folder, "-j4", CFLAGS="-O0")
    # One line a file, and nothing else: no warning either.
    for line in output.splitlines():
        assert line.split()[0] in ("CC", "LD", "GEN"), line
    return folder


def test_a_second_make_does_nothing(tree):
    assert "CC" not in make(tree, CFLAGS="-O0")
    assert "LD" not in make(tree, CFLAGS="-O0")


def test_a_changed_header_builds_what_includes_it(tree):
    os.utime(tree / "src" / "core" / "tallies.h")
    output = make(tree, CFLAGS="-O0")
    assert "CC src/core/tallies.c" in output
    assert "CC src/base/buffer.c" not in output


def test_flags_of_the_environment_are_used_and_build_anew(tree):
    flags = {"CFLAGS": "-O0 -DFROM_CFLAGS='\"a b\"'",
             "CPPFLAGS": "-DFROM_CPPFLAGS", "LDFLAGS": "-Wl,--build-id=none"}
    output = make(tree, "V=1", "-n", **flags)
    compiles = [line for line in output.splitlines() if "-c -o" in line]
    assert compiles
    make(tree, "-j4", **flags)
    assert "CC" not in make(tree, **flags)
    for name in flags.values():
        assert name in output
    make(tree, "-j4", CFLAGS="-O0")


def test_a_library_that_is_missing_is_said(tree):
    done = subprocess.run(["make", "-j1", "PKG_CONFIG=false", "BUILD=none"],
                          cwd=tree, env=oc.environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"ordercount needs the libraries gmp sqlite3 "
                                  b"rdkafka libmicrohttpd openssl libcurl "
                                  b"libcjson,")
    assert done.stdout == b""


def build_without(tree, folder, libraries, *parts):
    """The program, built where those libraries are not to be found."""
    wrapper = folder / "pkg-config"
    wrapper.write_text(f"""#!/bin/sh
case $* in {libraries}) exit 1 ;; esac
exec pkg-config "$@"
""")
    wrapper.chmod(0o755)
    output = make(tree, "-j4", *parts, "BUILD=without",
                  f"PKG_CONFIG={wrapper}", "without/ordercount",
                  CFLAGS="-O0")
    # Nothing else: no warning either.
    for line in output.splitlines():
        assert line.split()[0] in ("CC", "LD", "GEN"), line
    return tree / "without" / "ordercount"


@pytest.fixture(scope="module")
def without_parts(tree, tmp_path_factory):
    yield build_without(tree, tmp_path_factory.mktemp("bin"),
                        "*rdkafka* | *cjson* | *microhttpd* | *openssl* |"
                        " *curl*",
                        "KAFKA=no", "HTTP=no", "TLS=no", "KINESIS=no",
                        "CHART_JS=/nowhere/chart.js")
    shutil.rmtree(tree / "without")


@pytest.mark.long
@pytest.mark.parametrize("parts, library, rest", [
    (["KAFKA=no"], "*rdkafka*", b"libmicrohttpd"),
    (["HTTP=no"], "*microhttpd*", b"librdkafka"),
    (["KINESIS=no"], "*curl*", b"OpenSSL"),
    (["TLS=no"], "*nothing*", b"libcurl"),
    # Kinesis has its use for it, too.
    (["TLS=no", "KINESIS=no"], "*openssl*", b"librdkafka")])
def test_each_part_can_be_left_out_alone(tree, tmp_path, parts, library, rest):
    program = build_without(tree, tmp_path, library, *parts)
    done = subprocess.run([program, "--version"], stdout=subprocess.PIPE,
                          check=True)
    shutil.rmtree(tree / "without")
    assert rest in done.stdout
    assert library.strip("*").encode() not in done.stdout.lower()


def test_program_without_parts_says_so(without_parts):
    done = subprocess.run([without_parts, "--version"],
                          stdout=subprocess.PIPE, check=True)
    assert b"kafka" not in done.stdout
    assert b"http" not in done.stdout
    assert b"kinesis" not in done.stdout and b"curl" not in done.stdout
    assert b"tls" not in done.stdout and b"OpenSSL" not in done.stdout


@pytest.mark.parametrize("args, why", [
    (["kafka://b/t"], b"kafka://: built without Kafka"),
    (["-X", "client.id=x", "kafka://b/t"], b"kafka://: built without Kafka"),
    (["-g", "x", "--publish=kafka://b/p", "-"],
     b"kafka://: built without Kafka"),
    (["-g", "x", "-"], b"--group is for kafka:// sources"),
    (["--http=8080", "-"], b"--http: built without HTTP"),
    (["tls://localhost:9"], b"tls://: built without TLS"),
    (["--tls-ca=x", "-"], b"--tls-ca is for tls:// and kinesis:// sources"),
    (["kinesis://a"], b"kinesis://: built without Kinesis"),
    (["--http-keep=5", "-"], b"--http-keep needs --http"),
])
def test_what_is_not_built_in_is_wrong_usage(without_parts, args, why):
    done = subprocess.run([without_parts, *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"ordercount: " + why)
    assert done.stderr.endswith(b"\nTry 'ordercount --help'\n")


def test_program_without_parts_counts(without_parts):
    done = subprocess.run([without_parts, "-"], input=oc.order("PAID"),
                          stdout=subprocess.PIPE, timeout=60, check=True)
    assert oc.counts(done.stdout) == {"PAID": 1}


def test_install_puts_ten_files_in_their_places(tree, tmp_path):
    make(tree, "install", f"DESTDIR={tmp_path}", "PREFIX=/usr", CFLAGS="-O0")
    assert files(tmp_path) == ["usr/" + name for name in INSTALLED]
    for name in INSTALLED:
        mode = (tmp_path / "usr" / name).stat().st_mode & 0o777
        assert mode == (0o755 if name.startswith("bin/") else 0o644)
        assert (tmp_path / "usr" / name).stat().st_size > 0
    version = subprocess.run([tmp_path / "usr/bin/ordercount", "--version"],
                             stdout=subprocess.PIPE, check=True)
    assert version.stdout.startswith(b"ordercount ")


def words_of(unit):
    """The command that the unit starts."""
    line = re.search(r"^ExecStart=(.*)$", unit.read_text(), re.M)[1]
    return line.split()


def test_the_unit_starts_the_program_where_it_is(tree, tmp_path):
    for prefix in ("/usr", "/opt/counts"):
        make(tree, "install", f"DESTDIR={tmp_path}", f"PREFIX={prefix}",
             CFLAGS="-O0")
        unit = tmp_path / (prefix[1:] +
                           "/lib/systemd/system/ordercount@.service")
        assert words_of(unit)[0] == f"{prefix}/bin/ordercount"


def test_systemd_finds_no_fault_with_the_unit(tree, tmp_path):
    """It looks whether the program is there, so it is installed in earnest."""
    make(tree, "install", f"PREFIX={tmp_path}", CFLAGS="-O0")
    unit = tmp_path / "lib/systemd/system/ordercount@a.service"
    unit.with_name("ordercount@.service").rename(unit)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, check=False)
    said = [line for line in done.stdout.decode().splitlines()
            if "ordercount" in line]
    assert (done.returncode, said) == (0, [])
    exposure = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15",
         unit], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        check=False)
    assert exposure.returncode == 0, exposure.stdout.decode()


def test_install_by_somebody_with_other_flags_builds_nothing(tree, tmp_path):
    output = make(tree, "install", f"DESTDIR={tmp_path}")
    assert output == ""


def test_uninstall_takes_back_exactly_these(tree, tmp_path):
    other = tmp_path / "usr/local/bin/other"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    make(tree, "install", f"DESTDIR={tmp_path}", CFLAGS="-O0")
    assert len(files(tmp_path)) == len(INSTALLED) + 1
    make(tree, "uninstall", f"DESTDIR={tmp_path}")
    assert files(tmp_path) == ["usr/local/bin/other"]
    assert not (tmp_path / "usr/local/share/doc/ordercount").exists()


def test_clean_leaves_the_sources_alone(tree, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy)
    make(copy, "clean")
    assert not (copy / "build").exists()
    assert not (copy / "ordercount").exists()
    assert files(copy / "src") == files(tree / "src")
