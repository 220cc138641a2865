"""Certificates for the tests of TLS, made by openssl.

    authority = Authority(folder)
    pair = authority.issue("server", names=["localhost"], days=1)
    pair.cert, pair.key, authority.cert      # paths of PEM files
"""

import datetime
import subprocess
from typing import NamedTuple

CONFIG = """
[ca]
default_ca = own
[own]
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
crlnumber = {folder}/crlnumber
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
unique_subject = no
policy = any
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
[leaf]
basicConstraints = CA:FALSE
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
"""


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, (arguments, done.stdout.decode())
    return done.stdout


def moment(days):
    """So many days from now, as openssl ca takes it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


def new_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-out", path)


class Pair(NamedTuple):
    """A certificate, with those that it is signed by behind it, and its key."""
    cert: str
    key: str


def add_names(config, names):
    """The config for a certificate that is good for these names."""
    if not names:
        return config
    kinds = ", ".join(
        ("IP:" if name.replace(".", "").isdigit() or ":" in name else "DNS:")
        + name for name in names)
    return config.replace("[leaf]\n", f"[leaf]\nsubjectAltName = {kinds}\n")


class Authority:
    """A CA in a folder of its own; signed_by: by another one, else itself."""

    def __init__(self, folder, name="Test CA", signed_by=None):
        self.folder = folder
        folder.mkdir()
        self.cert = folder / "ca.pem"
        self.chain = b""  # what a server sends besides, so that it is trusted
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        (folder / "crlnumber").write_text("01\n")
        self._config = CONFIG.format(folder=folder)
        self._write_config([])
        new_key(folder / "ca.key")
        if signed_by:
            pair = signed_by.issue(name, extensions="authority",
                                   key=folder / "ca.key")
            self.cert.write_bytes(open(pair.cert, "rb").read())
            self.chain = self.cert.read_bytes()
        else:
            openssl("req", "-x509", "-new", "-key", folder / "ca.key",
                    "-subj", f"/CN={name}", "-days", "30", "-config",
                    folder / "config", "-extensions", "authority", "-out",
                    self.cert)

    def _write_config(self, names):
        (self.folder / "config").write_text(add_names(self._config, names))

    def issue(self, name, names=(), begins=-1, ends=30, extensions="leaf",
              key=None):
        """A Pair called name: good for names, between two days from now."""
        stem = self.folder / name.replace(" ", "-")
        cert, request = f"{stem}.pem", f"{stem}.csr"
        if key is None:
            key = f"{stem}.key"
            new_key(key)
        self._write_config(names)
        config = self.folder / "config"
        openssl("req", "-new", "-key", key, "-subj", f"/CN={name}",
                "-config", config, "-out", request)
        openssl("ca", "-batch", "-notext", "-config", config, "-extensions",
                extensions, "-startdate", moment(begins), "-enddate",
                moment(ends), "-in", request, "-out", cert)
        with open(cert, "ab") as file:
            file.write(self.chain)
        return Pair(cert, str(key))

    def revoke(self, pair):
        openssl("ca", "-config", self.folder / "config", "-revoke", pair.cert)

    def write_list(self, name="list.pem", begins=-1, ends=30):
        """Of the certificates that are revoked by now; returns its path."""
        path = self.folder / name
        openssl("ca", "-gencrl", "-config", self.folder / "config",
                "-crl_lastupdate", moment(begins), "-crl_nextupdate",
                moment(ends), "-out", path)
        return path


def self_signed(folder, name="localhost"):
    """A Pair that only itself vouches for."""
    cert, key = folder / "self.pem", folder / "self.key"
    new_key(key)
    openssl("req", "-x509", "-new", "-key", key, "-subj", f"/CN={name}",
            "-addext", f"subjectAltName=DNS:{name}", "-days", "30",
            "-out", cert)
    return Pair(str(cert), str(key))
