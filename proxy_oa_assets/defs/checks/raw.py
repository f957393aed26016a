"""The checks of `proxy`, where it is made from logs: nothing of a log is lost silently."""

from proxy_oa_assets.defs.checks.day_check import CheckResult, CheckSeverity, DayCheck
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.model.text import counted, literal
from proxy_oa_assets.resources.deployment import Deployment

NO_LINE_WAS_REJECTED = DayCheck(
    "no_line_was_rejected",
    "proxy",
    "Every line of the logs that can hold the day is a request, or a header",
    CheckSeverity.WARNING,
)
EVERY_ROW_IS_THERE = DayCheck(
    "every_row_is_there",
    "proxy",
    "The table has each row that was taken from a log; those of other systems may be there, too",
    CheckSeverity.ERROR,
)
EVERY_LOG_CAN_BE_READ = DayCheck(
    "every_log_can_be_read",
    "proxy",
    "Each log that can hold the day can be opened, and its format is known",
    CheckSeverity.WARNING,
)
RAW_CHECKS = (NO_LINE_WAS_REJECTED, EVERY_ROW_IS_THERE, EVERY_LOG_CAN_BE_READ)


def evaluate_raw(day: Day, deployment: Deployment) -> dict[DayCheck, CheckResult]:
    """Compare the day's record with the table, and look at the logs again."""
    # Both load DuckDB and pyarrow.
    from proxy_oa_assets.ingest.log_files import LogFiles
    from proxy_oa_assets.ingest.record import DayRecord

    record = DayRecord.of(deployment.impala, day)
    rejected = sum(source.rejected for source in record.sources)
    rows = deployment.impala.row_count(PROXY, day)
    unread = LogFiles.of(deployment.workspace).for_day(day).unread
    return {
        NO_LINE_WAS_REJECTED: CheckResult(
            passed=not rejected,
            description=f"{counted(rejected, 'line')} of the day are no request; "
            f"{deployment.workspace.data(day) / 'proxy.rejected.tsv'} has their logs, places and reasons"
            if rejected
            else "no line was rejected",
            metadata={"rejected": rejected},
        ),
        EVERY_ROW_IS_THERE: CheckResult(
            passed=rows >= record.rows,
            description=f"{record.rows:,} rows were taken from logs, {rows:,} are in the table"
            + ("" if rows >= record.rows else ": files were removed; materialize the day again"),
            metadata={"taken": record.rows, "rows": rows},
        ),
        EVERY_LOG_CAN_BE_READ: CheckResult(
            passed=not unread,
            description="; ".join(map(literal, unread.values())) or "every log can be read",
            metadata={"logs_not_read": len(unread)},
        ),
    }
