"""Operations as their users see them: an exit code, and what is printed."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from support.home import Home, failures

from proxy_oa_assets.cli.main import FAILED, main
from proxy_oa_assets.investigation.repair import repaired
from proxy_oa_assets.model.errors import ProxyOaError, disk_errors
from proxy_oa_assets.model.files import remove_stale_folders
from soak.operations import DAY, LIMIT, NEW_DAY, OPERATIONS, Operation

# What the command does; the others are functions that notebooks call.
_COMMANDS = {
    ("init-db", "in a new home"): ("init-db",),
    ("ingest", "a log that has grown"): ("ingest", "--format", "squid", "{home}/access.log"),
    ("materialization", "of a new day"): ("run", "--date", NEW_DAY.key, "--limit", str(LIMIT)),
    ("materialization", "of a day again"): ("run", "--date", DAY.key, "--limit", str(LIMIT)),
    ("export", "csv"): ("export", "--date", DAY.key, "--format", "csv"),
    ("export", "stix"): ("export", "--date", DAY.key, "--format", "stix"),
    ("export", "story page"): ("story", "--date", DAY.key),
    ("reset", "of a day"): ("reset", "--date", DAY.key, "--yes"),
}
_INIT_DB = Operation("init-db", "in a new home", lambda home: command(home, "init-db"), "new", days=())
BY_NAME = {f"{operation.kind} {operation.name}": operation for operation in (*OPERATIONS, _INIT_DB)}


def act(operation: Operation, opened: Callable[[], Home]) -> int:
    """Do an operation in a home; return its exit code, and print what its user sees."""
    try:
        home = opened()
        if arguments := _COMMANDS.get((operation.kind, operation.name)):
            return command(home, *(argument.format(home=home.path) for argument in arguments))
        if operation.kind == "ranking":
            result = home.materialize(DAY, assets=["ml_results"])
            print(*failures(result).values(), sep="\n", file=sys.stderr)
            return 0 if result.success else FAILED
        # As a run's step and a notebook's widgets do.
        with disk_errors():
            operation.work(home)
    except ProxyOaError as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


def command(home: Home, *arguments: str) -> int:
    """Run `proxy-oa` in a home; return its exit code."""
    os.environ["PROXY_OA_HOME"] = str(home.path)
    os.chdir(home.path.parent)
    try:
        main(list(arguments), standalone_mode=True)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else FAILED
    return 0


def touch(operation: Operation, home: Home) -> int:
    """Do what the next run or analyst of the operation's days does first."""
    for day in operation.days:
        repaired(day, home.deployment)
    remove_stale_folders(home.path / "tmp")
    return 0


def arguments_of(
    description: str | None, operations: Sequence[str] = tuple(BY_NAME)
) -> argparse.ArgumentParser:
    """Return a parser of the operations to disturb, by default those given, and of the record of cases."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", nargs="*", default=operations, choices=list(BY_NAME), metavar="NAME")
    parser.add_argument("--record", type=Path, help="a file of cases, which several processes can share")
    return parser
