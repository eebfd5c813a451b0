"""Changes of a certification authority: 4870 certificate revoked, 4882 permissions, 4890 manager
settings, 4891 configuration, 4892 property, 4896 rows deleted, 4899 and 4900 template -> ca_change.

Reference: events 4870 to 4900 of the Windows security auditing documentation (Audit Certification
Services). 4899 and 4900 are written only with EDITF_AUDITCERTTEMPLATELOAD and name nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.pki import CaChange
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_ACTION: Final = {
    4870: "certificate_revoked",
    4882: "security_changed",
    4890: "manager_settings_changed",
    4891: "property_changed",
    4892: "property_changed",
    4896: "rows_deleted",
    4899: "template_changed",
    4900: "template_changed",
}
_DETAIL: Final = {
    4870: ("CertificateSerialNumber", "RevocationReason"),
    4882: ("SecuritySettings",),
    4890: ("EnableRestrictedPermissions", "RestrictedPermissions"),
    4891: ("Node", "Entry", "Value"),
    4892: ("PropertyName", "PropertyValue"),
    4896: ("TableId", "Filter"),
    4899: ("TemplateInternalName", "NewTemplateContent"),
    4900: ("TemplateInternalName", "NewSecurityDescriptor"),
}
"""Data that says what was changed."""
_DETAIL_LIMIT: Final = 4096


def authority_changed(record: Record) -> list[Event]:
    """Who acted: Subject*, where the version has it, else the account the writer ran as."""
    here = identity.host(record.computer)
    who = identity.subject(record) or identity.sid(record.user_sid)
    parts = [record.text(name) for name in _DETAIL[record.event_id]]
    return [
        CaChange(
            ts=record.ts,
            via=record.via,
            dc=here,
            account=who,
            outcome=record.outcome,
            ca=here,
            actor=who,
            action=_ACTION[record.event_id],
            rows=record.number("RowsDeleted") if record.event_id == 4896 else None,
            detail=" ".join(part for part in parts if part)[:_DETAIL_LIMIT] or None,
        )
    ]


EVENTS = {("Security", number): authority_changed for number in _ACTION}
