"""D06: the file around the block: YAML, keys, types, names."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_LIST: Final = "list: example\nkind: host\ndescription: An example.\n"

_CODES: Final = (
    Code(
        "D0601", "not a YAML mapping",
        "The file is not readable as YAML, or is no mapping of keys to values. Of the configuration of "
        "`atp-run`: it is not readable as TOML.",
        "title: Account enumeration: names tried out", 'title: "Account enumeration: names tried out"',
        "keys",
    ),
    Code(
        "D0602", "a character that is not allowed",
        "Files are UTF-8 without control characters and without invisible line breaks.",
        "title: bell \a", "title: bell", "keys",
    ),
    Code(
        "D0603", "a key twice",
        "A key stands once in its mapping; YAML readers would silently take the last.",
        "title: One\ntitle: Two", "title: One", "keys",
    ),
    Code(
        "D0604", "unknown key",
        "The key means nothing here; most often it is misspelt.",
        "falsepositives: [backup servers]", "false_positives: [backup servers]", "keys",
    ),
    Code(
        "D0605", "a key is missing",
        "The key is needed and absent, or has no value.",
        "title:", "title: An example", "keys",
    ),
    Code(
        "D0606", "a value of the wrong type",
        "The value is a number where a text belongs, a text where a list belongs, and so on.",
        "version: one", "version: 1", "keys",
    ),
    Code(
        "D0607", "a value that is not allowed",
        "The value is outside the bounds of the key or not one of its words.",
        "severity: critical", "severity: high", "keys",
    ),
    Code(
        "D0608", "id and file name differ",
        "A detection, relation or list is named as its file, in small letters, digits and `_`.",
        "id: other", "id: example", "keys",
    ),
    Code(
        "D0609", "the block is not literal",
        "`detect` is a literal block (`|`) or one plain line, so that every place in it has a place "
        "in the file.",
        "detect: >\n  t = match kerberos_as\n  alert t as (actor: account)\n",
        "detect: |\n  t = match kerberos_as\n  alert t as (actor: account)\n",
        "keys",
    ),
    Code(
        "D0610", "anchors, aliases and tags",
        "They hide what a file says; write values out.",
        "false_positives: &none [none known]\nrespond: *none",
        "false_positives: [none known]\nrespond: [none known]",
        "keys",
    ),
    Code(
        "D0611", "a faulty parameter",
        "A parameter has a type (int, float, duration, text, bool), a default, one line of help, and "
        "optionally `min`, `max` and values for `high`, `medium` and `low` sensitivity, all of its "
        "type and within its bounds; medium lies between the others.",
        "params:\n  many: {type: int, default: 5, min: 10, help: how many}",
        "params:\n  many: {type: int, default: 50, min: 10, help: how many}",
        "keys",
    ),
    Code(
        "D0613", "not an ATT&CK id",
        "`mitre` holds techniques such as T1110.003 and tactics such as TA0006, each once.",
        "mitre: [T111]", "mitre: [T1110]", "keys",
    ),
    Code(
        "D0614", "no known gaps",
        "Every detection can be evaded; who answers an alert must know how.",
        "known_gaps: []", "known_gaps: [a slow attacker stays below the threshold]", "keys",
    ),
    Code(
        "D0615", "a name twice",
        "Detections, shared relations and lists have names of their own in the whole catalogue.",
        "# lists/example.yaml\n" + _LIST + "entries: []\n"
        "# lists/more/example.yaml\n" + _LIST + "entries: []\n",
        "# lists/example.yaml\n" + _LIST + "entries: []\n",
        "files",
    ),
    Code(
        "D0616", "a shared relation without its name",
        "The block of a shared relation has a statement named as the file; the name is no event type.",
        "atp: 1\nid: example\ntitle: An example\ndescription: An example.\n"
        "detect: |\n  other = match kerberos_as\n",
        "atp: 1\nid: example\ntitle: An example\ndescription: An example.\n"
        "detect: |\n  example = match kerberos_as\n",
        "relation",
    ),
    Code(
        "D0617", "a faulty entry of a list",
        "Entries are different from one another, addresses are addresses, days are days.",
        _LIST + "entries:\n  - {value: ws1, owner: it, reason: scanner, expires: soon}\n",
        _LIST + "entries:\n  - {value: ws1, owner: it, reason: scanner, expires: 2030-01-31}\n",
        "list",
    ),
    Code(
        "D0618", "no alert, or one too many",
        "A detection ends in at least one `alert`; a shared relation has none.",
        "t = match kerberos_as", "t = match kerberos_as\nalert t as (actor: account)",
    ),
    Code(
        "D0620", "a line fell out of the block",
        "A line that is indented less than the lines of a literal block ends the block.",
        "detect: |\n    t = match kerberos_as\n  alert t as (actor: account)\n",
        "detect: |\n    t = match kerberos_as\n    alert t as (actor: account)\n",
        "keys",
    ),
)  # fmt: skip
CODES: Final = {code.code: code for code in _CODES}
