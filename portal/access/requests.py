"""Whether a request comes from our own pages: Fetch Metadata, the origin, the token of the session.

Browsers say with each request which site made it (Fetch Metadata, W3C); older ones name the origin of
what changes something (RFC 6454). Knows no page.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

SAFE: Final = frozenset({"GET", "HEAD"})
_OURS: Final = frozenset({"same-origin", "none"})


def from_elsewhere(method: str, headers: Mapping[str, str]) -> bool:
    """Whether another site made the request, and it is no mere following of a link to us."""
    site = headers.get("sec-fetch-site")
    if method in SAFE:
        followed = (
            headers.get("sec-fetch-mode") == "navigate"
            and headers.get("sec-fetch-dest") == "document"
        )
        return site is not None and site not in _OURS and not followed
    if site is not None:
        return site != "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc != headers.get("host")


def followed_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether somebody followed a link on another site: their session's cookie is not sent then."""
    return (headers.get("sec-fetch-site") or "none") not in _OURS


def token_fits(kept: str, shown: str) -> bool:
    """Whether the token that came with a change is the session's."""
    return hmac.compare_digest(kept.encode(), shown.encode())
