"""What a Kerberos error means for the account, and the shape of a request (RFC 4120 §7.5.9).

Outcomes: a KDC asks for more (`continue`) when it wants pre-authentication, another round of it,
the same over TCP (RESPONSE_TOO_BIG) or another realm: none of these is a failure. CLIENT_REVOKED
stands for disabled, locked and expired accounts; the NTSTATUS that Windows adds in e-data
(MS-KILE §2.2.1) tells which, without it the account counts as disabled. Errors that concern the
service, the clock, the ticket or the encryption say nothing of the account: `error`. In an AS
exchange BAD_INTEGRITY is how older MIT KDCs refuse a timestamp under the wrong key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.enums import KERBEROS_ERROR
from sensor.decode.kerberos_request import AS_REQ, Request
from sensor.decode.ntstatus import outcome_of

if TYPE_CHECKING:
    from sensor.decode.kerberos_reply import Failure

_OUTCOMES: Final[dict[int, str]] = {
    0: "success",
    1: "expired",  # NAME_EXP
    6: "no_such_user",  # C_PRINCIPAL_UNKNOWN
    12: "restricted",  # POLICY
    13: "denied",  # BADOPTION, what a refused delegation gets
    18: "disabled",  # CLIENT_REVOKED
    20: "denied",  # TGT_REVOKED
    21: "restricted",  # CLIENT_NOTYET
    23: "expired",  # KEY_EXPIRED
    24: "wrong_password",  # PREAUTH_FAILED
    25: "continue",  # PREAUTH_REQUIRED
    52: "continue",  # RESPONSE_TOO_BIG
    62: "denied",  # CLIENT_NOT_TRUSTED
    66: "denied",  # CERTIFICATE_MISMATCH
    68: "continue",  # WRONG_REALM, a referral
    70: "denied",  # CANT_VERIFY_CERTIFICATE
    71: "denied",  # INVALID_CERTIFICATE
    72: "denied",  # REVOKED_CERTIFICATE
    75: "denied",  # CLIENT_NAME_MISMATCH
    90: "continue",  # PREAUTH_EXPIRED
    91: "continue",  # MORE_PREAUTH_DATA_REQUIRED
}
_BAD_INTEGRITY: Final = 31
_BY_STATUS: Final = frozenset({12, 18, 23})
_YEAR_2037: Final = 2_114_380_800_000_000
_YEAR_2100: Final = 4_102_444_800_000_000


def result_word(code: int) -> str:
    """The word of enums.KERBEROS_ERROR, or `error_N`."""
    return KERBEROS_ERROR.get(code) or f"error_{code}"


def outcome(failure: Failure, *, to_as_req: bool) -> str:
    """The word of enums.OUTCOME for a KRB-ERROR."""
    if to_as_req and failure.code == _BAD_INTEGRITY:
        return "wrong_password"
    if failure.code in _BY_STATUS and failure.status is not None:
        word = outcome_of(failure.status)
        if word not in {"success", "error"}:
            return word
    return _OUTCOMES.get(failure.code, "error")


def fingerprint(request: Request) -> str:
    """Recipe v1: what a client's Kerberos library shows of itself, as text.

    `as1` or `tgs1`; `opt` the option bits in order; `et` etypes and `pa` padata types in the order
    sent; `cn` and `sn` name types (`-` if absent); `till` as `none`, `0` (epoch), `2037`
    (a fixed far date), `far` (after 2100) or `near`; `has` the optional fields that are present.
    """
    till = request.till
    if till is None:
        span = "none"
    elif till <= 0:
        span = "0"
    elif till < _YEAR_2037:
        span = "near"
    else:
        span = "2037" if till < _YEAR_2100 else "far"
    present = [
        name
        for name, there in (
            ("from", request.start is not None),
            ("rtime", request.rtime is not None),
            ("addr", request.addresses is not None),
            ("authz", request.authz_data),
            ("tkt", request.evidence is not None),
        )
        if there
    ]
    return ";".join(
        (
            "as1" if request.tag == AS_REQ else "tgs1",
            "opt=" + ",".join(map(str, request.options)),
            "et=" + ",".join(map(str, request.etypes)),
            "pa=" + ",".join(map(str, request.padata)),
            "cn=" + (str(request.cname.kind) if request.cname else "-"),
            "sn=" + (str(request.sname.kind) if request.sname else "-"),
            "till=" + span,
            "has=" + ",".join(present),
        )
    )
