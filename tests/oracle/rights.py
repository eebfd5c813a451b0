"""Processes with fewer rights than the tests have: Linux capabilities taken away before exec."""

import ctypes
import os

DAC_OVERRIDE, DAC_READ_SEARCH, NET_RAW = 1, 2, 13
_PR_CAPBSET_DROP = 24


def without(*capabilities):
    """For `preexec_fn`: root's next program lacks these; anybody else has none of them anyway."""

    def drop():
        if os.geteuid() == 0:
            libc = ctypes.CDLL(None, use_errno=True)
            for capability in capabilities:
                if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                    raise OSError(ctypes.get_errno(), "prctl")

    return drop
