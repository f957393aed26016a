"""Settings: environment variables and `.env` files, read once and passed on as values.

The README's table says what each variable means. Variables of the environment come first, then those of `.env`
in the working folder, then those of `.env` in the home. Nothing is written back to the environment, so that a
process can work in several homes.
"""

import datetime as dt
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError, SettingsError
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.model.network import is_web_address

DEFAULT_HOME = "proxy_oa_home"
DEFAULT_CONF = "proxy_conf.json"
_DAY_SECONDS = 24 * 3600


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("there is no such user, so `~` has no home") from error


def _folder(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise ValueError("it is a folder, and there is a file")
    return path


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def _huser(huser: str) -> str:
    """Return HUSER as HDFS writes it: locations that the engine reports are compared with it."""
    if not huser.startswith("/") or ".." in huser.split("/"):
        raise ValueError("it is an absolute HDFS path, such as /user/spot")
    return "".join(f"/{part}" for part in huser.split("/") if part not in ("", "."))


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("write a name of the time zone database, such as Europe/Madrid") from error
    return name


def _date(text: object) -> object:
    try:
        return Day.parse(text).date if isinstance(text, str) else text
    except DayError as error:
        raise ValueError(str(error)) from None


def _web_address(address: str) -> str:
    if not is_web_address(address):
        raise ValueError("write a whole web address, with http:// or https://")
    return address


def _name_nodes(url: str) -> str:
    # The package `hdfs` retries forever when all of its addresses are the same.
    addresses = url.split(";")
    if not all(map(is_web_address, addresses)) or len(set(addresses)) < len(addresses):
        raise ValueError("write web addresses, different ones separated by ;, such as http://namenode:9870")
    return url


def _default_conf() -> Path:
    in_working_folder = Path.cwd() / DEFAULT_CONF
    return in_working_folder if in_working_folder.is_file() else bundled(DEFAULT_CONF)


_Path = Annotated[Path, AfterValidator(_absolute)]
_File = Annotated[_Path, AfterValidator(_file)]
_WebAddress = Annotated[str, AfterValidator(_web_address)]
_Seconds = Annotated[int, Field(ge=1, le=_DAY_SECONDS)]
# A file of certificates to trust; `unverified` switches verification off; None trusts the machine's own.
CaCert = Literal["unverified"] | _File | None


class _Variables(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", case_sensitive=True, env_ignore_empty=True, populate_by_name=False
    )


class ClusterSettings(_Variables):
    """How HDFS and the SQL engine of a cluster are reached; time-outs in seconds."""

    hdfs_url: Annotated[str, AfterValidator(_name_nodes)] = Field(
        alias="HDFS_URL", description="the NameNode's web address, such as http://namenode:9870"
    )
    hdfs_user: str = Field(default="spot", alias="HDFS_USER")
    hdfs_auth: Literal["insecure", "kerberos", "token"] = Field(default="insecure", alias="HDFS_AUTH")
    hdfs_token: SecretStr | None = Field(default=None, alias="HDFS_TOKEN")
    hdfs_ca_cert: CaCert = Field(default=None, alias="HDFS_CA_CERT")
    hdfs_timeout: _Seconds = Field(default=60, alias="HDFS_TIMEOUT")
    engine: Literal["impala", "hive"] = Field(default="impala", alias="PROXY_OA_SQL_ENGINE")
    host: str = Field(alias="IMPALA_HOST", description="the host of an impalad, or of HiveServer2")
    port: int = Field(default=21050, ge=1, le=65535, alias="IMPALA_PORT")
    auth_mechanism: Literal["NOSASL", "PLAIN", "LDAP", "GSSAPI"] = Field(
        default="NOSASL", alias="IMPALA_AUTH_MECHANISM"
    )
    user: str = Field(default="spot", alias="IMPALA_USER")
    password: SecretStr | None = Field(default=None, alias="IMPALA_PASSWORD")
    use_ssl: bool = Field(default=False, alias="IMPALA_USE_SSL")
    ca_cert: CaCert = Field(default=None, alias="IMPALA_CA_CERT")
    kerberos_service_name: str = Field(default="impala", alias="IMPALA_KERBEROS_SERVICE_NAME")
    timeout: _Seconds = Field(default=120, alias="IMPALA_TIMEOUT")
    keep_minutes: int = Field(default=60, ge=1, le=7 * 24 * 60, alias="PROXY_OA_KEEP_VERSIONS_MINUTES")
    allow_plaintext_secrets: bool = Field(default=False, alias="PROXY_OA_ALLOW_PLAINTEXT_SECRETS")

    @model_validator(mode="after")
    def _secrets_are_encrypted(self) -> Self:
        if self.hdfs_auth == "token" and self.hdfs_token is None:
            raise ValueError("HDFS_TOKEN is missing: HDFS_AUTH=token needs a delegation token")
        if self.ca_cert is not None and not self.use_ssl:
            raise ValueError(
                "IMPALA_CA_CERT is set, but without IMPALA_USE_SSL=true nothing is encrypted or verified; "
                "set that, too, or remove IMPALA_CA_CERT"
            )
        if self.allow_plaintext_secrets:
            return self
        remedy = "or set PROXY_OA_ALLOW_PLAINTEXT_SECRETS=true if the network is trusted"
        plain = [url for url in self.hdfs_url.split(";") if not url.lower().startswith("https://")]
        if self.hdfs_auth == "token" and plain:
            raise ValueError(
                f"HDFS_URL={self.hdfs_url!r}: HDFS_TOKEN would be sent unencrypted; use https://, {remedy}"
            )
        if self.password is not None and self.auth_mechanism in ("PLAIN", "LDAP") and not self.use_ssl:
            raise ValueError(
                f"IMPALA_PASSWORD would be sent unencrypted with IMPALA_AUTH_MECHANISM="
                f"{self.auth_mechanism}; set IMPALA_USE_SSL=true, {remedy}"
            )
        return self


class Settings(_Variables):
    """What the site configured."""

    deployment: Literal["embedded", "cluster"] = Field(default="embedded", alias="PROXY_OA_DEPLOYMENT")
    # None with the embedded deployment.
    cluster: ClusterSettings | None = None
    home: Annotated[_Path, AfterValidator(_folder)] = Field(
        default=Path(DEFAULT_HOME), alias="PROXY_OA_HOME", validate_default=True
    )
    conf: _File = Field(default_factory=_default_conf, alias="PROXY_OA_CONF")
    huser: Annotated[str, AfterValidator(_huser)] = Field(default="/user/spot", alias="PROXY_OA_HUSER")
    dbname: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] = Field(
        default="spot", alias="PROXY_OA_DBNAME"
    )
    start_date: Annotated[dt.date, BeforeValidator(_date)] = Field(
        default=dt.date(2015, 1, 1), alias="PROXY_OA_START_DATE"
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(default="UTC", alias="PROXY_OA_TIMEZONE")
    network_context: _File | None = Field(default=None, alias="PROXY_OA_NETWORK_CONTEXT")
    reputation: _File | None = Field(default=None, alias="PROXY_OA_REPUTATION")
    # False where the working folder's `.env` chose the reputation file: anyone may have written that folder.
    reputation_may_run_programs: bool = True
    reputation_coverage: float = Field(default=0.9, ge=0, le=1, alias="PROXY_OA_REPUTATION_COVERAGE")
    days_per_run: int = Field(default=1, ge=1, le=9999, alias="PROXY_OA_DAYS_PER_RUN")
    executor: Literal["in_process", "multiprocess"] = Field(default="in_process", alias="PROXY_OA_EXECUTOR")
    # Who knows a webhook's address can post to it.
    failure_webhook: _WebAddress | None = Field(default=None, alias="PROXY_OA_FAILURE_WEBHOOK", repr=False)
    ui_url: _WebAddress | None = Field(default=None, alias="PROXY_OA_UI_URL")
    dagster_home_variable: _Path | None = Field(default=None, alias="DAGSTER_HOME")

    @model_validator(mode="after")
    def _statements_can_name_huser(self) -> Self:
        if self.deployment == "cluster" and not re.fullmatch(r"[\w./=@+-]*", self.huser, re.ASCII):
            raise ValueError(
                f"PROXY_OA_HUSER={self.huser!r}: on a cluster it has letters, digits and . _ - = @ + between "
                f"its slashes, because statements say where tables are"
            )
        return self

    @property
    def dagster_home(self) -> Path:
        """The folder of Dagster's history: DAGSTER_HOME, or `dagster` in the home."""
        return self.dagster_home_variable or self.home / "dagster"

    def day(self, key: str) -> Day:
        """Return the day that a command was given. Raises DayError if it is no partition."""
        day = Day.parse(key)
        if day.date < self.start_date:
            raise DayError(
                f"{day} is before the first daily partition, {self.start_date}; "
                f"set PROXY_OA_START_DATE={day} (or earlier) to include it"
            )
        return self.ended(day)

    def ended(self, day: Day) -> Day:
        """Return a day that has ended. Raises DayError if it hasn't."""
        today = dt.datetime.now(ZoneInfo(self.timezone)).date()
        if day.date >= today:
            raise DayError(
                f"{day} isn't over yet: today is {today} in {self.timezone} (PROXY_OA_TIMEZONE), "
                f"and a day's partition exists once the day has ended"
            )
        return day


_Kind = TypeVar("_Kind", bound=_Variables)


def load_settings(home: Path | str | None = None, **variables: str) -> Settings:
    """Read the settings of a home; without one, of PROXY_OA_HOME or `proxy_oa_home` in the working folder.

    Variables that are passed by name come before those of the environment. Raises SettingsError naming the
    variable that can't be used.
    """
    if home is not None:
        variables["PROXY_OA_HOME"] = str(home)
    folder_file = Path.cwd() / ".env"
    trusted, folder = (variables, os.environ), _dotenv(folder_file)
    chosen_home = _first("PROXY_OA_HOME", (*trusted, folder)) or DEFAULT_HOME
    home_file = Path(os.path.expanduser(chosen_home)).absolute() / ".env"  # noqa: PTH111 - never raises
    # Whoever wrote the working folder chose the home, or its reputation file.
    untrusted = (
        home_file != folder_file
        and not _first("PROXY_OA_REPUTATION", trusted)
        and (
            bool(folder.get("PROXY_OA_REPUTATION"))
            or (not _first("PROXY_OA_HOME", trusted) and bool(folder.get("PROXY_OA_HOME")))
        )
    )
    files = (home_file, folder_file)
    settings = _read(Settings, files, {**variables, "reputation_may_run_programs": not untrusted})
    if settings.deployment == "cluster":
        return settings.model_copy(update={"cluster": _read(ClusterSettings, files, variables)})
    return settings


def environment(home: Path | str | None) -> dict[str, str]:
    """Return the variables of a home, for secrets that are configured by the name of their variable."""
    files = ([Path(home) / ".env"] if home else []) + [Path.cwd() / ".env"]
    found = {name: value for file in files for name, value in _dotenv(file).items()}
    return {**found, **os.environ}


def _first(name: str, layers: Iterable[Mapping[str, str]]) -> str | None:
    return next((layer[name] for layer in layers if layer.get(name)), None)


def _dotenv(path: Path) -> dict[str, str]:
    try:
        return {name: value for name, value in dotenv_values(path).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read ({error}); correct it, or move it away") from error


def _read(kind: type[_Kind], files: Sequence[Path], variables: Mapping[str, object]) -> _Kind:
    given = {name: value for name, value in variables.items() if value != ""}
    # pydantic-settings' own arguments aren't part of the signature that type checkers derive from the fields.
    create: Callable[..., _Kind] = kind
    try:
        return create(_env_file=files, **given)
    except ValidationError as error:
        message = "; ".join(_problems(kind, error))
    # Raised here, where no exception that holds a secret is being handled.
    raise SettingsError(message)


def _problems(kind: type[_Variables], error: ValidationError) -> Iterable[str]:
    """Yield a text for each error; values of fields that `repr` leaves out may be secrets."""
    fields = {field.alias: field for field in kind.model_fields.values()}
    for found in error.errors(include_url=False):
        reason = found["msg"].removeprefix("Value error, ")
        variable = str(found["loc"][0]) if found["loc"] else None
        field = fields.get(variable)
        if variable is None or field is None:
            yield reason
        elif found["type"] == "missing":
            yield f"{variable} is missing; set it to {field.description}"
        elif field.repr:
            yield f"{variable}={found['input']!r}: {reason}"
        else:
            yield f"{variable}: {reason}"
