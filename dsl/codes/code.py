"""What is known of one diagnostic code, and how its examples become files.

`wrong` and `right` are run by a test: loading (and checking) the wrong one gives the code, the
right one gives no diagnostic at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Frame = Literal["block", "keys", "test", "list", "relation", "files"]

FILE: Final = """\
atp: 1
id: example
version: 1
title: An example
severity: low
confidence: 50
kill_chain: reconnaissance
mitre: [T1087.002]
description: An example.
false_positives: [none known]
known_gaps: [it is an example]
detect: |
  seen = match kerberos_as where outcome == success
  alert seen as (actor: account, source: source)
explain: "{{ actor }} was seen."
tests:
  - name: seen
    given:
      - {kerberos_as: {outcome: success, account: alice}}
    expect: [{actor: alice}]
"""
"""A whole detection, of which examples say what differs."""
_ENDS: Final = "\nexplain: An example.\ntests: []\n"


@dataclass(frozen=True, slots=True)
class Code:
    """A code: its name for people, one paragraph, a wrong and a right example.

    `frame` says what an example is: the lines of a `detect` block, top-level keys of a detection,
    the lines of one test, the file of a list or shared relation, or several files, each after a
    line `# path`.
    """

    code: str
    title: str
    paragraph: str
    wrong: str
    right: str
    frame: Frame = "block"

    def files(self, example: str) -> dict[str, str]:
        """An example as files of a folder of detections: path -> text."""
        match self.frame:
            case "files":
                parts = re.split(r"^# (\S+\.yaml)\n", example, flags=re.MULTILINE)
                return dict(zip(parts[1::2], parts[2::2], strict=True))
            case "list":
                return {"lists/example.yaml": example}
            case "relation":
                return {"relations/example.yaml": example}
            case _:
                return {"discovery/example.yaml": self._detection(example)}

    def _detection(self, example: str) -> str:
        match self.frame:
            case "block":
                # the roles of the block are its own, so that the frame's test and text must go
                return _with_keys(f"detect: |\n{_indented(example, 2)}{_ENDS}")
            case "test":
                return _with_keys(f"tests:\n  - name: example\n{_indented(example, 4)}\n")
            case _:
                return _with_keys(example)


def _indented(example: str, blanks: int) -> str:
    return "\n".join(" " * blanks + line if line else line for line in example.splitlines())


def _with_keys(keys: str) -> str:
    """The model file with some top-level keys replaced or added."""
    chunks = {_key(chunk): chunk for chunk in _chunks(FILE)}
    extra = []
    for chunk in _chunks(keys if keys.endswith("\n") else keys + "\n"):
        if _key(chunk) in chunks and chunks[_key(chunk)] in FILE:
            chunks[_key(chunk)] = chunk
        else:
            extra.append(chunk)
    return "".join([*chunks.values(), *extra])


def _chunks(text: str) -> list[str]:
    return [c for c in re.split(r"^(?=[^\s#-])", text, flags=re.MULTILINE) if c]


def _key(chunk: str) -> str:
    return chunk.partition(":")[0]
