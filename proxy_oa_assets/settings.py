"""Settings: environment variables and `.env` files, read once and passed on as values.

The README's table says what each variable means. The environment's variables come first, then those of `.env`
in the working folder, then those of `.env` in the home. Nothing is written back to the environment, so that a
process can work in several homes.
"""

import datetime as dt
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.dotenv_file import RUNS_ON, not_empty, read_dotenv, refuse_run_on, runs_on
from proxy_oa_assets.model.errors import DayError, SettingsError
from proxy_oa_assets.model.file_lock import user_name
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.model.setting_types import (
    AbsolutePath,
    BearerToken,
    Branch,
    CaCert,
    Count,
    Date,
    ExistingFile,
    ExistingFolder,
    Folder,
    HttpPath,
    Huser,
    Identifier,
    LogFormat,
    LogPatterns,
    NameNodes,
    Owners,
    Seconds,
    Share,
    Timezone,
    Voices,
    WebAddress,
    Whole,
)
from proxy_oa_assets.model.trusted_file import TRUSTED_USERS

_HOME, _CONF = "proxy_oa_home", "proxy_conf.json"


def _default_conf() -> Path:
    in_working_folder = Path.cwd() / _CONF
    return in_working_folder if in_working_folder.is_file() else bundled(_CONF)


class _Variables(BaseSettings):
    model_config = SettingsConfigDict(
        case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True, validate_default=False
    )


class ClusterSettings(_Variables):
    """How to reach HDFS and the SQL engine of a cluster; time-outs in seconds."""

    hdfs_url: NameNodes = Field(
        alias="HDFS_URL", description="the NameNode's web address, such as http://namenode:9870"
    )
    hdfs_user: str = Field(default="spot", alias="HDFS_USER")
    hdfs_auth: Literal["insecure", "kerberos", "token"] = Field(default="insecure", alias="HDFS_AUTH")
    hdfs_token: SecretStr | None = Field(default=None, alias="HDFS_TOKEN")
    hdfs_ca_cert: CaCert = Field(default=None, alias="HDFS_CA_CERT")
    hdfs_timeout: Seconds = Field(default=60, alias="HDFS_TIMEOUT")
    engine: Literal["impala", "hive"] = Field(default="impala", alias="PROXY_OA_SQL_ENGINE")
    host: str = Field(alias="IMPALA_HOST", description="the host of an impalad, or of HiveServer2")
    port: Whole = Field(default=21050, le=65535, alias="IMPALA_PORT")
    # None: the binary protocol.
    http_path: HttpPath | None = Field(default=None, alias="IMPALA_HTTP_PATH")
    auth_mechanism: Literal["NOSASL", "PLAIN", "LDAP", "GSSAPI", "JWT"] = Field(
        default="NOSASL", alias="IMPALA_AUTH_MECHANISM"
    )
    user: str = Field(default="spot", alias="IMPALA_USER")
    password: SecretStr | None = Field(default=None, alias="IMPALA_PASSWORD")
    jwt: BearerToken | None = Field(default=None, repr=False, alias="IMPALA_JWT")
    use_ssl: bool = Field(default=False, alias="IMPALA_USE_SSL")
    ca_cert: CaCert = Field(default=None, alias="IMPALA_CA_CERT")
    chosen_service_name: str | None = Field(default=None, alias="IMPALA_KERBEROS_SERVICE_NAME")
    timeout: Seconds = Field(default=120, alias="IMPALA_TIMEOUT")
    keep_minutes: Whole = Field(default=60, le=7 * 24 * 60, alias="PROXY_OA_KEEP_VERSIONS_MINUTES")
    allow_plaintext_secrets: bool = Field(default=False, alias="PROXY_OA_ALLOW_PLAINTEXT_SECRETS")

    @property
    def kerberos_service_name(self) -> str:
        """The first part of the engine's principal; over HTTP it is `HTTP` (RFC 4559)."""
        return self.chosen_service_name or ("impala" if self.http_path is None else "HTTP")

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        problems = list(self._unfit())
        if not self.allow_plaintext_secrets:
            problems += self._plaintext_secrets()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _unfit(self) -> Iterable[str]:
        if self.hdfs_auth == "token" and self.hdfs_token is None:
            yield "HDFS_TOKEN is missing; set it to a delegation token, which HDFS_AUTH=token needs"
        if self.ca_cert is not None and not self.use_ssl:
            yield "IMPALA_CA_CERT has no effect without TLS; set IMPALA_USE_SSL=true or remove it"
        if self.auth_mechanism != "JWT":
            if self.jwt is not None:
                yield (
                    f"IMPALA_JWT has no effect with IMPALA_AUTH_MECHANISM={self.auth_mechanism}; "
                    f"set that to JWT or remove the token"
                )
            return
        if self.jwt is None:
            yield "IMPALA_JWT is missing; set it to a JSON Web Token, which IMPALA_AUTH_MECHANISM=JWT needs"
        if self.http_path is None:
            yield (
                "IMPALA_AUTH_MECHANISM=JWT works over HTTP alone; set IMPALA_HTTP_PATH to the engine's path, "
                "such as cliservice"
            )

    def _plaintext_secrets(self) -> Iterable[str]:
        remedy = "or set PROXY_OA_ALLOW_PLAINTEXT_SECRETS=true if the network is trusted"
        encrypted = all(url.lower().startswith("https://") for url in self.hdfs_url.split(";"))
        if self.hdfs_auth == "token" and not encrypted:
            yield f"HDFS_URL={self.hdfs_url!r} would send HDFS_TOKEN unencrypted; use https://, {remedy}"
        if self.password is not None and self.auth_mechanism in ("PLAIN", "LDAP") and not self.use_ssl:
            yield (
                f"IMPALA_AUTH_MECHANISM={self.auth_mechanism} would send IMPALA_PASSWORD unencrypted; "
                f"set IMPALA_USE_SSL=true, {remedy}"
            )
        if self.jwt is not None and not self.use_ssl:
            yield (
                f"IMPALA_AUTH_MECHANISM=JWT would send IMPALA_JWT unencrypted; set IMPALA_USE_SSL=true, "
                f"{remedy}"
            )


class Settings(_Variables):
    """What the site configured. `huser` is read from PROXY_OA_HUSER, and each other field likewise."""

    model_config = SettingsConfigDict(alias_generator=lambda name: f"PROXY_OA_{name.upper()}")

    deployment: Literal["embedded", "cluster"] = "embedded"
    # `load_settings` passes these two; no variable is read for them. `cluster` is None if embedded; a
    # reputation file that the working folder chose runs no program: anyone may have written that folder.
    cluster: Annotated[ClusterSettings | None, NoDecode]
    reputation_may_run_programs: bool
    home: Folder
    conf: ExistingFile = Field(default_factory=_default_conf)
    huser: Huser = "/user/spot"
    dbname: Identifier = "spot"
    start_date: Date = dt.date(2015, 1, 1)
    timezone: Timezone = "UTC"
    network_context: ExistingFile | None = None
    reputation: ExistingFile | None = None
    reputation_coverage: Share = 0.9
    results_min_age: Seconds = 120
    # Without patterns another system fills the table `proxy`.
    logs: LogPatterns = ()
    log_format: LogFormat = "auto"
    # Of logs that don't say theirs; None: the format's own, which is UTC for most.
    log_timezone: Timezone | None = None
    ranking: Literal["auto", "builtin", "external"] = "auto"
    ranking_lists: ExistingFolder | None = None
    ranking_weights: ExistingFile | None = None
    ranking_history_days: Annotated[Whole, Field(le=366)] = 14
    # Second opinions on the ranking.
    ranking_voices: Voices = ()
    sigma_rules: ExistingFolder | None = None
    # 0: no severity of an earlier day counts.
    feedback_days: Annotated[Count, Field(le=366)] = 30
    days_per_run: Annotated[Whole, Field(le=9999)] = 1
    executor: Literal["in_process", "multiprocess"] = "in_process"
    # A webhook's address is its secret.
    failure_webhook: WebAddress | None = Field(default=None, repr=False)
    ui_url: WebAddress | None = None
    owners: Owners = ("team:proxy-oa",)
    source_url: Branch | None = None
    chosen_dagster_home: AbsolutePath | None = Field(default=None, alias="DAGSTER_HOME")
    # Who records severities and incidents: on a hub, all analysts can share an account.
    analyst: str = Field(default_factory=user_name, alias="JUPYTERHUB_USER")

    @model_validator(mode="after")
    def _statements_can_name_huser(self) -> Self:
        if self.deployment == "cluster" and not re.fullmatch(r"[\w./=@+-]*", self.huser, re.ASCII):
            raise ValueError(
                f"PROXY_OA_HUSER={self.huser!r}: SQL statements of a cluster contain it; "
                f"write letters, digits and . _ - = @ + between its slashes"
            )
        return self

    @model_validator(mode="after")
    def _history_has_an_address(self) -> Self:
        if re.search(r"\?|%[0-9A-Fa-f]{2}", str(self.dagster_home)):
            variable = "DAGSTER_HOME" if self.chosen_dagster_home else "PROXY_OA_HOME"
            raise ValueError(
                f"{variable}: Dagster's history can't be kept in {self.dagster_home}, because ? and %20 mean "
                f"something else in the address of a database; rename the folder, or set DAGSTER_HOME to "
                f"another one"
            )
        return self

    @property
    def dagster_home(self) -> Path:
        """The folder of Dagster's history: DAGSTER_HOME, or `dagster` in the home."""
        return self.chosen_dagster_home or self.home / "dagster"

    def day(self, key: str) -> Day:
        """Return the day of a command's `--date`. Raises DayError if it is no partition."""
        day = Day.parse(key)
        if day.date < self.start_date:
            raise DayError(
                f"{day} is before the first daily partition, {self.start_date}; "
                f"set PROXY_OA_START_DATE={day} (or earlier) to include it"
            )
        return self.ended(day)

    def yesterday(self) -> Day:
        """Return the last day that has ended."""
        return Day(self._today()).plus(-1)

    def _today(self) -> dt.date:
        return dt.datetime.now(ZoneInfo(self.timezone)).date()

    def ended(self, day: Day) -> Day:
        """Return a day that has ended. Raises DayError if it hasn't."""
        today = self._today()
        if day.date >= today:
            raise DayError(
                f"{day} isn't over yet: today is {today} in {self.timezone} (PROXY_OA_TIMEZONE), "
                f"and a day's partition exists once the day has ended"
            )
        return day


_Kind = TypeVar("_Kind", bound=_Variables)
_OURS = {
    field.alias for kind in (Settings, ClusterSettings) for field in kind.model_fields.values() if field.alias
}


def load_settings(home: Path | str | None = None, **variables: str) -> Settings:
    """Read the settings of a home; without one, of PROXY_OA_HOME or `proxy_oa_home` in the working folder.

    Variables that are passed by name come before those of the environment. Raises SettingsError naming each
    variable that can't be used.
    """
    if home is not None:
        variables["PROXY_OA_HOME"] = str(home)
    folder_file = Path.cwd() / ".env"
    folder = _dotenv(folder_file)
    # Before the home's name is used: errors of its files show it.
    refuse_run_on({**folder, **os.environ, **variables}, _OURS)
    named_home = variables.get("PROXY_OA_HOME") or os.environ.get("PROXY_OA_HOME")
    variables["PROXY_OA_HOME"] = named_home or folder.get("PROXY_OA_HOME") or _HOME
    # Path.expanduser raises for an unknown user, which validation reports with the variable's name.
    home_file = Path(os.path.expanduser(variables["PROXY_OA_HOME"])).absolute() / ".env"  # noqa: PTH111
    # A home that the environment doesn't name is the working folder's choice, and so is its `.env`.
    of_home = _dotenv(home_file, chosen=bool(named_home))
    refuse_run_on(of_home, _OURS)
    trusted_layers = (
        (variables, True),
        (os.environ, True),
        (folder, bool(named_home) and folder_file == home_file),
        (of_home, bool(named_home)),
    )
    may_run = next((trusted for layer, trusted in trusted_layers if layer.get("PROXY_OA_REPUTATION")), False)
    given = {**of_home, **folder, **not_empty(os.environ), **not_empty(variables)}
    passed = {"PROXY_OA_CLUSTER": None, "PROXY_OA_REPUTATION_MAY_RUN_PROGRAMS": may_run}
    settings = _validated(Settings, {**given, **passed})
    if settings.deployment == "cluster":
        return settings.model_copy(update={"cluster": _validated(ClusterSettings, given)})
    return settings


def names_a_history() -> bool:
    """Return whether DAGSTER_HOME is in the environment; Dagster itself reads no `.env` of a home."""
    return bool(os.environ.get("DAGSTER_HOME"))


def environment(home: Path | str | None) -> dict[str, str]:
    """Return the variables of a home, for secrets that are configured by the name of their variable."""
    of_home = _dotenv(Path(home) / ".env", chosen=True) if home else {}
    return {**of_home, **_dotenv(Path.cwd() / ".env"), **os.environ}


def trusted_users() -> list[str]:
    """Return the users whose `.env`, reputation file and `dagster.yaml` are read, besides this one and root.

    A file can't make itself trusted, so they are those of the environment alone.
    """
    return [user for user in re.split(r"[,\s]+", os.environ.get(TRUSTED_USERS, "")) if user]


def _dotenv(path: Path, *, chosen: bool = False) -> dict[str, str]:
    return read_dotenv(path, trusted_users(), chosen=chosen)


def _validated(kind: type[_Kind], given: Mapping[str, object]) -> _Kind:
    try:
        return kind(**given)
    except ValidationError as error:
        message = "; ".join(_problems(kind, error))
    # Not raised in the except block: its context would be an exception that holds secrets.
    raise SettingsError(message)


def _problems(kind: type[_Variables], error: ValidationError) -> Iterable[str]:
    """Yield a sentence for each error, without the value where it may be a secret.

    Those are the fields that `repr` leaves out, and values that may hold the line of another variable.
    """
    fields = {field.alias: field for field in kind.model_fields.values()}
    for found in error.errors(include_url=False):
        reason = found["msg"].removeprefix("Value error, ")
        variable = str(found["loc"][0]) if found["loc"] else None
        field = fields.get(variable)
        if variable is None or field is None:
            yield reason
        elif found["type"] == "missing":
            yield f"{variable} is missing; set it to {field.description}"
        elif isinstance(found["input"], str) and runs_on(found["input"]):
            # Reasons quote values, too.
            yield f"{variable}: {RUNS_ON}"
        elif field.repr:
            # An address may have a password.
            value = re.sub(r"(?<=://)[^/@]*@", "***@", repr(found["input"]))
            yield f"{variable}={value}: {reason}"
        else:
            yield f"{variable}: {reason}"
