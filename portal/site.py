"""What the portal's pages stand on: the people who sign in, and a running engine as it is read.

One for each daemon, for any thread.
"""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dsl.load import load_text
from portal.access.accounts import Accounts
from portal.access.outside import Outside
from portal.access.sessions import Sessions

if TYPE_CHECKING:
    from dsl.catalogue import Detection
    from portal.access.database import People
    from portal.access.provider import Provider
    from portal.reading.sources import Sources


class Site:
    """`sources`: what is read, and decided about; `provider`: through which people sign in, too."""

    def __init__(self, people: People, sources: Sources, provider: Provider | None = None) -> None:
        self.accounts = Accounts(people)
        self.sessions = Sessions(people)
        self.outside = Outside(people)
        self.provider = provider
        self.sources = sources

    def detection(self, name: str) -> Detection | None:
        """A detection in force, as its author wrote it."""
        text = self.sources.status().in_force.texts.get(name)
        return None if text is None else _read(name, text)

    def audit(
        self,
        who: str,
        action: str,
        kind: str,
        name: str,
        before: object = None,
        after: object = None,
        note: str = "",
    ) -> None:
        """A line of the audit log: who did what to the object of a kind. Raises sqlite3.Error."""
        with self.sources.deciding() as desk, desk.transaction():
            desk.log(now(), who, action, kind, name, before or {}, after or {}, note=note)


def now() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


@lru_cache(maxsize=512)
def _read(name: str, text: str) -> Detection | None:
    return load_text(Path(f"{name}.yaml"), text).detections.get(name)
