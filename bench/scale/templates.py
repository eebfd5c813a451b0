"""Ordinary events, decoded from the recordings in this repository: what the stream is made of.

Every value stands as the decoders and ingest made it; the stream replaces names, times, ports and
tickets. What the recorded intruder did and what is behind an alert of the recordings is left out, so
that alerts stay as rare as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dsl.schema.registry import event_type, event_types
from engine.replay import replay
from engine.store.columns import table_of
from sensor.inputs.files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from dsl.plan import DetectionPlan
    from dsl.schema.base import Event
    from engine.running import CompiledDetection, Rule

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ("examples/intrusion.pcap.gz", "examples/events.xml", "tests/data/windows")
INTRUDER = "10.20.30.66"


def templates(
    rules: Sequence[Rule], compile_detection: Callable[[DetectionPlan], CompiledDetection]
) -> dict[str, pa.Table]:
    """Events by type as Arrow tables with the columns of the store; those of which no rule says
    anything.
    """
    raw: list[Event] = []
    for name in RECORDED:
        path = ROOT / name
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            read_file(file, raw.append)
    seen = replay(rules, raw, compile_detection)
    told = {id_ for alert in seen.alerts for id_ in alert.evidence}
    store = seen.engine.store
    by_type: dict[str, list[Event]] = {}
    for event in store.events(range(1, store.highest_id() + 1)):
        if event.primary and event.id not in told and INTRUDER not in (event.src_ip, event.dst_ip):
            by_type.setdefault(event_type(event), []).append(event)
    return {kind: table_of(event_types()[kind], events) for kind, events in by_type.items()}
