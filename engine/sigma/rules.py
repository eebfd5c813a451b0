"""Documents -> rules, correlations and filters as pySigma reads them; references and filters.

What is wrong with a rule's logic refuses it; what is wrong beside it (a date, a tag, a licence
that is no text) is told and the rule is imported. Reference: Sigma specification 2.1, "Rules",
"Correlation rules", "Filters".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from sigma import exceptions
from sigma.correlations import SigmaCorrelationRule
from sigma.filters import EmptySigmaGlobalFilter, SigmaFilter
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RegexEngine, RegexPattern
from sigma.rule import SigmaRule
from sigma.rule.detection import EmptySigmaDetections
from sigma.rule.logsource import EmptyLogSource

from engine.sigma.aggregations import divided
from engine.sigma.refused import RefusedError
from engine.sigma.slips import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.sigma.documents import Document

_LOGIC: Final = (
    exceptions.SigmaValueError, exceptions.SigmaConditionError, exceptions.SigmaDetectionError,
    exceptions.SigmaLogsourceError, exceptions.SigmaModifierError,
)  # fmt: skip
"""Faults of what is searched for, and not of what is said about it."""


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

    `parts` are the rules behind a rule of version 1 with an aggregation, which is a correlation
    then. `notes` are slips that cost nothing, `gaps` what is uncertain. `filters` names the filters
    that were applied to it; `referenced` says that a correlation reads it and does not want it to
    alert by itself.
    """

    document: Document
    rule: AnyRule | None = None
    filter: SigmaFilter | None = None
    refused: str = ""
    parts: dict[str, SigmaRule] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    gaps: tuple[str, ...] = ()
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
    made = Read(document)
    try:
        wholes = _parsed(made, document.keys)
    except (RefusedError, exceptions.SigmaError) as error:
        made.refused = said(error)
        return made
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        made.refused = f"it has not the form of a rule: {error}"
        return made
    for whole in wholes:
        if _without_logic(whole) and not made.refused:
            grave = [e for e in whole.errors if isinstance(e, _LOGIC)] or whole.errors
            made.refused = said(grave[0]) if grave else "it searches for nothing"
        made.notes += [n for e in whole.errors if (n := said(e)) not in made.notes]
    return made


def _parsed(made: Read, document: dict[str, Any]) -> list[AnyRule | SigmaFilter]:
    """What pySigma reads in the keys of a document, put where it belongs."""
    apart = divided(document)
    keys = cleaned(apart.correlation if apart else document)
    rule: AnyRule
    if apart is not None:
        made.gaps = apart.notes
        made.parts = {
            name: SigmaRule.from_dict(cleaned(rule), collect_errors=True, policy=_POLICY)
            for name, rule in apart.rules.items()
        }
    if "correlation" in keys:
        rule = SigmaCorrelationRule.from_dict(keys, collect_errors=True, policy=_POLICY)
    elif "filter" in keys:
        made.filter = SigmaFilter.from_dict(keys, collect_errors=True, policy=_POLICY)
        return [made.filter]
    else:
        rule = SigmaRule.from_dict(keys, collect_errors=True, policy=_POLICY)
    made.rule = rule
    return [*made.parts.values(), rule]


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


def _apply_filters(found: list[Read]) -> None:
    """Each filter on the rules that it names, in the order of the files."""
    filters = [r for r in found if r.filter is not None and not r.refused]
    for one in found:
        searching = [r for r in (*one.parts.values(), one.rule) if isinstance(r, SigmaRule)]
        if one.refused:
            continue
        for by in filters:
            assert by.filter is not None  # noqa: S101 - chosen so
            try:
                hit = [r for r in searching if by.filter._should_apply_on_rule(r)]
                for rule in hit:
                    by.filter.apply_on_rule(rule)
                one.filters += [by.document.title] if hit else []
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
                one.rule.resolve_rule_references(one.parts or names)  # type: ignore[arg-type]  # asked by name only
            except RefusedError as error:
                one.refused = str(error)
    for one in found:
        one.referenced = one.rule is not None and not one.rule._output
