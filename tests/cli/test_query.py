"""What is asked of the records: sums, filters, groups forgotten, sorting."""

import json
import random
from decimal import Context, Decimal

import pytest

import oc
from reference_windows import holds
from strict_json import Num, Parser

# Enough digits for whatever is added up here.
WIDE = Context(prec=1000)


def rows(out):
    """Rows of json, with numbers as they are spelt."""
    return [json.loads(line, parse_int=Num, parse_float=Num)
            for line in out.splitlines()]


def by_status(out):
    """Rows by their key, the summary as "summary" and (other) as None."""
    found = {}
    for row in rows(out):
        name = "summary" if "summary" in row else (
            row["key"] and row["key"]["status"])
        assert name not in found, out
        found[name] = row
    return found


def counted(args, lines):
    """One window of all the lines, as by_status() has it."""
    result = oc.run(["-w", "all", "-q", "-f", "json", "--summary", *args, "-"],
                    b"".join(line + b"\n" for line in lines))
    assert result.status == 0, result
    return by_status(result.out)


def priced(status, amount):
    """amount: how it is spelt in JSON."""
    return f'{{"status":"{status}","amount":{amount}}}'.encode()


# --- sums --------------------------------------------------------------------


def random_amount(rand):

    digits = "".join(rand.choices("0123456789", k=rand.choice([1, 2, 9, 18,
                                                               19, 40, 99])))
    text = digits.lstrip("0") or "0"
    if rand.random() < 0.6:
        text += "." + "".join(rand.choices("0123456789", k=rand.randrange(
            1, 101 - len(text)) if len(text) < 100 else 1))
    if len(text.replace(".", "")) > 100:
        text = text[:100]
    if rand.random() < 0.3:
        text += rand.choice("eE") + rand.choice(["", "+", "-"]) + str(
            rand.randrange(101))
    if rand.random() < 0.4:
        text = "-" + text
    return text


def scale_of(value):
    return max(0, -value.as_tuple().exponent)


def shown(amounts):
    """The sum as it is shown: exact, with the largest scale, 0 without -."""
    total = Decimal(0)
    for amount in amounts:
        total = WIDE.add(total, amount)
    scale = max(map(scale_of, amounts), default=0)
    total = total.quantize(Decimal(1).scaleb(-scale), context=WIDE)
    return f"{total if total else abs(total):f}"


@pytest.mark.parametrize("seed", range(20))
def test_random_amounts_add_up_exactly(seed):
    rand = random.Random(seed)
    expected = {}
    lines = []
    for _ in range(rand.choice([1, 3, 50, 500])):
        status = rand.choice("abc")
        text = random_amount(rand)
        expected.setdefault(status, []).append(Decimal(text))
        lines.append(priced(status, rand.choice([text, f'"{text}"'])))
    found = counted(["--sum", "amount"], lines)
    summary = found.pop("summary")["summary"]
    assert summary["rejected"] == {}, summary
    assert set(found) == set(expected)
    for status, amounts in expected.items():
        want = shown(amounts)
        assert found[status]["sum"] == want
        assert found[status]["total_sum"] == want


@pytest.mark.parametrize("amounts, shows", [
    (["0.1", "0.2"], "0.3"),
    (["0.1"] * 10, "1.0"),
    (['"12.50"', "12.5"], "25.00"),
    (["-5", "5"], "0"),
    (["-0.50", "0.5"], "0.00"),
    (["-0"], "0"),
    (["-0.01"], "-0.01"),
    (["1e3"], "1000"),
    (["1.50e1"], "15.0"),
    (["1e-2", "1"], "1.01"),
    (["9007199254740993", "1"], "9007199254740994"),
    (["170141183460469231731687303715884105727", "1"],
     "170141183460469231731687303715884105728"),
    (["1e100", "-1e100"], "0"),
    (["1e100", "1e-100"], "1" + "0" * 100 + "." + "0" * 99 + "1"),
    (["9" * 100] * 3, "2" + "9" * 99 + "7"),
    (['"-7e2"', '"\\u0031"'], "-699"),
])
def test_a_sum_shows_the_digits_that_came(amounts, shows):
    found = counted(["--sum", "amount"], [priced("a", a) for a in amounts])
    assert (found["a"]["sum"], found["a"]["total_sum"]) == (shows, shows)


@pytest.mark.parametrize("amount", [
    "1e101", "1e-101", "1e1000000000", "1e-1000000000", "1e99999999999999999",
    "9" * 101, "0." + "0" * 100, "-" + "1" * 101, "1" * 900000,
    '"' + "1" * 900000 + '"', "0." + "1" * 900000, '"1e1000000000"', '""',
    '" 1"', '"1 "', '"01"', '"+1"', '".5"', '"1."', '"0x10"', '"NaN"',
    '"Infinity"', '"1\\u0000"', '"\\ud800"', '"1,5"', "null", "true", "false",
    "{}", "[]", "[1]",
], ids=lambda amount: amount[:20])
def test_an_amount_that_is_none_costs_that_line_alone(amount):
    found = counted(["--sum", "amount"], [
        priced("a", "1.5"), priced("a", amount), priced("a", "2")])
    assert found["a"]["count"] == "2" and found["a"]["sum"] == "3.5"
    assert found["summary"]["summary"]["rejected"] == {"bad_number": "1"}


def test_a_missing_amount_is_none():
    found = counted(["--sum", "a.b"], [b'{"status":"a"}',
                                       b'{"status":"a","a":{"b":"4"}}',
                                       b'{"status":"a","a":{"b":5,"b":6}}'])
    assert found["a"]["sum"] == "10"
    assert found["summary"]["summary"]["rejected"] == {"bad_number": "1"}


def test_an_exponent_may_have_zeros_before_it():
    found = counted(["--sum", "amount"],
                    [priced("a", "1e" + "0" * 5000 + "2")])
    assert found["a"]["sum"] == "100"


def test_other_and_summary_hold_the_rest_and_all():
    args = ["-w", "all", "-q", "--sum=amount", "--top=1", "--summary", "-"]
    lines = [priced("a", "0.10"), priced("a", "0.2"), priced("b", "-1"),
             priced("c", "5.125")]
    out = oc.run(args, b"\n".join(lines)).out.decode().splitlines()
    cells = [line.split("\t")[2:] for line in out]
    assert cells == [["a", "2", "2", "0.30", "0.30", "", "", "", "", ""],
                     ["(other)", "2", "2", "4.125", "4.125"] + [""] * 5,
                     ["(summary)", "4", "4", "4.425", "4.425",
                      "4", "4", "0", "0", "0"]]


def test_groups_without_a_name_add_up_in_other():
    found = counted(["--sum=amount", "--max-groups=1", "--expect=x"], [
        priced("a", "1.5"), priced("x", "1"), priced("b", "-0.25")])
    assert found["x"]["sum"] == "1" and found[None]["sum"] == "1.25"


@pytest.mark.parametrize("form, line", [
    ("tsv", "\ta\t2\t2\t-1.10\t-1.10\n"), ("csv", ",a,2,2,-1.10,-1.10\n"),
    ("json", '"count":2,"total":2,"sum":-1.10,"total_sum":-1.10}\n'),
    ("prometheus", 'ordercount_window_sum{status="a"} -1.10\n')])
def test_every_format_shows_the_sums(form, line):
    result = oc.run(["-w", "all", "--sum=amount", "-f", form, "-"],
                    b"\n".join([priced("a", "1"), priced("a", '"-2.10"')]))
    assert line in result.out.decode(), result


def test_a_window_without_orders_has_the_scale_of_its_total():
    result = oc.run(["-t", "t", "-w", "1m", "-f", "json", "--sum=n", "-"],
                    b'{"t":0,"status":"a","n":1.250}\n'
                    b'{"t":60,"status":"b","n":3}\n'
                    b'{"t":120,"status":"b","n":-4.5}\n')
    assert [(r["key"]["status"], r["sum"], r["total_sum"])
            for r in rows(result.out)] == [
        ("a", "1.250", "1.250"), ("a", "0.000", "1.250"), ("b", "3", "3"),
        ("a", "0.000", "1.250"), ("b", "-4.5", "-1.5")]


# --- filters -----------------------------------------------------------------

OPERATORS = ["=", "==", "!=", "<", "<=", ">", ">="]
VALUES = ["5", "5.0", "-5", "0", "-0", "0.0", "1e1", "10", "5e-1", "0.5",
          "123456789012345678901234567890", "123456789012345678901234567891",
          "1e400", "1e401", "1E-400", "99999999999999999", "null", "true",
          "false", '"5"', '"true"', '""', '"a"', '"ab"', '"b"', '"\\u0061"',
          '"\\u00e9"', '"a\\u0000"', '"A b"', '"\\ud83d\\ude00"']
BARE = ["a", "ab", "", "A b", "nul", "05", "+5", "5x", ".5", "{}", "[1]",
        '"', '"a', "a=b", "\u00e9"]


def passes(expressions, record):
    """By the program: how many of one record it counts."""
    args = [word for e in expressions for word in ("--where", e)]
    summary = counted(args, [record])["summary"]["summary"]
    assert summary["read"] == "1" and summary["rejected"] == {}, summary
    assert int(summary["counted"]) + int(summary["filtered"]) == 1, summary
    return summary["counted"] == "1"


@pytest.mark.parametrize("value", VALUES + BARE)
def test_every_operator_holds_as_the_reference_says(value):
    records = [f'{{"status":{i},"f":{have}}}'
               for i, have in enumerate(VALUES + ["{}", "[1]"])]
    records.append(f'{{"status":{len(records)}}}')
    for operator in OPERATORS:
        expression = f"f{operator}{value}"
        found = counted(["--where", expression],
                        [record.encode() for record in records])
        del found["summary"]
        want = [str(i) for i, record in enumerate(records) if holds(
            Parser(record.encode()).whole(), expression)]
        assert sorted(found, key=int) == want, expression


@pytest.mark.parametrize("expression, record, held", [
    ("a.b = 1", '{"a":{"b":1.0}}', True),
    ("a.1=x", '{"a":["y","x"]}', True),
    ("a.1=x", '{"a":{"1":"x"}}', True),
    ("a.2=x", '{"a":["y","x"]}', False),
    ("/a~1b/0 = 1", '{"a/b":[1]}', True),
    ("/a.b=1", '{"a.b":1}', True),
    ("a.b=1", '{"a.b":1}', False),
    ("a.b!=1", '{"a.b":1}', True),
    ("a!=1", '{}', True),
    ("a!=null", '{}', True),
    ("a=null", '{}', False),
    ("a<5", '{}', False),
    ("a>=null", '{"a":null}', False),
    ("a<=true", '{"a":true}', False),
    ("a<=b", '{"a":"a"}', True),
    ("a<5", '{"a":"4"}', False),
    ('a<"5"', '{"a":"4"}', True),
    ("a==", '{"a":""}', True),
    ("a==b", '{"a":"b"}', True),
    ("a===b", '{"a":"=b"}', True),
    ("a=>5", '{"a":">5"}', True),
    ("a<>5", '{"a":">5"}', False),
    ("a \t=\t 5", '{"a":5}', True),
    ("a = 5 ", '{"a":5}', True),
    ("a=x", '{"a":"y","a":"x"}', True),
    ("a=x", '{"a":"x","a":"y"}', False),
    ("a=x", '{"\\u0061":"\\u0078"}', True),
    ("a={}", '{"a":{}}', False),
    ("a={}", '{"a":"{}"}', True),
    ("a!=[]", '{"a":[]}', True),
    ("a>\ue000", '{"a":"\U00010000"}', True),  # bytes, not UTF-16
    ("a>\ue000", '{"a":"\\ud800\\udc00"}', True),
])
def test_an_expression_is_read_as_it_is_meant(expression, record, held):
    whole = '{"status":"s",' + record[1:] if record != "{}" else (
        '{"status":"s"}')
    assert passes([expression], whole.encode()) == held
    assert holds(Parser(record.encode()).whole(), expression) == held


def test_all_of_several_must_hold():
    lines = [f'{{"status":"s","a":{a},"b":{b}}}'.encode()
             for a in range(4) for b in range(4)]
    found = counted(["--where=a>0", "--where=a<3", "--where=b!=2"], lines)
    assert found["s"]["count"] == "6"
    assert found["summary"]["summary"]["filtered"] == "10"


@pytest.mark.parametrize("expression, says", [
    ("a", b"quote it"), ("", b"quote it"), ("=5", b"no FIELD"),
    (" =5", b"no FIELD"), ("a..b=5", b"a..b=5"), (".=5", b".=5")])
def test_an_expression_that_is_none_is_a_usage_error(expression, says):
    result = oc.run(["--where", expression, "-"])
    assert result.status == 2 and says in result.err, result
    assert result.err.count(b"ordercount: ") == 1


@pytest.mark.parametrize("rest, fate", [
    ('', "filtered"), (',"status":{}', "filtered"), (',"t":"x"', "filtered"),
    (',"n":"x"', "filtered"), ('}', "invalid_json")])
def test_a_filter_goes_before_keys_times_and_numbers(rest, fate):
    result = oc.run(["--where=go=1", "-t", "t", "-w1", "--sum=n", "-q",
                     "--summary", "-f", "json", "-"],
                    b'{"go":1,"status":"a","t":9,"n":1}\n{"go":2' +
                    rest.encode() + b"}\n")
    summary = rows(result.out)[-1]["summary"]
    want = {"filtered": "0", "rejected": {}}
    if fate == "filtered":
        want["filtered"] = "1"
    else:
        want["rejected"] = {fate: "1"}
    assert summary["read"] == "2" and summary["counted"] == "1"
    assert {name: summary[name] for name in want} == want


# --- sorting -----------------------------------------------------------------


def test_rows_are_sorted_by_total_with_and_without_top():
    # The totals are a 5, b 3, c 3, d 1; in the second window d 1, b 1.
    lines = "".join(f'{{"t":{t},"status":"{s}"}}\n' for t, s in
                    [(0, s) for s in "aaaaabbccc"] + [(60, "d"), (60, "b")])
    args = ["-t", "t", "-w", "1m"]

    def second(*more):
        out = oc.run([*args, *more, "-"], lines.encode()).out
        return [(*row.key, row.count, row.total) for row in oc.rows(out)
                if row.start.endswith("01:00Z")]
    assert second("--sort=total") == [
        ("a", 0, 5), ("b", 1, 3), ("c", 0, 3), ("d", 1, 1)]
    # The two largest by count, and then by total.
    assert second("--sort=total", "--top=2") == [
        ("b", 1, 3), ("d", 1, 1), ("(other)", 0, 8)]
    assert second("--sort=total", "--top=3") == [
        ("a", 0, 5), ("b", 1, 3), ("d", 1, 1), ("(other)", 0, 3)]
    assert second("--sort=total", "--active") == [("b", 1, 3), ("d", 1, 1)]
    assert second("--sort=key", "--top=2") == [
        ("b", 1, 3), ("d", 1, 1), ("(other)", 0, 8)]


# --- groups that are forgotten -----------------------------------------------


def timed(args, events):
    """events: (second, key). Each window's {key: (count, total)}, by start."""
    lines = "".join(f'{{"t":{t},"status":"{s}"}}\n' for t, s in events)
    result = oc.run(["-t", "t", "-q", *args, "-"], lines.encode())
    found = {}
    for row in oc.rows(result.out):
        window = found.setdefault(row.start[11:19], {})
        window[row.key[0]] = (row.count, row.total)
    return found


def test_by_event_time_a_group_is_dropped_after_so_long():
    found = timed(["-w10", "--forget=20"], [
        (1, "a"), (9, "b"), (11, "b"), (21, "c"), (29, "c"), (31, "c"),
        (41, "c")])
    assert found == {
        "00:00:00": {"a": (1, 1), "b": (1, 1)},
        "00:00:10": {"a": (0, 1), "b": (1, 2)},
        # At 30 the last of a was 29 s ago: judged after the window's rows.
        "00:00:20": {"a": (0, 1), "b": (0, 2), "c": (2, 2)},
        "00:00:30": {"b": (0, 2), "c": (1, 3), "(other)": (0, 1)},
        "00:00:40": {"c": (1, 4), "(other)": (0, 3)}}


def test_a_group_that_comes_again_begins_anew():
    found = timed(["-w10", "--forget=10"], [
        (1, "a"), (15, "b"), (25, "b"), (35, "a"), (45, "c"), (55, "b")])
    # The rows of the second window still have it.
    assert found["00:00:10"] == {"a": (0, 1), "b": (1, 1)}
    assert found["00:00:20"] == {"b": (1, 2), "(other)": (0, 1)}
    # b was quiet for 15 s at 40, and its row is printed before that.
    assert found["00:00:30"] == {"a": (1, 1), "b": (0, 2), "(other)": (0, 1)}
    assert found["00:00:40"] == {"a": (0, 1), "c": (1, 1), "(other)": (0, 3)}
    assert found["00:00:50"] == {"b": (1, 1), "c": (0, 1), "(other)": (0, 4)}


def test_expected_groups_are_never_forgotten():
    found = timed(["-w10", "--forget=1", "--expect=a", "--expect=z"], [
        (1, "a"), (2, "b"), (15, "c"), (25, "c")])
    assert found["00:00:20"] == {"a": (0, 1), "z": (0, 0), "c": (1, 2),
                                 "(other)": (0, 1)}


def test_one_in_an_open_pane_stays():
    """With a lateness the next window's orders are there already."""
    found = timed(["-w10", "--forget=1", "-l20"], [
        (1, "a"), (11, "a"), (21, "a"), (12, "b"), (45, "x"), (65, "x")])
    assert found["00:00:10"] == {"a": (1, 2), "b": (1, 1)}
    assert found["00:00:20"]["a"] == (1, 3)
    assert found["00:00:20"]["(other)"] == (0, 1)


def test_a_sliding_window_keeps_its_groups():
    found = timed(["-w30", "-s10", "--forget=1"], [
        (1, "a"), (15, "b"), (25, "b"), (35, "b"), (45, "b")])
    # In the window up to 30 for the last time.
    assert found["00:00:00"] == {"a": (1, 1), "b": (2, 2)}
    assert found["00:00:10"] == {"b": (3, 3), "(other)": (0, 1)}


def test_what_is_forgotten_makes_room_for_a_name():
    found = timed(["-w10", "--forget=10", "--max-groups=1"], [
        (1, "a"), (2, "b"), (12, "b"), (25, "b"), (26, "c"), (27, "d")])
    assert found["00:00:10"] == {"a": (0, 1), "(other)": (1, 2)}
    assert found["00:00:20"] == {"c": (1, 1), "(other)": (2, 5)}


def test_the_sums_of_forgotten_groups_are_in_other():
    lines = "".join(f'{{"t":{t},"status":"{s}","n":{n}}}\n' for t, s, n in [
        (1, "a", "1.50"), (2, "b", "-0.125"), (15, "c", 1), (25, "c", 2)])
    result = oc.run(["-t", "t", "-w10", "--forget=10", "--sum=n", "-f", "json",
                     "-"], lines.encode())
    last = rows(result.out)[-2:]
    assert [(r["key"], r["count"], r["total"], r["sum"], r["total_sum"])
            for r in last] == [
        ({"status": "c"}, "1", "2", "2", "3"),
        (None, "0", "2", "0.000", "1.375")]


def test_fail_if_still_knows_a_forgotten_group():
    lines = "".join(f'{{"t":{t},"status":"{s}"}}\n' for t, s in [
        (1, "a"), (15, "b"), (25, "b"), (35, "a"), (36, "a"), (45, "b")])
    result = oc.run(["-t", "t", "-w10", "--forget=1", "--fail-if=a>1", "-"],
                    lines.encode())
    assert result.status == 3, result
    assert b"a" in result.err and b"2" in result.err, result.err
    assert oc.rows(result.out)[-1].start == "1970-01-01T00:00:30Z"


def test_by_arrival_a_quiet_group_is_dropped_by_our_clock(feed, spawn):
    process = spawn(["-w0.1", "--forget=0.3", "--expect=z", "--summary", "-f",
                     "json", "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(oc.order("a") * 3 + oc.order("b"))
    process.wait_for(rb'"key":null,"count":0,"total":4}')
    assert b'"groups":1}' in process.wait_for(
        rb'"key":null[^\n]*\n[^\n]*"groups":\d+}')[0]
    client.send(oc.order("a"))
    process.wait_for(rb'"a"},"count":1,"total":1}')
    client.close()
    result = process.wait()
    assert result.status == 0, result
    total = {}
    for row in rows(result.out):
        if "key" in row:
            total[json.dumps(row["key"])] = int(row["total"])
        else:
            # Without --active the totals are those of all orders.
            assert sum(total.values()) in (0, 4, 5), result.out
            total = {}


@pytest.mark.limits
def test_many_groups_that_are_forgotten_need_no_memory(spawn):
    """Each window has 1,000 groups that never come again."""
    process = spawn(["-t", "t", "-w1", "--forget=1", "--sum=n", "--top=1",
                     "-q", "-"])

    def windows(first, count):
        for t in range(first, first + count):
            process.write("".join(
                f'{{"t":{t},"status":"{t}-{i:0100}","n":1e{i % 90}}}\n'
                for i in range(1000)).encode())
        # The last one is open; those before it are printed.
        process.wait_for(
            lambda out: out.count(b"(other)") >= first + count - 1)
    windows(0, 20)
    early = oc.peak_kib(process.pid)
    windows(20, 180)
    late = oc.peak_kib(process.pid)
    process.close_stdin()
    assert process.wait().status == 0
    assert late < early + 3000, (early, late)
