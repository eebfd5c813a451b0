"""`--sync`: directories that are synchronised, each in a thread of its own.

Passwords are read while the process still may read them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output
from engine.printable import printable
from sensor.inputs.directory.place import Account, Place, is_place, place_of, read_password

if TYPE_CHECKING:
    from engine.daemon.inputs import Ground, Telling
    from engine.daemon.synchronizing import Synchronizing
    from engine.directory_file import SyncEntry
    from sensor.inputs.directory.forest import Forest
    from sensor.inputs.directory.source import Source, Synchronisation

PASSWORD: Final = "ATP_SYNC_PASSWORD"  # noqa: S105 - the name of a variable
OPTIONS: Final = (
    click.Option(
        ["--sync", "synchronised"],
        multiple=True,
        metavar="SERVER|FILE",
        help="Synchronise with a domain controller, `ldaps://dc1.corp.test`, or with those under "
        "`sync` in a directory file. May be given again.",
    ),
    click.Option(
        ["--sync-user"],
        metavar="NAME",
        help="Who asks the domain controllers: `atp@corp.test`; reading suffices.",
    ),
    click.Option(
        ["--sync-password-file"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"Its password; default: the variable {PASSWORD}.",
    ),
    click.Option(
        ["--sync-keytab"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Its keys: bind by Kerberos instead of by password.",
    ),
    click.Option(
        ["--sync-forest"],
        is_flag=True,
        help="Synchronise the other domains of each forest, too, by the same accounts.",
    ),
    click.Option(
        ["--sync-ca"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="PEM file of the certificates to trust there, instead of the system's.",
    ),
)


class _Directory(NamedTuple):
    source: Source
    forest: bool = False
    besides: tuple[str, ...] = ()
    """Domains that are named themselves."""

    @property
    def words(self) -> str:
        return self.source.sensor

    @property
    def tells(self) -> Telling:
        return "directory"

    def start(self, ground: Ground) -> Forest | Synchronisation | Synchronizing:
        from engine.daemon.synchronizing import Synchronizing  # noqa: PLC0415 - starts fast

        if ground.tenure is None:
            return self._begin(ground, None)
        place = self.source.places[0]
        return Synchronizing(
            self.source.sensor, (place.domain or place.host).lower(), ground.tenure,
            lambda token: self._begin(ground, token), travels=ground.travels,
        )  # fmt: skip

    def _begin(self, ground: Ground, token: int | None) -> Forest | Synchronisation:
        from sensor.inputs.directory.forest import Forest  # noqa: PLC0415 - starts fast
        from sensor.inputs.directory.mirror import Mirror  # noqa: PLC0415
        from sensor.inputs.directory.source import Synchronisation  # noqa: PLC0415 - needs ldap3

        def begin(source: Source) -> Synchronisation:
            last = ground.last(source.sensor)
            mirror = Mirror(ground.mirror, source.sensor, last)
            if token is not None:
                mirror.hold(token)
            return Synchronisation(source, mirror)

        return Forest(self.source, begin, self.besides) if self.forest else begin(self.source)


def opened(
    synchronised: tuple[str, ...],
    sync_user: str | None,
    sync_password_file: Path | None,
    sync_keytab: Path | None,
    sync_forest: bool,
    sync_ca: Path | None,
) -> list[_Directory]:
    """Directories to synchronise: servers of one domain are one. Ends the command with the reason
    where something is missing.
    """
    if not synchronised:
        return []
    try:
        import ldap3  # noqa: F401, PLC0415 - optional
    except ImportError:
        output.fail("to synchronise a directory, ldap3 is needed", "`pip install 'atp[directory]'`")
    from sensor.inputs.directory.source import Source  # noqa: PLC0415 - needs ldap3

    entries = [e for text in synchronised if not is_place(text) for e in _entries(Path(text))]
    told = [(sync_user, sync_password_file, sync_keytab)]
    told += [(e.user, e.password_file, e.keytab) for e in entries]
    accounts = [_account(user, *keys) for user, *keys in told if user is not None]
    if not accounts:
        output.fail("the directory needs an account", "name it with --sync-user")
    by_domain: dict[str, list[Place]] = {}
    for text in synchronised:
        if is_place(text):
            place = _place(text)
            by_domain.setdefault(place.domain or place.host, []).append(place)
    trusted = _readable(sync_ca)
    found = [Source(tuple(places), tuple(accounts), trusted) for places in by_domain.values()]
    for entry in entries:
        own = tuple(a for a in accounts if a.user == entry.user) or tuple(accounts)
        places = tuple(map(_place, entry.servers))
        found.append(Source(places, own, _readable(entry.ca) or trusted))
    named = tuple(source.places[0].domain for source in found)
    return [_Directory(source, sync_forest, named) for source in found]


def _entries(path: Path) -> tuple[SyncEntry, ...]:
    from engine.cli.existing import Existing  # noqa: PLC0415
    from engine.cli.ground import load_directory  # noqa: PLC0415 - starts fast

    declared = load_directory(Existing(folder=False).convert(path, None, None))
    entries = declared.sync if declared is not None else ()
    if not entries:
        output.fail(f"{path} names no directory under `sync`", "or name a server: `ldaps://…`")
    return entries


def _place(text: str) -> Place:
    try:
        return place_of(text)
    except ValueError as error:
        output.fail(printable(str(error)), "as in `--sync ldaps://dc1.corp.test`")


def _account(user: str, password_file: Path | None, keytab: Path | None) -> Account:
    if keytab is not None:
        return _by_kerberos(user, _readable(keytab, "the keytab of an account") or keytab)
    if password_file is None:
        password = os.environ.get(PASSWORD, "")
        if not password:
            hint = f"--sync-password-file FILE, or the variable {PASSWORD}"
            output.fail(f"the password of `{printable(user)}` is not told", hint)
        return Account(user, password)
    try:
        return Account(user, read_password(password_file))
    except OSError as error:
        output.fail(f"{password_file}: {output.reason(error)}")
    except ValueError as error:
        output.fail(str(error))


def _by_kerberos(user: str, keytab: Path) -> Account:
    if "@" not in user:
        output.fail(f"`{printable(user)}` is no principal", "as in `--sync-user atp@corp.test`")
    try:
        import gssapi  # noqa: F401, PLC0415 - optional
    except (ImportError, OSError):  # OSError: the package is there, Kerberos of the system is not
        output.fail("to bind by Kerberos, gssapi is needed", "`pip install 'atp[gssapi]'`")
    return Account(user, keytab=keytab)


def _readable(
    path: Path | None, what: str = "PEM file of the certificates to trust"
) -> Path | None:
    if path is not None and not os.access(path, os.R_OK):
        output.fail(f"{path} cannot be read", what)
    return path
