#!/usr/bin/env python3
"""with_polars.py FILE: counts the lines of FILE by their status with polars,
and prints STATUS, tab, count."""

import sys

import polars


def main():
    orders = polars.scan_ndjson(sys.argv[1], schema={"status": polars.String})
    counts = orders.group_by("status").len().collect(engine="streaming")
    for status, count in counts.rows():
        print(f"{status}\t{count}")


if __name__ == "__main__":
    main()
