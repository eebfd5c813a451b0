"""The detections that a command is about: where they lie, and reading them with all complaints.

What is named, else `detections/` in the working folder, else the shipped ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dsl.catalogue import Catalogue
    from dsl.diagnostics import Diagnostic

SHIPPED = Path(__file__).resolve().parent.parent.parent / "detections"


def default_paths() -> tuple[Path, ...]:
    """The working folder's detections, else the shipped ones."""
    here = Path("detections")
    return (here,) if here.is_dir() else (SHIPPED,)


def read(paths: Iterable[Path], lists: Sequence[Path] = ()) -> Catalogue:
    """The detections of the paths, with the shipped relations and lists below them.

    A rule outside this tree may read what is shipped; its own relations and lists come first. The
    entries of `lists` (files or folders) are added to those of lists of the same name.
    """
    from dsl.load import load  # noqa: PLC0415 - starts fast

    asked = _asked(paths)
    catalogue = load(asked, Path.cwd())
    if not (catalogue.detections or catalogue.relations or catalogue.lists):
        if not catalogue.diagnostics.items:
            output.fail(f"no detections in {', '.join(map(_shown, asked))}", "name their folder")
        return catalogue
    for extra in _floors(asked):
        below = load(extra, Path.cwd())
        for name, relation in below.relations.items():
            catalogue.relations.setdefault(name, relation)
        for name, entries in below.lists.items():
            catalogue.lists.setdefault(name, entries)
        for diagnostic in below.diagnostics.items:
            catalogue.diagnostics.add(diagnostic)
    if lists:
        catalogue.add_lists(load([p.resolve() for p in lists], Path.cwd()))
    return catalogue


def read_lists(paths: Iterable[Path], lists: Sequence[Path] = ()) -> Catalogue:
    """The lists that `read` gives for these paths, without the detections, which take long."""
    from dsl.catalogue import Catalogue  # noqa: PLC0415 - starts fast
    from dsl.load import load  # noqa: PLC0415

    catalogue = Catalogue()
    asked = _asked(paths)
    for roots in (asked, *_floors(asked)):
        found = [p for r in roots for p in ([r] if r.is_file() else r.rglob("*.yaml"))]
        below = load(sorted(p for p in found if p.parent.name == "lists"), Path.cwd())
        for name, entries in below.lists.items():
            catalogue.lists.setdefault(name, entries)
        for diagnostic in below.diagnostics.items:
            catalogue.diagnostics.add(diagnostic)
    if lists:
        catalogue.add_lists(load([p.resolve() for p in lists], Path.cwd()))
    return catalogue


def sources(paths: Iterable[Path], lists: Sequence[Path] = ()) -> list[Path]:
    """Every file that `read` reads for these paths, in a fixed order."""
    asked = _asked(paths)
    roots = [
        *asked,
        *(p.resolve() for p in lists),
        *(folder for extra in _floors(asked) for folder in extra),
    ]
    found = {p for r in roots for p in ([r] if r.is_file() else r.rglob("*.y*ml"))}
    return sorted(found)


def _asked(paths: Iterable[Path]) -> list[Path]:
    return [p.resolve() for p in (tuple(paths) or default_paths())]


def _floors(asked: Sequence[Path]) -> Iterator[list[Path]]:
    """The folders of relations and lists below what was asked for, nearest first."""
    for floor in (SHIPPED, *(root for p in asked if (root := _root(p)) is not None)):
        extra = [
            folder
            for name in ("relations", "lists")
            if (folder := floor / name).is_dir() and not any(_below(folder, p) for p in asked)
        ]
        if extra:
            yield extra


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _root(path: Path) -> Path | None:
    """The folder of detections that a file or tactic folder belongs to."""
    return next((p for p in path.parents if p.name == "detections"), None)


def _below(folder: Path, path: Path) -> bool:
    return folder == path or path in folder.parents


def show(diagnostics: Iterable[Diagnostic], form: str = "text") -> bool:
    """Print diagnostics (to standard error as text, else to standard output); True if errors."""
    from dsl import render  # noqa: PLC0415 - starts fast

    found = sorted(
        diagnostics, key=lambda d: (d.file, (d.span.line, d.span.column) if d.span else (0, 0))
    )
    if form == "json":
        click.echo(render.render_json(found), nl=False)
    elif form == "github":
        click.echo(render.render_github(found), nl=False)
    elif found:
        texts = {}
        for name in {d.file for d in found}:
            path = Path(name)
            if path.is_file():
                texts[name] = path.read_text(encoding="utf-8", errors="replace")
        click.echo(render.render_text(found, texts, colour=True), err=True, nl=False)
    return any(d.severity == "error" for d in found)
