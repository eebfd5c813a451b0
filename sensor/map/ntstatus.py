"""NTSTATUS of a logon -> the common outcome. Pure table. Reference: MS-ERREF §2.3.1, event 4776 and
4625 (Status, SubStatus) of the Windows security auditing documentation.
"""

from __future__ import annotations

from typing import Final

OUTCOME: Final[dict[int, str]] = {
    0x00000000: "success",
    0xC000006A: "wrong_password",
    0xC000006D: "wrong_password",  # LOGON_FAILURE: bad name or password, not said which
    0xC0000380: "wrong_password",  # SMARTCARD_WRONG_PIN
    0xC0000064: "no_such_user",
    0xC0000072: "disabled",
    0xC0000234: "locked",
    0xC0000071: "expired",
    0xC0000193: "expired",
    0xC0000224: "expired",  # PASSWORD_MUST_CHANGE
    0xC000006E: "restricted",  # ACCOUNT_RESTRICTION
    0xC000006F: "restricted",  # INVALID_LOGON_HOURS
    0xC0000070: "restricted",  # INVALID_WORKSTATION
    0xC000015B: "restricted",  # LOGON_TYPE_NOT_GRANTED
    0xC0000198: "restricted",  # NOLOGON_WORKSTATION_TRUST_ACCOUNT
    0xC0000199: "restricted",  # NOLOGON_SERVER_TRUST_ACCOUNT
    0xC000019A: "restricted",  # NOLOGON_INTERDOMAIN_TRUST_ACCOUNT
    0xC0000413: "restricted",  # AUTHENTICATION_FIREWALL_FAILED
    0xC0000418: "restricted",  # NTLM_BLOCKED
    0xC00002FA: "restricted",  # SMARTCARD_LOGON_REQUIRED
    0xC0000022: "denied",
    0xC0000061: "denied",  # PRIVILEGE_NOT_HELD
}


def outcome(status: int | None, sub_status: int | None = None) -> str | None:
    """The outcome of a status; SubStatus, where set, says why and wins. None without a status."""
    code = sub_status or status
    if code is None:
        return None
    return OUTCOME.get(code & 0xFFFFFFFF, "error")
