"""A HiveServer2's log-in by password: `LogIn.java`, compiled."""

import subprocess
from pathlib import Path

from support.programs import java_program

# As LogIn.java has them; HiveServer2 takes a password for Latin-1 text, so these are ASCII.
USER, PASSWORD = "analyst", "open sesame; ${x}"

_SOURCE = Path(__file__).with_name("LogIn.java")
# What the server's classes read by themselves, without the settings that Spark was given.
_SITE = """<configuration>
<property><name>hive.server2.custom.authentication.class</name><value>LogIn</value></property>
</configuration>
"""


def log_in_settings(folder: Path, spark_jars: Path) -> dict[str, str]:
    """Compile into a folder; return the settings of a server that requires the password."""
    compiler = java_program("javac")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [compiler, "-cp", f"{spark_jars}/*", "-d", folder, _SOURCE],
        check=True,
        capture_output=True,
    )
    (folder / "hive-site.xml").write_text(_SITE, encoding="utf-8")
    return {
        "spark.driver.extraClassPath": str(folder),
        "spark.hadoop.hive.server2.authentication": "CUSTOM",
    }
