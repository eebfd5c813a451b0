"""Columns of each event type that hold identities, found once from the schema's kinds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from dsl.schema.base import Event


@dataclass(frozen=True, slots=True)
class IdentityColumns:
    """Names of the columns of kind account or group, of kind host, of kind service; lists apart."""

    accounts: tuple[str, ...]
    account_lists: tuple[str, ...]
    hosts: tuple[str, ...]
    services: tuple[str, ...]


@cache
def identity_columns(struct: type[Event]) -> IdentityColumns:
    """The identity columns of an event class."""
    columns = event_types()[str(struct.__struct_config__.tag)].columns.values()
    accounts = [c for c in columns if c.field.kind in ("account", "group")]
    return IdentityColumns(
        tuple(c.name for c in accounts if not c.many),
        tuple(c.name for c in accounts if c.many),
        tuple(c.name for c in columns if c.field.kind == "host" and not c.many),
        tuple(c.name for c in columns if c.field.kind == "service" and not c.many),
    )
