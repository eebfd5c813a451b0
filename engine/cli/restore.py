"""restore: verify a backup and put its files into an empty folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from engine.cli import backup, output
from engine.cli.existing import Existing


@click.command()
@click.argument("file", metavar="FILE", type=Existing(folder=False))
@click.option("--to", "folder", metavar="FOLDER", type=click.Path(path_type=Path),
              help="A folder that is empty or not there.")  # fmt: skip
@click.option("--check", is_flag=True, help="Only verify.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: the manifest.")  # fmt: skip
def command(file: Path, folder: Path | None, check: bool, form: str) -> None:
    """Put a backup back: FILE into FOLDER, for `atp-run --store FOLDER/NAME`.

    The instance, if there was one, lies in FOLDER/instance then. Nothing is overwritten, and a
    backup that does not verify is refused.
    """
    from engine.backup import archive  # noqa: PLC0415 - starts fast

    if check == (folder is not None):
        output.fail("a backup is restored or verified", "name a folder with --to, or --check")
    try:
        if folder is None:
            backup.tell(archive.verify(file), file, form)
            return
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            output.fail(f"{folder} is not empty", "nothing is overwritten: name another one")
        part = folder.absolute().with_name(f".{folder.absolute().name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        try:
            manifest = archive.unpack(file, part)
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except archive.BackupError as error:
        output.fail(f"{file}: {error}")
    backup.tell(manifest, file, form)
    if form == "text":
        click.echo(f"restored to {folder}: atp-run --store {folder / manifest.database}")
