"""The machine that runs classic BPF, as its paper describes it; shares no code with the assembler.

S. McCanne, V. Jacobson, "The BSD Packet Filter: A New Architecture for User-level Packet Capture".
"""

WORD = 0xFFFFFFFF


def run(program, packet):
    """What the program returns for the packet: bytes to keep, 0 to drop it."""
    a = x = pc = 0
    memory = [0] * 16

    def load(at, size):
        if at < 0 or at + size > len(packet):
            raise LookupError
        return int.from_bytes(packet[at : at + size], "big")

    try:
        while True:
            code, yes, no, k = program[pc]
            pc += 1
            kind, size = code & 7, {0x08: 2, 0x10: 1}.get(code & 0x18, 4)
            mode, source = code & 0xE0, x if code & 8 else k
            if kind in (0, 1):  # LD, LDX
                value = {
                    0x00: lambda: k,
                    0x20: lambda: load(k, size),
                    0x40: lambda: load(x + k, size),
                    0x60: lambda: memory[k],
                    0x80: lambda: len(packet),
                    0xA0: lambda: 4 * (load(k, 1) & 15),
                }[mode]()
                a, x = (value, x) if kind == 0 else (a, value)
            elif kind == 2:
                memory[k] = a
            elif kind == 3:
                memory[k] = x
            elif kind == 4:
                a = {
                    0x00: lambda: a + source,
                    0x10: lambda: a - source,
                    0x40: lambda: a | source,
                    0x50: lambda: a & source,
                    0x60: lambda: a << source,
                    0x70: lambda: a >> source,
                }[code & 0xF0]() & WORD
            elif kind == 5:
                met = {
                    0x00: lambda: None,
                    0x10: lambda: a == source,
                    0x20: lambda: a > source,
                    0x30: lambda: a >= source,
                    0x40: lambda: bool(a & source),
                }[code & 0xF0]()
                pc += k if met is None else yes if met else no
            elif kind == 6:
                return a if code & 0x10 else k
            elif code & 0xF8:
                a = x
            else:
                x = a
    except LookupError:
        return 0
