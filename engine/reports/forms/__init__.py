"""Reports as files, found by folder scan: one module a form, whose name is the ending of its files.

A module has `packed(made)`: the bytes of the file. What stands in reports may be an attacker's words.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, cast

from engine.exports.cells import cell
from engine.reports import TIMES
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.exports.cells import Cell
    from engine.reports import Made, Row

    Packed = Callable[[Made], bytes]


def names() -> list[str]:
    """The names of all forms."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__))


def packer(name: str) -> Packed:
    """What makes the file of a form."""
    return cast("Packed", importlib.import_module(f"{__name__}.{name}").packed)


def plain(row: Row) -> Row:
    """A row with its times in words (ISO 8601, UTC)."""
    return {k: iso(v) if k in TIMES and isinstance(v, int) else v for k, v in row.items()}


def cells(rows: Iterable[Row]) -> list[dict[str, Cell]]:
    """Rows as cells of a table."""
    return [{k: cell(v) for k, v in plain(row).items()} for row in rows]
