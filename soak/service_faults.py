"""A week's backfill on one machine while reputation services and the webhook fail."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import dagster as dg
from support.home import Home
from support.remote_services import SECRET, SECRET_ENV, entry

from proxy_oa_assets.cli.history import materialize_day, open_history
from proxy_oa_assets.defs.automation.webhook import WebhookError, post
from proxy_oa_assets.enrichment.reputation.verdict import read_lookup_stats
from proxy_oa_assets.model.day import Day
from soak.children import preload, result_of
from soak.counts import Counts
from soak.faulty_services import FAULTS, REMOTES, WEBHOOK, WELL
from soak.state import State, day_state

T = TypeVar("T")

_FIRST = Day.parse("2016-09-12")
WEEK = list(_FIRST.through(_FIRST.plus(6)))
_VIEWS, _LIMIT = 5, 30
_BEHAVIOURS = (WELL, *FAULTS)
# What a lookup took counts what the cache answered, another publication has another time, and notebooks and
# their record name their home.
_OF_THE_RUN = ("reputation.json", "publication.json", ".ipynb")


def fail_the_services(folder: Path, counts: Counts) -> None:
    """Materialize each day while each remote behaves in its turn, then all days again while all are well."""
    behaviours = folder / "behaviours"
    behaviours.mkdir()
    _behave(behaviours, dict.fromkeys(REMOTES, WELL))
    dg.DagsterInstance.ephemeral().dispose()  # loads what each child would load
    with _services(behaviours) as urls:
        week, undisturbed = (_Week(folder / name, urls) for name in ("week", "undisturbed"))
        for each in (week, undisturbed):
            each.preload()
        for day in WEEK:
            said = _said(day)
            _behave(behaviours, said)
            _run_disturbed(week, day, said, counts)
        _behave(behaviours, dict.fromkeys(REMOTES, WELL))
        for day in WEEK:
            _run_again(week, undisturbed, day, counts)


def _run_again(week: "_Week", undisturbed: "_Week", day: Day, counts: Counts) -> None:
    """Run a day while all are well; compare it with one that was never disturbed."""
    failed = week.run(day) or undisturbed.run(day)
    other = sorted(dict(week.state(day).items() ^ undisturbed.state(day).items()))
    for line in _said(day).items():
        if failed or other:
            counts.fail(line, f"{day} run again: {failed or other}")
        else:
            counts.count(line, "done again")


def _said(day: Day) -> dict[str, str]:
    """Return how each remote behaves on a day: each differently, and each in every way within the week."""
    first = WEEK.index(day)
    return {remote: _BEHAVIOURS[(first + place) % len(_BEHAVIOURS)] for place, remote in enumerate(REMOTES)}


def _run_disturbed(week: "_Week", day: Day, said: Mapping[str, str], counts: Counts) -> None:
    """Run a day, and count what each remote's behaviour made of it."""
    others = [other for other in WEEK if other != day]
    before = week.state(*others)
    failed = week.run(day)
    errors, undelivered = week.errors(day), week.report(day)
    changed = sorted(dict(before.items() ^ week.state(*others).items()))
    for line in said.items():
        remote, behaviour = line
        counts.count(line, "failed" if failed else "done")
        reported = undelivered if remote == WEBHOOK else "; ".join(errors.get(remote, []))
        print(f"{day} {remote} {behaviour}: {failed or 'done'}; {reported or 'no error'}", flush=True)
        # A webhook has taken the message once its status says so; what follows isn't read.
        fails = behaviour in ("silent", "500") if remote == WEBHOOK else behaviour != WELL
        if bool(reported) is not fails:
            counts.fail(line, f"{day} reports {reported or 'no error'}")
        if changed:
            counts.fail(line, f"{day} changed {changed}")


def _behave(folder: Path, said: Mapping[str, str]) -> None:
    for remote, behaviour in said.items():
        (folder / remote).write_text(behaviour, encoding="utf-8")


@contextmanager
def _services(behaviours: Path) -> Iterator[dict[str, str]]:
    """Serve the remotes in a process of their own; yield their addresses."""
    with subprocess.Popen(
        [sys.executable, "-m", "soak.faulty_services", behaviours],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the services have no pipes")
        yield json.loads(process.stdout.readline())
        process.stdin.close()


class _Week:
    """A home with the raw logs of a week, whose days are run in children."""

    def __init__(self, path: Path, urls: Mapping[str, str]) -> None:
        self._path, self._urls = path, urls
        self._log = path.with_suffix(".log")
        self._result(self._prepare)

    def run(self, day: Day) -> str:
        """Materialize a day; return why it failed, empty if it didn't."""
        return self._result(lambda: self._materialize(day))

    def errors(self, day: Day) -> dict[str, list[str]]:
        """Return the errors of each service that a day's lookups met."""
        stats = read_lookup_stats(self._path / "data" / "proxy" / day.folder) or {}
        return {service: found.errors for service, found in stats.items()}

    def state(self, *days: Day) -> State:
        """Read days, without what depends on their runs."""

        def read() -> State:
            home = self._home()
            parts = {part: digest for day in days for part, digest in day_state(home, day).items()}
            return {part: digest for part, digest in parts.items() if not part.endswith(_OF_THE_RUN)}

        return self._result(read)

    def report(self, day: Day) -> str:
        """Post a failed run's report; return why that failed, empty if it didn't."""

        def report() -> str:
            address = self._home().settings.failure_webhook
            try:
                post(address, {"text": f"{day} failed"})
            except WebhookError as error:
                return str(error)
            return ""

        return self._result(report)

    def preload(self) -> None:
        """Load what a day's run loads, by running a day before the week."""
        environ = {**self._variables(), "PROXY_OA_HOME": str(self._path)}
        preload(lambda: self._materialize(WEEK[0].plus(-1)), environ=environ, log=self._log)

    def _prepare(self) -> None:
        self._path.mkdir()
        services = [entry(remote, self._urls[remote]) for remote in REMOTES if remote != WEBHOOK]
        (self._path / "reputation.json").write_text(
            json.dumps({"services": [{**each, "timeout": 1.0, "attempts": 2} for each in services]}),
            encoding="utf-8",
        )
        home = self._home()
        for day in (WEEK[0].plus(-1), *WEEK):
            home.write_sample(day, _VIEWS, ranked=False)

    def _materialize(self, day: Day) -> str:
        # Days share hosts, whose verdicts would be known from the day before.
        shutil.rmtree(self._path / "reputation", ignore_errors=True)
        home = self._home()
        with open_history(home.settings) as instance:
            made = materialize_day(home.definitions, day, _LIMIT, instance)
        failed = {} if made.succeeded else made.failures or made.failed_checks
        return "; ".join(f"{name}: {why}" for name, why in failed.items())

    def _home(self) -> Home:
        return Home(self._path, **self._variables())

    def _variables(self) -> dict[str, str]:
        return {
            "PROXY_OA_REPUTATION": str(self._path / "reputation.json"),
            "PROXY_OA_FAILURE_WEBHOOK": f"{self._urls[WEBHOOK]}/hook",
            SECRET_ENV: SECRET,
        }

    def _result(self, work: Callable[[], T]) -> T:
        environ = {**self._variables(), "PROXY_OA_HOME": str(self._path)}
        return result_of(work, environ=environ, log=self._log)
