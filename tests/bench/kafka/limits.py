"""What bounds a large group: the broker's commits, and the merge."""

import os
import tempfile
import time
from typing import NamedTuple

import oc
from building import fail
from figures import Figure
from readers import speed, sums, timed

SECONDS = 5
DELTAS = 4
# Members, each one transaction after the other.
CROWDS = 1, 2, 4, 8, 16
# Members, source partitions of each, partitions of the partials topic; each a
# transaction a second.
LARGE = ((10, 1, 1), (100, 1, 1), (100, 10, 1), (100, 10, 4))

GROUPS, WINDOWS, COPIES = 1000, 100, 20
BEGIN_S = 1_763_769_600  # 2025-11-22T00:00:00Z
WINDOW_S = 5
MARKED = 1000  # source partitions


# --- commits -----------------------------------------------------------------

class Commits(NamedTuple):
    """Of one run: commits a second, how long one took, the broker's CPU."""
    rate: float
    median_ms: float
    late_ms: float
    longest_ms: float
    broker: float  # CPU seconds a second


def commits(broker, source, partials, partitions, members, share, pace_ms):
    before, begin = broker.cpu_s(), time.perf_counter()
    out = broker.call("commits", source, partials, partitions, members, share,
                      DELTAS, pace_ms, SECONDS)
    used = (broker.cpu_s() - before) / (time.perf_counter() - begin)
    return Commits(*map(float, out.split("\t")), used)


def report_commits(report, name, runs):
    for label, unit, column in (
            ("commits", "/s", [run.rate for run in runs]),
            ("one, median", "ms", [run.median_ms for run in runs]),
            ("one, 99th percentile", "ms", [run.late_ms for run in runs]),
            ("the broker's CPU", "s/s", [run.broker for run in runs])):
        report.line("commits", f"{name}: {label}", unit, column)


# --- the merge ---------------------------------------------------------------

def text_of(second):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def mark(partition, of, begin, end, newest):
    return (f'{{"source":"orders","partition":{partition},"of":{of},'
            f'"from":{begin},"to":{end},"newest":"{text_of(newest)}",'
            '"idle":false,"partials":1,"sources":1,'
            '"query":"0123456789abcdef"}\n')


def write_deltas(path, marked=True):
    """Windows of deltas with a mark after each; how many lines, and orders."""
    with open(path, "w", encoding="ascii") as file:
        for window in range(WINDOWS):
            begin = BEGIN_S + window * WINDOW_S
            times = f'"start":"{text_of(begin)}","end":' \
                f'"{text_of(begin + WINDOW_S)}"'
            file.writelines(
                f'{{{times},"key":{{"status":"G{i % GROUPS}"}},"count":7}}\n'
                for i in range(GROUPS * COPIES))
            if marked:
                file.write(mark(0, 1, window, window + 1, begin + WINDOW_S))
    rows = WINDOWS * GROUPS * COPIES
    return rows + (WINDOWS if marked else 0), rows * 7


def write_rows(path):
    """The same without marks."""
    return write_deltas(path, marked=False)


def write_marks(path):
    """Marks of a thousand partitions, a second after the other, and a delta
    of each second; how many lines, and orders."""
    with open(path, "w", encoding="ascii") as file:
        for second in range(1000):
            now = BEGIN_S + second
            start = now - now % WINDOW_S
            file.write(f'{{"start":"{text_of(start)}","end":'
                       f'"{text_of(start + WINDOW_S)}",'
                       '"key":{"status":"PAID"},"count":1}\n')
            file.writelines(mark(i, MARKED, second, second + 1, now)
                            for i in range(MARKED))
    return 1000 * (MARKED + 1), 1000


def merge(lines, orders, operands):
    """Runs the merge on one core; its Speed, in lines."""
    with tempfile.TemporaryFile() as out:
        took = timed(oc.command(["--merge", "--format=tsv", *operands]), out)
        out.seek(0)
        found = sum(sums(out.read()).values())
    if found != orders:
        fail(f"WRONG COUNT by --merge of {operands[-1]}: expected {orders}, "
             f"got {found}")
    return speed(lines, *took)


def report_merge(report, name, runs):
    for unit, column in (("M/s", [run.wall for run in runs]),
                         ("M/CPU s", [run.cpu for run in runs])):
        figure = Figure.of(column)
        report.say(f"  {name:41} {figure.text()} {unit}")
        report.keep("merge", name, unit, figure)


def merges(broker, folder, rounds, over_kafka):
    """Speeds by name, in turns."""
    made = []
    for name, write in (("deltas from a file", write_rows),
                        ("deltas from Kafka", write_deltas),
                        ("marks from Kafka", write_marks)):
        path = os.path.join(folder, f"{name.replace(' ', '-')}.jsonl")
        operands = ["--threads=1", path]
        lines, orders = write(path)
        if "Kafka" in name:
            if not over_kafka:
                continue
            topic = broker.fresh("merge")
            broker.fill(topic, 1, path)
            operands = ["--from=earliest", "--until-end", broker.url(topic)]
        made.append((name, lines, orders, operands))
    speeds = {name: [] for name, *_ in made}
    for _ in range(rounds):
        for name, lines, orders, operands in made:
            speeds[name].append(merge(lines, orders, operands))
    return speeds
