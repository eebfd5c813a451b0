"""Renaming: whatever the shipped rules define can be renamed, and means the same then."""

import pytest

from dsl.assist.project import Project
from dsl.assist.rename import RefusedError, applied, occurrence_at, occurrences_of, renamed

NEW = "something_else"


def defined(project, path):
    """One place of each definition of a file."""
    seen = set()
    for found in project.occurrences(path):
        if found.defines and not found.symbols & seen:
            seen |= found.symbols
            yield found


def test_what_a_rule_defines_can_be_renamed_and_back(project, texts, spray):
    sorts = set()
    for found in defined(project, spray):
        of_sort = {s.sort for s in found.symbols}
        if of_sort <= sorts:
            continue
        sorts |= of_sort
        done = renamed(project, found.symbols, NEW)
        own = {p: applied(t, done.edits.get(p, ())) for p, t in texts.items()}
        after = Project(own)
        assert not [d for d in after.diagnostics(spray) if d.severity == "error"]
        place = found.span
        (back,) = [
            o
            for o in after.occurrences(spray)
            if (o.span.line, o.span.column) == (place.line, place.column)
        ]
        names = {next(iter(found.symbols)).name}
        undone = renamed(after, back.symbols, names.pop())
        assert {p: applied(t, undone.edits.get(p, ())) for p, t in own.items()} == texts
    assert sorts == {"relation", "column", "param", "role"}


@pytest.mark.slow
def test_so_in_every_rule(project, texts):
    """All but columns that a union makes one with a column of an event type, and what would leave
    the rule with an error.
    """
    done, refused = 0, []
    for path in texts:
        for found in defined(project, path):
            if path.parent.name in ("lists", "relations"):
                continue
            try:
                made = renamed(project, found.symbols, NEW)
            except RefusedError as error:
                refused.append(str(error))
            else:
                done += 1
                assert path in made.edits
    known = ("` is a column of `", " would be wrong: ")
    assert all(any(k in why for k in known) for why in refused), refused
    assert done > 20 * len(refused) > 0


def test_a_shared_column_is_renamed_in_all_rules(project, texts):
    (path,) = [p for p in texts if p.stem == "directory_search"]
    line = next(i for i, row in enumerate(texts[path].split("\n"), 1) if "tool := case" in row)
    column = texts[path].split("\n")[line - 1].index("tool") + 1
    found = occurrence_at(project, path, line, column)
    done = renamed(project, found.symbols, "sought")
    assert {p.stem for p in done.edits} >= {"directory_search", "ldap_reconnaissance"}
    assert not done.moves


def test_columns_that_a_union_makes_one_go_together(project, spray):
    users = next(
        o for o in project.occurrences(spray)
        if o.defines and {s.name for s in o.symbols} == {"users"} and {s.sort for s in o.symbols} == {"column"}
    )  # fmt: skip
    found = occurrences_of(project, users.symbols)[spray]
    assert sum(o.defines for o in found) == 2


@pytest.mark.parametrize("new", ["where", "a b", "", "1x", "names", "Min"])
def test_names_that_cannot_be(project, spray, new):
    sort = "param" if new == "Min" else "column"
    found = next(
        o for o in project.occurrences(spray)
        if o.defines and {s.sort for s in o.symbols} == {sort} and {s.name for s in o.symbols} <= {"users", "min_fast"}
    )  # fmt: skip
    with pytest.raises(RefusedError):
        renamed(project, found.symbols, new)


def test_a_name_that_would_hide_another():
    from pathlib import Path

    text = (
        "atp: 1\nid: r\ntitle: t\ndescription: d\ndetect: |\n"
        "  a = match auth let k := source\n  r = match a where source is not null and k is not null\n"
    )
    path = Path("/x/detections/relations/r.yaml")
    shared = Path("/x/detections/relations/auth.yaml")
    auth = "atp: 1\nid: auth\ntitle: t\ndescription: d\ndetect: |\n  auth = union kerberos_as, ntlm_auth\n"
    project = Project({path: text, shared: auth})
    found = next(o for o in project.occurrences(path) if {s.name for s in o.symbols} == {"k"})
    with pytest.raises(RefusedError, match="something else"):
        renamed(project, found.symbols, "source")


def test_what_a_profile_learnt_before_a_test_is_renamed_with_it(project, texts):
    (path,) = [p for p in texts if p.stem == "suspicious_vpn"]
    before = texts[path]
    for name in ("usual", "countries"):
        found = next(
            o for o in project.occurrences(path)
            if o.defines and {s.name for s in o.symbols} == {name}
        )  # fmt: skip
        after = applied(before, renamed(project, found.symbols, NEW).edits[path])
        assert f"{name}:" in before
        assert f"{name}:" not in after
        assert f"{NEW}:" in after


def test_a_key_of_a_profile_is_renamed_in_the_tests(project, texts):
    (path,) = [p for p in texts if p.stem == "suspicious_vpn"]
    text = texts[path].replace("detect: |\n", "detect: |\n  unread = match vpn_session let who := account\n"
        "  lone = profile of unread by who bucket 1d over 30d learn n := count()\n")  # fmt: skip
    text = text.replace(
        "    profile:\n", "    profile:\n      lone: [{key: {who: alice}, n: 1}]\n", 1
    )
    changed = Project({**texts, path: text})
    found = next(
        o for o in changed.occurrences(path) if o.defines and {s.name for s in o.symbols} == {"who"}
    )
    after = applied(text, renamed(changed, found.symbols, NEW).edits[path])
    assert f"lone: [{{key: {{{NEW}: alice}}, n: 1}}]" in after
