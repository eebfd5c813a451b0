"""Windows events that are understood: log, number, type, fields that are filled, and tested with what.

The fields are those that the project's own samples fill; how many records of public data sets test
a mapping is kept in tests/data/windows_public.csv, which a test compares with the data.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dsl.schema.base import Event
from dsl.schema.registry import event_type
from pages.markdown import code, codes, table
from sensor.inputs.winxml import read_winxml
from sensor.map.record import Record
from sensor.map.windows import mapping_of, mappings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue

DATA: Final = Path(__file__).resolve().parents[2] / "tests" / "data"
_COMMON: Final = frozenset(Event.__struct_fields__)


def lines(_: Catalogue) -> Iterator[str]:
    """The page."""
    yield "# Windows events\n"
    yield (
        "Records that are understood. Every other record is there whole as"
        " [`windows_event`](events.md#windows_event), where a rule reads it. `own` samples are"
        " written after documented or published records, in tests/data/windows; `public` ones are"
        " records of public data sets that the tests read."
    )
    yield from table("log", "event", "type", "fields", "tested with", rows=_rows())


def _rows() -> Iterator[tuple[str, ...]]:
    public = _public()
    own: Counter[tuple[str, int]] = Counter()
    types: dict[object, dict[str, None]] = defaultdict(dict)
    fields: dict[object, dict[str, None]] = defaultdict(dict)
    for record in _samples():
        key = _key(record)
        mapping = mapping_of(record)
        if mapping is None:
            continue
        own[key] += 1
        for event in mapping(record):
            names = [n for n in event.__struct_fields__ if getattr(event, n) is not None]
            for owner in (key, mapping):
                types[owner][event_type(event)] = None
                fields[owner].update(dict.fromkeys(n for n in names if n not in _COMMON))
    for key, mapping in sorted(mappings().items(), key=lambda item: (item[0][1], item[0][0])):
        log, number = key
        owner = key if own[key] else mapping
        tested = [f"{own[key]} own"] if own[key] else []
        tested += [f"{public[key]} public"] if public[key] else []
        words = codes(types[owner]), codes(fields[owner])
        yield code(log), str(number), *words, ", ".join(tested) or "a record of its family"


def _key(record: Record) -> tuple[str, int]:
    """The key of the mapping that takes a record."""
    key = (record.channel, record.event_id)
    return key if key in mappings() else (record.provider, record.event_id)


def _samples() -> Iterator[Record]:
    for path in sorted((DATA / "windows").glob("*.xml")):
        with path.open("rb") as stream:
            yield from (item for item in read_winxml(stream) if isinstance(item, Record))


def _public() -> Counter[tuple[str, int]]:
    with (DATA / "windows_public.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return Counter({(row["log"], int(row["event"])): int(row["records"]) for row in rows})
