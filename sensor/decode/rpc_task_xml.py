"""The command in a task's XML, which came from the client and may be cut off (MS-TSCH 2.5).

Read by scanning for tags and not by an XML parser: no entity expands, nothing recurses, and the
head of a definition is enough. Gives what the record of the same task gives (event 4698): `Command
Arguments` of each Exec and the ClassId of a COM handler, joined by `; `. Knows no RPC.
"""

from __future__ import annotations

import html
import re
from typing import Final

_COMMAND_LIMIT: Final = 8_192
_PARTS_LIMIT: Final = 64
_ACTIONS: Final = frozenset({"exec", "comhandler"})
_WORDS: Final = frozenset({"command", "arguments", "classid"})
_COMMENT: Final = "<!--"
_SECTION: Final = "<![CDATA["
_ZEROS: Final = re.compile(r"&#([xX]?)0+(?=[0-9a-fA-F])")
_TAG: Final = re.compile(r"<(/?)(?:[\w.-]{1,32}:)?([\w.-]{1,32})[^<>]{0,1024}>")


def command_of(xml: str) -> str | None:
    """What the task runs, None if that is not in the text."""
    actions: list[list[str]] = []
    inside = False
    o = 0
    for _ in range(len(xml)):
        o = xml.find("<", o)
        if o < 0 or len(actions) >= _PARTS_LIMIT:
            break
        if xml.startswith(_COMMENT, o):
            o = _behind(xml, o, "-->")
            continue
        tag = _TAG.match(xml, o)
        if tag is None:
            o += 1
            continue
        o = tag.end()
        name = tag[2].lower()
        if name in _ACTIONS:
            inside = not tag[1]
            if inside:
                actions.append([])
        elif inside and name in _WORDS and not tag[1]:
            text, o = _content(xml, o)
            if text and len(actions[-1]) < _PARTS_LIMIT:
                actions[-1].append(text)
    return "; ".join(" ".join(words) for words in actions if words)[:_COMMAND_LIMIT] or None


def _behind(xml: str, o: int, end: str) -> int:
    at = xml.find(end, o)
    return len(xml) if at < 0 else at + len(end)


def _content(xml: str, o: int) -> tuple[str, int]:
    """Text of the element whose content begins at `o`, and the offset behind it."""
    if xml.startswith(_SECTION, o):
        begin = o + len(_SECTION)
        end = xml.find("]]>", begin)
        end = len(xml) if end < 0 else end
        return xml[begin : min(end, begin + _COMMAND_LIMIT)].strip(), end
    end = xml.find("<", o)
    end = len(xml) if end < 0 else end
    return _unescaped(xml[o : min(end, o + _COMMAND_LIMIT)]).strip(), end


def _unescaped(text: str) -> str:
    """References resolved. XML allows any number of zeros before a number, Python does not; what
    is no number of a character stays as it is.
    """
    try:
        return html.unescape(_ZEROS.sub(r"&#\1", text))
    except ValueError:
        return text
