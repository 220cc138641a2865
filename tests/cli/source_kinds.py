"""The kinds of sources, each behind the same few calls: for the tests that all
of them have to pass. How they are written: source_runs.py.
"""

import fcntl
import os
import re
import sys
import termios

import kinesis_service
import oc
from kafka_broker import unique

VERSION = oc.run(["--version"]).out.decode()
BUILT = re.search(r"^Sources: (.*)$", VERSION, re.M)[1].split(", ")


class Source:
    """What all kinds have; a kind says in which way it is another.

    operand: how the program is told to read it, and its label for monitors.
    name: what messages call it. options: what the program has to be given too.
    """

    part = None  # of the program: may not be built in
    options = ()
    env = {}  # what its environment has to have
    # What is sent is read while the run goes on, else it is there before it.
    is_live = True
    # It comes to an end by itself; else with these options, at what was there.
    ends = True
    until_end = ()
    # Bytes, that may be cut anywhere; else what is sent at once is whole.
    is_bytes = False
    # A last line without its LF is a record, else it is left for later.
    half_is_record = True
    # With a state, a later run goes on where this one was.
    keeps_place = False
    # With these, silence of two seconds is the end of it.
    impatient = None
    # So long after it was sent it is counted, if the machine has time.
    lag_s = 0.5
    # It can give as much as is taken of it.
    can_flood = False
    # When it begins to be read all that was sent is there at once.
    comes_at_once = True
    # miss(): there is nothing to open; with --reconnect it goes on trying until
    # appear(), where can_appear.
    can_miss = False
    can_appear = False
    # fail(): it breaks off. With --reconnect it goes on after heal().
    can_fail = False
    can_heal = False

    def __init__(self, folder, fixture):
        """folder: for whatever it needs; fixture(name): a fixture's value."""
        self.folder = folder
        self.fixture = fixture
        self.operand = None
        self.process = None

    @property
    def name(self):
        return self.operand

    @property
    def arguments(self):
        return [*self.options, self.operand]

    def attach(self, process):
        """The program has been started: waits until it can be sent to."""
        self.process = process

    def send(self, data):
        """Whole lines, or anything where is_bytes."""
        raise NotImplementedError

    def until_taken(self):
        """Waits until the program has taken it, where that can be seen."""

    def end(self):
        """Where it ends by itself: this was all."""

    def restart(self):
        """The program is gone, and another one will come."""

    def place(self, number):
        """How messages say where the record of that number stands, counted
        from 1, when each was sent alone: a regular expression."""
        return rf"{re.escape(self.name)}: line {number}"

    def close(self):
        pass


# --- files --------------------------------------------------------------------


class File(Source):
    id = "file"
    is_live = False
    keeps_place = True
    can_miss = True

    def __init__(self, *surroundings):
        super().__init__(*surroundings)
        self.path = self.folder / "orders"
        self.path.touch()
        self.operand = str(self.path)

    def send(self, data):
        with open(self.path, "ab") as file:
            file.write(data)

    def miss(self):
        self.path.unlink()


class Directory(Source):
    """Each time it is sent something, that is a file of its own."""

    id = "directory"
    is_live = False
    keeps_place = True
    can_miss = True

    def __init__(self, *surroundings):
        super().__init__(*surroundings)
        self.path = self.folder / "in"
        self.path.mkdir()
        self.operand = str(self.path)
        self.count = 0

    def send(self, data):
        self.count += 1
        new = self.folder / "new"
        new.write_bytes(data)
        new.rename(self.path / f"{self.count:04}")

    def place(self, number):
        return rf"{re.escape(self.name)}/{number:04}: line 1"

    def miss(self):
        self.path.rmdir()


class Follow(File):
    id = "follow"
    options = ("--follow",)
    is_live = True
    ends = False
    until_end = ("--until-end",)
    is_bytes = True
    half_is_record = False
    can_miss = False  # it waits for it


class FollowDirectory(Directory):
    id = "follow-directory"
    options = ("--follow",)
    is_live = True
    ends = False
    until_end = ("--until-end",)
    half_is_record = False
    can_miss = False


# --- pipes --------------------------------------------------------------------


def until_taken(fd):
    """Waits until nothing is left in a pipe."""
    def left():
        count = bytearray(4)
        fcntl.ioctl(fd, termios.FIONREAD, count)
        return int.from_bytes(count, sys.byteorder)
    oc.until(lambda: not left(), "the pipe to be read", left)


class Fifo(Source):
    part = "fifo"
    id = "fifo"
    is_bytes = True
    can_flood = True

    def __init__(self, *surroundings):
        super().__init__(*surroundings)
        path = self.folder / "fifo"
        os.mkfifo(path)
        self.operand = str(path)
        self.fd = None

    def attach(self, process):
        self.fd = os.open(self.operand, os.O_WRONLY)

    def send(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view):]

    def until_taken(self):
        until_taken(self.fd)

    def end(self):
        os.close(self.fd)
        self.fd = None

    def restart(self):
        self.end()

    def close(self):
        if self.fd is not None:
            self.end()


class Stdin(Source):
    part = "standard input"
    id = "stdin"
    is_bytes = True
    can_flood = True
    name = "standard input"

    def __init__(self, *surroundings):
        super().__init__(*surroundings)
        self.operand = "-"

    def send(self, data):
        self.process.write(data)

    def until_taken(self):
        until_taken(self.process.popen.stdin)

    def end(self):
        self.process.close_stdin()


# --- connections --------------------------------------------------------------


class Tcp(Source):
    part = "tcp"
    id = "tcp"
    impatient = ("--idle-timeout=2s",)
    is_bytes = True
    can_flood = True
    can_miss = True
    can_appear = True
    can_fail = True
    can_heal = True

    def __init__(self, *surroundings):
        super().__init__(*surroundings)
        self.feed = self.open_feed()
        self.operand = self.feed.operand()
        self.options = self.feed.options
        self.client = None

    def open_feed(self):
        return oc.Feed()

    def attach(self, process):
        self.client = self.feed.accept()

    def send(self, data):
        self.client.send(data)

    def until_taken(self):
        self.client.wait_read()

    def end(self):
        self.client.close()

    def miss(self):
        self.feed.stop_listening()

    def appear(self):
        self.feed.listen()

    def fail(self):
        """Once all is read: it would be lost with the connection."""
        self.until_taken()
        self.feed.stop_listening()
        self.client.reset()

    def heal(self):
        self.feed.listen()
        self.client = self.feed.accept()

    def close(self):
        self.feed.close()


class Tls(Tcp):
    part = "tls"
    id = "tls"

    def open_feed(self):
        return self.fixture("trust").feed()

    def fail(self):
        """Without close_notify."""
        self.until_taken()
        self.feed.stop_listening()
        self.client.cut()


# --- services -----------------------------------------------------------------


class Kafka(Source):
    part = "kafka"
    id = "kafka"
    options = ("--from=earliest",)
    ends = False
    until_end = ("--until-end",)
    keeps_place = True
    comes_at_once = False
    can_miss = True
    can_appear = True

    def __init__(self, *surroundings):
        super().__init__(*surroundings)
        self.broker = self.fixture("broker")
        self.topic = self.broker.new_topic()
        self.operand = self.broker.url(self.topic)

    def send(self, data):
        """A message a line, as they come from an application: without LF."""
        self.broker.produce(self.topic, data.removesuffix(b"\n").split(b"\n"))

    def place(self, number):
        return (rf"{re.escape(self.name)}\[0\]: "
                rf"offset {number - 1}, line 1")

    def miss(self):
        """A topic that is not there yet: a broker would take long to start."""
        self.topic = self.topic.replace("topic", "missing")
        self.operand = self.broker.url(self.topic)

    def appear(self):
        self.broker.create_topic(self.topic)


class MortalKafka(Kafka):
    """A broker that dies and comes back."""

    id = "mortal-kafka"
    options = ("--from=earliest", "--connect-timeout=2s", "-X",
               "reconnect.backoff.max.ms=500")
    impatient = ()
    can_miss = False
    can_appear = False
    can_fail = True
    can_heal = True

    def __init__(self, folder, fixture):
        super().__init__(folder, lambda name: fixture("mortal_broker"))
        self.is_dead = False

    def fail(self):
        self.is_dead = True
        self.broker.kill()

    def heal(self):
        self.broker.start()
        self.is_dead = False

    def close(self):
        if self.is_dead:
            self.heal()


class Kinesis(Source):
    part = "kinesis"
    id = "kinesis"
    options = ("--from=earliest", "--connect-timeout=2s")
    impatient = ()
    env = kinesis_service.environment()
    lag_s = 1.5  # a shard may not be asked more than five times a second
    ends = False
    until_end = ("--until-end",)
    keeps_place = True
    comes_at_once = False
    can_miss = True
    can_appear = True
    can_fail = True
    can_heal = True

    def __init__(self, *surroundings):
        super().__init__(*surroundings)
        self.service = self.fixture("kinesis")
        self.stream = unique("orders")
        self.service.create(self.stream)
        self.operand = self.service.source(self.stream)
        self.trouble = None

    def send(self, data):
        """A record a line, without LF."""
        self.service.put(self.stream, *data.removesuffix(b"\n").split(b"\n"))

    def place(self, number):
        return (rf"kinesis://{self.stream}\[shardId-0{{12}}\]: "
                r"sequence number \d+, line 1")

    def fail(self):
        """Each call is cut off."""
        def cut(*_):
            raise ConnectionError
        self.trouble = self.service.rule(None, cut, times=None)

    def heal(self):
        self.trouble.left = 0

    miss, appear = fail, heal


KINDS = [kind for kind in (File, Directory, Follow, FollowDirectory, Fifo,
                           Stdin, Tcp, Tls, Kafka, Kinesis)
         if kind.part is None or kind.part in BUILT]


# Those that need a service of their own, which takes seconds to come back.
MORTALS = [kind for kind in (MortalKafka,) if kind.part in BUILT]
