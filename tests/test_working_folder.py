import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
HOSTILE = "PROXY_OA_HUSER=/other\nPROXY_OA_START_DATE=2030-01-01\nPROXY_OA_DEPLOYMENT=cluster\n"


def test_tests_pass_after_a_demo_in_the_working_folder(tmp_path):
    """`make demo` leaves settings where `make test` runs; neither they nor the environment reach a test."""
    (tmp_path / "proxy_oa_home").mkdir()
    for file in (tmp_path / ".env", tmp_path / "proxy_oa_home/.env"):
        file.write_text(HOSTILE)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not cluster"),
            *("-c", TESTS.parent / "pyproject.toml"),
            *(TESTS / "test_settings.py", TESTS / "investigation/test_reset.py"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PROXY_OA_DBNAME": "other"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
