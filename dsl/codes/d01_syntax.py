"""D01: a `detect` block that cannot be read."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_ALERT: Final = "\nalert t as (actor: account)"


def _code(code: str, title: str, paragraph: str, wrong: str, right: str) -> Code:
    return Code(code, title, paragraph, wrong + _ALERT, right + _ALERT)


_CODES: Final = (
    _code(
        "D0101", "unexpected word",
        "A word or sign stands where the language wants something else. The diagnostic says what "
        "could stand there and shows the form of the statement.",
        "t = window kerberos_as by source compute n := count()",
        "t = window kerberos_as by source over 10m compute n := count()",
    ),
    _code(
        "D0102", "`=` in a comparison",
        "One `=` names a relation; values are compared with `==`.",
        "t = match kerberos_as where etype = rc4_hmac",
        "t = match kerberos_as where etype == rc4_hmac",
    ),
    _code(
        "D0103", "wrong sign after a name",
        "A relation is named with `=`, a computed column with `:=`, a role with `:`.",
        "t = window kerberos_as by account over 10m compute n = count()",
        "t = window kerberos_as by account over 10m compute n := count()",
    ),
    _code(
        "D0104", "`by` is missing",
        "Windows, profiles, models, sequences and absences name their keys after `by`.",
        "t = window kerberos_as account over 10m compute n := count()",
        "t = window kerberos_as by account over 10m compute n := count()",
    ),
    _code(
        "D0105", "a comma is missing or stray",
        "Columns, keys, roles and the members of a set are separated by commas; none stands at the "
        "end.",
        "t = window kerberos_as by account over 10m compute n := count() hosts := set(source)",
        "t = window kerberos_as by account over 10m compute n := count(), hosts := set(source)",
    ),
    _code(
        "D0106", "an operator of another language",
        "The language spells its operators `and`, `or`, `not`, `==`, `!=`, `matches`, `is null`, in "
        "small letters. `any` and `all` follow `has` only.",
        "t = match kerberos_as where outcome == success && fast",
        "t = match kerberos_as where outcome == success and fast",
    ),
    _code(
        "D0107", "unbalanced bracket",
        "Every `(` has its `)` and every `{` its `}` within the statement.",
        "t = match kerberos_as where (fast or etype == rc4_hmac",
        "t = match kerberos_as where (fast or etype == rc4_hmac)",
    ),
    _code(
        "D0108", "a word of the language as a name",
        "Words of the language are reserved, so that a block never changes its meaning by what "
        "stands before it. After a dot every word is free.",
        "then = match kerberos_as\nt = match then",
        "next = match kerberos_as\nt = match next",
    ),
    _code(
        "D0109", "unknown verb",
        "A statement is `name = verb …`. The verbs are match, union, window, sequence, absence, "
        "join, profile, model and score.",
        "t = filter kerberos_as where fast",
        "t = match kerberos_as where fast",
    ),
    _code(
        "D0110", "a duration without a known unit",
        "Durations carry a unit: `ms`, `s`, `m`, `h` or `d`; `1h30m` is one too.",
        "t = window kerberos_as by account over 10 compute n := count()",
        "t = window kerberos_as by account over 10m compute n := count()",
    ),
    _code(
        "D0111", "single quotes",
        "Texts stand in double quotes. A backslash is an ordinary character, so that regular "
        "expressions need no doubling.",
        "t = match kerberos_as where account_name == 'krbtgt'",
        't = match kerberos_as where account_name == "krbtgt"',
    ),
    _code(
        "D0112", "a text is not closed",
        'A text ends on its line. Inside it `\\"` is a quote; backslashes pair from the left, so a '
        "text cannot end in a single one: match a regular expression instead.",
        't = match kerberos_as where account_name == "krbtgt',
        't = match kerberos_as where account_name == "krbtgt"',
    ),
    Code(
        "D0113", "an alert without roles",
        "An alert names its roles in `as (role: value, …)`: they are what people see, what "
        "exceptions and `dedup` refer to.",
        "t = match kerberos_as\nalert t severity high",
        "t = match kerberos_as\nalert t as (actor: account) severity high",
    ),
    _code(
        "D0114", "a word is missing",
        "One word or sign put in would make the statement readable; the diagnostic says which.",
        "t = match kerberos_as outcome == success",
        "t = match kerberos_as where outcome == success",
    ),
    _code(
        "D0115", "a relation without a name",
        "Every statement but `alert` names its relation, so that others can read it.",
        "match kerberos_as where fast\nt = match kerberos_as",
        "t = match kerberos_as where fast",
    ),
    Code(
        "D0116", "an empty block",
        "A block has at least one statement.",
        "# nothing yet",
        "t = match kerberos_as" + _ALERT,
    ),
    _code(
        "D0117", "a set without braces",
        "`in`, `has any` and `has all` take a set in braces, a `@list`, a `$parameter` or a column "
        "that holds a list.",
        "t = match kerberos_as where etype in (rc4_hmac, rc4_hmac_exp)",
        "t = match kerberos_as where etype in {rc4_hmac, rc4_hmac_exp}",
    ),
    _code(
        "D0118", "a sign without meaning",
        "The sign does not belong to the language, or a comparison follows a comparison.",
        "t = match kerberos_as where fast;",
        "t = match kerberos_as where fast",
    ),
    Code(
        "D0119", "a clause twice",
        "Severity, confidence, when, except and dedup stand at most once in an alert.",
        "t = match kerberos_as\nalert t as (actor: account) when fast when outcome == success",
        "t = match kerberos_as\nalert t as (actor: account) when fast and outcome == success",
    ),
    _code(
        "D0120", "comparison with null",
        "Null equals nothing, not even null, so the condition would never be true.",
        "t = match kerberos_as where etype == null",
        "t = match kerberos_as where etype is null",
    ),
    Code(
        "D0121", "a `not` step at the edge",
        "A step with `not` says what did not happen between its two neighbours; what did not happen "
        "at the end is an `absence`. It has no count.",
        "a = match kerberos_as\nb = match kerberos_tgs\n"
        "t = sequence by account within 10m: a then not b\nalert t as (actor: account)",
        "a = match kerberos_as\nb = match kerberos_tgs\n"
        "t = absence of b following a by account within 10m\nalert t as (actor: account)",
    ),
    _code(
        "D0122", "nested too deeply",
        "An expression nests at most about a hundred levels; long alternatives are a set.",
        "t = match kerberos_as where name_type == " + "(" * 110 + "1" + ")" * 110,
        "t = match kerberos_as where name_type == (1)",
    ),
)  # fmt: skip
CODES: Final = {code.code: code for code in _CODES}
