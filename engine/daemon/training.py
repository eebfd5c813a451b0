"""Training beside the daemon's work: a thread asks what closed days teach, a process trains.

A day is closed when all its events are in and judged. What was trained takes force with the next
day, put there by the thread of the service, which alone knows what has been scored: rows of one
day are scored by one model, and a replay with the same files gives the same alerts.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import duckdb

from engine.models.__main__ import TOO_LITTLE, TRAINED
from engine.models.days import DAY_US, LEAST_DAYS, day_text
from engine.models.files import ModelFileError, read_trained
from engine.models.folder import ModelFolder
from engine.models.training import MISSING, can_train

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.run import Engine
    from engine.running import TrainedModel
    from engine.store import Store

_AGAIN_S: Final = 3_600.0
"""So long after a failure it is tried again."""


class Training:
    """Keeps the models of an engine's rules trained, below a folder; one at a time.

    `complaints`: what goes wrong, by model. `notes`: what was put in force since they were taken.
    """

    def __init__(self, engine: Engine, root: Path) -> None:
        self.complaints: dict[str, str] = {}
        self.notes: list[str] = []
        self._engine = engine
        self._root = root
        self._job: _Job | None = None
        self._done: dict[str, tuple[str, int]] = {}
        self._again: dict[str, float] = {}

    def step(self) -> None:
        """Put in force what was trained, and begin what is due. Waits for nothing."""
        if self._job is not None and self._job.is_alive():
            return
        if self._job is not None:
            self._finish(self._job)
            self._job = None
        for model in self._models():
            until = self._engine.closed_to(model.events) // DAY_US
            name, known = model.subject.name, (model.subject.of, until)
            if self._done.get(name) == known or time.monotonic() < self._again.get(name, 0.0):
                continue
            if not can_train():
                self.complaints[name] = f"the model `{name}` is not trained: {MISSING}"
                continue
            self._job = _Job(
                model, ModelFolder(self._root, model.subject), until, self._engine.store
            )
            self._job.start()
            return

    def close(self) -> None:
        """Stop what is going on; it begins anew with the next start."""
        if self._job is not None:
            self._job.stop()

    def _models(self) -> Iterator[TrainedModel]:
        """The trained models of the rules in force."""
        for running in self._engine.running.values():
            for alert in running.generations[-1].compiled.alerts:
                yield from alert.trained

    def _finish(self, job: _Job) -> None:
        subject = job.model.subject
        if job.fault:
            self.complaints[subject.name] = (
                f"the model `{subject.name}` is not trained: {job.fault}"
            )
            self._again[subject.name] = time.monotonic() + _AGAIN_S
            return
        self._done[subject.name] = subject.of, job.until
        self.complaints.pop(subject.name, None)
        if job.told:
            day = self._engine.watermarks.now // DAY_US + 1
            try:
                job.folder.publish(day)
            except OSError as error:
                why = error.strerror or str(error)
                self.complaints[subject.name] = f"the model `{subject.name}` is not in force: {why}"
                return
            text = f"the model `{subject.name}` was trained ({job.told}), in force from {day_text(day)}"
            self.notes.append(text)


@dataclass(eq=False)
class _Job(threading.Thread):
    """One training. `told`: what was trained, empty where nothing was; `fault`: why it failed."""

    model: TrainedModel
    folder: ModelFolder
    until: int
    store: Store
    told: str = ""
    fault: str = ""
    _stopped: threading.Event = field(default_factory=threading.Event)
    _process: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        super().__init__(name=f"training {self.model.subject.name}", daemon=True)

    def run(self) -> None:
        try:
            if not self._up_to_date() and self._learn():
                self._train()
        except (OSError, ModelFileError, duckdb.Error) as error:
            self.fault = str(error).strip().partition("\n")[0]

    def stop(self) -> None:
        """End it; answers when it has ended."""
        self._stopped.set()
        process = self._process
        if process is not None:
            process.kill()
        self.join()

    def _up_to_date(self) -> bool:
        files = self.folder.files()
        if not files:
            return False
        try:
            return self.folder.read(files[max(files)]).until >= self.until
        except ModelFileError:
            return False

    def _learn(self) -> bool:
        """Have a lesson of every closed day that has events; whether there are enough to train."""
        self.folder.describe()
        taught = self.folder.taught()
        low = self.until - self.model.subject.over
        with self.store.cursor() as cursor:
            for day in self.model.days(cursor, low, self.until):
                if self._stopped.is_set():
                    return False
                if day not in taught:
                    self.folder.put_lesson(day, self.model.lesson(cursor, day))
        return sum(low <= day < self.until for day in self.folder.taught()) >= LEAST_DAYS

    def _train(self) -> None:
        if self._stopped.is_set():
            return
        command = [
            sys.executable,
            "-m",
            "engine.models",
            str(self.folder.path),
            day_text(self.until),
        ]
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        _, said = self._process.communicate()
        code = self._process.returncode
        if code == TRAINED:
            self.told = read_trained(self.folder.candidate, self.folder.subject).told
        elif code != TOO_LITTLE and not self._stopped.is_set():
            lines = said.strip().splitlines()
            self.fault = lines[-1] if lines else f"the process ended with {code}"
