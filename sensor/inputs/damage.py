"""What a reader of a file says of the parts it could not read; the rest of the file is used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a capture or log that could not be read.

    `offset` is where it begins: bytes of an .evtx or NDJSON file, characters of XML and other JSON,
    after unpacking. `reason` is one line for people.
    """

    offset: int
    reason: str
