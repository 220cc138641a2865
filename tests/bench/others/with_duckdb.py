#!/usr/bin/env python3
"""with_duckdb.py THREADS FILE: counts the lines of FILE by their status with
DuckDB, and prints STATUS, tab, count. 0 threads: as many as it likes."""

import sys

import duckdb

COUNTS = """
    SELECT status, count(*)
    FROM read_json(?, format = 'newline_delimited',
                   columns = {'status': 'VARCHAR'})
    GROUP BY status"""


def main():
    threads, path = int(sys.argv[1]), sys.argv[2]
    connection = duckdb.connect()
    if threads:
        connection.execute(f"SET threads = {threads}")
    for status, count in connection.execute(COUNTS, [path]).fetchall():
        print(f"{status}\t{count}")


if __name__ == "__main__":
    main()
