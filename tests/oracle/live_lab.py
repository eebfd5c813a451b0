"""A domain of `$ATP_LAB` of one's own, in network namespaces; and what its labels say."""

from __future__ import annotations

import csv
import os
import subprocess
from datetime import datetime
from pathlib import Path


class Lab:
    """The domain `name`.LAB.TEST in the network `net`.0/24; `short` names its namespaces (five letters
    at the most). Raises AssertionError where a script of the lab fails.
    """

    def __init__(self, scripts: Path, folder: Path, short: str, net: str, name: str) -> None:
        self.net, self.short, self.folder = net, short, folder
        self.state = folder / "state"
        self._scripts = scripts
        self._env = {
            **os.environ, "LAB_DIR": str(self.state), "LAB_ID": short, "LAB_NET": net,
            "REALM": f"{name}.LAB.TEST", "DOMAIN": name,
        }  # fmt: skip

    def script(self, name: str, *arguments: str) -> str:
        """Run a script of the lab to its end; what it said."""
        return self._run(str(self._scripts / name), *arguments)

    def on(self, host: str, *command: str) -> str:
        """Run a command on a host of the lab to its end; what it said."""
        return self._run(
            "bash", "-c", '. "$0"; lx "$@"', str(self._scripts / "lib.sh"), host, *command
        )

    def kill(self, host: str) -> None:
        """End a host as a power cut does."""
        self._run("bash", "-c", '. "$0"; host_down "$1"', str(self._scripts / "lib.sh"), host)

    def setting(self, name: str) -> str:
        """A setting of the lab, such as `ADMINPASS`."""
        return self._run(
            "bash", "-c", f'. "$0"; echo "${name}"', str(self._scripts / "lib.sh")
        ).strip()

    def within(self, place: str) -> list[str]:
        """What a command begins with that runs in the network namespace of a place."""
        return ["ip", "netns", "exec", f"{self.short}-{place}"]

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self._env, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
        return done.stdout


def label_rows(folder: Path, of_set: str) -> list[dict[str, str]]:
    """What was done when, in a recording."""
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["set"] == of_set]


def seconds(text: str) -> float:
    """A time of an alert in seconds of Unix time."""
    return datetime.fromisoformat(text).timestamp()
