"""An entry of the reputation file for each remote service."""

SECRET = "Tr0ub4dor-and-3-secrets"
SECRET_ENV = "THE_SECRET"

ENTRIES = {
    "fb": {"app_id": "1234", "app_secret_env": SECRET_ENV},
    "gti": {"transport": "https", "user": "analyst", "password_env": SECRET_ENV, "client": {"cliid": "x"}},
    "misp": {"key_env": SECRET_ENV},
    "urlhaus": {"key_env": SECRET_ENV},
    "vt": {"key_env": SECRET_ENV, "per_minute": None},
    "webrisk": {"key_env": SECRET_ENV},
}


def entry(kind: str, url: str) -> dict[str, object]:
    """Return a service's entry, at a test's server; its secret is `SECRET`."""
    where = "server" if kind == "gti" else "url"
    return {"service": kind, where: url, **ENTRIES[kind]}
