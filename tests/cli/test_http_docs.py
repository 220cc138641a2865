"""What is written about --http for others than the program: Prometheus, cron,
systemd, and whoever reads the documents."""

import json
import re
import shutil

import pytest

import oc
from monitoring import (ALERTS, get, port_of, promtool, run_at, run_question,
                        shown)
from test_docs import MANUAL, README, need, read


@pytest.mark.parametrize("path", [README, MANUAL])
def test_prometheus_takes_what_is_written_for_it(path, tmp_path):
    # With what stands before it and is indented as deep.
    lines = re.search(r"((?:^    [a-z].*\n)*^ *scrape_configs:\n"
                      r"(?:^ +\S.*\n)+)", read(path), re.M)[1]
    (tmp_path / "prometheus.yml").write_text(lines)
    shutil.copy(ALERTS, tmp_path)
    status, said = promtool("check", "config", "prometheus.yml", cwd=tmp_path)
    assert status == 0, said
    assert ("rules found" in said) == ("rule_files" in lines), said


def fields_of_the_manual(section):
    """The names in the list of a subsection."""
    lines = re.search(rf"^\.Ss {section}\n(.*?)\n\.El\n", read(MANUAL),
                      re.M | re.S)[1]
    return {name for item in re.findall(r"^\.It Li (.*)$", lines, re.M)
            for name in item.split(" , ")}


def test_documents_have_the_fields_that_are_told():
    with oc.Feed() as feed, oc.Process(
            ["--http=0", "-w", "0.2", "127.0.0.1", feed.port]) as asked:
        port = port_of(asked)
        feed.accept().send(oc.order("PLACED"))
        window = shown(port)[-1]
        status = json.loads(get(port, "/api/status"))
    assert fields_of_the_manual("The document of a window") == window.keys()
    assert fields_of_the_manual("The document of the program") == status.keys()


def health_commands():
    """What cron and systemd are told to run."""
    return re.findall(r"^(?:    )?(?:\*/5 \* \* \* \* |ExecStartPost=)"
                      r"(curl .*/healthz.*)$", read(README) + read(MANUAL),
                      re.M)


def test_health_commands_were_read():
    assert len(health_commands()) == 4


@pytest.mark.parametrize("command", sorted(set(health_commands())))
def test_health_command_says_nothing_when_all_is_well(command, tmp_path):
    need("curl")
    done = run_question(command, tmp_path)
    assert done.err == b"" and done.out in (b"", b"ok\n"), done
    assert done.status == ("grep" in command)


def test_health_command_of_cron_mails_what_is_wrong(tmp_path):
    need("curl")
    command = next(each for each in health_commands() if "grep" in each)
    with oc.Refused() as shop:
        with oc.Process(["-r", "--http=0", "127.0.0.1", shop.port]) as asked:
            port = port_of(asked)
            found = run_at(port, command, tmp_path)
            assert found.out.startswith(
                f"tcp://127.0.0.1:{shop.port}: opening".encode()), found
            assert found.out.count(b"\n") == 1 and found.err == b"", found
    found = run_at(port, command, tmp_path)
    assert found.out == b"" and found.err.count(b"\n") == 1, found
