"""Words of signing in through OpenID Connect: what is set, who came back, why nobody did.

Needs no library; what speaks with the provider (`access.provider`) does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from portal.access.roles import Role  # noqa: TC001 - msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Mapping

BACK: Final = "/sign-in/back"
"""Where the provider sends people; with the portal's address before it, as it is registered there."""


class OidcError(Exception):
    """Nobody was signed in. `why`: a word (`state`, `provider`, `token`, `roles`); the text is for
    the audit log, unless it is `idle`: nobody's sign-in, or told a moment ago. Strangers could fill
    the log with these.
    """

    def __init__(self, why: str, text: str, *, idle: bool = False) -> None:
        super().__init__(text)
        self.why = why
        self.idle = idle


class Settings(msgspec.Struct, frozen=True):
    """A provider. `label`: its name on the button; `portal`: our address as browsers see it;
    `claim`: where the ID token lists groups; `roles`: groups to roles.
    """

    label: str
    issuer: str
    client: str
    secret: str
    portal: str
    scopes: tuple[str, ...]
    claim: str
    name_claim: str
    roles: Mapping[str, Role]

    def __repr__(self) -> str:
        return f"Settings({self.issuer!r}, {self.client!r})"  # nowhere with the secret


class Identity(msgspec.Struct, frozen=True):
    """Somebody as the provider knows them: `subject` is theirs for ever, `name` is not."""

    issuer: str
    subject: str
    name: str
    role: Role | None
