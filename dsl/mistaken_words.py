"""Words that people leave out, misspell or use as names: one function a mistake.

Each returns the fault where the parser stopped, or None where it is not its mistake; `unexpected`
always has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.faults import nearest
from dsl.scan import BAD, END
from dsl.words import SHAPES, VERBS, expected, reserved, shown, spelling

if TYPE_CHECKING:
    from dsl.faults import Fault
    from dsl.scan import Stop

_OTHER_VERBS: Final = {
    "select": "match", "from": "match", "filter": "match", "where": "match", "search": "match",
    "count": "window", "group": "window", "aggregate": "window", "stats": "window",
    "sequenceof": "sequence", "followed": "sequence", "merge": "union", "lookup": "join",
    "missing": "absence", "baseline": "profile", "learn": "profile", "points": "score",
}  # fmt: skip
_MISSED: Final = (
    "BY", "OF", "WITH", "ON", "OVER", "WITHIN", "BUCKET", "COMPUTE", "LEARN", "BIND", "COLON",
    "COMMA", "WHERE", "AS", "THEN", "RPAR", "RBRACE", "LPAR", "ARROW", "AND",
)  # fmt: skip


def upper_case(s: Stop) -> Fault | None:
    found = str(s.found)
    lower = found.lower()
    if s.found.type != "NAME" or lower == found or lower not in spelling().values():
        return None
    return s.fault(
        "D0106", f"`{found}` is not a word of the language", s.found, hint=f"write `{lower}`"
    )


def alert_roles(s: Stop) -> Fault | None:
    if s.verb != "alert" or not s.accepts or not s.accepts <= {"AS", "LPAR"}:
        return None
    after = str(s.tokens[s.statement + 1])
    return s.fault(
        "D0113",
        f"the roles of the alert are missing before {shown(s.found)}",
        s.found,
        "`as (` belongs here",
        f"write `alert {after} as (actor: …, source: …, target: …)`",
    )


def reserved_name(s: Stop) -> Fault | None:
    found = str(s.found)
    if found not in reserved():
        return None
    after = s.around(1).type
    names = s.fits("NAME", after) or (after == "EQUALS" and s.fits("HEAD", after))
    if "HEAD" in s.accepts and after in {"BIND", "EQ"}:
        names = True
    if not names:
        return None
    return s.fault(
        "D0108",
        f"`{found}` is a word of the language and cannot be a name",
        s.found,
        "reserved",
        f"choose another name, such as `{found}_`",
    )


def verb(s: Stop) -> Fault | None:
    if "MATCH" not in s.accepts or s.found.type == END:
        return None
    found = str(s.found)
    close = nearest(found, VERBS) or _OTHER_VERBS.get(found.lower())
    name = s.around(-2)
    if s.found.type == "NAME" and not close and s.around(1).type in {"WHERE", "LET"}:
        close = f"match {found}"
    known = "verbs are " + ", ".join(f"`{v}`" for v in VERBS)
    hint = f"did you mean `{name} = {close} …`?" if close else known
    return s.fault("D0109", f"`{found}` is not a verb", s.found, f"a verb follows `{name} =`", hint)


def nameless(s: Stop) -> Fault | None:
    found = str(s.found)
    if found not in VERBS or "HEAD" not in s.accepts:
        return None
    hint = f"write `name = {found} …`"
    return s.fault("D0115", "the relation has no name", s.found, "a name and `=` come first", hint)


def missing(s: Stop) -> Fault | None:
    """One word or sign put in makes what follows fit."""
    if s.found.type in {BAD, END}:
        return None
    after = s.around(1).type
    after = "NAME" if after in {"HEAD", BAD} else after
    before = shown(s.found)
    shape = f"the form is `{SHAPES[s.verb]}`" if s.verb in SHAPES else ""
    for terminal in _MISSED:
        if terminal not in s.accepts or not s.fits(terminal, s.found.type):
            continue
        if after != END and not s.fits(terminal, s.found.type, after):
            continue
        word = spelling()[terminal]
        if terminal == "COMMA":
            return s.fault("D0105", f"a comma is missing before {before}", s.found)
        code = "D0104" if terminal == "BY" else "D0114"
        return s.fault(code, f"`{word}` is missing before {before}", s.found, hint=shape)
    return None


def unexpected(s: Stop) -> Fault:
    wanted = expected(s.accepts)
    shape = f"the form is `{SHAPES[s.verb]}`" if s.verb in SHAPES else ""
    if s.found.type == END:
        return s.fault("D0101", f"the block ends where {wanted} is expected", s.found, hint=shape)
    if s.found.type in {"HEAD", "ALERT"} and s.begins_line(s.found):
        before = s.around(-1)
        message = f"the statement ends where {wanted} is expected"
        return s.fault("D0101", message, before, f"something is missing after `{before}`", shape)
    message = f"`{s.found}` cannot stand here"
    return s.fault("D0101", message, s.found, f"expected {wanted}", shape)
