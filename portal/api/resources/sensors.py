"""Sensors of the instance: how they stand, revoking them, and the key with which they enrol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

from engine.instance.registry import RegistryError
from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.reading import sensors
from portal.reading.sensors import SensorLine

if TYPE_CHECKING:
    from engine.instance.registry import Registry


class Listed(TypedDict):
    """Sensors by name."""

    sensors: list[SensorLine]


class Key(TypedDict):
    """The key with which sensors enrol from now on; the one before is worth nothing. It is told this once."""

    access_key: str


def _list(asked: Asked[Any]) -> Listed:
    return {"sensors": sensors.listed(asked.sources)}


def _revoke(asked: Asked[Any]) -> SensorLine:
    name = str(asked.named["name"])
    registry = _registry(asked)
    try:
        registry.revoke(name)
    except RegistryError as error:
        raise Problem(404, str(error)) from None
    _log(asked, "revoke", name)
    return next(s for s in sensors.listed(asked.sources) if s["name"] == name)


def _access_key(asked: Asked[Any]) -> Key:
    key = _registry(asked).new_access_key()
    _log(asked, "new access key", "")
    return {"access_key": key}


def _registry(asked: Asked[Any]) -> Registry:
    if asked.sources.registry is None:
        raise Problem(409, "this engine takes no sensors: see `atp-run --listen`")
    return asked.sources.registry


def _log(asked: Asked[Any], action: str, name: str) -> None:
    with asked.sources.deciding() as desk, desk.transaction():
        desk.log(asked.sources.clock(), asked.caller.name, action, "sensor", name, {}, {})


_NONE: Final = (409, "this engine takes no sensors")
ENDPOINTS: Final = (
    Endpoint("GET", "/sensors", Permission.ADMINISTER, "All sensors and how they stand", _list, Listed),
    Endpoint("POST", "/sensors/{name}/revoke", Permission.ADMINISTER, "Revoke a sensor", _revoke, SensorLine,
             others=((404, "there is none of that name"), _NONE)),
    Endpoint("POST", "/sensors/access-key", Permission.ADMINISTER, "Make another access key", _access_key, Key,
             others=(_NONE,)),
)  # fmt: skip
