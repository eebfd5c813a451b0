"""Kinds of values as the checker knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsl.schema.base import KindName

TypeName = KindName | Literal["float", "null"]


@dataclass(frozen=True, slots=True)
class Type:
    """A kind, or a list of it. `words` closes an enum unless `open_words`."""

    kind: TypeName
    many: bool = False
    words: tuple[str, ...] = ()
    open_words: bool = False
