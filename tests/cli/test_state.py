"""--state: a run goes on where the one before it stopped, whatever is counted,
and its windows are those of one run that nobody disturbed.
"""

import os
import random
import time

import pytest

import oc
from random_times import Maker
from reference_windows import Run, read_stamp
from test_event_time import arguments, check, json_rows


def orders(*times, status="A", field="t"):
    """Lines of one status each, whose times are seconds."""
    return b"".join(b'{"status":"%s","%s":%d}\n' % (
        status.encode(), field.encode(), time) for time in times)


def append(path, data):
    with open(path, "ab") as out:
        out.write(data)


def done(args, **more):
    """What a run printed that has nothing to say."""
    result = oc.run(args, **more)
    assert (result.status, result.err) == (0, b""), result
    return result.out


def totals(tsv):
    """The totals that stood last."""
    return {row.key[0]: row.total for row in oc.rows(tsv)}


def cut(rng, data, pieces):
    """At random places, in the middle of lines too; pieces may be empty."""
    at = sorted(rng.randrange(len(data) + 1) for _ in range(pieces - 1))
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)])]


# --- event time --------------------------------------------------------------


class Sittings(Run):
    """A folder that grows, read by one run after the other on one state."""

    def sit(self, pieces):
        self.live = set(pieces)
        for name in sorted(pieces):
            self.deliver(name, pieces[name])
            self.live.discard(name)
            self.move()

    def drain(self):
        for end in sorted(self.open):
            self.print(end, True)


@pytest.mark.parametrize("seed", range(40))
def test_random_folders_that_grow_between_runs(seed, tmp_path):
    """The half line at the end of a file is the next run's."""
    maker = Maker(seed + 5000)
    rng = random.Random(seed)
    query, count = maker.query, rng.choice([2, 2, 3, 6])
    # A file that came when all had ended is late, or not, by its times: as
    # the reference says, which knows of no file that is not there yet.
    streams = {name: data if rng.random() < 0.5 else data + b"\n"
               for name, data in maker.streams().items()}
    pieces = {name: cut(rng, data, count) for name, data in streams.items()}
    folder = tmp_path / "folder"
    folder.mkdir()
    reference = Sittings(query, streams, time.time_ns())
    args = [*arguments(query), "--state", tmp_path / "state", folder]
    found, kept = [], dict.fromkeys(streams, b"")
    for turn in range(count):
        whole = {}
        for name in streams:
            append(folder / name, pieces[name][turn])
            kept[name] += pieces[name][turn]
            end = kept[name].rfind(b"\n") + 1
            whole[name], kept[name] = kept[name][:end], kept[name][end:]
        reference.sit(whole)
        last = turn == count - 1
        found += json_rows(done([*args, "--drain"] if last else args), query)
        if not last:
            check(found, reference.rows, f"seed {seed}, run {turn}: {args}")
    reference.drain()
    check(found, reference.rows, f"seed {seed}: {args}")




QUERY = ["-t", "t", "-w", 10, "--sum", "amount", "--where", "n>=1"]


def stream(rng, count):
    """Orders that come somewhat late; some are bad, some are filtered."""
    lines = []
    for at in range(count):
        lines.append(rng.choice((
            b'{"t":%d,"status":"%s","amount":%d.5,"n":%d}',) * 20 + (
            b'{"t":%d,"status":"%s","amount":%d,"n":%d',)) % (
                1000 + at - rng.randrange(15), rng.choice((b"A", b"B", b"5")),
                rng.randrange(100), rng.randrange(5)))
    return b"\n".join(lines) + b"\n"


@pytest.mark.parametrize("more", (
    ("-f", "tsv", "--summary", "--header", "-l", "4"),
    ("-f", "csv", "-s", "5", "-l", "4"),
    ("-f", "json", "--top", "1", "--summary", "-s", "2"),
    ("-f", "json", "--forget", "30", "--max-groups", "2", "-l", "30"),
    ("-f", "tsv", "--local-time", "-l", "1d"),
    ("-f", "json", "--follow", "--until-end", "-l", "4"),
))
def test_a_file_in_pieces_prints_what_it_would_print_whole(more, tmp_path):
    """Byte for byte, into the same file: a header stands there but once."""
    rng = random.Random(1)
    data = stream(rng, 600)
    path, out = tmp_path / "orders", tmp_path / "rows"
    path.write_bytes(data)
    whole = done(["-q", *QUERY, *more, path])
    path.write_bytes(b"")
    args = ["-q", *QUERY, *more, "--state", tmp_path / "state", "-o", out, path]
    for piece in cut(rng, data, 8):
        append(path, piece)
        assert done(args) == b""
    done([*args, "--drain"])
    assert out.read_bytes() == whole


def test_the_half_line_at_the_end_is_left_for_the_next_run(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    path.write_bytes(oc.order("A") + b'{"status":')
    args = ["--summary", "--state", state, path]
    first = oc.rows(done(args))
    assert [(r.key[0], r.count, r.total) for r in first] == [
        ("A", 1, 1), ("(summary)", 1, 1)]
    assert first[-1].more == ("1", "1", "0", "0", "0")
    append(path, b'"B"}')  # its newline is missing still
    assert [r.count for r in oc.rows(done(args))] == [0, 0]
    append(path, b"\n" + oc.order("A"))
    assert [(r.key[0], r.count, r.total) for r in oc.rows(done(args))] == [
        ("A", 1, 2), ("B", 1, 1), ("(summary)", 2, 3)]


# --- by arrival --------------------------------------------------------------


def test_each_run_prints_its_own_window_and_the_totals_go_on(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    ends = []
    for turn in range(1, 4):
        append(path, oc.order("A") * 3 + oc.order("B"))
        rows = oc.rows(done(["--state", state, path]))
        assert [(r.key[0], r.count, r.total) for r in rows] == [
            ("A", 3, 3 * turn), ("B", 1, turn)]
        ends += [read_stamp(rows[0].start), read_stamp(rows[0].end)]
    assert ends == sorted(ends)


def test_sums_go_on_with_every_digit(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    for amount in (b"0.1", b'"0.2"', b"99999999999999999999999999999999.25"):
        append(path, b'{"status":"A","n":%s}\n' % amount)
        rows = oc.rows(done(["--sum", "n", "--state", state, path]))
    assert rows[0].more == ("99999999999999999999999999999999.25",
                            "99999999999999999999999999999999.55")


def test_several_sources_each_go_on_where_they_were(tmp_path):
    folder, one, two = (tmp_path / name for name in ("folder", "one", "two"))
    folder.mkdir()
    state = tmp_path / "state"
    append(one, oc.order("A"))
    append(two, oc.order("B"))
    append(folder / "x", oc.order("C"))
    args = ["--state", state]
    assert totals(done([*args, one, two, folder])) == {"A": 1, "B": 1, "C": 1}
    for path in (one, two, folder / "x", folder / "y"):
        append(path, oc.order("D"))
    assert totals(done([*args, two])) == {"A": 1, "B": 1, "C": 1, "D": 1}
    # What was not given is where it was.
    assert totals(done([*args, folder, one])) == {
        "A": 1, "B": 1, "C": 1, "D": 4}
    assert oc.counts(done([*args, one, folder, two])) == {
        "A": 0, "B": 0, "C": 0, "D": 0}


def test_one_file_under_two_names_is_a_usage_error(tmp_path):
    path, link, state = (tmp_path / n for n in ("orders", "link", "state"))
    append(path, oc.order("A"))
    link.symlink_to(path)
    for other in (path, link, f"{tmp_path}/./orders"):
        result = oc.run(["--state", state, path, other])
        assert (result.status, result.out) == (2, b""), result
        assert str(path).encode() in result.err
        assert result.err.endswith(b"Try 'ordercount --help'\n")


def test_what_shows_rows_may_change_between_runs(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    for more in (["-f", "json"], ["--top", "1"], ["--expect", "Z"],
                 ["--active"], ["--max-groups", "1"], ["--max-line", "1000"],
                 ["--drain", "--max-ahead", "1h"], ["--idle", "1"],
                 ["--fail-if", "A>5"], ["-f", "csv", "--sort=total"]):
        append(path, orders(1000, 2000))
        done(["-t", "t", "-w", "10", "--state", state, *more, path])


def test_another_limit_of_groups_is_judged_by_itself(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    path.write_bytes(b"".join(orders(t, status=s)
                              for t, s in ((1000, "A"), (1001, "B"))))
    said = b"groups are known, new ones count in (other)"
    first = oc.run(["--max-groups=1", "--state", state, path])
    assert first.status == 0 and b"1 " + said in first.err
    append(path, orders(1002, status="A"))
    again = oc.run(["--max-groups=1", "--state", state, path])
    assert again.status == 0 and b"1 " + said in again.err
    append(path, b"".join(orders(1003, status=s) for s in "CD"))
    out = done(["--max-groups=3", "--state", state, path])
    assert totals(out) == {"A": 2, "C": 1, "D": 1, "(other)": 1}
    append(path, orders(1004, status="A"))
    done(["--max-groups=3", "--state", state, path])
    append(path, orders(1005, status="E"))
    last = oc.run(["--max-groups=3", "--state", state, path])
    assert last.status == 0 and b"3 " + said in last.err
    assert totals(last.out) == {"A": 3, "C": 1, "D": 1, "(other)": 2}


# --- pipes, standard input, connections --------------------------------------


def through_a_fifo(spawn, path, args, data):
    process = spawn([*args, path])
    with open(path, "wb") as writer:
        writer.write(data)
    result = process.wait()
    assert (result.status, result.err) == (0, b""), result
    return result.out


def test_a_fifo_goes_on_with_its_totals_and_its_watermark(tmp_path, spawn):
    fifo, state = tmp_path / "fifo", tmp_path / "state"
    os.mkfifo(fifo)
    args = ["-t", "t", "-w", "10", "--summary", "--state", state]
    out = through_a_fifo(spawn, fifo, args, orders(1000, 1015, 1016))
    assert [(r.count, r.total) for r in oc.rows(out)] == [(1, 1), (1, 1)]
    # A fifo has no half line to leave: its end is the end of a record.
    out = through_a_fifo(spawn, fifo, args, orders(1005, 1017, 1025)[:-1])
    rows = oc.rows(out)
    assert [(r.count, r.total) for r in rows] == [(3, 4), (3, 4)]
    assert rows[-1].more == ("4", "3", "0", "0", "1")  # 1005 was late


def test_standard_input_goes_on_with_its_totals(tmp_path):
    args = ["--state", tmp_path / "state", "-"]
    assert totals(done(args, stdin=oc.order("A"))) == {"A": 1}
    assert totals(done(args, stdin=oc.order("A") * 2)) == {"A": 3}


def test_a_connection_goes_on_with_its_totals(tmp_path, feed, spawn):
    for total in (1, 2):
        process = spawn(["-w", "1h", "--state", tmp_path / "state",
                         "127.0.0.1", feed.port])
        client = feed.accept()
        client.send(oc.order("A"))
        client.close()
        assert totals(process.wait().out) == {"A": total}


# --- files that are others now -----------------------------------------------


def test_a_file_that_was_truncated_or_replaced_is_read_anew(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    args = ["--state", state, path]
    path.write_bytes(oc.order("A", 1) * 3)
    assert totals(done(args)) == {"A": 3}
    path.write_bytes(oc.order("A", 1))  # shorter
    result = oc.run(args)
    assert totals(result.out) == {"A": 4}
    assert result.err.count(b"\n") == 1 and str(path).encode() in result.err
    path.write_bytes(oc.order("B", 2) * 3)  # longer, and another
    result = oc.run(args)
    assert totals(result.out) == {"A": 4, "B": 3}
    assert result.err.count(b"\n") == 1 and str(path).encode() in result.err
    (tmp_path / "new").write_bytes(oc.order("B", 2) * 3)
    (tmp_path / "new").replace(path)  # the same bytes in another file
    result = oc.run(args)
    assert totals(result.out) == {"A": 4, "B": 6}


def test_a_file_that_was_renamed_is_known_again(tmp_path):
    path, moved, state = (tmp_path / n for n in ("orders", "moved", "state"))
    path.write_bytes(oc.order("A"))
    assert totals(done(["--state", state, path])) == {"A": 1}
    path.rename(moved)
    append(moved, oc.order("A"))
    assert totals(done(["--state", state, moved])) == {"A": 2}


def test_a_tail_that_was_rotated_away_between_runs_is_said(tmp_path):
    path, state = tmp_path / "log", tmp_path / "state"
    args = ["--follow", "--until-end", "--state", state, path]
    path.write_bytes(oc.order("A"))
    assert totals(done([*args])) == {"A": 1}
    append(path, oc.order("A"))
    path.rename(tmp_path / "log.1")  # it lies beside: nothing is lost
    path.write_bytes(oc.order("B"))
    assert totals(oc.run(args).out) == {"A": 2, "B": 1}
    append(path, oc.order("B"))
    path.unlink()
    path.write_bytes(oc.order("C"))
    result = oc.run(args)
    assert totals(result.out) == {"A": 2, "B": 1, "C": 1}
    assert str(path).encode() in result.err


def test_forget_counts_the_time_between_runs(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    args = ["-t", "t", "-w", "10", "--forget", "1h", "--drain", "--state",
            state, path]
    append(path, orders(1000, status="A"))
    assert totals(done(args)) == {"A": 1}
    append(path, orders(9000, status="B"))
    append(path, orders(9020, status="B"))
    rows = [(r.key[0], r.count, r.total) for r in oc.rows(done(args))]
    assert rows[0] == ("A", 0, 1)  # judged after a window's rows
    assert rows[-1] == ("(other)", 0, 1)
    append(path, orders(9040, status="A"))
    assert totals(done(args)) == {"A": 1, "B": 2, "(other)": 1}
