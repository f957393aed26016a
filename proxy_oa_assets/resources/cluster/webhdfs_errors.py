"""Retries of WebHDFS requests, and errors that name the setting to fix."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import hdfs
import requests
import tenacity
import urllib3

from proxy_oa_assets.model.errors import StorageError, StorageUnreachableError
from proxy_oa_assets.model.network import PATIENCE_SECONDS, UNTRUSTED, certificate_problem, retrying
from proxy_oa_assets.resources.cluster.webhdfs_client import Client, TokenClient

TRANSPORT = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
)
# Exceptions of a NameNode that starts, or that isn't the active one.
_NOT_YET = ("SafeModeException", "RetriableException", "StandbyException", "ConnectException")

T = TypeVar("T")


def request(operation: Callable[[Client], T], client: Client, location: str, attempts: int) -> T:
    """Return an operation's result, with retries while the network fails.

    Raises StorageUnreachableError after the last attempt, and StorageError for every other refusal.
    """
    with storage_errors(client, location):
        return retries(attempts)(operation, client)


def retries(attempts: int) -> tenacity.Retrying:
    """Return a caller that repeats a function while the network fails."""
    return retrying(attempts, _is_transient, longest_pause=15, patience=PATIENCE_SECONDS)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, hdfs.HdfsError):
        return error.exception in _NOT_YET
    # A certificate stays refused. (A name that can't be resolved now may be in a minute.)
    return isinstance(error, TRANSPORT) and not isinstance(error, requests.exceptions.SSLError)


@contextmanager
def storage_errors(client: Client, location: str) -> Iterator[None]:
    """Turn the errors of the package and the network into StorageError with the path and the remedy."""
    try:
        yield
    except hdfs.HdfsError as error:
        kind = StorageUnreachableError if error.exception in _NOT_YET else StorageError
        raise kind(f"{location}: {_refusal(client, error)}") from _safe_cause(error)
    except requests.exceptions.SSLError as error:
        raise StorageError(f"{location}: {_no_tls(client, error)}") from _safe_cause(error)
    except TRANSPORT as error:
        raise StorageUnreachableError(f"{location}: {_unreachable(client, error)}") from _safe_cause(error)
    except requests.exceptions.JSONDecodeError as error:
        raise StorageError(f"{location}: {_no_webhdfs(client)}") from _safe_cause(error)


def _safe_cause(error: BaseException) -> BaseException | None:
    """Return an error, unless the text of it or of one of its causes contains a URL with a token.

    Dagster stores and shows all causes of an error. A NameNode puts a token into each DataNode URL, for every
    kind of login.
    """
    cause: BaseException | None = error
    while cause is not None:
        if "delegation=" in str(cause):  # the query parameter of a token
            return None
        cause = cause.__cause__ or cause.__context__
    return error


def _unreachable(client: Client, error: Exception) -> str:
    address, named = _host(error), [urlsplit(url).netloc for url in client.urls]
    if isinstance(_root(error), urllib3.exceptions.NameResolutionError):
        host = urlsplit(f"//{address}").hostname
        if address in named:
            return f"this machine can't resolve the name {host}, which is in HDFS_URL"
        return (
            f"the NameNode redirected to the DataNode {host}, a name that this machine can't resolve; add it "
            f"to DNS or the hosts file, or use HttpFS, which needs no DataNode's name"
        )
    is_datanode = bool(address) and address not in named
    remedy = "is that DataNode up?" if is_datanode else "is it up, and is HDFS_URL right?"
    several = len(named) > 1 and not is_datanode
    if "timed out" in str(error):
        which = f"{address}, the last of {', '.join(named)}," if several else address or client.url
        return f"{which} didn't answer within {client.timeout:g} s (HDFS_TIMEOUT); {remedy}"
    who = f"none of {', '.join(named)} answers" if several else f"{address or client.url} doesn't answer"
    return f"{who} ({_cause(error)}); {remedy}"


def _no_tls(client: Client, error: Exception) -> str:
    host, text = _host(error), str(error)
    if UNTRUSTED not in text:
        return f"{host} doesn't speak TLS ({_cause(error)}); should HDFS_URL begin with http://?"
    named = host in {urlsplit(url).netloc for url in client.urls}
    address = "HDFS_URL" if named else "dfs.datanode.hostname of that DataNode"
    return certificate_problem(host, text, certificate="HDFS_CA_CERT", address=address)


def _host(error: Exception) -> str:
    """Return the server: errors of `requests` have the request, those of urllib3 the connection pool."""
    request, pool = getattr(error, "request", None), getattr(error, "pool", None)
    if request is not None:
        return str(urlsplit(request.url).netloc)
    return f"{pool.host}:{pool.port}" if pool is not None else ""


def _root(error: Exception) -> Exception:
    """Return the innermost reason that urllib3 wrapped."""
    inner = error.args[0] if error.args else None
    reason: object = getattr(inner, "reason", inner)
    return reason if isinstance(reason, Exception) else error


def _cause(error: Exception) -> str:
    return " ".join(str(_root(error)).rpartition(": ")[2].split())[:200]


def _refusal(client: Client, error: hdfs.HdfsError) -> str:
    text = str(error).strip()
    if "Authentication failure" in text:
        return f"{text} HDFS_AUTH says how to log in: insecure, kerberos (after kinit) or token"
    if error.exception is None and "<html" in text.lower():
        return _no_webhdfs(client)
    refusal = text.partition("\n")[0] or (
        "refused without a reason; HDFS_AUTH says how to log in: insecure, kerberos or token"
    )
    # A malformed token, or one that was cancelled or has expired.
    if error.exception in ("SecurityException", "InvalidToken") and isinstance(client, TokenClient):
        return f"{refusal}; set HDFS_TOKEN to a delegation token of this NameNode that is still valid"
    if error.exception == "StandbyException":
        return f"{refusal}; HDFS_URL must name every NameNode, separated by ;, and one of them must be active"
    if error.exception == "AccessControlException":
        return f"{refusal}; give HDFS_USER that permission, or set HDFS_USER to a user who has it"
    return refusal


def _no_webhdfs(client: Client) -> str:
    return f"{client.url} isn't WebHDFS; HDFS_URL is the NameNode's web address, such as http://namenode:9870"
