"""Options that several commands have."""

import click

DATE = click.option("--date", "date", required=True, metavar="YYYY-MM-DD", help="The day.")
