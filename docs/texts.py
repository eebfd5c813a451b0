"""The texts of the portal and what is missing of them in each language.

    docs/texts.py           list what is missing, what no page says any more, and wrong placeholders
    docs/texts.py --write   bring the catalogues to the texts: new ones empty, in order, old ones gone

Texts are `_()` and `ngettext()` of templates, `Text()` of Python, and the engine's words that pages show.
"""
# ruff: noqa: INP001  # a script beside the pages, not a package

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract  # noqa: F401  # named in _METHODS, by its entry point

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "portal" / "languages"
_METHODS: Final = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_KEYWORDS: Final = {"_": None, "ngettext": (1, 2), "Text": None}
_BLANK: Final = re.compile(r"%\(\w+\)[sd]")


def template() -> Catalog:
    """Every text, with the files where it stands."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from portal.languages.words import words  # noqa: PLC0415 - the root is known now

    made = Catalog(charset="utf-8", fuzzy=False)
    options = {"templates/**.html": {"newstyle_gettext": "true"}}
    found = extract_from_dir(ROOT / "portal", _METHODS, options, _KEYWORDS)
    for file, _, message, _, _ in sorted(found, key=lambda f: (f[0], f[1])):
        made.add(message, locations=[(f"portal/{file}", 1)])
    made.add("English", locations=[("portal/languages/__init__.py", 1)])
    for word in words():
        if word not in made:
            made.add(word, locations=[("portal/languages/words.py", 1)])
    return made


def faults(text: str, wanted: Catalog) -> list[str]:
    """What is wrong with a catalogue: missing, gone, placeholders that differ."""
    kept = read_po(io.StringIO(text))
    found = []
    for message in wanted:
        if not message.id:
            continue
        own = kept.get(_id(message.id))
        said = () if own is None else own.string if isinstance(own.string, tuple) else (own.string,)
        asked = message.id if isinstance(message.id, tuple) else (message.id,)
        if len(said) != len(asked) or not all(said):
            found.append(f"missing: {asked[0]!r} ({message.locations[0][0]})")
        elif any(_blanks(s) != _blanks(asked[-1]) for s in said):
            found.append(f"placeholders differ: {asked[0]!r} and {said[-1]!r}")
    gone = [m.id for m in kept if m.id and wanted.get(_id(m.id)) is None]
    return [*found, *(f"no page says it any more: {_id(g)!r}" for g in gone)]


def brought(text: str, wanted: Catalog, language: str) -> str:
    """A catalogue with the texts that there are now."""
    kept = read_po(io.StringIO(text), locale=language)
    made = Catalog(locale=language, charset="utf-8", fuzzy=False)
    for message in sorted(wanted, key=lambda m: (m.locations[:1], _id(m.id) if m.id else "")):
        if message.id:
            own = kept.get(_id(message.id))
            files = list(dict.fromkeys(f for f, _ in message.locations))[:1]
            said = (
                None
                if own is None or type(own.string) is not type(_empty(message.id))
                else own.string
            )
            made.add(message.id, said or _empty(message.id), locations=[(f, None) for f in files])
    out = io.BytesIO()
    write_po(out, made, width=120, omit_header=True, include_lineno=False)
    return out.getvalue().decode()


def _id(message: str | tuple[str, ...]) -> str:
    return message[0] if isinstance(message, tuple) else message


def _empty(message: str | tuple[str, ...]) -> str | tuple[str, str]:
    return ("", "") if isinstance(message, tuple) else ""


def _blanks(text: str) -> list[str]:
    return sorted(set(_BLANK.findall(text)))


def main() -> int:
    """What the command line asks."""
    wanted, wrong = template(), False
    for path in sorted(FOLDER.glob("*.po")):
        text = path.read_text(encoding="utf-8")
        if "--write" in sys.argv:
            text = brought(text, wanted, path.stem)
            path.write_text(text, encoding="utf-8")
        for fault in faults(text, wanted):
            wrong = True
            print(f"{path.name}: {fault}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
