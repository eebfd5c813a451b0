"""Lines say where the block stands, as YAML does, and where it does no more."""

import yaml

from dsl.assist.layout import literal, section

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def test_the_block_is_that_of_yaml(texts):
    for path, text in texts.items():
        wanted = yaml.load(text, Loader=LOADER).get("detect")
        found = literal(text, "detect")
        assert (found.text.rstrip("\n") if found else None) == (wanted and wanted.rstrip("\n")), (
            path
        )


def test_places_go_there_and_back(texts, spray):
    text = texts[spray]
    found = literal(text, "detect")
    for number, line in enumerate(text.split("\n")):
        if "won  = sequence" in line:
            offset = found.offset(number, line.index("sequence"))
            assert found.text[offset:].startswith("sequence by source")
    assert found.offset(0, 0) is None


def test_broken_yaml_keeps_the_block():
    text = "atp: 1\nx: {\ndetect: |\n   a = match auth\n\n   alert a as (x: y)\nexplain: [\n"
    found = literal(text, "detect")
    assert found.text == "a = match auth\n\nalert a as (x: y)"
    assert (found.first, found.indent) == (3, 3)
    assert section(text, "explain") == "explain: [\n"


def test_an_empty_block():
    found = literal("detect: |\n\nexplain: x\n", "detect")
    assert (found.text.strip(), found.indent) == ("", 2)
    assert literal("detect: one line\n", "detect") is None
