"""D05: what people read: the template of `explain`, the table of evidence."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_CODES: Final = (
    Code(
        "D0501", "a template that cannot be read",
        "`explain` is a Jinja template: every `{{`, `{%` and `{% if %}` has its end.",
        'explain: "{{ actor was seen."', 'explain: "{{ actor }} was seen."', "keys",
    ),
    Code(
        "D0502", "unknown variable",
        "A template reads the roles and dedup columns of the detection's alerts, and what every "
        "alert has: first_seen, last_seen, count, evidence_count, severity, confidence, title, "
        "params.",
        'explain: "{{ acter }} was seen."', 'explain: "{{ actor }} was seen."', "keys",
    ),
    Code(
        "D0503", "not available in a template",
        "Filters, tests and statements are a small fixed set, listed in the language reference. "
        "A template calls nothing.",
        'explain: "{{ actor | capitalize }} was seen."', 'explain: "{{ actor | upper }} was seen."',
        "keys",
    ),
    Code(
        "D0504", "a part of a value",
        "Only `params` has parts: the declared parameters. What else is to be shown is a role.",
        'explain: "{{ actor.department }} was seen."', 'explain: "{{ actor }} was seen."', "keys",
    ),
    Code(
        "D0505", "unknown column of evidence",
        "The table of evidence shows columns of the event types that the detection reads.",
        "evidence: [ts, accounts]", "evidence: [ts, account]", "keys",
    ),
    Code(
        "D0506", "reasons that nobody learns",
        "A score says why: its reasons belong into a role, and the role into `explain`.",
        'detect: |\n  s = score kerberos_as: fast -> +10 "armoured"\n'
        "  alert s as (actor: account) when points > 5\n"
        'explain: "{{ actor }} was seen."',
        'detect: |\n  s = score kerberos_as: fast -> +10 "armoured"\n'
        "  alert s as (actor: account, why: reasons) when points > 5\n"
        'explain: "{{ actor }} was seen: {{ why | names }}."',
        "keys",
    ),
)  # fmt: skip
CODES: Final = {c.code: c for c in _CODES}
