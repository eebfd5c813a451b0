"""Error codes, each with a wrong and a right example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.codes import all_codes
from pages.markdown import fenced, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue


def lines(_: Catalogue) -> Iterator[str]:
    """The page."""
    yield "# Error codes\n\nA code keeps its meaning. `atp explain CODE` shows the same."
    for one in all_codes().values():
        yield f"\n## {one.code}: {plain(one.title)}\n\n{plain(one.paragraph)}"
        for title, example in (("Wrong", one.wrong), ("Right", one.right)):
            yield f"\n{title}:\n"
            yield from fenced(example, "text" if one.frame == "block" else "yaml")
