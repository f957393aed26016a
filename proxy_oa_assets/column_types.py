"""The columns that a table has somewhere, compared with those of `tables.py`."""

from collections.abc import Iterable, Sequence

from proxy_oa_assets.tables import Column

# Names and Hive types, in order.
ColumnTypes = list[tuple[str, str]]


def declared(columns: Iterable[Column]) -> ColumnTypes:
    """Return the names and types of columns of ours."""
    return [(column.name, column.type) for column in columns]


def differences(ours: Sequence[tuple[str, str]], found: Sequence[tuple[str, str]]) -> list[str]:
    """Return how columns that were found differ from ours, a text each; none if they don't.

    A name may be found more than once: a day's files can differ among themselves.
    """
    kinds, there = dict(ours), {name for name, _ in found}
    texts = [f"{name} {kind} is missing" for name, kind in ours if name not in there]
    texts += [f"{name} {kind} isn't ours" for name, kind in found if name not in kinds]
    texts += [
        f"{name} is {kind} instead of {kinds[name]}" for name, kind in found if kinds.get(name, kind) != kind
    ]
    if not texts and list(found) != list(ours):
        texts.append("the columns are in another order")
    return texts
