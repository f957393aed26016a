"""Arbitrary values of settings, in the environment and in a `.env`."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.mutations import TEXT, damaged

from proxy_oa_assets.model.errors import SettingsError
from proxy_oa_assets.settings import Settings, load_settings

NAMES = [
    field.alias or f"PROXY_OA_{name.upper()}"
    for name, field in Settings.model_fields.items()
    if name not in ("cluster", "reputation_may_run_programs", "home", "deployment")
]
VALUES = st.one_of(
    st.sampled_from(
        "1 0 -1 1.5 nan inf 1e999 true /user/spot /a//b ../x /dev/null / ~ ~nosuch/x UTC Europe/Madrid "
        "../../etc/passwd 2016-09-12 0001-01-01 9999-12-31 http://a.example ftp://a http://[::1 auto squid "
        "%Y/%m/*.log %Q spot-x user:a@b.example team:x sigma topics a,b,, builtin".split()
    ),
    TEXT.filter(lambda text: "\x00" not in text),
)
SECRET = "s3cr3t-w0rd"


@fuzz("settings", short=15, given=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
def test_values_are_settings_or_the_variable_is_named(given: dict[str, str]) -> None:
    """Values become settings, or one error names a variable that was given."""
    with TemporaryDirectory() as folder:
        try:
            load_settings(Path(folder) / "home", **given)
        except SettingsError as error:
            assert any(name in str(error) for name in given)


LINES = st.tuples(st.sampled_from([*NAMES, "HDFS_TOKEN", "export PROXY_OA_LOGS", ""]), VALUES).map("=".join)
QUOTED = st.tuples(st.sampled_from(NAMES), TEXT, st.sampled_from("'\"")).map(
    lambda of: f"{of[0]}={of[2]}{of[1]}{of[2]}"
)
CONTENTS = st.lists(LINES | QUOTED | st.just(f"HDFS_TOKEN={SECRET}"), max_size=5).map(
    lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")
)
# Damage to the name can make the secret a part of the former variable, which no reader can tell.
NAMED = re.compile(rb"HDFS_TOKEN=" + SECRET.encode())


@example(b'PROXY_OA_CONF="\nHDFS_TOKEN=s3cr3t-w0rd\nPROXY_OA_CONF="')
@example(b"PROXY_OA_CONF='\rexport HDFS_TOKEN=s3cr3t-w0rd'")
@example(b'PROXY_OA_START_DATE="\nHDFS_TOKEN=s3cr3t-w0rd"')
@example(b"PROXY_OA_LOGS=%QHDFS_TOKEN=s3cr3t-w0rd")
@fuzz(".env files", short=15, content=CONTENTS | CONTENTS.flatmap(damaged))
def test_a_damaged_env_file_is_read_or_named(content: bytes) -> None:
    """Its variables are settings, or an error names the file or a variable, and no secret."""
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        path = home / ".env"
        path.write_bytes(content)
        try:
            load_settings(home)
        except SettingsError as error:
            assert str(path) in str(error) or any(name in str(error) for name in (*NAMES, "HDFS_TOKEN"))
            assert len(NAMED.findall(content)) < content.count(SECRET.encode()) or SECRET not in str(error)
