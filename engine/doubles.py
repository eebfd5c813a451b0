"""Changes that a synchronisation tells and a better witness told too: counted once, whoever is first.

Records and the wire are partial witnesses of a directory (one controller, no sealed LDAP), so a
synchronisation cannot be silenced because they live: only the very change that they told is
theirs. It is the same change if it is of the same object, attribute or action, and near in time.
Order of arrival does not matter: what was counted already is handed back to be taken off. Knows no
store. Bounded: the oldest changes are forgotten first; after a restart the stored ones are recalled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from dsl.schema.directory import AccountChange, DirectoryChange, DirectoryObject, GroupChange
from engine import lateness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dsl.schema.base import Event

_T = TypeVar("_T")
Change = tuple[str, ...]
AFTER_US: Final = lateness.SLOW_US
"""How much later than the change a synchronisation may date it."""
BEFORE_US: Final = lateness.WIRE_US
"""How much earlier: clocks differ, and a directory counts whole seconds."""
_KEPT: Final = 100_000
CHANGES: Final = (AccountChange, DirectoryChange, GroupChange)
"""Events that may be doubles."""
NAMES: Final = tuple(str(kind.__struct_config__.tag) for kind in CHANGES)
"""Their types by name."""
RECALLED: Final = 10_000
"""So many of each kind are taken up again after a restart, at most a day old (`RECALLED_US`): what
changed while nobody looked is told with the time of the change."""
RECALLED_US: Final = 86_400_000_000


class Doubles:
    """What was told of late, by change."""

    def __init__(self) -> None:
        self._synced: dict[Change, list[Event]] = {}
        self._seen: dict[Change, list[int]] = {}

    def take(self, event: Event) -> list[Event]:
        """Note an event whose names are resolved; events of a synchronisation that are no longer
        primary because of it (`event` itself among them).
        """
        names = list(_names(event))
        if not names:
            return []
        if event.via == "sync":
            for name in names:
                _keep(self._synced, name, event)
            told = any(
                event.ts - AFTER_US <= ts <= event.ts + BEFORE_US
                for name in names
                for ts in self._seen.get(name, ())
            )
            return [event] if told else []
        found: list[Event] = []
        for name in names:
            _keep(self._seen, name, event.ts)
            found += [
                synced
                for synced in self._synced.get(name, ())
                if synced.ts - AFTER_US <= event.ts <= synced.ts + BEFORE_US
                and synced not in found
                and synced.primary is not False
            ]
        return found

    def recall(self, events: Iterable[Event]) -> None:
        """Take up what was told before a restart, in order."""
        for event in events:
            self.take(event)


def is_synced(event: Event) -> bool:
    """Whether it is a change, or a version of an object, that a synchronisation tells."""
    return event.via == "sync" and isinstance(event, (*CHANGES, DirectoryObject))


def _names(event: Event) -> Iterator[Change]:
    """How a change may be called: by the object's account, its DN, its GUID."""
    if event.outcome in ("denied", "error"):
        return
    match event:
        case GroupChange(group=str(group), action=str(action)):
            yield "group", group.lower(), action, (event.member or "").lower()
        case AccountChange(account=str(account), action=str(action)):
            # a directory does not tell a reset password from a changed one
            yield "account", account.lower(), action.replace("password_reset", "password_changed")
        case DirectoryChange(attribute=attribute, op=op):
            what = attribute.lower() if attribute else f"object {op}"
            for name in (event.object_account, event.object, event.object_guid):
                if name:
                    yield "object", name.lower(), what


def _keep(kept: dict[Change, list[_T]], name: Change, value: _T) -> None:
    kept[name] = [*kept.pop(name, [])[-9:], value]
    while len(kept) > _KEPT:
        del kept[next(iter(kept))]
