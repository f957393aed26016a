"""The log-in to a HiveServer2 by ticket; needs the extra `kerberos`."""

from collections.abc import Iterator
from contextlib import contextmanager

from kerberos import GSSError

from proxy_oa_assets.errors import WarehouseError


@contextmanager
def ticket_explained(service: str) -> Iterator[None]:
    """Turn what Kerberos raises at the log-in to a service, `impala@host`, into an error with the remedy."""
    try:
        yield
    except GSSError as error:
        raise WarehouseError(
            f"Kerberos has no ticket for {service} ({_reason(error)}); run kinit as the user in whose name "
            f"to log in, and have IMPALA_KERBEROS_SERVICE_NAME and IMPALA_HOST name the server as Kerberos "
            f"knows it"
        ) from error


def _reason(error: GSSError) -> str:
    """Return the text of the innermost pair of a text and its number."""
    text, _ = error.args[-1]
    return str(text)
