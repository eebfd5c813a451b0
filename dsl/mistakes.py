"""What the author did wrong where the parser stopped, in his words and with the way out.

Each function knows one mistake that people make and returns its fault or None; the first that
recognises the place speaks, `_unexpected` when none does. Repairs are tried on the parser itself
(`Stop.fits`), so that a hint is only given where it helps.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.faults import Fault, nearest
from dsl.scan import BAD, END, Stop, stop
from dsl.syntax import At
from dsl.words import OPERATORS, SHAPES, VERBS, expected, reserved, spelling

if TYPE_CHECKING:
    from collections.abc import Callable

    from lark import Token

_UNITS: Final = {
    "min": "m", "mins": "m", "minute": "m", "minutes": "m", "sec": "s", "secs": "s",
    "second": "s", "seconds": "s", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d",
    "days": "d", "msec": "ms", "millis": "ms",
}  # fmt: skip
_OTHER_VERBS: Final = {
    "select": "match", "from": "match", "filter": "match", "where": "match", "search": "match",
    "count": "window", "group": "window", "aggregate": "window", "stats": "window",
    "sequenceof": "sequence", "followed": "sequence", "merge": "union", "lookup": "join",
    "missing": "absence", "baseline": "profile", "learn": "profile", "points": "score",
}  # fmt: skip
_FOREIGN: Final = {"&&": "and", "||": "or", "!": "not", "^": "or"}
_PAIRS: Final = {
    ("LT", "GT"): "!=", ("EQUALS", "TILDE"): "matches", ("EQ", "EQUALS"): "==",
    ("EQUALS", "GT"): ">=", ("EQUALS", "LT"): "<=", ("EQUALS", "EQ"): "==",
}  # fmt: skip
_BRACKET: Final = {"LPAR": ")", "LBRACE": "}"}


def diagnose(text: str) -> tuple[Fault | None, int]:
    """The first fault of a block and the offset where reading stopped; None if there is none."""
    where = stop(text)
    if where is None:
        return None, len(text)
    fault = next(f for f in (know(where) for know in _KNOWN) if f is not None)
    return fault, where.found.start_pos or 0


def _fault(code: str, message: str, token: Token, label: str = "", hint: str = "") -> Fault:
    start = token.start_pos or 0
    return Fault(code, message, At(start, start + max(1, len(token))), label=label, hint=hint)


def _quotes(s: Stop) -> Fault | None:
    found = str(s.found)
    if s.found.type != BAD or found[0] not in "'\"":
        return None
    if found[0] == "'":
        inside = found.strip("'")
        return _fault(
            "D0111",
            "texts stand in double quotes",
            s.found,
            "single quotes mean nothing here",
            f'write `"{inside}"`',
        )
    return _fault(
        "D0112",
        "the text is not closed",
        s.found,
        'no closing `"` on this line',
        'inside a text `\\"` is a quote, so that no text ends in one backslash',
    )


def _foreign_operator(s: Stop) -> Fault | None:
    found, after = s.found, s.around(1)
    ours = _FOREIGN.get(found) if found.type == BAD else None
    if (s.around(-1).type, found.type) == ("LT", "GT"):
        found, after = s.around(-1), found
    pair = _PAIRS.get((found.type, after.type))
    if pair and after.start_pos == found.end_pos:
        if pair == ">=" and "ARROW" in s.accepts:
            pair = "->"
        whole = _fault("D0106", f"`{found}{after}` is no operator", found, hint=f"write `{pair}`")
        return Fault(
            whole.code,
            whole.message,
            At(whole.at.start, whole.at.end + len(after)),
            hint=whole.hint,
        )
    if ours:
        hint = "write `!=`" if found == "!" and after.type == "EQUALS" else f"write `{ours}`"
        return _fault("D0106", f"`{found}` is no operator", found, hint=hint)
    return None


def _upper_case(s: Stop) -> Fault | None:
    found = str(s.found)
    lower = found.lower()
    if s.found.type != "NAME" or lower == found or lower not in spelling().values():
        return None
    return _fault(
        "D0106", f"`{found}` is not a word of the language", s.found, hint=f"write `{lower}`"
    )


def _duration(s: Stop) -> Fault | None:
    found = str(s.found)
    unit = re.fullmatch(r"(\d+)([A-Za-z]+)", found)
    if s.found.type == BAD and unit:
        word = _UNITS.get(unit[2].lower())
        ours = f"{unit[1]}{word}" if word else f"{int(unit[1]) * 7}d" if unit[2] == "w" else ""
        hint = "units are `ms`, `s`, `m`, `h` and `d`"
        return _fault(
            "D0110",
            f"`{found}` is no duration",
            s.found,
            f"`{unit[2]}` is not a unit",
            f"write `{ours}`" if ours else hint,
        )
    if s.found.type == "NUMBER" and "DURATION" in s.accepts and "NUMBER" not in s.accepts:
        word = _UNITS.get(s.around(1).lower(), "") or str(s.around(1))
        guess = f"{found}{word}" if word in {"ms", "s", "m", "h", "d"} else f"{found}m"
        return _fault(
            "D0110", f"`{found}` has no unit", s.found, "a duration stands here", f"write `{guess}`"
        )
    return None


def _equals(s: Stop) -> Fault | None:
    """One of the four signs `=`, `==`, `:=`, `:` where another belongs."""
    wrong = s.found.type
    if wrong not in {"EQUALS", "EQ", "BIND", "COLON"}:
        return None
    sign = str(s.found)
    name = s.around(-1)
    if "BIND" in s.accepts:
        message = f"a column is computed with `:=`, not `{sign}`"
        return _fault("D0103", message, s.found, hint=f"write `{name} := …`")
    if "COLON" in s.accepts:
        where = f"`{s.verb}` is followed by" if s.verb in {"score", "sequence"} else "a role has"
        return _fault("D0103", f"{where} `:`, not `{sign}`", s.found, hint=f"write `{name}: …`")
    if "EQ" in s.accepts and wrong != "COLON":
        message = f"`{sign}` does not compare"
        return _fault("D0102", message, s.found, "`==` compares", "write `==`")
    return None


def _statement_sign(s: Stop) -> Fault | None:
    """`name := match …`, `name == match …`, `name match …` where a statement begins."""
    if s.found.type != "NAME" or "HEAD" not in s.accepts or "NAME" in s.accepts:
        return None
    after, name = s.around(1), str(s.found)
    if after.type in {"BIND", "EQ", "COLON"} and spelling().get(s.around(2).type) in VERBS:
        message = f"a relation is named with `=`, not `{after}`"
        return _fault("D0103", message, after, hint=f"write `{name} = {s.around(2)} …`")
    if spelling().get(after.type) in VERBS and (s.index == 0 or s.begins_line(s.found)):
        message = f"`=` is missing before `{after}`"
        return _fault("D0114", message, after, hint=f"write `{name} = {after} …`")
    return None


def _alert_roles(s: Stop) -> Fault | None:
    if s.verb != "alert" or not s.accepts or not s.accepts <= {"AS", "LPAR"}:
        return None
    after = str(s.tokens[s.statement + 1])
    return _fault(
        "D0113",
        f"the roles of the alert are missing before {_shown(s.found)}",
        s.found,
        "`as (` belongs here",
        f"write `alert {after} as (actor: …, source: …, target: …)`",
    )


def _brackets(s: Stop) -> Fault | None:
    found, opens = s.found, s.opens()
    if found.type in {"RPAR", "RBRACE"}:
        if not opens:
            return _fault("D0107", f"`{found}` closes nothing", found, "never opened")
        if _BRACKET[opens[-1].type] != found:
            message = f"`{opens[-1]}` is closed by `{found}`"
            return _fault("D0107", message, found, hint=f"write `{_BRACKET[opens[-1].type]}`")
        return None
    keyword = found.type in {"HEAD", END} or (
        found.type in spelling() and str(found).isalpha() and found.type not in OPERATORS
    )
    if not opens or not keyword or found.type in {"CASE", "TRUE", "FALSE", "NULL"}:
        return None
    if found.type != END and s.fits("NAME", s.around(1).type) and found.type != "HEAD":
        return None
    closing = _BRACKET[opens[-1].type]
    hint = f"add `{closing}` before {_shown(found)}"
    return _fault("D0107", f"`{opens[-1]}` is never closed", opens[-1], "opened here", hint)


def _reserved(s: Stop) -> Fault | None:
    found = str(s.found)
    if found not in reserved():
        return None
    after = s.around(1).type
    names = s.fits("NAME", after) or (after == "EQUALS" and s.fits("HEAD", after))
    if "HEAD" in s.accepts and after in {"BIND", "EQ"}:
        names = True
    if not names:
        return None
    return _fault(
        "D0108",
        f"`{found}` is a word of the language and cannot be a name",
        s.found,
        "reserved",
        f"choose another name, such as `{found}_`",
    )


def _verb(s: Stop) -> Fault | None:
    if "MATCH" not in s.accepts or s.found.type == END:
        return None
    found = str(s.found)
    close = nearest(found, VERBS) or _OTHER_VERBS.get(found.lower())
    name = s.around(-2)
    if s.found.type == "NAME" and not close and s.around(1).type in {"WHERE", "LET"}:
        close = f"match {found}"
    known = "verbs are " + ", ".join(f"`{v}`" for v in VERBS)
    hint = f"did you mean `{name} = {close} …`?" if close else known
    return _fault("D0109", f"`{found}` is not a verb", s.found, f"a verb follows `{name} =`", hint)


def _nameless(s: Stop) -> Fault | None:
    found = str(s.found)
    if found not in VERBS or "HEAD" not in s.accepts:
        return None
    hint = f"write `name = {found} …`"
    return _fault("D0115", "the relation has no name", s.found, "a name and `=` come first", hint)


def _set(s: Stop) -> Fault | None:
    if s.around(-1).type not in {"IN", "HAS_ANY", "HAS_ALL"}:
        return None
    before = str(s.around(-1))
    found = str(s.found)
    if found in {"(", "["}:
        hint = f"write `{before} {{…}}`"
    elif s.found.type in {"STRING", "NUMBER"}:
        hint = f"write `{before} {{{found}}}`"
    else:
        return None
    return _fault("D0117", f"`{before}` needs a set, in braces", s.found, hint=hint)


def _is(s: Stop) -> Fault | None:
    if "NULL" not in s.accepts or "NAME" in s.accepts or s.found.type == END:
        return None
    hint = f"write `== {s.found}`" if s.around(-1).type == "IS" else "write `is not null`"
    return _fault("D0106", "`is` asks for null only", s.found, hint=hint)


def _any_all(s: Stop) -> Fault | None:
    word = s.around(-1)
    if word not in {"any", "all"} or s.found.type not in {"LBRACE", "LISTREF", "PARAM"}:
        return None
    hint = "write `has any {…}` for a list, or `a contains x or a contains y`"
    return _fault("D0106", f"`{word}` follows only `has`", word, hint=hint)


def _after_comma(s: Stop) -> Fault | None:
    if s.around(-1).type != "COMMA" or s.found.type not in {"RPAR", "RBRACE"}:
        return None
    return _fault("D0105", f"nothing stands between `,` and `{s.found}`", s.around(-1))


def _points(s: Stop) -> Fault | None:
    if s.found.type != "NUMBER" or not s.accepts <= {"PLUS", "MINUS"}:
        return None
    hint = f"write `+{s.found}`"
    return _fault("D0114", "points need a sign", s.found, "`+` or `-` belongs here", hint)


def _chain(s: Stop) -> Fault | None:
    comparing = {"EQ", "NE", "LT", "LE", "GT", "GE"}
    if s.found.type not in comparing or "AND" not in s.accepts:
        return None
    hint = "write `a < b and b < c`"
    return _fault("D0118", "comparisons do not chain", s.found, "a second comparison", hint)


def _missing(s: Stop) -> Fault | None:
    """One word or sign put in makes what follows fit."""
    if s.found.type in {BAD, END}:
        return None
    after = s.around(1).type
    after = "NAME" if after in {"HEAD", BAD} else after
    shown = _shown(s.found)
    shape = f"the form is `{SHAPES[s.verb]}`" if s.verb in SHAPES else ""
    for terminal in _MISSED:
        if terminal not in s.accepts or not s.fits(terminal, s.found.type):
            continue
        if after != END and not s.fits(terminal, s.found.type, after):
            continue
        word = spelling()[terminal]
        if terminal == "COMMA":
            return _fault("D0105", f"a comma is missing before {shown}", s.found)
        code = "D0104" if terminal == "BY" else "D0114"
        return _fault(code, f"`{word}` is missing before {shown}", s.found, hint=shape)
    return None


_MISSED: Final = (
    "BY", "OF", "WITH", "ON", "OVER", "WITHIN", "BUCKET", "COMPUTE", "LEARN", "BIND", "COLON",
    "COMMA", "WHERE", "AS", "THEN", "RPAR", "RBRACE", "LPAR", "ARROW", "AND",
)  # fmt: skip


def _shown(token: Token) -> str:
    return "the end of the block" if token.type == END else f"`{token}`"


def _unknown_character(s: Stop) -> Fault | None:
    if s.found.type != BAD:
        return None
    found = str(s.found)
    hints = {
        ";": "statements need no end mark",
        "[": "sets are written `{…}`",
        "]": "sets are written `{…}`",
        "%": "write `like` with `*`, or `matches`",
        "$": "a parameter is written `$name`",
        "@": "a list is written `@name`",
    }
    hint = hints.get(found, "names are made of letters a–z, digits and `_`")
    return _fault("D0118", f"`{found}` has no meaning here", s.found, hint=hint)


def _unexpected(s: Stop) -> Fault:
    wanted = expected(s.accepts)
    shape = f"the form is `{SHAPES[s.verb]}`" if s.verb in SHAPES else ""
    if s.found.type == END:
        return _fault("D0101", f"the block ends where {wanted} is expected", s.found, hint=shape)
    if s.found.type in {"HEAD", "ALERT"} and s.begins_line(s.found):
        before = s.around(-1)
        message = f"the statement ends where {wanted} is expected"
        return _fault("D0101", message, before, f"something is missing after `{before}`", shape)
    message = f"`{s.found}` cannot stand here"
    return _fault("D0101", message, s.found, f"expected {wanted}", shape)


_KNOWN: Final[tuple[Callable[[Stop], Fault | None], ...]] = (
    _quotes, _set, _any_all, _foreign_operator, _duration, _alert_roles, _equals, _statement_sign,
    _nameless, _after_comma, _brackets, _reserved, _verb, _upper_case, _is, _chain, _points,
    _missing, _unknown_character, _unexpected,
)  # fmt: skip
