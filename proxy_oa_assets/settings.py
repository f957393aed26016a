"""Environment variables -> Settings. Nothing else reads the environment."""

import datetime as dt
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

from proxy_oa_assets.bundled import bundled
from proxy_oa_assets.cluster_settings import ClusterSettings
from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import DayError, SettingsError
from proxy_oa_assets.setting_values import existing_file, local_path, one_of, share, web_address, whole_number

EMBEDDED, CLUSTER = "embedded", "cluster"
DEFAULT_HOME = "proxy_oa_home"
DEFAULT_CONF = "proxy_conf.json"
EXECUTORS = ("in_process", "multiprocess")

# Variables that this process has from a file, not from its environment.
_FROM_FILES: dict[str, Path] = {}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the site configured; the README's table says what each variable means."""

    # The cluster's two systems; None: the embedded forms, on this machine.
    cluster: ClusterSettings | None
    home: Path
    conf: Path
    huser: str
    dbname: str
    start_date: dt.date
    timezone: str
    network_context: Path | None
    reputation: Path | None
    reputation_coverage: float
    days_per_run: int
    executor: str
    # Whoever knows a webhook's address can post to it, so it is kept out of the text of the settings.
    failure_webhook: str | None = field(repr=False)
    ui_url: str | None

    @property
    def deployment(self) -> str:
        """The value of PROXY_OA_DEPLOYMENT."""
        return EMBEDDED if self.cluster is None else CLUSTER

    def day(self, key: str) -> Day:
        """Return the day that a command was given. Raises DayError for one that is no partition."""
        day = Day.parse(key)
        if day.date < self.start_date:
            raise DayError(
                f"{day} is before the first daily partition, {self.start_date}; "
                f"set PROXY_OA_START_DATE={day} (or earlier) to include it"
            )
        return self.ended(day)

    def ended(self, day: Day) -> Day:
        """Return a day that has ended. Raises DayError for one that hasn't."""
        today = dt.datetime.now(ZoneInfo(self.timezone)).date()
        if day.date >= today:
            raise DayError(
                f"{day} isn't over yet: today is {today} in {self.timezone} (PROXY_OA_TIMEZONE), "
                f"and a day's partition exists once the day has ended"
            )
        return day


def load_settings(home: str | None = None) -> Settings:
    """Read the environment, after `.env` in the working folder and `.env` in the home have filled its gaps.

    A `home` that is given takes the place of PROXY_OA_HOME for this process: a notebook knows its own.
    Raises SettingsError naming the variable.
    """
    if home:
        os.environ["PROXY_OA_HOME"] = home
    _fill_gaps(Path.cwd() / ".env")
    _fill_gaps(_home(os.environ) / ".env")
    return settings_from(os.environ)


def environment() -> Mapping[str, str]:
    """Return the environment, for the secrets whose variables a file names."""
    return os.environ


def _fill_gaps(path: Path) -> None:
    """Set the variables of a file that the environment lacks; a file that has changed is read afresh."""
    try:
        values = dotenv_values(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read ({error}); mend it, or move it away") from error
    for name, value in values.items():
        ours = _FROM_FILES.get(name) == path
        if value is not None and (ours or name not in os.environ):
            os.environ[name] = value
            _FROM_FILES[name] = path


def dagster_home(settings: Settings) -> Path:
    """Return the folder of Dagster's history: DAGSTER_HOME if it is set, else `dagster` in the home."""
    chosen = os.environ.get("DAGSTER_HOME")
    return local_path("DAGSTER_HOME", chosen) if chosen else settings.home / "dagster"


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the given variables. Raises SettingsError naming the one that can't be used."""
    on_cluster = one_of(environ, "PROXY_OA_DEPLOYMENT", (EMBEDDED, CLUSTER)) == CLUSTER
    return Settings(
        cluster=ClusterSettings.read(environ) if on_cluster else None,
        home=_home(environ),
        conf=_conf(environ),
        huser=_huser(environ, on_cluster=on_cluster),
        dbname=_dbname(environ),
        start_date=_start_date(environ),
        timezone=_timezone(environ),
        network_context=existing_file(environ, "PROXY_OA_NETWORK_CONTEXT"),
        reputation=existing_file(environ, "PROXY_OA_REPUTATION"),
        reputation_coverage=share(environ, "PROXY_OA_REPUTATION_COVERAGE", "0.9"),
        days_per_run=whole_number(environ, "PROXY_OA_DAYS_PER_RUN", 1, 9999),
        executor=one_of(environ, "PROXY_OA_EXECUTOR", EXECUTORS),
        failure_webhook=web_address(environ, "PROXY_OA_FAILURE_WEBHOOK"),
        ui_url=web_address(environ, "PROXY_OA_UI_URL"),
    )


def _home(environ: Mapping[str, str]) -> Path:
    home = local_path("PROXY_OA_HOME", environ.get("PROXY_OA_HOME") or DEFAULT_HOME)
    if home.exists() and not home.is_dir():
        raise SettingsError(f"PROXY_OA_HOME={str(home)!r}: it is a folder, and there is a file")
    return home


def _conf(environ: Mapping[str, str]) -> Path:
    chosen = environ.get("PROXY_OA_CONF")
    path = local_path("PROXY_OA_CONF", chosen or DEFAULT_CONF)
    if path.is_file():
        return path
    if chosen:
        raise SettingsError(f"PROXY_OA_CONF={chosen!r}: there is no such file")
    return bundled(DEFAULT_CONF)


def _huser(environ: Mapping[str, str], *, on_cluster: bool) -> str:
    huser = environ.get("PROXY_OA_HUSER") or "/user/spot"
    if not huser.startswith("/") or ".." in huser.split("/"):
        raise SettingsError(f"PROXY_OA_HUSER={huser!r}: it is an absolute HDFS path, such as /user/spot")
    if on_cluster and not re.fullmatch(r"[\w./=@+-]+", huser, re.ASCII):
        raise SettingsError(
            f"PROXY_OA_HUSER={huser!r}: on a cluster it has letters, digits and . _ - = @ + between its "
            f"slashes, because statements say where tables are"
        )
    # As HDFS writes it: where a table is, is compared with what the engine says.
    return "".join(f"/{part}" for part in huser.split("/") if part not in ("", "."))


def _dbname(environ: Mapping[str, str]) -> str:
    dbname = environ.get("PROXY_OA_DBNAME") or "spot"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", dbname, re.ASCII):
        raise SettingsError(
            f"PROXY_OA_DBNAME={dbname!r}: a database name has letters, digits and underscores"
        )
    return dbname


def _start_date(environ: Mapping[str, str]) -> dt.date:
    try:
        return Day.parse(environ.get("PROXY_OA_START_DATE") or "2015-01-01").date
    except DayError as error:
        raise SettingsError(f"PROXY_OA_START_DATE: {error}") from None


def _timezone(environ: Mapping[str, str]) -> str:
    timezone = environ.get("PROXY_OA_TIMEZONE") or "UTC"
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"PROXY_OA_TIMEZONE={timezone!r}: write a name of the time zone database, such as Europe/Madrid"
        ) from error
    return timezone
