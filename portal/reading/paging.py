"""Pages of long answers: the next one is named by a mark that says where this one ended.

A mark is opaque to whoever holds it, and nothing but a place: it grants nothing.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, TypeVar

import msgspec

_T = TypeVar("_T")
MOST: Final = 500
"""Of a page."""
SOME: Final = 50
"""Of a page where it is not said."""


class MarkError(ValueError):
    """A mark that none of ours gave."""


def mark(place: object) -> str:
    """The mark of a place."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def place(text: str | None, kind: type[_T]) -> _T | None:
    """The place of a mark; None where there is none. Raises MarkError."""
    if not text:
        return None
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise MarkError("the mark of the page is none of ours") from None
