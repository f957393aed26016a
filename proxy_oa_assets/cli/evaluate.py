"""`proxy-oa evaluate`: what the ranking of a day found of what is labelled in it, as tables and a plot."""

import tempfile
from pathlib import Path

import pandas as pd
from rich.text import Text

from proxy_oa_assets.cli.console import console, show_frame
from proxy_oa_assets.investigation.story.found_plot import found_svg
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted, printable_lines
from proxy_oa_assets.ranking.evaluation import TOPS, Evaluation, Found, evaluate
from proxy_oa_assets.ranking.labels import Labels, read_labels
from proxy_oa_assets.ranking.own_results import is_of_another_system
from proxy_oa_assets.ranking.published_parts import copy_results, required_results
from proxy_oa_assets.ranking.results_file import read_results
from proxy_oa_assets.ranking.site_ranking import evaluate_as_configured
from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.settings import Settings

_ALL_ROWS = 10_000_000


def run_evaluation(settings: Settings, day: Day, labels_file: Path, plot: Path | None) -> None:
    """Evaluate a day's ranking on labels and print it.

    Another system's results, or with PROXY_OA_RANKING=external any, are taken in their order; else the day is
    ranked from its raw requests, again without each signal.
    """
    configured = deployment(settings)
    labels = read_labels(labels_file, day)
    results = configured.workspace.results(day)
    external = settings.ranking == "external" or is_of_another_system(configured.hdfs, results)
    if external:
        found = _of_results(configured, day, labels)
        ranked_by = f"another system's ranking, {configured.hdfs.location(results)}"
    else:
        found = evaluate_as_configured(configured.impala, configured.workspace, day, labels)
        ranked_by = "the ranking of the raw requests, without feedback"
    _show(day, ranked_by, found)
    if plot:
        with replacing(plot) as file:
            file.write(found_svg(day, found).encode("utf-8"))
        console.print(Text(f"plot: {plot}"), soft_wrap=True)


def _of_results(configured: Deployment, day: Day, labels: Labels) -> Evaluation:
    workspace = configured.workspace
    published = required_results(configured.hdfs, workspace.results(day))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "proxy_results.csv"
        copy_results(configured.hdfs, published, copy)
        frame = read_results(copy, workspace.column_map().results, day, _ALL_ROWS).frame
    return evaluate(
        [(str(client), str(host)) for client, host in records(frame[["clientip", "host"]])], labels
    )


def _show(day: Day, ranked_by: str, found: Evaluation) -> None:
    console.print(Text(f"{day}: {ranked_by}"), soft_wrap=True)
    rows = [(f"{top:,}", *_figures(found.pairs, top), *_figures(found.clients, top)) for top in TOPS]
    columns = ["first", "connections", "precision", "recall", "clients", "client precision", "client recall"]
    show_frame("What stands in the first places", pd.DataFrame(rows, columns=columns), flexible="first")
    for what, of in (("connection", found.pairs), ("client", found.clients)):
        console.print(Text(printable_lines(_sentence(what, of))), soft_wrap=True)
    if found.not_ranked:
        console.print(
            Text(
                f"{counted(found.not_ranked, 'labelled connection')} not ranked: compare their clientip and "
                f"host with those of the log",
                style="yellow",
            ),
            soft_wrap=True,
        )
    if found.carried:
        whole = found.pairs.average_precision
        signals = [
            (
                each.signal,
                f"{each.points:+.2f}",
                f"{whole - each.without.average_precision:+.4f}",
                _places(each.without),
            )
            for each in found.carried
        ]
        names = ["signal", "points", "carried", "first and last without it"]
        show_frame(
            f"What each signal carries of the average precision, {whole:.3f}",
            pd.DataFrame(signals, columns=names),
            flexible="signal",
        )


def _figures(found: Found, top: int) -> tuple[str, str, str]:
    return str(found.within(top)), f"{found.precision(top):.2f}", f"{found.recall(top):.2f}"


def _sentence(what: str, found: Found) -> str:
    which = "confirmed" if found.confirmed else "labelled"
    return f"{counted(found.bad, f'labelled {what}')} among {found.ranked:,}; {which}: {_places(found)}"


def _places(found: Found) -> str:
    places = found.confirmed_places if found.confirmed else found.bad_places
    return f"first at {places[0]:,}, last at {places[-1]:,}" if places else "none ranked"
