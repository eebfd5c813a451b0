"""The file of the provider through which people sign in to the portal (OpenID Connect). YAML:

    label: Corp
    issuer: https://login.corp.test/realms/corp
    client: atp
    secret_file: oidc-secret
    portal: https://atp.corp.test:8443
    claim: groups
    roles:
      administrator: [atp-administrators]
      user: [soc]

`roles` says which groups of the claim are which role; who is in none is refused. `ca`: certificates of the
authority of the provider, where it is no public one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from dsl.diagnostics import Diagnostics
from dsl.record import read_record
from engine.cli import corpus, output
from engine.cli.existing import Existing
from engine.daemon.outputs.secured import context, secret

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from dsl.diagnostics import Diagnostic
    from dsl.record import Record
    from portal.access.oidc import Settings
    from portal.access.provider import Provider
    from portal.access.roles import Role

OPTION: Final = click.Option(
    ["--sign-in", "sign_in_path"],
    metavar="FILE",
    type=Existing(folder=False),
    help="Let people sign in to the portal through a provider of OpenID Connect, which this file names.",
)


def load_provider(path: Path) -> Provider:
    """The provider of a file; ends the command where it has errors, with each in its place."""
    read, found = read_sign_in(path)
    corpus.show(found)
    if read is None:
        output.fail(f"the file of the provider {path} has errors")
    try:
        from portal.access.provider import Provider  # noqa: PLC0415 - `--help` answers at once
    except ModuleNotFoundError as error:
        output.fail(f"--sign-in: {error.name} is not installed", "pip install 'atp[oidc]'")
    return Provider(*read)


def read_sign_in(
    path: Path,
) -> tuple[tuple[Settings, ssl.SSLContext] | None, list[Diagnostic]]:
    """What a file says (None with errors), and what is wrong in it."""
    from portal.access.oidc import Settings  # noqa: PLC0415 - `--help` answers at once

    diagnostics = Diagnostics()
    file = read_record(path, "the file of the provider", diagnostics)
    if file is None:
        return None, diagnostics.items
    issuer, portal = _address(file, "issuer"), _address(file, "portal")
    client, tls = file.text("client", required=True), context(file)
    shared = secret(file, "secret_file", required=True)
    label, claim = file.text("label") or "OpenID Connect", file.text("claim") or "groups"
    name_claim = file.text("name_claim") or "preferred_username"
    scopes, roles = file.texts("scopes"), _roles(file)
    file.finish()
    if None in (issuer, portal, client, shared, tls) or diagnostics.errors:
        return None, diagnostics.items
    assert issuer and portal and client and shared and tls  # noqa: S101, PT018 - just looked at
    settings = Settings(
        label[:60], issuer, client, shared, portal.rstrip("/"), scopes or ("profile",), claim,
        name_claim, roles,
    )  # fmt: skip
    return (settings, tls), diagnostics.items


def _address(file: Record, key: str) -> str | None:
    text = file.text(key, required=True)
    if text is None:
        return None
    try:
        url = urlsplit(text)
        sound = bool(url.scheme == "https" and url.hostname and url.port != 0 and text.isascii())
    except ValueError:
        sound = False
    if not sound or url.username or url.query or url.fragment or not text.isprintable():
        file.add("D0607", f"`{text}` is no address with https", key,
                 hint=f"as in `{key}: https://login.corp.test`")  # fmt: skip
        return None
    return text


def _roles(file: Record) -> dict[str, Role]:
    """Groups to roles; of two roles a group has the greater."""
    from portal.access.roles import Role  # noqa: PLC0415 - `--help` answers at once

    listed = file.record("roles", "`roles`")
    found: dict[str, Role] = {}
    for role in Role:
        groups = () if listed is None else listed.texts(role.value)
        found.update(dict.fromkeys(groups, role))
    if listed is not None:
        listed.finish()
    if not found:
        file.add("D0605", "no group has a role: nobody could sign in",
                 hint="add `roles: {viewer: [GROUP]}`")  # fmt: skip
    return found
