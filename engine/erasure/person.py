"""What an account is called in stored data, and the pseudonym that stands for it where something must remain.

A name alone (`hanna`) stands for too much to be looked for everywhere; it counts where it is a whole value,
or with its domain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Person:
    """An account by its canonical name (`hanna@corp.test`). `domains`: other names of its domain (NetBIOS);
    `others`: what else it is called: SID, DN, UPN, mail, names for people.
    """

    account: str
    pseudonym: str
    domains: Collection[str] = ()
    others: Collection[str] = ()

    @property
    def name(self) -> str:
        """The name without its domain, lower case."""
        return self.account.partition("@")[0].lower()

    @cached_property
    def alternatives(self) -> str:
        """All that it is called, as alternatives of a regular expression (RE2 and Python), lower case."""
        domain = self.account.partition("@")[2]
        spelt = [re.escape(text.lower()) for text in {self.account, *self.others} if len(text) > 3]
        for one in sorted({domain, *self.domains} - {""}):
            # a backslash is doubled in JSON
            spelt.append(rf"{re.escape(one.lower())}\\+{re.escape(self.name)}")
            spelt.append(rf"{re.escape(self.name)}@{re.escape(one.lower())}")
        return "|".join(sorted(set(spelt), key=lambda s: (-len(s), s)))

    @cached_property
    def _found(self) -> re.Pattern[str]:
        return re.compile(rf"(?i)(?<![\w.-])(?:{self.alternatives})(?![\w-]|\.\w)")

    def without(self, text: str, *, whole: bool = False) -> str:
        """A text with the pseudonym in place of what the person is called. `whole`: the text is a name."""
        if whole and text.lower() == self.name:
            return self.pseudonym
        return self._found.sub(self.pseudonym, text)
