"""Rules of Sigma into a folder of detections: each is checked and compiled before it is written.

What cannot be imported is refused with its reason; nothing is imported in part. Existing files are
replaced only if they were imported before; lists that stand for placeholders are never touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from dsl.check import check
from dsl.load import load_text
from engine.backends.unsupported import Unsupported
from engine.sigma import detection
from engine.sigma.block import Block, block_of
from engine.sigma.correlations import Correlations
from engine.sigma.documents import documents_of, files_of
from engine.sigma.earlier import earlier
from engine.sigma.refused import RefusedError
from engine.sigma.rules import read, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dsl.catalogue import ListFile
    from dsl.plan import DetectionPlan
    from engine.sigma.rules import Read

LISTS = "lists"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one document.

    `written`: the detection's file. `refused`: why there is none. `applied`: it is a filter, or a
    rule that only correlations read, and stands in other detections. `notes`: what was left out or
    is uncertain.
    """

    path: Path
    number: int
    title: str
    written: Path | None = None
    refused: str = ""
    applied: bool = False
    notes: tuple[str, ...] = ()


class Importer:
    """Imports documents into a folder. `compiles` raises `Unsupported` where the engine has no exact
    form of a plan.
    """

    def __init__(self, folder: Path, compiles: Callable[[DetectionPlan], object]) -> None:
        self._folder = folder
        self._compiles = compiles
        self._before = earlier(folder, detection.NAME_PREFIX)
        self._ids = detection.Ids(self._before)
        self._ranges: dict[int, dict[str, float]] = {}

    def run(self, paths: Iterable[Path]) -> Iterator[Outcome]:
        """Import all rules of files and folders, in order."""
        documents = [d for file in files_of(paths) for d in documents_of(file)]
        found = read(documents)
        self._ranges = {id(r.rule): r.document.ranges for r in found if r.document.ranges}
        for one in found:
            yield self._outcome(one)

    def _outcome(self, one: Read) -> Outcome:
        document = one.document
        told = Outcome(document.path, document.number, document.title, notes=tuple(one.notes))
        if one.refused:
            return replace(told, refused=one.refused)
        if one.filter is not None or one.referenced:
            return replace(told, applied=True)
        try:
            block = self._block(one)
            written = self._write(one, block)
        except RefusedError as fault:
            return replace(told, refused=str(fault))
        except SigmaError as fault:
            return replace(told, refused=said(fault))
        except RecursionError:
            return replace(told, refused="its condition is nested too deeply")
        except (AttributeError, KeyError, TypeError, ValueError) as fault:
            # pySigma reads a condition only now; what it stumbles over costs no other rule
            return replace(told, refused=f"it has not the form of a rule: {fault}")
        return replace(told, written=written, notes=(*told.notes, *block.notes))

    def _block(self, one: Read) -> Block:
        if isinstance(one.rule, SigmaCorrelationRule):
            block = Correlations(self._ranges).alert(one.rule)
            block.notes += one.gaps
            return block
        assert isinstance(one.rule, SigmaRule)  # noqa: S101 - filters are done
        return block_of(one.rule)

    def _write(self, one: Read, block: Block) -> Path:
        name = self._ids.of(one)
        path = self._folder / detection.folder_of(one) / f"{name}.yaml"
        if path.exists() and "\norigin:\n" not in path.read_text(encoding="utf-8"):
            raise RefusedError(f"{path} is there already and was not imported")
        text = detection.file_of(one, name, block)
        lists = {n: detection.list_file(n, meant) for n, meant in block.lists.items()}
        self._prove(path, text, lists)
        for list_name, list_text in lists.items():
            target = self._folder / LISTS / f"{list_name}.yaml"
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(list_text, encoding="utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for left in self._before.get(name, ()):
            if left.path != path:
                left.path.unlink(missing_ok=True)
        return path

    def _prove(self, path: Path, text: str, lists: dict[str, str]) -> None:
        """Read, check and compile the file as the engine would."""
        known: dict[str, ListFile] = {}
        for name, list_text in lists.items():
            known |= load_text(self._folder / LISTS / f"{name}.yaml", list_text).lists
        catalogue = load_text(path, text)
        found = catalogue.diagnostics.items
        plan = None
        for made in catalogue.detections.values():
            plan, checked = check(made, {}, known)
            found = [*found, *checked]
        faults = [d for d in found if d.severity == "error"]
        if faults or plan is None:
            why = f"{faults[0].message} ({faults[0].code})" if faults else "it cannot be checked"
            raise RefusedError(why)
        try:
            self._compiles(plan)
        except Unsupported as fault:
            raise RefusedError(str(fault)) from None
