"""Events as queries see them: times are timestamps in UTC, addresses and bytes are text.

Each type is a view of its table made within the query, so that no other name can be reached.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from dsl.schema.registry import Column

VIEW: Final = "events of "
_V4: Final = "00000000000000000000FFFF"


@cache
def view(event: str) -> str:
    """SELECT over the table of a type; parameters $low and $high bound `ts` (microseconds)."""
    columns = ", ".join(f'{_shown(c)} AS "{c.name}"' for c in event_types()[event].columns.values())
    return f'SELECT {columns} FROM main."{event}" WHERE ts BETWEEN $low AND $high'  # noqa: S608  # names of the schema


def _shown(column: Column) -> str:
    quoted = f'"{column.name}"'
    if column.field.kind not in ("time", "ip", "bytes"):
        return quoted
    one = _of_kind(column.field.kind, "x" if column.many else quoted)
    return f"[{one} FOR x IN {quoted}]" if column.many else one


def _of_kind(kind: str, value: str) -> str:
    if kind == "time":
        return f"make_timestamp({value})"
    if kind == "bytes":
        return f"lower(hex({value}))"
    digits = f"hex({value})"
    octets = ", ".join(f"('0x' || substr({digits}, {i}, 2))::INT" for i in (25, 27, 29, 31))
    groups = ", ".join(f"substr({digits}, {i}, 4)" for i in range(1, 33, 4))
    return (
        f"CASE WHEN starts_with({digits}, '{_V4}') THEN concat_ws('.', {octets}) "
        f"WHEN {value} IS NOT NULL THEN lower(concat_ws(':', {groups})) END"
    )
