"""A broker, members, merges: what runs while orders are sent.

The steps at which the program stops itself are those of a build of its own,
STEPS, which make steps makes.
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
from kafka_broker import Broker  # noqa: E402

STEPS = os.environ.get("ORDERCOUNT_STEPS") or os.path.join(
    oc.ROOT, "build", "steps", "ordercount")
GROUP = "shop"
ORDERS, PARTIALS = "orders", "partials"
PARTIALS_PARTITIONS = 4
SESSION_S = 6
COMMITTED_MS = 2000
MERGE_IDLE_S = 2


class Missing(Exception):
    """Something that the test needs is not installed: it is skipped."""


class Broken(Exception):
    """The program did what it must not."""


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
            raise Broken(f"no end within {timeout_s} s: "
                         f"{self.told()}") from None
        if found not in statuses:
            raise Broken(f"status {found}, not of {statuses}: {self.told()}")

    def told(self):
        with open(self.log, "rb") as err:
            err.seek(self.said_from)
            return f"{self.log}:\n" + err.read()[-4000:].decode(
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
        self.broker = self.producer = None

    def __enter__(self):
        if b"kafka" not in oc.run(["--version"]).out:
            raise Missing("ordercount is built without Kafka")
        self.broker = Broker(self.path("broker"))
        try:
            self.broker.create_topic(ORDERS, self.partitions)
            self.broker.create_topic(PARTIALS, PARTIALS_PARTITIONS)
            # Each message once, in order, however often the broker dies.
            self.producer = self.broker.producer(
                enable_idempotence="true", linger_ms=20, message_timeout_ms=0,
                reconnect_backoff_max_ms=500, log_queue="true")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for run in self.runs:
            run.close()
        if self.producer:
            self.producer.close()
        self.broker.close()
        # Its data is large; its logs stay.
        shutil.rmtree(self.path("broker/data"), ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def url(self, topic, more=""):
        return self.broker.url(topic) + more

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
            # Its own silence says nothing while members do not fall idle.
            *self.query.merge(), f"--idle={MERGE_IDLE_S}s",
            f"--state={self.path(name)}.state",
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
        while (found := self.committed()) != ends:
            if time.monotonic() > end:
                raise Broken(f"not all was committed within {timeout_s} s: "
                             f"{found}, not {ends}")
            look()
            time.sleep(0.2)

    def committed(self):
        """The offset of each partition, or why the broker does not say it.

        An admin could ask as well, but librdkafka 2.0.2 crashes when the
        broker has just come back.
        """
        lib = rdkafka.library()
        with rdkafka.Client(rdkafka.Client.CONSUMER, self.broker.address,
                            group_id=GROUP, log_queue="true") as client:
            places = rdkafka.new_list(*((ORDERS, at, -1)
                                        for at in range(self.partitions)))
            try:
                rdkafka.check(lib.rd_kafka_committed(client.handle, places,
                                                     COMMITTED_MS))
                return [max(places.contents.elements[at].offset, 0)
                        for at in range(self.partitions)]
            except rdkafka.KafkaError as why:
                return str(why)
            finally:
                lib.rd_kafka_topic_partition_list_destroy(places)


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
                self.flush()
        except Exception as why:  # pylint: disable=broad-except
            self.failed = why

    def flush(self):
        """The broker may be gone just now."""
        for _ in range(10):
            try:
                return self.producer.flush()
            except rdkafka.KafkaError as why:
                if why.name != "_TIMED_OUT":
                    raise
                last = why
        raise last

    def send(self, values):
        size = sum(map(len, values))
        done = 0
        while done < size and not self.over.is_set():
            start = time.monotonic()
            upto = min(size, done + max(1, int(self.rate * self.SLICE_S)))
            for partition, part in enumerate(values):
                for value in part[len(part) * done // size:
                                  len(part) * upto // size]:
                    self.producer.send(ORDERS, value, partition=partition)
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
