"""tls:// beside openssl s_client, from the same server, which sends a corpus
from memory: in large records, in small ones, and an order a record.
"""

import shutil
import subprocess
from pathlib import Path

import oc
from building import build, output_of
from certificates import Authority
from figures import report_speeds
from measuring import Sender, measure
from peers import Peer, number

RECORDS = (("16 KiB", 16384), ("1000 bytes", 1000), ("an order", 84))


def peers(authority):
    def trusting(port):
        return oc.command([f"--tls-ca={authority.cert}",
                           f"tls://localhost:{port}"])
    # It goes on to the end, since -quiet ignores that of its input.
    read = "openssl s_client -quiet -connect localhost:$0 2>/dev/null"
    yield Peer("ordercount tls://", "", trusting, oc.counts)
    yield Peer("s_client", "",
               lambda port: ["sh", "-c", f"{read} | wc -c",
                             str(port)],
               number, lambda corpus: corpus.size)


def report_tls(report, folder, whole, rounds):
    """whole: of plain orders, so that a record can be one of them."""
    if not (shutil.which("openssl") and
            output_of(["pkg-config", "--modversion", "openssl"]) and
            b"OpenSSL" in oc.run(["--version"]).out):
        report.note("tls://", "not measured: no OpenSSL; scripts/setup bench")
        return
    server = build(folder, "serve_tls", "-lssl", "-lcrypto")
    keys = Path(folder) / "tls"
    shutil.rmtree(keys, ignore_errors=True)
    authority = Authority(keys)
    pair = authority.issue("server", names=["localhost"])
    report.note("s_client", output_of(["openssl", "version"]))
    for name, size in RECORDS:
        report.say()
        report.say(f"TLS, {name} a record: {whole.size / 1e6:.0f} MB")
        sender = Sender(server, whole.path, pair.cert, pair.key, str(size))
        found = list(peers(authority))
        speeds = {peer.name: [] for peer in found}
        try:
            for _ in range(rounds):
                for peer in found:
                    speeds[peer.name].append(
                        measure(peer, sender.port, whole))
        finally:
            sender.close()
        report_speeds(report, f"tls, {name}", speeds)
