"""Accounts whose passwords went over the network in clear: LDAP simple binds without TLS (RFC 4513 §5.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.reports import Facts, Row, Sheets

TITLE: Final = "Passwords exposed in clear text"


def sheets(facts: Facts) -> Sheets:
    """`Accounts`: whose password was to be read, the sensitive first; `Binds`: from where to where."""
    binds = facts.clear_passwords()
    accounts: dict[str, Row] = {}
    for bind in binds:
        account = str(bind["account"])
        known = accounts.setdefault(account, {
            "account": account, "sensitive": bind["sensitive"], "sources": 0, "binds": 0,
            "first": bind["first"], "last": bind["last"],
        })  # fmt: skip
        known["binds"] = _number(known["binds"]) + _number(bind["binds"])
        known["first"] = min(_number(known["first"]), _number(bind["first"]))
        known["last"] = max(_number(known["last"]), _number(bind["last"]))
    for account, known in accounts.items():
        known["sources"] = len({b["source"] for b in binds if b["account"] == account})
    shown = sorted(accounts.values(), key=lambda a: (not a["sensitive"], str(a["account"])))
    return {"Accounts": shown, "Binds": binds}


def _number(value: object) -> int:
    return int(str(value))
