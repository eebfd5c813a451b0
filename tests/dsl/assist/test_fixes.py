"""A replacement that a hint names takes its fault away, wherever codes show one."""

from pathlib import Path

import pytest

from dsl.assist.project import Project
from dsl.assist.rename import Edit, applied
from dsl.faults import replacement

FRAME = """\
atp: 1
id: example
version: 1
title: An example
severity: medium
confidence: 50
kill_chain: reconnaissance
mitre: [T1087]
description: An example.
false_positives: [none]
known_gaps: [none]
detect: |
{block}
explain: An example.
"""
PATH = Path("/x/detections/discovery/example.yaml")
BLOCKS = [
    "a = match kerberos_tgs where etypee == rc4_hmac\nalert a as (source: source)",
    "a = match kerberos_tgs where etype == rc4_hmca\nalert a as (source: source)",
    "a = match kerberos_tsg\nalert a as (source: source)",
    "a = match kerberos_tgs where is_dcc(source)\nalert a as (source: source)",
    "a = match kerberos_tgs where account.tgas has sensitive\nalert a as (source: source)",
    "a = match kerberos_tgs\nb = match kerberos_as\nc = sequence by account within 1h: a then b\nalert c as (source: s4u)",
    "a = match kerberos_tgs\nalert aa as (source: source)",
]  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS)
def test_the_replacement_mends_the_fault(block, texts):
    text = FRAME.format(block="".join(f"  {line}\n" for line in block.split("\n")).rstrip())
    found = Project({PATH: text}, texts).diagnostics(PATH)
    wrong = next(d for d in found if replacement(d.hint))
    mended = applied(text, [Edit(wrong.span, replacement(wrong.hint))])
    assert mended != text
    after = Project({PATH: mended}, texts).diagnostics(PATH)
    assert (wrong.code, wrong.span.line) not in [(d.code, d.span.line) for d in after]


def test_hints_that_say_more_are_no_replacements():
    assert replacement("did you mean `etype`?") == "etype"
    assert replacement("it belongs to a step: write `a.x` or `b.x`") is None
    assert replacement("write `==`") is None
    assert replacement("") is None
