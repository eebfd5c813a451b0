"""`--directory`: what is declared of the directory, and domain controllers to synchronise with.

Servers come from the options and from `sync` in the directory file. Passwords are read while the
process still may read them; see `privileges`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output, paths
from engine.cli.ground import load_directory
from engine.printable import printable
from sensor.inputs.directory.place import Account, Place, is_place, place_of, read_password

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.daemon.inputs import Ground
    from engine.daemon.service import Source as DaemonSource
    from engine.directory_file import DirectoryFile
    from sensor.inputs.directory.source import Source

PASSWORD: Final = "ATP_DIRECTORY_PASSWORD"  # noqa: S105 - the name of a variable
_INSTALL: Final = "`pip install 'atp[directory]'`"


OPTIONS: Final = (
    click.Option(
        ["--directory", "directories"],
        multiple=True,
        metavar="FILE|SERVER",
        help="Directory file, and domain controllers to synchronise with: `ldaps://dc1.corp.test`. "
        "May be given again.",
    ),
    click.Option(
        ["--directory-user"],
        metavar="NAME",
        help="Who asks the domain controllers: `atp@corp.test`; reading suffices.",
    ),
    click.Option(
        ["--directory-password-file"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"Its password; default: the variable {PASSWORD}.",
    ),
    click.Option(
        ["--directory-ca"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="PEM file of the certificates to trust there, instead of the system's.",
    ),
)


class Synced(NamedTuple):
    """A directory that will be synchronised."""

    source: Source

    @property
    def words(self) -> str:
        """For people."""
        return self.source.sensor

    def start(self, ground: Ground) -> DaemonSource:
        """What is remembered of it lies beside the database."""
        from sensor.inputs.directory.mirror import Mirror  # noqa: PLC0415 - `--help` answers at once
        from sensor.inputs.directory.source import Synchronisation  # noqa: PLC0415 - needs ldap3

        sensor = self.source.sensor
        mirror = Mirror(remembered(ground.store), sensor, ground.last(sensor))
        return Synchronisation(self.source, mirror)


def declared(directories: Sequence[str]) -> DirectoryFile | None:
    """The directory file that `--directory` names, if it names one."""
    files = [text for text in directories if not is_place(text)]
    if len(files) > 1:
        output.fail("there are two directory files", "one file may name several domains")
    existing = paths.Existing(folder=False)
    return load_directory(existing.convert(files[0], None, None)) if files else None


def opened(
    directories: tuple[str, ...],
    directory_user: str | None,
    directory_password_file: Path | None,
    directory_ca: Path | None,
    declared: DirectoryFile | None,
) -> list[Synced]:
    """All that are named; nobody is asked yet."""
    servers = [text for text in directories if is_place(text)]
    found = _sources(servers, directory_user, directory_password_file, directory_ca, declared)
    return [Synced(source) for source in found]


def _sources(
    servers: Sequence[str],
    user: str | None,
    password_file: Path | None,
    authority: Path | None,
    declared: DirectoryFile | None,
) -> list[Source]:
    """Directories to synchronise: servers of one domain are one. Ends the command with the reason
    where something is missing.
    """
    entries = declared.sync if declared is not None else ()
    if not servers and not entries:
        return []
    try:
        import ldap3  # noqa: F401, PLC0415 - optional
    except ImportError:
        output.fail("to synchronise a directory, ldap3 is needed", _INSTALL)
    from sensor.inputs.directory.source import Source  # noqa: PLC0415 - needs ldap3

    accounts = [_account(user, password_file)] if user is not None else []
    found: list[Source] = []
    if servers:
        if not accounts:
            output.fail("the directory needs an account", "name it with --directory-user")
        by_domain: dict[str, list[Place]] = {}
        for text in servers:
            place = _place(text)
            by_domain.setdefault(place.domain or place.host, []).append(place)
        found += [
            Source(tuple(p), tuple(accounts), _readable(authority)) for p in by_domain.values()
        ]
    for entry in entries:
        accounts += [_account(entry.user, entry.password_file)] if entry.user else []
    for entry in entries:
        places = tuple(_place(text) for text in entry.servers)
        if not accounts:
            output.fail(
                f"`sync` of {places[0].name} has no account", "add `user` and `password_file`"
            )
        own = [a for a in accounts if a.user == entry.user]
        trusted = _readable(entry.ca or authority)
        found.append(Source(places, tuple(own or accounts), trusted))
    return found


def remembered(store_path: Path) -> Path:
    """The file of what was read of directories."""
    return store_path.with_name(f"{store_path.name}.directory")


def _place(text: str) -> Place:
    try:
        return place_of(text)
    except ValueError as error:
        output.fail(printable(str(error)), "as in `--directory ldaps://dc1.corp.test`")


def _account(user: str, password_file: Path | None) -> Account:
    if password_file is None:
        password = os.environ.get(PASSWORD, "")
        if not password:
            hint = f"--directory-password-file FILE, or the variable {PASSWORD}"
            output.fail(f"the password of `{printable(user)}` is not told", hint)
        return Account(user, password)
    try:
        return Account(user, read_password(password_file))
    except OSError as error:
        output.fail(f"{password_file}: {output.reason(error)}")
    except ValueError as error:
        output.fail(str(error))


def _readable(path: Path | None) -> Path | None:
    if path is not None and not os.access(path, os.R_OK):
        output.fail(f"{path} cannot be read", "PEM file of the certificates to trust")
    return path
