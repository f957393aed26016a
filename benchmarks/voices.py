"""Processor time of the second voices on a day, relative to the ranking without them.

    python -m benchmarks.voices [--rows 1000000] [--rounds 5]

Sigma's rules are 56, as many as SigmaHQ has for proxies, and as there mostly about agents and addresses.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.figures import ROUNDS, Figure, Group, Work, arguments, in_turn, of_rounds, show, timed
from benchmarks.generated_day import DAY, GeneratedDay, generated_day
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
_RULES = sum(count for count, _ in _DETECTIONS)
_NONE = "the ranking without voices"


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


def figures(rows: int, rounds: int) -> list[Figure]:
    """Measure a day of that many raw rows."""
    generated = generated_day(rows)
    with tempfile.TemporaryDirectory() as folder:
        write_rules(Path(folder))
        voices = {
            _NONE: (),
            "Fisher's method": configured_voices(["fisher"], None),
            f"Sigma's {_RULES} rules": configured_voices([], Path(folder)),
            "the topic model": configured_voices(["topics"], None),
        }
        works = {name: Work(partial(rank, generated, each)) for name, each in voices.items()}
        seconds = in_turn(rounds, works, warm=False, clock=time.process_time)
    alone = seconds.pop(_NONE)
    added = {
        name: [one - without for one, without in zip(each, alone, strict=True)]
        for name, each in seconds.items()
    }
    return [
        timed(_NONE, alone),
        *(of_rounds(f"added by {name}", each, "s") for name, each in added.items()),
    ]


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure a day."""
    rows, rounds = (100_000, 1) if quick else (1_000_000, ROUNDS)
    yield Group(f"{rows:,} raw rows, processor time", figures(rows, rounds))


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rows=1_000_000).parse_args()
    title = f"Second voices over {chosen.rows:,} rows, processor time"
    show(Group(title, figures(chosen.rows, chosen.rounds)))


if __name__ == "__main__":
    main()
