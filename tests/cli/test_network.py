"""What only a network of its own can show: a namespace with a loopback.

It needs ip and nft, and to be root or to be allowed to be it in a namespace.
"""

import json
import os
import re
import subprocess
import sys

import pytest

import oc

SERVER = os.path.join(oc.ROOT, "scripts", "order-server")
RELAY = os.path.join(oc.ROOT, "tests", "cli", "tls_relay.py")
NAMESPACE = ["unshare", "-n" if os.geteuid() == 0 else "-rn"]

# Every fifth packet of the server is lost. Chance would now and then take one
# packet again and again, which TCP makes up for only after a minute.
LOSSY = """
ip link set lo mtu 1500 up || exit
nft -f - <<'END' || exit
table inet loss {
	chain input {
		type filter hook input priority 0
		tcp sport 9998 numgen inc mod 5 == 4 counter drop
	}
}
END
"$@"
status=$?
nft list chain inet loss input
exit $status
"""


@pytest.fixture
def lossy():
    """lossy(command) runs it where packets are lost: (status, stdout)."""
    def run(command):
        done = subprocess.run(
            [*NAMESPACE, "sh", "-c", LOSSY, "sh", *command], check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=oc.environment({"PATH": os.environ["PATH"] +
                                ":/usr/sbin:/sbin"}),
            timeout=oc.DEADLINE_S)
        return done.returncode, done.stdout
    status, said = run(["true"])
    if status != 0:
        pytest.skip(f"no network of its own: {said.decode().strip()}")
    return run


COUNT = ["-q", "-w", "all", "-f", "json", "--summary"]


def over_tcp(_):
    return "9998", oc.command([*COUNT, "localhost", "9998"])


def over_tls(trust):
    """The packets that are lost hold what is encrypted."""
    return "9997", [
        sys.executable, RELAY, trust.server.cert, trust.server.key,
        "9998", "9997", *oc.command([*COUNT, f"--tls-ca={trust.ca}",
                                     "tls://localhost:9998"])]


@pytest.mark.parametrize("over", [over_tcp, over_tls])
def test_packets_that_are_lost_cost_no_order(lossy, trust, over):
    port, command = over(trust)
    status, out = lossy(
        [SERVER, f"--port={port}", "--rate=0", "--count=20000", "--seed=1",
         "--bad=0.01", "--", *command])
    assert status == 0, out
    rows = [json.loads(line) for line in out.splitlines()
            if line.startswith(b"{")]
    sent = dict(re.findall(r"(\w+)=(\d+)",
                           re.search(rb"sent to all (.*)", out)[1].decode()))
    counts = {row["key"]["status"]: row["count"] for row in rows[:-1]}
    assert counts == {name: int(sent[name]) for name in counts}
    summary = rows[-1]["summary"]
    assert len(counts) == 4 and summary["read"] == 20000
    assert sum(summary["rejected"].values()) == int(sent["bad"])
    assert int(re.search(rb"counter packets (\d+)", out)[1]) > 5, out
