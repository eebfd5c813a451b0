"""SMB1 transactions: where the parameters and the data of TRANSACTION, TRANSACTION2 and NT_TRANSACT
lie, in requests, in the secondary requests that continue them, and in answers (MS-CIFS
2.2.4.33-35, 2.2.4.46-47, 2.2.4.62-63).

Knows the three layouts, no subcommand and no state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed
from sensor.decode import smb1_message as c

if TYPE_CHECKING:
    from sensor.decode.smb1_message import Block

PRIMARY: Final[dict[int, int]] = {
    c.TRANSACTION_SECONDARY: c.TRANSACTION,
    c.TRANSACTION2_SECONDARY: c.TRANSACTION2,
    c.NT_TRANSACT_SECONDARY: c.NT_TRANSACT,
}
TRANSACTIONS: Final = frozenset(PRIMARY.values())

_Layout = tuple[int, int, int, int, int, int]
"""Offsets among the words of: total of data, count and offset of parameters, count, offset and
displacement of data (-1: none)."""
_ASKED: Final[_Layout] = (2, 18, 20, 22, 24, -1)
_CONTINUED: Final[_Layout] = (2, 4, 6, 10, 12, 14)
_ANSWERED: Final[_Layout] = (2, 6, 8, 12, 14, 16)
_NT_ASKED: Final[_Layout] = (7, 19, 23, 27, 31, -1)
_NT_MORE: Final[_Layout] = (7, 11, 15, 23, 27, 31)
"""both the secondary request and the answer"""


class Parts:
    """One message of a transaction. `first` is the setup word or the function that names the
    subcommand (-1: none); `parameters` and `data` are bounds in the message, clipped to what was
    kept.
    """

    __slots__ = ("data", "displacement", "first", "parameters", "setup", "size", "total")

    def __init__(self, m: Block) -> None:
        wide = m.command in (c.NT_TRANSACT, c.NT_TRANSACT_SECONDARY)
        primary = m.command in TRANSACTIONS
        if wide:
            layout = _NT_ASKED if primary and not m.reply else _NT_MORE
        elif m.reply:
            layout = _ANSWERED
        else:
            layout = _ASKED if primary else _CONTINUED
        total, count, offset, size, data, displacement = layout
        self.total = _number(m, total, wide=wide)
        self.size = _number(m, size, wide=wide)
        self.displacement = _number(m, displacement, wide=wide) if displacement >= 0 else 0
        self.parameters = m.kept(_number(m, offset, wide=wide), _number(m, count, wide=wide))
        self.data = m.kept(_number(m, data, wide=wide), self.size)
        self.first = -1
        self.setup = 0
        if primary and not m.reply:
            self._name(m, wide=wide)

    def _name(self, m: Block, *, wide: bool) -> None:
        if wide:
            self.first = m.word(36)
            self.setup = 38
        elif m.count > 14 and m.words_raw(26, 1)[0]:
            self.first = m.word(28)
            self.setup = 30

    def parameter(self, m: Block, at: int, size: int) -> bytes:
        """Bytes at this offset of the parameters."""
        start, stop, _cut = self.parameters
        if start + at + size > stop:
            raise Malformed(f"no parameter at {at}")
        return m.b[start + at : start + at + size]


def _number(m: Block, at: int, *, wide: bool) -> int:
    return m.word(at) | m.word(at + 2) << 16 if wide else m.word(at)
