"""Entries written into the text of a list file; what stands there, comments too, stays as it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.tuning.candidates import Entry

_PLAIN: Final = re.compile(r"[A-Za-z][\w.@$/+-]*(?: [\w.@$/+()-]+)*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_HEAD: Final = "list: {name}\nkind: {kind}\ndescription: {description}\nentries:\n"


def entry_lines(entries: Iterable[Entry], owner: str, reason: str, expires: str) -> list[str]:
    """One line of YAML each; `expires` is a day."""
    rest = f"owner: {_scalar(owner)}, reason: {_scalar(reason)}, expires: {expires}"
    lines = []
    for entry in entries:
        if entry.roles:
            roles = ", ".join(f"{role}: {_scalar(value)}" for role, value in entry.roles)
            what = f"roles: {{{roles}}}"
        else:
            what = f"value: {_scalar(entry.value)}"
        lines.append(f"- {{{what}, {rest}}}")
    return lines


def new_list(name: str, kind: str, description: str, lines: Sequence[str]) -> str:
    """The text of a new list file."""
    head = _HEAD.format(name=name, kind=kind, description=_scalar(description))
    return head + "".join(f"  {line}\n" for line in lines)


def with_entries(text: str, lines: Sequence[str]) -> str | None:
    """The text with further entries behind its own; None where `entries` is written in another way
    than a line an entry.
    """
    written = text.splitlines()
    at = next((i for i, line in enumerate(written) if line.startswith("entries:")), None)
    if at is None:
        return None
    rest = written[at].removeprefix("entries:").partition("#")[0].strip()
    if rest == "[]":
        written[at] = "entries:"
        begin, indent = at, "  "
    elif rest:
        return None
    else:
        begin, indent = at, "  "
        for i in range(at + 1, len(written)):
            if item := re.match(r"(\s*)- ", written[i]):
                begin, indent = i, item[1]
            elif written[i].strip() and not written[i].startswith((" ", "#")):
                break
            elif written[i].startswith(" ") and written[i].strip():
                begin = i
    new = [f"{indent}{line}" for line in lines]
    return "\n".join([*written[: begin + 1], *new, *written[begin + 1 :]]) + "\n"


def without_entry(text: str, line: int) -> str | None:
    """The text without the entry that begins on a line (the first is 1); None where `entries` is written in
    another way than an entry a line or a block.
    """
    written = text.splitlines()
    item = re.match(r"(\s*)- ", written[line - 1])
    if item is None:
        return None
    end = line
    while end < len(written) and re.match(rf"{item[1]}\s", written[end]):
        end += 1
    del written[line - 1 : end]
    at = next(i for i, each in enumerate(written) if each.startswith("entries:"))
    if not any(re.match(r"\s*- ", each) for each in written[at + 1 :]):
        written[at] = "entries: []"
    return "\n".join(written) + "\n"


def _scalar(text: str) -> str:
    """A text as a YAML scalar within `{…}`."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
