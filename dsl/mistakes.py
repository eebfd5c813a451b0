"""What the author did wrong where the parser stopped, in his words and with the way out.

Every mistake that people make has a function in `mistaken_signs` or `mistaken_words`; the first
that recognises the place speaks. Repairs are tried on the parser itself (`Stop.fits`), so that a
hint is only given where it helps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import mistaken_signs as signs
from dsl import mistaken_words as words
from dsl.scan import stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.faults import Fault
    from dsl.scan import Stop


def diagnose(text: str) -> tuple[Fault | None, int]:
    """The first fault of a block and the offset where reading stopped; None if there is none."""
    where = stop(text)
    if where is None:
        return None, len(text)
    fault = next(f for f in (know(where) for know in _KNOWN) if f is not None)
    return fault, where.found.start_pos or 0


_KNOWN: Final[tuple[Callable[[Stop], Fault | None], ...]] = (
    signs.quotes, signs.set_braces, signs.any_all, signs.foreign_operator, signs.duration,
    words.alert_roles, signs.equals, signs.statement_sign, words.nameless, signs.after_comma,
    signs.brackets, words.reserved_name, words.verb, words.upper_case, signs.is_null_only,
    signs.chain, signs.points, words.missing, signs.unknown_character, words.unexpected,
)  # fmt: skip
