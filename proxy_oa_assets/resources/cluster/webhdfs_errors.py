"""What WebHDFS refuses: tried again where the network is to blame, and said so that it can be mended."""

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
# A NameNode that starts, or hands over to another, says one of these.
_NOT_YET = ("SafeModeException", "RetriableException", "StandbyException", "ConnectException")
# Of a token that is none, and of one that was cancelled or has expired.
_REFUSED_TOKEN = ("SecurityException", "InvalidToken")
_LONGEST_PAUSE_SECONDS = 15
# Before a token in an address.
_DELEGATION = "delegation="

T = TypeVar("T")


def asked(question: Callable[[Client], T], client: Client, location: str, attempts: int) -> T:
    """Return the answer to a question, which is asked again while the transport fails.

    Raises StorageUnreachableError once it has failed so often, and StorageError for every other refusal.
    """
    with translated(client, location):
        return patient(attempts)(question, client)


def patient(attempts: int) -> tenacity.Retrying:
    """Return what calls again while the transport fails."""
    return retrying(attempts, _passing, _LONGEST_PAUSE_SECONDS, patience=PATIENCE_SECONDS)


def _passing(error: BaseException) -> bool:
    if isinstance(error, hdfs.HdfsError):
        return error.exception in _NOT_YET
    # Waiting doesn't change a certificate. (A name that can't be resolved now may be in a minute.)
    return isinstance(error, TRANSPORT) and not isinstance(error, requests.exceptions.SSLError)


@contextmanager
def translated(client: Client, location: str) -> Iterator[None]:
    """Turn what the package, or the network, raises into an error that names the place and the remedy."""
    try:
        yield
    except hdfs.HdfsError as error:
        kind = StorageUnreachableError if error.exception in _NOT_YET else StorageError
        raise kind(f"{location}: {_refusal(client, error)}") from _shown(error)
    except requests.exceptions.SSLError as error:
        raise StorageError(f"{location}: {_no_tls(client, error)}") from _shown(error)
    except TRANSPORT as error:
        raise StorageUnreachableError(f"{location}: {_unreachable(client, error)}") from _shown(error)
    except requests.exceptions.JSONDecodeError as error:
        raise StorageError(f"{location}: {_no_webhdfs(client)}") from _shown(error)


def _shown(error: BaseException) -> BaseException | None:
    """Return an error as a reason to keep, unless an address with a token stands in what it says.

    Dagster keeps and shows every reason behind an error; a NameNode puts a token into each address of a
    DataNode, whichever way one logs in.
    """
    reason: BaseException | None = error
    while reason is not None:
        if _DELEGATION in str(reason):
            return None
        reason = reason.__cause__ or reason.__context__
    return error


def _unreachable(client: Client, error: Exception) -> str:
    address, named = _host(error), [urlsplit(url).netloc for url in client.urls]
    if isinstance(_root(error), urllib3.exceptions.NameResolutionError):
        return _unresolved(urlsplit(f"//{address}").hostname, is_ours=address in named)
    is_datanode = bool(address) and address not in named
    remedy = "is that DataNode up?" if is_datanode else "is it up, and is HDFS_URL right?"
    several = len(named) > 1 and not is_datanode
    if "timed out" in str(error):
        which = f"{address}, the last of {', '.join(named)}," if several else address or client.url
        return f"{which} gave no answer within {client.timeout:g} s (HDFS_TIMEOUT); {remedy}"
    who = f"none of {', '.join(named)} answers" if several else f"{address or client.url} doesn't answer"
    return f"{who} ({_cause(error)}); {remedy}"


def _unresolved(host: str | None, *, is_ours: bool) -> str:
    if is_ours:
        return f"this machine can't resolve the name {host}, which is in HDFS_URL"
    return (
        f"the NameNode sent us to the DataNode {host}, a name that this machine can't resolve; make it known "
        f"here (DNS, or a line in the hosts file), or use HttpFS, which needs no DataNode's name"
    )


def _no_tls(client: Client, error: Exception) -> str:
    host, told = _host(error), str(error)
    if UNTRUSTED not in told:
        return f"{host} doesn't speak TLS ({_cause(error)}); is HDFS_URL to begin with http://?"
    named = host in {urlsplit(url).netloc for url in client.urls}
    address = "HDFS_URL" if named else "dfs.datanode.hostname of that DataNode"
    return certificate_problem(host, told, certificate="HDFS_CA_CERT", address=address)


def _host(error: Exception) -> str:
    """Return who was asked: errors of `requests` have the request, those of urllib3 the connections' pool."""
    request, pool = getattr(error, "request", None), getattr(error, "pool", None)
    if request is not None:
        return str(urlsplit(request.url).netloc)
    return f"{pool.host}:{pool.port}" if pool is not None else ""


def _root(error: Exception) -> Exception:
    """Return the innermost reason that urllib3 wrapped."""
    inner: object = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return reason if isinstance(reason, Exception) else error


def _cause(error: Exception) -> str:
    text = str(_root(error)).rpartition(": ")[2]
    return " ".join(text.split())[:200]


def _refusal(client: Client, error: hdfs.HdfsError) -> str:
    text = str(error).strip()
    if "Authentication failure" in text:
        return f"{text} HDFS_AUTH says how to log in: insecure, kerberos (after kinit) or token"
    if error.exception is None and "<html" in text.lower():
        return _no_webhdfs(client)
    refusal = text.partition("\n")[0] or (
        "refused without a reason; HDFS_AUTH says how to log in: insecure, kerberos or token"
    )
    if error.exception in _REFUSED_TOKEN and isinstance(client, TokenClient):
        return f"{refusal}; set HDFS_TOKEN to a delegation token of this NameNode that is still valid"
    if error.exception == "StandbyException":
        return f"{refusal}; HDFS_URL is to name every NameNode, separated by ;, and one of them to be active"
    if error.exception == "AccessControlException":
        return f"{refusal}; give HDFS_USER that permission, or set HDFS_USER to somebody who has it"
    return refusal


def _no_webhdfs(client: Client) -> str:
    return (
        f"what answers at {client.url} isn't WebHDFS; HDFS_URL is the NameNode's web address, such as "
        f"http://namenode:9870"
    )
