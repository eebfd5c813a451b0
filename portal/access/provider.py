"""Signing in through a provider of OpenID Connect: authorization code with PKCE.

References: OpenID Connect Core 1.0 §3.1, Discovery 1.0 §4, RFC 7636 (S256), RFC 9207 (issuer in the answer).
Who comes back must be the browser that went: the answer is worth something only beside a cookie of the
same sign-in, once, for ten minutes. What the provider says is bounded, and it is asked a few times at
once only, so that a slow one does not take the portal's threads. Knows no page and no account.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from portal.access.id_token import TokenError, claims
from portal.access.oidc import BACK, Identity, OidcError, Settings

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

_TIMEOUT: Final = httpx.Timeout(5.0)
_MOST: Final = 1 << 20
_KEPT_S: Final = 3_600.0
_AGAIN_S: Final = 10.0
"""What went wrong is not tried again before; nor is a key that is unknown asked for."""
_FLOW_S: Final = 600.0
_MOST_FLOWS: Final = 10_000
_AT_ONCE: Final = 4
_PATIENCE_S: Final = 5.0


class _Flow(msgspec.Struct, frozen=True):
    state: str
    nonce: str
    verifier: str
    to: str
    until: float


class Provider:
    """A provider, for any thread. Raises OidcError."""

    def __init__(self, settings: Settings, tls: ssl.SSLContext) -> None:
        self.settings = settings
        # redirects could lead inside: a provider says where it is
        self._http = httpx.Client(verify=tls, timeout=_TIMEOUT, follow_redirects=False)
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._flows: dict[str, _Flow] = {}
        self._found: dict[str, tuple[float, dict[str, Any]]] = {}
        self._failed = (0.0, "")

    @property
    def back(self) -> str:
        """Where people come back to, as the provider has it."""
        return self.settings.portal + BACK

    def begin(self, to: str) -> tuple[str, str]:
        """Address of the provider to go to, and the cookie of this sign-in; `to`: where to after."""
        endpoint = self._endpoint("authorization_endpoint")
        cookie = secrets.token_urlsafe(32)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._lock:
            while len(self._flows) >= _MOST_FLOWS:
                del self._flows[next(iter(self._flows))]
            until = time.monotonic() + _FLOW_S
            self._flows[_digest(cookie)] = _Flow(state, nonce, verifier, to, until)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code", "client_id": self.settings.client, "redirect_uri": self.back,
            "scope": " ".join(("openid", *self.settings.scopes)), "state": state, "nonce": nonce,
            "code_challenge": challenge.rstrip(b"=").decode(), "code_challenge_method": "S256",
        }  # fmt: skip
        return endpoint + ("&" if "?" in endpoint else "?") + urlencode(asked), cookie

    def finish(self, cookie: str, answer: Mapping[str, str]) -> tuple[Identity, str]:
        """Who came back with an answer and the cookie, and where they wanted to go."""
        with self._lock:
            flow = self._flows.pop(_digest(cookie), None)
        if flow is None or flow.until < time.monotonic():
            text = "no such sign-in was begun in this browser, or too long ago"
            raise OidcError("state", text, idle=True)
        if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
            raise OidcError("state", "the answer is of another sign-in")
        if answer.get("iss", self.settings.issuer) != self.settings.issuer:
            raise OidcError("state", "the answer is of another provider")
        if "code" not in answer:
            raise OidcError("provider", f"the provider says {answer.get('error', 'nothing')}"[:100])
        token = self._token(answer["code"], flow.verifier)
        return self._identity(self._claims(token, flow.nonce)), flow.to

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    # --- the provider -----------------------------------------------------------------------------

    def _token(self, code: str, verifier: str) -> str:
        basic = f"{quote(self.settings.client, '')}:{quote(self.settings.secret, '')}"  # RFC 6749 §2.3.1
        headers = {"Authorization": "Basic " + base64.b64encode(basic.encode()).decode()}
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.back,
            "code_verifier": verifier,
        }  # fmt: skip
        found = self._ask("POST", self._endpoint("token_endpoint"), headers, form)
        token = found.get("id_token")
        if not isinstance(token, str):
            raise OidcError("provider", "the provider gave no ID token")
        return token

    def _claims(self, token: str, nonce: str) -> dict[str, object]:
        us, address = self.settings, self._endpoint("jwks_uri")
        asked = self._found.get(address, (0.0, {}))[0]
        try:
            return claims(token, self._kept(address), us.issuer, us.client, nonce, int(time.time()))
        except TokenError as error:
            if time.monotonic() - asked < _AGAIN_S or not error.key:
                raise OidcError("token", str(error)) from error
        with self._lock:
            self._found.pop(address, None)  # the provider has other keys now
        try:
            return claims(token, self._kept(address), us.issuer, us.client, nonce, int(time.time()))
        except TokenError as error:
            raise OidcError("token", str(error)) from error

    def _identity(self, said: Mapping[str, object]) -> Identity:
        us = self.settings
        listed = said.get(us.claim)
        groups = listed if isinstance(listed, list) else [listed]
        roles = [us.roles[g] for g in groups if isinstance(g, str) and g in us.roles]
        role = max(roles, key=lambda r: r.rank) if roles else None
        named = said.get(us.name_claim)
        return Identity(us.issuer, str(said["sub"]), named if isinstance(named, str) else "", role)

    def _endpoint(self, name: str) -> str:
        """An address from the discovery document."""
        issuer = self.settings.issuer
        found = self._kept(issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise OidcError("provider", f"the provider calls itself {found.get('issuer')}"[:200])
        address = found.get(name)
        if not isinstance(address, str) or urlsplit(address).scheme != "https":
            raise OidcError("provider", f"the provider names no {name} with https")
        return address

    def _kept(self, address: str) -> dict[str, Any]:
        """A document of the provider, asked for once an hour."""
        kept = self._found.get(address)
        if kept is not None and time.monotonic() - kept[0] < _KEPT_S:
            return kept[1]
        at, why = self._failed
        if why and time.monotonic() - at < _AGAIN_S:
            raise OidcError("provider", why, idle=True)
        try:
            found = self._ask("GET", address, {}, None)
        except OidcError as error:
            self._failed = (time.monotonic(), str(error))
            raise
        self._found[address] = (time.monotonic(), found)
        return found

    def _ask(
        self, method: str, address: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> dict[str, Any]:
        """The JSON object that the provider answers, with 200."""
        parts, size = [], 0
        plain = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
        begun = time.monotonic()
        try:
            with self._slot(), self._http.stream(method, address, headers=plain, data=form) as got:
                for part in got.iter_bytes():
                    parts.append(part)
                    size += len(part)
                    if size > _MOST or time.monotonic() - begun > 2 * _PATIENCE_S:
                        raise OidcError("provider", "the provider says too much, or too slowly")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OidcError("provider", f"the provider cannot be reached: {error}"[:200]) from error
        if got.status_code != 200:
            raise OidcError("provider", f"the provider answered {got.status_code}")
        try:
            return msgspec.json.decode(b"".join(parts), type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as error:
            raise OidcError("provider", "the provider did not answer with JSON") from error

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=_PATIENCE_S):
            raise OidcError("provider", "too many people sign in at once", idle=True)
        try:
            yield
        finally:
            self._slots.release()


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()
