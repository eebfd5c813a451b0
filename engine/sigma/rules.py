"""Documents -> rules, correlations and filters as pySigma reads them; references and filters.

What is wrong with a rule's logic refuses it; what is wrong beside it (a date, a tag, a licence
that is no text) is told and the rule is imported. Reference: Sigma specification 2.1, "Rules",
"Correlation rules", "Filters".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from sigma import exceptions
from sigma.correlations import SigmaCorrelationRule
from sigma.filters import EmptySigmaGlobalFilter, SigmaFilter
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RegexEngine, RegexPattern
from sigma.rule import SigmaRule
from sigma.rule.detection import EmptySigmaDetections
from sigma.rule.logsource import EmptyLogSource

from engine.sigma.refused import RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from engine.sigma.documents import Document

_LOGIC: Final = (
    exceptions.SigmaValueError, exceptions.SigmaConditionError, exceptions.SigmaDetectionError,
    exceptions.SigmaLogsourceError, exceptions.SigmaModifierError,
)  # fmt: skip
"""Faults of what is searched for, and not of what is said about it."""
_OPERATOR: Final = re.compile(r"\b(AND|OR|NOT|OF|ALL|ANY|THEM|And|Or|Not|Of|All|Any|Them)\b")


class _Lenient(RegexEngine):
    """Lets every regular expression pass: whether the engine can run it is judged when it is
    written, after what Python and RE2 spell differently has been put right.
    """

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        try:
            made = re.compile(pattern, flags)
        except re.error:
            made = re.compile("(?!)")
        return cast("RegexPattern", made)

    @property
    def error(self) -> type[Exception]:
        return re.error


_POLICY: Final = SigmaPolicy(regex_engine=_Lenient())
AnyRule = SigmaRule | SigmaCorrelationRule


@dataclass(slots=True)
class Read:
    """One document as pySigma reads it: a rule, a correlation or a filter; or why it is refused.

    `filters` names the filters that were applied to it; `referenced` says that a correlation reads
    it and does not want it to alert by itself.
    """

    document: Document
    rule: AnyRule | None = None
    filter: SigmaFilter | None = None
    refused: str = ""
    notes: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    referenced: bool = False


def read(documents: Iterable[Document]) -> list[Read]:
    """All documents together, for they refer to one another."""
    found = [_read(document) for document in documents]
    _apply_filters(found)
    _resolve(found)
    return found


def _read(document: Document) -> Read:
    if document.fault:
        return Read(document, refused=document.fault)
    keys = _cleaned(document.keys)
    made = Read(document)
    try:
        if "correlation" in keys:
            rule = SigmaCorrelationRule.from_dict(keys, collect_errors=True, policy=_POLICY)
            made.rule = rule
        elif "filter" in keys:
            made.filter = SigmaFilter.from_dict(keys, collect_errors=True, policy=_POLICY)
        else:
            made.rule = SigmaRule.from_dict(keys, collect_errors=True, policy=_POLICY)
    except exceptions.SigmaError as error:
        made.refused = said(error)
        return made
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        made.refused = f"it has not the form of a rule: {error}"
        return made
    whole = made.rule or made.filter
    errors = whole.errors if whole is not None else []
    if whole is not None and _without_logic(whole):
        grave = [e for e in errors if isinstance(e, _LOGIC)] or errors
        made.refused = said(grave[0]) if grave else "it searches for nothing"
    made.notes = [said(e) for e in errors]
    return made


def _without_logic(rule: SigmaRule | SigmaCorrelationRule | SigmaFilter) -> bool:
    """Whether the part that is searched for could not be read; pySigma leaves an empty one then."""
    match rule:
        case SigmaCorrelationRule():
            return any(isinstance(e, exceptions.SigmaCorrelationRuleError) for e in rule.errors)
        case SigmaFilter():
            empty = isinstance(rule.filter, EmptySigmaGlobalFilter)
        case SigmaRule():
            empty = isinstance(rule.detection, EmptySigmaDetections)
    return empty or isinstance(rule.logsource, EmptyLogSource)


def said(error: Exception) -> str:
    """What pySigma says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _cleaned(keys: dict[str, Any]) -> dict[str, Any]:
    """Slips that other readers forgive: operators in capitals, ids that are no UUID, a time frame
    among the searches, lists that are one text.
    """
    keys = dict(keys)
    for name in ("detection", "filter"):
        part = keys.get(name)
        if isinstance(part, dict):
            part = {str(k): v for k, v in part.items() if k != "timeframe"}
            if "condition" in part:
                part["condition"] = _lowered(part["condition"], part)
            keys[name] = part
    if keys.get("id") is not None and not _is_uuid(keys["id"]):
        keys.pop("id")
    for name in ("references", "falsepositives", "tags", "fields"):
        if isinstance(keys.get(name), str):
            keys[name] = [keys[name]]
    return keys


def _lowered(condition: object, names: Collection[str]) -> object:
    if isinstance(condition, str):
        return _OPERATOR.sub(
            lambda m: m[0] if m[0] in names else m[0].lower(), " ".join(condition.split())
        )
    return [_lowered(c, names) for c in condition] if isinstance(condition, list) else condition


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def _apply_filters(found: list[Read]) -> None:
    """Each filter on the rules that it names, in the order of the files."""
    filters = [r for r in found if r.filter is not None and not r.refused]
    for one in found:
        if not isinstance(one.rule, SigmaRule) or one.refused:
            continue
        for by in filters:
            assert by.filter is not None  # noqa: S101 - chosen so
            try:
                if by.filter._should_apply_on_rule(one.rule):
                    by.filter.apply_on_rule(one.rule)
                    one.filters.append(by.document.title)
            except exceptions.SigmaError as error:
                one.refused = f"the filter `{by.document.title}` cannot be applied: {said(error)}"
                break


class _Names:
    """Rules by id and by name, as correlations refer to them."""

    def __init__(self, found: list[Read]) -> None:
        self._known: dict[str, Read] = {}
        for one in found:
            if one.rule is None:
                continue
            for name in (one.rule.name, str(one.rule.id) if one.rule.id else None):
                if name:
                    self._known.setdefault(name, one)

    def __getitem__(self, name: str) -> AnyRule:
        one = self._known.get(name) or self._known.get(str(name).lower())
        if one is None or one.rule is None:
            raise RefusedError(f"the rule `{name}` that it refers to is not among those imported")
        if one.refused:
            raise RefusedError(f"the rule `{name}` that it refers to is refused: {one.refused}")
        return one.rule


def _resolve(found: list[Read]) -> None:
    names = _Names(found)
    for one in found:
        if isinstance(one.rule, SigmaCorrelationRule) and not one.refused:
            try:
                one.rule.resolve_rule_references(names)  # type: ignore[arg-type]  # asked by name only
            except RefusedError as error:
                one.refused = str(error)
    for one in found:
        one.referenced = one.rule is not None and not one.rule._output
