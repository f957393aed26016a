"""The reasons in a row's `word`, and what a person reads of them.

A word of this ranking is `beacon=0.93;rare_host=0.8;led_from=a.example;leads_on;popular=-1.2`: reasons with
their points, negative ones against suspicion, and some without. Any other text is another ranking's word.
"""

import functools
import re
from dataclasses import dataclass

from proxy_oa_assets.ranking.signal import all_signals
from proxy_oa_assets.ranking.voices.signals import SIGMA, VOICE_SIGNALS

# Reasons that are no signal's.
LED_FROM, LEADS_ON, NEAR = "led_from", "leads_on", "near"
FEEDBACK, OWN_DOMAIN, KNOWN_GOOD = "feedback", "own_domain", "known_good"
# Those that change after the ranking; `feedback.py` gives them.
ADJUSTMENTS = (FEEDBACK, OWN_DOMAIN, KNOWN_GOOD)

_OTHER_WORDS = {
    LED_FROM: "led here from",
    LEADS_ON: "leads on to other suspicious hosts",
    NEAR: "the client's other suspicious requests within minutes",
    OWN_DOMAIN: "one of the site's own domains",
    KNOWN_GOOD: "a user agent that is known to be good",
}
_RAISED, _LOWERED = (
    "analysts gave similar traffic a high severity",
    "analysts gave similar traffic a low severity",
)
_REASON = re.compile(r"(?P<name>[a-z][a-z0-9_]*(?::[^;=]+)?)(?:=(?P<value>[^;=]+))?", re.ASCII)
_POINTS = re.compile(r"-?\d{1,4}(?:\.\d{1,9})?", re.ASCII)
_LONGEST = 2_000  # characters of a word of ours; a longer one is a log's or another system's


@dataclass(frozen=True)
class Reason:
    """A reason and its points; one without points may have a text, such as the host of `led_from`."""

    name: str
    points: float | None = None
    text: str = ""

    def __str__(self) -> str:
        """Return the reason as it stands in a word."""
        value = self.text if self.points is None else f"{self.points:.2f}".rstrip("0").rstrip(".")
        return f"{self.name}={value}" if value else self.name


def parsed(word: object) -> tuple[Reason, ...]:
    """Return the reasons of a word, none for a word of another ranking."""
    if not isinstance(word, str) or len(word) > _LONGEST:
        return ()
    found = [_REASON.fullmatch(part) for part in word.split(";")]
    reasons = tuple(_reason(each["name"], each["value"] or "") for each in found if each)
    ours = len(reasons) == len(found) and any(reason.points is not None for reason in reasons)
    return reasons if ours else ()


def in_words(word: object, now: object = None, most: int | None = None) -> list[str]:
    """Return what a person reads of a word: the strongest reason first, those against suspicion last.

    Rarity and surroundings come after what sets a request apart: most of a list shares them. `now` are the
    adjustments that count by now, in the form of a word, in place of the word's own. `most` leaves out all
    but so many reasons with points for suspicion. A name that isn't known, and another ranking's word, are
    returned as they are. The texts are data: what shows them escapes them.
    """
    reasons = parsed(word)
    foreign = [str(word)] if isinstance(word, str) and word and not reasons else []
    if now is not None:
        reasons = (*(reason for reason in reasons if reason.name not in ADJUSTMENTS), *parsed(now))
    ordered = sorted(reasons, key=lambda reason: (_shared(reason.name), -abs(reason.points or 0.0)))
    strong = [_words(reason) for reason in ordered if (reason.points or 0.0) > 0]
    plain = [_words(reason) for reason in ordered if not reason.points]
    against = [f"but: {_words(reason)}" for reason in ordered if (reason.points or 0.0) < 0]
    return [*foreign, *strong[:most], *plain, *against]


def sentence(word: object, now: object = None, most: int | None = None) -> str:
    """Return a word's reasons as one text."""
    return "; ".join(in_words(word, now, most))


@functools.cache
def known_words() -> dict[str, str]:
    """Return the words of each reason that is known by its name, the signals' included."""
    return {signal.name: signal.words for signal in (*all_signals(), *VOICE_SIGNALS)} | _OTHER_WORDS


def adjusted_by(word: object) -> float:
    """Return the points of a word's adjustments."""
    return sum(reason.points or 0.0 for reason in parsed(word) if reason.name in ADJUSTMENTS)


def _shared(name: str) -> int:
    """Return how little a reason says of one request among a day's suspicious ones: 0, 1 or 2."""
    return 2 if name == NEAR else int(name in _rarities())


@functools.cache
def _rarities() -> frozenset[str]:
    return frozenset(signal.name for signal in all_signals() if signal.family == "rarity")


def _reason(name: str, value: str) -> Reason:
    # A host can look like a number.
    scored = name != LED_FROM and _POINTS.fullmatch(value)
    return Reason(name, float(value)) if scored else Reason(name, text=value)


def _words(reason: Reason) -> str:
    if reason.name == FEEDBACK:
        return _LOWERED if (reason.points or 0.0) < 0 else _RAISED
    kind, _, detail = reason.name.partition(":")
    if words := known_words().get(kind):
        if kind == SIGMA.name:
            detail = _rule(detail)
        return " ".join(filter(None, (f"{words}:" if detail else words, detail, reason.text)))
    return str(reason)


def _rule(detail: str) -> str:
    """Return a rule's title and author, which its licence asks to show with each hit (DRL 1.1)."""
    title, _, author = detail.replace("_", " ").partition(":")
    return f"{title} (by {author})" if author else title
