"""What is read: the store beside the engine's thread, the desk of alerts, the engine's last picture."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.store.desk import Desk
from portal.installed import Installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from engine.instance.registry import Registry
    from engine.status import Status
    from engine.store.reads import Reads


def _now() -> int:
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Sources:
    """For any thread. `database`: the file, beside which the others lie; `desk_file`: alerts as people see
    them; `status`: gives the picture that the engine's thread put down last; `registry`: of sensors, None
    where the engine takes none; `clock`: microseconds; `installed`: what the daemon was given.
    """

    database: Path
    desk_file: Path
    reads: Reads
    status: Callable[[], Status]
    registry: Registry | None = None
    clock: Callable[[], int] = _now
    installed: Installed = field(default_factory=Installed)

    def desk(self) -> AbstractContextManager[Desk]:
        """The desk, to read; it is closed behind. Raises sqlite3.Error."""
        return closing(Desk(self.desk_file, read_only=True))

    def deciding(self) -> AbstractContextManager[Desk]:
        """The desk, to decide; it is closed behind. Raises sqlite3.Error."""
        return closing(Desk(self.desk_file))
