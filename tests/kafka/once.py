"""Every order counts once, whatever happens to members, merges and the broker.

A Trial sends orders while Chaos goes on, lets the members come to the end, and
holds what they have committed and what the merge has printed against what was
made.
"""

import json
import os
import signal
import threading
import time

import ledger
from chaos import END_LIMIT_S, Chaos, Plan
from cluster import (ORDERS, PARTIALS, PARTIALS_PARTITIONS, Broken,
                     Cluster, Feeder)
from orders import Orders, Query

ACTION_S = 6  # what one takes, before it is known
END_IDLE_S = 2
PROGRESS_S = 5
LEAST_RATE = 20  # a step of a commit is not reached without orders
SHARES = ("?partitions=0-1", "?partitions=2-3")


# The messages, the windows that they are in, and what goes wrong.
FORMS = {
    "short": (100000, 20, Plan(kills=1, merge_kills=1, broker_kills=1)),
    "middle": (500000, 60, Plan(kills=10, merge_kills=3, broker_kills=2,
                                freezes=2, leaves=2, quiet=True)),
    "whole": (5000000, 300, Plan(kills=100, merge_kills=30, broker_kills=12,
                                 freezes=15, leaves=15, quiet=True,
                                 share_kills=3)),
}


class Trial:
    """folder: of the logs. tell: gets a line for whatever happens."""

    def __init__(self, folder, binary, seed, messages, windows, plan, tell):
        self.seed, self.plan = seed, plan
        self.query = Query()
        self.orders = Orders(seed, messages, windows, query=self.query)
        self.cluster = Cluster(folder, self.query, self.orders.partitions,
                               binary)
        self.started = time.monotonic()
        self.out = tell
        self.complaints = []

    def tell(self, what):
        self.out(f"{time.monotonic() - self.started:7.1f} s  {what}")

    def run(self):
        """Returns the complaints."""
        self.tell(f"seed {self.seed}: {self.orders.count} messages, "
                  f"{self.plan}, in {self.cluster.folder}")
        with self.cluster:
            try:
                chaos = self.disturb()
                ends = self.ends()
                self.settle(chaos, ends)
                self.check(ends)
            except Broken as why:
                self.complain("the run", [str(why)])
        return self.complaints

    def disturb(self):
        chaos = Chaos(self.cluster, self.plan, self.seed, self.tell)
        feeder = Feeder(self.cluster.producer, self.orders,
                        self.rate(chaos, self.orders.count))
        feeder.start()
        try:
            looked = told = time.monotonic()
            while chaos.left_over() or chaos.broker_up_at is not None:
                chaos.step()
                if time.monotonic() - looked > 1:
                    looked = time.monotonic()
                    feeder.rate = self.rate(chaos, feeder.left())
                if (time.monotonic() - told > PROGRESS_S and
                        chaos.broker_up_at is None):
                    told = time.monotonic()
                    self.progress(feeder)
                time.sleep(0.02)
            self.tell(f"all done, {feeder.left()} messages to go")
            feeder.finish()
        finally:
            feeder.give_up()
        self.tell(f"{self.orders.made} messages sent; done: "
                  f"{json.dumps(dict(sorted(chaos.done.items())))}")
        return chaos

    def progress(self, feeder):
        """Where all are; what stands still is seen in this."""
        committed = self.cluster.committed()
        if not isinstance(committed, str):
            committed = sum(committed)
        closed = self.cluster.rows("merge").count(b'"summary"')
        self.tell(f"  {feeder.sent} sent, {committed} committed, "
                  f"{closed} windows of {len(self.orders.cells)}")

    def rate(self, chaos, left):
        """So that messages come to the end when what goes wrong does."""
        all_done = sum(chaos.done.values())
        each_s = ACTION_S
        if all_done >= 5:
            each_s = (time.monotonic() - self.started) / all_done
        return max(left / max(10, each_s * chaos.left_over()), LEAST_RATE)

    def ends(self):
        ends = self.cluster.broker.end_offsets(ORDERS)
        if ends != self.orders.lengths:
            raise RuntimeError(f"sent {self.orders.lengths}, there are {ends}")
        return ends

    def settle(self, chaos, ends):
        """All is committed, all windows close by themselves, all end."""
        if not self.plan.quiet:
            self.cluster.wait_committed(ends, 180, chaos.step)
            self.tell("all is committed")
            chaos.settle()
        else:
            chaos.settle()
            fresh = [self.cluster.member(f"last-{name}", None,
                                         f"{END_IDLE_S}s") for name in "xyz"]
            self.cluster.wait_committed(ends, 180, chaos.step)
            self.tell("all is committed")
            self.wait_closed(chaos)
            for run in fresh:
                run.signal(signal.SIGTERM)
            for run in fresh:
                run.wait(END_LIMIT_S, {-signal.SIGTERM})
        if chaos.merger.run:
            chaos.merger.run.signal(signal.SIGTERM)
            chaos.merger.run.wait(END_LIMIT_S, {-signal.SIGTERM})
        self.tell("the merge ended")

    def wait_closed(self, chaos):
        """Idle: the merge's clock closes the last window."""
        last = max(self.orders.rows())
        limit = time.monotonic() + 60 + (
            END_IDLE_S + self.query.window_s + self.query.lateness_s)
        while f'"start":"{last}"'.encode() not in self.cluster.rows("merge"):
            chaos.step()
            if time.monotonic() > limit:
                raise Broken(f"window {last} did not close")
            time.sleep(0.2)
        self.tell("all windows have closed")

    # --- what came out -------------------------------------------------------

    def complain(self, about, complaints):
        for complaint in complaints:
            self.complaints.append(f"{about}: {complaint}")
            self.tell(f"WRONG {about}: {complaint}")
        if not complaints:
            self.tell(f"right: {about}")

    def check(self, ends):
        rows, tallies = self.orders.rows(), self.orders.tallies
        self.complain("what members committed", ledger.check_partials(
            self.read_partials(), ends, self.orders.deltas(), tallies))
        before = len(self.cluster.rows("merge"))
        self.to_the_end("merge")
        if self.plan.quiet and len(self.cluster.rows("merge")) != before:
            self.complain("the end", ["a window was left to --drain"])
        printed = ledger.Rows(self.cluster.rows("merge"),
                              self.plan.merge_kills)
        self.tell(f"the merge printed {len(printed.windows)} windows, "
                  f"{printed.repeated} of them again after a kill")
        self.complain("what the merge printed", ledger.check_rows(
            printed, rows, tallies))
        self.to_the_end("again")
        self.complain("one merge of all of it", ledger.check_rows(
            ledger.Rows(self.cluster.rows("again")), rows, tallies))
        shares = [f"share-{at}" for at in range(len(SHARES))]
        running = [threading.Thread(target=self.to_the_end, args=(
            name, share, self.plan.share_kills))
            for name, share in zip(shares, SHARES)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        self.complain("two merges that share it", ledger.check_shares(
            [ledger.Rows(self.cluster.rows(name), self.plan.share_kills)
             for name in shares], rows, tallies))

    def read_partials(self):
        partials = ledger.Partials(PARTIALS_PARTITIONS)
        for message in self.cluster.broker.read(PARTIALS):
            partials.add(message)
        self.tell(f"partials: {dict(partials.messages)}")
        return partials

    def to_the_end(self, name, share="", kills=0):
        """A merge of what is there, killed so often before."""
        try:
            for at in range(kills):
                run = self.cluster.merge(name, share=share)
                time.sleep(0.3 + 0.4 * at)
                run.close()
            run = self.cluster.merge(name, ["--until-end", "--drain"], share)
            run.wait(120, {0})
        except (Broken, OSError) as why:
            self.complain(f"merge {name}", [str(why)])
            with open(self.cluster.path(f"{name}.rows"), "ab"):
                pass


