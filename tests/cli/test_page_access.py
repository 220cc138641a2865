"""The page of --http for everybody: axe-core finds nothing in any of its
states, all of it can be done by keyboard, and it fits the phone and the wall.

With ORDERCOUNT_SCREENS=FOLDER in the environment the screens are also written
there, to be looked at.
"""

import os

import pytest

from browser import DESK, PHONE, UNREACHABLE, WALL, Keys
from dashboard import (an_afternoon, orders, picked, read, record, until_kept,
                       until_same)

pytestmark = pytest.mark.tools

WINDOWS = 90


def shoot(page, name):
    folder = os.environ.get("ORDERCOUNT_SCREENS")
    if folder:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{name}.png"), "wb") as file:
            file.write(page.picture())


def assert_accessible(page, axe):
    found = page.violations(axe)
    assert not found, "\n".join(found)


def assert_fits(page):
    """Nothing stands out on the right, for which one would have to scroll."""
    width, view = page.script(
        "return [document.documentElement.scrollWidth, innerWidth]")
    assert width <= view


@pytest.fixture
def busy(dashboard):
    """A run with the windows of an afternoon."""
    run = dashboard("--top=4")
    run.send(an_afternoon(WINDOWS))
    run.windows(WINDOWS)
    return run


SCREENS = {"light": {}, "dark": {"dark": True},
           "phone": {"size": PHONE}, "wall": {"size": WALL, "dark": True},
           "narrow": {"size": (320, 640)}}


@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_fits_and_axe_finds_nothing(busy, browse, axe, name):
    page = browse(busy.url, **SCREENS[name])
    until_same(page, busy.windows(WINDOWS))
    until_kept(page, WINDOWS)
    page.until_state("#connection", "live")
    shoot(page, name)
    assert_fits(page)
    assert_accessible(page, axe)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_while_it_waits(dashboard, browse, axe, dark):
    page = browse(dashboard().url, dark=dark)
    page.until_state("#connection", "live")
    shoot(page, f"waiting-{'dark' if dark else 'light'}")
    assert_accessible(page, axe)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_what_is_picked_lost_and_partial(
        dashboard, browse, axe, dark):
    run = dashboard("-k", "shop,status", "--sum=amount")
    page = browse(run.url, dark=dark, allow=UNREACHABLE)
    run.send(b"".join(
        record(window, shop=shop, status=status, amount=1.25) *
        (window * size % 7 + size)
        for window in range(8)
        for shop, status, size in (("Berlin", "PAID", 9), ("Berlin", "NEW", 4),
                                   ("Paris", "PAID", 5), ("Paris", "NEW", 2)))
             + b"{\n")
    until_same(page, run.windows(7))
    tone = "dark" if dark else "light"
    page.click("#groups tbody button")
    page.until(lambda: page.is_shown("#all-groups"), "one to be picked")
    shoot(page, f"picked-{tone}")
    assert_accessible(page, axe)
    page.click("#chart-as-table")
    shoot(page, f"table-{tone}")
    assert_accessible(page, axe)
    page.click("#chart-as-table")
    page.click("#mode-lines")
    page.click("#all-groups")
    shoot(page, f"lines-{tone}")
    assert_accessible(page, axe)
    run.kill()
    page.until_state("#connection", "lost")
    shoot(page, f"lost-{tone}")
    assert_accessible(page, axe)


def test_axe_would_find_something(dashboard, browse, axe):
    page = browse(dashboard().url)
    page.script("document.querySelector('main').append("
                "document.createElement('button'))")
    assert any("button-name" in found for found in page.violations(axe))


# --- by keyboard --------------------------------------------------------------

def tab_to(page, selector, most=60):
    """Presses Tab until it is there, as somebody without a mouse does."""
    for _ in range(most):
        page.press(Keys.TAB)
        if page.script("return document.activeElement.matches(arguments[0])",
                       selector):
            return
    raise AssertionError(f"no Tab leads to {selector}")


def pressed(page, selector):
    return page.attribute(selector, "aria-pressed")


def test_all_of_it_can_be_done_by_keyboard(busy, browse):
    page = browse(busy.url)
    until_same(page, busy.windows(WINDOWS))
    until_kept(page, WINDOWS)
    tab_to(page, "#mode-lines")
    page.press(Keys.ENTER)
    assert pressed(page, "#mode-lines") == "true"
    assert pressed(page, "#mode-stacked") == "false"
    tab_to(page, "#chart-as-table")
    page.press(Keys.SPACE)
    assert pressed(page, "#chart-as-table") == "true"
    page.press(Keys.SPACE)
    assert pressed(page, "#chart-as-table") == "false"
    tab_to(page, "#groups tbody button")
    group = page.script(
        "return document.activeElement.closest('tr').dataset.group")
    page.press(Keys.ENTER)
    page.until(lambda: picked(page) == [group], "the group to be picked")
    # Picking and new windows leave the focus where it was.
    assert page.script("return document.activeElement.closest('tr')"
                       "?.dataset.group") == group
    busy.send(orders(WINDOWS + 1, {"PLACED": 3}))
    until_same(page, busy.windows(WINDOWS + 1))
    assert page.script("return document.activeElement.closest('tr')"
                       "?.dataset.group") == group
    page.press(Keys.ENTER)
    page.until(lambda: picked(page) == [], "all groups to be there again")


def test_what_has_the_focus_can_be_seen(busy, browse):
    page = browse(busy.url)
    until_same(page, busy.windows(WINDOWS))
    until_kept(page, WINDOWS)
    for _ in range(12):
        page.press(Keys.TAB)
        style = page.script("""
            const style = getComputedStyle(document.activeElement);
            return [style.outlineStyle, style.boxShadow]""")
        assert style != ["none", "none"], page.focused()


def test_the_chart_is_told_to_who_cannot_see_it(busy, browse):
    page = browse(busy.url)
    until_same(page, busy.windows(WINDOWS))
    until_kept(page, WINDOWS)
    told = page.attribute("#chart", "aria-label")
    assert f"{WINDOWS} windows" in told and "4 groups" in told
    rows = read(page)["groups"]
    assert page.count("#groups tbody th[scope=row]") == len(rows)


def test_who_wants_no_motion_has_none(busy, browse):
    page = browse(busy.url)
    until_same(page, busy.windows(WINDOWS))
    until_kept(page, WINDOWS)
    page.click("#mode-lines")
    assert page.script("return document.getAnimations().length") == 0


def test_desk_is_what_the_page_is_made_for(busy, browse):
    """One screen: what is now, the chart and the groups, without scrolling."""
    page = browse(busy.url, size=DESK)
    until_same(page, busy.windows(WINDOWS))
    until_kept(page, WINDOWS)
    for selector in ("#rate", "#chart", "#groups tbody tr"):
        bottom = page.script("return document.querySelector(arguments[0])"
                             ".getBoundingClientRect().bottom", selector)
        assert bottom <= DESK[1], selector
