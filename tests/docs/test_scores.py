"""The figures of detections/scores.csv are true, and no detection is tested less than it should be."""

import sys

import pytest

from dsl.load import load

LEAST = 0.8
SAMPLE = 3


@pytest.fixture(scope="module")
def scores(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root / "docs"))
        import scores

        yield scores
        sys.modules.pop("scores")


@pytest.fixture(scope="module")
def catalogue(root):
    return load([root / "detections"], root)


def test_no_figure_is_too_low_and_none_is_of_a_rule_that_is_gone(scores, catalogue):
    kept = scores.read()
    assert set(kept) <= set(catalogue.detections)
    low = {s.rule: s for s in kept.values() if s.needed < LEAST * s.clauses}
    assert low == {}


def test_a_figure_is_of_one_text(scores, catalogue):
    rule = "password_spray"
    before = scores.digest(catalogue, rule)
    source = catalogue.relations["auth"].source
    source.text += "# changed"
    assert scores.digest(catalogue, rule) != before
    assert scores.digest(catalogue, "dns_zone_transfer") == scores.digest(
        catalogue, "dns_zone_transfer"
    )
    source.text = source.text.removesuffix("# changed")
    assert scores.digest(catalogue, rule) == before


@pytest.mark.slow
def test_the_rules_that_changed_are_tested_enough_and_a_sample_is_as_was_said(scores, catalogue):
    kept = scores.current(catalogue)
    changed = sorted(set(catalogue.detections) - set(kept))
    sample = sorted(kept.values(), key=lambda s: s.digest)[:SAMPLE]
    found = scores.measure(catalogue, [*changed, *(s.rule for s in sample)])
    assert {s.rule: found[s.rule] for s in sample} == {s.rule: s for s in sample}
    assert {s.rule: s for s in found.values() if s.needed < LEAST * s.clauses} == {}
