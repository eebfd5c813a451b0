"""Directories of a few objects, as checks read them."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from dsl.schema.enums import UAC_FLAG
from engine.entities_rows import DirEntry, DirLink
from engine.posture.estate import Estate
from sensor.map.directory.entry import Entry
from sensor.map.directory.objects import domain_of, object_events

AT = 1_795_345_456_000_000
SID = "S-1-5-21-1-2-3"
HEAD = "DC=corp,DC=test"
CONFIGURATION = f"CN=Configuration,{HEAD}"
_CLASSES = {
    "user": "user", "computer": "computer", "group": "group", "domain": "domainDNS",
    "ou": "organizationalUnit", "policy": "groupPolicyContainer", "trust": "trustedDomain",
    "template": "pKICertificateTemplate", "authority": "pKIEnrollmentService",
    "container": "container", "gmsa": "msDS-GroupManagedServiceAccount",
    "partitions": "crossRefContainer", "oid": "msPKI-Enterprise-Oid", "service": "nTDSService",
}  # fmt: skip
_BITS = {word: bit for bit, word in UAC_FLAG.items()}
_AGO = re.compile(r"-(\d+)d")
BASE = [
    {"domain": "corp", "dn": HEAD, "sid": SID},
    {"group": "Administrators", "sid": "S-1-5-32-544"},
    {"group": "Account Operators", "sid": "S-1-5-32-548"},
    {"group": "Domain Admins", "rid": 512, "in": ["S-1-5-32-544"]},
    {"group": "Domain Controllers", "rid": 516},
    {"user": "root", "rid": 1001, "in": [f"{SID}-512"], "adminCount": "1"},
    {"user": "bob", "rid": 1002, "primaryGroupID": "513"},
    {"computer": "DC1$", "rid": 1000, "flags": ["server_trust_account"], "primaryGroupID": "516", "dNSHostName": "dc1.corp.test"},
]  # fmt: skip


def _value(text):
    ago = _AGO.fullmatch(text)
    if ago is None:
        return text
    then = datetime.fromtimestamp(AT / 1e6, UTC) - timedelta(days=int(ago[1]))
    return str((int(then.timestamp()) + 11_644_473_600) * 10_000_000)


def _row(told):
    told = dict(told)
    kind = next(k for k in _CLASSES if k in told)
    name = told.pop(kind)
    sid = told.pop("sid", None) or (f"{SID}-{told.pop('rid')}" if "rid" in told else None)
    dn = told.pop("dn", None) or f"CN={name},{CONFIGURATION if kind in ('template', 'authority', 'oid') else HEAD}"  # fmt: skip
    told.pop("in", None)
    flags = told.pop("flags", ())
    attributes = {"objectClass": ["top", _CLASSES[kind]], "sAMAccountName": [name]}
    if flags or kind in ("user", "computer", "gmsa"):
        attributes["userAccountControl"] = [str(sum(_BITS[f] for f in flags))]
    if sid:
        attributes["objectSid"] = [sid]
    for attribute, value in told.items():
        attributes[attribute] = [_value(str(v)) for v in (value if isinstance(value, list) else [value])]  # fmt: skip
    made = attributes.get("whenCreated")
    if made:
        when = datetime.fromtimestamp(int(made[0]) / 1e7 - 11_644_473_600, UTC)
        attributes["whenCreated"] = [when.strftime("%Y%m%d%H%M%S.0Z")]
    entry = Entry(str(uuid.uuid5(uuid.NAMESPACE_X500, dn)), dn, attributes)
    event = next(object_events(entry, AT))
    principal = sid and kind in ("user", "computer", "group", "gmsa")
    return DirEntry(
        guid=entry.guid,
        kind=entry.kind,
        key=f"{name.lower()}@corp.test" if principal else None,
        dn=dn,
        class_=entry.object_class,
        sid=sid,
        domain=domain_of(dn),
        deleted=bool(told.get("isDeleted")),
        attributes=event.attributes,
    )


@pytest.fixture
def estate():
    """A directory of a small domain and the objects that are told; one told by the same DN or SID
    takes the place of the domain's own.
    """

    def build(objects=(), *, base=True):
        told = [*(BASE if base else ()), *objects]
        rows = {row.sid or row.dn: row for row in map(_row, told)}
        links = [
            DirLink(group, sid)
            for item in told
            for group in item.get("in", ())
            if (sid := _row(item).sid)
        ]
        links += [DirLink(item["sid"], m) for item in told for m in item.get("member", ()) if "sid" in item]  # fmt: skip
        return Estate(AT, rows.values(), links)

    return build
