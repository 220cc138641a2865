"""Records: what is judged in which order, and where each of them is counted."""

import json
import os

import pytest

import oc

REASONS = ("too_long", "invalid_json", "too_deep", "not_object", "missing_key",
           "bad_key")


class Whole:
    """A run with --window=all over bytes: its rows and its summary."""

    def __init__(self, records, *args):
        if not isinstance(records, bytes):
            records = b"".join(r + b"\n" for r in records)
        self.result = oc.run(["-w", "all", "-f", "json", "--summary", *args,
                              "-"], stdin=records)
        assert self.result.status == 0, self.result
        lines = [json.loads(line, parse_int=Number, parse_float=Number)
                 for line in self.result.out.decode().splitlines()]
        self.summary = plain(lines.pop()["summary"])
        self.rows = [(row["key"] and tuple(row["key"].values()),
                      int(row["count"].text)) for row in lines]
        rejected = self.summary["rejected"]
        assert set(rejected) <= set(REASONS)
        assert self.summary["read"] == (
            self.summary["counted"] + sum(rejected.values()) +
            self.summary["filtered"] + self.summary["late"])
        assert self.summary["orders"] == self.summary["counted"] == sum(
            count for _, count in self.rows)

    @property
    def counts(self):
        """By key, a lone column without its tuple; (other) is None."""
        return {key if key is None or len(key) > 1 else key[0]: count
                for key, count in self.rows}


class Number:
    """The literal text of a number: a key is that, never a rounded value."""

    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return isinstance(other, Number) and self.text == other.text

    def __hash__(self):
        return hash(("number", self.text))

    def __repr__(self):
        return f"Number({self.text})"


def plain(value):
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items()}
    return int(value.text) if isinstance(value, Number) else value


def fate(record, *args):
    """Why a record is rejected; None when it counts."""
    summary = Whole(record + b"\n", *args).summary
    assert summary["read"] == 1, summary
    return next(iter(summary["rejected"]), None)


# --- the reasons and their order --------------------------------------------


@pytest.mark.parametrize("record, reason", [
    (b'{"status":"A"}', None),
    (b' \t{ "status" : "A" }\t \r', None),
    (b'{"x":"\\ud800","status":"A"}', None),
    (b'{"x":1e999999999999,"status":"A"}', None),
    (b'{"x":' + b"[" * 999 + b"]" * 999 + b',"status":"A"}', None),
    (b'{"x":' + b"[" * 1000 + b"]" * 1000 + b',"status":"A"}', "too_deep"),
    (b"[" * 1000 + b"]" * 1000, "not_object"),
    (b"[" * 1001, "too_deep"),
    (b"[" * 1000, "invalid_json"),
    (b"]" + b"[" * 1001, "invalid_json"),
    (b"[" * 1001 + b"x", "too_deep"),
    (b"[" * 1000000, "too_deep"),
    (b"{", "invalid_json"),
    (b'{"status":"A"', "invalid_json"),
    (b'{"status":"A",}', "invalid_json"),
    (b'{"status":"A"} {"status":"A"}', "invalid_json"),
    (b'{"status":"A"}{"status":"A"}', "invalid_json"),
    (b'{"status":"A"}\0', "invalid_json"),
    (b'\0{"status":"A"}', "invalid_json"),
    (b'{"status":"A\0"}', "invalid_json"),
    (b'{"status":"A\x1f"}', "invalid_json"),
    (b'{"status":"A\tB"}', "invalid_json"),
    (b'{"status":"A\x7f"}', None),
    (b"{'status':'A'}", "invalid_json"),
    (b'{status:"A"}', "invalid_json"),
    (b'{"status":"A","x":01}', "invalid_json"),
    (b'{"status":"A","x":1.}', "invalid_json"),
    (b'{"status":"A","x":.5}', "invalid_json"),
    (b'{"status":"A","x":+1}', "invalid_json"),
    (b'{"status":"A","x":1e}', "invalid_json"),
    (b'{"status":"A","x":-}', "invalid_json"),
    (b'{"status":"A","x":NaN}', "invalid_json"),
    (b'{"status":"A","x":Infinity}', "invalid_json"),
    (b'{"status":"A","x":True}', "invalid_json"),
    (b'{"status":"A","x":nul}', "invalid_json"),
    (b'{"status":"\\x41"}', "invalid_json"),
    (b'{"status":"\\u00g1"}', "invalid_json"),
    (b'{"status":"\xff"}', "invalid_json"),
    (b'{"status":"\xc0\x80"}', "invalid_json"),
    (b'{"status":"\xed\xa0\x80"}', "invalid_json"),
    (b'{"status":"\xf4\x90\x80\x80"}', "invalid_json"),
    (b'{"status":"\xe2\x82"}', "invalid_json"),
    (b'{"status":"\xf4\x8f\xbf\xbf"}', None),
    (b' \xef\xbb\xbf{"status":"A"}', "invalid_json"),
    (b'\xc2\xa0{"status":"A"}', "invalid_json"),
    (b"[]", "not_object"),
    (b'"status"', "not_object"),
    (b"5", "not_object"),
    (b"null", "not_object"),
    (b"[1", "invalid_json"),
    (b"{}", "missing_key"),
    (b'{"Status":"A"}', "missing_key"),
    (b'{"x":{"status":"A"}}', "missing_key"),
    (b'{"status\\u0000":"A"}', "missing_key"),
    (b"{} x", "invalid_json"),
    (b'{"status":{}}', "bad_key"),
    (b'{"status":[]}', "bad_key"),
    (b'{"status":"\\ud800"}', "bad_key"),
    (b'{"status":"\\udc00\\ud800"}', "bad_key"),
    (b'{"status":"\\ud83d\\ude00"}', None),
    (b'{"status":{}} x', "invalid_json"),
], ids=lambda value: ascii(value)[2:42])
def test_a_record_has_the_first_reason_that_applies(record, reason):
    assert fate(record) == reason


def test_keys_are_judged_in_the_order_given():
    record = b'{"bad":{}}'
    assert fate(record, "-k", "bad,gone") == "bad_key"
    assert fate(record, "-k", "gone,bad") == "missing_key"
    assert fate(record, "-k", "gone", "-k", "bad") == "missing_key"


@pytest.mark.valgrind
def test_a_rejected_record_costs_one_line_and_no_neighbour():
    bad = [b"", b"{", b"[1]", b"{}", b'{"status":[]}', b"[" * 1001,
           b'"' + b"x" * 400 + b'"', b"\0", b"\xff\xfe"]
    records = []
    for line in bad:
        records += [line, b'{"status":"good"}']
    whole = Whole(records, "--max-line", "350")
    assert whole.counts == {"good": len(bad)}
    # The last is [ 1,001 times: too long here, before anything else is said.
    assert whole.summary["rejected"] == {
        "too_long": 2, "invalid_json": 3, "not_object": 1, "missing_key": 1,
        "bad_key": 1}
    assert whole.summary["read"] == 2 * len(bad) - 1


# --- lines -------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"", b"\r"])
def test_a_record_of_just_max_line_is_not_too_long(end):
    for size, reason in ((49, None), (50, None), (51, "too_long")):
        record = b'{"status":"%s"}' % (b"x" * (size - 13))
        assert len(record) == size
        whole = Whole(record + end, "--max-line", "50")
        assert list(whole.summary["rejected"]) == ([reason] if reason else [])
        assert whole.summary["read"] == 1


def test_max_line_takes_sizes():
    record = b'{"status":"%s"}' % (b"x" * 1011)
    assert len(record) == 1024
    assert fate(record, "--max-line", "1K") is None
    assert fate(record + b" ", "--max-line", "1K") == "too_long"


def test_too_long_goes_before_every_other_reason():
    assert fate(b"x" * 51, "--max-line", "50") == "too_long"
    assert fate(b"[" * 2000, "--max-line", "1999") == "too_long"


def test_white_space_alone_is_no_record():
    whole = Whole(b"\n\r\n \t \n\n" b'{"status":"A"}\n' b" \t\r\n\n  ")
    assert whole.summary["read"] == 1
    assert whole.counts == {"A": 1}


def test_crlf_is_an_end_of_line():
    whole = Whole(b'{"status":"A"}\r\n{"status":"A"}\n{"status":"A"}\r\n')
    assert whole.counts == {"A": 3}


def test_a_byte_order_mark_is_skipped_at_the_start_alone():
    mark = b"\xef\xbb\xbf"
    whole = Whole(mark + b'{"status":"A"}\n' + mark + b'{"status":"B"}\n')
    assert whole.counts == {"A": 1}
    assert whole.summary["rejected"] == {"invalid_json": 1}
    assert Whole(mark + b'{"status":"A"}').counts == {"A": 1}
    assert Whole(mark + mark + b'{"status":"A"}').summary["rejected"] == {
        "invalid_json": 1}
    assert Whole(mark).summary["read"] == 0
    assert Whole(mark[:2]).summary["rejected"] == {"invalid_json": 1}


def test_each_file_may_begin_with_a_byte_order_mark(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b'\xef\xbb\xbf{"status":"A"}\n')
    result = oc.run([tmp_path])
    assert oc.counts(result.out) == {"A": 2}, result


def test_an_unfinished_last_line_is_a_record():
    whole = Whole(b'{"status":"A"}\n{"status":"A"}')
    assert whole.counts == {"A": 2}
    whole = Whole(b'{"status":"A"}\n{"status":"A')
    assert whole.counts == {"A": 1}
    assert whole.summary["rejected"] == {"invalid_json": 1}


def test_no_input_is_a_window_without_rows():
    whole = Whole(b"")
    assert whole.rows == []
    assert whole.summary == {"orders": 0, "read": 0, "counted": 0,
                             "rejected": {}, "filtered": 0, "late": 0,
                             "groups": 0}


# --- keys --------------------------------------------------------------------


@pytest.mark.valgrind
def test_group_identity_is_exact():
    whole = Whole([b'{"status":%s}' % key for key in (
        b'"PAID"', b'"\\u0050AID"', b'"paid"', b"1", b"1.0", b"1e0", b"5",
        b'"5"', b"-0", b"0", b"null", b'"null"', b"true", b'"true"', b"false",
        b'""', b'"a\\u0000b"', b'"a\\u0000c"', b'"a"', b'"\\/"', b'"/"',
        b"9007199254740993", b"9007199254740992", b"1e999", b'"\\ud83d\\ude00"',
        '"\U0001f600"'.encode(), b'"(other)"', b'"e\\u0301"', b'"\\u00e9"')])
    one = {Number(n): 1 for n in ("1", "1.0", "1e0", "5", "-0", "0",
                                  "9007199254740993", "9007199254740992",
                                  "1e999")}
    one.update({text: 1 for text in (
        "paid", "5", "null", "true", "", "a\0b", "a\0c", "a", "(other)",
        "e\u0301", "\u00e9")})
    # 1 and True are equal to Python: these three stand apart.
    exact = {repr(key): count for key, count in whole.counts.items()}
    assert exact == {repr(key): count for key, count in {
        **one, None: 1, "PAID": 2, "/": 2, "\U0001f600": 2}.items()
        if key is not None} | {"None": 1, "True": 1, "False": 1}


def test_rows_are_in_the_order_of_their_keys():
    keys = [b"null", b"false", b"true", b"-1e3", b"-1", b"-0", b"-0.0", b"0",
            b"0.5", b"1", b"1.0", b"1e0", b"2", b"10", b"9007199254740992",
            b"9007199254740993", b"1e400", b"1e401", b'""', b'"\\u0000"',
            b'" "', b'"0"', b'"10"', b'"2"', b'"A"', b'"AA"', b'"B"', b'"a"',
            '"é"'.encode(), '"\uffff"'.encode(), '"\U0001f600"'.encode()]
    whole = Whole([b'{"status":%s}' % key for key in reversed(keys)],
                  "--no-header")
    shown = [json.loads(b"[%s]" % key, parse_int=Number,
                        parse_float=Number)[0] for key in keys]
    assert [repr(key[0]) for key, _ in whole.rows] == [
        repr(key) for key in shown]


@pytest.mark.parametrize("unit, size", [
    (b"x", 1), (b"\\u0041", 1), (b"\\n", 1), ("é".encode(), 2),
    (b"\\u20ac", 3), (b"\\ud83d\\ude00", 4)])
def test_a_key_may_have_4096_bytes_once_unescaped(unit, size):
    def record(count):
        return b'{"status":"%s"}' % (unit * count)
    assert fate(record(4096 // size)) is None
    assert fate(record(4096 // size + 1)) == "bad_key"


def test_a_number_key_may_have_4096_digits():
    assert fate(b'{"status":%s}' % (b"7" * 4096)) is None
    assert fate(b'{"status":%s}' % (b"7" * 4097)) == "bad_key"


@pytest.mark.parametrize("field, record, key", [
    ("a.b", b'{"a":{"b":"x"}}', "x"),
    ("a.b", b'{"a.b":"no","a":{"b":"x"}}', "x"),
    ("a.0.b", b'{"a":[{"b":"x"},{"b":"no"}]}', "x"),
    ("a.1.b", b'{"a":[{"b":"no"},{"b":"x"}]}', "x"),
    ("a.0.b", b'{"a":{"0":{"b":"x"}}}', "x"),
    ("/a~1b/0", b'{"a/b":["x"]}', "x"),
    ("/m~0n", b'{"m~n":"x"}', "x"),
    ("/~01", b'{"~1":"x"}', "x"),
    ("/a.b", b'{"a.b":"x","a":{"b":"no"}}', "x"),
    ("/a,b", b'{"a,b":"x"}', "x"),
    ("/", b'{"":"x"}', "x"),
    ("status", b'{"st\\u0061tus":"x"}', "x"),
    ("é", '{"é":"x"}'.encode(), "x"),
    ("status", b'{"status":"no","status":"x"}', "x"),
    ("status", b'{"status":{},"status":"x"}', "x"),
    ("a.b", b'{"a":{"b":"no"},"a":{"b":"x"}}', "x"),
    ("a.b", b'{"a":{"b":"no","b":"x"}}', "x"),
])
def test_a_field_finds_its_value(field, record, key):
    assert Whole(record + b"\n", "-k", field).counts == {key: 1}


@pytest.mark.parametrize("field, record, reason", [
    ("a.b", b'{"a":{"b":"no"},"a":{"c":1}}', "missing_key"),
    ("a.b", b'{"a":{"b":"no"},"a":1}', "missing_key"),
    ("a.b", b'{"a":"b"}', "missing_key"),
    ("a.b", b'{"a.b":"no"}', "missing_key"),
    ("a.1", b'{"a":["no"]}', "missing_key"),
    ("a.00", b'{"a":["no"]}', "missing_key"),
    ("a.-1", b'{"a":["no"]}', "missing_key"),
    ("/a/-", b'{"a":["no"]}', "missing_key"),
    ("/a/01", b'{"a":["no","no"]}', "missing_key"),
    ("status", b'{"status":"no","status":{}}', "bad_key"),
    ("a", b'{"a":{"b":1}}', "bad_key"),
])
def test_a_field_finds_nothing(field, record, reason):
    assert fate(record, "-k", field) == reason


@pytest.mark.valgrind
def test_several_keys_make_one_group():
    records = [b'{"a":"x","b":1}', b'{"b":1,"a":"x"}', b'{"a":"x","b":"1"}',
               b'{"a":"","b":"x1"}', b'{"a":"x1","b":""}', b'{"a":1,"b":"x"}']
    whole = Whole(records, "-k", "a,b")
    assert {repr(key): n for key, n in whole.counts.items()} == {
        repr(("x", Number("1"))): 2, repr(("x", "1")): 1, repr(("", "x1")): 1,
        repr(("x1", "")): 1, repr((Number("1"), "x")): 1}
    assert Whole(records, "-k", "a", "-k", "b").rows == whole.rows


def test_missing_counts_under_the_label():
    records = [b"{}", b'{"status":"none"}', b'{"status":null}',
               b'{"status":{}}']
    whole = Whole(records, "--missing", "none")
    assert whole.counts == {"none": 2, None: 1}
    assert whole.rows[0] == ((None,), 1)
    assert whole.summary["rejected"] == {"bad_key": 1}
    # The label is a string, whatever it looks like.
    assert Whole([b"{}"], "--missing", "5").counts == {"5": 1}
    tsv = oc.run(["-w", "all", "--missing", "5", "-"], stdin=b"{}\n").out
    assert oc.counts(tsv) == {'"5"': 1}
    pair = Whole([b'{"b":1}'], "-k", "a,b", "--missing", "?")
    assert pair.counts == {("?", Number("1")): 1}


# --- which rows there are ----------------------------------------------------


def of(**counts):
    return [b'{"status":"%s"}' % name.encode()
            for name, count in counts.items() for _ in range(count)]


@pytest.mark.valgrind
def test_max_groups_counts_the_rest_in_other_and_says_so_once():
    whole = Whole(of(a=1, b=2, c=3, d=1) + of(a=1, b=1),
                  "--max-groups", "2", "-v")
    assert whole.rows == [(("a",), 2), (("b",), 3), (None, 4)]
    assert whole.summary["groups"] == 2
    assert whole.result.err.count(b"max-groups") == 1
    just = Whole(of(a=1, b=2), "--max-groups", "2")
    assert just.rows == [(("a",), 1), (("b",), 2)]
    assert b"max-groups" not in just.result.err


def test_expected_groups_have_a_name_beyond_max_groups():
    whole = Whole(of(a=1, b=1, z=1), "--max-groups", "1", "--expect", "y",
                  "--expect", "z")
    assert whole.rows == [(("y",), 0), (("z",), 1), (None, 2)]
    assert whole.summary["groups"] == 2


def test_fail_if_groups_have_a_name_beyond_max_groups():
    result = oc.run(["-w", "all", "--max-groups", "1", "--fail-if", "z > 1",
                     "-"], stdin=b"\n".join(of(a=1, b=1, z=2)))
    assert result.status == 3, result
    assert oc.counts(result.out) == {"a": 1, "z": 2, "(other)": 1}


def test_expect_takes_keys_as_tsv_shows_them():
    whole = Whole(b'{"status":5}\n{"status":"5"}\n{"status":"a\\tb"}\n',
                  "--expect", "5", "--expect", '"5"', "--expect", "a\\tb",
                  "--expect", "null", "--expect", '"null"', "--expect", '""')
    assert {repr(k): n for k, n in whole.counts.items()} == {
        "None": 0, repr(Number("5")): 1, "''": 0, "'5'": 1, repr("a\tb"): 1,
        "'null'": 0}
    pair = Whole(b"", "-k", "a,b", "--expect", "x\ty")
    assert pair.rows == [(("x", "y"), 0)]


@pytest.mark.parametrize("key", ["a\\xb", "a\\", "(other)", "(summary)",
                                 "\\u0041", "a\tb", '"x"'])
def test_a_text_that_tsv_never_shows_is_no_expected_key(key):
    result = oc.run(["-w", "all", "--expect", key, "-"])
    assert result.status == 2, result
    assert result.out == b""
    assert b"--expect" in result.err and b"Try 'ordercount --help'" in result.err


@pytest.mark.valgrind
def test_top_keeps_the_largest_and_adds_up_the_rest():
    records = of(a=1, b=5, c=3, d=3, e=2)
    top = Whole(records, "--top", "3")
    assert top.rows == [(("b",), 5), (("c",), 3), (("d",), 3), (None, 3)]
    assert Whole(records, "--top", "2").rows == [  # a tie goes by key
        (("b",), 5), (("c",), 3), (None, 6)]
    assert Whole(records, "--top", "2", "--sort", "key").rows == [
        (("b",), 5), (("c",), 3), (None, 6)]
    assert Whole(of(b=1, a=2), "--top", "1").rows == [(("a",), 2), (None, 1)]
    assert Whole(records, "--top", "5").rows == [
        (("b",), 5), (("c",), 3), (("d",), 3), (("e",), 2), (("a",), 1)]


def test_other_is_last_even_if_it_is_the_largest():
    whole = Whole(of(a=1, b=1, c=9), "--max-groups", "2", "--top", "1",
                  "--sort", "count")
    assert whole.rows == [(("a",), 1), (None, 10)]


def test_sort_by_count_is_largest_first_and_ties_by_key():
    whole = Whole(of(d=2, a=1, b=3, c=2), "--sort", "count")
    assert whole.rows == [(("b",), 3), (("c",), 2), (("d",), 2), (("a",), 1)]


def test_top_cuts_expected_groups_like_others():
    whole = Whole(of(a=2, b=1), "--expect", "x", "--top", "2")
    assert whole.rows == [(("a",), 2), (("b",), 1)]
    whole = Whole(of(a=2), "--expect", "x", "--expect", "y", "--top", "2")
    assert whole.rows == [(("a",), 2), (("x",), 0)]


def test_active_leaves_out_what_had_no_order_but_not_what_is_expected(feed,
                                                                      spawn):
    process = spawn(["-w", "0.1", "--active", "--expect", "e", "-n", "2",
                     "-m", "1000", "-f", "json", "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(b"\n".join(of(a=3, b=2, c=1)) + b"\n")
    process.wait_for(rb'"key":null,"count":1,')
    # In a later window only the expected group has a row.
    later = process.wait_for(lambda out: [
        line for line in out.splitlines()
        if b'"total":0' in line and b'"count":0' in line])
    assert b'"e"' in later[0]
    quiet = json.loads(later[-1])["start"]
    assert [line for line in process.out.splitlines()
            if quiet.encode() in line.split(b",")[0]] == later[-1:]


def test_summary_adds_a_row_to_tsv():
    result = oc.run(["-w", "all", "--summary", "-k", "a,b", "--header", "-"],
                    stdin=b'{"a":1,"b":"x"}\n{}\n{"a":[],"b":1}\n[]\n\n')
    lines = [line.split("\t") for line in result.out.decode().splitlines()]
    assert lines[0] == ["start", "end", "a", "b", "count", "total", "read",
                        "counted", "rejected", "filtered", "late"]
    assert lines[1][2:] == ["1", "x", "1", "1", "", "", "", "", ""]
    assert lines[2][2:] == ["(summary)", "(summary)", "1", "1", "4", "1", "3",
                            "0", "0"]
    assert len(lines) == 3


# --- what is said and kept of rejected records -------------------------------


def test_the_first_of_a_reason_is_shown_with_its_place():
    result = oc.run(["-w", "all", "-"], stdin=(
        b'{"status":"A"}\n\n{"status":"A"} x\n{}\n{"a" 1}\n'))
    lines = result.err.decode().splitlines()
    assert all(line.startswith("ordercount: ") for line in lines)
    first = next(line for line in lines if "invalid_json" in line)
    assert "standard input: line 3, column 16: invalid_json" in first
    assert '{"status":"A"} x' in first
    missing = next(line for line in lines if "missing_key" in line)
    assert "line 4" in missing and "status" in missing
    # The second one of a reason is only counted, within a minute.
    assert "line 5" not in result.err.decode()
    assert "1 more invalid_json" in result.err.decode()


def test_an_excerpt_is_escaped_and_short():
    record = (b'{"status":"\x1b[31m\xc2\x9b\xe2\x80\xae\xff' + b"x" * 5000 +
              b'"}\n')
    err = oc.run(["-w", "all", "-"], stdin=record).err
    assert b"invalid_json" in err
    assert all(byte >= 0x20 or byte == 0x0a for byte in err)
    assert b"\xc2\x9b" not in err and b"\xe2\x80\xae" not in err
    assert b"\xff" not in err
    assert max(len(line) for line in err.splitlines()) < 400


def test_the_place_is_that_of_the_source(tmp_path):
    (tmp_path / "a").write_bytes(b'{"status":"A"}\n' * 9)
    (tmp_path / "b").write_bytes(b'{"status":"A"}\n' * 2 + b"{}\n")
    err = oc.run([tmp_path]).err.decode()
    assert f"{tmp_path}/b: line 3," in err


def test_quiet_says_nothing_of_rejected_records():
    result = oc.run(["-q", "-w", "all", "-"], stdin=b"{\n{}\n")
    assert result.status == 0 and result.err == b""


@pytest.mark.valgrind
def test_rejects_are_appended_as_they_were_read(tmp_path):
    path = tmp_path / "rejects"
    path.write_bytes(b"before\n")
    bad = [b'{"status":[]}', b" {\t", b"[]\r", b"\0\xff", b"{}"]
    stdin = b"".join(b'{"status":"A"}\n' + line + b"\n" for line in bad)
    result = oc.run(["-w", "all", "--rejects", path, "--max-line", "40", "-"],
                    stdin=stdin + b"y" * 41 + b"\n\n" + b'{"last')
    assert result.status == 0
    assert path.read_bytes() == b"".join(
        line + b"\n" for line in [b"before"] + bad + [b'{"last'])
    # It can be read again, and nothing of it counts.
    again = oc.run(["--summary", path])
    assert oc.rows(again.out)[-1].more == ("7", "0", "7", "0", "0"), again


def test_rejects_that_cannot_be_written_are_an_error(tmp_path):
    result = oc.run(["-w", "all", "--rejects", "/dev/full", "-"],
                    stdin=b"{}\n" * 5)
    assert result.status == 1
    assert b"/dev/full" in result.err
    assert result.err.count(b"No space left") == 1
    result = oc.run(["-w", "all", "--rejects", tmp_path / "no" / "where", "-"])
    assert result.status == 1 and result.out == b""
    assert b"No such file" in result.err


def test_strict_ends_at_the_first_rejected_record():
    stdin = b'{"status":"A"}\n' * 3 + b"{}\n" + b'{"status":"B"}\n' * 1000
    result = oc.run(["-w", "all", "--strict", "--summary", "-"], stdin=stdin)
    assert result.status == 1
    rows = oc.rows(result.out)
    assert rows[0].key == ("A",) and rows[0].count == 3
    assert rows[-1].more == ("4", "3", "1", "0", "0")
    assert len(rows) == 2
    assert b"line 4" in result.err and b"missing_key" in result.err
    assert oc.run(["-w", "all", "--strict", "-"],
                  stdin=b'{"status":"A"}\n\n').status == 0


def test_strict_is_said_with_quiet_too():
    result = oc.run(["-q", "-w", "all", "--strict", "-"], stdin=b"{\n")
    assert result.status == 1
    assert result.err.count(b"\n") == 1 and b"invalid_json" in result.err


def test_strict_keeps_the_reject(tmp_path):
    path = tmp_path / "rejects"
    oc.run(["-w", "all", "--strict", "--rejects", path, "-"], stdin=b"{\n}\n")
    assert path.read_bytes() == b"{\n"


def test_tallies_of_a_file_and_of_a_stream_are_the_same(tmp_path):
    data = os.urandom(200000) + b'\n{"status":"A"}\n'
    path = tmp_path / "noise"
    path.write_bytes(data)
    by_file = oc.run(["--summary", path])
    by_pipe = oc.run(["-w", "all", "--summary", "-"], stdin=data)
    assert [row[2:] for row in oc.rows(by_file.out)] == [
        row[2:] for row in oc.rows(by_pipe.out)]
    assert oc.counts(by_file.out) == {"A": 1}
