"""The files on an author's desk: what the editor has open, over what lies on the disk.

Finds the files that belong to one that is edited, as the command line does for a path: those of
its `detections/` folder, and the shipped relations and lists below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.assist.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Desk:
    """Open texts by path, and the projects they belong to. `shipped` is the folder of detections
    that comes with the product.
    """

    def __init__(self, shipped: Path) -> None:
        self._shipped = shipped
        self._open: dict[Path, str] = {}
        self._disk: dict[Path, tuple[tuple[int, int], str]] = {}
        self._projects: dict[Path, Project] = {}

    def put(self, path: Path, text: str) -> None:
        """The editor shows this text."""
        self._open[path] = text

    def close(self, path: Path) -> None:
        """The file on the disk counts again."""
        self._open.pop(path, None)

    @property
    def open_files(self) -> tuple[Path, ...]:
        return tuple(self._open)

    def text(self, path: Path) -> str | None:
        """The text as it is open, else as it is saved; None for a file that cannot be read."""
        if path in self._open:
            return self._open[path]
        try:
            state = path.stat()
            key = (state.st_mtime_ns, state.st_size)
            if path not in self._disk or self._disk[path][0] != key:
                text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
                self._disk[path] = (key, text)
        except (OSError, UnicodeDecodeError):
            return None
        return self._disk[path][1]

    def project(self, path: Path) -> Project:
        """All files that belong to this one, as they are now. The same object while none changed."""
        root = next((p for p in path.parents if p.name == "detections"), None)
        own = self._texts(self._rules_below(root) if root else [path])
        own |= {p: t for p, t in self._open.items() if p == path or (root and root in p.parents)}
        floor = self._texts(
            [p for p in self._rules_below(self._shipped) if p.parent.name in ("relations", "lists")]
            if root != self._shipped
            else []
        )
        key = root or path
        last = self._projects.get(key)
        if last is None or last.own != own or last.floor != floor:
            last = self._projects[key] = Project(own, floor)
        return last

    @staticmethod
    def _rules_below(folder: Path) -> list[Path]:
        return sorted(folder.rglob("*.yaml"))

    def _texts(self, paths: Iterable[Path]) -> dict[Path, str]:
        read = ((path, self.text(path)) for path in paths)
        return {path: text for path, text in read if text is not None}
