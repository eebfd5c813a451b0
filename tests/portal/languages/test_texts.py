"""Every text of the portal stands in every language; `docs/texts.py --write` adds what is missing, empty."""

import ast
import sys
from pathlib import Path

import pytest

from portal.languages import HERE

ROOT = Path(__file__).parents[3]
FILES = sorted(HERE.glob("*.po"))


@pytest.fixture(scope="module")
def texts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs"))
        import texts

        yield texts
        sys.modules.pop("texts")


@pytest.fixture(scope="module")
def wanted(texts):
    return texts.template()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_text_is_there(texts, wanted, path):
    assert texts.faults(path.read_text(encoding="utf-8"), wanted) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_catalogue_lies_as_the_script_writes_it(texts, wanted, path):
    text = path.read_text(encoding="utf-8")
    assert texts.brought(text, wanted, path.stem) == text


def test_texts_come_from_templates_python_and_words(wanted):
    assert wanted.get("Suspected attacks") is not None  # a template
    assert wanted.get("A comment has words.") is not None  # Python
    assert wanted.get("false positive") is not None  # a word of the engine
    assert wanted.get("%(num)s alert").id == ("%(num)s alert", "%(num)s alerts")


def test_what_is_wrong_is_named(texts, wanted):
    german = (HERE / "de.po").read_text(encoding="utf-8")
    spoilt = (
        german.replace("Mutmaßliche Angriffe", "")
        .replace("Mit %(provider)s anmelden", "Mit %(providr)s anmelden")
        .replace('"%(num)s Alarme"', '""')
    ) + '\nmsgid "never said"\nmsgstr "nie gesagt"\n'
    found = texts.faults(spoilt, wanted)
    assert "missing: 'Suspected attacks' (portal/templates/timeline.html)" in found
    assert "no page says it any more: 'never said'" in found
    assert any(f.startswith("missing: '%(num)s alert'") for f in found)
    assert any(f.startswith("placeholders differ: 'Sign in with") for f in found)
    assert len(found) == 4
    assert 'msgid "Suspected attacks"\nmsgstr ""\n' in texts.brought(spoilt, wanted, "de")


SAYS = {"HTTPException": 1, "SlipError": 0, "_page": 1}


def _is_plain(node):
    written = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value
    return isinstance(node, ast.JoinedStr) or bool(written)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "portal" / "pages").glob("*.py")), ids=lambda p: p.stem
)
def test_what_a_page_says_can_be_said_in_another_language(path):
    """What is said of a request is a `Text`, or an error's own words."""
    plain = []
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        said = call.args[SAYS[call.func.id] :] if call.func.id in SAYS else []
        said += [k.value for k in call.keywords if k.arg in ("fault", "done", "detail")]
        plain += [ast.unparse(s) for s in said if _is_plain(s)]
    assert plain == []
