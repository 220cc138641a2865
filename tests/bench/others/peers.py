"""Whom tests/bench/others/run measures ordercount beside."""

import glob
import os
import re
import shutil
import subprocess
import sys
from typing import Callable, NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "cli"))

import oc  # noqa: E402

FILE = "ordercount FILE"
TCP = "ordercount HOST PORT"
# Counts in windows of 5 seconds by the clock, and prints those that are over.
WINDOWS = """
function rows(status) {
    for (status in counts)
        print status "\\t" counts[status]
    fflush()
    delete counts
}
{
    now = systime()
    if (now >= end) {
        rows()
        end = now - now % 5 + 5
    }
    counts[$0]++
}
END { rows() }"""
OPENED = ["--add-opens=java.base/java.lang=ALL-UNNAMED",
          "--add-opens=java.base/java.util=ALL-UNNAMED"]


class Peer(NamedTuple):
    """Who is measured. Its command gets a corpus's file, or a sender's port."""
    name: str
    version: str
    command: Callable
    # From a file: counts by status of all it printed. Over TCP: (end of the
    # window, status, count) of the fields of a row.
    parse: Callable
    tcp: bool = False
    # Over TCP: does it end when the feed does?
    ends: bool = True
    # Of the corpus, how much: the slow ones get a part.
    part: float = 1


def output_of(*command):
    """The first line of what a command prints; None when that cannot be."""
    try:
        done = subprocess.run(command, text=True, check=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.split("\n")[0]


# --- what they print ---------------------------------------------------------

def read_counts(text):
    """STATUS, tab, count: a line each."""
    return {name: int(count) for name, count in
            (line.split("\t") for line in text.splitlines())}


def row_of_ordercount(fields):
    return None, fields[2], int(fields[3])


def row_without_end(fields):
    status, count = fields
    return None, status, int(count)


def row_with_end(fields):
    end_ms, status, count = fields
    return float(end_ms) / 1000, status, int(count)


# --- who is there ------------------------------------------------------------

class Found:
    """The peers that are here, and the names of those that are not."""

    def __init__(self, folder):
        self.folder = folder
        self.peers = []
        self.absent = []

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def here(self, *paths):
        return all(os.path.exists(path) for path in paths)

    def add(self, name, version, command, parse, **more):
        self.peers.append(Peer(name, version, command, parse, **more))

    def miss(self, *names):
        self.absent.extend(names)


def add_ordercount(found, streamed):
    version = output_of(*oc.command(["--version"]))
    if not version:
        raise OSError(f"{oc.BINARY} is not there, or does not run: make")
    found.add(FILE, version, lambda path: oc.command(["--threads=1", path]),
              lambda text: oc.counts(text.encode()))
    found.add(TCP, f"{version}, windows of 5 s",
              lambda port: oc.command(["localhost", port]), row_of_ordercount,
              tcp=True, part=streamed)


def add_rust(found):
    lock = found.path("rust", "Cargo.lock")
    for name in "serde_json", "sonic-rs":
        program = found.path("rust", "target", "release",
                             f"with_{name.replace('-', '_')}")
        if not found.here(program, lock):
            found.miss(name)
            continue
        with open(lock, encoding="utf-8") as file:
            version = re.search(f'name = "{name}"\nversion = "(.*)"',
                                file.read())[1]
        found.add(name, f"{name} {version}, {output_of('rustc', '--version')}",
                  lambda path, program=program: [program, path], read_counts)


def python_version(found, package):
    """Of a package in the virtual environment; None without it."""
    return output_of(found.path("venv", "bin", "python"), "-c",
                     "from importlib.metadata import version; "
                     f"print(version('{package}'))")


def add_frames(found):
    python = found.path("venv", "bin", "python")
    duckdb = python_version(found, "duckdb")
    for name, threads in ("DuckDB, 1 thread", "1"), ("DuckDB", "0"):
        script = os.path.join(HERE, "with_duckdb.py")
        if not duckdb:
            found.miss(name)
            continue
        found.add(name, f"duckdb {duckdb}, read_json of one column",
                  lambda path, threads=threads:
                  [python, script, threads, path], read_counts)
    polars = python_version(found, "polars")
    if not polars:
        found.miss("polars")
        return
    found.add("polars", f"polars {polars}, scan_ndjson of one column", lambda
              path: [python, os.path.join(HERE, "with_polars.py"), path],
              read_counts)


def add_tools(found, sampled):
    if shutil.which("jq"):
        program = ("reduce inputs as $order ({}; .[$order.status] += 1)"
                   ' | to_entries[] | "\\(.key)\\t\\(.value)"')
        found.add("jq", output_of("jq", "--version"),
                  lambda path: ["jq", "-nr", program, path], read_counts,
                  part=sampled)
    else:
        found.miss("jq")
    if shutil.which("mlr"):
        found.add("mlr", output_of("mlr", "--version"),
                  lambda path: ["mlr", "--ijsonl", "--onidx", "--ofs", "tab",
                                "count", "-g", "status", path], read_counts,
                  part=sampled)
    else:
        found.miss("mlr")


def add_pipes(found, sampled):
    if not shutil.which("jq") or not shutil.which("gawk"):
        found.miss("jq | gawk", "nc | jq | gawk")
        return
    version = f"{output_of('jq', '--version')}, " \
        f"{output_of('gawk', '--version')}"
    shell = ["bash", "-c"]
    found.add("jq | gawk", version, lambda path: [
        *shell, 'jq -r .status "$1" | gawk "$0"', WINDOWS, path], read_sums,
        part=sampled)
    if not shutil.which("nc"):
        found.miss("nc | jq | gawk")
        return
    found.add("nc | jq | gawk", f"{version}, windows of 5 s", lambda port: [
        *shell, 'nc -d 127.0.0.1 "$1" | jq -r .status | gawk "$0"', WINDOWS,
        str(port)], row_without_end, tcp=True, part=sampled)


def read_sums(text):
    """The same with a status in several windows."""
    counts = {}
    for line in text.splitlines():
        _, status, count = row_without_end(line.split("\t"))
        counts[status] = counts.get(status, 0) + count
    return counts


def add_flink(found, streamed):
    classes, library = found.path("flink", "classes"), \
        found.path("flink", "lib")
    jars = glob.glob(os.path.join(library, "flink-runtime-*.jar"))
    java = output_of("java", "-version")
    if not java or not jars or not found.here(classes):
        found.miss("Flink")
        return
    version = re.search(r"flink-runtime-(.*)\.jar", jars[0])[1]
    found.add("Flink", f"Flink {version}, 5 s windows, parallelism 1; {java}",
              lambda port: ["java", *OPENED, "-cp", f"{classes}:{library}/*",
                            "Counts", str(port)],
              row_with_end, tcp=True, ends=False, part=streamed)


def add_spark(found):
    python = found.path("venv", "bin", "python")
    pyspark = python_version(found, "pyspark")
    java = output_of("java", "-version")
    if not pyspark or not java:
        found.miss("Spark DStreams")
        return
    found.add("Spark DStreams",
              f"pyspark {pyspark}, batches of 5 s, local[2]; {java}",
              lambda port: ["env", "SPARK_LOCAL_IP=127.0.0.1", python,
                            os.path.join(HERE, "with_spark.py"), str(port)],
              row_with_end, tcp=True, ends=False)


def peers(folder, streamed, sampled):
    """All of them; how much of a corpus Flink and ordercount get over TCP, and
    how much those that are slow."""
    found = Found(folder)
    add_ordercount(found, streamed)
    add_rust(found)
    add_frames(found)
    add_tools(found, sampled)
    add_pipes(found, sampled)
    add_flink(found, streamed)
    add_spark(found)
    return found.peers, found.absent
