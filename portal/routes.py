"""All that the portal answers: what the daemon gives to its site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Mount

from portal import metrics
from portal.access import database as people_file
from portal.access import tokens as tokens_file
from portal.access.accounts import Accounts
from portal.access.database import People
from portal.access.tokens import Tokens
from portal.api.application import api
from portal.api.endpoint import BASE
from portal.api.gate import Gate
from portal.application import application
from portal.site import Site

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.routing import BaseRoute

    from portal.access.provider import Provider
    from portal.reading.sources import Sources


def routes(sources: Sources) -> list[BaseRoute]:
    """For programs, over what is read. Raises sqlite3.Error, OSError where the tokens cannot be kept."""
    gate = Gate(sources, Tokens(tokens_file.beside(sources.database)))
    return [Mount(BASE, api(gate)), metrics.route(sources, gate)]


def pages(sources: Sources, people: People, provider: Provider | None = None) -> list[BaseRoute]:
    """For people; takes every path, so it comes last."""
    return [Mount("/", application(Site(people, sources, provider)))]


def people_of(database: Path) -> People:
    """Who signs in to the portal of a database. Raises AccessError."""
    return People(people_file.beside(database))


def first_steps(people: People) -> str:
    """Path of the page where the first administrator is made, with a new code; "" where there is an
    account. Raises AccessError.
    """
    code = Accounts(people).setup_code()
    return "" if code is None else f"/setup?code={code}"
