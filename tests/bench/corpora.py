"""The corpora: made once, kept in a cache, and what is in them."""

import glob
import os
import subprocess
from typing import NamedTuple

from building import HERE

# Those that all peers count; the others are for queries.
COMMON = ("plain", "orders", "optional", "items", "text", "fat", "chaos")
CORPORA = (*COMMON, "many", "zipf")


class Corpus(NamedTuple):
    """A file of records, and what is in it."""
    path: str
    size: int
    counts: dict

    @property
    def records(self):
        return sum(self.counts.values())


def read_counts(text):
    """STATUS, tab, count: a line each."""
    return {name: int(count) for name, count in
            (line.split("\t") for line in text.splitlines())}


def corpus(folder, generator, name, size):
    """The corpus of so many bytes, or records ("9r"), from the cache when the
    generator has not changed."""
    path = os.path.join(folder, f"{name}-{size}.jsonl")
    known = path + ".counts"
    source = max(map(os.path.getmtime,
                     glob.glob(os.path.join(HERE, "generate*"))))
    if not (os.path.exists(path) and os.path.exists(known)
            and os.path.getmtime(known) > source):
        made = subprocess.run([generator, name, str(size), path], check=True,
                              stdout=subprocess.PIPE, text=True)
        with open(known, "w", encoding="ascii") as file:
            file.write(made.stdout)
    with open(known, encoding="ascii") as file:
        counts = read_counts(file.read())
    with open(path, "rb") as file:  # into the page cache
        while file.read(1 << 20):
            pass
    return Corpus(path, os.path.getsize(path), counts)
