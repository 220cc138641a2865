"""Several sources, of whatever kinds: all are counted together, and none has to
wait for another that has more.
"""

import threading
import time

import oc
from reference_windows import read_stamp
from source_kinds import File, Fifo, Tcp
from source_runs import (begin, counted, kinds, said, several, sibling,
                         start, until_counted)

A = oc.order("A")


class Flood:
    """Sends to a source as fast as that is read, until it is stopped."""

    def __init__(self, source):
        self._source = source
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self):
        data = oc.order("LOUD") * 2000
        try:
            while not self._stop.is_set():
                self._source.send(data)
        except OSError:
            pass  # the program is gone

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(oc.DEADLINE_S)


def until_window_begins(process):
    """Waits until a window has just been printed."""
    count = process.out.count(b"\tLOUD\t")
    process.wait_for(lambda out: oc.whole_lines(out).count(b"\tLOUD\t") > count)


def check_in_time(process, quiet):
    """What is sent at the beginning of a window is counted in it.

    A machine that stands still for a moment is no source's doing: what is late
    three times is.
    """
    late = []
    for turn in range(3):
        until_window_begins(process)
        sent_ns = time.time_ns()
        quiet.send(oc.order(f"Q{turn}"))
        process.wait_for(b"\tQ%d\t1\t1\n" % turn)
        row, = (row for row in oc.rows(oc.whole_lines(process.out))
                if row.key == (f"Q{turn}",) and row.count == 1)
        if read_stamp(row.start) <= sent_ns < read_stamp(row.end):
            return
        late.append((sent_ns, row))
    raise AssertionError(late)


@kinds(lambda kind: kind.is_live)
def test_a_trickle_beside_a_flood_is_counted_in_time(source, beside, spawn):
    process = start(spawn, source, "-w", source.lag_s, beside=[beside])
    with Flood(beside):
        check_in_time(process, source)
        process.close()


@kinds(lambda kind: kind.is_live and kind.can_flood)
def test_a_flood_lets_a_trickle_be_counted_in_time(source, beside, spawn):
    process = start(spawn, source, "-w", source.lag_s, beside=[beside])
    with Flood(source):
        check_in_time(process, beside)
        process.close()


@kinds(lambda kind: kind.comes_at_once)
def test_a_large_file_lets_each_have_its_turn(source, beside, spawn,
                                              tmp_path):
    """Its first record ends the run, before much of the file is counted."""
    large = tmp_path / "large"
    large.write_bytes(A * 1_000_000)
    process = begin(spawn, source, "-q", "-w", "all", "--strict", large,
                    beside=[beside])
    source.attach(process)
    source.send(b"[]\n")
    beside.attach(process)  # now all are open
    result = process.wait()
    assert result.status == 1
    line, = said(result.err)
    assert source.name in line
    assert counted(result.out).get("A", 0) < 20_000


@kinds()
def test_all_are_counted_together(source, spawn, request, tmp_path):
    """One of each kind, and one more of this kind."""
    every = [source]
    if source.id != "stdin":
        every += several(source, 2, request, tmp_path)[1:]
    every += [sibling(kind, request, tmp_path) for kind in (File, Fifo, Tcp)]
    for each in every:
        if not each.is_live:
            each.send(A)
    process = start(spawn, every[0], "-w", "100ms", "--active",
                    beside=every[1:])
    for each in every:
        if each.is_live:
            each.send(A)
    until_counted(process, {"A": len(every)})
    process.close()
