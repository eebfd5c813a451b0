"""What a backend says when it cannot compute a plan."""

from __future__ import annotations


class Unsupported(Exception):  # noqa: N818  # it names a state of the backend, found at compile time
    """The backend has no exact form of `feature`; raised by compiling, never by running."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"not supported by this backend: {feature}")
        self.feature = feature
