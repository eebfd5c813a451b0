"""The registrable part of a DNS name, and what stands before it.

Without a public-suffix file: the last two labels, or three where the last is a country code and the
one before it is a label that registries use for their second level (`co.uk`, `com.au`).
"""

from __future__ import annotations

from typing import Final

_SECOND_LEVEL: Final = frozenset({
    "ac", "co", "com", "edu", "go", "gob", "gov", "govt", "gv", "id", "ltd", "mil", "ne", "net",
    "nom", "or", "org", "plc", "sch",
})  # fmt: skip


def _labels(name: str) -> list[str]:
    return [label for label in name.lower().rstrip(".").split(".") if label]


def _kept(labels: list[str]) -> int:
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return 3 if country else 2


def registered_domain(name: str) -> str | None:
    """The registrable part, lower case; null of a name with fewer labels."""
    labels = _labels(name)
    kept = _kept(labels)
    return ".".join(labels[-kept:]) if len(labels) >= kept else None


def subdomain(name: str) -> str:
    """What stands before the registrable part, lower case; empty where nothing does."""
    labels = _labels(name)
    return ".".join(labels[: -_kept(labels)])
