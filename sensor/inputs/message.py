"""The English message of a Windows event -> its EventData by name.

Collectors that forward the message only have lost the names of the values; the labels tell them,
by the section they stand in. Other languages give nothing. Reference: the events' pages under
"Advanced security audit policy settings" (Security), event 7045 (Service Control Manager).
"""

from __future__ import annotations

import re
from typing import Final

from sensor.inputs.wintree import FIELDS_LIMIT, VALUE_LIMIT

_MESSAGE_LIMIT: Final = 65_536
_SUBJECT: Final = {
    "security id": "SubjectUserSid",
    "account name": "SubjectUserName",
    "account domain": "SubjectDomainName",
    "logon id": "SubjectLogonId",
}
_TARGET: Final = {
    "security id": "TargetSid",
    "account name": "TargetUserName",
    "account domain": "TargetDomainName",
    "group name": "TargetUserName",
    "group domain": "TargetDomainName",
    "old account name": "OldTargetUserName",
    "new account name": "NewTargetUserName",
}
_SECTIONS: Final[dict[str, dict[str, str]]] = {
    "subject": _SUBJECT,
    "member": {"security id": "MemberSid", "account name": "MemberName"},
    "group": _TARGET,
    "target account": _TARGET,
    "new account": _TARGET,
    "deleted group": _TARGET,
    "new group": _TARGET,
    "account that was locked out": _TARGET,
    "target computer": _TARGET,
    "computer account that was changed": _TARGET,
    "new computer account": _TARGET,
    "additional information": {"caller computer name": "TargetDomainName", "privileges": "PrivilegeList"},
    "attributes": {"sam account name": "SamAccountName", "display name": "DisplayName"},
}  # fmt: skip
_PLAIN: Final[dict[int, dict[str, str]]] = {
    4776: {
        "authentication package": "PackageName",
        "logon account": "TargetUserName",
        "source workstation": "Workstation",
        "error code": "Status",
    },
    7045: {
        "service name": "ServiceName",
        "service file name": "ImagePath",
        "service type": "ServiceType",
        "service start type": "StartType",
        "service account": "AccountName",
    },
    8004: {
        "secure channel name": "SChannelName",
        "user name": "UserName",
        "domain name": "DomainName",
        "workstation name": "WorkstationName",
        "secure channel type": "SChannelType",
    },
}
"""Labels outside any section, by event."""


_LABELS: Final = frozenset(
    {label for names in (*_SECTIONS.values(), *_PLAIN.values()) for label in names} | {*_SECTIONS}
)
_LABEL: Final = re.compile(
    rf"(?<![\w-])({'|'.join(sorted(map(re.escape, _LABELS), key=len, reverse=True))}):",
    re.IGNORECASE,
)
_END: Final = re.compile(r"[\r\n\t]| {2}")


def fields_of_message(event_id: int, message: str) -> dict[str, str]:
    """Values by the names of EventData; of what is not known nothing. Some collectors write the
    message in one line: a value ends at the next label, a tab, or two blanks.
    """
    names = _PLAIN.get(event_id, {})
    found: dict[str, str] = {}
    labels = list(_LABEL.finditer(message[:_MESSAGE_LIMIT]))[:FIELDS_LIMIT]
    ends = [label.start() for label in labels[1:]] + [len(message)]
    for label, end in zip(labels, ends, strict=False):
        key = label[1].casefold()
        value = _END.split(message[label.end() : end].strip(), 1)[0].strip()
        if key in _SECTIONS and not value:
            names = _SECTIONS[key]
        elif key in names:
            found.setdefault(names[key], value[:VALUE_LIMIT])
    return found
