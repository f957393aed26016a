"""The run config `limit` of `proxy_results`, which is refused before a run starts."""

import dagster as dg

# Dagster exports no type for config of one's own; pydantic's bounds would fail the run, after it has started.
from dagster._config import ConfigScalar, ConfigScalarKind, PostProcessingError
from typing_extensions import override

from proxy_oa_assets.model.column_map import DEFAULT_LIMIT


class _RowLimit(ConfigScalar):
    def __init__(self) -> None:
        super().__init__(
            key="RowLimit",
            given_name="RowLimit",
            scalar_kind=ConfigScalarKind.INT,
            description="A whole number, from 1",
        )

    @override
    def post_process(self, value: int) -> int:
        if value < 1:
            raise PostProcessingError(
                f"limit is {value}, but a day has at least one row: write a number from 1"
            )
        return value


ROW_LIMIT = {
    "limit": dg.Field(
        _RowLimit(),
        default_value=DEFAULT_LIMIT,
        description="How many of the most suspicious rows to take from the results",
    )
}
