"""Secrets that Dagster shows by the name of their variable."""

import dagster as dg


def plain(secret: str | None) -> str | None:
    """Return a secret's value; one that is given as `dg.EnvVar` is read from the environment now."""
    return secret.get_value() if isinstance(secret, dg.EnvVar) else secret
