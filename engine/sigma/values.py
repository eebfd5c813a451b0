"""Values of Sigma against a field: what pySigma made of them, as tests of our language.

Sigma compares texts without case unless `cased`; we compare exactly, so the field is put in small
letters and so is the constant. A value without letters is compared as it stands. Reference: Sigma
specification 2.1, "Value modifiers".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from engine.sigma.literals import escaped, expression, has_letters, identifier, quoted, small
from engine.sigma.logic import Logic, No, Said, Test, Word, every, some
from engine.sigma.lookaround import without_lookaround
from engine.sigma.refused import RefusedError
from engine.sigma.slips import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigma.types import SigmaType

    from engine.sigma.fields import Field, Fields

_COMPARE: Final = {
    CompareOperators.LT: "<", CompareOperators.LTE: "<=", CompareOperators.GT: ">",
    CompareOperators.GTE: ">=", CompareOperators.NEQ: "!=",
}  # fmt: skip
_FLAGS: Final = {
    SigmaRegularExpressionFlag.IGNORECASE: "i", SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}  # fmt: skip
_WILD: Final = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
_MANY: Final = SpecialChars.WILDCARD_MULTI
_LISTED: Final = {
    (False, False): "in", (True, True): "contains any", (False, True): "startswith any",
    (True, False): "endswith any",
}  # fmt: skip
LIST_PREFIX: Final = "sigma_"
"""Begin of the names of lists that stand for placeholders."""
NETWORK_PREFIX: Final = "sigma_networks__"
"""The same of lists of addresses and networks; no other placeholder can be named so."""

Part = str | SpecialChars | Placeholder


class Values:
    """Tests of the fields of one event type. `lists` collects the placeholders met, by the names of
    the lists that stand for them.
    """

    def __init__(self, fields: Fields, lists: dict[str, str]) -> None:
        self._fields = fields
        self._lists = lists

    def bound(self, name: str, value: SigmaType) -> Logic:
        """A field against a value. Raises RefusedError."""
        field = self._fields.named(name)
        match value:
            case SigmaExpansion():
                return some(self.bound(name, v) for v in value.values)
            case SigmaNull():
                return Said(f"{field.expression} is null")
            case SigmaExists():
                return Said(f"{field.expression} is {'not ' if value.exists else ''}null")
            case SigmaBool():
                return self._text(field.text, ["true" if value.boolean else "false"], cased=False)
            case SigmaTimestampPart():
                return Said(f"{self._part_of_time(name, field, value)} == {value.number}")
            case SigmaNumber():
                return _number(field, value)
            case SigmaCompareExpression():
                left = field.expression if field.kind == "int" else f"number({field.text})"
                return Said(f"{left} {_COMPARE[value.op]} {_digits(value.number)}")
            case SigmaRegularExpression():
                return _regular(field.text, value)
            case SigmaCIDRExpression():
                return Said(f'address_of({field.text}) cidr "{value.network}"')
            case SigmaFieldReference():
                return self._reference(field, value)
            case SigmaString() if field.kind == "int" and _is_number(value):
                return Test(field.expression, "==", int(str(value)))
            case SigmaString():
                return self._text(field.text, value.s, cased=isinstance(value, SigmaCasedString))
        raise RefusedError(f"values of the kind {type(value).__name__} are not known here")

    def unbound(self, texts: str, value: SigmaType) -> Logic:
        """A keyword: it stands somewhere in the event, whose texts are the list `texts`."""
        match value:
            case SigmaExpansion():
                return some(self.unbound(texts, v) for v in value.values)
            case SigmaRegularExpression():
                return _regular(texts, value, of_many=True)
            case SigmaNumber():
                return Test(texts, "contains", _digits(value))
            case SigmaString():
                parts = [_MANY, *value.s, _MANY]
                return self._text(texts, parts, cased=isinstance(value, SigmaCasedString))
        raise RefusedError(f"a keyword of the kind {type(value).__name__} cannot be searched for")

    def _reference(self, field: Field, value: SigmaFieldReference) -> Logic:
        other = self._fields.named(value.field)
        word = {
            (False, False): "==", (True, False): "startswith", (False, True): "endswith",
            (True, True): "contains",
        }[value.starts_with, value.ends_with]  # fmt: skip
        return Said(f"lower({field.text}) {word} lower({other.text})")

    def _part_of_time(self, name: str, field: Field, value: SigmaTimestampPart) -> str:
        time = "ts" if self._fields.is_time(name) else f"time_of({field.text})"
        return f"{value.timestamp_part.name.lower()}({time})"

    def _text(self, text: str, parts: Sequence[Part], *, cased: bool) -> Logic:
        """A text with wildcards and placeholders against `text`."""
        parts = _merged(parts)
        if any(isinstance(p, Placeholder) for p in parts):
            return self._listed(text, parts)
        plain = "".join(p for p in parts if isinstance(p, str))
        if not cased and has_letters(plain):
            text = f"lower({text})"
            parts = [small(p) if isinstance(p, str) else p for p in parts]
            plain = small(plain)
        if parts == [_MANY]:
            return Said(f"{text} is not null")
        word = _word(parts)
        if word is not None and quoted(plain) is not None:
            return Test(text, word, plain)
        if word is None and quoted(plain) is not None and not set("*?") & set(plain):
            return Test(text, "like", "".join(p if isinstance(p, str) else _WILD[p] for p in parts if not isinstance(p, Placeholder)))  # fmt: skip
        return Test(text, "matches", expression(f"(?s){_pattern(parts)}"))

    def _listed(self, text: str, parts: Sequence[Part]) -> Logic:
        """A placeholder, alone or between wildcards: the entries of a list, without case."""
        before, after = parts[:1] == [_MANY], parts[-1:] == [_MANY]
        inside = parts[before : len(parts) - after]
        if len(inside) != 1 or not isinstance(inside[0], Placeholder):
            raise RefusedError("a placeholder stands inside a longer text")
        if inside[0].name.startswith(NETWORKS):
            meant = inside[0].name.removeprefix(NETWORKS)
            name = NETWORK_PREFIX + identifier(meant)
            self._lists[name] = meant
            return Said(f"address_of({text}) in @{name}")
        name = LIST_PREFIX + identifier(inside[0].name)
        self._lists[name] = inside[0].name
        left = f"lower({text})" if not (before or after) else text
        return Said(f"{left} {_LISTED[before, after]} @{name}")


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Neighbouring texts as one, several `*` as one."""
    merged: list[Part] = []
    for part in parts:
        if merged and isinstance(part, str) and isinstance(merged[-1], str):
            merged[-1] += part
        elif not (merged and part is _MANY and merged[-1] is _MANY):
            merged.append(part)
    return merged


def _word(parts: Sequence[Part]) -> Word | None:
    """The operator for a text with `*` at its ends alone; None where it has others."""
    before, after = parts[:1] == [_MANY], parts[-1:] == [_MANY]
    inside = parts[before : len(parts) - after]
    if not inside:
        return "=="
    if len(inside) > 1 or not isinstance(inside[0], str):
        return None
    words: dict[tuple[bool, bool], Word] = {
        (False, False): "==", (True, True): "contains", (False, True): "startswith",
        (True, False): "endswith",
    }  # fmt: skip
    return words[before, after]


def _pattern(parts: Sequence[Part]) -> str:
    """A text with wildcards as a regular expression."""
    begin = "" if parts[:1] == [_MANY] else "^"
    end = "" if parts[-1:] == [_MANY] else r"$"
    inside = parts[not begin : len(parts) - (not end)]
    wild = {"*": ".*", "?": "."}
    return begin + "".join(
        escaped(p) if isinstance(p, str) else wild[_WILD[p]]
        for p in inside
        if not isinstance(p, Placeholder)
    ) + end  # fmt: skip


def _regular(text: str, value: SigmaRegularExpression, *, of_many: bool = False) -> Logic:
    """A regular expression against `text`; `of_many`: against each of a list of texts."""
    if value.contains_placeholder():
        raise RefusedError("a placeholder stands in a regular expression")
    written = value.regexp.to_plain(regex=True)
    ways, flags = without_lookaround(written, "".join(_FLAGS[f] for f in value.flags))
    if of_many and any(len(way.holds) > 1 or way.lacks for way in ways):
        raise RefusedError(
            f"the keyword `{written}` asks several things of one value by look-around"
        )
    return some(
        every(
            [
                *(Test(text, "matches", expression(one, flags)) for one in way.holds),
                *(No(Test(text, "matches", expression(one, flags))) for one in way.lacks),
            ]
        )
        for way in ways
    )


def _number(field: Field, value: SigmaNumber) -> Logic:
    if field.kind == "int":
        return Test(field.expression, "==", value.number)
    return Test(field.text, "==", _digits(value))


def _digits(value: SigmaNumber) -> str:
    return str(value.number)


def _is_number(value: SigmaString) -> bool:
    return len(value.s) == 1 and isinstance(value.s[0], str) and value.s[0].isdecimal() and value.s[0].isascii()  # fmt: skip


__all__ = ["LIST_PREFIX", "NETWORK_PREFIX", "No", "Values"]
