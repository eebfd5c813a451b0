"""An array of alerts as JSON, as `report.alert_dict` tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.event_json import json_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def write(alerts: Sequence[Mapping[str, object]], path: Path) -> None:
    """The whole of every alert."""
    path.write_bytes(b"[" + b",\n".join(map(json_line, alerts)) + b"]\n")
