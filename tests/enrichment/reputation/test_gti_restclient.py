"""GTI by a program: a real executable stands in for Trellix' client, and keeps what it was given."""

import json
import os
import subprocess
import sys
import traceback

import pytest
from support.gti import CLIENT
from support.looking_up import says

from proxy_oa_assets.enrichment.reputation.lookup import PROBED
from proxy_oa_assets.enrichment.reputation.service_errors import ServiceError
from proxy_oa_assets.enrichment.reputation.verdict import Status

PASSWORD = "pa'ss word-$(id)"
UNVERIFIED = "gti:Unverified:-1"
EACH_HIGH = "print(json.dumps({'a': [{'rep': 127} for _ in asked['q']]}))"
# Waits pass at once.
pytestmark = pytest.mark.usefixtures("waits")


class Program:
    """The stand-in; a test gives the lines that handle the query, `asked`."""

    def __init__(self, folder):
        self.path, self._calls = folder / "restclient", folder / "calls"

    def doing(self, *lines):
        """Write the program, and return its path."""
        first = [
            f"#!{sys.executable}",
            "import json, os, subprocess, sys, time",
            "asked = json.loads(sys.argv[4])",
            f"with open({str(self._calls)!r}, 'a') as file:",
            "    call = {'arguments': sys.argv[1:], 'environ': dict(os.environ), 'process': os.getpid()}",
            "    file.write(json.dumps(call) + '\\n')",
        ]
        self.path.write_text("\n".join([*first, *lines]))
        self.path.chmod(0o755)
        return self.path

    @property
    def calls(self):
        """Each call's arguments, environment and process."""
        return [json.loads(line) for line in self._calls.read_text().splitlines()]


@pytest.fixture
def program(tmp_path):
    return Program(tmp_path)


@pytest.fixture
def gti(client_of):
    """Return a function that makes the service with a program."""

    def made(path, environ=None, **entry):
        by = {"transport": "restclient", "restclient": str(path), "user": "us er", "password_env": "SECRET"}
        given = {"service": "gti", "server": "gti.example.net", "client": CLIENT, **by, **entry}
        return client_of(given, SECRET=PASSWORD, **(environ or {}))

    return made


def _questions(call):
    return json.loads(call["arguments"][3])["q"]


def test_the_program_gets_spot_s_arguments(gti, program):
    """Server, query, user, password; the query has the client and one question."""
    assert says(gti(program.doing(EACH_HIGH)), "evil.example/a?b=c")[0] == ["gti:High:3"]
    (call,) = program.calls
    query = call["arguments"].pop(3)
    assert call["arguments"] == ["-s", "gti.example.net", "-q", "-i", "us er", "-p", PASSWORD, "-t"]
    assert json.loads(query) == {"ci": CLIENT, "q": [{"op": "url", "url": "http://evil.example/a"}]}


@pytest.mark.parametrize(
    "hostile",
    [
        "$(touch broken)`touch broken`",
        "'; touch broken; '\"; touch broken; \"",
        "| touch broken & touch broken > broken",
        '"}],"q":[{"op":"url","url":"good.example',
        "\\\n\r\t\0*?[a]~{a,b}!!",
        "%s${HOME}%PATH%###QUERY###ü😀",
        " -t -s other.example",
    ],
)
def test_shell_syntax_reaches_the_program_as_data(gti, program, tmp_path, monkeypatch, hostile):
    """Any text of a URI is within `url` of one question, as is any of a setting in its argument."""
    monkeypatch.chdir(tmp_path)
    client = gti(program.doing(EACH_HIGH), send="url", user="$(touch broken)", server="`touch broken`")
    assert says(client, f"evil.example/{hostile}?{hostile}")[0] == ["gti:High:3"]
    (call,) = program.calls
    (question,) = _questions(call)
    assert set(question) == {"op", "url"}
    assert question["url"].startswith("http://evil.example/")
    assert len(call["arguments"]) == 9
    assert not list(tmp_path.rglob("broken*"))


def test_the_program_gets_only_harmless_variables(gti, program):
    """Those that programs need, and no other service's secret."""
    needed = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "HTTPS_PROXY": "http://proxy.example:3128"}
    says(gti(program.doing(EACH_HIGH), {**needed, "VT_KEY": "secret", "PYTHONPATH": "/x"}), "evil.example/")
    # Python itself may add LC_CTYPE (PEP 538).
    assert {
        name: value for name, value in program.calls[0]["environ"].items() if name != "LC_CTYPE"
    } == needed


@pytest.mark.parametrize("ending", ["print()", "print(chr(0), end='')", "print(chr(10) + 'done')"])
def test_output_after_the_response_is_ignored(gti, program, ending):
    """Spot cut off the last character of the output."""
    assert says(gti(program.doing(EACH_HIGH, ending)), "evil.example/")[0] == ["gti:High:3"]


@pytest.mark.parametrize(
    ("lines", "error", "tries"),
    [
        (["sys.exit(3)"], "`restclient` ended with exit code 3", 3),
        (
            [EACH_HIGH, "sys.stdout.flush()", "os.kill(os.getpid(), 9)"],
            "`restclient` ended with exit code -9",
            3,
        ),
        (["print('no')"], "its answer isn't as documented", 1),
        (['print(\'{"a": [{"rep": 12\')'], "its answer isn't as documented", 1),
        (["pass"], "its answer isn't as documented", 1),
        (["print('{\"a\": []}')"], "it gave 0 answers to 1 questions", 1),
        (["print('x' * 2_000_000)"], "what `restclient` writes is longer than 1 MB", 1),
        (["while True: print('x' * 1_000_000)"], "what `restclient` writes is longer than 1 MB", 1),
    ],
)
def test_a_program_that_fails_gives_no_verdict(gti, program, lines, error, tries):
    """-1, and looked up again next time; transient failures are retried; its complaints aren't logged."""
    client = gti(program.doing("print('certificate_problem', sys.argv, file=sys.stderr)", *lines))
    answers, stats = says(client, "evil.example/")
    assert (answers, stats.statuses, len(program.calls)) == ([UNVERIFIED], {Status.FAILED: 1}, tries)
    assert stats.errors == [error]
    assert says(client, "evil.example/")[1].requested == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["time.sleep(60)"],
        ["while True: print(' ', end='', flush=True); time.sleep(0.05)"],
        ["os.close(1)", "time.sleep(60)"],
        ["subprocess.run(['sleep', '60'], env={'PATH': os.defpath})"],
        ["subprocess.Popen(['sleep', '60'], env={'PATH': os.defpath})", EACH_HIGH],
    ],
)
def test_a_program_that_takes_too_long_is_killed(gti, program, lines):
    """It may sleep, drip, close its output, or leave the work to another program: all of it ends."""
    client = gti(program.doing(*lines), timeout=2, attempts=1)
    answers, stats = says(client, "evil.example/")
    assert (answers, stats.errors) == ([UNVERIFIED], ["`restclient` took longer than 2 s (`timeout`)"])
    group = ["ps", "-o", "stat=", "-g", str(program.calls[0]["process"])]
    left = subprocess.run(group, capture_output=True, text=True, check=False).stdout.split()
    assert [state for state in left if not state.startswith("Z")] == []


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (os.remove, "No such file or directory"),
        (lambda path: path.write_bytes(b"\x7fno program"), "Exec format error"),
        (lambda path: path.write_text("#!/nowhere/python\n"), "No such file or directory"),
    ],
)
def test_a_program_that_cannot_be_run_ends_the_lookup(gti, program, spoil, reason):
    """It existed when the file was read; one attempt is enough."""
    path = program.doing(EACH_HIGH)
    client = gti(path, threads=1)
    spoil(path)
    answers, stats = says(client, *(f"evil.example/{number}" for number in range(10)))
    assert (set(answers), stats.statuses, stats.requested) == ({UNVERIFIED}, {Status.FAILED: 10}, 1)
    assert (stats.errors, stats.down) == ([f"`restclient` can't be run: {reason}"], True)


def test_a_batch_too_long_for_a_command_line_is_split(gti, program):
    """Linux takes 128 KB an argument; a longer single value is unsupported, and the others are looked up."""
    values = [f"evil.example/{number}{'x' * 20_000}" for number in range(10)]
    client = gti(program.doing(EACH_HIGH), batch=100, threads=1)
    answers, stats = says(client, *values, f"evil.example/{'y' * 200_000}")
    assert answers == [*["gti:High:3"] * 10, UNVERIFIED]
    assert stats.statuses == {Status.OK: 10, Status.UNSUPPORTED: 1}
    assert [question["url"] for call in program.calls for question in _questions(call)] == [
        f"http://{value}" for value in values
    ]


@pytest.mark.parametrize("fault", ["exit", "time", "gone", "zero byte"])
def test_no_error_quotes_the_command_line(gti, program, fault):
    """Python's errors quote the command with its password; ours don't."""
    path = program.doing("time.sleep(60)" if fault == "time" else "sys.exit(1)")
    client = gti(path, timeout=0.5, server="a\0b" if fault == "zero byte" else "gti.example.net")
    if fault == "gone":
        path.unlink()
    with pytest.raises(ServiceError, match="`restclient`") as caught:
        client.probes()["gti"]()
    assert caught.value.__cause__ is caught.value.__context__ is None
    text = "".join(traceback.TracebackException.from_exception(caught.value).format())
    assert PASSWORD not in text
    assert "gti.example.net" not in text


def test_doctor_reports_the_program_s_response(gti, program):
    """One harmless value is looked up."""
    assert gti(program.doing(EACH_HIGH)).probes()["gti"]() == f"says High of http://{PROBED}/"
