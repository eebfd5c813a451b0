"""All files that belong together: an author's rules, and the relations and lists shipped below.

Texts come from outside, so that what is not saved counts. A project is a value: a changed text
makes another one, and what did not change is not read again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from dsl.assist.view import Occurrence, view
from dsl.check import check, check_relation
from dsl.load import load_text, merged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dsl.assist.names import Symbol
    from dsl.assist.view import View
    from dsl.catalogue import Catalogue
    from dsl.diagnostics import Diagnostic

_LIST: Final = re.compile(r"^list[ \t]*:", re.MULTILINE)


@dataclass(frozen=True)
class Project:
    """`own` are texts of the author's files, `floor` those of shipped relations and lists, which
    count where the author has none of that name.
    """

    own: Mapping[Path, str]
    floor: Mapping[Path, str] = field(default_factory=dict)

    @cached_property
    def below(self) -> Mapping[Path, str]:
        """What of the floor counts."""
        own = {(p.parent.name, p.name) for p in self.own}
        return {p: t for p, t in self.floor.items() if (p.parent.name, p.name) not in own}

    @cached_property
    def shared(self) -> Catalogue:
        """The relations and lists that can be used; complaints are about the author's."""
        whole = merged(_loaded(p, t) for p, t in self.own.items() if _is_shared(p, t))
        below = merged(_loaded(p, t) for p, t in self.below.items() if _is_shared(p, t))
        for name, relation in below.relations.items():
            whole.relations.setdefault(name, relation)
        for name, entries in below.lists.items():
            whole.lists.setdefault(name, entries)
        return whole

    def catalogue(self, path: Path) -> Catalogue:
        """One file with all relations and lists; and its namesakes, for a name stands once."""
        alike = (_loaded(p, t) for p, t in self.own.items() if p.stem == path.stem)
        below = [_loaded(path, self.floor[path])] if path in self.floor else []
        return merged([*alike, *below, self.shared])

    def text(self, path: Path) -> str | None:
        """A file's text; None for a file that does not belong here."""
        return self.own.get(path, self.floor.get(path))

    def view(self, path: Path) -> View:
        """A file of the project. Raises KeyError for another."""
        return view(path, self.own[path] if path in self.own else self.floor[path])

    def diagnostics(self, path: Path) -> list[Diagnostic]:
        """What is wrong with one file, as `atp check` says it."""
        catalogue = self.catalogue(path)
        found = list(catalogue.diagnostics.items)
        for detection in catalogue.detections.values():
            if detection.path == path:
                found += check(detection, catalogue.relations, catalogue.lists)[1]
        for relation in catalogue.relations.values():
            if relation.path == path:
                found += check_relation(relation, catalogue.relations, catalogue.lists)[1]
        return [d for d in dict.fromkeys(found) if d.file == str(path)]

    def occurrences(self, path: Path) -> list[Occurrence]:
        """The names of one file."""
        seen = self._seen
        if path not in seen:
            one = self.view(path)
            around = one.around(self.shared.relations, self.shared.lists)
            seen[path] = one.occurrences(around)
        return seen[path]

    def readers(self, symbol: Symbol) -> list[Path]:
        """The files that may mention a symbol: those whose text holds its name."""
        every = {**self.below, **self.own}
        return [path for path, text in every.items() if symbol.name in text]

    @cached_property
    def _seen(self) -> dict[Path, list[Occurrence]]:
        return {}


@lru_cache(maxsize=4096)
def _loaded(path: Path, text: str) -> Catalogue:
    return load_text(path, text)


def _is_shared(path: Path, text: str) -> bool:
    return path.parent.name == "relations" or _LIST.search(text) is not None
