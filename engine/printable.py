"""Text from files and from the wire, made safe for a terminal.

Control, format, direction and unassigned characters are shown escaped: a name cannot move the
cursor, turn the direction of writing or hide a part of itself.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """One line in which every character has a visible form of its own."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines; line ends stay, tabulators become blanks."""
    return "\n".join(printable(line) for line in text.expandtabs(4).split("\n"))
