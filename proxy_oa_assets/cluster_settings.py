"""The settings of the two systems of a cluster: HDFS, and the SQL engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from proxy_oa_assets.errors import SettingsError
from proxy_oa_assets.setting_values import existing_file, flag, is_web_address, one_of, required, whole_number

HDFS_AUTH = ("insecure", "kerberos", "token")
SQL_ENGINES = ("impala", "hive")
SQL_AUTH = ("NOSASL", "PLAIN", "LDAP", "GSSAPI")
# In place of a file of certificates.
UNVERIFIED = "unverified"
_PORT, _HIGHEST_PORT = 21050, 65535
_LONGEST_TIMEOUT = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Whether servers must show a certificate that is trusted, and the file of those that are."""

    file: Path | None
    verify: bool

    @classmethod
    def read(cls, environ: Mapping[str, str], variable: str) -> Self:
        """Read a variable: a file, or `unverified`; the machine's own certificates if it isn't set."""
        if environ.get(variable) == UNVERIFIED:
            return cls(file=None, verify=False)
        return cls(file=existing_file(environ, variable), verify=True)


@dataclass(frozen=True, kw_only=True)
class HdfsSettings:
    """How HDFS is reached. `timeout` in seconds; `has_token` says whether HDFS_TOKEN is set."""

    url: str
    user: str
    auth: str
    has_token: bool
    certificates: Certificates
    timeout: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the variables. Raises SettingsError naming the one that can't be used."""
        url = required(
            environ, "HDFS_URL", "set it to the NameNode's web address, such as http://namenode:9870"
        )
        addresses = url.split(";")
        # The package `hdfs` would look for ever for another NameNode than one that is named twice.
        if not all(map(is_web_address, addresses)) or len(set(addresses)) < len(addresses):
            raise SettingsError(
                f"HDFS_URL={url!r}: write web addresses, several different ones separated by ;, such as "
                f"http://namenode:9870"
            )
        auth = one_of(environ, "HDFS_AUTH", HDFS_AUTH)
        if auth == "token":
            required(environ, "HDFS_TOKEN", "HDFS_AUTH=token needs a delegation token")
        return cls(
            url=url,
            user=environ.get("HDFS_USER") or "spot",
            auth=auth,
            has_token=bool(environ.get("HDFS_TOKEN")),
            certificates=Certificates.read(environ, "HDFS_CA_CERT"),
            timeout=whole_number(environ, "HDFS_TIMEOUT", 60, _LONGEST_TIMEOUT),
        )


@dataclass(frozen=True, kw_only=True)
class SqlSettings:
    """How the SQL engine is reached. `timeout` in seconds; `has_password`: whether IMPALA_PASSWORD is set."""

    engine: str
    host: str
    port: int
    auth_mechanism: str
    user: str
    has_password: bool
    use_ssl: bool
    certificates: Certificates
    kerberos_service_name: str
    timeout: int
    keep_minutes: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the variables. Raises SettingsError naming the one that can't be used."""
        use_ssl = flag(environ, "IMPALA_USE_SSL")
        if environ.get("IMPALA_CA_CERT") and not use_ssl:
            raise SettingsError(
                "IMPALA_CA_CERT is set, but without IMPALA_USE_SSL=true nothing is encrypted or verified; "
                "set that, too, or remove IMPALA_CA_CERT"
            )
        return cls(
            engine=one_of(environ, "PROXY_OA_SQL_ENGINE", SQL_ENGINES),
            host=required(environ, "IMPALA_HOST", "set it to the host of an impalad, or of HiveServer2"),
            port=whole_number(environ, "IMPALA_PORT", _PORT, _HIGHEST_PORT),
            auth_mechanism=one_of(environ, "IMPALA_AUTH_MECHANISM", SQL_AUTH),
            user=environ.get("IMPALA_USER") or "spot",
            has_password=bool(environ.get("IMPALA_PASSWORD")),
            use_ssl=use_ssl,
            certificates=Certificates.read(environ, "IMPALA_CA_CERT"),
            kerberos_service_name=environ.get("IMPALA_KERBEROS_SERVICE_NAME") or "impala",
            timeout=whole_number(environ, "IMPALA_TIMEOUT", 120, _LONGEST_TIMEOUT),
            keep_minutes=whole_number(environ, "PROXY_OA_KEEP_VERSIONS_MINUTES", 60, 7 * 24 * 60),
        )


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """Both systems of a cluster."""

    hdfs: HdfsSettings
    sql: SqlSettings

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the variables. Raises SettingsError naming the one that can't be used."""
        return cls(hdfs=HdfsSettings.read(environ), sql=SqlSettings.read(environ))
