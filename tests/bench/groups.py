"""As many groups as records: what a record costs, memory, and how it ends.

A corpus of `plain` is counted by its order_id, which no two records share, and
by its status.
"""

import os
import subprocess
import time
from typing import NamedTuple

import oc
from building import fail
from measuring import wait
from peers import one_core

KEY = "order_id"


class Ending(NamedTuple):
    """Of one run: CPU until the last byte was read, what came then, memory."""
    cpu_ns: float
    rows_s: float
    resident_mib: float


def cpu_of(pid):
    """CPU time of a process so far, of all its threads."""
    return time.clock_gettime_ns(~pid << 3 | 2)  # CPUCLOCK_SCHED, of a process


def has_read(pid):
    """Bytes read so far, by whatever call."""
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(file.readline().split()[1])


def is_running(pid):
    return os.waitid(os.P_PID, pid,
                     os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def last_byte_read(pid, size):
    """Waits until so much was read: (CPU until then in ns, the time in s)."""
    while is_running(pid):
        if has_read(pid) >= size:
            return cpu_of(pid), time.time()
        time.sleep(0.001)
    return fail("ordercount ended, and has not read its file")


def check_rows(path, expected):
    """A row for each record, each with 1 now and 1 in all."""
    rows, right, rest = 0, 0, b""
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            whole, _, rest = (rest + block).rpartition(b"\n")
            whole += b"\n"
            rows += whole.count(b"\n")
            right += whole.count(b"\t1\t1\n")
    if rest or not rows == right == expected:
        fail(f"WRONG COUNT of groups: expected {expected}, got {rows} rows, "
             f"{right} of them with one order")


def by_key(corpus, path):
    """Counts by the key into a file, which is checked. Returns the Ending."""
    command = oc.command([*one_core(), f"--key={KEY}", "--format=tsv",
                          f"--max-groups={2 * corpus.records}", corpus.path])
    with open(path, "wb") as out:
        popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)
        cpu_ns, read_s = last_byte_read(popen.pid, corpus.size)
        usage = wait(popen)
    # The file's time is that of the last row, not of freeing memory.
    ending = Ending(cpu_ns, os.stat(path).st_mtime - read_s,
                    usage.ru_maxrss / 1024)
    check_rows(path, corpus.records)
    return ending


def by_status(corpus):
    """CPU time of counting by status, in ns."""
    usage = wait(subprocess.Popen(oc.command([*one_core(), corpus.path]),
                                  stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL))
    return (usage.ru_utime + usage.ru_stime) * 1e9


def report_groups(report, folder, corpus, rounds):
    report.say()
    report.say(f"many10m: {corpus.size / 1e6:.0f} MB of plain, "
               f"{corpus.records} records, each a group by --key={KEY}")
    path = os.path.join(folder, "groups.tsv")
    endings, plain = [], []
    try:
        for _ in range(rounds):
            endings.append(by_key(corpus, path))
            plain.append(by_status(corpus))
    finally:
        if os.path.exists(path):
            os.remove(path)

    def line(name, unit, values):
        report.line("many10m", name, unit, values)

    line("CPU for a record", "ns",
         [ending.cpu_ns / corpus.records for ending in endings])
    line("CPU for a record, by status", "ns",
         [spent / corpus.records for spent in plain])
    line("x the first to the second", "",
         [ending.cpu_ns / spent for ending, spent in zip(endings, plain)])
    line("resident at most", "MiB",
         [ending.resident_mib for ending in endings])
    line("from the last byte read to the last row", "s",
         [ending.rows_s for ending in endings])
