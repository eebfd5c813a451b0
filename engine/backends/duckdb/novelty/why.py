"""The reasons of a novelty score, as SQL of one text: numbers that people can look up.

«0 of 41 accounts in Finance used server sql07 in 30 days; ann@corp.example meets a new server every
19 active days; new server number 3 today; source ws3 is new: 0 of 41 accounts in Finance had it».
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.backends.duckdb.novelty.score import LEARNT

if TYPE_CHECKING:
    from engine.backends.duckdb.novelty.learned import Shape


def why(shape: Shape) -> str:
    """A text over the columns of the last of `score_parts`; null where the score is."""
    resource = _quoted(shape.names[0])
    told = [
        f"CASE WHEN days0 = 0 THEN {_peers(0)} || ' used {resource} ' || resource || ' in {shape.over} days' END",
        f"""CASE WHEN days0 = 0 AND fresh0 > 0 THEN actor || ' meets a new {resource} every '
            || floor(later0 / fresh0 + 0.5)::BIGINT || ' active days'
            WHEN days0 = 0 AND later0 > 0 THEN actor || ' met no new {resource} on ' || later0
            || ' active days' END""",
        f"""CASE WHEN days0 BETWEEN 1 AND {LEARNT} THEN {resource_met(resource)} END""",
        f"CASE WHEN fan > 1 THEN 'new {resource} number ' || fan || ' today' END",
    ]
    for number, name in enumerate(map(_quoted, shape.names[1:]), 1):
        told.append(
            f"CASE WHEN days{number} = 0 THEN '{name} ' || v{number} || ' is new: ' || {_peers(number)} || ' had it' END"
        )
    told += [
        """CASE WHEN host_new AND host_later > 0 THEN 'which met a new account on ' || host_fresh || ' of '
            || host_later || ' days' WHEN host_new THEN 'which nobody was seen at' END""",
        "CASE WHEN hour_weeks * 2 < weeks THEN 'active at this hour in ' || hour_weeks || ' of ' || weeks || ' weeks' END",
    ]
    whole = ", ".join(told)
    return f"CASE WHEN score IS NOT NULL THEN coalesce(nullif(concat_ws('; ', {whole}), ''), 'nothing new') END"


def version() -> str:
    """What was learned: a text over the same columns."""
    return """CASE WHEN score IS NOT NULL THEN 'novelty 1, learned to '
        || strftime(make_timestamp((day - 1) * 86400000000), '%Y-%m-%d') END"""


def resource_met(resource: str) -> str:
    """That the resource is known since a few days."""
    return f"'{resource} ' || resource || ' met on ' || days0 || ' of {LEARNT} days that make it usual'"


def _peers(number: int) -> str:
    group = f"CASE WHEN team{number} <> '' THEN team{number} ELSE 'the domain' END"
    return f"k{number} || ' of ' || n{number} || ' accounts in ' || {group}"


def _quoted(name: str) -> str:
    return name.replace("'", "''")
