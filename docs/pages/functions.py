"""Functions, aggregates and attributes: what each takes, gives and means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.attributes import ATTRIBUTES
from dsl.check.kinds import named
from dsl.check.models import READS as MODEL_READS
from dsl.check.models import THRESHOLD, THRESHOLD_DOC
from dsl.functions import AGGREGATES, FUNCTIONS
from dsl.learning import ALWAYS, LEARNED, SHARE, SHARE_DOC, STATISTICS
from pages.markdown import code, codes, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dsl.catalogue import Catalogue
    from dsl.functions import Function
    from dsl.signatures import Signature

_GROWTH: Final = {
    "up": "greater only",
    "down": "less only",
    "up if not negative": "greater only, where no value is negative",
    "any": "greater or less",
}


def lines(_: Catalogue) -> Iterator[str]:
    """The page."""
    yield "# Functions, aggregates, attributes\n"
    yield (
        "In a signature `T` is any one kind, the same everywhere; `any` any kind; `entity` an"
        " account, host or group; `number` an int or float; `etype` and `uac` the enums of that"
        " name; `'` marks a constant, `...` an argument that may be repeated. A null argument gives"
        " null, unless the notes say *never null*."
    )
    yield "\n## Functions"
    yield from table(
        "function", "takes and gives", "is", "notes",
        rows=(
            (code(f.name), _signatures(f.signatures), plain(f.doc), _notes(f))
            for f in sorted(FUNCTIONS.values(), key=lambda f: f.name)
        ),
    )  # fmt: skip
    yield "\n## Aggregates of `window … compute`"
    yield from table(
        "aggregate", "takes and gives", "is", "more rows make it",
        rows=(
            (code(a.name), _signatures(a.signatures), plain(a.doc), _GROWTH[a.trend])
            for a in AGGREGATES.values()
        ),
    )  # fmt: skip
    yield "\n## Functions of `profile … learn`"
    yield from table(
        "function", "takes and gives", "is", "alone", "statistics",
        rows=(
            (code(f.name), _signatures(f.signatures), plain(f.doc), *map(_yes, (f.plain, f.statistics)))
            for f in LEARNED.values()
        ),
    )  # fmt: skip
    yield "\n## What a profile tells"
    yield from table(
        "name", "is",
        rows=(
            *((code(f"usual.{w}"), plain(doc)) for w, (_, doc) in ALWAYS.items()),
            (code(f"usual.{SHARE}(ts)"), plain(SHARE_DOC)),
            *((code(f"usual.n.{s}"), plain(doc)) for s, doc in STATISTICS.items()),
        ),
    )  # fmt: skip
    yield "\n## What a model tells"
    yield from table(
        "name", "is",
        rows=(
            *((code(f"rare.{w}"), plain(doc)) for w, (_, doc) in MODEL_READS.items()),
            (code(f"rare.{THRESHOLD}(3)"), plain(THRESHOLD_DOC)),
        ),
    )  # fmt: skip
    yield "\n## Attributes of entities\n"
    yield "As of the row's `ts`; null for what the directory does not know."
    yield from table(
        "attribute", "of", "kind", "is",
        rows=(
            (code(a.name), ", ".join(a.owners), named(a.type), plain(a.meaning))
            for a in ATTRIBUTES.values()
        ),
    )  # fmt: skip


def _yes(there: bool) -> str:  # a cell of a table
    return "yes" if there else "no"


def _signatures(signatures: Iterable[Signature]) -> str:
    return codes(s.text.strip() for s in signatures)


def _notes(function: Function) -> str:
    notes = (
        (function.as_of, "reads the directory as of `ts`"),
        (function.total, "never null"),
        (function.lifts, "of a list: any element"),
        (function.negative, "a negative fact: waits for the directory"),
        (function.at_watermark, "known at the watermark"),
    )
    return "; ".join(text for applies, text in notes if applies)
