"""Signs, brackets, quotes and numbers that people get wrong: one function a mistake.

Each returns the fault where the parser stopped, or None where it is not its mistake.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.faults import Fault
from dsl.scan import BAD, END
from dsl.syntax import At
from dsl.words import OPERATORS, VERBS, shown, spelling

if TYPE_CHECKING:
    from dsl.scan import Stop

_UNITS: Final = {
    "min": "m", "mins": "m", "minute": "m", "minutes": "m", "sec": "s", "secs": "s",
    "second": "s", "seconds": "s", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d",
    "days": "d", "msec": "ms", "millis": "ms",
}  # fmt: skip
_FOREIGN: Final = {"&&": "and", "||": "or", "!": "not", "^": "or"}
_PAIRS: Final = {
    ("LT", "GT"): "!=", ("EQUALS", "TILDE"): "matches", ("EQ", "EQUALS"): "==",
    ("EQUALS", "GT"): ">=", ("EQUALS", "LT"): "<=", ("EQUALS", "EQ"): "==",
}  # fmt: skip
_BRACKET: Final = {"LPAR": ")", "LBRACE": "}"}


def quotes(s: Stop) -> Fault | None:
    found = str(s.found)
    if s.found.type != BAD or found[0] not in "'\"":
        return None
    if found[0] == "'":
        inside = found.strip("'")
        return s.fault(
            "D0111",
            "texts stand in double quotes",
            s.found,
            "single quotes mean nothing here",
            f'write `"{inside}"`',
        )
    return s.fault(
        "D0112",
        "the text is not closed",
        s.found,
        'no closing `"` on this line',
        'inside a text `\\"` is a quote; raw text may end in a backslash: `r"C:\\"`',
    )


def foreign_operator(s: Stop) -> Fault | None:
    found, after = s.found, s.around(1)
    ours = _FOREIGN.get(found) if found.type == BAD else None
    if (s.around(-1).type, found.type) == ("LT", "GT"):
        found, after = s.around(-1), found
    pair = _PAIRS.get((found.type, after.type))
    if pair and after.start_pos == found.end_pos:
        if pair == ">=" and "ARROW" in s.accepts:
            pair = "->"
        whole = s.fault("D0106", f"`{found}{after}` is no operator", found, hint=f"write `{pair}`")
        return Fault(
            whole.code,
            whole.message,
            At(whole.at.start, whole.at.end + len(after)),
            hint=whole.hint,
        )
    if ours:
        hint = "write `!=`" if found == "!" and after.type == "EQUALS" else f"write `{ours}`"
        return s.fault("D0106", f"`{found}` is no operator", found, hint=hint)
    return None


def duration(s: Stop) -> Fault | None:
    found = str(s.found)
    unit = re.fullmatch(r"(\d+)([A-Za-z]+)", found)
    if s.found.type == BAD and unit:
        word = _UNITS.get(unit[2].lower())
        ours = f"{unit[1]}{word}" if word else f"{int(unit[1]) * 7}d" if unit[2] == "w" else ""
        hint = "units are `ms`, `s`, `m`, `h` and `d`"
        return s.fault(
            "D0110",
            f"`{found}` is no duration",
            s.found,
            f"`{unit[2]}` is not a unit",
            f"write `{ours}`" if ours else hint,
        )
    if s.found.type == "NUMBER" and "DURATION" in s.accepts and "NUMBER" not in s.accepts:
        word = _UNITS.get(s.around(1).lower(), "") or str(s.around(1))
        guess = f"{found}{word}" if word in {"ms", "s", "m", "h", "d"} else f"{found}m"
        return s.fault(
            "D0110", f"`{found}` has no unit", s.found, "a duration stands here", f"write `{guess}`"
        )
    return None


def equals(s: Stop) -> Fault | None:
    """One of the four signs `=`, `==`, `:=`, `:` where another belongs."""
    wrong = s.found.type
    if wrong not in {"EQUALS", "EQ", "BIND", "COLON"}:
        return None
    sign = str(s.found)
    name = s.around(-1)
    if "BIND" in s.accepts:
        message = f"a column is computed with `:=`, not `{sign}`"
        return s.fault("D0103", message, s.found, hint=f"write `{name} := …`")
    if "COLON" in s.accepts:
        where = f"`{s.verb}` is followed by" if s.verb in {"score", "sequence"} else "a role has"
        return s.fault("D0103", f"{where} `:`, not `{sign}`", s.found, hint=f"write `{name}: …`")
    if "EQ" in s.accepts and wrong != "COLON":
        message = f"`{sign}` does not compare"
        return s.fault("D0102", message, s.found, "`==` compares", "write `==`")
    return None


def statement_sign(s: Stop) -> Fault | None:
    """`name := match …`, `name == match …`, `name match …` where a statement begins."""
    if s.found.type != "NAME" or "HEAD" not in s.accepts or "NAME" in s.accepts:
        return None
    after, name = s.around(1), str(s.found)
    if after.type in {"BIND", "EQ", "COLON"} and spelling().get(s.around(2).type) in VERBS:
        message = f"a relation is named with `=`, not `{after}`"
        return s.fault("D0103", message, after, hint=f"write `{name} = {s.around(2)} …`")
    if spelling().get(after.type) in VERBS and (s.index == 0 or s.begins_line(s.found)):
        message = f"`=` is missing before `{after}`"
        return s.fault("D0114", message, after, hint=f"write `{name} = {after} …`")
    return None


def points(s: Stop) -> Fault | None:
    if s.found.type != "NUMBER" or not s.accepts <= {"PLUS", "MINUS"}:
        return None
    hint = f"write `+{s.found}`"
    return s.fault("D0114", "points need a sign", s.found, "`+` or `-` belongs here", hint)


def any_all(s: Stop) -> Fault | None:
    word = s.around(-1)
    if word not in {"any", "all"} or s.found.type not in {"LBRACE", "LISTREF", "PARAM"}:
        return None
    hint = "write `has any {…}` for a list, `contains any {…}` for a text, `in {…}` for a value"
    return s.fault("D0106", f"`{word}` follows only `has` and text operators", word, hint=hint)


def after_comma(s: Stop) -> Fault | None:
    if s.around(-1).type != "COMMA" or s.found.type not in {"RPAR", "RBRACE"}:
        return None
    return s.fault("D0105", f"nothing stands between `,` and `{s.found}`", s.around(-1))


def set_braces(s: Stop) -> Fault | None:
    if s.around(-1).type not in {"IN", "HAS_ANY", "HAS_ALL", "TEXT_ANY", "TEXT_ALL"}:
        return None
    before = str(s.around(-1))
    found = str(s.found)
    if found in {"(", "["}:
        hint = f"write `{before} {{…}}`"
    elif s.found.type in {"STRING", "NUMBER"}:
        hint = f"write `{before} {{{found}}}`"
    else:
        return None
    return s.fault("D0117", f"`{before}` needs a set, in braces", s.found, hint=hint)


def is_null_only(s: Stop) -> Fault | None:
    if "NULL" not in s.accepts or "NAME" in s.accepts or s.found.type == END:
        return None
    hint = f"write `== {s.found}`" if s.around(-1).type == "IS" else "write `is not null`"
    return s.fault("D0106", "`is` asks for null only", s.found, hint=hint)


def chain(s: Stop) -> Fault | None:
    comparing = {"EQ", "NE", "LT", "LE", "GT", "GE"}
    if s.found.type not in comparing or "AND" not in s.accepts:
        return None
    hint = "write `a < b and b < c`"
    return s.fault("D0118", "comparisons do not chain", s.found, "a second comparison", hint)


def unknown_character(s: Stop) -> Fault | None:
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
    return s.fault("D0118", f"`{found}` has no meaning here", s.found, hint=hint)


def brackets(s: Stop) -> Fault | None:
    found, opens = s.found, s.opens()
    if found.type in {"RPAR", "RBRACE"}:
        if not opens:
            return s.fault("D0107", f"`{found}` closes nothing", found, "never opened")
        if _BRACKET[opens[-1].type] != found:
            message = f"`{opens[-1]}` is closed by `{found}`"
            return s.fault("D0107", message, found, hint=f"write `{_BRACKET[opens[-1].type]}`")
        return None
    keyword = found.type in {"HEAD", END} or (
        found.type in spelling() and str(found).isalpha() and found.type not in OPERATORS
    )
    if not opens or not keyword or found.type in {"CASE", "TRUE", "FALSE", "NULL"}:
        return None
    if found.type != END and s.fits("NAME", s.around(1).type) and found.type != "HEAD":
        return None
    closing = _BRACKET[opens[-1].type]
    hint = f"add `{closing}` before {shown(found)}"
    return s.fault("D0107", f"`{opens[-1]}` is never closed", opens[-1], "opened here", hint)
