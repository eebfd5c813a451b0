"""An erasure that is asked of a running daemon: it ends in order, erases, and is to be started anew.

What it has in memory would be written again otherwise. Its service manager starts it, as it exits with a code
of its own.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

import duckdb
import msgspec

from engine.errands.erase import Asked
from engine.store import requests
from engine.store.desk import Desk, beside
from engine.store.erasing import erase

if TYPE_CHECKING:
    from pathlib import Path

    from engine.store.requests import Request

RESTART: Final = 75
"""Exit code: start it again (EX_TEMPFAIL of sysexits.h)."""


def carry_out(database: Path, request: Request) -> None:
    """Erase what was asked for, once the daemon has let everything go, and answer."""
    asked = msgspec.convert(request.arguments, Asked)
    answer, fault = b"", ""
    try:
        found = erase(database, asked.account, request.who, time.time_ns() // 1000)
        answer = msgspec.json.encode(found)
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        fault = str(error).partition("\n")[0]
    with closing(Desk(beside(database))) as desk:
        if fault:
            requests.refuse(desk, request.id, fault)
        else:
            requests.answer(desk, request.id, answer)
