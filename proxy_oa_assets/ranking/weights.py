"""The points of signals and families: `weights.toml`, or a site's own file."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from proxy_oa_assets.model.errors import RankingError
from proxy_oa_assets.model.text_file import parse_nested, settings_text
from proxy_oa_assets.ranking.signal import all_signals
from proxy_oa_assets.ranking.voices.signals import VOICE_SIGNALS

_Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Context(_Part):
    """How much a pair gets of its neighbours' points."""

    referred: _Share
    refers: _Share
    near: _Share
    near_most: Annotated[float, Field(gt=0)]
    near_seconds: Annotated[int, Field(gt=0)]
    crowd: Annotated[float, Field(gt=0)]
    popular_share: _Share
    rounds: Annotated[int, Field(ge=0, le=5)]


class Bars(_Part):
    """From how many points on a pair stands out, a beacon without any context in particular."""

    stands_out: float
    above_middle: float
    highest: float
    beacon: float
    beacon_sign: _Share


class Weights(_Part):
    """The points of each signal at 1, the most that a family gives, and how pairs are compared."""

    signals: dict[str, float]
    families: dict[str, Annotated[float, Field(gt=0)]]
    context: Context
    bars: Bars
    same_again: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _name_what_there_is(self) -> Self:
        signals = {signal.name: signal for signal in (*all_signals(), *VOICE_SIGNALS)}
        problems = [
            f"[signals] has {name}, which is no signal" for name in self.signals if name not in signals
        ]
        problems += [f"[signals] lacks {name}" for name in signals if name not in self.signals]
        families = {signal.family for signal in signals.values()}
        problems += [f"[families] lacks {name}" for name in sorted(families - self.families.keys())]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def read_weights(path: Path | None = None) -> Weights:
    """Read a site's weights over the shipped ones. Raises RankingError naming file and entry."""
    shipped = _shipped()
    if path is None:
        return _validated(shipped, "weights.toml")
    try:
        own = parse_nested(tomllib.loads, settings_text(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise RankingError(
            f"{path} can't be read ({error}); correct it, or unset PROXY_OA_RANKING_WEIGHTS"
        ) from error
    return _validated(_merged(shipped, own), str(path))


@cache
def _shipped() -> dict[str, object]:
    return tomllib.loads(files(__package__).joinpath("weights.toml").read_text(encoding="utf-8"))


def _merged(shipped: dict[str, object], own: dict[str, object]) -> dict[str, object]:
    merged = dict(shipped)
    for name, value in own.items():
        before = merged.get(name)
        merged[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def _validated(values: dict[str, object], source: str) -> Weights:
    try:
        return Weights.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or 'file'}: {found['msg'].removeprefix('Value error, ')}"
            for found in error.errors(include_url=False)
        )
        raise RankingError(f"{source}: {problems}; docs/ranking.md describes the file") from error
