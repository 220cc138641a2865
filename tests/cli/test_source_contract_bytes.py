"""The bytes of a source, of whatever kind: wherever they are cut, the same
records are in them.
"""

import pytest

import oc
from random_times import Maker
from source_runs import kinds, several, start, until_counted, whole
from test_event_time import arguments, check, json_rows, one_after_the_other

FEED = (b'\xef\xbb\xbf{"status":"P\\u00c9"}\r\n'
        b'{"id":-1.5e+3,"status":"\xf0\x9f\x98\x80"}\n'
        b'\r\n'
        b'{"status":true,"x":[null,{"y":"\\ud83d\\ude00\\\\"}]}\n'
        b'{"status":"\xe2\x82"}\n'
        b'{"status":"0123456789012345678901234567890123456789012345"}\r\n'
        b'[]\n'
        b'{"status":"P\\u00c9"}\n'
        b'{"status":12.50}')
FEED_ARGS = ["-w", "all", "--summary", "--max-line", "55"]


def essence(out):
    """The rows without their times."""
    return [line.split(b"\t", 2)[2] for line in out.splitlines()]


def expected(times=1):
    """The essence of so many FEEDs together."""
    rows = [b"%s\t%d\t%d\t\t\t\t\t" % (key, count * times, count * times)
            for key, count in ((b"true", 1), (b"12.50", 1), (b"P\xc3\x89", 2),
                               (b"\xf0\x9f\x98\x80", 1))]
    tallies = b"\t".join(b"%d" % (count * times)
                         for count in (5, 5, 8, 5, 3, 0, 0))
    return [*rows, b"(summary)\t" + tallies]


@kinds()
def test_a_byte_order_mark_and_ends_of_lines(source, spawn):
    result = whole(spawn, source, [FEED + b"\n"], "-q", *FEED_ARGS)
    assert (result.status, result.err) == (0, b"")
    assert essence(result.out) == expected()


@kinds(lambda kind: kind.is_bytes and kind.ends)
def test_every_byte_offset_as_a_split(source, spawn, request, tmp_path):
    """Each of them by a source of its own, in one run where that can be."""
    offsets = range(len(FEED) + 1)
    if source.id == "stdin":
        runs = [([source], [offset]) for offset in offsets]
    else:
        runs = [(several(source, len(offsets), request, tmp_path), offsets)]
    for sources, splits in runs:
        process = start(spawn, sources[0], "-q", *FEED_ARGS,
                        beside=sources[1:])
        for each, offset in zip(sources, splits):
            each.send(FEED[:offset])
            each.until_taken()
            each.send(FEED[offset:])
            each.end()
        result = process.wait()
        assert result.status == 0
        assert essence(result.out) == expected(len(sources)), (splits, result)


@kinds(lambda kind: kind.is_bytes)
def test_one_byte_at_a_time(source, spawn):
    process = start(spawn, source, "-w", "100ms", "--max-line=55", "--active")
    for at in range(len(FEED)):
        source.send(FEED[at:at + 1])
        source.until_taken()
    source.send(b"\n")
    until_counted(process, {"true": 1, "12.50": 1, "P\u00c9": 2,
                            "\U0001f600": 1})


@kinds()
def test_records_beyond_the_read_buffer(source, spawn):
    records = b"".join(b'{"p":"%s","status":"%d"}\n' % (b"x" * 700_000, n % 2)
                       for n in range(5))
    result = whole(spawn, source, [records], "-w", "all")
    assert (result.status, result.err) == (0, b"")
    assert oc.counts(result.out) == {'"0"': 3, '"1"': 2}


@kinds()
@pytest.mark.parametrize("seed", range(4000, 4005))
def test_a_random_stream_counts_as_the_reference_says(source, spawn, seed):
    maker = Maker(seed)
    data = maker.stream()
    if not data.endswith(b"\n"):
        data += b"\n"
    run = one_after_the_other(maker.query, {source.name: data})
    args = arguments(maker.query)
    result = whole(spawn, source, [data], *args)
    assert (result.status, result.err) == (0, b""), args
    check(json_rows(result.out, maker.query), run.rows, f"{seed}: {args}")
