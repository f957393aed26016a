from pathlib import Path

import pytest

from proxy_oa_assets.model.errors import RankingError
from proxy_oa_assets.ranking.weights import read_weights


@pytest.mark.parametrize("value", ["nan", "inf", f"{'[' * 400}1{']' * 400}", "9" * 5_000])
def test_a_weight_of_which_no_points_can_be_made_is_refused(tmp_path: Path, value: str) -> None:
    """TOML writes nan and inf as numbers, and nests as deep as one likes; the file is named."""
    path = tmp_path / "weights.toml"
    path.write_text(f"same_again = {value}\n", encoding="utf-8")
    with pytest.raises(RankingError, match=r"weights\.toml"):
        read_weights(path)


def test_weights_are_read_as_editors_save_them(tmp_path: Path) -> None:
    """With a byte order mark, and in UTF-16."""
    path = tmp_path / "weights.toml"
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_text("same_again = 0.25\n", encoding=encoding)
        assert read_weights(path).same_again == 0.25
