"""Words of the engine that pages show and that every language has, with blanks as they are shown."""

from __future__ import annotations

from typing import Final

from dsl.schema.enums import CERTAINTY, OUTCOME, SEVERITY
from engine import reports
from engine.daemon.timetable import EVERY
from engine.lifecycle import ACTIONS, VERDICTS
from portal.access.roles import Role
from portal.chain import PHASES

_STATES: Final = ("open", "closed", "suppressed", "deleted", "retracted", "merged")
_DETECTIONS: Final = (
    "enabled", "disabled", "learning", "fault", "seen", "partly", "blind", "covered",
)  # fmt: skip
_SENSORS: Final = ("new", "live", "silent", "revoked")
_PARTS: Final = (
    "actor",
    "source",
    "target",
    "account",
    "host",
    "group",
    "user",
    "computer",
    "address",
)
_KINDS: Final = ("accounts", "hosts", "groups")
_AUDITED: Final = (
    "sign_in", "sign_out", "refused", "add", "remove", "reset", "role", "password", "second_factor",
    "language", "export", "query", "access_key", "revoke", "create", "exclude", "trim",
)  # fmt: skip
"""What the audit log names, beside decisions; and of what."""
_OBJECTS: Final = (
    "alert", "session", "account", "setup", "instance", "sensor", "events", "token", "health", "audit",
)  # fmt: skip
_DIRECTORY: Final = ("department", "role", "flags", "encryption", "silo", "created", "os_build")
_METHODS: Final = ("directory", "kerberos_machine", "dns_update", "event")
_SENSITIVITIES: Final = ("normal",)


def words() -> list[str]:
    """All of them."""
    every = (
        *SEVERITY, *CERTAINTY, *OUTCOME, *ACTIONS, *VERDICTS, *PHASES, *_STATES, *_DETECTIONS,
        *_SENSORS, *_PARTS, *_KINDS, *_AUDITED, *_OBJECTS, *_DIRECTORY,
        *_METHODS, *_SENSITIVITIES, *EVERY,
        *(role.value for role in Role), *(reports.report(name).TITLE for name in reports.names()),
    )  # fmt: skip
    return sorted({word.replace("_", " ") for word in every})
