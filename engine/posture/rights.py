"""Security descriptors in SDDL -> who may do what: the grants that give control of an object.

Only what applies to the object itself is told (entries for children are those of the children),
less what is denied to the same principal. Names of well-known SIDs are spelt out. Reference:
MS-DTYP §2.5.1 (SDDL), §2.4.4 (ACEs), MS-ADTS §5.1.3.2 (rights of the directory).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.decode.security_descriptor import RIGHTS, SID_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACE: Final = re.compile(r"\(([A-Z0x]{1,4});([A-Z]*);([0-9A-Za-z]*);([0-9a-f-]*);([0-9a-f-]*);([^;()]*)[;)]")  # fmt: skip
_OWNER: Final = re.compile(r"^O:([A-Z]{2}|S-1-[0-9-]+?)(?=[GDS]:|$)")
_ALLOWS: Final = frozenset({"A", "OA", "XA", "ZA"})
_DENIES: Final = frozenset({"D", "OD", "XD"})
_SIDS: Final = {word: sid for sid, word in SID_NAMES.items()}
_OF_DOMAIN: Final = {
    "DA": 512, "DU": 513, "DG": 514, "DC": 515, "DD": 516, "CA": 517, "SA": 518, "EA": 519,
    "PA": 520, "CN": 522, "AP": 525, "KA": 526, "EK": 527, "RO": 498, "LA": 500, "LG": 501,
}  # fmt: skip
"""Words that tools write for principals of the domain (MS-DTYP §2.5.1.1)."""
_BITS: Final = {word: bit for bit, word in RIGHTS.items()}
CONTROL: Final = _BITS["CR"]
CREATE_CHILD: Final = _BITS["CC"]
WRITE: Final = _BITS["WP"]
SELF: Final = _BITS["SW"]
WRITE_DAC: Final = _BITS["WD"]
WRITE_OWNER: Final = _BITS["WO"]
ALL: Final = _BITS["GA"]
WRITE_ALL: Final = _BITS["GW"]
_FULL: Final = 0xF01FF
"""What GENERIC_ALL means for an object of the directory."""
NOT_WRITTEN: Final = frozenset({"S-1-3-0", "S-1-3-1", "S-1-3-4", "S-1-5-10"})
"""Creator, owner, self: whoever that is."""

GET_CHANGES_ALL: Final = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"
ENROLL: Final = "0e10c968-78fb-11d2-90d4-00c04f79dc55"
AUTO_ENROLL: Final = "a05b8cc2-17bc-4802-a710-e7c15ab866a2"
RESET_PASSWORD: Final = "00299570-246d-11d0-a768-00aa006e0529"  # noqa: S105 - the name of a right
_TAKING: Final[dict[str, str]] = {
    "bf9679c0-0de6-11d0-a285-00aa003049e2": "member",
    "bc0ac240-79a9-11d0-9020-00c04fc2d4cf": "membership",
    "f3a64788-5306-11d1-a9c5-0000f80367c1": "servicePrincipalName",
    "5b47d60f-6090-40b2-9f37-2a4de88f3063": "msDS-KeyCredentialLink",
    "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79": "msDS-AllowedToActOnBehalfOfOtherIdentity",
    "800d94d7-b7a1-42a1-b14d-7cae1423d07f": "msDS-AllowedToDelegateTo",
    "bf967a68-0de6-11d0-a285-00aa003049e2": "userAccountControl",
    "4c164200-20c0-11d0-a768-00aa006e0529": "account restrictions",
    "00fbf30c-91fe-11d1-aebc-0000f80367c1": "altSecurityIdentities",
    "bf9679a8-0de6-11d0-a285-00aa003049e2": "scriptPath",
    "f30e3bbe-9ff0-11d1-b603-0000f80367c1": "gPLink",
    "f30e3bc1-9ff0-11d1-b603-0000f80367c1": "gPCFileSysPath",
}  # fmt: skip
"""Attributes and property sets that whoever writes takes the object over."""


class Grant(NamedTuple):
    """An entry that allows: to whom (SID), what (bits), of which property, right or class (GUID,
    empty for all).
    """

    sid: str
    mask: int
    what: str

    def allows(self, bit: int, what: str = "") -> bool:
        """Whether it allows this, of all or of this one."""
        return bool(self.mask & bit) and self.what in ("", what)


class Descriptor(NamedTuple):
    """Owner (None where it is not told) and grants."""

    owner: str | None
    grants: tuple[Grant, ...]

    def taking(self) -> Iterator[tuple[str, str]]:
        """(SID, what) of each grant by which somebody takes the object over."""
        for grant in self.grants:
            word = _taken(grant)
            if word is not None and grant.sid not in NOT_WRITTEN:
                yield grant.sid, word


def descriptor(text: str, domain_sid: str | None = None) -> Descriptor:
    """The part that counts of SDDL text; what is no entry is passed over."""
    owner = _OWNER.match(text)
    _, _, dacl = text.partition("D:")
    allowed: list[Grant] = []
    denied: list[Grant] = []
    for kind, flags, rights, what, _, trustee in _ACE.findall(dacl):
        if "IO" in _pairs(flags):
            continue
        grant = Grant(_sid(trustee, domain_sid), _mask(rights), what)
        if kind in _DENIES:
            denied.append(grant)
        elif kind in _ALLOWS:
            left = grant.mask & ~_refused(grant, denied)
            if left:
                allowed.append(grant._replace(mask=left))
    return Descriptor(_sid(owner[1], domain_sid) if owner else None, tuple(allowed))


def _taken(grant: Grant) -> str | None:
    """What somebody takes the object over with; None where the entry does not let them."""
    if not grant.what:
        for bit, word in (
            (ALL, "full control"), (WRITE_DAC, "write DACL"), (WRITE_OWNER, "write owner"),
            (WRITE_ALL, "write all"), (WRITE, "write all properties"),
            (CONTROL, "all extended rights"),
        ):  # fmt: skip
            if grant.mask & bit:
                return "full control" if grant.mask & _FULL == _FULL else word
        return None
    if grant.what == RESET_PASSWORD and grant.mask & CONTROL:
        return "reset password"
    if grant.what in _TAKING and grant.mask & (WRITE | SELF):
        # a validated write of the SPN takes only names that are the computer's own
        checked = not grant.mask & WRITE and _TAKING[grant.what] != "member"
        return None if checked else f"write {_TAKING[grant.what]}"
    return None


def _refused(grant: Grant, denied: list[Grant]) -> int:
    """Bits that entries before it deny to the same principal."""
    bits = 0
    for no in denied:
        if no.sid == grant.sid and no.what in ("", grant.what):
            bits |= no.mask
    return bits


def _mask(text: str) -> int:
    if text[:2].lower() == "0x":
        try:
            mask = int(text, 16)
        except ValueError:
            return 0
    else:
        mask = 0
        for word in _pairs(text):
            mask |= _BITS.get(word, 0)
    return mask | _FULL if mask & ALL else mask


def _pairs(text: str) -> list[str]:
    return [text[i : i + 2] for i in range(0, len(text), 2)]


def _sid(word: str, domain_sid: str | None) -> str:
    if word in _OF_DOMAIN and domain_sid:
        return f"{domain_sid}-{_OF_DOMAIN[word]}"
    return _SIDS.get(word, word)
