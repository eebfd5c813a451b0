"""Writes the reference that is derived from the code: `docs/build.py [FOLDER]` (`make docs`).

Event types, functions, detections, lists and error codes as Markdown, by default into
docs/reference/. Nothing of it is committed. It states no facts of its own: every line comes from
the schema, the catalogue of functions, the checked detections or the codes.
"""
# ruff: noqa: INP001  # a script beside the pages, not a package

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dsl.attributes import ATTRIBUTES
from dsl.check import check
from dsl.check.kinds import named
from dsl.codes import all_codes
from dsl.durations import format_duration
from dsl.functions import AGGREGATES, FUNCTIONS
from dsl.load import load
from dsl.retention import DAY, retention
from dsl.schema import enums
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dsl.catalogue import Catalogue, Detection
    from dsl.functions import Function
    from dsl.plan import DetectionPlan
    from dsl.schema.registry import Column
    from dsl.signatures import Signature

ROOT: Final = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write all pages; exit code 1 where the shipped detections have errors."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "reference"
    catalogue = load([ROOT / "detections"], ROOT)
    plans = {d.id: _planned(d, catalogue) for d in catalogue.detections.values()}
    if catalogue.diagnostics.errors:
        sys.exit("the shipped detections have errors: see `atp check`")
    folder.mkdir(parents=True, exist_ok=True)
    pages: dict[str, Callable[[], Iterator[str]]] = {
        "events": _events,
        "functions": _functions,
        "detections": lambda: _detections(catalogue, plans),
        "lists": lambda: _lists(catalogue),
        "errors": _errors,
    }
    for name, lines in pages.items():
        path = folder / f"{name}.md"
        path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
        print(path)


def _planned(detection: Detection, catalogue: Catalogue) -> DetectionPlan:
    plan, found = check(detection, catalogue.relations, catalogue.lists)
    if plan is None:
        sys.exit(f"`{detection.id}` has errors: {'; '.join(d.message for d in found)}")
    return plan


# --- Markdown ------------------------------------------------------------------------------------


def _table(*head: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table; cells are escaped here and nowhere else."""
    yield ""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _words(words: Iterable[str]) -> str:
    return ", ".join(map(_code, words))


def _plain(text: str) -> str:
    """Text of people as Markdown: angle brackets are no tags."""
    return " ".join(text.split()).replace("<", "&lt;")


def _bullets(title: str, items: Iterable[str]) -> Iterator[str]:
    items = tuple(items)
    if items:
        yield f"\n**{title}**\n"
        yield from (f"- {_plain(item)}" for item in items)


# --- events --------------------------------------------------------------------------------------


def _events() -> Iterator[str]:
    types = event_types().values()
    yield "# Event types\n"
    yield (
        "What a rule may read. A kind is what values are compared by; `list` before it says that"
        " there are several. Times and durations are microseconds, an enum's words stand at the end"
        " of the page. ECS and OCSF name the field in those schemas, where it has a name there."
    )
    yield from _table(
        "type", "is", "kept",
        rows=((f"[{e.name}](#{e.name})", _plain(e.meaning), _days(e.name)) for e in types),
    )  # fmt: skip
    yield "\n## Fields of every event"
    yield from _fields(c for c in next(iter(types)).columns.values() if c.common)
    for event in types:
        yield f"\n## {event.name}\n\n{_plain(event.meaning)}\nFamily: {event.family}."
        yield from _fields(c for c in event.columns.values() if not c.common)
    yield "\n## Words of enums"
    for name, words in _vocabularies().items():
        yield f"\n### {name}\n\n{_words(words)}"


def _days(event: str) -> str:
    return f"{retention(event) // DAY} days"


def _fields(columns: Iterable[Column]) -> Iterator[str]:
    yield from _table(
        "field", "kind", "unit", "meaning", "sources", "ECS", "OCSF",
        rows=(
            (
                _code(c.name), _kind(c), c.field.unit, _plain(c.field.meaning),
                _plain(c.field.sources), _code(c.field.ecs), _code(c.field.ocsf),
            )
            for c in columns
        ),
    )  # fmt: skip


def _kind(column: Column) -> str:
    field = column.field
    kind = ("list " if column.many else "") + field.kind
    if not field.words:
        return kind
    name = next(n for n, words in _vocabularies().items() if words == field.words)
    return f"{kind} [{name}](#{name})" + (", open" if field.open_words else "")


def _vocabularies() -> dict[str, tuple[str, ...]]:
    """Every vocabulary that a field has, under the name the schema gives it."""
    known = {
        enums.names(value): name.lower()
        for name, value in vars(enums).items()
        if name.isupper() and isinstance(value, (tuple, dict))
    }
    found: dict[str, tuple[str, ...]] = {}
    for event in event_types().values():
        for column in event.columns.values():
            if column.field.words:
                own = f"{event.name}-{column.name}"
                found.setdefault(known.get(column.field.words, own), column.field.words)
    # a vocabulary without a name of its own is named after the first field that has it
    return {n: w for i, (n, w) in enumerate(found.items()) if w not in [*found.values()][:i]}


# --- functions -----------------------------------------------------------------------------------


def _functions() -> Iterator[str]:
    yield "# Functions, aggregates, attributes\n"
    yield (
        "In a signature `T` is any one kind, the same everywhere; `any` any kind; `entity` an"
        " account, host or group; `number` an int or float; `etype` and `uac` the enums of that"
        " name; `'` marks a constant, `...` a repeated argument. A null argument gives null, unless"
        " the notes say *never null*."
    )
    yield "\n## Functions"
    yield from _table(
        "function", "takes and gives", "is", "notes",
        rows=(
            (_code(f.name), _signatures(f.signatures), _plain(f.doc), _notes(f))
            for f in sorted(FUNCTIONS.values(), key=lambda f: f.name)
        ),
    )  # fmt: skip
    yield "\n## Aggregates of `window … compute`"
    yield from _table(
        "aggregate", "takes and gives", "is", "more rows make it",
        rows=(
            (_code(a.name), _signatures(a.signatures), _plain(a.doc), _GROWTH[a.trend])
            for a in AGGREGATES.values()
        ),
    )  # fmt: skip
    yield "\n## Attributes of entities\n\nAs of the row's `ts`; null for what the directory does not know."
    yield from _table(
        "attribute", "of", "kind", "is",
        rows=(
            (_code(a.name), ", ".join(a.owners), named(a.type), _plain(a.meaning))
            for a in ATTRIBUTES.values()
        ),
    )  # fmt: skip


_GROWTH: Final = {
    "up": "greater only",
    "down": "less only",
    "up if not negative": "greater only, of values that are not negative",
    "any": "greater or less",
}


def _signatures(signatures: Iterable[Signature]) -> str:
    return ", ".join(_code(s.text.strip()) for s in signatures)


def _notes(function: Function) -> str:
    notes = [
        (function.as_of, "reads the directory as of `ts`"),
        (function.total, "never null"),
        (function.lifts, "of a list: any element"),
        (function.negative, "a negative fact: waits for the directory"),
        (function.at_watermark, "known at the watermark"),
    ]
    return "; ".join(text for true, text in notes if true)


# --- detections ----------------------------------------------------------------------------------


def _detections(catalogue: Catalogue, plans: dict[str, DetectionPlan]) -> Iterator[str]:
    detections = sorted(catalogue.detections.values(), key=lambda d: (d.tactic, d.id))
    yield "# Detections"
    yield from _table(
        "detection", "title", "number", "severity", "ATT&CK", "reads",
        rows=(
            (
                f"[{d.id}](#{d.id})", _plain(d.envelope.title), _number(d), d.envelope.severity,
                ", ".join(d.envelope.mitre), _words(plans[d.id].events),
            )
            for d in detections
        ),
    )  # fmt: skip
    for tactic, members in groupby(detections, key=lambda d: d.tactic):
        yield f"\n## {tactic.replace('_', ' ').capitalize()}"
        for detection in members:
            yield from _detection(detection, plans[detection.id])
    yield "\n## Shared relations"
    for relation in catalogue.relations.values():
        yield f"\n### {relation.id}\n\n{_plain(relation.title)}. {_plain(relation.description)}"


def _number(detection: Detection) -> str:
    return str(detection.envelope.external_id or "")


def _detection(detection: Detection, plan: DetectionPlan) -> Iterator[str]:
    envelope = detection.envelope
    yield f"\n### {detection.id}\n\n**{_plain(envelope.title)}**\n\n{_plain(envelope.description)}"
    raised = "at once" if plan.monotone else "at the watermark"
    rows = [
        ("external id", _number(detection)),
        ("version", str(envelope.version)),
        ("severity, confidence", f"{envelope.severity}, {envelope.confidence}"),
        ("ATT&CK, phase", f"{', '.join(envelope.mitre)}; {envelope.kill_chain}"),
        ("reads", _words(plan.events)),
        ("looks back", format_duration(plan.look_back)),
        ("raised", raised),
        ("file", _code(detection.path.resolve().relative_to(ROOT).as_posix())),
    ]
    yield from _table("", "", rows=(row for row in rows if row[1]))
    if envelope.params:
        yield from _table(
            "parameter", "type", "default", "least", "most", "is",
            rows=(
                (
                    _code(f"${p.name}"), p.type, p.show(p.default),
                    "" if p.min is None else p.show(p.min),
                    "" if p.max is None else p.show(p.max), _plain(p.help),
                )
                for p in envelope.params.values()
            ),
        )  # fmt: skip
    yield from _bullets("Known gaps", envelope.known_gaps)
    yield from _bullets("False positives", envelope.false_positives)
    yield from _bullets("What to do", envelope.respond)
    yield from _bullets("References", envelope.references)
    yield from _bullets("Tests", (_tested(t.name, bool(t.expect)) for t in detection.tests))


def _tested(name: str, fires: bool) -> str:
    return f"{name} ({'alert' if fires else 'silence'})"


# --- lists, errors -------------------------------------------------------------------------------


def _lists(catalogue: Catalogue) -> Iterator[str]:
    yield "# Lists\n\nWhat ships with the detections; a list of yours with the same name takes its place."
    for one in sorted(catalogue.lists.values(), key=lambda entry: entry.name):
        rules = (*catalogue.detections.values(), *catalogue.relations.values())
        readers = [r.id for r in rules if re.search(rf"@{one.name}\b", r.source.block("detect"))]
        yield f"\n## {one.name}\n\n{_plain(one.description)}\n"
        yield f"Entries of kind {one.kind}; read by {_words(readers) or 'no detection'}."
        if one.entries:
            yield from _table(
                "value", "owner", "reason", "expires",
                rows=((_code(e.value), e.owner, _plain(e.reason), _day(e.expires)) for e in one.entries),
            )  # fmt: skip


def _day(expires: int | None) -> str:
    return "" if expires is None else datetime.fromtimestamp(expires / 1e6, UTC).date().isoformat()


def _errors() -> Iterator[str]:
    yield "# Error codes\n\nCodes keep their meaning. `atp explain CODE` shows the same."
    for code in all_codes().values():
        yield f"\n## {code.code}: {_plain(code.title)}\n\n{_plain(code.paragraph)}"
        for title, example in (("Wrong", code.wrong), ("Right", code.right)):
            yield f"\n{title}:\n\n```{'text' if code.frame == 'block' else 'yaml'}"
            yield example.rstrip("\n").replace("\a", "\\a")
            yield "```"


if __name__ == "__main__":
    main()
