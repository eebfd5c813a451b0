"""The folder beside a database where copies of it are made."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def staging(database: Path) -> Path:
    """The folder beside a database where copies are made: the only one that DuckDB may write to."""
    return database.resolve().with_name(f"{database.name}.copying")


def clean(database: Path) -> None:
    """Remove what a copy that was cut off left behind."""
    shutil.rmtree(staging(database), ignore_errors=True)
