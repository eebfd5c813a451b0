"""Whether anybody in an alert bears a tag, by the directory as it was then: for filters of sinks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from engine.backends.duckdb.exclusions import stored_tags_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb


def bears(connection: duckdb.DuckDBPyConnection) -> Callable[[Mapping[str, object], str], bool]:
    """Alert, tag -> whether an account, host or group of any of its roles bears the tag."""
    tags_of = stored_tags_of(connection)

    def tagged(alert: Mapping[str, object], tag: str) -> bool:
        roles = alert["roles"]
        ts = int(datetime.fromisoformat(str(alert["last_seen"])).timestamp() * 1_000_000)
        for value in roles.values() if isinstance(roles, dict) else ():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and tag in tags_of(one, ts):
                    return True
        return False

    return tagged
