"""Languages of the portal: which there are, which somebody reads, and what ours is in them.

A catalogue is a file `<language>.po` beside this one, found by scan; English is the text itself. What
an alert says stays in the language of its rule. Knows no page.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from portal.languages.po import Catalogue, read_po

if TYPE_CHECKING:
    from collections.abc import Collection

HERE: Final = Path(__file__).parent
USUAL: Final = "en"
_MOST: Final = 20
"""Languages that a browser may wish for."""


class Text(str):
    """A text of ours that is shown elsewhere than where it stands: English, and what it is made of."""

    __slots__ = ("message", "values")
    message: str
    values: dict[str, object]

    def __new__(cls, message: str, **values: object) -> Self:
        """`values` go where `%(name)s` stands."""
        made = super().__new__(cls, message % values if values else message)
        made.message, made.values = message, values
        return made


@cache
def languages() -> dict[str, str]:
    """Their names in themselves, by code."""
    codes = sorted(path.stem for path in HERE.glob("*.po"))
    return {USUAL: "English", **{code: catalogue(code).gettext("English") for code in codes}}


@cache
def catalogue(language: str) -> Catalogue:
    """Of a language that there is."""
    return Catalogue({}) if language == USUAL else read_po(HERE / f"{language}.po")


def said(value: object, language: str) -> str:
    """A text in a language, where it is one of ours."""
    words = catalogue(language)
    if isinstance(value, Text):
        found = words.gettext(value.message)
        return found % value.values if value.values else found
    return words.gettext(str(value))


def chosen(own: str, wished: str, known: Collection[str] | None = None) -> str:
    """The language of a page: what an account chose, else the best that the browser wishes for
    (`Accept-Language`, RFC 9110 §12.5.4), else English.
    """
    there = languages() if known is None else known
    if own in there:
        return own
    best: tuple[float, str] = (0.0, USUAL)
    for part in wished[:1000].split(",")[:_MOST]:
        tag, _, weight = part.partition(";")
        code = tag.strip().lower().partition("-")[0]
        if code in there and (value := _weight(weight)) > best[0]:
            best = (value, code)
    return best[1]


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, float(value)) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
