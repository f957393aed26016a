"""The command `proxy-oa` in its own process."""

import os
import subprocess
import sys
from pathlib import Path


def proxy_oa(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, in a folder that isn't the checkout."""
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [Path(sys.executable).with_name("proxy-oa"), *arguments],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PROXY_OA_HOME": str(home), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
