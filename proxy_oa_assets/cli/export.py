"""The command `proxy-oa export`: hands a day's incidents over in the format of another tool."""

import sys
from pathlib import Path

import click

from proxy_oa_assets.cli.options import DATE
from proxy_oa_assets.settings import load_settings

_STANDARD_OUTPUT = Path("-")


@click.command()
@DATE
@click.option(
    "--format",
    "format_name",
    required=True,
    metavar="NAME",
    help="text, csv, stix, misp, timesketch or ocsf.",
)
@click.option(
    "--incident", metavar="KEY", help="One incident; all, and what else has a high severity, if left out."
)
@click.option("--tlp", default="", metavar="MARKING", help="clear, green, amber or red.", show_default=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, - for standard output; one in the day's data folder if left out.",
)
def export(date: str, format_name: str, incident: str | None, tlp: str, output: Path | None) -> None:
    """Hand a day's incidents over in the format of another tool, and print the file's path."""
    settings = load_settings()
    day = settings.day(date)

    from proxy_oa_assets.investigation.handover.write import hand_over, write_hand_over
    from proxy_oa_assets.resources.deployment import deployment

    configured = deployment(settings)
    if output == _STANDARD_OUTPUT:
        content = hand_over(day, format_name, incident=incident, tlp=tlp, deployment=configured)
        sys.stdout.buffer.write(content)
        return
    click.echo(write_hand_over(day, format_name, output, incident=incident, tlp=tlp, deployment=configured))
