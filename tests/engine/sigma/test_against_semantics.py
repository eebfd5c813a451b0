"""Random rules of Sigma over random records: what DuckDB finds is what the specification says.

`$ATP_EXAMPLES` sets the number of examples (thousands for a hunt); without it some fixed ones.
"""

from __future__ import annotations

import os

import naive_sigma
import yaml
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sigma_events import windows

HUNT = int(os.environ.get("ATP_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=HUNT or 120,
    derandomize=not HUNT,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
FIELDS = ("Image", "CommandLine", "TargetUserName", "Weird Field", "a.b-c", 'q"uo\\te', "Data")
PIECES = (
    "a",
    "B",
    "\\",
    "*",
    "?",
    '"',
    "ä",
    "É",
    " -x",
    "/y",
    "1",
    ".",
    "cmd",
    "\n",
    "#",
    "'",
    "%",
)
words = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
texts = st.lists(
    st.sampled_from(("a", "A", "b", "B", "\\", "*", "?", '"', "Ä", "é", " /x", "–y", "1", ".", "CMD", "\n")), max_size=5
).map("".join)  # fmt: skip
plain = st.text("aB-1", min_size=1, max_size=4)


@st.composite
def items(draw):
    """A key with modifiers, and its value."""
    field = draw(st.sampled_from(FIELDS))
    kind = draw(st.integers(0, 17))
    many = st.lists(words, min_size=1, max_size=4)
    match kind:
        case 0 | 1:
            modifier = draw(st.sampled_from(("", "|contains", "|startswith", "|endswith")))
            return f"{field}{modifier}", draw(st.one_of(words, many))
        case 2 | 3:
            modifier = draw(st.sampled_from(("contains", "startswith", "endswith")))
            return f"{field}|{modifier}|all", draw(many)
        case 4:
            return f"{field}|cased", draw(st.one_of(words, many))
        case 5:
            return f"{field}|contains|cased", draw(words)
        case 6:
            flag = draw(st.sampled_from(("", "|i", "|s", "|m", "|i|s")))
            patterns = ("^a", "B.*1", "[ab]{2,}", "c.d", r"\\", "x|Y$", r"(?i)cmd", 'a"',
                        "^(?!a).*b", "^(?=.*1)(?!.*B)", r"\.(?!.)", "a(?!B1)|(?<!b)B", r"1(?![ab\d])")  # fmt: skip
            pattern = draw(st.sampled_from(patterns))
            return f"{field}|re{flag}", pattern
        case 7:
            return f"{field}|windash|contains", draw(st.sampled_from((" -x", "/y", " -x /y", "-1")))
        case 8:
            return f"{field}|base64offset|contains", draw(plain)
        case 9:
            return f"{field}|wide|base64offset|contains", draw(plain)
        case 10:
            return f"{field}|{draw(st.sampled_from(('lt', 'lte', 'gt', 'gte')))}", draw(
                st.integers(-1, 12)
            )
        case 11:
            return f"{field}|exists", draw(st.booleans())
        case 12:
            return field, draw(st.sampled_from((None, [], 1, 11, True, "", "*", ["a", None])))
        case 13:
            modifier = draw(st.sampled_from(("", "|startswith", "|endswith", "|contains")))
            return f"{field}|fieldref{modifier}", draw(st.sampled_from(FIELDS))
        case 14:
            return f"{field}|neq", draw(st.one_of(words, many))
        case 15:
            return f"{field}|cidr", draw(
                st.sampled_from(
                    ("10.0.0.0/8", "10.1.0.0/16", "fe80::/10", ["1.1.1.1/32", "10.1.2.0/24"])
                )
            )
        case 16:
            return "EventID", draw(st.sampled_from((1, [1, 2], "1", "*", "?", ["2", 3])))
        case _:
            return "EventID|gte", draw(st.integers(0, 4))


@st.composite
def searches(draw):
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return draw(
            st.lists(st.one_of(words.filter(bool), st.integers(0, 12)), min_size=1, max_size=3)
        )
    if kind == 1:
        return [dict([i]) for i in draw(st.lists(items(), min_size=1, max_size=3))]
    if kind == 2:
        return {"|all": draw(st.lists(plain, min_size=1, max_size=3))}
    return dict(draw(st.lists(items(), min_size=1, max_size=3)))


CONDITIONS = (
    "sel_a", "sel_a and sel_b", "sel_a or sel_b and not c", "not (sel_a or sel_b)", "1 of sel_*",
    "all of sel_*", "all of them", "not 1 of them", "c and not all of sel_*", "any of sel_* or c",
    ["sel_a", "sel_b"],
)  # fmt: skip


@st.composite
def detections(draw):
    found = {name: draw(searches()) for name in ("sel_a", "sel_b", "c")}
    return {**found, "condition": draw(st.sampled_from(CONDITIONS))}


@st.composite
def events(draw):
    found = {f: draw(texts) for f in FIELDS if draw(st.integers(0, 3))}
    address = draw(
        st.sampled_from((None, None, "10.1.2.3", "fe80::1", "0x0b", "11", "YWI=", "true"))
    )
    if address is not None:
        found[draw(st.sampled_from(FIELDS))] = address
    return {"EventID": draw(st.integers(1, 3)), "Version": 0, "Channel": "C", **found}


def test_rules_find_what_the_specification_says(imported, put):
    @SETTINGS
    @given(detections(), st.lists(events(), min_size=1, max_size=6))
    def agree(detection, stream):
        rule = {"title": "t", "logsource": {"product": "windows"}, "detection": detection}
        note(yaml.safe_dump(rule))
        found = imported([rule])
        note(found.block().text)
        store = put([windows(e, 1_000_000 * i) for i, e in enumerate(stream, start=1)])
        rows = sorted(i for row in found.rows(store) for i in row.evidence)
        wanted = [i for i, e in enumerate(stream, 1) if naive_sigma.matches(detection, e)]
        assert rows == wanted

    agree()
