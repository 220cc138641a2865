"""The command line: what is refused, and in which words."""

import datetime
import os
import re

import pytest

import oc

# What is read by none of these: usage is judged before anything is opened.
FILE = "orders.json"

REFUSED = [
    # sources
    ([], "a source is missing"),
    (["", ""], "an operand is empty"),
    (["localhost", ""], "an operand is empty"),
    (["", "9998"], "the HOST before '9998' is empty"),
    (["localhost"], "'localhost' is no existing file"),
    (["localhost:9998"], "did you mean: ordercount localhost 9998"),
    (["9998"], "'9998' is no existing file"),
    (["localhost", "12x"], "'12x' is neither a port nor a file"),
    (["localhost", "0"], "'0' is no port (1 to 65535)"),
    (["localhost", "65536"], "'65536' is no port (1 to 65535)"),
    (["./" + FILE, "9998"], "write ./9998 for a file of that name"),
    (["-", "9998"], "write ./9998 for a file of that name"),
    ([FILE, "missing.json"], "'missing.json' is neither a port nor a file"),
    (["-", "-"], "'-' is given twice"),
    (["tcp://localhost"], "the port is missing"),
    (["tcp://:9998"], "the HOST is empty"),
    (["tcp://::1:9998"], "needs brackets"),
    (["tcp://localhost:9998/"], "nothing may follow the port"),
    (["tls://localhost"], "the port is missing (tls://HOST:PORT)"),
    (["tls://::1:9998"], "needs brackets (tls://[::1]:9998)"),
    (["tls://localhost:9998/"], "nothing may follow the port"),
    *[([f"--tls-{what}=x", "tcp://localhost:9998"],
       f"--tls-{what} is for tls:// {'and kinesis:// ' * (what == 'ca')}"
       f"sources, and there is none")
      for what in ("ca", "cert", "key", "crl")],
    (["--tls-key=x", "tls://localhost:9998"], "--tls-key needs --tls-cert"),
    (["--tls-ca=", "tls://localhost:9998"], "--tls-ca"),
    (["kafka://broker"], "the TOPIC is missing"),
    (["kafka://b/t", "kafka://b/t,u"], "'t' is given twice"),
    (["-g", "x", "kafka://b/t?partitions=1"], "does not go with it"),
    (["-g", "x", "kafka://b/t", "kafka://b/u"], "write all of its topics"),
    (["-g", "a/b", "kafka://b/t"], "-g 'a/b': may have no '/'"),
    (["-g", "x", FILE], "--group is for kafka:// sources"),
    (["--member=x", "kafka://b/t"], "--member needs --group"),
    (["--from=start", "kafka://b/t"], "is not one of: earliest latest"),
    (["--from=latest", FILE], "--from is for kafka:// and kinesis:// sources"),
    (["-X", "foo=1", "kafka://b/t"], "-X 'foo': No such configuration"),
    (["-X", "foo", "kafka://b/t"], "-X 'foo': is no PROPERTY=VALUE"),
    (["-X", "@", "kafka://b/t"], "the name of the file is empty"),
    (["-X", "group.id=1", "kafka://b/t"], "ordercount sets that itself"),
    (["-X", "sasl.password=secret", "kafka://b/t"], "-X @FILE"),
    (["--publish=kafka://b/p", "kafka://b/t"], "--publish needs --group"),
    (["--publish=b/p", "-g", "x", "kafka://b/t"], "is no kafka://BROKER/TOPIC"),
    (["--publish=kafka://b/p,q", "-g", "x", "kafka://b/t"], "one TOPIC only"),
    *[([option, "--publish=kafka://b/p", "-g", "x", "kafka://b/t"],
       "does not go with --publish")
      for option in ("--state=s", "--top=3", "--active", "--slide=1",
                     "--max-groups=9", "--forget=1m", "--lateness=1s",
                     "--merge", "--fail-if=@late>0", "--max-windows=1",
                     "--output=rows", "--live", "--expect=PAID")],
    (["--publish=kafka://b/p", "-g", "x", "-w", "all", "kafka://b/t"],
     "--window=all does not go with --publish"),
    # options
    (["--nonsense", FILE], "unknown option '--nonsense'"),
    (["-x", FILE], "unknown option '-x'"),
    (["--max=5", FILE], "'--max=5' is ambiguous: --max-ahead --max-windows"),
    ([FILE, "--window"], "--window: its argument DURATION|all is missing"),
    ([FILE, "-w"], "-w: its argument DURATION|all is missing"),
    (["--strict=yes", FILE], "--strict takes no argument"),
    # durations, sizes, counts
    (["-w", "0", FILE], "-w '0': "),
    (["-w", "-1", FILE], "-w '-1': "),
    (["-w", "5x", FILE], "-w '5x': "),
    (["--window=0.0001", FILE], "--window '0.0001': "),
    (["--window=9223372036854775808d", FILE], "--window '9223372036854775808"),
    (["--for=", FILE], "--for '': "),
    (["--max-line=0", FILE], "--max-line '0': "),
    (["--max-line=2G", FILE], "--max-line '2G': is more than 1G"),
    (["--top=0", FILE], "--top '0': "),
    (["--max-windows=-3", FILE], "--max-windows '-3': "),
    (["--max-groups=1e6", FILE], "--max-groups '1e6': "),
    # words
    (["-f", "xml", FILE], "-f 'xml': is not one of: table tsv csv json"),
    (["--sort=sum", FILE], "--sort 'sum': is not one of: key count total"),
    (["--color=", FILE], "--color '': is not one of: auto always never"),
    # keys and conditions
    (["-k", "", FILE], "-k '': a FIELD is empty"),
    (["-k", "a,", FILE], "-k 'a,': a FIELD is empty"),
    (["-k", "a..b", FILE], "-k 'a..b': a step is empty"),
    (["-k", "a", "-k", "a", FILE], "-k 'a': the FIELD 'a' is given twice"),
    (["--expect=a\tb", FILE], "--expect"),
    (["--fail-if=FAILED", FILE],
     "(was '>' taken by the shell? quote it)"),
    (["--fail-if=@order=0", FILE], "unknown name '@order'"),
    (["--fail-if=FAILED>many", FILE], "no whole number"),
    # windows and time
    (["-s", "0", FILE], "-s '0': is not above 0"),
    (["-w10", "-s3", FILE], "--slide does not divide the window"),
    (["-w1", "-s2", FILE], "--slide is longer than the window"),
    (["-w24h", "-s1ms", FILE], "would slide 86400000 times"),
    (["-s1", FILE], "--slide needs a --window"),
    (["-wall", "-tt", FILE], "--window=all does not go with --time"),
    (["-t", "", FILE], "-t '': a FIELD is empty"),
    (["-l1", FILE], "--lateness needs --time (or --merge)"),
    (["-tt", "-l", "-1", FILE], "-l '-1': is below 0"),
    (["-tt", "--idle=0", FILE], "--idle '0': is not above 0"),
    (["--max-ahead=1d", FILE], "--max-ahead needs --time"),
    # query
    (["--where=amount", FILE], "(was '>' taken by the shell? quote it)"),
    (["--sum=a..b", FILE], "--sum 'a..b': a step is empty"),
    (["--merge", "-k", "a", FILE], "--key does not go with --merge"),
    (["--merge", "--expect=A", "--expect=A\tB", FILE], "key columns"),
    # output
    (["-fprometheus", "-n3", FILE], "--top does not go with --format"),
    (["-fprometheus", "--active", FILE], "--active does not go with"),
    (["-fprometheus", "-ka.b,a_b", FILE], "the same label"),
    (["--live", "-fjson", FILE], "--live is for the table"),
    # state and files that grow
    (["--until-end", "localhost", "9998"], "cannot be known beforehand"),
    (["--drain", "-tt", FILE], "--drain needs --state"),
    (["--state=-", FILE], "a state needs a file of its own"),
    (["--state=" + FILE, FILE], "is the same file as the source"),
    (["--state=s", "-os", FILE], "is the same file as --output=s"),
    (["--state=s", FILE, "./" + FILE], "would be read twice"),
    # files that would be destroyed
    (["-o", FILE, FILE], "is the same file as the source"),
    (["-o", "out.tsv", "."], "is in the directory '.'"),
    (["--rejects=" + FILE, FILE], "is the same file as the source"),
    (["-o", "out", "--rejects=out", FILE], "is the same file as"),
    (["-o", "", FILE], "the name of the file is empty"),
    (["--rejects=-", FILE], "standard output is for the rows"),
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / FILE).write_bytes(oc.order("PAID"))
    return tmp_path


@pytest.mark.parametrize("args, message", REFUSED,
                         ids=lambda value: value if isinstance(value, str)
                         else " ".join(value))
def test_wrong_usage_is_named_in_one_line(folder, args, message):
    before = sorted(os.listdir(folder))
    result = oc.run(args, cwd=folder)
    assert result.status == 2
    assert result.out == b""
    lines = result.err.decode().split("\n")
    assert lines[0].startswith("ordercount: ")
    assert message in lines[0]
    assert lines[1:] == ["Try 'ordercount --help'", ""]
    assert sorted(os.listdir(folder)) == before
    assert (folder / FILE).read_bytes() == oc.order("PAID")


def test_fail_if_hint_ends_the_line(folder):
    result = oc.run(["--fail-if=FAILED", FILE], cwd=folder)
    first = result.err.split(b"\n")[0]
    assert first.endswith(b"(was '>' taken by the shell? quote it)")


def test_control_characters_do_not_reach_the_terminal(folder):
    result = oc.run(["bad\n\x1b[2J\x7f\u0085name"], cwd=folder)
    assert result.status == 2
    assert len(result.err.split(b"\n")) == 3
    assert b"\x1b" not in result.err
    assert b"\x7f" not in result.err
    assert "\u0085".encode() not in result.err


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["-q", "--help", "-x"],
                                  ["--hel"]])
def test_help_goes_to_stdout(args):
    result = oc.run(args)
    assert result.status == 0
    assert result.err == b""
    assert result.out.startswith(b"Usage: ordercount [OPTION]... HOST PORT\n")


@pytest.mark.parametrize("args", [["--version"], ["-V"]])
def test_version_says_what_is_built_in(args):
    result = oc.run(args)
    assert result.status == 0
    assert result.err == b""
    lines = result.out.decode().splitlines()
    assert lines[0].split(" ")[0] == "ordercount"
    assert lines[0].split(" ")[1][0].isdigit()
    assert lines[1] == \
        "Sources: tcp, tls, kafka, kinesis, file, directory, fifo, " \
        "standard input"
    assert re.fullmatch(r"Libraries: GMP \d[\d.]*, SQLite \d[\d.]*, "
                        r"librdkafka \d[\d.]*, libmicrohttpd \d[\d.]*, "
                        r"OpenSSL \d[\d.]*, libcurl \d[\d.]*",
                        lines[2])


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_that_cannot_be_written_is_an_error(option):
    with open("/dev/full", "wb") as full:
        result = oc.run([option], stdout=full)
    assert result.status == 1
    assert result.err == b"ordercount: standard output: No space left on device\n"


def test_options_and_operands_mix(folder):
    result = oc.run([FILE, "-f", "json", "-q", "-w", "all"], cwd=folder)
    assert result.status == 0
    assert b'"count":1' in result.out


def test_posixly_correct_ends_options_at_the_first_operand(folder):
    result = oc.run([FILE, "-q"], cwd=folder, env={"POSIXLY_CORRECT": "1"})
    assert result.status == 2
    assert b"'-q' is neither a port nor a file" in result.err


def test_two_dashes_end_the_options(folder):
    (folder / "-q").write_bytes(oc.order("DASH"))
    result = oc.run(["--", "-q"], cwd=folder)
    assert result.status == 0
    assert oc.counts(result.out) == {"DASH": 1}


def test_long_options_may_be_abbreviated(folder):
    result = oc.run(["--form=json", "--summ", FILE], cwd=folder)
    assert result.status == 0
    assert b'"summary":' in result.out


def test_last_of_an_option_wins(folder):
    result = oc.run(["-f", "json", "--header", "-f", "tsv", "--no-header",
                     "-o", "x", "-o", "-", FILE], cwd=folder)
    assert result.status == 0
    assert oc.counts(result.out) == {"PAID": 1}
    assert sorted(os.listdir(folder)) == [FILE]


def test_file_with_a_slash_is_no_port(folder):
    (folder / "2024").write_bytes(oc.order("OLD"))
    result = oc.run([FILE, "./2024"], cwd=folder)
    assert result.status == 0
    assert oc.counts(result.out) == {"PAID": 1, "OLD": 1}


def test_path_that_is_not_there_fails_when_opened(folder):
    result = oc.run(["./missing.json"], cwd=folder)
    assert result.status == 1
    assert result.err.startswith(b"ordercount: ")
    assert b"./missing.json" in result.err
    assert result.err.count(b"\n") == 1


def test_two_digits_name_a_server_even_if_such_files_exist(folder):
    with oc.Refused() as refused:
        (folder / "127.0.0.1").write_bytes(oc.order())
        (folder / str(refused.port)).write_bytes(oc.order())
        result = oc.run(["127.0.0.1", refused.port], cwd=folder)
    assert result.status == 1
    assert b"tcp://127.0.0.1:%d" % refused.port in result.err


@pytest.mark.parametrize("operands", [
    ["{host}", "{port}"], ["tcp://{host}:{port}"], ["TCP://{host}:{port}"]])
def test_each_spelling_of_a_server_is_dialled(spawn, feed, operands):
    process = spawn([operand.format(host="127.0.0.1", port=feed.port)
                     for operand in operands] + ["-w", "all"])
    client = feed.accept()
    client.send(oc.order("PAID"))
    client.close()
    result = process.wait()
    assert result.status == 0
    assert oc.counts(result.out) == {"PAID": 1}


@pytest.mark.parametrize("operands", [
    ["::1", "{port}"], ["[::1]", "{port}"], ["tcp://[::1]:{port}"]])
def test_ipv6_needs_brackets_only_in_a_scheme(spawn, feeds, operands):
    feed = feeds("::1")
    process = spawn([operand.format(port=feed.port) for operand in operands] +
                    ["-w", "all"])
    client = feed.accept()
    client.send(oc.order("PAID"))
    client.close()
    assert oc.counts(process.wait().out) == {"PAID": 1}


def test_output_into_itself_by_redirection_is_refused(folder):
    with open(folder / FILE, "ab") as same:
        result = oc.run([FILE], cwd=folder, stdout=same)
    assert result.status == 2
    assert b"standard output is the same file as the source" in result.err
    assert (folder / FILE).read_bytes() == oc.order("PAID")


def test_stream_is_counted_in_windows_of_five_seconds(spawn, feed):
    process = spawn(["127.0.0.1", feed.port, "-m", "1"])
    feed.accept().send(oc.order())
    row, = oc.rows(process.wait().out)
    start, end = (datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
                  for time in (row.start, row.end))
    assert (end - start).total_seconds() == 5


def test_file_is_counted_as_a_whole(folder):
    result = oc.run(["-f", "json", FILE], cwd=folder)
    assert result.out.count(b"\n") == 1
    assert b'"partial":false' in result.out
