"""What editors colour: every word of the language, in the words' own places, and no more."""

import json
import re

import pytest

from dsl import words


@pytest.fixture(scope="module")
def grammar(root):
    text = (root / "editors/vscode/syntaxes/detect.tmLanguage.json").read_text()
    return json.loads(text)["patterns"]


def scope(grammar, word):
    """The scope of a word that stands alone, as the first pattern gives it that matches."""
    for pattern in grammar:
        found = "match" in pattern and re.match(pattern["match"], word)
        if found and found[0] == word:
            return pattern["name"]
    return None


def test_every_word_has_a_colour(grammar):
    spelled = {w for text in words.spelling().values() for w in text.split() if w.isalpha()}
    assert {w for w in spelled if not scope(grammar, w)} == set()
    verbs = {w for w in spelled if scope(grammar, w) == "keyword.control.verb.atp-detect"}
    assert verbs == set(words.SHAPES)
    assert scope(grammar, "account") is None


def test_other_signs(grammar):
    for text, kind in {
        "$least": "variable",
        "@list": "support",
        "10m": "constant.numeric.duration",
        "0x1f": "constant.numeric",
    }.items():
        assert scope(grammar, text).startswith(kind)


def test_the_block_is_found_in_yaml(root):
    injection = json.loads((root / "editors/vscode/syntaxes/injection.tmLanguage.json").read_text())
    (block,) = injection["patterns"]
    assert re.match(block["begin"], "detect: |")
    assert not re.match(block["begin"], "  detect: |")
    assert re.match(block["end"], "explain: |")
    assert not re.match(block["end"], "  a = match auth")


def test_emacs_knows_the_same_words(root):
    text = (root / "editors/emacs/atp.el").read_text()
    told = set(re.findall(r'"([a-z]+)"', text))
    spelled = {w for text in words.spelling().values() for w in text.split() if w.isalpha()}
    assert spelled - told - {"true", "false", "null", "any", "all", "x"} == set()


def test_the_extension_names_files_that_are_there(root):
    folder = root / "editors/vscode"
    package = json.loads((folder / "package.json").read_text())
    named = [package["main"], *(g["path"] for g in package["contributes"]["grammars"])]
    assert all((folder / name).is_file() for name in named)
    assert not (folder / "node_modules").exists()
