"""LDAP search filters as text (RFC 4515) and what detections ask of them.

A filter is read once into a tree; every question is a walk over it. The text comes from the
network: length and depth are bounded, and a text that is no filter answers null. Classes follow
MS-ADSC: a computer is a user, which is an organizationalPerson, a person, top.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from dsl.schema import enums

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST: Final = 65_536
_DEEPEST: Final = 64
_ITEM: Final = re.compile(
    r"([A-Za-z0-9.;-]*)((?::dn)?(?::[A-Za-z0-9.-]+)?:=|=|>=|<=|~=)([^()]*)", re.DOTALL
)
_BIT_RULES: Final = ("1.2.840.113556.1.4.803", "1.2.840.113556.1.4.804")
_PERSON: Final = frozenset({"top", "person", "organizationalperson", "user"})
_CLASSES: Final = {
    "user": _PERSON,
    "computer": _PERSON | {"computer"},
    "inetorgperson": _PERSON | {"inetorgperson"},
    "contact": frozenset({"top", "person", "organizationalperson", "contact"}),
    "group": frozenset({"top", "group"}),
}
_CATEGORIES: Final = {"user": "person", "inetorgperson": "person", "contact": "person"}
_ACCOUNT_TYPES: Final = {
    "805306368": "user", "805306369": "computer", "268435456": "group", "268435457": "group",
    "536870912": "group", "536870913": "group", "805306370": "user",
}  # fmt: skip
"""sAMAccountType (MS-ADTS §2.2.17)."""
_NAMING: Final = frozenset({
    "samaccountname", "userprincipalname", "distinguishedname", "objectguid", "objectsid", "cn",
    "name", "dnshostname", "serviceprincipalname", "mail", "displayname",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """`attribute operator value`; `rule` is the matching rule of an extensible match."""

    attribute: str
    operator: str
    rule: str
    value: str

    @property
    def exact(self) -> bool:
        return self.operator == "=" and "*" not in self.value


@dataclass(frozen=True, slots=True)
class Group:
    """`&`, `|` or `!` of filters."""

    operator: Literal["&", "|", "!"]
    parts: tuple[Tree, ...]


Tree = Item | Group


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree | None:
    """The tree of a filter; None where the text is none, or is too long or too deep."""
    if len(text) > _LONGEST:
        return None
    found = _filter(text.strip(), 0, 0)
    return found[0] if found is not None and found[1] == len(text.strip()) else None


def _filter(text: str, at: int, depth: int) -> tuple[Tree, int] | None:
    if depth > _DEEPEST or not text.startswith("(", at):
        return None
    operator = text[at + 1 : at + 2]
    if operator not in ("&", "|", "!"):
        item = _ITEM.match(text, at + 1)
        if item is None or not text.startswith(")", item.end()):
            return None
        return _item(item), item.end() + 1
    at += 2
    parts: list[Tree] = []
    while text.startswith("(", at):
        part = _filter(text, at, depth + 1)
        if part is None:
            return None
        parts.append(part[0])
        at = part[1]
    if not text.startswith(")", at):
        return None
    return Group(operator, tuple(parts)), at + 1  # type: ignore[arg-type]  # one of the three


def _item(found: re.Match[str]) -> Item:
    attribute, operator, value = found.groups()
    rule = ""
    if operator.endswith(":="):
        rule = operator[:-2].rpartition(":")[2].lower()
        operator = ":="
    return Item(attribute.partition(";")[0].lower(), operator, rule, value)


def selects(text: str, wanted: str) -> bool | None:
    """Whether the filter can match objects of a class: it is false for none of them for sure."""
    tree = parse(text)
    return None if tree is None else _matches(tree, wanted.lower()) is not False


def _matches(tree: Tree, wanted: str) -> bool | None:
    """Three-valued: what the filter says of an object of which only the class is known."""
    if isinstance(tree, Item):
        return _item_matches(tree, wanted)
    values = [_matches(p, wanted) for p in tree.parts]
    match tree.operator:
        case "&":
            return False if False in values else None if None in values else True
        case "|":
            return True if True in values else None if None in values else False
        case _:
            return None if not values or values[0] is None else not values[0]


def _item_matches(item: Item, wanted: str) -> bool | None:
    if not item.exact:
        present = item.operator == "=" and item.value.strip() == "*"
        return True if present and item.attribute in ("objectclass", "objectcategory") else None
    value = item.value.strip().lower()
    match item.attribute:
        case "objectclass":
            return value in _CLASSES.get(wanted, {"top", wanted})
        case "objectcategory":
            first = value.partition(",")[0].removeprefix("cn=")
            return first in (wanted, _CATEGORIES.get(wanted, wanted))
        case "samaccounttype":
            return _ACCOUNT_TYPES.get(value) == wanted
        case _:
            return None


def by_spn(text: str) -> bool | None:
    """Whether the filter looks for accounts by what SPN they have, not for the owner of one."""

    def open_spn(item: Item) -> bool:
        return item.attribute == "serviceprincipalname" and not item.exact

    tree = parse(text)
    return None if tree is None else _any(tree, open_spn)


def _any(tree: Tree, test: Callable[[Item], bool]) -> bool:
    """Whether an item that is not negated meets a test."""
    if isinstance(tree, Item):
        return test(tree)
    return tree.operator != "!" and any(_any(p, test) for p in tree.parts)


def value_of(text: str, attribute: str) -> str | None:
    """The value that the first equality asks of an attribute, unescaped."""
    tree = parse(text)
    wanted = attribute.lower()
    for item in _items(tree):
        if item.attribute == wanted and item.exact:
            return _plain(item.value)
    return None


def _items(tree: Tree | None) -> list[Item]:
    if tree is None:
        return []
    if isinstance(tree, Item):
        return [tree]
    return [i for p in tree.parts for i in _items(p)]


def _plain(value: str) -> str:
    r"""Escaped bytes (`\2a`) as the UTF-8 they stand for (RFC 4515 §3)."""
    raw = re.sub(
        rb"\\([0-9A-Fa-f]{2})",
        lambda m: bytes([int(m[1], 16)]),
        value.encode("utf-8", "replace"),
    )
    return raw.decode("utf-8", "replace")


def names_one(text: str) -> bool | None:
    """Whether the filter asks for one object by a name."""
    tree = parse(text)
    return None if tree is None else _names_one(tree)


def _names_one(tree: Tree) -> bool:
    if isinstance(tree, Item):
        return tree.exact and tree.attribute in _NAMING
    if tree.operator == "&":
        return any(map(_names_one, tree.parts))
    # the names of one object may be asked for in several attributes
    return tree.operator == "|" and _one_name(tree)


def _one_name(tree: Group) -> bool:
    values = {p.value.lower() for p in tree.parts if isinstance(p, Item)}
    return len(values) == 1 and all(map(_names_one, tree.parts))


def uac_flags(text: str) -> list[str] | None:
    """Account flags that the filter tests by a bit rule (MS-ADTS §3.1.1.3.4.4)."""
    tree = parse(text)
    if tree is None:
        return None
    bits = 0
    for item in _items(tree):
        if item.attribute == "useraccountcontrol" and item.rule in _BIT_RULES:
            value = item.value.strip()
            bits |= int(value) if value.isascii() and value.isdigit() and len(value) < 20 else 0
    return [word for bit, word in enums.UAC_FLAG.items() if bits & bit]
