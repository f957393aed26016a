"""docs/investigating.md and filters.md: what they show of the functions works on the sample day."""

import re
import subprocess
import sys
from pathlib import Path

from support.home import SAMPLE_DAY, Home

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = "".join((DOCS / name).read_text(encoding="utf-8") for name in ("investigating.md", "filters.md"))


def test_the_documents_calls_work_on_the_sample_day(tmp_path: Path) -> None:
    """They run as one script and leave the day as it was."""
    home = Home(tmp_path / "home")
    home.write_sample()
    assert home.materialize(SAMPLE_DAY).success
    script = "\n".join(re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL))
    assert SAMPLE_DAY.key in script

    done = subprocess.run(
        [sys.executable, "-c", f"{script}\nprint(len(threats({SAMPLE_DAY.key!r})))"],
        cwd=tmp_path,
        env=home.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.split()) == (0, ["0"]), done.stderr
