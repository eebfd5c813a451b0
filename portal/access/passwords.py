"""Passwords: which are good enough, and how they are kept.

Argon2id as argon2-cffi sets it (RFC 9106, low memory). Which passwords are refused follows NIST SP
800-63B: short ones and those that say the account's name; no rules about signs.
"""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from portal.languages import Text

LEAST: Final = 12
MOST: Final = 256
"""Characters; what is longer would only cost time."""

_HASHER: Final = PasswordHasher()
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Each takes 64 MB and a core for a moment: whoever guesses may not take them all."""


def fault(password: str, name: str) -> str:
    """Why a password is not taken for an account; "" where it is."""
    if len(password) < LEAST:
        return Text("a password has at least %(least)s characters", least=LEAST)
    if len(password) > MOST:
        return Text("a password has at most %(most)s characters", most=MOST)
    if len(set(password)) < 5 or (name and name.lower() in password.lower()):
        return Text("this password is guessed too easily")
    return ""


def hashed(password: str) -> str:
    """What is kept of a password."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(kept: str, password: str) -> bool:
    """Whether it is the password that is kept so; takes the same time for any."""
    if len(password) > MOST:
        return False
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept, password)
        except (Argon2Error, InvalidHashError):
            return False
