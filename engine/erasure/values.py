"""Values of any shape with a person's names replaced: texts, lists, maps, and msgpack or JSON of these."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from engine.erasure.person import Person

_JSON: Final = ("{", "[")


def replaced(value: object, person: Person, *, named: bool = False) -> object:
    """The value without the person's names; the same object where there are none. `named`: it may be a name
    as it was sent, without a domain.
    """
    if isinstance(value, str):
        return _text(value, person, named=named)
    if isinstance(value, bytes):
        return _packed(value, person)
    if isinstance(value, (list, tuple)):
        return _list(value, person, named=named)
    if isinstance(value, dict):
        names = _names()
        items = [
            (k, v, replaced(k, person), replaced(v, person, named=k in names))
            for k, v in value.items()
        ]
        if all(k is a and v is b for k, v, a, b in items):
            return value
        return {a: b for _, _, a, b in items}
    return value


def _list(value: list[object] | tuple[object, ...], person: Person, *, named: bool) -> object:
    items = [replaced(one, person, named=named) for one in value]
    if all(a is b for a, b in zip(items, value, strict=True)):
        return value
    packed = [one for one in items if isinstance(one, bytes)]
    # members of deduplication keys are kept in order of their bytes
    return sorted(set(packed)) if len(packed) == len(items) else items


def _text(text: str, person: Person, *, named: bool) -> str:
    if text[:1] in _JSON:
        try:
            plain = msgspec.json.decode(text)
        except msgspec.MsgspecError:
            plain = None
        if plain is not None:
            found = replaced(plain, person)
            return text if found is plain else msgspec.json.encode(found).decode()
    without = person.without(text, whole=named)
    return text if without == text else without


def _packed(data: bytes, person: Person) -> bytes:
    """Bytes that are JSON or msgpack of something with names in it; others as they are."""
    if data[:1] in (b"{", b"["):
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return data
        found = _text(text, person, named=False)
        return data if found is text else found.encode()
    try:
        plain = msgspec.msgpack.decode(data)
        chance = not isinstance(plain, (str, list, dict)) or msgspec.msgpack.encode(plain) != data
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return data
    if chance:
        return data
    after = replaced(plain, person)
    return data if after is plain else msgspec.msgpack.encode(after)


@cache
def _names() -> frozenset[str]:
    """Columns of events that may hold a name as it was sent."""
    return frozenset(
        name
        for event in event_types().values()
        for name, column in event.columns.items()
        if column.field.kind in ("account", "text")
    )
