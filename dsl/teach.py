"""A plan whose profiles have learnt what a test says: constant rows beside the profile's own.

What each learn takes of a row becomes a column, computed of the real rows and given for the others,
so that any evaluator of plans learns from both in the same way. Knows no events and no engine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dsl import plan
from dsl.check.kinds import BOOL, TEXT
from dsl.faults import did_you_mean
from dsl.lesson_rows import LessonFault, lesson_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.given_profiles import Lesson


def teach(
    built: plan.DetectionPlan, lessons: Sequence[Lesson]
) -> tuple[plan.DetectionPlan, list[LessonFault]]:
    """The plan with what the lessons say, and what of them no profile can learn."""
    faults: list[LessonFault] = []
    nodes = {False: dict(built.relations), True: dict(built.shared)}
    for name in dict.fromkeys(lesson.profile for lesson in lessons):
        own = [lesson for lesson in lessons if lesson.profile == name]
        found = _profile(nodes, name)
        if found is None:
            names = [
                n for side in nodes.values() for n, p in side.items() if isinstance(p, plan.Profile)
            ]
            hint = did_you_mean(name, names) or "the rule learns nothing"
            place = own[0].place[:-1]
            faults.append(LessonFault("D0715", f"the rule has no profile `{name}`", place, hint))
            continue
        shared, called, profile = found
        rows, complaints = lesson_rows(profile, own)
        faults += complaints
        nodes[shared][called] = _beside(profile, rows)
    relations, common = tuple(nodes[False].items()), tuple(nodes[True].items())
    return replace(built, relations=relations, shared=common), faults


def _profile(
    nodes: dict[bool, dict[str, plan.Node]], name: str
) -> tuple[bool, str, plan.Profile] | None:
    """The profile that a rule calls by this name: of its block, else a shared one."""
    for shared, called in ((False, name), (True, name), (True, f"shared.{name}")):
        node = nodes[shared].get(called)
        if isinstance(node, plan.Profile):
            return shared, called, node
    return None


# --- the profile over real and given rows --------------------------------------------------------


def _beside(profile: plan.Profile, rows: tuple[plan.GivenRow, ...]) -> plan.Profile:
    taken = [_taken(learn) for learn in profile.learns]
    inputs = tuple((f"learnt.{i}", e.type) for i, e in enumerate(taken))
    columns = (*profile.columns, *inputs)
    lets = tuple((name, e) for (name, _), e in zip(inputs, taken, strict=True))
    real = plan.Match(profile.source, None, lets, (*profile.source.columns, *inputs))
    both = plan.Union((real, plan.Given(rows, columns)), columns)
    learns = tuple(
        _learn(learn, plan.Col(name, kind))
        for learn, (name, kind) in zip(profile.learns, inputs, strict=True)
    )
    return replace(profile, source=both, learns=learns)


def _taken(learn: plan.Learn) -> plan.Expr:
    """What a learn takes of a row; null (of a count false) where it takes nothing."""
    if learn.function == "count":
        value: plan.Expr = plan.Lit(value=True, type=BOOL)
        otherwise: plan.Expr | None = plan.Lit(value=False, type=BOOL)
    elif learn.function == "count_distinct":
        value, otherwise = _together(learn.arguments), None
    else:
        value, otherwise = learn.arguments[0], None
    if learn.where is None:
        return value
    return plan.Case(((learn.where, value),), otherwise, value.type)


def _together(arguments: tuple[plan.Expr, ...]) -> plan.Expr:
    """Several values as one text, null if any is null."""
    whole: plan.Expr = plan.Call("text", arguments[:1], TEXT)
    for argument in arguments[1:]:
        whole = plan.Op("+", whole, plan.Lit("\n", TEXT), TEXT)
        whole = plan.Op("+", whole, plan.Call("text", (argument,), TEXT), TEXT)
    return whole


def _learn(learn: plan.Learn, column: plan.Col) -> plan.Learn:
    if learn.function == "count":
        return replace(learn, where=column)
    return replace(learn, arguments=(column,), where=None)
