"""The governor of this process by the options of the command line: what it may use of its host.

Of a sensor it is the whole process; of `--role all` what captures the traffic, which yields to detections and to
others alike: reading waits, the kernel's buffer fills, and what is least valuable is shed first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sensor.govern.governor import NAME, Governor
from sensor.govern.readings import Host

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sensor.govern.allowance import Allowance


def governor(
    named: Mapping[str, object],
    allowance: Allowance,
    last: Callable[[str], int],
    *,
    most_memory: float = math.inf,
) -> Governor:
    """A source that sees to it that `allowance` is kept up. `last`: see `inputs.Ground`; `most_memory`: bytes
    beyond which the process should be started anew.
    """
    reserve = int(str(named["reserve"])) / 100
    return Governor(Host(), allowance, reserve, most_memory, last(NAME))
