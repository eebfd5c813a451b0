"""LDAP search filters as text (RFC 4515) and what detections ask of them.

A filter is read once into a tree; every question is a walk over it. Spellings of one meaning are
one tree: identifiers become names, NOT stands before items only, `~=` and a match without a rule
are equality (MS-ADTS §3.1.1.3.1.3.1), blanks around operators (as event 1644 prints them) go. The
text comes from the network: length and depth are bounded, and a text that is no filter answers
null. Classes follow MS-ADSC: a computer is a user, which is an organizationalPerson, a person, top.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from dsl.schema import enums
from sensor.decode.ldap_schema import attribute_name, class_name

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST: Final = 65_536
_DEEPEST: Final = 64
_ITEM: Final = re.compile(
    r"\s*([A-Za-z0-9.;-]*+)\s*((?::dn)?(?::[A-Za-z0-9.-]+)?:=|=|>=|<=|~=)([^()]*)", re.DOTALL
)
_BLANK: Final = re.compile(r"\s*")
_OPERATOR: Final = re.compile(r"\(\s*([&|!])\s*")
_NUMBER: Final = re.compile(r"-?[0-9]{1,19}")
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
    805306368: "user", 805306369: "computer", 268435456: "group", 268435457: "group",
    536870912: "group", 536870913: "group", 805306370: "user",
}  # fmt: skip
"""sAMAccountType (MS-ADTS §2.2.17)."""
_NAMING: Final = frozenset({
    "samaccountname", "userprincipalname", "distinguishedname", "objectguid", "objectsid", "cn",
    "name", "dnshostname", "serviceprincipalname", "mail", "displayname",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """`attribute operator value`; `rule` is the matching rule of an extensible match.

    The attribute is the lDAPDisplayName in lower case; the operator `=`, `>=`, `<=`, or `:=` where
    there is a rule or no attribute.
    """

    attribute: str
    operator: str
    rule: str
    value: str

    @property
    def exact(self) -> bool:
        return self.operator == "=" and "*" not in self.value

    @property
    def word(self) -> str:
        """The value unescaped, without blanks around it, in lower case."""
        return _plain(self.value).strip().lower()

    @property
    def number(self) -> int | None:
        """The value as a whole number."""
        word = self.word
        return int(word) if _NUMBER.fullmatch(word) else None


@dataclass(frozen=True, slots=True)
class Group:
    """`&`, `|` or `!` of filters; in a parsed tree `!` holds one item."""

    operator: Literal["&", "|", "!"]
    parts: tuple[Tree, ...]


Tree = Item | Group


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree | None:
    """The tree of a filter; None where the text is none, or is too long or too deep."""
    if len(text) > _LONGEST:
        return None
    text = text.strip()
    found = _filter(text, 0, 0)
    return _simple(found[0], negated=False) if found and found[1] == len(text) else None


def _filter(text: str, at: int, depth: int) -> tuple[Tree, int] | None:
    if depth > _DEEPEST or not text.startswith("(", at):
        return None
    operator = _OPERATOR.match(text, at)
    if operator is None:
        item = _ITEM.match(text, at + 1)
        if item is None or not text.startswith(")", item.end()):
            return None
        return _item(item), item.end() + 1
    at = operator.end()
    parts: list[Tree] = []
    while text.startswith("(", at):
        part = _filter(text, at, depth + 1)
        if part is None:
            return None
        parts.append(part[0])
        at = _past_blanks(text, part[1])
    if not text.startswith(")", at) or (operator[1] == "!" and len(parts) != 1):
        return None
    return Group(operator[1], tuple(parts)), at + 1  # type: ignore[arg-type]  # one of the three


def _past_blanks(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return at if blank is None else blank.end()


def _item(found: re.Match[str]) -> Item:
    described, operator, value = found.groups()
    attribute, rule = attribute_name(described).lower(), ""
    if operator.endswith(":="):
        rule = operator[:-2].rpartition(":")[2].lower()
        rule = "" if rule == "dn" else rule
        operator = ":=" if rule or not attribute else "="
    return Item(attribute, "=" if operator == "~=" else operator, rule, value)


def _simple(tree: Tree, *, negated: bool) -> Tree:
    """The same with NOT before items only (De Morgan), and nested ANDs and ORs as one."""
    if isinstance(tree, Item):
        return Group("!", (tree,)) if negated else tree
    if tree.operator == "!":
        return _simple(tree.parts[0], negated=not negated)
    operator: Literal["&", "|"] = "&" if (tree.operator == "&") is not negated else "|"
    parts: list[Tree] = []
    for part in tree.parts:
        simple = _simple(part, negated=negated)
        if isinstance(simple, Group) and simple.operator == operator:
            parts.extend(simple.parts)
        else:
            parts.append(simple)
    return parts[0] if len(parts) == 1 else Group(operator, tuple(parts))


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
    if item.attribute == "samaccounttype":
        return _type_matches(item, wanted)
    if not item.exact:
        present = item.operator == "=" and item.value.strip() == "*"
        return True if present and item.attribute in ("objectclass", "objectcategory") else None
    match item.attribute:
        case "objectclass":
            return class_name(item.word) in _CLASSES.get(wanted, {"top", wanted})
        case "objectcategory":
            first = item.word.partition(",")[0].removeprefix("cn=")
            return class_name(first) in (wanted, _CATEGORIES.get(wanted, wanted))
        case _:
            return None


def _type_matches(item: Item, wanted: str) -> bool | None:
    """The sAMAccountType of objects of a class is among few; which of them the item lets through."""
    asked = item.number
    if asked is None or wanted not in _ACCOUNT_TYPES.values():
        return False if item.exact else None
    answers = {_compares(item, asked, t) for t, of in _ACCOUNT_TYPES.items() if of == wanted}
    if item.exact:
        return True in answers
    return answers.pop() if len(answers) == 1 else None


def _compares(item: Item, asked: int, value: int) -> bool | None:
    match item.operator:
        case "=":
            return value == asked
        case ">=":
            return value >= asked
        case "<=":
            return value <= asked
    if item.rule == _BIT_RULES[0]:
        return value & asked == asked
    return value & asked != 0 if item.rule == _BIT_RULES[1] else None


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
    wanted = attribute_name(attribute).lower()
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
    values = {p.word for p in tree.parts if isinstance(p, Item)}
    return len(values) == 1 and all(map(_names_one, tree.parts))


def uac_flags(text: str) -> list[str] | None:
    """Account flags that the filter tests by a bit rule (MS-ADTS §3.1.1.3.4.4)."""
    tree = parse(text)
    if tree is None:
        return None
    bits = 0
    for item in _items(tree):
        if item.attribute == "useraccountcontrol" and item.rule in _BIT_RULES:
            bits |= max(item.number or 0, 0)
    return [word for bit, word in enums.UAC_FLAG.items() if bits & bit]
