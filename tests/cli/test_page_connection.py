"""The page of --http while its server, its way to it and the sources of the run
come and go."""

import pytest

from browser import UNREACHABLE
from dashboard import orders, shown, until_kept, until_same

pytestmark = pytest.mark.tools


def test_before_the_first_window_it_waits(dashboard, browse):
    run = dashboard()
    page = browse(run.url)
    page.until_state("#connection", "live")
    assert page.is_shown("#waiting")
    run.send(orders(0, {"A": 2}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    assert not page.is_shown("#waiting")


def test_a_server_that_is_killed_is_lost_and_found_again(
        dashboard, browse, feed):
    run = dashboard()
    page = browse(run.url, allow=UNREACHABLE)
    run.send(orders(0, {"A": 2, "B": 1}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    page.until_state("#connection", "live")
    run.kill()
    page.until_state("#connection", "lost")
    assert "lost" in page.text("#connection")
    assert shown(page)["orders"] == "3"  # what was known stays
    again = dashboard(port=run.port)
    again.send(orders(2, {"A": 7, "C": 4}) + orders(3, {"A": 1}))
    page.until_state("#connection", "live")
    until_same(page, again.windows(1))


def test_windows_that_came_while_the_way_was_cut_are_filled_in(
        dashboard, relay, browse):
    run = dashboard()
    way = relay(run.port)
    page = browse(f"http://127.0.0.1:{way.port}/", allow=UNREACHABLE)
    run.send(orders(0, {"A": 2}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    page.until_state("#connection", "live")
    way.cut()
    page.until_state("#connection", "lost")
    for window in range(1, 5):
        run.send(orders(window, {"A": window, "B": 1}))
    run.send(orders(5, {"A": 1}))
    run.windows(5)
    assert shown(page)["total"] == "2"
    way.mend()
    until_same(page, run.windows(5))
    page.until_state("#connection", "live")
    until_kept(page, 5)


# The answer with the windows that are kept is held until somebody says go.
HOLD = """
const real = fetch;
fetch = async (path, ...more) => {
    const answer = await real(path, ...more);
    if (String(path).includes("api/windows")) {
        window.held = true;
        while (!window.go)
            await new Promise((done) => setTimeout(done, 10));
    }
    return answer;
};
"""


@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_window_that_comes_while_the_page_loads_is_not_lost(
        dashboard, browse, before):
    run = dashboard()
    run.send(b"".join(orders(at, {"A": at + 1}) for at in range(before + 1)))
    run.windows(before)
    page = browse(run.url, script=HOLD)
    page.until(lambda: page.script("return window.held"), "it to load")
    run.send(orders(before + 1, {"B": 2}))
    run.windows(before + 1)
    page.script("window.go = true")
    until_same(page, run.windows(before + 1))
    until_kept(page, before + 1)


def test_a_page_opened_before_its_server_is_there_finds_it(
        dashboard, relay, browse):
    run = dashboard()
    way = relay(run.port)
    page = browse(f"http://127.0.0.1:{way.port}/",
                  script="const real = fetch; let refused = 1;"
                  "fetch = (...a) => refused-- > 0"
                  " ? Promise.reject(new TypeError('no')) : real(...a)")
    run.send(orders(0, {"A": 2}) + orders(1, {"A": 1}))
    until_same(page, run.windows(1))
    page.until_state("#connection", "live")


def test_no_more_windows_are_kept_than_the_server_keeps(dashboard, browse):
    run = dashboard("--http-keep=3")
    page = browse(run.url)
    for window in range(6):
        run.send(orders(window, {"A": window + 1}))
    until_same(page, run.windows(5))
    until_kept(page, 3)
    later = browse(run.url)
    until_same(later, run.windows(5))
    until_kept(later, 3)


def test_a_source_that_is_down_is_said_and_one_that_is_back(
        dashboard, browse, feed):
    run = dashboard("--reconnect")
    page = browse(run.url)
    page.until_state("#sources li", "up")
    assert str(feed.port) in page.text("#sources li")
    feed.stop_listening()
    run.client.close()
    page.until_state("#sources li", "down")
    assert "down" in page.text("#sources li")


def test_each_source_has_its_state(spawn, browse, feeds, dashboard):
    first, second = feeds("127.0.0.1"), feeds("127.0.0.1")
    del dashboard  # skips where there is no page
    process = spawn(["--http=0", "-w", "all", "-r",
                     *(f"tcp://127.0.0.1:{feed.port}"
                       for feed in (first, second))])
    url = process.wait_for(rb"http: listening on (http://\S+/)", "err")[1]
    first.accept()
    second.accept()
    page = browse(url.decode())
    page.until(lambda: page.script(
        "return [...document.querySelectorAll('#sources li')].map("
        "(li) => li.dataset.state)") == ["up", "up"], "both to be up")


def test_a_run_that_begins_anew_begins_anew_on_the_page(
        dashboard, browse):
    """The same hour once more: it does not stand twice in the chart."""
    run = dashboard()
    page = browse(run.url, allow=UNREACHABLE)
    for window in range(5):
        run.send(orders(window, {"A": 2}))
    until_same(page, run.windows(4))
    page.until_state("#connection", "live")
    run.client.close()
    assert run.process.wait().status == 0
    page.until_state("#connection", "ended")
    again = dashboard(port=run.port)
    for window in range(3):
        again.send(orders(window, {"A": 3}))
    until_same(page, again.windows(2))
    until_kept(page, 2)
