"""A terminal of its own for a command: Ctrl-C and hanging up are real ones."""

import os
import pty
import re
import select
import signal

import oc


class Terminal:
    """A command as the foreground of a terminal that it is the leader of: what a
    person has who types it."""

    def __init__(self, folder, *command):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(command[0], command, oc.environment())
        self.seen = b""

    def read_until(self, pattern, timeout=None):
        """Reads on until the pattern comes; None: until nobody is left."""
        while pattern is None or not re.search(pattern, self.seen, re.S):
            ready, _, _ = select.select([self.master], [], [],
                                        timeout or oc.DEADLINE_S)
            assert ready, f"never showed {pattern}: {self.seen!r}"
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            if not data:
                assert pattern is None, f"no {pattern}: {self.seen!r}"
                return
            self.seen += data

    def type(self, keys):
        os.write(self.master, keys)

    def wait(self, timeout=None):
        """Waits until all of it is gone; returns the command's status."""
        self.read_until(None, timeout)
        status = os.waitpid(self.pid, 0)[1]
        self.pid = None
        return os.waitstatus_to_exitcode(status)

    def hang_up(self):
        os.close(self.master)
        self.master = None

    def close(self):
        if self.pid is not None:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.master is not None:
            self.hang_up()
