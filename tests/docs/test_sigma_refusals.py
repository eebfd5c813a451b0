"""docs/sigma.md names every reason for which the importer of Sigma refuses a rule."""

import ast

import pytest


def written(node):
    """The texts that an expression can be, `…` where something is put in."""
    match node:
        case ast.Constant(value=str(text)) if text:
            return [text]
        case ast.JoinedStr(values=values):
            return ["".join(v.value if isinstance(v, ast.Constant) else "…" for v in values)]
        case ast.IfExp(body=body, orelse=other):
            return written(body) + written(other)
        case ast.BoolOp(values=values):
            return [text for value in values for text in written(value)]
    return []


def reasons_of(tree):
    """What is raised as `RefusedError`, given as `refused=` or put into `.refused`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="RefusedError"), args=[reason]):
                yield from written(reason)
            case ast.keyword(arg="refused", value=reason):
                yield from written(reason)
            case ast.Assign(targets=[ast.Attribute(attr="refused")], value=reason):
                yield from written(reason)


@pytest.fixture
def reasons(root):
    files = sorted((root / "engine" / "sigma").glob("*.py"))
    found = {r for f in files for r in reasons_of(ast.parse(f.read_text(encoding="utf-8")))}
    assert len(found) > 30
    return sorted(found)


def test_every_reason_is_in_the_document(root, reasons):
    page = (root / "docs" / "sigma.md").read_text(encoding="utf-8")
    listed = page.partition("\n## What is refused\n")[2]
    assert [r for r in reasons if r not in listed] == []


def test_every_listed_reason_is_one_of_the_code(root, reasons):
    page = (root / "docs" / "sigma.md").read_text(encoding="utf-8")
    _, _, table = page.partition("\n| reason | what it is, and what helps |\n|---|---|\n")
    rows = table.partition("\n\n")[0].splitlines()
    listed = [reason for row in rows for reason in row.split("|")[1].strip().split("; ")]
    assert sorted(listed) == reasons
