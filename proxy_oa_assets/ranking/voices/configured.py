"""The second voices that a site asks for."""

import importlib.util
from collections.abc import Collection
from pathlib import Path

from proxy_oa_assets.model.errors import SettingsError
from proxy_oa_assets.ranking.voices.voice import Voice


def configured_voices(names: Collection[str], sigma_rules: Path | None) -> tuple[Voice, ...]:
    """Return the voices by name, and Sigma's if there is a folder of rules.

    Raises SettingsError naming the extra that isn't installed.
    """
    voices = []
    if "fisher" in names:
        from proxy_oa_assets.ranking.voices import fisher

        voices.append(fisher.VOICE)
    if "topics" in names:
        _require("sklearn", "topics", "PROXY_OA_RANKING_VOICES=topics")
        from proxy_oa_assets.ranking.voices import topics

        voices.append(topics.VOICE)
    if sigma_rules is not None:
        _require("sigma", "sigma", "PROXY_OA_SIGMA_RULES")
        from proxy_oa_assets.ranking.voices.sigma import sigma_voice

        voices.append(sigma_voice(sigma_rules))
    return tuple(voices)


def _require(module: str, extra: str, setting: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise SettingsError(
            f"{setting} needs packages that aren't installed; run pip install 'proxy-oa-assets[{extra}]', or "
            f"unset it"
        )
