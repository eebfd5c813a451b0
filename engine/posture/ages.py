"""How old passwords are and how long accounts were idle, as checks count it.

`lastLogonTimestamp` is written at most every 14 days (MS-ADA1 §2.351); an account that never logged
on is idle since it was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.posture.estate import Estate
    from engine.posture.item import Item


def password_age(estate: Estate, item: Item) -> int | None:
    """Days since the password was set; None where that is not known or it must be changed now."""
    if item.first("pwdLastSet") == "0":
        return None
    return estate.days(item.since("pwdLastSet"))


def idle(estate: Estate, item: Item) -> int | None:
    """Days since the last logon, else since the account was made; None where neither is known."""
    return estate.days(item.since("lastLogonTimestamp") or item.created)
