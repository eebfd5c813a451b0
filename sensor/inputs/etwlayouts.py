"""What an event trace does not say of itself: names of providers, and how their data are laid out.

An event holds a provider's GUID, a number, and bytes; the rest stands in the provider's manifest on
the machine. The library etl-parser carries those of 790 providers of Windows as declarations, and is
used for these alone: it reads whole files into memory, a thousand events a second, and loads all
its modules at once (5 s). So a provider's module is loaded when its first event comes, and its
declaration is read by this module, in bounds. Optional (`pip install 'atp[etw]'`). Reference: "Event
Manifest Schema" (inType: win:UnicodeString, win:GUID, …).
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import struct
import sys
import uuid
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    _Read = Callable[[bytes, int, int], tuple[str, int]]

MISSING: Final = "reading event traces needs etl-parser: pip install 'atp[etw]'"
_FOLDER: Final = "etl.parsers.etw"
_HEAD: Final = 400
_HEADING: Final = re.compile(
    r'"""\s*\n(?P<name>[^\n]{1,120})\nGUID : (?P<guid>[0-9a-fA-F-]{36})\s*\n'
)
_MOST_FIELDS: Final = 200


class _Field(NamedTuple):
    """`length` names the field that holds the length of bytes; `size` is it where it is fixed."""

    name: str
    read: _Read | None
    length: str = ""
    size: int = 0


class Provider(NamedTuple):
    """Its name, and the module of the library that declares its events."""

    name: str
    module: str


@cache
def providers() -> dict[uuid.UUID, Provider]:
    """All of which layouts are known. Raises ImportError where the library is not installed."""
    found = {}
    for path in sorted(_folder().glob("*.py")):
        with path.open(encoding="utf-8", errors="replace") as stream:
            heading = _HEADING.search(stream.read(_HEAD))
        if heading:
            found[uuid.UUID(heading["guid"])] = Provider(heading["name"].strip(), path.stem)
    return found


@lru_cache(maxsize=4096)
def provider_name(guid: uuid.UUID) -> str:
    """The provider's name; its GUID in braces where none is known."""
    known = providers().get(guid)
    return known.name if known else f"{{{guid}}}"


def user_data(guid: uuid.UUID, event: int, version: int, data: bytes) -> dict[str, str] | None:
    """The values of an event by their names, as the event log prints them; those that lie outside of
    the data are left out. None where the layout is not known.
    """
    layout = _layout(guid, event, version)
    return None if layout is None else _values(layout, data)


def _values(layout: tuple[_Field, ...], data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at, end = 0, len(data)
    try:
        for field in layout:
            if field.read is not None:
                found[field.name], at = field.read(data, at, end)
                continue
            size = int(found[field.length]) if field.length else field.size
            if not 0 <= size <= end - at:
                break
            found[field.name], at = data[at : at + size].hex().upper(), at + size
    except (struct.error, ValueError, IndexError):
        pass
    return found


@lru_cache(maxsize=4096)
def _layout(guid: uuid.UUID, event: int, version: int) -> tuple[_Field, ...] | None:
    declared = _declared(guid).get(event, {}).get(version)
    if declared is None:
        return None
    fields: list[_Field] = []
    for part in declared.pattern.subcons[:_MOST_FIELDS]:
        field = _field(part, [f.name for f in fields])
        if field is None:
            break  # what follows has no place without it
        fields.append(field)
    return tuple(fields)


@cache
def _declared(guid: uuid.UUID) -> dict[int, dict[int, Any]]:
    """The events of a provider by number and version."""
    known = providers().get(guid)
    if known is None:
        return {}
    importlib.import_module(f"{_FOLDER}.{known.module}")
    core = importlib.import_module(f"{_FOLDER}.core")
    events: dict[int, dict[int, Any]] = core.__etw_factory__.get(core.guid(str(guid)), {})
    return events


@cache
def _folder() -> Path:
    """The folder of the declarations, as a package of its own: the library's would load them all."""
    found = importlib.util.find_spec("etl.parsers")
    if found is None or not found.submodule_search_locations:
        raise ImportError(MISSING)
    folder = Path(next(iter(found.submodule_search_locations))) / "etw"
    if not (folder / "core.py").is_file():
        raise ImportError(MISSING)
    if _FOLDER not in sys.modules:
        package = ModuleType(_FOLDER)
        package.__path__ = [str(folder)]
        sys.modules[_FOLDER] = package
    return folder


def available() -> bool:
    """Whether the library is there."""
    try:
        return bool(providers())
    except ImportError:
        return False


def _field(part: Any, before: list[str]) -> _Field | None:
    """A field of a declaration, whose parts are those of the library construct."""
    name, kind = str(part.name), part.subcon
    known = _named().get(id(kind))
    if known is not None:
        return _Field(name, known)
    if hasattr(kind, "fmtstr"):
        return _Field(
            name, _number("<" + str(kind.fmtstr)[1:])
        )  # Double is declared the other way round
    length = getattr(kind, "length", None)
    if isinstance(length, int) and type(kind).__name__ == "Bytes":
        return _Field(name, None, size=length)
    if callable(length):
        # `this.__binLength` stands inside of a class, where Python prefixes it with the class's name
        asked = getattr(getattr(length, "__code__", None), "co_names", ("",))[-1:]
        said = next((b for b in reversed(before) if asked and asked[0].endswith(b)), None)
        return _Field(name, None, length=said) if said else None
    return None


@cache
def _named() -> dict[int, _Read]:
    """The readers of the library's own structures, by identity."""
    utils, dtyp = importlib.import_module("etl.utils"), importlib.import_module("etl.dtyp")
    return {
        id(utils.WString): _wide,
        id(utils.CString): _narrow,
        id(utils.Guid): _guid,
        id(utils.SystemTime): _system_time,
        id(dtyp.Sid): _sid,
    }


def _number(form: str) -> _Read:
    packed = struct.Struct(form)

    def read(b: bytes, o: int, e: int) -> tuple[str, int]:
        del e
        return str(packed.unpack_from(b, o)[0]), o + packed.size

    return read


def _wide(b: bytes, o: int, e: int) -> tuple[str, int]:
    """UTF-16 up to a NUL, or to the end."""
    at = b.find(b"\0\0", o, e)
    while at >= 0 and (at - o) % 2:
        at = b.find(b"\0\0", at + 1, e)
    if at < 0:
        return b[o:e].decode("utf-16-le", "replace"), e
    return b[o:at].decode("utf-16-le", "replace"), at + 2


def _narrow(b: bytes, o: int, e: int) -> tuple[str, int]:
    at = b.find(b"\0", o, e)
    stop = e if at < 0 else at
    return b[o:stop].decode("utf-8", "replace"), min(stop + 1, e)


def _guid(b: bytes, o: int, e: int) -> tuple[str, int]:
    del e
    return f"{{{uuid.UUID(bytes_le=b[o : o + 16])}}}", o + 16


def _system_time(b: bytes, o: int, e: int) -> tuple[str, int]:
    del e
    year, month, _, day, hour, minute, second, ms = struct.unpack_from("<8H", b, o)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z", o + 16


def _sid(b: bytes, o: int, e: int) -> tuple[str, int]:
    text, size = sid_text(b[o:e])
    return text, o + size


def sid_text(b: bytes) -> tuple[str, int]:
    """A SID in text, and its length (MS-DTYP §2.4.2.2). Raises ValueError, IndexError, struct.error."""
    revision, count = b[0], b[1]
    if revision != 1 or count > 15:
        raise ValueError("no SID")
    parts = struct.unpack_from(f"<{count}I", b, 8)
    authority = int.from_bytes(b[2:8], "big")
    return "-".join(("S-1", str(authority), *map(str, parts))), 8 + 4 * count
