"""Why a rule of Sigma is not imported."""

from __future__ import annotations


class RefusedError(Exception):
    """The rule has no equal in our language, or is none: the message says what stands in the way."""
