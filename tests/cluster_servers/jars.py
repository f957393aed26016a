"""The jars of the test HDFS, which Maven fetches once into a folder of the user's cache."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from filelock import FileLock
from support.programs import program

_POM = Path(__file__).with_name("pom.xml")


def hadoop_jars() -> Path:
    """Return the folder with the jars; skip the test where Maven is missing, fail where it can't fetch."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "proxy-oa-test-hdfs"
    cache.mkdir(parents=True, exist_ok=True)
    jars, fetched = cache / "jars", cache / "pom.xml"
    with FileLock(cache / "lock"):
        if fetched.is_file() and fetched.read_bytes() == _POM.read_bytes():
            return jars
        maven = program("mvn", "Maven")
        shutil.rmtree(jars, ignore_errors=True)
        copy = [maven, "-q", "-B", "-f", _POM, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        done = subprocess.run(copy, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"Maven could not fetch the jars of HDFS:\n{done.stdout}{done.stderr}")
        _unpack_web_pages(jars)
        shutil.copyfile(_POM, fetched)
    return jars


def _unpack_web_pages(jars: Path) -> None:
    """Put the servers' web pages beside the jars: Jetty takes long to get them out of a jar."""
    (jar,) = jars.glob("hadoop-client-minicluster-*.jar")
    with zipfile.ZipFile(jar) as archive:
        archive.extractall(jars, [name for name in archive.namelist() if name.startswith("webapps/")])
