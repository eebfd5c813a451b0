"""Roles and what each may do: administrator, user and viewer, of people and of API tokens alike.

Each role may do all that the one below it may. Knows no request and no store.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Least first."""

    VIEWER = "viewer"
    USER = "user"
    ADMINISTRATOR = "administrator"

    @property
    def rank(self) -> int:
        """0 is the least."""
        return list(Role).index(self)


class Permission(StrEnum):
    """What is asked before something is done; named by what it allows."""

    READ = "read"
    """Sign in; alerts, entities, events, detections, reports; export and share."""
    DECIDE = "decide"
    """Change alerts, exclusions, tags, scheduled reports, notifications, language."""
    ADMINISTER = "administer"
    """Health, sensors, data sources, accounts, roles, tokens, configuration, audit log."""


_LEAST = {
    Permission.READ: Role.VIEWER,
    Permission.DECIDE: Role.USER,
    Permission.ADMINISTER: Role.ADMINISTRATOR,
}


def allows(role: Role, permission: Permission) -> bool:
    """Whether the role may do that."""
    return role.rank >= _LEAST[permission].rank
