"""What is written about the program is true of it: the manual, --help, README
and the completions of three shells.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

import oc
from kinesis_service import KEYS
from monitoring import run_question
from tls_feed import Trust

MANUAL = os.path.join(oc.ROOT, "man", "ordercount.1")
README = os.path.join(oc.ROOT, "README")
SERVER = os.path.join(oc.ROOT, "scripts", "order-server")


def built(name):
    """Beside the program, else where `make` leaves it."""
    beside = os.path.join(os.path.dirname(oc.BINARY), name)
    return (beside if os.path.exists(beside)
            else os.path.join(oc.ROOT, "build", name))


BASH = built("ordercount.bash")
ZSH = built("_ordercount")
FISH = built("ordercount.fish")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def options_of_table():
    """{long name: (letter or "", takes an argument)} from the source."""
    table = read(os.path.join(oc.ROOT, "src", "option_table.c"))
    found = {}
    for entry in re.split(r"\[OPTION_[A-Z_]+\] =\s*\{(?=\.name)", table)[1:]:
        name = re.search(r'\.name = "([^"]+)"', entry).group(1)
        letter = re.search(r"\.letter = '(.)'", entry)
        found[name] = (letter.group(1) if letter else "",
                       ".argument =" in entry)
    return found


TABLE = options_of_table()


def help_text():
    result = oc.run(["--help"])
    assert result.status == 0
    return result.out.decode()


def need(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


# --- the table, --help, the manual ------------------------------------------


def test_table_was_read():
    assert len(TABLE) > 25
    assert TABLE["window"] == ("w", True)
    assert TABLE["strict"] == ("", False)


@pytest.mark.parametrize("name", TABLE)
def test_program_takes_each_option_of_the_table(name):
    """Alone: with what it takes missing, or with what it does not take."""
    letter, argument = TABLE[name]
    if argument:
        for option in ["--" + name] + (["-" + letter] if letter else []):
            result = oc.run([option])
            assert result.status == 2
            assert f"ordercount: {option}: its argument ".encode() \
                in result.err
    else:
        result = oc.run([f"--{name}=1"])
        assert result.status == 2
        assert b"takes no argument" in result.err


def test_help_has_each_option_of_the_table_and_no_other():
    found = {}
    for line in help_text().splitlines():
        match = re.match(r"  (?:-(.),|   ) --([a-z-]+)(=\S+)?", line)
        if match:
            found[match[2]] = (match[1] or "", bool(match[3]))
    assert found == TABLE


def test_help_fits_80_columns_and_is_plain():
    for line in help_text().splitlines():
        assert len(line) < 80, line
        assert line.isascii() and line == line.rstrip() and "\t" not in line


def test_help_is_grouped_and_has_examples():
    headings = re.findall(r"^(\S[^:\n]*):$", help_text(), re.M)
    assert headings == ["Sources", "Query", "Output", "Run", "Connection",
                        "Limits", "State", "Kafka, Kinesis", "Service",
                        "Diagnostics", "Examples"]


def test_examples_of_help_are_valid_usage(tmp_path, topics, request):
    examples = re.findall(r"^  (.*\bordercount .*\S)$",
                          help_text().split("Examples:")[1], re.M)
    assert len(examples) > 2
    for example in examples:
        if "kafka://" in example:
            run_kafka_command(example, tmp_path, topics())
        elif "kinesis://" in example:
            run_kinesis_command(example, tmp_path, request)
        else:
            run_command(example, tmp_path)


def manual_options():
    """{long name: (letter or "", takes an argument)} from the manual's items."""
    found = {}
    for line in read(MANUAL).splitlines():
        match = re.match(r"\.It (?:Fl (.) , )?Fl -([a-z-]+)( Ns = .*)?$", line)
        if match:
            assert match[2] not in found, f"twice: --{match[2]}"
            found[match[2]] = (match[1] or "", bool(match[3]))
    return found


def test_manual_has_each_option_of_the_table_and_no_other():
    assert manual_options() == TABLE


def test_manual_mentions_no_option_that_is_not_there():
    mentioned = set(re.findall(r"\bFl -([a-z][a-z-]*)", read(MANUAL)))
    for line in read(MANUAL).splitlines():
        if "curl " not in line and "aws " not in line:
            mentioned |= set(re.findall(r" --([a-z][a-z-]*)",
                                        line.split("|")[0]))
    assert mentioned == mentioned & set(TABLE)


def test_manual_has_the_sections_that_are_promised():
    sections = re.findall(r"^\.Sh (.*)", read(MANUAL), re.M)
    for section in ("EXAMPLES", "CRON", "EXIT STATUS", "RECORDS", "WINDOWS",
                    "SUMS", "FILTERS", "FOLLOWING FILES", "TLS", "KAFKA",
                    "KINESIS", "STATE", "MERGING", "SCALING OUT", "PROMETHEUS",
                    "DASHBOARD AND MONITORS"):
        assert section in sections
    assert "read = counted + rejected + filtered + late" in read(MANUAL)


def list_in_c(source, name):
    text = read(os.path.join(oc.ROOT, "src", "kafka", source))
    return re.search(rf"{name}\[\] = \{{(.*?)\n\t*\}};", text, re.S)[1]


def test_settings_of_kafka_are_those_of_the_program():
    """Those of which a user is told that -X can, and cannot, set them."""
    ours = re.findall(r'"([a-z.]+)"', list_in_c("properties.c", "ours"))
    assert len(ours) > 9
    set_so = {(name, value)
              for source in ("source_open.c", "publish.c")
              for name, value in re.findall(r'\{"([a-z.]+)", "(\w+)"\}',
                                            list_in_c(source, "settings"))
              if name not in ours}
    section = read(MANUAL).split(".Ss Settings")[1].split(".Ss ")[0]
    told = re.findall(r"\.It Li ([a-z.]+)\n(\w+)\n", section)
    assert set(told) == set_so | {("client.id", "ordercount")}
    listed = section.split("usage errors:\n")[1].split("Messages are")[0]
    assert re.findall(r"\.Li (\S+)", listed) == sorted(ours)


def test_manual_is_free_of_lint():
    need("mandoc")
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", MANUAL],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_reasons_of_the_manual_are_those_of_the_program():
    source = read(os.path.join(oc.ROOT, "src", "core", "tallies.c"))
    reasons = re.findall(r'\[REJECT_[A-Z_]+\] = "([a-z_]+)"', source)
    section = read(MANUAL).split(".Sh RECORDS")[1].split(".Sh ")[0]
    judged = section.split(".Bl -enum")[1].split(".El")[0]
    assert len(reasons) == 8
    found = [word for word in re.findall(r"^\.Li ([a-z_]+)", judged, re.M)
             if "_" in word]
    assert found == reasons


# --- commands that are written down ------------------------------------------


# Views a minute, from 10:00 on; the comet passes the football.
VIEWS = {"/wiki/Main_Page": [40] * 12,
         "/wiki/Football": [60, 55, 50, 45, 40, 30, 20, 15, 10, 8, 6, 5],
         "/wiki/Comet": [2, 2, 3, 4, 6, 9, 14, 20, 30, 42, 60, 80],
         "/wiki/Weather": [5] * 12, "/wiki/Chess": [3] * 12}


def view_lines():
    """Long ago: a time ahead of the clock is rejected."""
    return "".join(
        '{"time":"2024-05-01T10:%02d:%02dZ","url":"%s"}\n' % (
            minute, n * 60 // views[minute], url)
        for minute in range(12) for url, views in VIEWS.items()
        for n in range(views[minute]))


def row_line(hour, count):
    return ('{"start":"2024-05-01T%02d:00:00Z","end":"2024-05-01T%02d:00:00Z",'
            '"partial":false,"key":{"status":"PAID"},"count":%d,"total":%d}\n'
            % (hour, hour + 1, count, count))


def order_lines():
    """As Kafka is fed with them."""
    return [b'{"status":"%s","shop":"%d","created_at":"2024-05-01T%02d:%02d:'
            b'00Z"}' % (status, n % 3, n % 24, n % 60)
            for n in range(240) for status in (b"PLACED", b"FAILED")]


def make_folder(folder):
    """What the commands read, and `ordercount` where a shell finds it."""
    (folder / "bin").mkdir(exist_ok=True)
    link = folder / "bin" / "ordercount"
    if not link.exists():
        link.write_text("#!/bin/sh\nexec " + " ".join(oc.command([])) +
                        ' "$@"\n')
        link.chmod(0o755)
    lines = [b'{"status":"%s","shop":"%d","customer":{"country":"DE"},'
             b'"meta.source":"web","amount":"%d.50",'
             b'"created_at":"2024-05-01T%02d:30:00+02:00"}\n'
             % (status, n % 12, n * 10, n)
             for n in range(24) for status in (b"PLACED", b"FAILED")]
    (folder / "orders.json").write_bytes(b"".join(lines))
    (folder / "orders.log").write_bytes(b"".join(lines))
    (folder / "views.json").write_text(view_lines())
    (folder / "berlin.json").write_text(row_line(10, 3) + row_line(11, 4))
    (folder / "paris.json").write_text(row_line(10, 5) + row_line(11, 6))
    (folder / "rejected.json").write_bytes(lines[0])
    (folder / "kafka.conf").write_text("# none\nclient.id=shop\n")
    subprocess.run(["gzip", "-kf", "orders.json"], cwd=folder, check=True)


def run_command(command, folder):
    """Runs a command as it is written down, but for the server and the time.

    A server that sends orders takes the place of the one that is named. What
    takes minutes takes a second. A command that goes on for ever is stopped
    once it has written something. Returns what it wrote and its status.
    """
    make_folder(folder)
    server = oc.Process([], program=["python3", SERVER, "--port=0",
                                     "--rate=200"])
    with server:
        port = int(server.wait_for(rb":(\d+)").group(1))
        text = re.sub(r"\b(localhost|shop(\.example\.org)?) 9998\b",
                      f"localhost {port}", command)
        if " localhost " in text:
            text = re.sub(r"-k url -w 10m -s 1m\b", "-w 1 -s 0.5", text)
        text = re.sub(r"(?<=-w )(50|15|10|1m)\b", "1", text)
        text = re.sub(r"--for=1d\b", "--for=1", text)
        text = re.sub(r"(?<=-m )10\b", "2", text)
        text = re.sub(r"(?<=--window )5\b", "1", text)
        text = re.sub(r"(?<=--http=)8080\b", str(free_port()), text)
        endless = ((" localhost " in text and " -m " not in text and
                    "--for" not in text) or
                   ("--follow" in text and "--until-end" not in text))
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        with oc.Process([], program=["bash", "-c", text], cwd=folder,
                        env={"PATH": path, "MANPAGER": "cat", "PAGER": "cat"},
                        start_new_session=True) as process:
            output = re.search(r"-o (\S+)", text)
            if endless and output:
                target = folder / output[1]
                oc.until(lambda: target.exists() and target.stat().st_size,
                         f"rows in {target}", process.seen)
            elif endless:
                process.wait_for(rb"\n")
            if endless:
                os.killpg(process.pid, signal.SIGTERM)
            result = process.wait()
    assert not re.search(rb"(?m)^ordercount: |Try 'ordercount", result.err), \
        f"{text}\n{result}"
    allowed = (-signal.SIGTERM, 128 + signal.SIGTERM) if endless else (0, 3)
    assert result.status in allowed, f"{text}\n{result}"
    return result


def run_tls_command(command, folder):
    """As run_command(): a server that it trusts, and that wants to know who we
    are, takes the place of the one that is named."""
    trust = Trust(folder)
    us = trust.authority.issue("us")
    for name, path in [("ca.pem", trust.ca), ("us.pem", us.cert),
                       ("us.key", us.key)]:
        shutil.copy(path, folder / name)
    make_folder(folder)
    env = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    if "--tls-ca" not in command:
        env["SSL_CERT_FILE"] = str(trust.ca)
    with trust.feed(client_ca="--tls-cert" in command and trust.ca) as feed:
        text, count = re.subn(r"\bshop\.example\.org:9998\b",
                              f"localhost:{feed.port}", command)
        assert count == 1
        with oc.Process([], program=["bash", "-c", text + " -w 0.2"],
                        cwd=folder, env=env) as process:
            feed.accept().send(order_lines()[0] + b"\n")
            process.wait_for(rb"\tPLACED\t1\t1\n")
            process.signal(signal.SIGTERM)
            result = process.wait()
    assert (result.status, result.err) == (-signal.SIGTERM, b"")
    return result


def sign_request(command, folder):
    """The command makes a key and a request: a CA signs it, and a server that
    wants to know who we are knows us."""
    subprocess.run(["bash", "-c", command], cwd=folder, check=True,
                   capture_output=True)
    trust = Trust(folder)
    subprocess.run(["openssl", "x509", "-req", "-in", "us.csr", "-CA",
                    trust.ca, "-CAkey", trust.ca.with_name("ca.key"), "-out",
                    "us.pem"], cwd=folder, check=True, capture_output=True)
    assert os.stat(folder / "us.key").st_mode & 0o077 == 0
    with trust.feed(client_ca=trust.ca) as feed:
        with oc.Process(["--tls-cert=us.pem", "--tls-key=us.key", "-w", "0.2",
                         *feed.arguments()], cwd=folder) as process:
            feed.accept().send(order_lines()[0] + b"\n")
            process.wait_for(rb"\tPLACED\t1\t1\n")


@pytest.fixture
def topics(request):
    """(HOST:PORT, orders, partials): made only for a test that asks."""
    def make():
        broker = request.getfixturevalue("broker")
        orders = broker.new_topic(partitions=4, stem="orders")
        partials = broker.new_topic(partitions=4, stem="partials")
        for partition in range(4):
            broker.produce(orders, order_lines()[partition::4], partition)
        return broker, orders, partials
    return make


def run_kafka_command(command, folder, made):
    """As run_command(). What goes on for ever has to read all of it; a member
    leaves what it counted in the topic of partials."""
    broker, orders, partials = made
    make_folder(folder)
    text = command.replace("localhost:9092/", broker.address + "/")
    text = re.sub(r"(?<=/)orders\b(?!\.)", orders, text)
    text = re.sub(r"(?<=/)partials\b", partials, text)
    text = re.sub(r"--group=shop\b|-g shop\b", f"--group={orders}", text)
    if "--until-end" not in text:
        text += " --from=earliest"
    if "--merge" in text:
        # Another made what is merged; a window closes when there is a later.
        mark = (b'{"source":"orders","partition":0,"of":1,"from":0,"to":9,'
                b'"newest":"%s","idle":false,"partials":4,"sources":1,'
                b'"query":"0123456789abcdef"}')
        delta = (b'{"start":"2024-05-01T10:00:00Z","end":"2024-05-01T10:00:05Z'
                 b'","key":{"status":"PAID"},"count":9}')
        for partition in range(4):
            broker.produce(partials, [
                delta, mark % b"2024-05-01T11:00:00Z"], partition)
    with oc.Process([], program=["bash", "-c", "exec " + text], cwd=folder,
                    env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
                    start_new_session=True) as process:
        if "--publish" in text:
            oc.until(lambda: any(b'"tallies":{"read":480,' in value for value
                                 in broker.values(partials, [0])),
                     "tallies", process.seen)
        elif "--until-end" not in text:
            process.wait_for(rb"\n")
        if "--until-end" not in text:
            os.killpg(process.pid, signal.SIGTERM)
        result = process.wait()
    assert not re.search(rb"(?m)^ordercount: |Try 'ordercount", result.err), \
        f"{text}\n{result}"
    assert result.status == (0 if "--until-end" in text
                             else -signal.SIGTERM), f"{text}\n{result}"
    return result


def run_kinesis_command(command, folder, request):
    """As run_command(). The region is the profile's where the command has none;
    what goes on for ever has to read all of it."""
    kinesis = request.getfixturevalue("kinesis")
    if not kinesis.call("ListStreams")["StreamNames"]:
        kinesis.create("orders", 2)
        for hour in (10, 12):
            kinesis.put("orders", *[
                b'{"status":"PAID","created_at":"2024-05-01T%d:00:00Z"}'
                % hour] * 9)
    make_folder(folder)
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / "credentials").write_text("".join(
        f"[{profile}]\naws_access_key_id = {KEYS['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {KEYS['AWS_SECRET_ACCESS_KEY']}\n"
        f"region = {kinesis.region}\n" for profile in ("default", "shop")))
    text = command
    if "--until-end" not in text:
        text += " --from=earliest"
    with oc.Process([], program=["bash", "-c", text], cwd=folder,
                    env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
                         "HOME": str(folder),
                         "AWS_ENDPOINT_URL_KINESIS": kinesis.url},
                    start_new_session=True) as process:
        if "--until-end" not in text:
            process.wait_for(rb"PAID")
            os.killpg(process.pid, signal.SIGTERM)
        result = process.wait()
    assert result.err == b"" and kinesis.refusals == [], f"{text}\n{result}"
    assert result.status == (0 if "--until-end" in text
                             else -signal.SIGTERM), f"{text}\n{result}"
    return result


def readme_commands():
    """What stands after a `$ `, with the lines that it goes on in."""
    found = []
    for match in re.finditer(r"^    \$ ((?:.*[|\\]\n)*.*)$", read(README),
                             re.M):
        found.append(re.sub(r"\\\n\s*|\n\s*", " ", match[1]))
    found += re.findall(r"^    (?:\*\S* )(?:\S+ ){4}(ordercount .*)$",
                        read(README), re.M)
    return found


README_COMMANDS = readme_commands()


def manual_commands():
    """The same of the manual, as roff prints it and as cron runs it."""
    text = read(MANUAL)
    found = re.findall(
        r"^(?:(?:\.Dl )?\$ )?"
        r"((?:zcat [^|]*\| |AWS_PROFILE=\S* )?ordercount .*)$", text, re.M)
    found += re.findall(r"^[*0]\S* (?:\S+ ){4}(ordercount .*)$", text, re.M)
    return [line.replace("\\e", "\\").replace("\\%", "%")
            for line in found]


MANUAL_COMMANDS = manual_commands()


def test_manual_commands_were_read():
    assert len(MANUAL_COMMANDS) >= 19
    assert len([line for line in MANUAL_COMMANDS if "-m 1 --expect" in line])


@pytest.mark.parametrize("command", MANUAL_COMMANDS)
def test_manual_command_runs(command, tmp_path, topics, request):
    if "jq " in command:
        need("jq")
    if "kafka://" in command:
        run_kafka_command(command, tmp_path, topics())
    elif "tls://" in command:
        run_tls_command(command, tmp_path)
    elif "kinesis://" in command:
        run_kinesis_command(command, tmp_path, request)
    else:
        run_command(command, tmp_path)


def test_readme_commands_were_read():
    assert len(README_COMMANDS) >= 20
    # As many as there are examples: a new form must not go unseen.
    assert len([c for c in README_COMMANDS if "ordercount" in c]) == \
        len(re.findall(r"^    (?:\$ |\*/).*ordercount", read(README), re.M))


@pytest.mark.parametrize("command", README_COMMANDS)
def test_readme_command_runs(command, tmp_path, topics, request):
    if command.startswith("man "):
        need("man")
        command = command.replace("man/", oc.ROOT + "/man/")
    if "jq " in command:
        need("jq")
    if "curl " in command:
        need("curl")
        result = run_question(command, tmp_path)
        assert (result.status, result.err) == (0, b"")
    elif "kafka://" in command:
        result = run_kafka_command(command, tmp_path, topics())
    elif "tls://" in command:
        result = run_tls_command(command, tmp_path)
    elif "kinesis://" in command:
        result = run_kinesis_command(command, tmp_path, request)
    elif command.startswith("openssl "):
        need("openssl")
        sign_request(command, tmp_path)
        return
    else:
        result = run_command(command, tmp_path)
    if "-o " not in command and ">" not in command:
        assert result.out.count(b"\n") > 0


def commands_below(heading):
    """Each as a shell gets it, with the lines that it goes on in."""
    section = re.search(rf"^{heading}\n-+\n(.*?)\n\n\n", read(README),
                        re.M | re.S)[1]
    lines = "\n".join(re.findall(r"^    (.*)$", section, re.M))
    return re.sub(r"\\\n\s*", "", lines).splitlines()


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_group_of_the_readme_counts_what_is_sent(tmp_path):
    """Its five commands, and the one that ends them, as they are written but
    for ports and folders."""
    commands = commands_below("From one binary to a group in five commands")
    assert len(commands) == 6
    text = "\n".join(commands[:4] + ["wait"])
    merge = commands[4]
    for old, new in [("9092", free_port()), ("9998", free_port()),
                     ("/tmp", tmp_path), ("./ordercount", " ".join(
                         oc.command([])))]:
        assert re.search(rf"{re.escape(old)}\b", text + merge)
        text = re.sub(rf"{re.escape(old)}\b", str(new), text)
        merge = re.sub(rf"{re.escape(old)}\b", str(new), merge)
    port = re.search(r"localhost/(\d+)", text)[1]
    text = text.replace("order-server ",
                        f"order-server --port={port} --count=9000 ")
    with oc.Process([], program=["bash", "-c", text], cwd=oc.ROOT,
                    start_new_session=True) as others:
        try:
            others.wait_for(rb"listening on ")
            with oc.Process([], program=["bash", "-c", merge],
                            cwd=oc.ROOT) as merging:
                merging.wait_for(rb"(?m)\tPLACED\t\d+\t\d+$")
                sent = others.wait_for(rb"sent to all orders=9000 (.*) bad")
            # kcat has the last of them for a moment.
            broker = re.search(r"kcat -P -b (\S+)", text)[1]
            oc.until(lambda: subprocess.run(
                ["kcat", "-C", "-q", "-e", "-b", broker, "-t", "orders"],
                stdout=subprocess.PIPE, check=False).stdout.count(
                    b"\n") >= 9000, "all orders in the topic", others.seen,
                pause_s=0.1)
            # The members publish the rest; the last run prints it.
            os.killpg(others.pid, signal.SIGTERM)
            others.wait()
            last = oc.run([*merge.split()[len(oc.command([])):], "--drain",
                           "--until-end"])
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(others.pid, signal.SIGTERM)
            subprocess.run(["scripts/kafka-broker", "kill",
                            tmp_path / "kafka"], cwd=oc.ROOT, check=True)
    assert {row.key[0]: row.total for row in oc.rows(last.out)} == {
        name: int(count) for name, count in
        re.findall(r"(\w+)=(\d+)", sent[1].decode())}
    assert b"ordercount: " not in others.err


def test_readme_table_has_the_programs_form():
    """The first look shows what the program shows."""
    lines = [line[4:] for line in read(README).splitlines()
             if line.startswith("    ")]
    head = next(n for n, line in enumerate(lines) if "rejected" in line and
                "UTC" in line)
    records = b""
    for line in lines[head + 2:head + 6]:
        status, count = line.split()[:2]
        records += oc.order(status) * int(count)
    with oc.Process(["-f", "table", "--color=never", "-"], columns=79,
                    stderr=subprocess.DEVNULL,
                    stdin=subprocess.PIPE) as process:
        process.write(records)
        process.close_stdin()
        shown = process.wait().out.decode().replace("\r\n", "\n").splitlines()
    assert [line.rstrip() for line in lines[head + 1:head + 6]] == \
        [line.rstrip() for line in shown[1:6]]


@pytest.mark.parametrize("path", [README, MANUAL])
def test_trending_list_is_what_the_program_prints(path, tmp_path):
    """The windows that are shown, in the order and as they are printed."""
    lines = [line.strip() for line in read(path).splitlines()]
    at = next(n for n, line in enumerate(lines)
              if line.startswith("$ ordercount -k url -t time"))
    assert lines[at - 1] == view_lines().splitlines()[0]
    assert lines[at + 1].endswith("...") and lines[at + 10].endswith("...")
    result = run_command(lines[at][2:], tmp_path)
    printed = result.out.decode().splitlines()
    start = printed.index(lines[at + 2])
    assert printed[start:start + 8] == lines[at + 2:at + 10]


def test_readme_names_no_file_that_is_not_there():
    for path in re.findall(r"`((?:src|tests|scripts|man)/[\w./-]+)",
                           read(README)):
        assert os.path.exists(os.path.join(oc.ROOT, path)), path


def test_readme_make_targets_are_there():
    makefile = read(os.path.join(oc.ROOT, "Makefile"))
    targets = set(re.findall(r"(?:`|^    (?:sudo )?)make ([a-z]+)\b",
                             read(README), re.M))
    assert {"check", "install", "uninstall", "bench"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target


# --- completion --------------------------------------------------------------

WORDS = {"--format": ["table", "tsv", "csv", "json", "prometheus"],
         "--sort": ["key", "count", "total"],
         "--color": ["auto", "always", "never"],
         "--progress": ["auto", "always", "never"],
         "--window": ["all"],
         "--idle": ["never"],
         "--from": ["earliest", "latest"]}


def fish_completions(line, folder):
    done = subprocess.run(
        ["fish", "--no-config", "-c",
         f"source {FISH}; complete -C '{line}'"],
        capture_output=True, text=True, check=False, cwd=folder,
        env=oc.environment({"HOME": str(folder)}))
    assert done.returncode == 0, done.stderr
    return [candidate.split("\t")[0]
            for candidate in done.stdout.splitlines()]


def bash_completions(line, folder):
    """What a bash at a terminal lists when Tab is pressed twice."""
    with oc.Process([], program=["bash", "--norc", "--noprofile", "-i"],
                    columns=200, cwd=folder,
                    env={"PS1": "READY> ", "HOME": str(folder),
                         "INPUTRC": "/dev/null", "TERM": "dumb"}) as shell:
        shell.wait_for(rb"READY> ")
        shell.write(f"bind 'set completion-query-items 0'; "
                    f"bind 'set page-completions off'; "
                    f"bind 'set enable-bracketed-paste off'; "
                    f"source {BASH}; echo lo''aded\n".encode())
        shell.wait_for(rb"loaded\r\n.*READY> ")
        before = len(shell.out)
        shell.write(line.encode() + b"\t\t")
        shell.wait_for(lambda seen: len(seen) > before + len(line))
        # Ends the line, whatever it has become: it is only echoed.
        shell.write(b"\x01echo en''d \x05\n")
        seen = shell.wait_for(lambda out: re.search(
            rb"end[^\r\n]*\r\n.*READY> $", out[before:], re.S) and
            out[before:])
    return seen.decode()


def zsh_completions(line, folder, expected):
    """What a zsh at a terminal lists when Tab is pressed twice.

    It lists nothing while keys wait to be read, so this waits for what is
    expected, and returns all that there was.
    """
    (folder / "_ordercount").write_text(read(ZSH))
    with oc.Process([], program=["zsh", "-f", "-i"], columns=200, lines=100,
                    cwd=folder, env={"HOME": str(folder)}) as shell:
        shell.write(f"PS1='READY> '; fpath=({folder} $fpath); "
                    f"autoload -Uz compinit; compinit -u -D; "
                    f"setopt auto_list no_beep; "
                    f"LISTMAX=1000; echo lo''aded\n".encode())
        shell.wait_for(rb"loaded\r\n.*READY> ")
        before = len(shell.out)
        shell.write(line.encode() + b"\t\t")
        shell.wait_for(lambda seen: all(
            word.encode() in seen[before:].replace(line.encode(), b"")
            for word in expected))
        # Ends the line, whatever it has become: it is only echoed.
        shell.write(b"\x01echo en''d \x05\n")
        seen = shell.wait_for(lambda out: re.search(
            rb"end [^\r\n]*\r+\n", out[before:]) and out[before:])
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode())


def test_fish_offers_each_option_of_the_table(tmp_path):
    need("fish")
    offered = {word.rstrip("=")
               for word in fish_completions("ordercount --", tmp_path)}
    assert offered == {"--" + name for name in TABLE}


def test_fish_knows_letters_words_and_files(tmp_path):
    need("fish")
    (tmp_path / "a file").write_text("")
    letters = fish_completions("ordercount -", tmp_path)
    for name, (letter, _) in TABLE.items():
        assert not letter or "-" + letter in letters, name
    for option, words in WORDS.items():
        assert sorted(fish_completions(f"ordercount {option} ", tmp_path)) == \
            sorted(words)
    assert "a file" in fish_completions("ordercount --output ", tmp_path)
    assert "a file" in fish_completions("ordercount a", tmp_path)
    assert fish_completions("ordercount --top ", tmp_path) == []
    assert "@a file" in fish_completions("ordercount -X @", tmp_path)


def test_bash_offers_each_option_of_the_table(tmp_path):
    need("bash")
    seen = bash_completions("ordercount --", tmp_path)
    offered = set(re.findall(r"(?<!\S)--([a-z][a-z-]*)=?(?!\S)", seen))
    assert offered == set(TABLE)


@pytest.mark.parametrize("option", WORDS)
@pytest.mark.parametrize("between", ["=", " "])
def test_bash_offers_words(tmp_path, option, between):
    need("bash")
    seen = bash_completions(f"ordercount {option}{between}", tmp_path)
    for word in WORDS[option]:
        assert re.search(rf"\b{word}\b", seen), seen


def test_bash_completes_files_and_their_spaces(tmp_path):
    need("bash")
    (tmp_path / "some file").write_text("")
    for line in ("ordercount som", "ordercount -o som",
                 "ordercount --output=som"):
        assert "some\\ file" in bash_completions(line, tmp_path)
    # The @ is quoted, which makes no difference.
    for line in ("ordercount -X @som", "ordercount --kafka=@som"):
        assert "@some\\ file" in bash_completions(line, tmp_path)
    assert "some" not in bash_completions("ordercount --top som",
                                          tmp_path).replace("top som", "")


def test_zsh_offers_each_option_of_the_table(tmp_path):
    need("zsh")
    names = ["--" + name for name in TABLE]
    seen = zsh_completions("ordercount --", tmp_path, names)
    offered = set(re.findall(r"(?<!\S)(--[a-z][a-z-]*)(?=\s+--\s)", seen))
    assert offered == set(names), seen


@pytest.mark.parametrize("option", WORDS)
def test_zsh_offers_words(tmp_path, option):
    need("zsh")
    zsh_completions(f"ordercount {option}=", tmp_path, WORDS[option])


def test_zsh_completes_files(tmp_path):
    need("zsh")
    (tmp_path / "some file").write_text("")
    for line in ("ordercount som", "ordercount -o som",
                 "ordercount --output=som", "ordercount -X @som",
                 "ordercount --kafka=@som"):
        zsh_completions(line, tmp_path, ["e\\ file"])
