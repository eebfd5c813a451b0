"""`directory` of a test: what the directory knows, as typed objects.

An entry is one object: `{account: alice, uac: [dont_req_preauth]}`, `{host: dc1, tags: [dc]}`,
`{group: domain admins, sensitive: true, members: [alice]}`, `{domain: corp.test, netbios: CORP}`,
`{ip: 10.0.0.9, host: ws9}`. It holds from the beginning to the end of time unless `since` or
`until` say otherwise, both relative to the test's begin, as `created` and `deleted` are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from dsl.event_values import BadValueError, Value, read_field
from dsl.faults import did_you_mean
from dsl.given_events import BASE
from dsl.schema import enums
from dsl.schema.base import Field
from dsl.schema.enums import names

if TYPE_CHECKING:
    from dsl.record import Record
    from dsl.yaml_data import Plain

ObjectKind = Literal["account", "host", "group", "domain", "address"]


@dataclass(frozen=True, slots=True)
class DirectoryObject:
    """One object of the directory during [`valid_from`, `valid_to`) in microseconds, None = open.

    `name` is the canonical name, for an address its text. `attributes` are those of the directory's
    tables (`uac`, `tags`, `sid`, …; times in microseconds, lists as tuples). `members`, `spns`,
    `addresses` are relations to other objects; `changed` holds (attribute, microseconds).
    """

    kind: ObjectKind
    name: str
    attributes: dict[str, str | int | bool | tuple[str, ...]]
    members: tuple[str, ...] = ()
    spns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    changed: tuple[tuple[str, int], ...] = ()
    valid_from: int | None = None
    valid_to: int | None = None


@dataclass(frozen=True, slots=True)
class _Attribute:
    field: Field
    many: bool = False


_TEXT: Final = _Attribute(Field("text", ""))
_TEXTS: Final = _Attribute(Field("text", ""), many=True)
_BOOL: Final = _Attribute(Field("bool", ""))
_TIME: Final = _Attribute(Field("time", ""))
_SID: Final = _Attribute(Field("sid", ""))
_INT: Final = _Attribute(Field("int", ""))
_COMMON: Final[dict[str, _Attribute]] = {
    "domain": _TEXT, "sid": _SID, "domain_sid": _SID, "rid": _INT, "dn": _TEXT, "tags": _TEXTS,
    "created": _TIME, "deleted": _TIME, "sensitive": _BOOL, "admin": _BOOL,
    "previous_names": _TEXTS,
}  # fmt: skip
_ETYPES: Final = _Attribute(Field("enum", "", words=names(enums.ETYPE)), many=True)
ATTRIBUTES: Final[dict[ObjectKind, dict[str, _Attribute]]] = {
    "account": {
        **_COMMON, "uac": _Attribute(Field("enum", "", words=names(enums.UAC_FLAG)), many=True),
        "etypes": _ETYPES, "silo": _TEXT, "department": _TEXT, "computer": _BOOL, "host": _TEXT,
        "upn": _TEXT,
    },
    "host": {**_COMMON, "etypes": _ETYPES, "role": _TEXTS, "os_build": _TEXT, "account": _TEXT},
    "group": _COMMON,
    "domain": {
        "netbios": _TEXT, "sid": _SID, "ticket_lifetime": _Attribute(Field("duration", "")),
    },
    "address": {
        "host": _TEXT, "method": _TEXT,
        "certainty": _Attribute(Field("enum", "", words=names(enums.CERTAINTY))),
    },
}  # fmt: skip
_RELATIONS: Final[dict[ObjectKind, tuple[str, ...]]] = {
    "account": ("spns", "changed"), "host": ("addresses", "changed"),
    "group": ("members", "changed"), "domain": (), "address": (),
}  # fmt: skip
_HEADS: Final[dict[str, ObjectKind]] = {
    "ip": "address", "domain": "domain", "host": "host", "account": "account", "group": "group",
}  # fmt: skip


def entry_keys(head: str) -> tuple[str, ...]:
    """What an entry may say that begins with this key; without one, what it may begin with."""
    kind = _HEADS.get(head)
    if kind is None:
        return tuple(_HEADS)
    return (*ATTRIBUTES[kind], *_RELATIONS[kind], "since", "until")


def read_directory(test: Record) -> tuple[DirectoryObject, ...]:
    """The objects of `directory`; faulty ones are left out and reported."""
    objects = (_object(entry) for entry in test.records("directory", "the entry"))
    return tuple(o for o in objects if o is not None)


def _kind(entry: Record) -> tuple[str, ObjectKind] | None:
    """The key that says what the object is. `account` and `host` refer to one another, `domain` is
    an attribute of all, so the first key decides.
    """
    first = next(iter(entry.data), "")
    if first in _HEADS:
        return first, _HEADS[first]
    hint = did_you_mean(first, _HEADS) or "begin with `account`, `host`, `group`, `domain` or `ip`"
    entry.add("D0713", "the entry does not say what it is", hint=hint)
    return None


def _object(entry: Record) -> DirectoryObject | None:
    found = _kind(entry)
    if found is None:
        return None
    head, kind = found
    name = entry.text(head, required=True)
    known = ATTRIBUTES[kind]
    attributes: dict[str, str | int | bool | tuple[str, ...]] = {}
    for key, value in entry.data.items():
        if key == head or key not in known or value is None:
            continue
        typed = _attribute(entry, key, value, known[key])
        if isinstance(typed, list):
            attributes[key] = tuple(str(item) for item in typed)
        elif typed is not None and not isinstance(typed, bytes | dict):
            attributes[key] = typed
    members = entry.texts("members") if kind == "group" else ()
    spns = entry.texts("spns") if kind == "account" else ()
    addresses = entry.texts("addresses") if kind == "host" else ()
    since, until = entry.duration("since"), entry.duration("until")
    changed = _changed(entry) if "changed" in _RELATIONS[kind] else ()
    words = [head, *entry_keys(head)]
    for key in entry.data:
        if key not in words:
            message = f"an entry of kind `{kind}` has no attribute `{key}`"
            entry.add("D0713", message, key, key=True, hint=did_you_mean(key, words))
    if name is None:
        return None
    return DirectoryObject(
        kind, name, attributes, members, spns, addresses, changed,
        None if since is None else BASE + since, None if until is None else BASE + until,
    )  # fmt: skip


def _attribute(entry: Record, key: str, value: Plain, attribute: _Attribute) -> Value | list[Value]:
    try:
        return read_field(attribute.field, value, BASE, many=attribute.many)
    except BadValueError as bad:
        entry.add(bad.code, f"`{key}`: {bad.message}", key, hint=bad.hint)
        return None


def _changed(entry: Record) -> tuple[tuple[str, int], ...]:
    """`changed: {msDS-SupportedEncryptionTypes: -1h}`: when an attribute was written last."""
    record = entry.record("changed", "`changed`")
    if record is None:
        return ()
    times = [(name, record.duration(name)) for name in record.data]
    return tuple((name, BASE + offset) for name, offset in times if offset is not None)
