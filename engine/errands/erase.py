"""What an erasure of an account would take; the answer is a JSON object of numbers by table and file.

The erasure itself needs a database that nobody has open: the daemon ends for it (`daemon.erasing`).
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import duckdb
import msgspec

from engine.errands import RefusedError
from engine.store.erasing import preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.errands import Place, Work


class Asked(msgspec.Struct):
    """Whose data (`name@dns.domain`), and whether they are to go."""

    account: str
    yes: bool = False


def begin(place: Place, arguments: Mapping[str, object]) -> Work:
    """Count, at once: the thread that owns the store alone may ask it for what it has not committed."""
    asked = msgspec.convert(arguments, Asked)
    try:
        answer = msgspec.json.encode(preview(place.store, place.path, asked.account))
    except (duckdb.Error, sqlite3.Error) as error:
        raise RefusedError(str(error).partition("\n")[0]) from error
    return lambda: answer
