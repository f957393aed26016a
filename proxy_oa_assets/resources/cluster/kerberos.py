"""The log-in to WebHDFS by ticket; needs the extra `kerberos`."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import hdfs
import requests
from kerberos import GSSError
from requests_kerberos import REQUIRED, HTTPKerberosAuth
from requests_kerberos.exceptions import KerberosExchangeError, MutualAuthenticationError

from proxy_oa_assets.model.errors import WarehouseError


class TicketAuth(HTTPKerberosAuth):
    """Log in by the ticket of whoever runs this, and have the server prove itself, too.

    What goes wrong is raised as HdfsError, with Kerberos' own reason, which the package only logs.
    """

    def __init__(self) -> None:
        super().__init__(mutual_authentication=REQUIRED)
        self._exchanging = threading.RLock()

    def generate_request_header(self, response: requests.Response, host: str) -> str:
        """Return the header that logs in."""
        try:
            header: str = super().generate_request_header(response, host)
        except KerberosExchangeError as error:
            raise hdfs.HdfsError(
                f"Kerberos has no ticket for HTTP@{host} ({_reason(error)}); run kinit as the user in whose "
                f"name to log in, and have HDFS_URL name the server as Kerberos knows it"
            ) from error
        return header

    def handle_response(self, response: requests.Response, **named: object) -> requests.Response:
        """Answer a server that asks for a log-in.

        One at a time: the package keeps one exchange per host, and another thread's would take its place.
        """
        with self._exchanging:
            try:
                answer: requests.Response = super().handle_response(response, **named)
            except MutualAuthenticationError as error:
                host = response.url.partition("?")[0]
                raise hdfs.HdfsError(
                    f"what answers at {host} has not proved by Kerberos who it is; HDFS_AUTH=kerberos is for "
                    f"a cluster that asks for tickets, and HDFS_URL names its NameNode"
                ) from error
        return answer


def _reason(error: Exception) -> str:
    return " ".join(str(error).rpartition("failed: ")[2].split())


@contextmanager
def ticket_explained(service: str) -> Iterator[None]:
    """Turn what Kerberos raises at the log-in to a service, `impala@host`, into an error with the remedy."""
    try:
        yield
    except GSSError as error:
        raise WarehouseError(
            f"Kerberos has no ticket for {service} ({_gss_reason(error)}); run kinit as the user in whose name "
            f"to log in, and have IMPALA_KERBEROS_SERVICE_NAME and IMPALA_HOST name the server as Kerberos "
            f"knows it"
        ) from error


def _gss_reason(error: GSSError) -> str:
    """Return the text of the innermost pair of a text and its number."""
    text, _ = error.args[-1]
    return str(text)
