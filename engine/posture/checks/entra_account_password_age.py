"""Accounts that connect the domain with Entra ID keep their passwords for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.ages import password_age
from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

MOST_DAYS: Final = 90
CHECK: Final = Check(
    title="An account of Entra Connect has an old password",
    severity="high",
    why="The key of AZUREADSSOACC forges tickets for every cloud user; MSOL_… may read all password hashes of the domain.",
    remedy="Roll the key over with `Update-AzureADSSOForest`, change the connector account's password in Entra Connect.",
    product="Rotate password for Microsoft Entra Connect connector account / seamless SSO account",
    mitre=("T1558.002", "T1003.006"),
    needs=("pwdLastSet",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Known by the names that the product gives them."""
    for item in estate.accounts():
        name = item.account.lower()
        days = password_age(estate, item)
        ours = name == "azureadssoacc$" or name.startswith("msol_")
        if ours and days is not None and days > MOST_DAYS:
            yield Finding(item.name, "pwdLastSet", f"{days} days", f"older than {MOST_DAYS} days")
