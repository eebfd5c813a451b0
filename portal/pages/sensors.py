"""Sensors: how they stand, the key that others enrol with, and shutting one out."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException

from engine.instance.registry import RegistryError
from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.view import Asked, Page, View
from portal.reading import sensors as reading


def sensors(asked: Asked) -> Page:
    """The page."""
    return _page(asked)


def key(asked: Asked) -> Page:
    """Another access key, shown this once."""
    registry = asked.site.sources.registry
    if registry is None:
        raise HTTPException(409, Text("this engine takes no sensors"))
    made = registry.new_access_key()
    asked.site.audit(asked.who.name, "access_key", "instance", "access key")
    return _page(asked, made=made)


def revoke(asked: Asked) -> Page:
    """One is refused from its next delivery on."""
    registry, name = asked.site.sources.registry, asked.form.get("name", "")
    if registry is None:
        raise HTTPException(409, Text("this engine takes no sensors"))
    try:
        registry.revoke(name)
    except RegistryError as error:
        return _page(asked, fault=str(error))
    asked.site.audit(asked.who.name, "revoke", "sensor", name)
    return _page(asked)


def _page(asked: Asked, made: str = "", fault: str = "") -> Page:
    sources = asked.site.sources
    try:
        rows = reading.listed(sources)
    except RegistryError as error:
        rows, fault = [], str(error)
    values = {
        "sensors": rows, "takes": sources.registry is not None, "key": made, "fault": fault,
    }  # fmt: skip
    return Page("sensors.html", values, 409 if fault else 200)


VIEWS: Final = (
    View("/sensors", sensors, Permission.ADMINISTER),
    View("/sensors/key", key, Permission.ADMINISTER, ("POST",)),
    View("/sensors/revoke", revoke, Permission.ADMINISTER, ("POST",)),
)
