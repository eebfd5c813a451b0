"""How the evidence of a row is found again, without carrying it along.

Each row has a STRUCT `_lineage` whose shape follows from the plan and is known when it is compiled:

- of a scan: {ts, tie, id} of the event
- of a union: one field per source, null for those the row is not from
- of a window: the lineage of the row itself (`row`), and its frame as numbers of rows of the
  window's source: `keys`, `high` (number of the last row), `size`
- of a sequence or join: one field per part (for `x N` one per row)

`evidence` turns these into event ids for the few rows that reach an alert.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EventLineage:
    """A row is one event of this type."""

    event: str


@dataclass(frozen=True)
class ChoiceLineage:
    """A row is one of several relations' rows; fields `s0`, `s1`, ..."""

    sources: tuple[Lineage, ...]


@dataclass(frozen=True)
class FrameLineage:
    """A row stands for a frame of rows of `numbered`, a relation with `keys` and `_number`;
    `key_types` are their DuckDB types.
    """

    source: Lineage
    numbered: str
    keys: tuple[str, ...]
    key_types: tuple[str, ...]


@dataclass(frozen=True)
class PartsLineage:
    """A row is made of rows of several relations; fields `s0`, `s1`, ..., null where absent.
    `anchors`: the rows themselves are always kept as evidence (a sequence).
    """

    parts: tuple[Lineage, ...]
    anchors: bool


Lineage = EventLineage | ChoiceLineage | FrameLineage | PartsLineage


def sql_type(lineage: Lineage) -> str:
    """The DuckDB type of `_lineage`: a union must say it where a row has none."""
    match lineage:
        case EventLineage():
            return "STRUCT(ts BIGINT, tie BIGINT, id BIGINT)"
        case ChoiceLineage(parts) | PartsLineage(parts):
            return _struct({f"s{i}": sql_type(p) for i, p in enumerate(parts)})
        case FrameLineage(source):
            keys = _struct({f"k{i}": t for i, t in enumerate(lineage.key_types)})
            frame = {"row": sql_type(source), "keys": keys, "high": "BIGINT", "size": "BIGINT"}
            return _struct(frame)


def _struct(fields: dict[str, str]) -> str:
    return "STRUCT(" + ", ".join(f'"{n}" {t}' for n, t in fields.items()) + ")"


def events_of(lineage: Lineage) -> list[str]:
    """The event types below, each as often as it is read."""
    match lineage:
        case EventLineage(event):
            return [event]
        case ChoiceLineage(sources):
            return [e for s in sources for e in events_of(s)]
        case FrameLineage(source):
            return events_of(source)
        case PartsLineage(parts):
            return [e for p in parts for e in events_of(p)]


def single(lineage: Lineage) -> bool:
    """Whether each row is exactly one event and no two rows the same one."""
    match lineage:
        case EventLineage():
            return True
        case ChoiceLineage(sources):
            types = events_of(lineage)
            return all(single(s) for s in sources) and len(set(types)) == len(types)
        case _:
            return False


def one_event(lineage: Lineage) -> bool:
    """Whether each row is exactly one event; the same one may stand in several rows."""
    if isinstance(lineage, ChoiceLineage):
        return all(one_event(s) for s in lineage.sources)
    return isinstance(lineage, EventLineage)


def countable(lineage: Lineage) -> bool:
    """Whether the number of events of a row follows from its lineage without looking at them:
    frames of single events, and parts that cannot have an event in common.
    """
    match lineage:
        case EventLineage():
            return True
        case ChoiceLineage(sources):
            return all(countable(s) for s in sources)
        case FrameLineage(source):
            return single(source)
        case PartsLineage(parts, anchors):
            if not all(countable(p) for p in parts):
                return False
            # rows of a sequence are strictly ordered, so single events differ
            if anchors and all(one_event(p) for p in parts):
                return True
            types = [set(events_of(p)) for p in parts]
            return sum(map(len, types)) == len(set().union(*types))
