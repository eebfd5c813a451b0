"""Which language somebody gets, and catalogues as they lie."""

import pytest

from portal.languages import Text, catalogue, chosen, languages, said
from portal.languages.po import read_po

THERE = ("en", "de", "fr")


@pytest.mark.parametrize(
    ("own", "wished", "language"),
    [
        ("", "", "en"),
        ("", "de-DE,de;q=0.9,en;q=0.8", "de"),
        ("", "en-GB,de;q=0.9", "en"),
        ("", "it, fr;q=0.4, de;q=0.5", "de"),
        ("", "de;q=0, en;q=0.1", "en"),
        ("", "de;q=x", "en"),
        ("", "*", "en"),
        ("", "DE", "de"),
        ("en", "de", "en"),
        ("xx", "de", "de"),
        ("../de", "", "en"),
        ("", "x," * 100_000 + "de", "en"),
        ("", "fr,de", "fr"),
    ],
)
def test_the_account_chooses_then_the_browser(own, wished, language):
    assert chosen(own, wished, THERE) == language


def test_languages_are_named_in_themselves():
    assert languages() == {"en": "English", "de": "Deutsch"}


def test_a_text_is_english_until_it_is_read_in_another_language():
    text = Text("there is an account %(name)s already", name="100%")
    assert text == "there is an account 100% already"
    assert said(text, "de") == "es gibt schon ein Konto 100%"
    assert said(text, "en") == text
    assert said("nobody wrote this 100%", "de") == "nobody wrote this 100%"
    assert said(ValueError("x"), "de") == "x"


def test_numbers():
    german = catalogue("de")
    one, many = "%(num)s alert", "%(num)s alerts"
    assert german.ngettext(one, many, 1) == "%(num)s Alarm"
    assert {german.ngettext(one, many, n) for n in (0, 2, 1001)} == {"%(num)s Alarme"}
    assert german.ngettext("a", "b", 2) == "b"


def test_a_catalogue_as_translators_keep_it(tmp_path):
    path = tmp_path / "xx.po"
    path.write_text(
        '# who\nmsgid ""\nmsgstr "Language: xx\\n"\n\n'
        '#: a.html\n#, python-format\nmsgid ""\n"a \\"b\\" "\n"c"\nmsgstr "A\\n"\n"Ä"\n\n'
        'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "eins"\nmsgstr[1] "viele"\n\n'
        'msgid "empty"\nmsgstr ""\n\n#~ msgid "gone"\n#~ msgstr "weg"\n',
        encoding="utf-8",
    )
    assert read_po(path).texts == {'a "b" c': ("A\nÄ",), "one": ("eins", "viele")}


def test_what_is_no_catalogue(tmp_path):
    path = tmp_path / "xx.po"
    path.write_text('msgid "a"\nmsgstr A\n')
    with pytest.raises(ValueError, match=r"xx\.po:2"):
        read_po(path)
