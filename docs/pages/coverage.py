"""Technique by technique: seen on the wire, in event logs, in the directory; found, or only tested."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import found

from dsl.check import check
from dsl.schema.registry import event_types
from pages.markdown import plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue, Detection

ROOT: Final = Path(__file__).resolve().parents[2]
WAYS: Final = {
    "wire": ("sensor/decode", "sensor/map/zeek"),
    "events": ("sensor/map/windows", "sensor/map/*.py"),
    "directory": ("sensor/map/directory",),
}
"""By the way an event comes, the parts of the sensor that make its type."""
MISSING: Final = (
    ("ESC15, CVE-2024-49019", "certificate asked for with application policies", "records 4886 and 4887 do not show what policies a request names"),
    ("", "Entra Connect: writeback of a sensitive user", "told as a password reset by its account (`entra_connect_password_reset`); other attributes are not: which ones it writes back must be declared first"),
    ("", "AD FS sign-in from a suspicious address", "needs lists of addresses, which nobody ships here"),
    ("", "LDAP inside TLS, directory web services (ADWS)", "LDAP is seen by record 1644, where that is switched on, and by the client's own event trace; web services by 1644 only"),
    ("", "clouds: Okta, Entra ID, Defender", "outside: this product watches Active Directory"),
)  # fmt: skip
"""What the product that this one is compared with, or its users, would look for in vain."""


def lines(catalogue: Catalogue) -> Iterator[str]:
    """The page."""
    yield "# Coverage\n"
    yield (
        "What each detection can be found by. **Found**: in captures and event logs of others that"
        " carry a label, with how many of them, or recorded, in recordings of our own of a real"
        " tool or of real software. *Tested*: in the rule's own tests only. Empty: what the"
        " detection reads does not come that way. `python bench/labelled.py --keep docs/found.csv`"
        " measures it."
    )
    known = found.read()
    ordered = sorted(catalogue.detections.values(), key=_order)
    yield from table(
        "ATT&CK", "detection", "number", *WAYS,
        rows=(
            (
                ", ".join(d.envelope.mitre), f"[{d.id}](detections.md#{d.id})",
                str(d.envelope.external_id or ""), *_ways(d, catalogue, known),
            )
            for d in ordered
        ),
    )  # fmt: skip
    yield "\n## Not covered"
    yield from table(
        "number", "what it is", "why not", rows=([plain(c) for c in r] for r in MISSING)
    )


def _order(detection: Detection) -> tuple[str, ...]:
    return (*detection.envelope.mitre[:1], detection.id)


def _ways(
    detection: Detection, catalogue: Catalogue, known: dict[tuple[str, str], dict[str, int]]
) -> Iterator[str]:
    plan, _ = check(detection, catalogue.relations, catalogue.lists)
    reads = set(plan.events) if plan else set()
    for way, folders in WAYS.items():
        inputs = known.get((detection.id, way), {})
        if "labelled" in inputs:
            yield f"**found** in {inputs['labelled']}"
        elif inputs:
            yield "**recorded**"
        else:
            yield "*tested*" if reads & _made_in(folders) else ""


@cache
def _made_in(folders: tuple[str, ...]) -> frozenset[str]:
    """The event types that modules of some folders make: those whose class they name."""
    classes = {e.struct.__name__: e.name for e in event_types().values()}
    made = set()
    for folder in folders:
        files = ROOT.glob(folder) if folder.endswith(".py") else (ROOT / folder).rglob("*.py")
        for path in files:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            made |= {
                classes[node.id]
                for node in ast.walk(tree)
                if isinstance(node, ast.Name) and node.id in classes
            }
    return frozenset(made)
