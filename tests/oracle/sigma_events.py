"""Events of rules' tests: records with fields by Sigma's names, told whole as the sensor does."""

from __future__ import annotations

from sensor.map.raw import raw_event
from sensor.map.record import Record


def windows(fields: dict[str, object], ts: int = 1_000_000):
    """A record with these fields, System ones by Sigma's names."""
    given = dict(fields)
    head = {
        "event_id": given.pop("EventID", 1), "channel": given.pop("Channel", "C"),
        "version": given.pop("Version", 0),
        "provider": given.pop("Provider_Name", ""), "computer": given.pop("Computer", ""),
    }  # fmt: skip
    return raw_event(Record(ts=ts, data={k: str(v) for k, v in given.items()}, **head))
