"""The chart of --http's page: its numbers, the table beside it, picking a group
out of it, and pointing at it."""

import pytest

from browser import UNREACHABLE, Keys
from dashboard import (BEGIN, number, orders, picked, record, stamp, until_kept,
                       until_same)

pytestmark = pytest.mark.tools

WINDOWS = 8
COUNTS = {"PAID": 9, "NEW": 5, "LOST": 2}


def counts(window):
    return {status: usual + (usual * window) % 4
            for status, usual in COUNTS.items()}


@pytest.fixture
def shop(dashboard):
    """A run with some windows of three groups."""
    run = dashboard()
    for window in range(WINDOWS):
        run.send(orders(window, counts(window)))
    run.send(orders(WINDOWS, {"PAID": 1}))
    run.windows(WINDOWS)
    return run


@pytest.fixture
def page(shop, browse):
    """Its page, with all of them."""
    opened = browse(shop.url)
    until_same(opened, shop.windows(WINDOWS))
    until_kept(opened, WINDOWS)
    return opened


# Of each line of the chart its height in the middle of each window.
READ_CHART = """
return Chart.getChart("chart").data.datasets.map((set) => set.data
    .filter(({x}) => (x / 1000 - arguments[0]) % 5 === 2.5)
    .map(({y}) => y));
"""

READ_TABLE = """
const texts = (row) => [...row.cells].map((cell) => cell.innerText.trim());
const table = document.getElementById("chart-table");
return [texts(table.tHead.rows[0]), [...table.tBodies[0].rows].map(texts)];
"""


def heights(page):
    return page.script(READ_CHART, BEGIN)


def of_stdout(run, group):
    return [int(window.groups()[group][0])
            for window in run.windows(WINDOWS)]


def test_lines_are_as_high_as_the_counts_of_stdout(shop, page):
    page.click("#mode-lines")
    want = sorted(of_stdout(shop, group) for group in COUNTS)
    page.until(lambda: sorted(heights(page)) == want, "the lines",
               lambda: heights(page))


def test_a_stack_is_as_high_as_all_orders(shop, page):
    page.click("#mode-lines")
    page.click("#mode-stacked")
    want = [int(window.orders) for window in shop.windows(WINDOWS)]
    page.until(lambda: [max(tops) for tops in zip(*heights(page))] == want,
               "the stack", lambda: heights(page))
    assert page.attribute("#mode-stacked", "aria-pressed") == "true"
    assert page.attribute("#mode-lines", "aria-pressed") == "false"


def test_the_table_beside_the_chart_has_the_numbers_of_stdout(shop, page):
    page.click("#chart-as-table")
    page.until(lambda: page.is_shown("#chart-table"), "the table")
    assert not page.is_shown("#chart")
    head, rows = page.script(READ_TABLE)
    for window, row in zip(shop.windows(WINDOWS)[::-1], rows, strict=True):
        assert row[0] == window.start.replace("T", " ").rstrip("Z")
        found = dict(zip(head[1:], map(number, row[1:])))
        assert found.pop("Orders") == window.orders
        assert found.pop("(other)", "0") == "0"
        assert found == {group: count for group, (count, *_)
                         in window.groups().items()}
    page.click("#chart-as-table")
    page.until(lambda: page.is_shown("#chart"), "the chart again")


def test_the_table_beside_the_chart_goes_on_and_marks_partial_windows(
        shop, page):
    page.allow += UNREACHABLE
    page.until_state("#connection", "live")
    shop.client.close()
    until_same(page, shop.windows(WINDOWS + 1))
    until_kept(page, WINDOWS + 1)
    _, rows = page.script(READ_TABLE)
    assert "partial" in rows[0][0] and "partial" not in rows[1][0]
    assert [number(row[1]) for row in rows] == [
        window.orders for window in shop.windows(WINDOWS + 1)[::-1]]


def test_the_chart_forgets_what_the_server_forgets(dashboard, browse):
    run = dashboard("--http-keep=3")
    opened = browse(run.url)
    run.send(orders(0, {"A": 1}))
    for window in range(1, 7):
        run.send(orders(window, {"A": window + 1}))
        until_same(opened, run.windows(window))
        if window == 1:
            opened.click("#mode-lines")
    opened.until(lambda: heights(opened) == [[4, 5, 6]], "the last three",
                 lambda: heights(opened))


def test_a_gap_between_windows_is_a_gap_in_the_chart(shop, page):
    shop.send(orders(WINDOWS + 20, {"PAID": 3}) +
              orders(WINDOWS + 21, {"PAID": 3}))
    until_same(page, shop.windows(WINDOWS + 2))
    page.until(lambda: page.script(
        "return Chart.getChart('chart').data.datasets.every("
        "(set) => set.data.some(({y}) => Number.isNaN(y)))"), "the gap")


# --- picking a group ----------------------------------------------------------

def until_picked(page, *groups):
    page.until(lambda: picked(page) == list(groups), f"{groups} picked",
               lambda: picked(page))


def row(group):
    return f"#groups tr[data-group='{group}']"


def test_a_group_is_picked_by_a_click_and_let_go_by_another(shop, page):
    assert not page.is_shown("#all-groups")
    page.click(f"{row('NEW')} button")
    until_picked(page, "NEW")
    want = of_stdout(shop, "NEW")
    page.until(lambda: heights(page)[0] == want, "it to stand alone below",
               lambda: heights(page))
    page.click(f"{row('LOST')} button")
    until_picked(page, "LOST")
    page.click(f"{row('LOST')} button")
    until_picked(page)
    assert not page.is_shown("#all-groups")


def test_all_groups_shows_all_again(page):
    page.click(f"{row('NEW')} button")
    page.until(lambda: page.is_shown("#all-groups"), "the way back")
    page.click("#all-groups")
    until_picked(page)
    page.until(lambda: len(heights(page)) == len(COUNTS), "all of them")


def test_a_group_stays_picked_when_windows_come(shop, page):
    page.click(f"{row('NEW')} button")
    shop.send(orders(WINDOWS + 1, {"PAID": 1}))
    until_same(page, shop.windows(WINDOWS + 1))
    until_picked(page, "NEW")


def test_a_group_is_picked_where_it_is_drawn(page):
    """The largest group is the lowest area."""
    x, y = page.script("""
        const {left, right, bottom} = Chart.getChart("chart").chartArea;
        const box = document.getElementById("chart").getBoundingClientRect();
        return [(left + right) / 2 - box.width / 2,
                bottom - 5 - box.height / 2]""")
    page.click_at("#chart", x, y)
    until_picked(page, "PAID")


def test_a_group_that_is_markup_can_be_picked(dashboard, browse):
    run = dashboard()
    opened = browse(run.url)
    key = "<b title='x'>\"&</b>"
    run.send(record(0, status=key) * 2 + orders(0, {"A": 1}) +
             orders(1, {"A": 1}))
    until_same(opened, run.windows(1))
    opened.click("#groups tbody tr button")
    until_picked(opened, key)
    assert opened.text("#groups th:has([aria-pressed='true'])").strip() == key


# --- pointing at it -----------------------------------------------------------

def test_a_window_pointed_at_tells_its_numbers(shop, page):
    page.point_at("#chart", 0, 0)
    page.until(lambda: page.is_shown("#tip"), "what is told of it")
    told = page.text("#tip")
    assert any(stamp(at, 0)[11:19] in told and
               f"{window.orders} orders" in told and
               all(group in told for group in COUNTS)
               for at, window in enumerate(shop.windows(WINDOWS))), told
    page.point_at("h1", 0, 0)
    page.until(lambda: not page.is_shown("#tip"), "it to go")


def test_by_keyboard_the_chart_tells_the_same(shop, page):
    page.script("document.getElementById('plot').focus()")
    page.press(Keys.END)
    page.until(lambda: page.is_shown("#tip"), "what is told of it")
    last = shop.windows(WINDOWS)[-1]
    assert f"{last.orders} orders" in page.text("#tip")
    page.press(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_UP)
    second = shop.windows(WINDOWS)[1]
    page.until(lambda: f"{second.orders} orders" in page.text("#tip"),
               "the second window", lambda: page.text("#tip"))
    spoken = page.script("return document.getElementById('spoken').innerText")
    assert f"{second.orders} orders" in spoken and "PAID" in spoken
    page.press(Keys.ENTER)
    until_picked(page, "PAID")
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.is_shown("#tip"), "it to go")


def test_a_stream_of_windows_draws_no_more_than_once_a_frame(shop, page):
    """Hundreds of windows at once are one picture, or a few."""
    page.script("performance.clearMeasures()")
    for window in range(WINDOWS + 1, WINDOWS + 301):
        shop.send(orders(window, {"PAID": 1}))
    until_same(page, shop.windows(WINDOWS + 300))
    assert page.script("return performance.getEntriesByName("
                       "'ordercount:update').length") < 200

