"""What goes wrong while members and a merge run, in the order of a seed.

Members are started so that they kill or freeze themselves at one step of the
protocol, each step in turn; others are killed at any time, leave, and come
back. A member without a lasting name is another one to the broker when it comes
back. One member at least runs undisturbed at any time.
"""

import random
import signal
import time
from collections import Counter
from typing import NamedTuple

from cluster import SESSION_S, Broken

COMMIT_STEPS = ("begin", "produced", "marked", "offsets", "flushed",
                "committed")
# These come when somebody else joins or leaves.
SHARE_STEPS = ("revoke", "revoked", "assigned")
MEMBER_STEPS = COMMIT_STEPS + SHARE_STEPS
MERGE_STEPS = ("saving", "saved")
ANY_TIME = "any time"
STEP_LIMIT_S = 120
END_LIMIT_S = 60


class Plan(NamedTuple):
    """How often, of each."""
    kills: int  # of members
    merge_kills: int
    broker_kills: int
    freezes: int = 0
    leaves: int = 0
    quiet: bool = False  # at the end all are idle, and no window is drained
    share_kills: int = 0

    def actions(self):
        return (self.kills + self.merge_kills + self.broker_kills +
                self.freezes + self.leaves)


class Fate(NamedTuple):
    """What is to become of a run: at a step, or so long after its start."""
    how: str  # kill, freeze
    step: str
    number: int = 1
    after_s: float = 0

    def env(self):
        if self.step == ANY_TIME:
            return {}
        name = {"kill": "STOP", "freeze": "FREEZE"}[self.how]
        return {f"ORDERCOUNT_{name}_AT": f"{self.step}:{self.number}"}


class Slot:
    """Somebody who is started again whenever he ended."""

    def __init__(self, label, start):
        self.label, self.start = label, start
        self.run = self.fate = None
        self.begin_at = 0  # when to start it
        self.thaw_at = None
        self.leaving = None  # since when

    def running(self):
        return self.run is not None and self.thaw_at is None


class Chaos:
    """tell: gets a line for each thing that happened."""

    MEMBERS = (("a", "a"), ("b", "b"), ("c", None))  # label, lasting name

    def __init__(self, cluster, plan, seed, tell):
        self.random = random.Random(seed)
        self.cluster, self.plan, self.tell = cluster, plan, tell
        self.members = [self.member(*who) for who in self.MEMBERS]
        self.guest = self.member("guest", None)
        self.guest.begin_at = None
        self.merger = Slot("merge", lambda fate: cluster.merge(
            "merge", env=fate and fate.env()))
        self.fates = self.member_fates()
        self.merge_fates = [
            self.pick("kill", (*MERGE_STEPS, ANY_TIME)[at % 3])
            for at in range(plan.merge_kills)]
        self.left = {"broker": plan.broker_kills, "leave": plan.leaves}
        self.due = {name: self.later(3, 10) for name in self.left}
        self.done = Counter()
        self.broker_up_at = None
        self.broker_killed_at = 0

    def member(self, label, name):
        return Slot(label, lambda fate: self.cluster.member(
            f"member-{label}", name, "never", fate and fate.env()))

    def later(self, least_s, most_s):
        return time.monotonic() + self.random.uniform(least_s, most_s)

    def pick(self, how, step):
        commits = step in COMMIT_STEPS + MERGE_STEPS
        return Fate(how, step, self.random.choice((1, 2, 3)) if commits else 1,
                    self.random.uniform(0.1, 6) if step == ANY_TIME else 0)

    def member_fates(self):
        """Each step in turn, from one that the seed chooses."""
        steps = (*MEMBER_STEPS, ANY_TIME)
        first = self.random.randrange(len(steps))
        fates = [self.pick("kill", steps[(first + at) % len(steps)])
                 for at in range(self.plan.kills)]
        first = self.random.randrange(len(steps))
        for at in range(self.plan.freezes):
            fates.insert(
                self.random.randrange(len(fates) + 1),
                self.pick("freeze", steps[(first + at * 3) % len(steps)]))
        return fates

    def happened(self, what):
        self.done[what] += 1
        self.tell(f"{what} ({self.left_over()} left)")

    def left_over(self):
        """Actions that are still to come."""
        armed = [s for s in [*self.members, self.merger] if s.fate]
        return len(self.fates) + len(self.merge_fates) + len(armed) + sum(
            self.left.values())

    def step(self):
        """Looks at all once."""
        for slot in [*self.members, self.guest, self.merger]:
            self.look(slot)
        self.broker()
        self.guests()
        self.hurry()

    # --- one that runs -------------------------------------------------------

    def look(self, slot):
        now = time.monotonic()
        if slot.run is None:
            if slot.begin_at is not None and now >= slot.begin_at:
                self.begin(slot)
            return
        status = slot.run.ended()
        if status is not None:
            self.ended(slot, status)
        elif slot.thaw_at is not None:
            if now >= slot.thaw_at:
                slot.run.signal(signal.SIGCONT)
                self.tell(f"{slot.label} thawed")
                slot.thaw_at = None
        elif slot.leaving and now - slot.leaving > END_LIMIT_S:
            raise Broken(f"{slot.label} did not leave within {END_LIMIT_S} s: "
                         f"{slot.run.told()}")
        elif slot.fate:
            self.meet(slot, now - slot.run.started)

    def begin(self, slot):
        slot.fate = None
        if slot is self.merger:
            if self.merge_fates:
                slot.fate = self.merge_fates.pop(0)
        elif slot is not self.guest and self.fates:
            steady = [other for other in self.members if other is not slot and
                      other.running() and not other.fate and not other.leaving]
            if steady and self.random.random() < 0.3:
                self.leave(steady[0])  # to come back with a fate
            elif steady:
                slot.fate = self.fates.pop(0)
        slot.run = slot.start(slot.fate)
        slot.leaving = None
        self.tell(f"{slot.label} started, pid {slot.run.popen.pid}" + (
            f", to {slot.fate.how} itself at {slot.fate.step}:"
            f"{slot.fate.number}" if slot.fate else ""))

    def meet(self, slot, age_s):
        """One that runs has a fate: is it time?"""
        fate = slot.fate
        if fate.how == "freeze" and slot.run.stopped():
            self.froze(slot)
        elif fate.step == ANY_TIME and age_s >= fate.after_s:
            if fate.how == "kill":
                slot.run.signal(signal.SIGKILL)
            else:
                slot.run.signal(signal.SIGSTOP)
                self.froze(slot)
        elif age_s > STEP_LIMIT_S:
            raise Broken(f"{slot.label} did not come to {fate} within "
                         f"{STEP_LIMIT_S} s: {slot.run.told()}")
        elif fate.step in SHARE_STEPS and age_s > 8:
            self.stir()

    def froze(self, slot):
        """Past its session, and now and then past its transaction, too."""
        fate, slot.fate = slot.fate, None
        slot.run.frozen += 1
        slot.thaw_at = self.later(SESSION_S + 1, self.random.choice((9, 16)))
        self.happened(f"{slot.label} frozen at {fate.step}")

    def stir(self):
        """Somebody comes or goes, so that the partitions are shared anew."""
        guest = self.guest
        if guest.run is None:
            if guest.begin_at is None:
                guest.begin_at = time.monotonic()
        elif not guest.leaving and (
                time.monotonic() - guest.run.started > 8):
            self.leave(guest)

    def leave(self, slot):
        slot.leaving = time.monotonic()
        slot.run.signal(signal.SIGTERM)
        self.tell(f"{slot.label} told to leave")

    def ended(self, slot, status):
        run, fate = slot.run, slot.fate
        slot.run = slot.fate = slot.thaw_at = None
        self.cluster.runs.remove(run)
        slot.begin_at = None if slot is self.guest else self.later(
            0, self.random.choice((0.1, 2, 2 + SESSION_S)))
        if status == -signal.SIGKILL and fate and fate.how == "kill":
            self.happened(f"{slot.label} killed at {fate.step}")
        elif status == -signal.SIGTERM and slot.leaving:
            self.tell(f"{slot.label} left")
        elif status == 1 and self.may_be_fenced(run):
            self.happened(f"{slot.label} fenced")
        else:
            raise Broken(f"{slot.label} ended with {status}, fate {fate}: "
                         f"{run.told()}")
        if fate and status != -signal.SIGKILL:
            self.fates.append(fate)

    def may_be_fenced(self, run):
        """One that was away for longer than its session: frozen, or cut off."""
        away = run.frozen or run.started < self.broker_killed_at
        return away and b"fenced" in run.told().encode().lower()

    # --- the others ----------------------------------------------------------

    def broker(self):
        now = time.monotonic()
        if self.broker_up_at is not None:
            if now >= self.broker_up_at:
                self.cluster.broker.start()
                self.broker_up_at = None
                self.tell("broker up")
        elif self.left["broker"] and now >= self.due["broker"]:
            self.cluster.broker.kill()
            self.broker_killed_at = now
            self.left["broker"] -= 1
            self.due["broker"] = self.later(25, 60)
            self.broker_up_at = self.later(0, self.random.choice((0.5, 4)))
            self.happened("broker killed")

    def guests(self):
        """A guest joins and leaves, or one of the house leaves and is back."""
        if not self.left["leave"] or time.monotonic() < self.due["leave"]:
            return
        slot = self.random.choice([self.guest, *self.members])
        if slot is self.guest and slot.run is None:
            slot.begin_at = time.monotonic()
            self.due["leave"] = self.later(4, 12)
        elif slot.running() and not slot.leaving and slot.fate is None:
            self.leave(slot)
            self.left["leave"] -= 1
            self.due["leave"] = self.later(5, 30)
            self.happened(f"{slot.label} leaves")

    def hurry(self):
        """Fates wait, and all run without one: somebody is to come back."""
        steady = [slot for slot in self.members if slot.running() and
                  not slot.fate and not slot.leaving]
        if self.fates and len(steady) == len(self.members) and (
                time.monotonic() - max(s.run.started for s in steady) > 4):
            self.leave(self.random.choice(steady))

    def settle(self):
        """Ends the members; nothing goes wrong from here on."""
        self.fates, self.merge_fates = [], []
        for slot in [*self.members, self.guest]:
            slot.begin_at = None
            if slot.run is None:
                continue
            if slot.thaw_at is not None:
                slot.run.signal(signal.SIGCONT)
            if not slot.leaving:
                slot.run.signal(signal.SIGTERM)
        for slot in [*self.members, self.guest]:
            if slot.run is not None:
                self.farewell(slot)

    def farewell(self, slot):
        slot.run.wait(END_LIMIT_S, {-signal.SIGTERM} | (
            {1} if slot.run.frozen else set()))
        self.tell(f"{slot.label} ended")
        slot.run = None
