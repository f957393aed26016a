"""Retries of WebHDFS requests, and errors that name the setting to fix."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import hdfs
import requests
import tenacity
import urllib3

from proxy_oa_assets.model.errors import StorageError, StorageUnreachableError
from proxy_oa_assets.model.network import PATIENCE_SECONDS, UNTRUSTED, certificate_problem, retrying
from proxy_oa_assets.resources.cluster.webhdfs_client import Client, TokenClient, UnavailableError

TRANSPORT = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
)
# Exceptions of a NameNode that starts, or that isn't the active one.
_NOT_YET = ("SafeModeException", "RetriableException", "StandbyException", "ConnectException")
_OF_LIBRARIES = (hdfs.HdfsError, requests.RequestException, urllib3.exceptions.HTTPError)
# What the package `hdfs` runs into where an answer isn't as WebHDFS documents it.
_UNDOCUMENTED = (ValueError, LookupError, TypeError, AttributeError)

T = TypeVar("T")


def request(operation: Callable[[Client], T], client: Client, location: str, attempts: int) -> T:
    """Return an operation's result, with retries while the network fails.

    Raises StorageUnreachableError after the last attempt, and StorageError for every other refusal, with the
    path and the remedy. Secrets are struck out of the server's words; a library's error that quotes one isn't
    the cause of ours.
    """
    try:
        return retries(attempts)(operation, client)
    except (*_OF_LIBRARIES, *_UNDOCUMENTED) as error:
        failed: Exception = error
    # Raised here, where no exception that may quote a secret is being handled.
    kind = StorageUnreachableError if _may_pass(failed) else StorageError
    problem = client.secrets.struck(f"{location}: {_problem(client, failed)}")
    raise kind(problem) from client.secrets.cause(failed)


def retries(attempts: int) -> tenacity.Retrying:
    """Return a caller that repeats a function while the network fails."""
    return retrying(attempts, _may_pass, longest_pause=15, patience=PATIENCE_SECONDS)


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, hdfs.HdfsError):
        return error.exception in _NOT_YET
    # A certificate stays refused. (A name that can't be resolved now may be in a minute.)
    return isinstance(error, TRANSPORT) and not isinstance(error, requests.exceptions.SSLError)


def _problem(client: Client, error: Exception) -> str:
    if isinstance(error, hdfs.HdfsError):
        return _refusal(client, error)
    if isinstance(error, UnavailableError):
        return f"{_host(error)} can't serve now ({error}); is that server, or the one behind it, up?"
    if isinstance(error, requests.exceptions.SSLError):
        return _no_tls(client, error)
    if isinstance(error, TRANSPORT):
        return _unreachable(client, error)
    if isinstance(error, requests.exceptions.JSONDecodeError) or not isinstance(error, _OF_LIBRARIES):
        return _no_webhdfs(client)
    return (
        f"{_host(error) or client.url} sent an answer that breaks the rules of HTTP "
        f"({_cause(client, error)}); is a proxy or gateway between, and is HDFS_URL right?"
    )


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
    return f"{who} ({_cause(client, error)}); {remedy}"


def _no_tls(client: Client, error: Exception) -> str:
    host, text = _host(error), str(error)
    if UNTRUSTED not in text:
        return f"{host} doesn't speak TLS ({_cause(client, error)}); should HDFS_URL begin with http://?"
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


def _cause(client: Client, error: Exception) -> str:
    # Struck before it is cut, which could leave half a secret.
    return " ".join(client.secrets.struck(str(_root(error))).rpartition(": ")[2].split())[:200]


def _refusal(client: Client, error: hdfs.HdfsError) -> str:
    # The package passes on the body of a response that isn't JSON.
    words = (
        error.args[0].decode("utf-8", errors="replace") if isinstance(error.args[0], bytes) else str(error)
    )
    text = client.secrets.struck(words.strip())
    if "Authentication failure" in text:
        return f"{text} HDFS_AUTH says how to log in: insecure, kerberos (after kinit) or token"
    if error.exception is None and "<html" in text.lower():
        return _no_webhdfs(client)
    refusal = text.partition("\n")[0].strip() or (
        f"{client.url} refused without a reason; HDFS_AUTH says how to log in: insecure, kerberos or token"
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
