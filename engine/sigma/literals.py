r"""Texts, sets and regular expressions as our language writes them.

A text is written in quotes, raw (`r"…"`) where a backslash stands in the way; what no literal can
hold (line breaks, control characters) is asked by a regular expression instead. References: the
language's grammar; RE2's syntax (https://github.com/google/re2/wiki/Syntax).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from engine.sigma.refused import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
"""What the file of a detection may not hold, and line breaks."""
_LAST: Final = chr(0x10FFFF)
_SPECIAL: Final = frozenset("\\.^$*+?{}[]()|")
_MOST_REPEATS: Final = 1000
_ATOM: Final = r"(?:\\x[0-9A-Fa-f]{2}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\()\[\]{}*+?|^$])"
_REPEAT: Final = re.compile(rf"({_ATOM})\{{(\d+)(,?)(\d*)\}}")
_FLAGS: Final = re.compile(r"\(\?([ims]+)\)")
_NOT_RE2: Final = re.compile(r"\(\?(?:<?[=!]|>|\(|P=|R)|(?<!\\)(?:\\\\)*\\[1-9GKkRX]|[*+?}]\+")
_CLASS: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_NO_RANGE: Final = re.compile(r"(\\[wdsWDS])-(?!\])|\\.|-(?=\\[wdsWDS])", re.DOTALL)
_NAMED_GROUP: Final = re.compile(r"\(\?<([A-Za-z_]\w*)>")
_NEEDLESS: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\([_<>\"'#%&,:;=@`~/! ])")


def quoted(text: str) -> str | None:
    """The text as a literal; None where no literal can hold it."""
    if _FORBIDDEN.search(text):
        return None
    escaped = '"' + text.replace('"', '\\"') + '"'
    if _plain_value(escaped) == text:
        return escaped
    if '"' not in text:
        return f'r"{text}"'
    return f'r#"{text}"#' if '"#' not in text and not text.endswith('"') else None


def _plain_value(literal: str) -> str | None:
    """What a literal in plain quotes means; None where it is none."""
    if not re.fullmatch(r'"(?:[^"\\\n]|\\[^\n])*"', literal):
        return None
    return re.sub(r"\\(.)", lambda pair: '"' if pair[1] == '"' else pair[0], literal[1:-1])


def quoted_for_people(text: str) -> str:
    """A text of which only the sense counts (titles, reasons): what cannot be written is left out."""
    return _FORBIDDEN.sub(" ", text)


def escaped(text: str) -> str:
    """The text as part of a regular expression."""
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return "\\" + character
    if not _FORBIDDEN.match(character):
        return character
    if ord(character) > 0xFF:
        return _neither_before_nor_after(character)
    return f"\\x{ord(character):02x}"


def _neither_before_nor_after(character: str) -> str:
    """A character that no file may hold as the one that is left out by two ranges: Python and RE2
    have no escape in common for it.
    """
    before, after = chr(ord(character) - 1), chr(ord(character) + 1)
    if _FORBIDDEN.match(before) or _FORBIDDEN.match(after):
        raise RefusedError(f"the character U+{ord(character):04X} cannot be written in a rule")
    return f"[^\\x00-{before}{after}-{_LAST}]"


def expression(pattern: str, flags: str = "") -> str:
    """A regular expression of Sigma in the common part of Python and RE2, as a literal."""
    if _NOT_RE2.search(pattern):
        raise RefusedError(f"the regular expression `{pattern}` needs look-around or references")
    pattern = _NAMED_GROUP.sub(r"(?P<\1>", pattern)
    pattern = _NEEDLESS.sub(r"\1\2", pattern)
    pattern = _CLASS.sub(lambda found: _NO_RANGE.sub(_dash, found[0]), pattern)
    pattern = _scoped(pattern, flags)
    pattern = _written(pattern)
    pattern = _split_repeats(pattern)
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as fault:
        raise RefusedError(f"the regular expression `{pattern}` is invalid: {fault}") from None
    literal = quoted(pattern)
    if literal is None:
        raise RefusedError(f"the regular expression `{pattern}` cannot be written in a rule")
    return literal


def _written(pattern: str) -> str:
    """The pattern with escapes for what no file may hold."""
    wide = next((c for c in _FORBIDDEN.findall(pattern) if ord(c) > 0xFF), None)
    if wide is not None and "[" in pattern:
        raise RefusedError(f"the character U+{ord(wide):04X} cannot be written in a rule")
    return _FORBIDDEN.sub(lambda found: _escaped(found[0]), pattern)


def _dash(found: re.Match[str]) -> str:
    """A dash beside a class within brackets as the character that it is for Perl."""
    if found[1]:
        return rf"{found[1]}\-"
    return r"\-" if found[0] == "-" else found[0]


def _scoped(pattern: str, flags: str) -> str:
    """Flags where Python wants them: at the beginning, or around the rest that they are for."""
    found = _FLAGS.match(pattern)
    while found:
        flags, pattern = flags + found[1], pattern[found.end() :]
        found = _FLAGS.match(pattern)
    inner = next((f for f in _FLAGS.finditer(pattern) if _is_outside(pattern[: f.start()])), None)
    if inner is not None:
        pattern = f"{pattern[: inner.start()]}(?{inner[1]}:{pattern[inner.end() :]})"
    return f"(?{''.join(sorted(set(flags)))}){pattern}" if flags else pattern


def _is_outside(before: str) -> bool:
    """Whether a place is in no group and behind no alternative."""
    plain = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", before)
    return plain.count("(") == plain.count(")") and "|" not in plain


def _split_repeats(pattern: str) -> str:
    """`x{1500,}` as `x{1000}x{500,}`: RE2 counts to 1,000."""

    def split(found: re.Match[str]) -> str:
        atom, low = found[1], int(found[2])
        high = int(found[4]) if found[4] else None
        if max(low, high or 0) <= _MOST_REPEATS:
            return found[0]
        pieces = []
        spare = None if high is None else high - low
        while low > _MOST_REPEATS:
            pieces.append(f"{atom}{{{_MOST_REPEATS}}}")
            low -= _MOST_REPEATS
        if not found[3]:
            return "".join([*pieces, f"{atom}{{{low}}}"])
        if spare is None:
            return "".join([*pieces, f"{atom}{{{low},}}"])
        pieces.append(f"{atom}{{{low}}}")
        while spare > 0:
            pieces.append(f"{atom}{{0,{min(spare, _MOST_REPEATS)}}}")
            spare -= _MOST_REPEATS
        return "".join(pieces)

    return _REPEAT.sub(split, pattern)


def small(text: str) -> str:
    """In small letters as the engine's `lower` does it: letter by letter."""
    if text.isascii():
        return text.lower()
    return "".join("i" if c == "\u0130" else c.lower() for c in text)


def has_letters(text: str) -> bool:
    """Whether case could matter to a text."""
    return not text.isascii() or text.lower() != text.upper()


def listed(items: Iterable[str]) -> str:
    """A set of literals."""
    return "{" + ", ".join(items) + "}"


def identifier(text: str) -> str:
    """A name made of a text: small letters, digits and `_`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
