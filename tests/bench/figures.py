"""Figures: of one run, of several rounds, and how they are printed."""

import statistics
from typing import NamedTuple

from building import fail


class Speed(NamedTuple):
    """Of one run: GB a second by the clock, and a second of its CPU."""
    wall: float
    cpu: float


class Figure(NamedTuple):
    """The middle of several rounds, and how far they lie apart."""
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values):
        return cls(statistics.median(values), min(values), max(values))

    def text(self):
        digits = 0 if self.least == self.most == int(self.most) else \
            3 if self.median < 10 else 1 if self.median < 100 else 0
        return (f"{self.median:8.{digits}f} "
                f"{f'({self.least:.{digits}f} to {self.most:.{digits}f})':18}")


class Report:
    """What is printed, and the same as TSV."""

    def __init__(self, path):
        self._tsv = None
        if path:
            try:
                self._tsv = open(path, "w", encoding="utf-8")
            except OSError as error:
                fail(f"cannot write '{path}': {error.strerror}")
            self._tsv.write("what\tname\tunit\tmedian\tleast\tmost\n")

    def say(self, text=""):
        print(text, flush=True)

    def note(self, name, value):
        """About the machine or a version."""
        self.say(f"{name:25} {value}")
        if self._tsv:
            self._tsv.write(f"about\t{name}\t{value}\t\t\t\n")

    def keep(self, what, name, unit, figure):
        if self._tsv:
            numbers = "\t".join(f"{value:.6g}" for value in figure)
            self._tsv.write(f"{what}\t{name}\t{unit}\t{numbers}\n")

    def line(self, what, name, unit, values):
        """A figure that stands by itself."""
        figure = Figure.of(values)
        self.say(f"  {name:41} {figure.text()} {unit}".rstrip())
        self.keep(what, name, unit, figure)

    def close(self):
        if self._tsv:
            self._tsv.close()


# --- speeds and their ratios -------------------------------------------------

RATIOS = (("ordercount FILE", "wc -l"), ("ordercount FILE", "On-Demand"),
          ("ordercount FILE", "DOM"), ("ordercount FILE", "yyjson"),
          ("ordercount FILE", "cJSON"), ("ordercount FILE", "jq"),
          ("--threads=2", "ordercount FILE"),
          ("ordercount PIPE", "wc -l PIPE"),
          ("ordercount HOST PORT", "cJSON HOST PORT"),
          ("ordercount HOST PORT", "recv"), ("--time", "ordercount FILE"),
          ("--slide", "--time"), ("--sum", "ordercount FILE"),
          ("--where", "ordercount FILE"), ("--key", "ordercount FILE"),
          ("--key -t", "--key"), ("ordercount tls://", "s_client"))


def short(name):
    """For a line of ratios: FILE, or TCP, instead of ordercount FILE."""
    return name.removeprefix("ordercount ").replace("HOST PORT", "TCP")


def faster_build(speeds, name):
    """The peer of that name, or the faster of its builds; None without any."""
    builds = [peer for peer in speeds
              if peer == name or peer.startswith(name + " -march=")]
    return max(builds, default=None, key=lambda peer: statistics.median(
        run.cpu for run in speeds[peer]))


def report_speeds(report, name, speeds):
    report.say(f"  {'':26} {'GB/s':>8} {'':18} {'GB/CPU s':>8}")
    for peer, runs in speeds.items():
        wall = Figure.of([run.wall for run in runs])
        cpu = Figure.of([run.cpu for run in runs])
        report.say(f"  {peer:26} {wall.text()} {cpu.text()}".rstrip())
        report.keep(name, peer, "GB/s", wall)
        report.keep(name, peer, "GB/CPU s", cpu)
    for ours, other in RATIOS:
        peer = faster_build(speeds, other)
        if ours in speeds and peer:
            report_ratio(report, name, f"{ours} / {other}",
                         f"{short(ours)} : {short(peer)}",
                         list(zip(speeds[ours], speeds[peer])))


def report_ratio(report, corpus, name, label, pairs):
    """Of two peers, round by round."""
    wall = Figure.of([mine.wall / its.wall for mine, its in pairs])
    cpu = Figure.of([mine.cpu / its.cpu for mine, its in pairs])
    label = label.replace(" -march=", " ")
    report.say(f"  x {label:24} {wall.text()} {cpu.text()}".rstrip())
    report.keep(corpus, name, "ratio", wall)
    report.keep(corpus, name, "CPU ratio", cpu)
