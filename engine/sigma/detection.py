"""The file of an imported rule: the envelope that keeps what its author said, and the block.

Level and status become severity and confidence; id, author, licence, dates, the original file and
its SHA-256 stand under `origin`. Such a file needs no tests of its own.
"""

from __future__ import annotations

import re
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Final

import yaml

from dsl.format import layout
from dsl.schema.registry import event_types
from engine.sigma.literals import identifier, quoted_for_people
from engine.sigma.values import NETWORK_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.sigma.block import Block
    from engine.sigma.earlier import Earlier
    from engine.sigma.rules import Read

_SEVERITIES: Final = {
    "informational": "informational", "low": "low", "medium": "medium", "high": "high",
    "critical": "high",
}  # fmt: skip
_CONFIDENCES: Final = {
    "stable": 80, "test": 60, "experimental": 40, "deprecated": 20, "unsupported": 10,
}  # fmt: skip
_UNSAID: Final = {"level": "medium", "status": "experimental"}
_TACTICS: Final = (
    "reconnaissance", "resource_development", "initial_access", "execution", "persistence",
    "privilege_escalation", "defense_evasion", "stealth", "defense_impairment", "credential_access", "discovery", "lateral_movement",
    "collection", "command_and_control", "exfiltration", "impact",
)  # fmt: skip
OTHER_TACTIC: Final = "other"
_TECHNIQUE: Final = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?|ta\d{4})", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://[^\s<>\"]+")
_UNTESTED: Final = "imported from Sigma: no test of its own shows what it finds and what it leaves"
_EXPLAIN: Final = (
    "{{ title }}{% if target %}, on {{ target | names }}{% endif %}"
    "{% if actor %}, by {{ actor | names }}{% endif %}: "
    "{{ evidence_count }} event{{ evidence_count | plural }}."
)
_EXPLAIN_GROUP: Final = "{{ title }}: {{ evidence_count }} event{{ evidence_count | plural }}."
NAME_PREFIX: Final = "sigma_"
"""Begin of the names of imported detections."""
_ID_LENGTH: Final = 100
_Dumper: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Ids:
    """Names of detections by the rules' own files, each once; `before` are the files of earlier
    imports, whose names are other rules'.
    """

    def __init__(self, before: Mapping[str, Sequence[Earlier]]) -> None:
        self._before = before
        self._taken: set[str] = set()

    def of(self, read: Read) -> str:
        """The id: the file's name, for several rules in a file the rule's, marked where taken."""
        document = read.document
        assert read.rule is not None  # noqa: S101 - only rules are named
        own = read.rule.name or read.rule.title
        base = document.path.stem if document.count == 1 else f"{document.path.stem}_{own}"
        rule, source = str(document.keys.get("id") or ""), str(document.path)
        known = [*([str(read.rule.id)[:8]] if read.rule.id else []), document.sha256[:8]]
        whole = name = (NAME_PREFIX + (identifier(base) or known[0]))[:_ID_LENGTH].rstrip("_")
        marks = chain(known, map(str, count(document.number)))
        while name in self._taken or not all(
            one.is_of(rule, source) for one in self._before.get(name, ())
        ):
            name = f"{whole}_{next(marks)}"
        self._taken.add(name)
        return name


def folder_of(read: Read) -> str:
    """The tactic of the rule, by its first tag that names one."""
    assert read.rule is not None  # noqa: S101 - only rules have files
    for tag in read.rule.tags:
        tactic = tag.name.replace("-", "_").lower()
        if tag.namespace.lower() == "attack" and tactic in _TACTICS:
            return tactic
    return OTHER_TACTIC


def file_of(read: Read, name: str, block: Block) -> str:
    """The text of the detection's file."""
    laid = layout(block.text)
    return _yaml(_envelope(read, name, block)).replace(
        "detect: DETECT\n", "detect: |\n" + "".join(f"  {row}\n" for row in laid.splitlines()), 1
    )


def list_file(name: str, placeholder: str) -> str:
    """The text of the list that stands for a placeholder."""
    written = quoted_for_people(placeholder)
    return _yaml(
        {
            "list": name,
            "kind": "ip" if name.startswith(NETWORK_PREFIX) else "text",
            "description": f"What `%{written}%` stands for in rules imported from Sigma.",
            "entries": [],
        }
    )


def _yaml(keys: Mapping[str, Any]) -> str:
    text: str = yaml.dump(
        dict(keys), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100,
        default_flow_style=False,
    )  # fmt: skip
    return text


def _envelope(read: Read, name: str, block: Block) -> dict[str, Any]:
    rule = read.rule
    assert rule is not None  # noqa: S101 - only rules have files
    known = {c for e in event_types().values() for c in e.columns}
    evidence = [c for c in block.columns if c in known]
    tactic = folder_of(read)
    links = [r for r in _texts(rule.references) if _LINK.fullmatch(r)]
    others = [r for r in _texts(rule.references) if not _LINK.fullmatch(r)]
    techniques = dict.fromkeys(
        found[1].upper() for t in rule.tags if (found := _TECHNIQUE.fullmatch(str(t)))
    )
    about_hosts = {"target", "actor"} <= set(block.roles)
    description = _text(rule.description) or _text(rule.title) or name
    gaps = [_UNTESTED, *block.notes]
    gaps += [f"the list @{n} is empty until it is filled" for n in block.lists]
    return {
        "atp": 1,
        "id": name,
        "version": 1,
        "title": _text(rule.title) or name,
        "severity": _SEVERITIES[_word(rule.level, "level", _SEVERITIES)],
        "confidence": _CONFIDENCES[_word(rule.status, "status", _CONFIDENCES)],
        "kill_chain": tactic,
        "mitre": list(techniques),
        "description": description + "".join(f"\nSee {o}" for o in others),
        **({"references": links} if links else {}),
        "false_positives": _texts(rule.falsepositives) or ["none that its author names"],
        "known_gaps": gaps,
        "origin": _origin(read),
        "detect": "DETECT",
        "explain": _EXPLAIN if about_hosts else _EXPLAIN_GROUP,
        **({"evidence": evidence} if evidence else {}),
    }


def _origin(read: Read) -> dict[str, Any]:
    rule, document = read.rule, read.document
    assert rule is not None  # noqa: S101 - only rules have files
    said = {
        "format": "sigma",
        "rule": str(document.keys.get("id") or ""),
        "path": str(document.path),
        "sha256": document.sha256,
        "author": _text(rule.author),
        "licence": _text(rule.license),
        "status": _text(document.keys.get("status")),
        "level": _text(document.keys.get("level")),
        "date": _text(document.keys.get("date")),
        "modified": _text(document.keys.get("modified")),
    }
    kept: dict[str, Any] = {k: v for k, v in said.items() if v}
    if document.count > 1:
        kept["document"] = document.number
    if read.filters:
        kept["filters"] = _texts(read.filters)
    return kept


def _word(value: object, key: str, known: Mapping[str, object]) -> str:
    word = str(value).lower() if value is not None else ""
    return word if word in known else _UNSAID[key]


def _text(value: object) -> str:
    """Anything that stands where a text belongs; characters that no file may hold left out."""
    if value is None or isinstance(value, dict | list):
        return ""
    rows = [quoted_for_people(row).rstrip() for row in str(value).splitlines()]
    return "\n".join(rows).strip()


def _texts(values: Iterable[object]) -> list[str]:
    return list(dict.fromkeys(t for v in values or () if (t := _text(v))))
