"""Turns of an engine that is always short of time."""

from contextlib import contextmanager

from engine.turns import Turns


class NoTurn(Turns):
    """Too little time for any."""

    @contextmanager
    def turn(self, name, line=0, *, free=False):
        yield False


class Pieces(Turns):
    """Time for one of `count` pieces of what is owed, where there is no time for all."""

    count = 3

    def pieces(self, name, owed, begun=0):
        return 1 if self._seconds is None else begun or self.count
