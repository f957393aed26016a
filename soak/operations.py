"""The operations that a soak run kills, and the home in which each begins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import dagster as dg
from support.home import Home
from support.ingested_log import log_days, squid_log

from proxy_oa_assets.cli.history import materialize_day, open_history
from proxy_oa_assets.defs.automation.dead_runs import running
from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.ingest.ingesting import ingest_day, ingest_log
from proxy_oa_assets.ingest.open_log import LogFormat
from proxy_oa_assets.investigation import incidents
from proxy_oa_assets.investigation.handover.write import write_hand_over
from proxy_oa_assets.investigation.journal import undo_last
from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import change_severities, score, undo_score
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.investigation.storyboard import save_storyboard
from proxy_oa_assets.model.day import Day

DAY, NEIGHBOUR, NEW_DAY = (Day.parse(key) for key in ("2016-09-12", "2016-09-11", "2016-09-13"))
LOG_DAYS = log_days()
# A home that operations begin in, and the days that it has.
HomeName = Literal["analysed", "ingested", "new"]
HOME_DAYS: Mapping[HomeName, Sequence[Day]] = {
    "analysed": (NEIGHBOUR, DAY, NEW_DAY),
    "ingested": LOG_DAYS,
    "new": (),
}
LIMIT = 60
_VIEWS, _MORE_VIEWS = 12, 20
_LINES = 3000
_RUN_ID = "50a5d000-0000-4000-8000-{:012d}"


@dataclass(frozen=True)
class Operation:
    """Something that is done in a home, and killed.

    `home` is the home in which it begins; `days` are those that it changes. `again` says whether it is run
    again after a kill in any case, or only if the change isn't made: the next process that touches the day
    finishes or drops it.
    """

    kind: str
    name: str
    work: Callable[[Home], object]
    home: HomeName = "analysed"
    days: tuple[Day, ...] = (DAY,)
    again: Literal["always", "unless made"] = "always"


def prepare(home: Home, name: HomeName, *, neighbour: bool = True) -> None:
    """Fill a home as operations find it; without `neighbour`, another day has analysts' work alone."""
    if name == "new":
        home.path.mkdir()
        return
    if name == "ingested":
        _prepare_ingested(home)
        return
    home.write_sample(NEW_DAY, _MORE_VIEWS, ranked=False)
    for day in (NEIGHBOUR, DAY):
        home.write_sample(day, _VIEWS, ranked=False)
    materialize(home, DAY, LIMIT // 2)
    # Further requests, before stories are saved: one that is restored has what the raw log has by then.
    home.write_sample(DAY, _MORE_VIEWS, ranked=False)
    _analyse(home, DAY)
    if neighbour:
        materialize(home, NEIGHBOUR, LIMIT // 2)
        _analyse(home, NEIGHBOUR)
    else:
        score(NEIGHBOUR, 2, listed(home, DAY)[1][0], deployment=home.deployment)


def _analyse(home: Home, day: Day) -> None:
    """Do an analyst's work on a day."""
    pairs, uris = listed(home, day)
    configured = home.deployment
    score(day, 2, uris[0], deployment=configured)
    score(day, 1, uris[1:3], deployment=configured)
    save_storyboard(day, uris[0], "Its own story", "text", deployment=configured)
    incidents.save_incident(day, "An incident", "text", pairs[3:5], deployment=configured)
    write_hand_over(day, "csv", deployment=configured)
    score(day, 1, uris[3], deployment=configured)
    kept = home.path / "uris" / day.key
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("\n".join(f"{client}\t{uri}" for client, uri in pairs), encoding="utf-8")


def _prepare_ingested(home: Home) -> None:
    """Ingest a log up to the middle of a line of its second day; then it has grown."""
    home.path.mkdir(exist_ok=True)
    whole = squid_log(_LINES)
    _log(home).write_bytes(whole[: whole.index(b"\n", len(whole) // 2) + 60])
    _ingest(home)
    _log(home).write_bytes(whole)


def listed(home: Home, day: Day) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the suspicious connections of a day, the first of each URI, and their URIs."""
    kept = home.path / "uris" / day.key
    if kept.exists():
        lines = kept.read_text(encoding="utf-8").split("\n")
        pairs = [(client, uri) for client, _, uri in (line.partition("\t") for line in lines)]
    else:
        frame = suspicious(day, deployment=home.deployment).drop_duplicates("fulluri")
        pairs = list(zip(frame["clientip"], frame["fulluri"], strict=True))
    return pairs, [uri for _, uri in pairs]


def materialize(home: Home, day: Day, limit: int = LIMIT) -> None:
    """Materialize a day and its checks, recorded in the home's history, as `proxy-oa run` does."""
    with open_history(home.settings) as instance:
        made = materialize_day(home.definitions, day, limit, instance)
    if not made.succeeded:
        raise RuntimeError(f"{day} failed: {made.failures}")


def rank(home: Home) -> None:
    """Rank a day, recorded in the history."""
    with open_history(home.settings) as instance:
        run_id = _RUN_ID.format(instance.get_runs_count())
        with running(instance, run_id):
            result = home.definitions.resolve_job_def(PROXY_DAY).execute_in_process(
                partition_key=DAY.key,
                instance=instance,
                run_id=run_id,
                asset_selection=[dg.AssetKey("ml_results")],
                raise_on_error=False,
            )
    if not result.success:
        raise RuntimeError(f"{DAY} wasn't ranked")


def _log(home: Home) -> Path:
    return Path(home.path / "access.log")


def _ingest(home: Home) -> None:
    ingest_log(_log(home), deployment=home.deployment, log_format=LogFormat("squid"))


def _ingest_day(home: Home) -> None:
    ingest_day(LOG_DAYS[1], [_log(home)], deployment=home.deployment, log_format=LogFormat("squid"))


def _on_uris(work: Callable[[Home, list[tuple[str, str]], list[str]], object]) -> Callable[[Home], object]:
    return lambda home: work(home, *listed(home, DAY))


def _incident(home: Home) -> str:
    (found,) = (
        each.key
        for each in incidents.incidents(DAY, deployment=home.deployment)
        if each.title == "An incident"
    )
    return found


def _undo(home: Home) -> None:
    if undo_last(DAY, deployment=home.deployment) is None:
        raise RuntimeError("there was no change to undo")


def _hand_over(home: Home, name: str) -> None:
    write_hand_over(DAY, name, deployment=home.deployment)


OPERATIONS = (
    Operation("ingest", "a log that has grown", _ingest, "ingested", tuple(LOG_DAYS)),
    Operation("ingest", "a day again", _ingest_day, "ingested", (LOG_DAYS[1],)),
    Operation("ranking", "of a day again", rank),
    Operation("materialization", "of a new day", lambda home: materialize(home, NEW_DAY), days=(NEW_DAY,)),
    Operation("materialization", "of a day again", lambda home: materialize(home, DAY)),
    Operation(
        "scoring", "a URI", _on_uris(lambda home, _, uris: score(DAY, 1, uris[5], deployment=home.deployment))
    ),
    Operation(
        "scoring",
        "a URI again",
        _on_uris(lambda home, _, uris: score(DAY, 3, uris[0], deployment=home.deployment)),
    ),
    Operation(
        "scoring",
        "several URIs",
        _on_uris(
            lambda home, _, uris: change_severities(
                DAY, {uris[0]: None, uris[1]: 3, uris[5]: 1, uris[6]: 2}, deployment=home.deployment
            )
        ),
    ),
    Operation(
        "scoring",
        "taken back",
        _on_uris(lambda home, _, uris: undo_score(DAY, uris[1:3], deployment=home.deployment)),
    ),
    Operation("scoring", "undone", _undo, again="unless made"),
    Operation(
        "stories",
        "a new story",
        _on_uris(
            lambda home, _, uris: save_storyboard(DAY, uris[6], "New", "text", deployment=home.deployment)
        ),
    ),
    Operation(
        "stories",
        "a story again",
        _on_uris(
            lambda home, _, uris: save_storyboard(DAY, uris[0], "Other", "words", deployment=home.deployment)
        ),
    ),
    Operation(
        "stories",
        "a story deleted",
        _on_uris(lambda home, _, uris: incidents.delete_story(DAY, uris[0], deployment=home.deployment)),
        again="unless made",
    ),
    Operation(
        "stories",
        "a new incident",
        _on_uris(
            lambda home, pairs, _: incidents.save_incident(
                DAY, "New", "text", [pairs[0], pairs[5], pairs[7]], deployment=home.deployment
            )
        ),
        again="unless made",
    ),
    Operation(
        "stories",
        "an incident again",
        _on_uris(
            lambda home, pairs, _: incidents.save_incident(
                DAY,
                "An incident",
                "other",
                [pairs[0], pairs[4]],
                key=_incident(home),
                deployment=home.deployment,
            )
        ),
    ),
    Operation(
        "stories",
        "an incident deleted",
        lambda home: incidents.delete_incident(DAY, _incident(home), deployment=home.deployment),
        again="unless made",
    ),
    Operation("export", "csv", lambda home: _hand_over(home, "csv")),
    Operation("export", "stix", lambda home: _hand_over(home, "stix")),
    Operation("export", "story page", lambda home: write_story(DAY, deployment=home.deployment)),
    Operation("reset", "of a day", lambda home: reset_scored_connections(DAY, deployment=home.deployment)),
)
