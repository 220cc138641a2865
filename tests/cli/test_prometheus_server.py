"""Prometheus scrapes a program that runs: the rate is the feed's, nothing
falls, and what is gone is gone."""

import json
import re
import shutil
import signal

import pytest

import oc
from monitoring import Prometheus, SteadyFeed, get, port_of, promtool
from test_monitors import expressions

RATES = {"PAID": 300, "NEW": 100}
ODD = ["", "5", "null", '"', "\\", "a\nb", "a\\nb", "(other)", "a b", "<b>",
       "\u202e", "Gr\u00fc\u00dfe \U0001f4e6", "{x=\"y\"} 1", "#"]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    if not shutil.which("prometheus"):
        pytest.skip("prometheus is missing: scripts/setup test")
    with Prometheus(tmp_path_factory.mktemp("prometheus"), 8) as server:
        yield server


@pytest.fixture
def target(prometheus):
    """A port that Prometheus scrapes."""
    return prometheus.target()


def check_rates(target, feed, spawn, seconds):
    """rate() over so many seconds is the rate of the feed, by group too."""
    spawn(["-w", "0.1", f"--http={target.port}", "-o", "/dev/null",
           "127.0.0.1", feed.port])
    total = f"rate(ordercount_orders_total[{seconds}s])"
    with SteadyFeed(feed.accept(), RATES):
        # As many scrapes as fit in that time, all while orders came.
        target.until("min by (instance) (count_over_time("
                     f"ordercount_orders_total[{seconds}s])) >= {seconds}",
                     seconds=seconds)
        together = target.one(f"sum by (instance) ({total})")
        found = {labels["status"]: rate for labels, rate
                 in target.query(total)}
    assert together == pytest.approx(sum(RATES.values()), rel=0.05)
    assert found == {status: pytest.approx(rate, rel=0.05)
                     for status, rate in RATES.items()}


@pytest.mark.limits
def test_rate_is_the_rate_of_the_feed(target, feed, spawn):
    check_rates(target, feed, spawn, 8)


@pytest.mark.long
@pytest.mark.limits
def test_rate_over_a_minute_is_the_rate_of_the_feed(target, feed, spawn):
    check_rates(target, feed, spawn, 60)


def test_a_program_that_runs_is_up_and_one_that_ended_is_not(target, feed,
                                                             spawn):
    process = spawn(["-w", "0.2", f"--http={target.port}", "127.0.0.1",
                     feed.port])
    target.until("up == 1")
    labels, value = target.until("ordercount_source_up")[0]
    assert labels["source"] == f"tcp://127.0.0.1:{feed.port}" and value == 1
    assert target.one("process_resident_memory_bytes") > 1e6
    # The first scrape may have come before the first window.
    (_, age), = target.until(
        "time() - ordercount_window_end_timestamp_seconds")
    assert age < 5
    process.signal(signal.SIGTERM)
    process.wait()
    target.until("up == 0")
    # Nothing of it is shown as if it were of now.
    target.until('{__name__=~"ordercount_.+"}', lambda found: not found)


def test_promtool_has_nothing_to_say_of_what_is_scraped(feed, spawn):
    process = spawn(["-w", "0.2", "--http=0", "--sum=amount", "-k",
                     "status,customer.country", "--missing=-", "127.0.0.1",
                     feed.port])
    port = port_of(process)
    client = feed.accept()

    def check():
        page = get(port, "/metrics")
        assert promtool("check", "metrics", stdin=page) == (0, ""), page
        return page

    # With and without a window, and after it is over.
    check()
    client.send(b'{"status":"PAID","amount":1.5}\n{"status":"NEW"}\n{\n')
    oc.until(lambda: b'ordercount_sum{status="PAID"' in get(port, "/metrics"),
             "a window", process.seen)
    assert b"ordercount_behind_seconds " in check()
    client.close()
    process.wait()


def test_a_group_that_is_forgotten_disappears(target, feed, spawn):
    # Long enough that several scrapes see it.
    process = spawn(["-w", "0.2", "--forget=4", f"--http={target.port}",
                     "127.0.0.1", feed.port])
    client = feed.accept()
    goes = 'ordercount_orders_total{status="GOES"}'
    client.send(oc.order("GOES") * 7)
    with SteadyFeed(client, {"STAYS": 50}) as sending:
        target.until(f"{goes} == 7")
        oc.until(lambda: b'"GOES"' not in get(target.port, "/metrics"),
                 "--forget", process.seen)
        target.until(goes, lambda found: not found)
        # Its orders are in the total all the same.
        assert target.one('ordercount_orders_total{status="(other)"}') == 7
        assert target.one('ordercount_orders_total{status="STAYS"}') > 50
        # Where the sum is taken first they are no new ones.
        assert target.one("instance:ordercount_orders:sum") <= \
            sending.sent["STAYS"] + 7
        assert target.one("resets(instance:ordercount_orders:sum[1m])") == 0


def test_counters_never_fall_over_a_restart_with_a_state(target, feed, spawn,
                                                         tmp_path):
    arguments = ["-w", "0.2", f"--state={tmp_path / 'state'}",
                 f"--http={target.port}", "127.0.0.1", feed.port]
    total = "ordercount_orders_total"
    for times in range(1, 4):
        process = spawn(arguments)
        feed.accept().send(oc.order("PAID") * 10)
        target.until(f"{total} == {10 * times}")
        process.signal(signal.SIGTERM)
        process.wait()
        # While it is away nothing is known of it.
        target.until(total, lambda found: not found)
    assert target.one(f"resets({total}[5m])") == 0
    assert target.one(f"min_over_time({total}[5m])") == 10
    assert target.one(f"max_over_time({total}[5m])") == 30


def test_each_panel_of_the_dashboard_shows_something(prometheus, target, feed,
                                                     spawn):
    spawn(["-w", "0.2", f"--http={target.port}", "127.0.0.1", feed.port])
    client = feed.accept()
    target.until("ordercount_groups == 0")
    client.send(b"{\n")
    with SteadyFeed(client, RATES):
        target.until("min by (instance) "
                     "(rate(ordercount_orders_total[1m])) > 0")
        target.until("sum by (instance) "
                     "(rate(ordercount_records_rejected_total[1m])) > 0")
        found = [(where, prometheus.query(text)) for where, text
                 in expressions(f"127.0.0.1:{target.port}")]
    assert not [where for where, values in found if not values]
    share = {labels["status"]: value for labels, value
             in dict(found)["Share by $by"]}
    assert share == {"PAID": pytest.approx(0.75, rel=0.1),
                     "NEW": pytest.approx(0.25, rel=0.1)}


def test_labels_arrive_as_they_are(target, feed, spawn):
    """A key is in its label what tsv shows, but for the escapes of tsv."""
    spawn(["-w", "0.2", f"--http={target.port}", "127.0.0.1", feed.port])
    feed.accept().send(b"".join(
        json.dumps({"status": key}).encode() + b"\n" for key in ODD) +
        b'{"status":5}\n{"status":null}\n')
    found = target.until("ordercount_orders_total")
    quoted = re.compile(r'|5|null|".*|\(other\)')
    assert sorted(labels["status"] for labels, _ in found) == sorted(
        [f'"{key}"' if quoted.fullmatch(key) else key for key in ODD] +
        ["5", "null"])
    assert {value for _, value in found} == {1}
