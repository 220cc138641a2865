"""The examples for Prometheus and Grafana: that they can be used, that each
alert fires when it should, and that they name what the program gives."""

import json
import os
import re

import pytest

import oc
from monitoring import (ALERTS, get, metric_names, port_of, promtool,
                        shown)

DASHBOARD = os.path.join(oc.ROOT, "scripts", "ordercount-grafana.json")
DATA = os.path.join(oc.ROOT, "tests", "data")
ALERT_TESTS = ["alerts_test.yml", "alerts_week_test.yml"]

# What begins so in an expression is a metric; with a colon it is a rule's.
METRIC = re.compile(r"(?<![:\w])(?:ordercount|process)_\w+(?![:\w])")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def alert_names():
    return re.findall(r"^\s+- alert: (\w+)$", read(ALERTS), re.M)


def without_comments(text):
    return re.sub(r"^\s*#.*\n", "", text, flags=re.M)


# --- alerts -------------------------------------------------------------------


def test_promtool_finds_no_fault_with_the_alerts():
    status, said = promtool("check", "rules", ALERTS)
    rules = len(alert_names()) + read(ALERTS).count("- record: ")
    assert (status, f"SUCCESS: {rules} rules found" in said) == (0, True), said


@pytest.mark.parametrize("name", ALERT_TESTS)
def test_alerts_fire_when_they_should_and_not_otherwise(name):
    status, said = promtool("test", "rules", name, cwd=DATA)
    assert (status, "SUCCESS" in said) == (0, True), said


def test_each_alert_is_seen_to_fire_and_not_to():
    fires, is_silent = set(), set()
    tests = "".join(read(os.path.join(DATA, name)) for name in ALERT_TESTS)
    for match in re.finditer(r"alertname: (\w+)[,\s]+eval_time: \w+[,\s]+"
                             r"exp_alerts:(.*)", tests):
        (is_silent if "[]" in match[2] else fires).add(match[1])
    assert fires == is_silent == set(alert_names())


# --- the dashboard ------------------------------------------------------------


def dashboard():
    return json.loads(read(DASHBOARD))


def expressions(instance=".*"):
    """[(where, expression)], with values where the dashboard has variables."""
    board = dashboard()
    values = {"$__rate_interval": "1m", "$job": ".*", "$instance": instance,
              "$by": "country,status"}
    found = [(panel["title"], target["expr"]) for panel in board["panels"]
             for target in panel["targets"]]
    for variable in board["templating"]["list"]:
        asked = re.fullmatch(r"label_values\((.*), \w+\)",
                             variable.get("definition", ""))
        if asked:
            assert variable["query"]["query"] == variable["definition"]
            found.append((variable["name"], asked[1]))
    for name, value in values.items():
        found = [(where, text.replace(name, value)) for where, text in found]
    return found


def test_dashboard_asks_for_the_data_source_when_it_is_imported():
    board = dashboard()
    assert [each["name"] for each in board["__inputs"]] == ["DS_PROMETHEUS"]
    assert board["id"] is None
    sources = {each["datasource"]["uid"] for panel in board["panels"]
               for each in [panel, *panel["targets"]]}
    assert sources == {"${DS_PROMETHEUS}"}


def test_dashboard_names_the_panels_that_it_needs():
    board = dashboard()
    required = [each["id"] for each in board["__requires"]
                if each["type"] == "panel"]
    assert sorted(required) == sorted({panel["type"]
                                       for panel in board["panels"]})


def test_panels_are_numbered_and_do_not_overlap():
    taken = {}
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            assert 0 <= x < 24
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]


def test_each_expression_of_the_dashboard_parses(tmp_path):
    found = expressions()
    assert len(found) > 15
    rules = [{"record": f"number:{n}", "expr": text}
             for n, (_, text) in enumerate(found)]
    # JSON is YAML.
    (tmp_path / "rules.yml").write_text(json.dumps(
        {"groups": [{"name": "dashboard", "rules": rules}]}))
    assert not [text for _, text in found if "$" in text]
    status, said = promtool("check", "rules", "rules.yml", cwd=tmp_path)
    assert (status, f"{len(found)} rules found" in said) == (0, True), said


def test_they_name_metrics_that_the_program_gives(feed, spawn):
    process = spawn(["-w", "0.2", "--http=0", "127.0.0.1", feed.port])
    feed.accept().send(oc.order("PAID"))
    port = port_of(process)
    shown(port)
    given = metric_names(get(port, "/metrics").decode())
    named = set(METRIC.findall(without_comments(read(ALERTS))))
    for _, text in expressions():
        named |= set(METRIC.findall(text))
    assert len(named) > 9
    assert named <= given
