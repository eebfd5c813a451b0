"""D08: what wears out or was left out: expired entries, exclusions of roles, boundaries."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import FILE, Code

_WINDOW: Final = """\
detect: |
  many = window kerberos_as by source over 10m compute n := count() having n >= 3
  alert many as (source: source)
explain: "{{ source }} asked often."
tests:
  - name: three
    given:
      - {every: 4m, for: 3, kerberos_as: {source: ws9}}
    expect: [{source: ws9}]
"""
_LIST: Final = "# lists/{0}.yaml\nlist: {0}\nkind: text\ndescription: An example.\nentries:\n"
_DETECTION: Final = f"# discovery/example.yaml\n{FILE}"


def _exclusion(entry: str) -> str:
    return f"{_DETECTION}{_LIST.format('example')}  - {entry}\n"


_CODES: Final = (
    Code(
        "D0801", "no boundary twin",
        "Every window, sequence and absence has a length, and a test must stand on the other side "
        "of it: one that sees something else if the length were doubled. `atp test` tries that. "
        "Mostly `extends` and `shift` make the twin in three lines.",
        _WINDOW,
        _WINDOW + "  - name: the third comes too late\n    given:\n"
        "      - {every: 5m, for: 3, kerberos_as: {source: ws9}}\n    expect: []\n",
        "keys",
    ),
    Code(
        "D0802", "an expired entry",
        "The entry does not count any more. Remove it, or let its owner say until when it is "
        "needed.",
        _exclusion("{value: ws1, owner: it, reason: scanner, expires: 2020-01-31}"),
        _exclusion("{value: ws1, owner: it, reason: scanner, expires: 2199-01-31}"),
        "files",
    ),
    Code(
        "D0803", "roles that no alert has",
        "An entry with `roles` stands in the list named as a detection's id, and names roles of its "
        "alerts.",
        _exclusion("{roles: {sources: ws1}, owner: it, reason: scanner}"),
        _exclusion("{roles: {source: ws1}, owner: it, reason: scanner}"),
        "files",
    ),
)  # fmt: skip
CODES: Final = {code.code: code for code in _CODES}
