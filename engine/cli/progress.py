"""A bar for files that take a while, on terminals only."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_WORTH_IT = 1_000_000
"""Bytes of a file that is read in less time than an eye needs to see the bar."""


@contextmanager
def progress(path: Path) -> Iterator[Callable[[int, int], None] | None]:
    """What to tell (bytes read, bytes in all) while the file is read; None where no bar is shown."""
    if not sys.stderr.isatty() or path.stat().st_size < _WORTH_IT:
        yield None
        return
    # slow to import, and for terminals only
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(printable(path.name)), total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)
