"""A broker, members, merges: what runs while orders are sent.

The broker is one of scripts/kafka-broker. The steps at which the program stops
itself are those of a build of its own, STEPS, which make steps makes.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "cli"))

import oc  # noqa: E402
import rdkafka  # noqa: E402

SCRIPT = os.path.join(oc.ROOT, "scripts", "kafka-broker")
STEPS = os.environ.get("ORDERCOUNT_STEPS") or os.path.join(
    oc.ROOT, "build", "steps", "ordercount")
GROUP = "shop"
ORDERS, PARTIALS = "orders", "partials"
PARTIALS_PARTITIONS = 4
SESSION_S = 6


class Missing(Exception):
    """Something that the test needs is not installed: it is skipped."""


class Broken(Exception):
    """The program did what it must not."""


class Broker:
    """In a folder of its own, on one port for as long as it is used."""

    def __init__(self, folder):
        self.folder = folder
        self.address = None

    @staticmethod
    def call(*words):
        done = subprocess.run([SCRIPT, *words], check=False, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"{SCRIPT} {words}: {done.stderr}")
        return done.stdout

    def install(self):
        if b"kafka" not in oc.run(["--version"]).out.lower():
            raise Missing("ordercount is built without Kafka")
        if rdkafka.LIB is None:
            raise Missing("no librdkafka")
        for tool in ("java", "mvn"):
            if not shutil.which(tool):
                raise Missing(f"no {tool}")
        self.call("install")

    def start(self):
        port = self.address.split(":")[1] if self.address else "0"
        self.address = self.call("start", self.folder, port).split()[0]

    def kill(self):
        self.call("kill", self.folder)


class Run:
    """One start of the program; what it says on stderr is added to a log."""

    def __init__(self, binary, args, log, env=None):
        self.args, self.log = args, log
        self.env = env or {}
        self.started = time.monotonic()
        self.frozen = 0  # times
        self.said_from = os.path.getsize(log) if os.path.exists(log) else 0
        with open(log, "ab") as err:
            err.write(f"--- {env or ''} {' '.join(map(str, args))}\n".encode())
            self.popen = subprocess.Popen(
                [binary, *map(str, args)], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=err,
                env=oc.environment(env))

    def ended(self):
        """Its status, or None while it runs."""
        return self.popen.poll()

    def stopped(self):
        """By SIGSTOP."""
        try:
            with open(f"/proc/{self.popen.pid}/stat", encoding="ascii",
                      errors="replace") as line:
                return line.read().rpartition(")")[2].split()[0] == "T"
        except FileNotFoundError:
            return False

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout_s, statuses):
        """Waits for its end, by one of these."""
        try:
            found = self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Broken(f"no end within {timeout_s} s: {self.told()}") from None
        if found not in statuses:
            raise Broken(f"status {found}, not of {statuses}: {self.told()}")

    def told(self):
        with open(self.log, "rb") as err:
            err.seek(self.said_from)
            return f"{self.log}:\n" + err.read()[-2000:].decode(
                errors="replace")

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()


class Cluster:
    """What all have in common. Closing it ends whatever still runs."""

    def __init__(self, folder, query, partitions, binary):
        self.folder, self.query, self.binary = folder, query, binary
        self.partitions = partitions
        self.runs = []
        self.broker = Broker(os.path.join(folder, "broker"))
        self.producer = None

    def __enter__(self):
        self.broker.install()
        self.broker.start()
        try:
            self.producer = rdkafka.Producer(self.broker.address)
            self.producer.create(ORDERS, self.partitions)
            self.producer.create(PARTIALS, PARTIALS_PARTITIONS)
            # A topic is made before the broker tells all of it.
            self.wait_topic(ORDERS, self.partitions)
            self.wait_topic(PARTIALS, PARTIALS_PARTITIONS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for run in self.runs:
            run.close()
        if self.producer:
            self.producer.close()
        self.broker.kill()
        # Its data is large; its logs stay.
        shutil.rmtree(os.path.join(self.broker.folder, "data"),
                      ignore_errors=True)

    def wait_topic(self, topic, partitions):
        end = time.monotonic() + 30
        while True:
            try:
                return self.producer.ends(topic, partitions)
            except rdkafka.Failed:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def path(self, name):
        return os.path.join(self.folder, name)

    def url(self, topic, more=""):
        return f"kafka://{self.broker.address}/{topic}{more}"

    def start(self, name, args, env=None):
        run = Run(self.binary, ["-v", "--connect-timeout=90s", "-X",
                                "reconnect.backoff.max.ms=1000", *args],
                  self.path(f"{name}.log"), env)
        self.runs.append(run)
        return run

    def member(self, log, name, idle, env=None):
        """name: its lasting one, or None."""
        return self.start(log, [
            f"--group={GROUP}", f"--publish={self.url(PARTIALS)}",
            *([f"--member={name}"] if name else []), *self.query.member(),
            "--from=earliest", f"--idle={idle}",
            "-X", f"session.timeout.ms={SESSION_S * 1000}",
            self.url(ORDERS)], env)

    def merge(self, name, more=(), share="", env=None):
        """Rows go to NAME.rows, its state to NAME.state."""
        return self.start(name, [
            *self.query.merge(), f"--state={self.path(name)}.state",
            "-o", self.path(f"{name}.rows"), *more,
            self.url(PARTIALS, share)], env)

    def rows(self, name):
        try:
            with open(self.path(f"{name}.rows"), "rb") as rows:
                return rows.read()
        except FileNotFoundError:
            return b""

    def wait_committed(self, ends, timeout_s, look=lambda: None):
        """Until the group has committed all of the source; looks meanwhile."""
        end = time.monotonic() + timeout_s
        places = None
        with rdkafka.Group(self.broker.address, GROUP) as group:
            while time.monotonic() < end:
                look()
                try:
                    places = group.committed(ORDERS, self.partitions)
                except rdkafka.Failed as why:
                    places = str(why)
                if not isinstance(places, str) and all(
                        (place.offset or 0) == to
                        for place, to in zip(places, ends)):
                    return
                time.sleep(0.2)
        raise Broken(f"not all was committed within {timeout_s} s: {places}, "
                     f"not {ends}")


class Feeder(threading.Thread):
    """Sends the orders, so many a second, to all partitions side by side."""

    SLICE_S = 0.1

    def __init__(self, producer, orders, rate):
        super().__init__(daemon=True)
        self.producer, self.orders, self.rate = producer, orders, rate
        self.sent = 0
        self.failed = None
        self.over = threading.Event()

    def run(self):
        try:
            while not self.over.is_set():
                values = self.orders.block()
                if values is None:
                    break
                self.send(values)
            if not self.over.is_set():
                self.producer.flush(120000)
        except Exception as why:  # pylint: disable=broad-except
            self.failed = why

    def send(self, values):
        size = sum(map(len, values))
        done = 0
        while done < size and not self.over.is_set():
            start = time.monotonic()
            upto = min(size, done + max(1, int(self.rate * self.SLICE_S)))
            for partition, part in enumerate(values):
                self.producer.send(ORDERS, partition, part[
                    len(part) * done // size:len(part) * upto // size])
            self.sent += upto - done
            done = upto
            if self.rate < float("inf"):
                time.sleep(max(0, start + self.SLICE_S - time.monotonic()))

    def left(self):
        return self.orders.count - self.sent

    def finish(self, timeout_s=600):
        """All that is left, at once."""
        self.rate = 1000000
        self.join(timeout_s)
        if self.failed or self.is_alive():
            raise RuntimeError(f"the orders were not sent: {self.failed}")

    def give_up(self):
        self.over.set()
        self.join(10)
