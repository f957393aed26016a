"""The day's most suspicious rows, as `proxy_results` hands them to `scored_connections`.

They are kept as Parquet beside the copy of the results, so that enriching the day again uses the same limit.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.ranking.results_file import RANKED_TYPES, ranked_frame

_FILE = "proxy_results.ranked.parquet"
_ARROW_TYPES = {"Int32": pa.int32(), "float64": pa.float64(), "str": pa.string()}
_SCHEMA = pa.schema([(name, _ARROW_TYPES[RANKED_TYPES[name]]) for name in RESULT_FIELDS])


def write(folder: Path, frame: pd.DataFrame) -> None:
    """Replace the rows kept in a day's data folder."""
    with replacing(folder / _FILE) as file:
        pq.write_table(pa.Table.from_pandas(frame, schema=_SCHEMA, preserve_index=False), file)


def read(folder: Path) -> pd.DataFrame:
    """Return the rows kept in a day's data folder. Raises ResultsError if there are none yet."""
    path = folder / _FILE
    if not path.is_file():
        raise ResultsError(f"{path} does not exist: materialize proxy_results for this day first")
    columns = pq.read_table(path, columns=list(RESULT_FIELDS)).to_pydict().values()
    return ranked_frame(zip(*columns, strict=True))
