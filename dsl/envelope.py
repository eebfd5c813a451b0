"""What stands around a `detect` block: the keys of a detection's file, typed and checked.

Knows YAML values and their places only; the block, the tests and the template are read elsewhere.
Keys: docs of the language, §1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

from dsl.params import Param, read_params
from dsl.schema.enums import SEVERITY

if TYPE_CHECKING:
    from dsl.record import Record

FORMAT: Final = 1
_ID: Final = re.compile(r"[a-z][a-z0-9_]*")
_MITRE: Final = re.compile(r"T\d{4}(?:\.\d{3})?|TA\d{4}")
_URL: Final = re.compile(r"https?://[^\s<>\"]+")

Severity = Literal["informational", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an imported rule comes from, as its author said it; empty where nothing was said.

    `format` names the language it was written in, `rule` its own id there, `path` and `sha256` the
    file it was read from. Such a rule may be without tests.
    """

    format: str
    rule: str
    path: str
    sha256: str
    author: str
    licence: str
    status: str
    level: str
    date: str
    modified: str
    document: int
    filters: tuple[str, ...]


FORMATS: Final = ("sigma",)
"""Languages that rules are imported from."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The keys that people and the engine read beside the logic.

    `confidence` is 0 to 100. Lists of texts are paragraphs for people. `explain` is the Jinja
    template as written; its place is `("explain",)` of the source.
    """

    id: str
    version: int
    title: str
    severity: Severity
    confidence: int
    external_id: int | None
    kill_chain: str
    mitre: tuple[str, ...]
    description: str
    references: tuple[str, ...]
    false_positives: tuple[str, ...]
    known_gaps: tuple[str, ...]
    respond: tuple[str, ...]
    params: dict[str, Param]
    explain: str
    evidence: tuple[str, ...]
    origin: Origin | None = None


KEYS: Final = (
    "atp", "id", "version", "title", "severity", "confidence", "external_id", "kill_chain", "mitre",
    "description", "references", "false_positives", "known_gaps", "respond", "origin", "params",
    "detect", "explain", "evidence", "tests",
)  # fmt: skip


def read_id(file: Record, stem: str) -> str | None:
    """`atp` and `id`, common to all kinds of files; the id is the file's name."""
    written = file.number("atp", required=True)
    if written is not None and written != FORMAT:
        message = f"format {written} is not known"
        file.add("D0607", message, "atp", hint=f"this version reads `atp: {FORMAT}`")
    name = file.text("id", required=True)
    if name is None:
        return None
    if not _ID.fullmatch(name):
        hint = "use small letters, digits and `_`, a letter first"
        file.add("D0608", f"`{name}` is no id", "id", hint=hint)
    elif name != stem:
        hint = f"write `id: {stem}` or rename the file to `{name}.yaml`"
        file.add("D0608", f"the id `{name}` is not the file's name `{stem}`", "id", hint=hint)
    return name


def read_envelope(file: Record, stem: str) -> Envelope | None:
    """The envelope of a detection; None where a key that it cannot do without is faulty."""
    name = read_id(file, stem)
    version = file.number("version", 1, required=True)
    title = file.text("title", required=True)
    severity = file.word("severity", SEVERITY, required=True)
    confidence = file.number("confidence", 0, 100, required=True)
    external_id = file.number("external_id", 1)
    kill_chain = file.text("kill_chain", required=True)
    mitre = file.texts("mitre", required=True)
    _check_mitre(file, mitre)
    description = file.text("description", required=True)
    references = file.texts("references")
    _check_references(file, references)
    false_positives = file.texts("false_positives", required=True)
    known_gaps = file.texts("known_gaps", required=True)
    if isinstance(file.data.get("known_gaps"), list) and not file.data["known_gaps"]:
        hint = "say what an attacker can do to stay unseen, or which data the rule needs"
        file.add(
            "D0614", "`known_gaps` is empty; every detection has some", "known_gaps", hint=hint
        )
    respond = file.texts("respond")
    origin = _read_origin(file)
    params = read_params(file)
    explain = file.text("explain", required=True)
    evidence = file.texts("evidence")
    if (
        name is None or version is None or title is None or severity is None
        or confidence is None or kill_chain is None or description is None or explain is None
    ):  # fmt: skip
        return None
    return Envelope(
        id=name,
        version=version,
        title=title,
        severity=cast("Severity", severity),
        confidence=confidence,
        external_id=external_id,
        kill_chain=kill_chain,
        mitre=mitre,
        description=description,
        references=references,
        false_positives=false_positives,
        known_gaps=known_gaps,
        respond=respond,
        params=params,
        explain=explain,
        evidence=evidence,
        origin=origin,
    )


def _read_origin(file: Record) -> Origin | None:
    record = file.record("origin", "the origin")
    if record is None:
        return None
    made = Origin(
        format=record.word("format", FORMATS, required=True) or "",
        rule=record.text("rule") or "",
        path=record.text("path") or "",
        sha256=record.text("sha256") or "",
        author=record.text("author") or "",
        licence=record.text("licence") or "",
        status=record.text("status") or "",
        level=record.text("level") or "",
        date=record.text("date") or "",
        modified=record.text("modified") or "",
        document=record.number("document", 1) or 1,
        filters=record.texts("filters"),
    )
    record.finish()
    return made


def _check_mitre(file: Record, ids: tuple[str, ...]) -> None:
    for i, one in enumerate(ids):
        if not _MITRE.fullmatch(one):
            place = ("mitre", i) if isinstance(file.data["mitre"], list) else ("mitre",)
            hint = "a technique is `T1110` or `T1110.003`, a tactic `TA0006`"
            file.add("D0613", f"`{one}` is no ATT&CK id", *place, hint=hint)
        elif one in ids[:i]:
            file.add("D0613", f"`{one}` stands twice", "mitre", i, hint="keep one of them")


def _check_references(file: Record, references: tuple[str, ...]) -> None:
    for i, one in enumerate(references):
        # shown as a link in the portal
        if not _URL.fullmatch(one):
            place = (
                ("references", i) if isinstance(file.data["references"], list) else ("references",)
            )
            hint = "write an address that begins `https://`"
            file.add("D0607", f"the reference `{one}` is no address", *place, hint=hint)
