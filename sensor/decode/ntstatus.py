"""What an NTSTATUS says about a logon (MS-ERREF 2.3); a pure table, shared by decoders.

Over the wire a server mostly hides why: LOGON_FAILURE stands for a wrong password and for an
unknown user alike (Windows and Samba both send it over SMB), and is counted as `wrong_password`;
whether the name exists is for the directory to say.
"""

from __future__ import annotations

from typing import Final

_OUTCOMES: Final[dict[int, str]] = {
    0x00000000: "success",
    0xC0000016: "continue",  # MORE_PROCESSING_REQUIRED
    0xC000006A: "wrong_password",  # WRONG_PASSWORD
    0xC000006D: "wrong_password",  # LOGON_FAILURE
    0xC0000380: "wrong_password",  # SMARTCARD_WRONG_PIN
    0xC0000064: "no_such_user",  # NO_SUCH_USER
    0xC0000072: "disabled",  # ACCOUNT_DISABLED
    0xC0000234: "locked",  # ACCOUNT_LOCKED_OUT
    0xC0000071: "expired",  # PASSWORD_EXPIRED
    0xC0000193: "expired",  # ACCOUNT_EXPIRED
    0xC0000224: "expired",  # PASSWORD_MUST_CHANGE
    0xC000006E: "restricted",  # ACCOUNT_RESTRICTION
    0xC000006F: "restricted",  # INVALID_LOGON_HOURS
    0xC0000070: "restricted",  # INVALID_WORKSTATION
    0xC000015B: "restricted",  # LOGON_TYPE_NOT_GRANTED
    0xC0000199: "restricted",  # NOLOGON_SERVER_TRUST_ACCOUNT
    0xC000019A: "restricted",  # NOLOGON_INTERDOMAIN_TRUST_ACCOUNT
    0xC0000198: "restricted",  # NOLOGON_WORKSTATION_TRUST_ACCOUNT
    0xC0000413: "restricted",  # AUTHENTICATION_FIREWALL_FAILED
    0xC0000418: "restricted",  # NTLM_BLOCKED
    0xC00002FA: "restricted",  # SMARTCARD_LOGON_REQUIRED
    0xC0000022: "denied",  # ACCESS_DENIED
    0xC0000061: "denied",  # PRIVILEGE_NOT_HELD
}


def outcome_of(status: int) -> str:
    """The word of enums.OUTCOME for a status; `error` for one that says nothing of the logon."""
    known = _OUTCOMES.get(status)
    if known is not None:
        return known
    return "error" if status & 0xC0000000 == 0xC0000000 else "success"
