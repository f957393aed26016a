"""Processor time of the second voices on a day, relative to the ranking without them.

    python -m benchmarks.voices [--rows 2000000] [--rounds 1]

Sigma's rules are 56, as many as SigmaHQ has for proxies, and as there mostly about agents and addresses.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, Work, arguments, in_turn, show
from benchmarks.generated_day import CACHE, DAY, GeneratedDay, generated_day
from proxy_oa_assets.ranking.day_ranking import rank_day
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.voices.configured import configured_voices
from proxy_oa_assets.ranking.voices.voice import Voice
from proxy_oa_assets.ranking.weights import read_weights

_DETECTIONS: tuple[tuple[int, Callable[[int], str]], ...] = (
    (25, lambda n: f"c-useragent|contains: [{', '.join(f'bad{n}x{i}' for i in range(12))}]"),
    (15, lambda n: f"c-uri|contains: ['/evil{n}', '/gate{n}.php'], cs-method: POST"),
    (12, lambda n: f"cs-host|endswith: ['.bad{n}', '.tk{n}', '.x{n}'], c-uri-extension: exe"),
    (4, lambda n: f"c-uri|re: '/[a-z]{{8}}{n}\\.php$'"),
)


def write_rules(folder: Path) -> None:
    """Write the rules, a file each."""
    for kind, (count, search) in enumerate(_DETECTIONS):
        for number in range(count):
            (folder / f"{kind}-{number}.yml").write_text(
                f"title: Rule {kind} {number}\nauthor: A. Author\nlogsource: {{category: proxy}}\n"
                f"detection: {{s: {{{search(number)}}}, condition: s}}\n",
                encoding="utf-8",
            )


def rank(generated: GeneratedDay, voices: tuple[Voice, ...]) -> None:
    """Rank the day without history."""
    rank_day(generated.warehouse(), DAY, weights=read_weights(), lists=Lists(), history_days=0, voices=voices)


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rounds=1, rows=2_000_000, cache=CACHE).parse_args()
    generated = generated_day(chosen.rows, chosen.cache)
    with tempfile.TemporaryDirectory() as folder:
        write_rules(Path(folder))
        voices = {
            "no voice": (),
            "fisher": configured_voices(["fisher"], None),
            "sigma": configured_voices([], Path(folder)),
            "topics": configured_voices(["topics"], None),
        }
        works = {name: Work(partial(rank, generated, each)) for name, each in voices.items()}
        seconds = in_turn(chosen.rounds, works, warm=False, clock=time.process_time)
    alone = statistics.median(seconds.pop("no voice"))
    found = [Figure(name, statistics.median(each) - alone, "s") for name, each in seconds.items()]
    show(
        f"Second voices over {chosen.rows:,} rows, processor time",
        [Figure("the ranking", alone, "s"), *found],
    )


if __name__ == "__main__":
    main()
