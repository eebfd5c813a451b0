"""YAML files of Sigma -> documents: one a rule, correlation or filter, collections taken apart.

A file may hold several documents; `action: global` lends its keys to those that follow, `repeat`
changes the one before, `reset` ends both. A document that is damaged costs no other. Reference:
Sigma specification 2.1, "Rule files" and "Collections" of version 1.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from engine.sigma.refused import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SUFFIXES: Final = (".yml", ".yaml")
_LARGEST: Final = 4 << 20
_MOST_NODES: Final = 200_000
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One document: where it stands (`number` from 1, of `count`), its keys, the file's SHA-256.

    `ranges` holds further bounds of a correlation's condition, which pySigma does not know.
    `fault` says what is wrong with it; then it has no keys.
    """

    path: Path
    number: int
    count: int
    keys: dict[str, Any]
    sha256: str
    fault: str = ""
    ranges: dict[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the document calls itself."""
        return str(self.keys.get("title") or self.keys.get("name") or self.path.name)


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files of all paths, folders at any depth, by name, each once."""
    seen = set()
    for path in paths:
        below = (p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
        for file in sorted(below) if path.is_dir() else [path]:
            if file not in seen:
                seen.add(file)
                yield file


def documents_of(path: Path) -> list[Document]:
    """The documents of a file; one with a fault where the file cannot be read as YAML."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return [Document(path, 1, 1, {}, "", error.strerror or "it cannot be read")]
    digest = hashlib.sha256(data).hexdigest()
    try:
        found = _loaded(data)
    except RefusedError as fault:
        return [Document(path, 1, 1, {}, digest, str(fault))]
    documents = []
    for number, merged in enumerate(found, start=1):
        keys = merged if isinstance(merged, dict) else {}
        wrong = "" if isinstance(merged, dict) else str(merged)
        ranges = _ranges(keys)
        documents.append(Document(path, number, len(found), keys, digest, wrong, ranges))
    return documents


def _loaded(data: bytes) -> list[dict[str, Any] | RefusedError]:
    if len(data) > _LARGEST:
        raise RefusedError("the file is too large")
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise RefusedError("the file is no text")
    try:
        raw = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RefusedError(f"it is not YAML: {_one_line(error)}") from None
    return list(_collected(raw))


def _one_line(error: Exception) -> str:
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1})" if mark is not None else ""
    return " ".join(f"{problem}{place}".split())


def _collected(raw: list[object]) -> Iterator[dict[str, Any] | RefusedError]:
    """Documents with what global ones lend them."""
    lent: dict[str, Any] = {}
    before: dict[str, Any] = {}
    for document in raw:
        if document is None:
            continue
        if not isinstance(document, dict):
            yield RefusedError("the document is no mapping of keys to values")
            continue
        if _nodes(document) > _MOST_NODES:
            yield RefusedError("the document is too large, or refers to itself")
            continue
        keys = {str(k): v for k, v in document.items()}
        action = keys.pop("action", None)
        match action:
            case "global":
                lent = before = keys
            case "reset":
                lent = {}
            case "repeat":
                before = _merged(copy.deepcopy(before), keys)
                yield before
            case None:
                lends = lent and not ("correlation" in keys or "filter" in keys)
                before = _merged(copy.deepcopy(keys), copy.deepcopy(lent)) if lends else keys
                yield before
            case _:
                yield RefusedError(f"the action `{action}` of the collection is not known")


def _merged(into: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    for key, value in other.items():
        mine = into.get(key)
        if isinstance(value, dict) and isinstance(mine, dict):
            _merged(mine, value)
        else:
            into[key] = value
    return into


def _nodes(value: object) -> int:
    """How many values there are once aliases are written out; stops where there are too many."""
    waiting, count = [value], 0
    while waiting and count <= _MOST_NODES:
        one = waiting.pop()
        count += 1
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return count


_BOUNDS: Final = ("gte", "gt", "lte", "lt", "eq", "neq")


def _ranges(keys: dict[str, Any]) -> dict[str, float]:
    """Take all bounds but the first out of a correlation's condition (`gte: 5`, `lt: 10`)."""
    correlation = keys.get("correlation")
    condition = correlation.get("condition") if isinstance(correlation, dict) else None
    if not isinstance(condition, dict):
        return {}
    bounds = [b for b in _BOUNDS if isinstance(condition.get(b), int | float)]
    return {bound: condition.pop(bound) for bound in bounds[1:]}
