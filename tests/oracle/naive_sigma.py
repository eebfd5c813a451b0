"""Sigma's semantics over events as dicts of field -> text or number, as plain as the specification.

Shares nothing with pySigma or the importer: rules are YAML data. An event is what a Windows record
says, System fields by Sigma's names. Reference: Sigma specification 2.1, "Detection",
"Condition", "Value modifiers".
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

DASHES = "-/\u2013\u2014\u2015"
TOKEN = re.compile(r"\(|\)|[\w*-]+")


def matches(detection: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event meets a rule's `detection` section."""
    conditions = detection["condition"]
    searches = {n: s for n, s in detection.items() if n not in ("condition", "timeframe")}
    found = {n: search(s, event) for n, s in searches.items()}
    several = conditions if isinstance(conditions, list) else [conditions]
    return any(condition(c, found) for c in several)


# --- conditions ----------------------------------------------------------------------------------


def condition(text: str, found: Mapping[str, bool]) -> bool:
    tokens = TOKEN.findall(text)
    value, rest = disjunction(tokens, found)
    assert not rest, rest
    return value


def disjunction(tokens, found):
    value, tokens = conjunction(tokens, found)
    while tokens[:1] == ["or"]:
        other, tokens = conjunction(tokens[1:], found)
        value = value or other
    return value, tokens


def conjunction(tokens, found):
    value, tokens = negation(tokens, found)
    while tokens[:1] == ["and"]:
        other, tokens = negation(tokens[1:], found)
        value = value and other
    return value, tokens


def negation(tokens, found):
    first, *rest = tokens
    if first == "not":
        value, rest = negation(rest, found)
        return not value, rest
    if first == "(":
        value, rest = disjunction(rest, found)
        assert rest[0] == ")"
        return value, rest[1:]
    if rest[:1] == ["of"]:
        pattern = ".*" if rest[1] == "them" else rest[1].replace("*", ".*")
        named = [v for n, v in found.items() if re.fullmatch(pattern, n) and n[0] != "_"]
        return (all(named) if first == "all" else any(named)), rest[2:]
    return found[first], rest


# --- searches ------------------------------------------------------------------------------------


def search(definition: Any, event: Mapping[str, Any]) -> bool:
    if isinstance(definition, dict):
        return all(item(key, value, event) for key, value in definition.items())
    if isinstance(definition, list) and any(isinstance(d, dict | list) for d in definition):
        return any(search(d, event) for d in definition)
    values = definition if isinstance(definition, list) else [definition]
    return any(keyword(v, [], event) for v in values)


def item(key: str, value: Any, event: Mapping[str, Any]) -> bool:
    name, *modifiers = key.split("|")
    values = value if isinstance(value, list) else [value]
    if not values:
        return event.get(name) is None
    linked = all if "all" in modifiers else any
    if name == "":
        met = linked(keyword(v, modifiers, event) for v in values)
    else:
        met = linked(bound(event, name, v, modifiers) for v in values)
    return not met if "neq" in modifiers else met


def keyword(value: Any, modifiers: list[str], event: Mapping[str, Any]) -> bool:
    texts = [str(v) for v in event.values() if v is not None]
    if "re" in modifiers:
        return any(re.search(value, t, flags(modifiers)) for t in texts)
    return any(textual(pattern, t, modifiers, around=True) for pattern in encoded(value, modifiers) for t in texts)  # fmt: skip


def bound(event: Mapping[str, Any], name: str, value: Any, modifiers: list[str]) -> bool:
    have = event.get(name)
    if value is None:
        return have is None
    if "exists" in modifiers:
        return (have is not None) == value
    if have is None:
        return False
    text = str(have)
    for word, operation in COMPARE.items():
        if word in modifiers:
            number = numeric(text)
            return number is not None and operation(number, value)
    if "re" in modifiers:
        return re.search(value, text, flags(modifiers)) is not None
    if "cidr" in modifiers:
        try:
            return ipaddress.ip_address(text) in ipaddress.ip_network(value)
        except ValueError:
            return False
    if "fieldref" in modifiers:
        other = event.get(value)
        if other is None:
            return False
        left, right = text.lower(), str(other).lower()
        return {
            "startswith": left.startswith(right), "endswith": left.endswith(right), "contains": right in left,
        }.get(modifiers[-1], left == right)  # fmt: skip
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    return any(textual(pattern, text, modifiers) for pattern in encoded(value, modifiers))


COMPARE = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
}


def numeric(text: str) -> float | None:
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        return float(text)
    return float(int(text, 16)) if re.fullmatch("0[xX][0-9a-fA-F]{1,15}", text) else None


def flags(modifiers: list[str]) -> int:
    known = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
    return sum(known[m] for m in modifiers if m in known)


# --- texts with wildcards ------------------------------------------------------------------------

Part = tuple[str, str]  # ("text" | "many" | "one" | "dash", text)


def parts_of(value: Any) -> list[Part]:
    found: list[Part] = []
    for piece in re.findall(r"\\[\\*?]|.", str(value), re.DOTALL):
        if piece == "*":
            found.append(("many", piece))
        elif piece == "?":
            found.append(("one", piece))
        else:
            found.append(("text", piece[-1]))
    return found


def encoded(value: Any, modifiers: list[str]) -> list[list[Part]]:
    """The patterns that a value stands for after its encoding modifiers."""
    patterns = [parts_of(value)]
    for modifier in modifiers:
        plain = "".join(text for _, text in patterns[0])
        match modifier:
            case "windash":
                at = {m.start() for m in re.finditer(r"\B[-/]\b", plain)}
                patterns = [
                    [("dash" if i in at else kind, text) for i, (kind, text) in enumerate(p)]
                    for p in patterns
                ]
            case "wide" | "utf16le":
                patterns = [[("text", c) for c in plain.encode("utf-16-le").decode("latin-1")]]
            case "base64":
                coded = base64.b64encode(
                    plain.encode("latin-1" if "wide" in modifiers else "utf-8")
                )
                patterns = [[("text", c) for c in coded.decode()]]
            case "base64offset":
                data = plain.encode("latin-1" if "wide" in modifiers else "utf-8")
                patterns = [[("text", c) for c in offset(data, i)] for i in range(3)]
    return patterns


def offset(data: bytes, before: int) -> str:
    """The characters of base64 that depend on `data` alone, when `before` bytes stand before it."""
    bits = "".join(f"{b:08b}" for b in data)
    skipped = -(before * 8) % 6
    whole = bits[skipped:]
    whole = whole[: len(whole) - len(whole) % 6]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return "".join(alphabet[int(whole[i : i + 6], 2)] for i in range(0, len(whole), 6))


def textual(pattern: list[Part], text: str, modifiers: list[str], *, around: bool = False) -> bool:
    wild = {"many": ".*", "one": "."}
    middle = "".join(
        wild.get(kind) or (f"[{DASHES}]" if kind == "dash" else re.escape(c)) for kind, c in pattern
    )
    before = ".*" if around or "contains" in modifiers or "endswith" in modifiers else ""
    after = ".*" if around or "contains" in modifiers or "startswith" in modifiers else ""
    if "cased" not in modifiers:
        middle, text = small(middle), small(text)
    return re.fullmatch(before + middle + after, text, re.DOTALL) is not None


def small(text: str) -> str:
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
