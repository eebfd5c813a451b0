"""What detections are run over: files that are read once, or a stored database.

Either is held ready as a store, so that several sets of detections can be run over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.cli import corpus, output
from engine.cli.period import period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.cli.rules import Loaded
    from engine.directory_file import DirectoryFile
    from engine.geolocation import Geolocation
    from engine.models.at_hand import Models
    from engine.replay import Replayed
    from engine.running import Rule
    from engine.store import Store


@dataclass(frozen=True, slots=True)
class Ground:
    """A filled store. `period`: first and last microsecond that is asked for; `settled`: the
    directory is complete up to there; `damaged`: a file could be used in part only.
    """

    store: Store
    period: tuple[int, int]
    settled: int | None
    damaged: bool = False
    models: Path | None = None
    """Folder of the models that were trained for it; None: they are trained as the days go by."""

    def run(self, loaded: Loaded, rules: Sequence[Rule] | None = None) -> Replayed:
        """The alerts of the period, by these detections or some of them."""
        from engine.hindsight import hindsight  # noqa: PLC0415 - starts fast

        return hindsight(
            self.store,
            loaded.rules if rules is None else rules,
            loaded.compile_detection,
            self.period,
            lists=loaded.rows,
            settled=self.settled,
            models=self.trained(),
        )

    def trained(self) -> Models | None:
        """The models that were trained for it; None: they are trained as they are needed."""
        from engine.models.at_hand import OfFolder  # noqa: PLC0415 - starts fast

        return None if self.models is None else OfFolder(self.models)


def of_database(path: Path, begin: int | None, end: int | None, last: int | None) -> Ground:
    """A database of `atp-run`, read only, as of `end`."""
    from engine import engine_state  # noqa: PLC0415 - starts fast
    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.models.folder import folder_of  # noqa: PLC0415

    store = open_store(path, FOREVER if end is None else end)
    stored = store.span()
    if stored is None:
        output.fail(f"{path} holds no events" + (" of that time" if end is not None else ""))
    settled = engine_state.directory_settled(store.connection)
    folder = folder_of(path)
    models = folder if folder.is_dir() else None
    return Ground(store, period(stored, begin, end, last), settled, models=models)


def of_files(
    files: Sequence[Path],
    directory_path: Path | None,
    loaded: Loaded,
    span: tuple[int | None, int | None, int | None] = (None, None, None),
) -> Ground:
    """Captures and event logs; names in them are resolved once, for all detections."""
    from engine.cli import reading  # noqa: PLC0415 - starts fast
    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.replay import Setting, replay  # noqa: PLC0415
    from engine.time_order import TimeOrder  # noqa: PLC0415

    directory = load_directory(directory_path)
    order = TimeOrder()
    damaged = reading.read(files, order.add)
    setting = Setting(directory=directory, lists=loaded.rows)
    done = replay([], order.events(), loaded.compile_detection, setting).engine
    store = done.store
    stored = store.span() or (0, 0)
    # the end of a recording is the end: what waits for later events is decided
    asked = period(stored, *span) if any(s is not None for s in span) else (0, FOREVER)
    return Ground(store, asked, done.directory_settled, damaged)


def open_store(path: Path, until: int) -> Store:
    """A database, read only; ends the command where that cannot be."""
    import duckdb  # noqa: PLC0415 - starts fast

    from engine.store import Store  # noqa: PLC0415

    try:
        return Store(path, until=until)
    except duckdb.Error as error:
        why = first_line(str(error))
        if "lock" in why:
            output.fail(f"{path} is in use by another process", "stop atp-run, or name a copy")
        output.fail(f"{path} cannot be opened: {why}", "name a database of atp-run")


def load_directory(path: Path | None) -> DirectoryFile | None:
    """The directory file; ends the command where it has errors."""
    from engine.directory_file import read_directory_file  # noqa: PLC0415 - starts fast

    if path is None:
        return None
    directory, diagnostics = read_directory_file(path)
    if corpus.show(diagnostics) or directory is None:
        output.fail(f"the directory file {path} has errors")
    return directory


def load_geolocation(files: Sequence[Path]) -> Geolocation | None:
    """The databases of places; None where none is named. Ends the command where one cannot be read."""
    from engine.geolocation import Geolocation, GeolocationError  # noqa: PLC0415 - starts fast

    try:
        return Geolocation(files) if files else None
    except GeolocationError as error:
        output.fail(str(error), "name databases like GeoLite2-City.mmdb and GeoLite2-ASN.mmdb")


def first_line(text: str) -> str:
    """The first line of what a database says; the rest repeats the statement."""
    return text.strip().partition("\n")[0]
