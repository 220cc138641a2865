"""What --state costs: the saver's time for a save, and the counter's beside it.

Two programs that know a million groups get the same windows, one after the
other; one of them keeps a state. A window has an order of each hundredth group.
"""

import os
import time

import oc

GROUPS = 1_000_000
CHANGED = GROUPS // 100
WINDOW_MS = 1000
BEGIN_MS = 1_763_769_600_000  # 2025-11-22T00:00:00Z
# The saver is done when it was at rest for so long.
REST_S = 0.1


def block(window, first, step, groups=GROUPS):
    """The orders of a window: of each group `first`, `first` + step, .."""
    at = BEGIN_MS + window * WINDOW_MS
    return b"".join(b'{"customer": "%032x", "at": %d}\n' % (group, at)
                    for group in range(first, groups, step))


def cpu_ms(pid):
    """CPU time of (the thread that counts, all others)."""
    own, others = 0, 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat",
                  encoding="ascii") as file:
            taken = int(file.read().split()[0]) / 1e6
        if int(thread) == pid:
            own += taken
        else:
            others += taken
    return own, others


class Run:
    """ordercount, which has been told of all the groups."""

    def __init__(self, *options):
        self._process = oc.Process(
            ["-", "--key=customer", "--time=at", f"--window={WINDOW_MS}ms",
             "--top=1", *options])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.close()

    def cpu_ms(self):
        return cpu_ms(self._process.pid)

    def rest(self):
        """Waits until no thread has anything left to do."""
        last, since = self.cpu_ms(), time.monotonic()

        def rests():
            nonlocal last, since
            now = self.cpu_ms()
            if now != last:
                last, since = now, time.monotonic()
            return time.monotonic() - since > REST_S

        oc.until(rests, "the saver to come to rest")

    def step(self, window, orders):
        """Sends a window, which closes the one before it; waits for its
        rows. Returns how many ms that took."""
        begin = time.perf_counter()
        self._process.write(orders)
        # A row of the largest group, and one of the others.
        self._process.wait_for(lambda seen: seen.count(b"\n") >= 2 * window)
        return (time.perf_counter() - begin) * 1e3


def measure(folder, windows=32):
    """For each window (ms of the saver's CPU, ms of the counter's, the same
    without a state, ms until the rows came, the same without a state)."""
    state = os.path.join(folder, "bench.state")
    for suffix in ("", "-wal"):
        if os.path.exists(state + suffix):
            os.remove(state + suffix)
    with Run(f"--state={state}") as saving, Run() as plain:
        everything = block(0, 0, 1)
        for run in (saving, plain):
            run.step(0, everything)
            # When the next one is saved, it goes on with this one.
            for window in (1, 2):
                run.step(window, block(window, 0, 100))
                run.rest()
        figures = [_pair(saving, plain, window)
                   for window in range(3, windows + 3)]
    for suffix in ("", "-wal"):
        if os.path.exists(state + suffix):
            os.remove(state + suffix)
    return figures


def _pair(saving, plain, window):
    orders = block(window, window % 100, 100)
    took = []
    used = []
    for run in (saving, plain):
        before = run.cpu_ms()
        took.append(run.step(window, orders))
        run.rest()
        after = run.cpu_ms()
        used.append([after[i] - before[i] for i in range(2)])
    return used[0][1], used[0][0], used[1][0], *took
