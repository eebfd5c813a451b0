"""The little Markdown that the pages are made of. Knows nothing of what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def table(*head: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table; pipes and line breaks of cells are escaped here and nowhere else."""
    yield ""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |"


def code(text: str) -> str:
    """Text as code; nothing where there is none."""
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    """Several, with commas."""
    return ", ".join(map(code, texts))


def plain(text: str) -> str:
    """What people wrote, on one line; angle brackets are no tags."""
    return " ".join(text.split()).replace("<", "&lt;")


def bullets(title: str, items: Iterable[str]) -> Iterator[str]:
    """A list under a title; nothing where there are no items."""
    lines = [f"- {plain(item)}" for item in items]
    if lines:
        yield f"\n**{title}**\n"
        yield from lines


def fenced(text: str, language: str) -> Iterator[str]:
    """An example."""
    yield f"```{language}"
    yield text.rstrip("\n").replace("\a", "\\a")
    yield "```"
