"""Text that stands for something else by the kind it meets: address, bytes, regular expression.

Each function says what is wrong in words, or gives the plan's literal; it knows no place.
References: RFC 4291, RFC 4632 (addresses), RE2's syntax (what the engine's expressions can do).
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dsl.check.kinds import WRITTEN, has_word
from dsl.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.plan import Lit

_SID: Final = re.compile(r"S-1-\d+(-\d+)*", re.IGNORECASE)
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NOT_RE2: Final = re.compile(r"\(\?(?:<?[=!]|>|\(|P=)|(?<!\\)(?:\\\\)*\\[1-9]|[*+?}]\+")


class BadLiteralError(ValueError):
    """The text is no literal of the kind: `str()` says why, `hint` what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def convert(literal: Lit, to: Type) -> Lit:
    """A text literal as a literal of the kind it is compared with; others as they are.

    Raises `BadLiteralError` where the text cannot be one.
    """
    text = literal.value
    if literal.type.kind != "text" or not isinstance(text, str) or to.kind == "text":
        return literal
    if to.kind == "ip":
        return replace(literal, value=_address(text), type=Type("ip"))
    if to.kind == "bytes":
        return replace(literal, value=_bytes(text), type=Type("bytes"))
    if to.kind == "enum":
        return _word(literal, text, to)
    if to.kind in WRITTEN:
        _shape(text, to)
        return replace(literal, type=Type(to.kind))
    return literal


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        hint = "use `cidr` for a range" if "/" in text else "write an IPv4 or IPv6 address"
        raise BadLiteralError(f'"{text}" is no address', hint) from None
    # events write an IPv4 address that was mapped into IPv6 as what it is
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise BadLiteralError(f'"{text}" is not hexadecimal', "write pairs of 0-9 a-f") from None


def _word(literal: Lit, text: str, to: Type) -> Lit:
    # a parameter cannot be written without quotes
    if literal.param and has_word(to, text):
        return replace(literal, type=Type("enum", words=to.words, open_words=to.open_words))
    if has_word(to, text):
        raise BadLiteralError("an enum value is a bare word", f"write `{text}` without quotes")
    raise BadLiteralError(f'"{text}" is no value of this enum')


def _shape(text: str, to: Type) -> None:
    pattern = {"sid": _SID, "guid": _GUID}.get(to.kind)
    if pattern is not None and not pattern.fullmatch(text):
        raise BadLiteralError(f'"{text}" is no {to.kind}')


def network(text: str) -> None:
    """Check the right side of `cidr`."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        hint = "write a network such as `10.0.0.0/8`"
        with contextlib.suppress(ValueError):
            hint = f'did you mean "{ipaddress.ip_network(text, strict=False)}"?'
        raise BadLiteralError(f'"{text}" is no network', hint) from None


def regular_expression(text: str) -> None:
    """Check the right side of `matches`."""
    if _NOT_RE2.search(text):
        raise BadLiteralError(
            "look-around and back references are not supported",
            "split it into two conditions joined by `and`",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
    except re.error as fault:
        raise BadLiteralError(f"the regular expression is wrong: {fault}") from None


CHECKS: Final[dict[str, Callable[[str], None]]] = {"cidr": network, "matches": regular_expression}
