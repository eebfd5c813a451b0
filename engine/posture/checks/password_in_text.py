"""Passwords that stand in what everybody reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_TEXTS: Final = ("description", "displayName", "title", "department", "physicalDeliveryOfficeName")
_SAID: Final = re.compile(
    r"(?<![a-z])(?:pass(?:wor[dt]|wd|phrase)?|pwd?|kennwort|passwort|mot de passe|contrase.a)"
    r"\s*(?:[:=]|is\b|ist\b)\s*(?P<secret>\S{4,})",
    re.IGNORECASE,
)
CHECK: Final = Check(
    title="A password stands in a description",
    severity="high",
    why="Every user of the domain reads the attribute.",
    remedy="Change the password, then clear the text.",
    product="Remove discoverable passwords in Active Directory account attributes",
    mitre=("T1552",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Texts of accounts; what looks like the secret is not told."""
    for item in estate.accounts():
        for attribute in _TEXTS:
            text = " ".join(item.values(attribute))
            said = _SAID.search(text)
            if said is not None:
                hidden = text[: said.start("secret")][-60:] + "…"
                yield Finding(item.name, attribute, hidden, "looks like a password")
