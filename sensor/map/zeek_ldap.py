"""What both of Zeek's LDAP logs write: result codes in words, and ports.

Reference: RFC 4511 §4.1.9: `noSuchObject` is `no such object`); MS-ADTS §3.1.1.3 (global catalog).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sensor.map.zeek_row import Row

_GLOBAL_CATALOG: Final = 3268
_CODES: Final[dict[str, int]] = {
    "success": 0, "operationserror": 1, "protocolerror": 2, "timelimitexceeded": 3,
    "sizelimitexceeded": 4, "comparefalse": 5, "comparetrue": 6, "authmethodnotsupported": 7,
    "strongerauthrequired": 8, "referral": 10, "adminlimitexceeded": 11,
    "unavailablecriticalextension": 12, "confidentialityrequired": 13, "saslbindinprogress": 14,
    "nosuchattribute": 16, "undefinedattributetype": 17, "inappropriatematching": 18,
    "constraintviolation": 19, "attributeorvalueexists": 20, "invalidattributesyntax": 21,
    "nosuchobject": 32, "aliasproblem": 33, "invaliddnsyntax": 34, "aliasdereferencingproblem": 36,
    "inappropriateauthentication": 48, "invalidcredentials": 49, "insufficientaccessrights": 50,
    "busy": 51, "unavailable": 52, "unwillingtoperform": 53, "loopdetect": 54,
    "namingviolation": 64, "objectclassviolation": 65, "notallowedonnonleaf": 66,
    "notallowedonrdn": 67, "entryalreadyexists": 68, "objectclassmodsprohibited": 69,
    "affectsmultipledsas": 71, "other": 80,
}  # fmt: skip


def protocol_of(row: Row) -> str:
    """`gc` on the port of the global catalog, else `ldap`."""
    return "gc" if row.number("id.resp_p") == _GLOBAL_CATALOG else "ldap"


def result_code(text: str | None) -> int | None:
    """The code; None where there was no answer, or one without a name."""
    return _CODES.get((text or "").lower().replace(" ", ""))
