"""ID tokens: whether one is the provider's, for us, of now, and of the sign-in that was begun here.

OpenID Connect Core 1.0 §3.1.3.7. Only signatures with a key of their own are taken: `none` and secrets
that are shared never are, whatever the token says of itself. Knows no network.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, cast

from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc.jwk import KeySetSerialization

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA",
)  # fmt: skip
_LEEWAY_S: Final = 60
"""Clocks differ."""
_MOST: Final = 64 << 10
_MOST_NAME: Final = 255
"""Of a subject: OpenID Connect Core §2."""


class TokenError(ValueError):
    """The token is not taken; says why. `key`: for want of a key that fits."""

    def __init__(self, text: str, *, key: bool = False) -> None:
        super().__init__(text)
        self.key = key


def claims(
    token: str, keys: Mapping[str, object], issuer: str, client: str, nonce: str, now_s: int
) -> dict[str, object]:
    """What a token says of a person. `keys`: the provider's (JWK set). Raises TokenError."""
    if len(token) > _MOST:
        raise TokenError("the token is too large")
    try:
        read = jwt.decode(token, KeySet.import_key_set(_public(keys)), algorithms=ALGORITHMS)
        jwt.JWTClaimsRegistry(
            now_s,
            _LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True},
        ).validate(read.claims)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        key = isinstance(error, (BadSignatureError, InvalidKeyIdError))
        raise TokenError(f"the token is refused: {error}"[:200], key=key) from error
    found: dict[str, object] = dict(read.claims)
    if not hmac.compare_digest(str(found["nonce"]).encode("utf-8", "replace"), nonce.encode()):
        raise TokenError("the token is of another sign-in")
    audience, authorized = found["aud"], found.get("azp")
    alone = audience in (client, [client])
    if authorized != client and not (alone and authorized is None):
        raise TokenError("the token is for another client as well")
    if not 0 < len(str(found["sub"])) <= _MOST_NAME:
        raise TokenError("the token names nobody")
    return found


def _public(keys: Mapping[str, object]) -> KeySetSerialization:
    """Of a set, the keys that verify what another one signed."""
    listed = keys.get("keys")
    every = listed if isinstance(listed, list) else []
    wanted = [
        k for k in every
        if isinstance(k, dict) and k.get("kty") in ("RSA", "EC", "OKP") and k.get("use", "sig") == "sig"
    ]  # fmt: skip
    if not wanted:
        raise TokenError("the provider has no key that signs")
    return cast("KeySetSerialization", {"keys": wanted})
