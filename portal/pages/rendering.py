"""Templates to pages. Every value is hostile until it is escaped here; templates are our own.

Names of accounts, hosts and services come from attackers: `name` shows one so that no sign of it is
invisible or turns the direction of the rest. Texts pass through gettext (`_`), words of the engine
through `words`, texts from Python through `said`: into the language of who reads.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from engine.printable import printable, printable_lines
from portal.access.roles import Permission, allows
from portal.languages import USUAL, catalogue, languages, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.pages.view import Asked

HERE: Final = Path(__file__).parent.parent
STATIC: Final = HERE / "static"
_DAYS: Final = {"de": "%d.%m.%Y"}
"""How a day is written where it is not as in ISO 8601; `portal.js` knows the same."""


def render(
    template: str, values: Mapping[str, object], asked: Asked | None, language: str = USUAL
) -> str:
    """A page. `asked` None: nobody is known yet, and the language is `language`."""
    person = asked.person if asked is not None else None
    told = {
        "person": person,
        "csrf": person.csrf if person is not None else "",
        "path": asked.path if asked is not None else "",
        "partial": asked is not None and asked.partial,
        "may_decide": person is not None and allows(person.role, Permission.DECIDE),
        "may_administer": person is not None and allows(person.role, Permission.ADMINISTER),
    }
    words = _environment(language if asked is None else asked.language)
    return words.get_template(template).render({**told, **values})


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = catalogue(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        words.gettext, words.ngettext, newstyle=True
    )
    environment.filters |= {
        "name": name,
        "prose": prose,
        "when": partial(when, language=language),
        "phase": partial(phase, language=language),
        "words": partial(words_of, language=language),
        "said": partial(said, language=language),
        "attack": attack,
        "json": json_text,
        "query": query,
        "lines": lines,
        "number": number,
        "kind": kind_of,
        "parties": parties,
        "span": span,
    }
    environment.globals |= {"asset": asset, "language": language, "languages": languages()}
    return environment


@cache
def asset(path: str) -> str:
    """The address of a file of ours; another content has another address."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?{digest}"


def name(value: object) -> Markup:
    """A name from the network, on one line, every sign visible, by itself in direction."""
    return Markup("<bdi>{}</bdi>").format(printable("" if value is None else str(value)))


def prose(value: object) -> Markup:
    """A sentence that holds names from the network, as `name`."""
    return Markup('<bdi class="prose">{}</bdi>').format(printable(str(value)))


def lines(value: object) -> str:
    """A text of several lines, every sign visible."""
    return printable_lines(str(value))


def when(value: object, form: str = "full", *, language: str = USUAL) -> Markup:
    """A time (ISO text or microseconds) in UTC; the page shows it in the viewer's zone as well."""
    if value is None:
        return Markup("–")
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
    else:
        at = datetime.fromtimestamp(int(str(value)) / 1_000_000, UTC)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    day = _DAYS.get(language, "%Y-%m-%d")
    shown = {
        "full": f"{day} %H:%M:%S", "time": "%H:%M:%S", "day": day, "minute": f"{day} %H:%M",
    }[form]  # fmt: skip
    return Markup(
        '<time datetime="{}" data-form="{}">{}<span class="utc"> UTC</span></time>'
    ).format(stamp, form, at.strftime(shown))


def phase(value: object, *, language: str = USUAL) -> str:
    """A phase of the kill chain in words."""
    found = words_of(value, language=language)
    return found[:1].upper() + found[1:]


def words_of(value: object, *, language: str = USUAL) -> str:
    """A word of ours with blanks, or what it is in the language."""
    return catalogue(language).gettext(str(value).replace("_", " "))


def attack(value: object) -> Markup:
    """A technique of ATT&CK, as its id."""
    text = str(value)
    return Markup('<span class="technique">{}</span>').format(text)


def json_text(value: object) -> str:
    """For attributes that scripts read; escaped as any other text."""
    return msgspec.json.encode(value).decode()


def query(values: Mapping[str, object]) -> Markup:
    """The query part of an address; what is empty is left out."""
    kept = {k: v for k, v in values.items() if v not in (None, "", [], ())}
    return escape("?" + urlencode(kept, doseq=True) if kept else "")


def number(value: object) -> str:
    """A number with thin blanks between thousands, of a fraction two digits."""
    if isinstance(value, float):
        value = int(value) if value == int(value) else round(value, 2)
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else str(value)


def span(seconds: float) -> str:
    """A length of time, roughly."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def kind_of(value: object) -> str:
    """What an identity of the engine is: `user`, `computer`, `address` (see decision 0007)."""
    text = str(value)
    if text.startswith("ip:"):
        return "address"
    return "user" if "@" in text and not text.startswith("name:") else "computer"


def parties(alert: Mapping[str, object]) -> list[tuple[str, str]]:
    """(role, name) of who takes part in an alert, at most two of a role."""
    found = []
    for role in ("actor", "source", "target"):
        value = alert[role]
        names = value if isinstance(value, list) else [value]
        found += [(role, str(n)) for n in names[:2] if n is not None]
    return found
