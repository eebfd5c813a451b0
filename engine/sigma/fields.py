"""Fields of Sigma as expressions over an event type: its columns by their names, else `data["…"]`.

Sigma's names of Windows fields are those of the records; those of the record's head have names of
their own. Reference: Sigma taxonomy appendix; System element of the Windows event schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dsl.schema.registry import event_types
from engine.sigma.literals import quoted
from engine.sigma.refused import RefusedError
from sensor.map.raw import known_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.schema.base import KindName

WINDOWS: Final = "windows_event"
OTHER: Final = "log_event"
_HEAD: Final = {
    "EventID": "event_id", "EventId": "event_id", "Event_ID": "event_id", "Channel": "channel", "EventLog": "channel",
    "LogName": "channel", "Provider_Name": "provider", "ProviderName": "provider", "Provider": "provider", "SourceName": "provider",
    "Source": "provider", "Computer": "computer", "ComputerName": "computer", "Hostname": "computer", "Level": "level",
    "Task": "task", "Opcode": "opcode", "Keywords": "keywords", "Version": "version", "EventRecordID": "record_id",
    "RecordID": "record_id", "Security_UserID": "user_sid", "UserID": "user_sid",
}  # fmt: skip
_TIMES: Final = frozenset({
    "TimeCreated", "TimeCreated_SystemTime", "SystemTime", "@timestamp", "timestamp", "UtcTime", "EventTime",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A field: how it is read, and of which kind that is. `column` is its column, if it has one."""

    expression: str
    kind: KindName
    column: str

    @property
    def text(self) -> str:
        """It as a text, case kept."""
        return self.expression if self.kind == "text" else f"text({self.expression})"


@dataclass(slots=True)
class Fields:
    """The fields of one event type, and which columns of it a rule has read. `names`: what records
    call fields that the rule's log source calls otherwise.
    """

    event: str
    names: Mapping[str, str] = field(default_factory=dict)
    read: dict[str, None] = field(default_factory=dict)

    def named(self, name: str) -> Field:
        """The field that Sigma calls so."""
        found = self._column(name)
        self.read[found.column] = None
        return found

    def is_time(self, name: str) -> bool:
        """Whether the field is the time of the event itself."""
        return name in _TIMES

    def every_text(self) -> str:
        """All texts of the event, as a list."""
        columns = event_types()[self.event].columns.values()
        own = [c.name for c in columns if not c.common]
        self.read["data"] = None
        return f"texts({', '.join(own)})"

    def _column(self, name: str) -> Field:
        columns = event_types()[self.event].columns
        name = self.names.get(name, name)
        if self.event == WINDOWS:
            column = _HEAD.get(name) or known_columns().get(name)
        else:
            column = "message" if name == "message" else None
        if column is not None:
            return Field(column, columns[column].field.kind, column)
        key = quoted(name)
        if key is None:
            raise RefusedError("the name of a field holds what cannot be written in a rule")
        return Field(f"data[{key}]", "text", "data")
