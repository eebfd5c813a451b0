"""A small assembler of the classic packet filter (BPF) that the kernel runs on every frame.

Programs are written forward, with labels; `assemble` resolves them. Knows no protocol.
References: S. McCanne, V. Jacobson, "The BSD Packet Filter" (1993); Linux `filter.h` and
Documentation/networking/filter.rst.
"""

from __future__ import annotations

from typing import Final

Instruction = tuple[int, int, int, int]
"""Operation, jump if true, jump if false, operand: a sock_filter."""

_LD_H_ABS: Final = 0x28
_LD_B_ABS: Final = 0x30
_LD_H_IND: Final = 0x48
_LD_B_IND: Final = 0x50
_LDX_IMM: Final = 0x01
_LDX_MSH: Final = 0xB1
_LD_MEM: Final = 0x60
_LDX_MEM: Final = 0x61
_ST: Final = 0x02
_ADD: Final = 0x04
_ADD_X: Final = 0x0C
_AND: Final = 0x54
_RSH: Final = 0x74
_TAX: Final = 0x07
_JA: Final = 0x05
_JEQ: Final = 0x15
_JGE: Final = 0x35
_JEQ_X: Final = 0x1D
_JSET: Final = 0x45
_RET: Final = 0x06
MOST: Final = 4_096
"""Instructions of a program, at most (BPF_MAXINSNS)."""
_NEAR: Final = 255
_WHOLE: Final = 0xFFFFFFFF


class Program:
    """Instructions in order. A load beyond the end of the frame rejects it, as the kernel does.

    A is the accumulator, X the index. Conditional jumps reach 255 instructions far, `go` anywhere.
    """

    def __init__(self) -> None:
        self._code: list[tuple[int, str, str, int]] = []
        self._labels: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._code)

    def label(self, name: str) -> None:
        """The next instruction is called so; each name once."""
        if name in self._labels:
            raise ValueError(f"the label {name} is there already")
        self._labels[name] = len(self._code)

    def load_half(self, at: int, *, indexed: bool = False) -> None:
        """A = the 16 bits at this offset (after X)."""
        self._put(_LD_H_IND if indexed else _LD_H_ABS, at)

    def load_byte(self, at: int, *, indexed: bool = False) -> None:
        """A = the byte at this offset (after X)."""
        self._put(_LD_B_IND if indexed else _LD_B_ABS, at)

    def index_header(self, at: int) -> None:
        """X = four times the lower half of the byte at this offset: an IPv4 header's length."""
        self._put(_LDX_MSH, at)

    def index(self, value: int) -> None:
        """X = the number."""
        self._put(_LDX_IMM, value)

    def store(self, cell: int) -> None:
        """Keep A in a cell of the scratch memory, 0 to 15."""
        self._put(_ST, cell)

    def recall(self, cell: int) -> None:
        """A = a cell of the scratch memory."""
        self._put(_LD_MEM, cell)

    def index_cell(self, cell: int) -> None:
        """X = a cell of the scratch memory."""
        self._put(_LDX_MEM, cell)

    def add(self, value: int) -> None:
        """A = A + value."""
        self._put(_ADD, value)

    def add_index(self) -> None:
        """A = A + X."""
        self._put(_ADD_X, 0)

    def shifted(self, mask: int, shift: int) -> None:
        """A = (A and mask) >> shift."""
        self._put(_AND, mask)
        self._put(_RSH, shift)

    def add_to_index(self) -> None:
        """X = A = A + X."""
        self._put(_ADD_X, 0)
        self._put(_TAX, 0)

    def equal(self, value: int, yes: str = "", no: str = "") -> None:
        """Jump on A == value; an empty label is the next instruction."""
        self._put(_JEQ, value, yes, no)

    def equal_index(self, yes: str = "", no: str = "") -> None:
        """Jump on A == X."""
        self._put(_JEQ_X, 0, yes, no)

    def at_least(self, value: int, yes: str = "", no: str = "") -> None:
        """Jump on A >= value."""
        self._put(_JGE, value, yes, no)

    def any_bit(self, mask: int, yes: str = "", no: str = "") -> None:
        """Jump if A has one of the bits."""
        self._put(_JSET, mask, yes, no)

    def go(self, to: str) -> None:
        """Jump, however far."""
        self._put(_JA, 0, to)

    def one_of(self, values: frozenset[int], yes: str) -> None:
        """Jump if A is one of the values, however many; else go on."""
        for value in sorted(values):
            after = f"not {value} @{len(self._code)}"
            self.equal(value, no=after)
            self.go(yes)
            self.label(after)

    def accept(self) -> None:
        """The whole frame passes."""
        self._put(_RET, _WHOLE)

    def reject(self) -> None:
        """The frame is dropped."""
        self._put(_RET, 0)

    def assemble(self) -> list[Instruction]:
        """The program. ValueError: a label missing, behind, or too far; too many instructions."""
        if len(self._code) > MOST:
            raise ValueError(f"{len(self._code)} instructions are more than the kernel takes")
        done: list[Instruction] = []
        for place, (operation, yes, no, operand) in enumerate(self._code):
            true, false = self._far(place, yes), self._far(place, no)
            if operation == _JA:
                done.append((_JA, 0, 0, true))
                continue
            if max(true, false) > _NEAR:
                raise ValueError(f"instruction {place} jumps too far")
            done.append((operation, true, false, operand))
        return done

    def _put(self, operation: int, operand: int, yes: str = "", no: str = "") -> None:
        self._code.append((operation, yes, no, operand))

    def _far(self, place: int, label: str) -> int:
        if not label:
            return 0
        if label not in self._labels or self._labels[label] <= place:
            raise ValueError(f"the label {label} is not ahead of instruction {place}")
        return self._labels[label] - place - 1
