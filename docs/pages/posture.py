"""Checks of the directory's posture: what is found, why it matters, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture import assess
from pages.markdown import code, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue
    from engine.posture.finding import Check

_UNSEEN: Final = (
    ("ESC6, ESC8, ESC11 and rights within an authority (the rest of ESC7)", "stand in the registry and web server of the authority's host, not in the directory"),
    ("LDAP signing and channel binding, NTLM version, print spooler", "settings and services of the controllers themselves"),
    ("Passwords in group policies, scripts and files", "lie in SYSVOL"),
    ("Clear text and weak ciphers in use", "are behaviour: `atp replay` and `atp-run` see them"),
    ("Riskiest lateral movement paths, local administrators", "need sessions: `atp paths`"),
    ("Unmonitored controllers", "are a question of coverage: `atp coverage`"),
)  # fmt: skip


def lines(catalogue: Catalogue) -> Iterator[str]:
    """The page."""
    del catalogue
    checks = [(name, assess.load(name)[0]) for name in assess.names()]
    yield "# Posture\n"
    yield "What `atp posture` looks for in a directory. A check that needs an attribute nobody told"
    yield "has no answer, which is said, and does not count as passed."
    yield "\n## Checks and assessments\n"
    yield "Beside each check the assessment of Microsoft Defender for Identity that it stands for."
    rows = ((code(n), c.severity, plain(c.title), plain(c.product)) for n, c in checks)
    yield from table("check", "severity", "finds", "assessment", rows=rows)
    yield "\nNot to be seen in a directory, and so not judged here:"
    yield from table("what", "because it", rows=_UNSEEN)
    for name, check in checks:
        yield from _check(name, check)


def _check(name: str, check: Check) -> Iterator[str]:
    yield f"\n## {name}\n"
    yield f"**{plain(check.title)}** · {check.severity} · {', '.join(check.mitre)}\n"
    yield plain(check.why)
    yield f"\nRemedy: {plain(check.remedy)}"
    if check.needs:
        yield f"\nNeeds {', '.join(map(code, check.needs))}."
