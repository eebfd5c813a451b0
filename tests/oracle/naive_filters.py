"""LDAP filters (RFC 4515) in plain Python: parsed to tuples, asked by walking them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

UAC = {
    0x2: "accountdisable", 0x20: "passwd_notreqd", 0x10000: "dont_expire_passwd",
    0x80000: "trusted_for_delegation", 0x100000: "not_delegated", 0x400000: "dont_req_preauth",
}  # fmt: skip
USER = {"user", "person", "organizationalperson", "top"}
CLASSES = {"user": USER, "computer": USER | {"computer"}, "group": {"group", "top"}}
ACCOUNT_TYPE = {"805306368": "user", "805306369": "computer", "268435456": "group"}
NAMES = {"samaccountname", "userprincipalname", "distinguishedname", "objectsid", "cn", "name"}
Tree = tuple[Any, ...]


def parse(text: str) -> Tree | None:
    """("&", tree, ...) or (attribute, operator, value); None where it is no filter."""
    tokens = re.findall(r"\(|\)|[^()]+", text.strip())

    def read() -> Tree:
        if tokens.pop(0) != "(":
            raise ValueError
        head = tokens.pop(0)
        if head in ("&", "|", "!"):
            parts = []
            while tokens[0] == "(":
                parts.append(read())
            found: Tree = (head, *parts)
        else:
            match = re.fullmatch(r"([\w.;-]+)(:[\d.]+:=|[<>~]?=)(.*)", head, re.DOTALL)
            if match is None:
                raise ValueError
            found = (match[1].lower(), match[2], match[3])
        if tokens.pop(0) != ")":
            raise ValueError
        return found

    try:
        tree = read()
    except (ValueError, IndexError):
        return None
    return None if tokens else tree


def items(tree: Tree, negated: bool = False) -> Iterator[tuple[Tree, bool]]:
    if tree[0] in ("&", "|", "!"):
        for part in tree[1:]:
            yield from items(part, negated or tree[0] == "!")
    else:
        yield tree, negated


def exact(item: Tree) -> bool:
    return item[1] == "=" and "*" not in item[2]


def selects(text: str, wanted: str) -> bool | None:
    """Whether an object of this class, of which nothing else is known, may match."""

    def ask(tree: Tree) -> bool | None:
        if tree[0] not in ("&", "|", "!"):
            if not exact(tree):
                return True if tree[0] == "objectclass" else None
            value = tree[2].lower()
            if tree[0] == "objectclass":
                return value in CLASSES[wanted]
            if tree[0] == "objectcategory":
                return value in (wanted, "person" if wanted == "user" else wanted)
            return ACCOUNT_TYPE.get(value) == wanted if tree[0] == "samaccounttype" else None
        answers = [ask(p) for p in tree[1:]]
        if tree[0] == "!":
            return None if answers[0] is None else not answers[0]
        strong = tree[0] == "|"
        return strong if strong in answers else None if None in answers else not strong

    tree = parse(text)
    return None if tree is None else ask(tree) is not False


def is_spn_filter(text: str) -> bool | None:
    tree = parse(text)
    if tree is None:
        return None
    return any(
        i[0] == "serviceprincipalname" and not exact(i) and not negated
        for i, negated in items(tree)
    )


def value_of(text: str, attribute: str) -> str | None:
    tree = parse(text)
    found = (
        []
        if tree is None
        else [i[2] for i, _ in items(tree) if i[0] == attribute.lower() and exact(i)]
    )
    return re.sub(r"\\([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), found[0]) if found else None


def names_one(text: str) -> bool | None:
    def ask(tree: Tree) -> bool:
        if tree[0] == "&":
            return any(map(ask, tree[1:]))
        if tree[0] == "|":
            return len(tree) == 2 and ask(tree[1])
        return tree[0] in NAMES and exact(tree)

    tree = parse(text)
    return None if tree is None else ask(tree)


def uac_bits(text: str) -> list[str] | None:
    tree = parse(text)
    if tree is None:
        return None
    asked = [
        int(i[2]) for i, _ in items(tree) if i[0] == "useraccountcontrol" and i[1].startswith(":")
    ]
    return [word for bit, word in UAC.items() if any(a & bit for a in asked)]
