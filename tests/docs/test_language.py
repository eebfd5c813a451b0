"""The language reference names everything that the code knows."""

import re
import typing

import pytest

from dsl import given, given_directory, words
from dsl.attributes import ATTRIBUTES
from dsl.check.models import KINDS as MODELS
from dsl.check.models import READS, THRESHOLD
from dsl.codes import all_codes
from dsl.envelope import KEYS
from dsl.functions import AGGREGATES, FUNCTIONS
from dsl.learning import ALWAYS, LEARNED, PEERS, SHARE, SIZE, STATISTICS
from dsl.params import SENSITIVITIES, TYPES
from dsl.schema.base import KindName
from dsl.schema.enums import SEVERITY
from dsl.template import FILTERS, OWN_VARIABLES, TESTS

KINDS = (*typing.get_args(KindName), "float")
SPOKEN = {
    "verb": words.SHAPES,
    "word of the language": sorted({"x", *(w for w in words.spelling().values() if w.isalpha())}),
    "aggregate": AGGREGATES,
    "function of a profile": LEARNED,
    "what a profile tells": (*(f"usual.{w}" for w in ALWAYS), f"{PEERS}.{SIZE}", SHARE, *STATISTICS),
    "what a model tells": (*(f"rare.{w}" for w in READS), THRESHOLD),
    "kind of a model": MODELS,
    "kind": KINDS,
    "key of a file": KEYS,
    "key of a test": (*given._KEYS, "at", "every", "for"),
    "key of an expectation": ("severity", "confidence", "at", "explain~", "count"),
    "head of a directory's entry": given_directory._HEADS,
    "template filter": FILTERS,
    "template test": TESTS,
    "variable of every alert": OWN_VARIABLES,
    "type of a parameter": TYPES,
    "sensitivity": SENSITIVITIES,
    "severity": SEVERITY,
    "attribute": ATTRIBUTES,
    "key of a list": ("list", "kind", "description", "entries", "value", "owner", "reason", "expires"),
}  # fmt: skip


def _told(page):
    """Words in code spans outside of the list of reserved words: where they are explained."""
    prose = [span for row in _rows(page) for span in re.findall(r"`([^`]+)`", row)]
    words = re.findall(r"[\w.]+[~+]?", " ".join(prose))
    # of a dotted name each ending
    return {
        w[i:].lstrip(".") for w in words for i in [0, *(m.end() for m in re.finditer(r"\.", w))]
    }


def _rows(page):
    return [row for row in page.prose.splitlines() if not row.startswith("Reserved:")]


@pytest.mark.parametrize("what", SPOKEN)
def test_everything_is_named(language, what):
    missing = [w for w in SPOKEN[what] if w not in _told(language)]
    assert not missing, f"docs/language.md does not name {what}: {missing}"


def test_every_verb_has_its_part(language):
    headings = {row.split("`")[1] for row in _rows(language) if row.startswith("### `")}
    refused = {
        code.title.removesuffix("s") for code in all_codes().values() if code.code[:3] == "D04"
    }
    assert headings == set(words.SHAPES) - refused


def test_every_operator_stands_in_the_table(language):
    rows = [row for row in _rows(language) if re.match(r"\| `.* \| .* \| `.*` \|$", row)]
    shown = {span for row in rows for span in re.findall(r"`([^`]+)`", row.split(" | ")[0])}
    spelt = words.spelling()
    operators = {spelt[t] for t in words.OPERATORS if t in spelt} | {"has any", "has all", "not in"}
    assert (operators | {"is null", "is not null"}) - {"is"} - shown == set()


def test_every_reserved_word_stands_in_the_list_of_them(language):
    (line,) = [row for row in language.text.splitlines() if row.startswith("Reserved:")]
    assert set(re.findall(r"`(\w+)`", line)) == words.reserved()


def test_functions_and_codes_that_are_named_exist(language):
    called = {m for span in language.spans for m in re.findall(r"\b([a-z_]+)\(", span)}
    known = {*FUNCTIONS, *AGGREGATES, *LEARNED, SHARE, THRESHOLD, "case", "is_"}
    assert called - known == set()
    named = set(re.findall(r"D0\d{3}", language.text))
    assert named - set(all_codes()) == set()
