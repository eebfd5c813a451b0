"""Files -> catalogue: `detections/<tactic>/<id>.yaml`, `relations/<id>.yaml`, `lists/<id>.yaml`.

The file system is the register: a new detection is a new file. Reads files and nothing else; names
inside blocks and templates are the checker's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from dsl.catalogue import Catalogue, Detection, ListFile, SharedRelation
from dsl.diagnostics import Diagnostic
from dsl.envelope import read_envelope, read_id
from dsl.given import read_tests
from dsl.list_file import read_list
from dsl.parse import parse
from dsl.record import parse_record
from dsl.schema.registry import event_types
from dsl.source import read_text, shown_name
from dsl.syntax import Alert, Assign, Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dsl.diagnostics import Diagnostics
    from dsl.record import Record

_STATEMENT: Final = re.compile(r"alert\b|[A-Za-z_]\w*\s*=(?!=)")
_Named = TypeVar("_Named", Detection, SharedRelation, ListFile)


def load_detection(
    path: Path, root: Path | None = None
) -> tuple[Detection | None, list[Diagnostic]]:
    """One detection's file; None where it cannot be run. Names are shown relative to `root`."""
    catalogue = Catalogue()
    file = _read(path, root, catalogue)
    detection = None if file is None else _detection(file, path)
    return detection, catalogue.diagnostics.items


def load(paths: Iterable[Path], root: Path | None = None) -> Catalogue:
    """Everything below the paths (files or folders), in the order of names."""
    catalogue = Catalogue()
    for path in _files(paths, catalogue.diagnostics):
        _take(_read(path, root, catalogue), path, catalogue)
    return catalogue


def load_text(path: Path, text: str) -> Catalogue:
    """The one file at a path, with a text that is not on the disk yet: as an editor has it."""
    catalogue = Catalogue()
    _take(_understand(str(path), text, catalogue), path, catalogue)
    return catalogue


def merged(catalogues: Iterable[Catalogue]) -> Catalogue:
    """What several catalogues hold; of two things of one name the first, and a complaint."""
    whole = Catalogue()
    for one in catalogues:
        for diagnostic in one.diagnostics.items:
            whole.diagnostics.add(diagnostic)
        whole.texts |= one.texts
        for found in one.lists.values():
            _keep(whole.lists, found, whole.diagnostics)
        for relation in one.relations.values():
            _keep(whole.relations, relation, whole.diagnostics)
        for detection in one.detections.values():
            _keep(whole.detections, detection, whole.diagnostics)
    return whole


def _files(paths: Iterable[Path], diagnostics: Diagnostics) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.yaml") if p.is_file())
            for other in sorted(path.rglob("*.yml")):
                message = "the file is not read: its name ends in `.yml`"
                diagnostics.add(Diagnostic("D0608", message, str(other), hint="name it `.yaml`"))
        else:
            yield path


def _read(path: Path, root: Path | None, catalogue: Catalogue) -> Record | None:
    shown = shown_name(path, root)
    text = read_text(path, shown, catalogue.diagnostics)
    return None if text is None else _understand(shown, text, catalogue)


def _understand(shown: str, text: str, catalogue: Catalogue) -> Record | None:
    catalogue.texts[shown] = text
    file = parse_record(shown, text, "the file", catalogue.diagnostics)
    if file is not None and "list" in file:
        file.name = "the list"
    return file


def _take(file: Record | None, path: Path, catalogue: Catalogue) -> None:
    """Put what a file holds into the catalogue, by its kind."""
    if file is None:
        return
    if "list" in file:
        _keep(catalogue.lists, read_list(file, path), catalogue.diagnostics)
    elif path.parent.name == "relations":
        _keep(catalogue.relations, _relation(file, path), catalogue.diagnostics)
    else:
        _keep(catalogue.detections, _detection(file, path), catalogue.diagnostics)


def _keep(kept: dict[str, _Named], item: _Named | None, diagnostics: Diagnostics) -> None:
    if item is None:
        return
    name = item.name if isinstance(item, ListFile) else item.id
    first = kept.setdefault(name, item)
    if first is not item:
        message = f"`{name}` is defined twice"
        hint = f"it is in {first.source.file} already"
        span = item.source.key("list" if isinstance(item, ListFile) else "id")
        diagnostics.add(Diagnostic("D0615", message, item.source.file, span, hint=hint))


def _detection(file: Record, path: Path) -> Detection | None:
    before = len(file.diagnostics.errors)
    envelope = read_envelope(file, path.stem)
    block = _block(file)
    roles: list[str] | None = None  # not known of a block with faults
    if block is not None and not _fallen(file):
        alerts = [s for s in block.statements if isinstance(s, Alert)]
        if not alerts:
            hint = "end the block with `alert R as (actor: …, source: …)`"
            file.add("D0618", "the detection raises no alert", "detect", key=True, hint=hint)
        roles = [binding.role for alert in alerts for binding in alert.bindings]
    params = envelope.params if envelope else {}
    tests = read_tests(file, path.parent, params, roles)
    _finish(file)
    if envelope is None or block is None or len(file.diagnostics.errors) > before:
        return None
    return Detection(envelope, block, tests, file.source, path)


def _relation(file: Record, path: Path) -> SharedRelation | None:
    before = len(file.diagnostics.errors)
    name = read_id(file, path.stem)
    title = file.text("title", required=True)
    description = file.text("description", required=True)
    block = _block(file)
    if block is not None and name is not None:
        assigned = [s.name for s in block.statements if isinstance(s, Assign)]
        if len(assigned) < len(block.statements):
            file.add("D0618", "a shared relation raises no alert", "detect", key=True)
        if name not in assigned:
            hint = f"name the relation that others read `{name} = …`"
            file.add("D0616", f"the block has no relation `{name}`", "detect", key=True, hint=hint)
    if name in event_types():
        hint = "choose another name, or the event type could not be read any more"
        file.add("D0616", f"`{name}` is an event type", "id", hint=hint)
    tests = read_tests(file, path.parent, {}, None)
    _finish(file)
    failed = len(file.diagnostics.errors) > before
    if failed or name is None or title is None or description is None or block is None:
        return None
    return SharedRelation(name, title, description, block, tests, file.source, path)


def _block(file: Record) -> Block | None:
    """The parsed block of `detect`; its faults are reported in the file's positions."""
    text = file.text("detect", required=True)
    if text is None:
        return None
    if not file.source.is_linear("detect"):
        hint = "write `detect: |` and the block indented below it"
        message = "`detect` is a literal block or one plain line"
        file.add("D0609", message, "detect", hint=hint, label="not a literal block")
        return None
    block, faults = parse(text)
    for fault in faults:
        file.diagnostics.add(file.source.diagnostic(fault))
    return block


def _fallen(file: Record) -> list[str]:
    """Statements that YAML took for keys, since they are indented less than the block."""
    return [key for key in file.data if _STATEMENT.match(key)]


def _finish(file: Record) -> None:
    """Unknown keys; a statement among them fell out of the block by its indentation."""
    fallen = _fallen(file)
    for key in fallen:
        message = "the line ends the block `detect`: it is indented less"
        hint = "indent it as the lines of the block"
        file.add("D0620", message, key, key=True, hint=hint, label="not a key of the file")
    file.finish(fallen)
