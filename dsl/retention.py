"""How long events of a type are kept. It knows no store; the engine deletes by it, the checker
refuses a look-back beyond it (design: language.md §4 *Retention*, events.md §2.1).

Small types that answer questions about months are kept 400 days, everything else 30.
"""

from __future__ import annotations

from typing import Final

DAY: Final = 86_400_000_000
"""Microseconds."""

LONG: Final = 400 * DAY
SHORT: Final = 30 * DAY

LONG_KEPT: Final = frozenset({
    "account_change", "group_change", "directory_change", "gpo_change", "certificate_request",
    "ca_change", "vpn_session", "adfs_auth", "adfs_change",
})  # fmt: skip


def retention(event: str) -> int:
    """Microseconds that events of this type are kept."""
    return LONG if event in LONG_KEPT else SHORT
