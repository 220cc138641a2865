"""Who is measured: ordercount on its ways, its limits, and other programs."""

import functools
import os
import shlex
import shutil
from typing import Callable, NamedTuple

import oc
from building import (build, build_simdjson, build_yyjson, cpp_compiler, fail,
                      machines, output_of)
from corpora import COMMON, CORPORA, read_counts

FIELD = "status"
STREAMED = ("plain", "orders")
# Queries by name: the corpora they are for, and their options. What they count
# is the same, but for --key.
EVENT_TIME = ("--time=created_at", "--lateness=1s")
SLIDING = ("--window=60s", "--slide=1s")
CUSTOMERS = ("--key=customer", "--top=10", "--max-groups=2000000")
QUERIES = {
    "--time": (("orders",), (*EVENT_TIME, "--window=5s")),
    "--slide": (("orders",), (*EVENT_TIME, *SLIDING)),
    "--sum": (("orders",), ("--sum=amount",)),
    "--where": (("orders",), ("--where=items>0",)),
    "--key": (("many", "zipf"), CUSTOMERS),
    "--key -t": (("many", "zipf"),
                     (*CUSTOMERS, "--time=at", "--lateness=1s",
                      "--window=60s")),
}


class Peer(NamedTuple):
    """Who is measured. Its command gets a corpus's file, or a sender's port."""
    name: str
    version: str
    command: Callable
    # What its output says, and what it should say of a corpus.
    found: Callable
    expected: Callable = lambda corpus: corpus.counts
    tcp: bool = False
    # The corpus comes in by a pipe that cat writes to.
    piped: bool = False
    sampled: bool = False
    corpora: tuple = COMMON


class Absent(NamedTuple):
    """Who is not measured, and why."""
    name: str
    why: str


def named_counts(out):
    return read_counts(out.decode())


def number(out):
    return int(out.split()[0])


def last_totals(out):
    """Each group's orders in all: with --slide a window holds them only once,
    but counts them in many."""
    return {row.key[0]: row.total for row in oc.rows(out)}


def total_of_counts(out):
    return sum(oc.counts(out).values())


# --- the limits, and others --------------------------------------------------

def limits(folder):
    version = output_of(["wc", "--version"])
    yield Peer("wc -l", version, lambda path: ["wc", "-l", path],
               number, lambda corpus: corpus.records, corpora=CORPORA)
    yield Peer("wc -l PIPE", version, lambda _: ["wc", "-l"],
               number, lambda corpus: corpus.records, piped=True,
               corpora=STREAMED[:1])
    receive = build(folder, "receive")
    yield Peer("recv", "bare recv loop, 64 KiB",
               lambda port: [receive, str(port)],
               number, lambda corpus: corpus.size, tcp=True, corpora=STREAMED)


def fetched(folder, name):
    """The folder of sources by scripts/bench-peers, or None, and why."""
    path = os.path.join(folder, "peers", name)
    if not os.path.isdir(path):
        return None, "not here; scripts/bench-peers"
    if not shutil.which(cpp_compiler()[0]):
        return None, "no C++ compiler; scripts/setup bench"
    return path, None


def simdjson(folder):
    sources, why = fetched(folder, "simdjson")
    if why:
        yield Absent("On-Demand, DOM", why)
        return
    programs = {machine: build_simdjson(folder, sources, machine)
                for machine in machines()}
    for name, way in (("On-Demand", "on-demand"), ("DOM", "dom")):
        for machine, program in programs.items():
            yield Peer(f"{name} -march={machine}",
                       f"{output_of([program])}, pieces of 256 KiB",
                       lambda path, program=program, way=way:
                       [program, way, path], named_counts)


def yyjson(folder):
    sources, why = fetched(folder, "yyjson")
    if why:
        yield Absent("yyjson", why)
        return
    program = build_yyjson(folder, sources)
    yield Peer("yyjson", f"{output_of([program])}, pieces of 256 KiB",
               lambda path: [program, path], named_counts)


def cjson(folder):
    if not output_of(["pkg-config", "--modversion", "libcjson"]):
        yield Absent("cJSON", "not here; scripts/setup bench")
        return
    libraries = output_of(["pkg-config", "--cflags", "--libs", "libcjson"])
    program = build(folder, "with_cjson", *shlex.split(libraries))
    yield Peer("cJSON", f"cJSON {output_of([program])} with getline",
               lambda path: [program, path], named_counts)
    connected = "exec \"$0\" - </dev/tcp/127.0.0.1/$1"
    yield Peer("cJSON HOST PORT", "the same, over TCP",
               lambda port: ["bash", "-c", connected, program, str(port)],
               named_counts, tcp=True, corpora=STREAMED)


def jq(_):
    if not shutil.which("jq"):
        yield Absent("jq", "not here; scripts/setup bench")
        return
    program = (f"reduce inputs as $order ({{}}; .[$order.{FIELD}] += 1)"
               ' | to_entries[] | "\\(.key)\\t\\(.value)"')
    yield Peer("jq", output_of(["jq", "--version"]),
               lambda path: ["jq", "-nr", program, path], named_counts,
               sampled=True)


# --- ordercount --------------------------------------------------------------

@functools.cache
def has_threads():
    return "--threads" in oc.run(["--help"]).out.decode()


def one_core():
    """The options that keep ordercount on one core."""
    return ["--threads=1"] if has_threads() else []


def queries(version):
    """Peers to the plain run of ordercount: the same on more of its ways."""
    for name, (corpora, options) in QUERIES.items():
        keyed = name.startswith("--key")
        yield Peer(name, f"{version} {shlex.join(options)}",
                   lambda path, options=options:
                   oc.command([*one_core(), *options, path]),
                   total_of_counts if keyed else last_totals,
                   (lambda corpus: corpus.records) if keyed else
                   (lambda corpus: corpus.counts), corpora=corpora)


def ordercount(_):
    version = output_of(oc.command(["--version"])) or fail(
        f"{oc.BINARY} is not there, or does not run: run make first")
    yield Peer("ordercount FILE", " ".join([version, *one_core()]),
               lambda path: oc.command([*one_core(), path]), oc.counts,
               corpora=CORPORA)
    if has_threads():
        yield Peer("--threads=2", f"{version} --threads=2",
                   lambda path: oc.command(["--threads=2", path]), oc.counts)
    else:
        yield Absent("--threads=2", "ordercount has no --threads")
    yield from queries(version)
    yield Peer("ordercount PIPE", f"cat FILE | {version} -",
               lambda _: oc.command(["-"]), oc.counts, piped=True,
               corpora=STREAMED[:1])
    yield Peer("ordercount HOST PORT", version,
               lambda port: oc.command(["localhost", port]), oc.counts,
               tcp=True, corpora=STREAMED)


def peers(folder):
    """(the peers that are here, those that are not)."""
    everyone = [peer for kind in (limits, simdjson, yyjson, cjson, jq,
                                  ordercount) for peer in kind(folder)]
    return ([peer for peer in everyone if isinstance(peer, Peer)],
            [peer for peer in everyone if isinstance(peer, Absent)])
