"""What is deleted is lost: the recycle bin is not on (MS-ADTS §3.1.1.9.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

ATTRIBUTE: Final = "msDS-EnabledFeature"
CHECK: Final = Check(
    title="The recycle bin is not on",
    severity="low",
    why="Objects that somebody deletes come back without their memberships, and what they were is lost to an investigation.",
    remedy="`Enable-ADOptionalFeature 'Recycle Bin Feature' …` for the forest.",
    mitre=("T1485",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """The container of partitions names the features of the forest."""
    for item in estate.items:
        if (item.row.class_ or "").lower() == "crossrefcontainer":
            features = item.values(ATTRIBUTE)
            if not any(f.lower().startswith("cn=recycle bin feature,") for f in features):
                yield Finding(
                    item.dn, ATTRIBUTE, "not set", "deleted objects lose their attributes"
                )
