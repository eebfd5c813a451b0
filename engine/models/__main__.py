"""`python -m engine.models FOLDER DAY`: train the model of a folder on the days before DAY.

A process of its own for the daemon, so that training delays nothing; it is given way to by all
others. Exit codes: 0 trained, 2 not trained (the reason on standard error), 3 too little to learn.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

TRAINED: Final = 0
FAILED: Final = 2
TOO_LITTLE: Final = 3


def main(folder: str, day: str) -> int:
    """Train, and leave what was trained as the folder's candidate."""
    # the libraries read these when they are imported
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    if hasattr(os, "nice"):
        os.nice(10)
    from engine.models.days import day_of  # noqa: PLC0415 - see above
    from engine.models.files import ModelFileError  # noqa: PLC0415
    from engine.models.folder import described  # noqa: PLC0415
    from engine.models.training import train  # noqa: PLC0415

    try:
        there = described(Path(folder))
        until = day_of(day)
        made = train(there.subject, until, there.lessons(range(until - there.subject.over, until)))
        if made is None:
            return TOO_LITTLE
        there.put(made)
    except (ModelFileError, ImportError, OSError, MemoryError) as error:
        sys.stderr.write(f"{str(error) or type(error).__name__}\n")
        return FAILED
    return TRAINED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
