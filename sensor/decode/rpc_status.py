"""What the return value of an RPC method, or a fault, says; a pure table.

A method returns an NTSTATUS, a Win32 code or an HRESULT (MS-ERREF 2.1-2.3) and a fault carries an
`nca_s_` code of C706 appendix E or a Win32 code. They share one number space well enough.
"""

from __future__ import annotations

from typing import Final

from sensor.decode import ntstatus

_CODES: Final[dict[int, str]] = {
    0: "success",
    5: "denied",  # ERROR_ACCESS_DENIED, and the fault of that name
    50: "error",  # ERROR_NOT_SUPPORTED
    86: "wrong_password",  # ERROR_INVALID_PASSWORD
    0x103: "success",  # ERROR_NO_MORE_ITEMS, STATUS_PENDING
    0x105: "success",  # STATUS_MORE_ENTRIES
    0x107: "success",  # STATUS_SOME_NOT_MAPPED
    234: "success",  # ERROR_MORE_DATA
    1326: "wrong_password",  # ERROR_LOGON_FAILURE
    1327: "restricted",  # ERROR_ACCOUNT_RESTRICTION
    1330: "expired",  # ERROR_PASSWORD_EXPIRED
    1331: "disabled",  # ERROR_ACCOUNT_DISABLED
    1909: "locked",  # ERROR_ACCOUNT_LOCKED_OUT
    8344: "denied",  # ERROR_DS_INSUFF_ACCESS_RIGHTS
    8453: "denied",  # ERROR_DS_DRA_ACCESS_DENIED
    0x1C010014: "denied",  # nca_s_fault_access_denied as C706 numbers it
}
_FACILITY_WIN32: Final = 0x80070000


def outcome_of(code: int) -> str:
    """The word of enums.OUTCOME for a return value or fault code of 32 bits."""
    known = _CODES.get(code)
    if known is not None:
        return known
    if code & 0xFFFF0000 == _FACILITY_WIN32:
        return _CODES.get(code & 0xFFFF, "error")
    return ntstatus.outcome_of(code) if code & 0xC0000000 == 0xC0000000 else "error"
