"""The page of --http in a real browser: that it says what stdout says of the
same windows, whatever the keys are."""

import decimal
import os
import urllib.request

import pytest

import oc
from browser import UNREACHABLE
from dashboard import (number, orders, read, record, shown, until_kept,
                       until_same)


def test_the_numbers_are_those_of_stdout(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    run.send(orders(0, {"PAID": 5, "NEW": 3, "SHIPPED": 1}))
    for window in range(1, 4):
        run.send(orders(window, {"PAID": window, "LOST": 2 * window}))
        until_same(page, run.windows(window))
    total = sum(int(window.orders) for window in run.windows(3))
    assert number(page.text("#total")) == str(total)
    assert number(page.text("#orders")) == run.windows(3)[-1].orders


def test_a_page_that_comes_later_has_what_is_kept(dashboard, browse):
    run = dashboard()
    for window in range(6):
        run.send(orders(window, {"PAID": window + 1, "NEW": 2}))
    run.windows(5)
    until_same(browse(run.url), run.windows(5))


def test_shares_add_up_to_the_whole(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    run.send(orders(0, {"A": 1, "B": 2, "C": 4}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    shares = {row["group"]: float(row["share"].rstrip("%").strip())
              for row in read(page)["groups"]}
    for group, count in {"A": 1, "B": 2, "C": 4}.items():
        assert shares[group] == pytest.approx(100 * count / 7, abs=0.06)


def test_what_was_not_counted_is_told_with_its_reason(dashboard, browse):
    run = dashboard("--where=shop!=closed", "--sum=amount")
    page = browse(run.url)
    run.send(record(0, status="A", amount=1, shop="x") * 7 +
             record(0, status="A", amount=1, shop="closed") * 2 +
             b"{\n" * 3 + b"[]\n" + record(0, amount=1) +
             record(0, status="A", amount="much"))
    run.send(record(1, status="A", amount=1))
    first = run.windows(1)
    assert first[0].tallies["rejected"] == {
        "invalid_json": "3", "not_object": "1", "missing_key": "1",
        "bad_number": "1"}
    assert first[0].tallies["filtered"] == "2"
    until_same(page, first)
    run.send(record(0, status="A", amount=1) * 4 +
             record(2, status="A", amount=1))
    assert run.windows(2)[1].tallies["late"] == "4"
    until_same(page, run.windows(2))


AMOUNTS = ["0.1", "0.2", "1234567890123456789012345678901234567890",
           "-0.00000000000000000001", "9007199254740993"]


@pytest.mark.parametrize("amounts", [AMOUNTS[:2], AMOUNTS[2:3], AMOUNTS],
                         ids=["0.3", "40 digits", "all"])
def test_sums_are_exact_to_the_last_digit(dashboard, browse, amounts):
    run = dashboard("--sum=amount")
    page = browse(run.url)
    for amount in amounts:
        line = record(0, status="A", amount=0)
        run.send(line.replace(b'"amount": 0',
                              b'"amount": ' + amount.encode()))
    run.send(record(1, status="A", amount=1))
    until_same(page, run.windows(1))
    with decimal.localcontext(prec=100):
        total = sum(map(decimal.Decimal, amounts))
    assert shown(page)["groups"]["A"][2] == f"{total:f}"


def test_a_partial_window_is_marked(dashboard, browse):
    run = dashboard()
    page = browse(run.url, allow=UNREACHABLE)
    run.send(orders(0, {"A": 2}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    assert not page.is_shown("#partial")
    page.until_state("#connection", "live")
    run.client.close()
    assert [window.partial for window in run.windows(2)] == [False, True]
    until_same(page, run.windows(2))
    assert page.is_shown("#partial") and "partial" in page.text("#partial")


def test_the_end_of_the_run_is_said(dashboard, browse):
    run = dashboard()
    page = browse(run.url, allow=UNREACHABLE)
    run.send(orders(0, {"A": 2}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    page.until_state("#connection", "live")
    run.client.close()
    assert run.process.wait().status == 0
    page.until_state("#connection", "ended")
    until_same(page, run.windows(2))


def test_by_the_clock_windows_are_the_same(dashboard, browse, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    run = dashboard("-m", "2", fifo, timed=False, seconds=1)
    page = browse(run.url, allow=UNREACHABLE)
    page.until_state("#connection", "live")
    run.send(oc.order("A") * 3 + oc.order("B"))
    with open(fifo, "wb"):  # with its writer the run begins
        assert run.process.wait().status == 0
    page.until_state("#connection", "ended")
    until_same(page, run.windows(2))


def test_windows_that_slide_are_the_same(dashboard, browse):
    run = dashboard("--slide=5", seconds=15)
    page = browse(run.url)
    for window in range(7):
        run.send(orders(window, {"A": 2, "B": window}))
    # Those that end with or before the newest order, but for its own.
    until_same(page, run.windows(6), total=str(sum(2 + n for n in range(6))))
    assert run.windows(6)[-1].orders == str(2 + 3 + 2 + 4 + 2 + 5)
    until_kept(page, 6)


def test_the_groups_are_sorted_by_what_is_asked_for(dashboard, browse):
    run = dashboard("--top=3")
    page = browse(run.url)
    run.send(orders(0, {"C": 9, "A": 3, "B": 5, "D": 1}))
    run.send(orders(1, {"C": 1, "A": 8, "B": 5, "D": 7}))
    run.send(orders(2, {"C": 1}))
    until_same(page, run.windows(2))

    def rows():
        return [row["group"] for row in read(page)["groups"]]
    heads = page.script("return [...document.querySelectorAll('#groups th["
                        "scope=col]')].map((head) => head.innerText.trim())")
    for head, order, way in (
            ("Count", "ADB", "descending"), ("Count", "BDA", "ascending"),
            ("status", "ABD", "ascending"), ("status", "DBA", "descending"),
            ("Total", "ABD", "descending"), ("Total", "DBA", "ascending")):
        cell = f"#groups th:nth-child({heads.index(head) + 1})"
        page.click(f"{cell} button")
        page.until(lambda: rows() == [*order, "(other)"], f"{head} {way}",
                   rows)
        assert page.attribute(cell, "aria-sort") == way


def test_times_are_those_of_the_person_when_asked(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    page.cdp("Emulation.setTimezoneOverride", timezoneId="Asia/Kolkata")
    run.send(orders(0, {"A": 2}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    assert "10:00:00" in page.text("#window")
    page.click("#zone")
    page.until(lambda: "15:30:00" in page.text("#window"), "the local time",
               lambda: page.text("#window"))


def test_several_key_columns_stand_side_by_side(dashboard, browse):
    run = dashboard("-k", "shop,status")
    page = browse(run.url)
    run.send(b"".join(record(0, shop=shop, status=status)
                      for shop in ("Berlin", "Paris", "Paris")
                      for status in ("PAID", "NEW")) +
             record(1, shop="x", status="y"))
    until_same(page, run.windows(1))
    assert shown(page)["groups"]["Paris\tPAID"][0] == "2"
    texts = {row["group"]: row["text"] for row in read(page)["groups"]}
    assert "Paris" in texts["Paris\tNEW"] and "NEW" in texts["Paris\tNEW"]


def test_the_top_is_shown_with_what_is_trending(dashboard, browse):
    run = dashboard("--top=2")
    page = browse(run.url)
    for window in range(6):
        run.send(orders(window, {"Main": 90, "Ball": 60 - window, "Cat": 2,
                                 "Comet": 20 * window + 1}))
    run.send(orders(6, {"Main": 1}))
    until_same(page, run.windows(6))
    assert "(other)" in shown(page)["groups"]
    assert page.is_shown("#trending")
    assert page.attribute("#trending li[data-group]", "data-group") == "Comet"


def test_without_a_top_nothing_is_trending(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    run.send(orders(0, {"A": 2}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    assert not page.is_shown("#trending")


# --- keys that are not nice ---------------------------------------------------

NASTY = ["<img src=x onerror=document.title='hacked'>", "</script><h1>x</h1>",
         "\"'><svg onload=document.title='hacked'>", "&amp;&lt;", "it's",
         "\u0627\u0644\u0637\u0644\u0628 \u05d4\u05d6\u05de\u05e0\u05d4",
         "\U0001f600\U0001f469\u200d\U0001f680", "", "(other)", "null", "5",
         5, None, True, "0.50", "-1e5", " ", "a b", "constructor", "__proto__",
         "toString", "${x}", "%", "\\", "[data-group]"]


def test_keys_that_are_markup_or_names_of_scripts_are_text(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    run.send(b"".join(record(0, status=key) * (at + 1)
                      for at, key in enumerate(NASTY)) +
             record(1, status="A"))
    until_same(page, run.windows(1))
    texts = {row["group"]: row["text"] for row in read(page)["groups"]}
    assert all(text.strip() == group.strip()
               for group, text in texts.items()), texts
    assert "hacked" not in page.driver.title
    assert page.count("#groups img, #groups svg:not(.spark svg), h1 + h1") == 0


def test_a_key_cannot_turn_what_stands_beside_it_around(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    turned = "\u202etxt.exe\u2066"
    run.send(record(0, status=turned) + record(1, status="A"))
    run.windows(1)
    page.until(lambda: shown(page)["orders"] == "1", "the window")
    [group] = read(page)["groups"]
    assert group["group"] == r"\u202etxt.exe\u2066"
    assert group["text"] == group["group"]


def test_a_key_of_4096_bytes_is_cut_for_the_eye_alone(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    long = "long " * 819 + "x"
    run.send(record(0, status=long) * 3 + record(0, status="short") +
             record(1, status="A"))
    until_same(page, run.windows(1))
    height, width, view = page.script("""
        const row = [...document.querySelectorAll("#groups tbody tr")].find(
            (row) => row.getAttribute("data-group").length > 4000);
        return [row.offsetHeight, document.documentElement.scrollWidth,
                innerWidth]""")
    assert height < 80 and width <= view


def test_ten_thousand_groups_are_a_top_and_other(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    run.send(b"".join(orders(0, {f"g{number:05}": 1 + (number % 100 == 7)})
                      for number in range(10000)) + orders(1, {"A": 1}))
    [window] = run.windows(1)
    page.until(lambda: shown(page)["orders"] == "10100", "the window")
    page.until(lambda: shown(page)["groups"], "its groups")
    groups = shown(page)["groups"]
    assert len(groups) == 101 and "(other)" in groups
    assert sum(int(row[0]) for row in groups.values()) == 10100
    assert sum(int(row[1]) for row in groups.values()) == 10100
    of_stdout = window.groups()
    assert all(row == of_stdout[group] for group, row in groups.items()
               if group != "(other)")
    assert sum(row[0] == "2" for row in groups.values()) == 100


# --- where it comes from ------------------------------------------------------

def test_nothing_comes_from_elsewhere_and_nothing_is_inline(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    run.send(orders(0, {"A": 2}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    asked = page.requested()
    assert {"/", "/page.css", "/page.js", "/chart.js"} <= set(asked), asked
    for path in sorted({path.partition("?")[0] for path in asked}):
        if path == "/events":
            continue
        with urllib.request.urlopen(run.url + path[1:],
                                    timeout=oc.DEADLINE_S) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_policy_stops_what_is_inline(dashboard, browse):
    """That the tests would see it if there were any."""
    run = dashboard()
    page = browse(run.url)
    page.script("const it = document.createElement('script');"
                "it.textContent = 'document.title = 1';"
                "document.body.append(it)")
    page.until(lambda: page.heard("Content Security Policy"),
               "the browser to say so")
    page.allow.append("Content Security Policy")
