"""Alert statements: roles, what is excepted, how rows become one alert.

A name in `except` and `dedup` is a role first, then a column. Without `dedup`, rows are one alert
for 24 hours if they agree in all roles that are an account, host or group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import plan, syntax
from dsl.check.columns import microseconds
from dsl.check.containers import listed
from dsl.check.differences import converted
from dsl.check.expressions import Expressions
from dsl.check.kinds import NULL, NUMBERS, named, one
from dsl.check.reading import reading
from dsl.check.recalls import recalling
from dsl.retention import DAY
from dsl.schema import enums
from dsl.schema.base import ENTITY_KINDS
from dsl.template import OWN_VARIABLES
from dsl.types import Type

if TYPE_CHECKING:
    from dsl.check.context import Context
    from dsl.check.scope import Relation

SEVERITY: Final = Type("enum", words=enums.names(enums.SEVERITY))
Roles = dict[str, plan.Expr | None]


def alert(context: Context, node: syntax.Alert, source: Relation) -> plan.AlertPlan | None:
    """The plan of one statement; what depends on the whole plan is filled in later."""
    recalls = recalling(context, source, [node])
    check = Expressions(context, recalls.scope, recalls)
    roles, failed = _roles(check, node)
    severity = _severity(check, node.severity) if node.severity else None
    confidence = _confidence(check, node.confidence) if node.confidence else None
    when = check.condition(node.when) if node.when else None
    excepts, excepts_failed = _excepts(check, node, roles)
    dedup = microseconds(check, node.dedup) if node.dedup else DAY
    dedup_by = _dedup_by(check, node, roles)
    failed = failed or excepts_failed or dedup is None or dedup_by is None
    for written, built in (
        (node.severity, severity), (node.confidence, confidence), (node.when, when),
    ):  # fmt: skip
        failed = failed or (written is not None and built is None)
    asked = [when, severity, confidence, *roles.values(), *(v for _, v in dedup_by or ())]
    when = recalls.implied(asked, when)
    below = recalls.over(reading(source, asked), [when, *asked])
    known = tuple((name, value) for name, value in roles.items() if value is not None)
    if failed or below is None or dedup is None or dedup_by is None or len(known) < len(roles):
        return None
    return plan.AlertPlan(
        source=below,
        roles=known,
        severity=severity,
        confidence=confidence,
        when=when,
        excepts=excepts,
        dedup=dedup,
        dedup_by=dedup_by,
        monotone=False,
        waits_for_directory=False,
        look_back=0,
    )


def _roles(check: Expressions, node: syntax.Alert) -> tuple[Roles, bool]:
    roles: Roles = {}
    failed = False
    for binding in node.bindings:
        at = syntax.At(binding.at.start, binding.at.start + len(binding.role))
        if binding.role in roles:
            check.error("D0210", at, f"the role `{binding.role}` stands twice", "a second time")
            failed = True
        if binding.role in OWN_VARIABLES:
            check.error(
                "D0211", at, f"every alert has a `{binding.role}` of its own", "reserved",
                "take another name",
            )  # fmt: skip
            failed = True
        value = check.check(binding.value)
        if value is not None and value.type == NULL:
            check.error("D0314", binding.value.at, "a role cannot be null", "", "leave it out")
            value = None
        roles[binding.role] = value
        failed = failed or value is None
    return roles, failed


def _severity(check: Expressions, node: syntax.Expr) -> plan.Expr | None:
    value = check.check(node, SEVERITY)
    if value is None:
        return None
    value = converted(check, value, SEVERITY, node.at)
    if value is None:
        return None
    if (
        value.type.kind == "enum"
        and not value.type.many
        and set(value.type.words) <= set(SEVERITY.words)
    ):
        return value
    words = ", ".join(f"`{w}`" for w in SEVERITY.words)
    check.error("D0302", node.at, "this is no severity", "", f"it is one of {words}")
    return None


def _confidence(check: Expressions, node: syntax.Expr) -> plan.Expr | None:
    value = check.check(node)
    if value is None:
        return None
    if value.type.kind not in NUMBERS or value.type.many:
        message = f"a confidence is a number from 0 to 100, not {named(value.type)}"
        check.error("D0302", node.at, message)
        return None
    for constant in _constants(value):
        if not 0 <= constant <= 100:
            check.error("D0311", node.at, "a confidence is a number from 0 to 100")
            return None
    return value


def _constants(value: plan.Expr) -> list[int | float]:
    """The numbers that a confidence can be for sure."""
    if isinstance(value, plan.Lit) and isinstance(value.value, int | float):
        return [value.value]
    if isinstance(value, plan.Case):
        results = [r for _, r in value.arms] + ([value.otherwise] if value.otherwise else [])
        return [c for r in results for c in _constants(r)]
    return []


def _excepts(
    check: Expressions, node: syntax.Alert, roles: Roles
) -> tuple[tuple[tuple[plan.Expr, plan.ListRef], ...], bool]:
    found: list[tuple[plan.Expr, plan.ListRef]] = []
    failed = False
    for item in node.excepts:
        value = _named(check, item.role, roles)
        entries = listed(check, item.listed, None if value is None else one(value.type))
        if value is None or not isinstance(entries, plan.ListRef):
            failed = True
        else:
            found.append((value, entries))
    return tuple(found), failed


def _named(check: Expressions, path: syntax.Path, roles: Roles) -> plan.Expr | None:
    """A role, else a column."""
    if len(path.parts) == 1 and path.parts[0] in roles:
        return roles[path.parts[0]]
    return check.check(path)


def _dedup_by(
    check: Expressions, node: syntax.Alert, roles: Roles
) -> tuple[tuple[str, plan.Expr], ...] | None:
    found: list[tuple[str, plan.Expr]] = []
    for path in node.dedup_by:
        value = _named(check, path, roles)
        if value is None:
            return None
        found.append((".".join(path.parts), value))
    if node.dedup_by:
        return tuple(found)
    return tuple(
        (name, value)
        for name, value in roles.items()
        if value is not None and value.type.kind in ENTITY_KINDS and not value.type.many
    )
