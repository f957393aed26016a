"""Exit codes: 0 done; 1 the day (or a probe) failed; 2 the command or a setting can't be used."""

import click
from typing_extensions import override

from proxy_oa_assets.display import printable_lines
from proxy_oa_assets.errors import (
    ConfError,
    DayError,
    ProxyOaError,
    ReputationConfigError,
    SettingsError,
    refusal,
)

FAILED, UNUSABLE = 1, 2


class Commands(click.Group):
    """Turns what a user can mend into one sentence and an exit code."""

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (SettingsError, ConfError, ReputationConfigError, DayError) as error:
            _complain(error)
            ctx.exit(UNUSABLE)
        except ProxyOaError as error:
            _complain(error)
            ctx.exit(FAILED)
        except OSError as error:
            # What the operating system refuses of a file is a user's to mend; all else is a fault of ours.
            if not isinstance(error.filename, str):
                raise
            _complain(refusal(error))
            ctx.exit(FAILED)


def _complain(of: object) -> None:
    click.echo(f"proxy-oa: {printable_lines(of)}", err=True)
