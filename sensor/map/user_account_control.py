"""userAccountControl as the SAM counts it (audit records) -> the directory's flags.

4720, 4738, 4741 and 4742 print the SAM's bits (OldUacValue, NewUacValue) and message inserts:
%%2080 + n for bit n set, %%2048 + n for bit n cleared. Pure table. Reference: MS-SAMR §2.2.1.12
(USER_ACCOUNT codes), §3.1.5.14.2 (their userAccountControl bits); event 4738.
"""

from __future__ import annotations

import re
from typing import Final

SAM_BIT: Final[tuple[str | None, ...]] = (
    "accountdisable",
    "homedir_required",
    "passwd_notreqd",
    "temp_duplicate_account",
    "normal_account",
    "mns_logon_account",
    "interdomain_trust_account",
    "workstation_trust_account",
    "server_trust_account",
    "dont_expire_passwd",
    "lockout",
    "reversible_encryption",
    "smartcard_required",
    "trusted_for_delegation",
    "not_delegated",
    "use_des_key_only",
    "dont_req_preauth",
    "password_expired",
    "trusted_to_auth_for_delegation",
    None,  # NO_AUTH_DATA_REQUIRED: no word in the schema
    "partial_secrets_account",
)
_SET: Final = 2080
_CLEARED: Final = 2048
_INSERT: Final = re.compile(r"%%(\d{4})")


def changes(old: int | None, new: int | None, inserts: str | None) -> tuple[list[str], list[str]]:
    """Flags (added, removed) by the two values and by the inserts, in the order of the bits."""
    added: set[int] = set()
    removed: set[int] = set()
    if old is not None and new is not None:
        bits = range(len(SAM_BIT))
        added.update(bit for bit in bits if new & ~old & (1 << bit))
        removed.update(bit for bit in bits if old & ~new & (1 << bit))
    for text in _INSERT.findall(inserts or ""):
        code = int(text)
        if _SET <= code < _SET + len(SAM_BIT):
            added.add(code - _SET)
        elif _CLEARED <= code < _CLEARED + len(SAM_BIT):
            removed.add(code - _CLEARED)
    return _words(added), _words(removed - added)


def _words(bits: set[int]) -> list[str]:
    return [word for bit in sorted(bits) if (word := SAM_BIT[bit]) is not None]
