"""Who reads a topic to its end, and how fast; what they count is checked."""

import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from typing import Callable, NamedTuple

import oc
from broker import ROOT, cores
from building import fail, output_of
from figures import Figure, Speed
from measuring import wait

WINDOW_S = 5
LATENESS_S = 1
WINDOW = (f"--window={WINDOW_S}s",)
TIMED = (*WINDOW, "--time=created_at")
STREAMS = os.path.join(ROOT, "build", "bench", "others", "streams")

KCAT = "kcat"
# As typed, it rests whenever 100,000 messages wait for it.
UNRESTED = "kcat -X"
NO_REST = ("-X", "queued.min.messages=10000000",
           "-X", "queued.max.messages.kbytes=16384")
OURS = "ordercount"
BY_TIME = "ordercount -t"
MEMBER = "--publish"
MEMBER_BY_TIME = "--publish -t"
KAFKA_STREAMS = "Kafka Streams"
WARM = "Kafka Streams, warm"
RATIOS = ((OURS, KCAT), (BY_TIME, KCAT), (MEMBER, KCAT), (MEMBER_BY_TIME, KCAT),
          (OURS, UNRESTED), (MEMBER, UNRESTED), (MEMBER_BY_TIME, UNRESTED),
          (OURS, "drain"), (MEMBER, OURS), (MEMBER_BY_TIME, BY_TIME),
          (MEMBER, WARM), (MEMBER_BY_TIME, WARM))


class Topic(NamedTuple):
    """A topic that holds the beginning of a corpus."""
    name: str
    partitions: int
    corpus: str
    messages: int
    counts: dict


class Reader(NamedTuple):
    """Who is measured: gets the Topic, returns its Speeds by name."""
    name: str
    version: str
    measure: Callable
    corpora: tuple = ("plain", "orders")
    # It gets the short topic.
    slow: bool = False


# --- one run -----------------------------------------------------------------

def pinned(command):
    return ["taskset", "-c", ",".join(map(str, cores()[0])), *command]


def timed(command, out):
    """Runs a command on its core: seconds by the clock, and of CPU."""
    begin = time.perf_counter()
    usage = wait(subprocess.Popen(pinned(command), stdin=subprocess.DEVNULL,
                                  stdout=out))
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime


def speed(messages, took_s, cpu_s):
    return Speed(messages / took_s / 1e6, messages / cpu_s / 1e6)


def check(who, found, expected):
    found = dict(found)
    if found != expected:
        fail(f"WRONG COUNT by {who}: expected {expected}, got {found}")


def sums(out):
    """Of tsv rows: the counts of each group, all windows together."""
    found = Counter()
    for row in oc.rows(out):
        found[row.key[0]] += row.count
    return found


def delta_sums(broker, topic):
    """The same of what members have published."""
    out = subprocess.run(
        [*kcat(broker, topic), "-X", "isolation.level=read_committed"],
        check=True, stdout=subprocess.PIPE).stdout
    found = Counter()
    for row in map(json.loads, out.splitlines()):
        if "count" in row:
            found[row["key"]["status"]] += row["count"]
    return found


# --- the readers -------------------------------------------------------------

def kcat(broker, topic):
    return ["kcat", "-b", broker.address, "-C", "-e", "-q", "-o", "beginning",
            "-t", topic]


def by_command(name, command):
    """Someone who drops what it reads."""
    def measure(topic):
        return {name: speed(topic.messages,
                            *timed(command(topic), subprocess.DEVNULL))}
    return measure


def by_counting(broker, name, options):
    def measure(topic):
        with tempfile.TemporaryFile() as out:
            took = timed(oc.command(
                [*options, "--from=earliest", "--until-end", "--format=tsv",
                 broker.url(topic.name)]), out)
            out.seek(0)
            check(name, sums(out.read()), topic.counts)
        return {name: speed(topic.messages, *took)}
    return measure


def member(broker, topic, partials, group, number, options):
    """The command of a member."""
    return oc.command(
        [*options, f"--group={group}", f"--member=m{number}",
         f"--publish={broker.url(partials)}", "--from=earliest",
         broker.url(topic)])


def by_publishing(broker, name, options):
    def measure(topic):
        partials, group = broker.fresh("partials"), broker.name("group")
        took = timed(member(broker, topic.name, partials, group, 1,
                            [*options, "--until-end"]), subprocess.DEVNULL)
        check(name, delta_sums(broker, partials), topic.counts)
        broker.delete(partials)
        return {name: speed(topic.messages, *took)}
    return measure


def by_streams(broker, store):
    def measure(topic):
        output = broker.fresh("output")
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(pinned(
                ["java", "-cp", f"{STREAMS}/classes:{STREAMS}/lib/*", "Counts",
                 broker.address, topic.name, output, broker.name("streams"),
                 str(topic.messages), str(WINDOW_S), str(LATENESS_S), store,
                 folder]), check=True, stdout=subprocess.PIPE, text=True)
        broker.delete(output)
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        check(KAFKA_STREAMS, {name: int(count) for name, count in rows[2:]},
              topic.counts)
        half = topic.messages - topic.messages // 2
        return {KAFKA_STREAMS: speed(topic.messages, *map(float, rows[0][1:])),
                WARM: speed(half, *map(float, rows[1][1:]))}
    return measure


def kafka_built_in():
    """ordercount's version, if it was built with Kafka."""
    done = subprocess.run(oc.command(["--version"]), capture_output=True,
                          text=True, check=False)
    return done.stdout.split("\n")[0] if "kafka" in done.stdout.lower() \
        else None


def readers(broker, store):
    """(Who is here, who is not.)"""
    found, absent = [], []
    found.append(Reader("drain", "librdkafka alone, drops all it reads",
                        by_command("drain", lambda topic: broker.program(
                            "drain", topic.name, topic.messages))))
    if shutil.which("kcat"):
        version = re.search(r"Version (\S+).*(librdkafka \S+)", subprocess.run(
            ["kcat", "-V"], capture_output=True, text=True,
            check=False).stdout)
        found += [
            Reader(KCAT, version and f"{version[1]}, {version[2]}", by_command(
                KCAT, lambda topic: kcat(broker, topic.name))),
            Reader(UNRESTED, " ".join(NO_REST), by_command(
                UNRESTED, lambda topic: [*kcat(broker, topic.name),
                                         *NO_REST]))]
    else:
        absent.append((KCAT, "not here"))
    ours = kafka_built_in()
    if ours:
        late = [*TIMED, f"--lateness={LATENESS_S}s"]
        found += [
            Reader(OURS, ours, by_counting(broker, OURS, WINDOW)),
            Reader(BY_TIME, " ".join(late), by_counting(broker, BY_TIME, late),
                   ("orders",)),
            Reader(MEMBER, "a member of a group",
                   by_publishing(broker, MEMBER, WINDOW)),
            Reader(MEMBER_BY_TIME, " ".join(TIMED),
                   by_publishing(broker, MEMBER_BY_TIME, TIMED), ("orders",))]
    else:
        absent.append((OURS, "built without Kafka"))
    jars = glob.glob(os.path.join(STREAMS, "lib", "kafka-streams-*.jar"))
    java = output_of(["java", "-version"])
    if jars and os.path.isdir(os.path.join(STREAMS, "classes")):
        version = re.search(r"kafka-streams-(.*)\.jar", jars[0])[1]
        found.append(Reader(
            KAFKA_STREAMS, f"{version}, exactly_once_v2, store: {store}"
            f"{'; ' + java if java else ''}", by_streams(broker, store),
            slow=True))
    else:
        absent.append((KAFKA_STREAMS, "not here; scripts/bench-others streams"))
    return found, absent


# --- their figures -----------------------------------------------------------

def measure_rounds(found, topic, short, rounds):
    """All speeds by name, in turns, so that a disturbance meets all."""
    speeds = {}
    for _ in range(rounds):
        for reader in found:
            target = short if reader.slow else topic
            for name, its in reader.measure(target).items():
                speeds.setdefault(name, []).append(its)
    return speeds


def report_readers(report, what, speeds):
    report.say(f"  {'':22} {'M/s':>8} {'':18} {'M/CPU s':>8}")
    for name, runs in speeds.items():
        wall = Figure.of([run.wall for run in runs])
        cpu = Figure.of([run.cpu for run in runs])
        report.say(f"  {name:22} {wall.text()} {cpu.text()}".rstrip())
        report.keep(what, name, "M/s", wall)
        report.keep(what, name, "M/CPU s", cpu)
    for mine, its in RATIOS:
        if mine in speeds and its in speeds:
            report_ratio(report, what, f"{mine} : {its}",
                         list(zip(speeds[mine], speeds[its])))


def report_ratio(report, what, label, pairs):
    wall = Figure.of([mine.wall / its.wall for mine, its in pairs])
    cpu = Figure.of([mine.cpu / its.cpu for mine, its in pairs])
    report.say(f"  x {label:34} {wall.text()} {cpu.text()}".rstrip())
    report.keep(what, label, "ratio", wall)
    report.keep(what, label, "CPU ratio", cpu)
