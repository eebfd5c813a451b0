"""ESC14: certificates that are mapped to an account by what others can choose (MS-PKCA, KB5014754)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_STRONG: Final = re.compile(r"^X509:(<I>.*<SR>|<SKI>|<SHA1-PUKEY>)", re.IGNORECASE)
CHECK: Final = Check(
    title="ESC14: a certificate is mapped weakly",
    severity="medium",
    why="Names and mail addresses can be had in another certificate, which then logs on as this account.",
    remedy="Map by issuer and serial number, subject key identifier or key (X509:<I>…<SR>…, <SKI>, <SHA1-PUKEY>).",
    mitre=("T1649",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Mappings of X.509; those of Kerberos are none of a certificate."""
    for item in estate.accounts():
        for mapping in item.values("altSecurityIdentities"):
            if mapping[:5].upper() == "X509:" and not _STRONG.match(mapping):
                yield Finding(
                    item.name, "altSecurityIdentities", shown(mapping), "by what others can choose"
                )
