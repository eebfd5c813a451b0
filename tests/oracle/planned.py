"""A block of text -> its plan, without files."""

from __future__ import annotations

from pathlib import Path

from dsl.catalogue import Detection, ListFile
from dsl.check import check
from dsl.diagnostics import Diagnostic, Diagnostics
from dsl.envelope import Envelope
from dsl.parse import parse
from dsl.plan import DetectionPlan
from dsl.source import parse_source

LISTS = {"hosts": "host", "nets": "ip"}


def planned(block: str) -> tuple[DetectionPlan | None, list[Diagnostic]]:
    """The plan of a detection that is nothing but its block, and what the checker said."""
    indented = "".join(f"  {line}\n" for line in block.splitlines())
    diagnostics = Diagnostics()
    source = parse_source(
        "case.yaml", f"id: case\nexplain: seen\ndetect: |\n{indented}", diagnostics
    )
    parsed, faults = parse(source.block("detect"))
    assert not faults, (block, faults)
    envelope = Envelope(
        id="case", version=1, title="t", severity="medium", confidence=50, external_id=None,
        kill_chain="", mitre=(), description="", references=(), false_positives=(),
        known_gaps=(), respond=(), params={}, explain="seen", evidence=(),
    )  # fmt: skip
    path = Path("case.yaml")
    lists = {n: ListFile(n, kind, "", (), source, path) for n, kind in LISTS.items()}
    return check(Detection(envelope, parsed, (), source, path), {}, lists)
