"""A small provider of OpenID Connect over HTTPS, with an authority of its own; what it says can be spoilt."""

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import time
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from engine.instance.authority import create_authority
from engine.web.listener import Listener, open_port

CLIENT, SECRET = "atp", "the secret of the client"


class Provider:
    """`person`: who is signed in there; `spoilt`: claims that its tokens have instead; `header`,
    `key`: how it signs them; `document`: what its discovery says instead; `asked`: paths, in order.
    """

    def __init__(self, folder):
        self.authority = create_authority(folder, ["localhost"])
        port = open_port("127.0.0.1", 0)
        self.issuer = f"https://localhost:{port.getsockname()[1]}/realms/corp"
        self.signing = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.key, self.header = self.signing, {"alg": "RS256", "kid": "one"}
        self.person = {"sub": "a-1", "preferred_username": "Ann", "groups": ["soc"],
                       "email": "ann@corp.test"}  # fmt: skip
        self.spoilt, self.document, self.codes, self.asked = {}, {}, {}, []
        self.fails = 0
        routes = [
            Route("/realms/corp/.well-known/openid-configuration", self._discovery),
            Route("/realms/corp/authorize", self._authorize),
            Route("/realms/corp/token", self._token, methods=["POST"]),
            Route("/realms/corp/keys", self._keys),
        ]
        self.listener = Listener(Starlette(routes=routes), port, self.authority)
        self.listener.start()

    @property
    def tls(self):
        """What trusts it."""
        return ssl.create_default_context(cafile=str(self.authority.certificate_path))

    def new_key(self):
        self.signing = self.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
        self.header = {"alg": "RS256", "kid": "two"}

    def sign_with_a_shared_secret(self):
        """As one who takes the public key for a secret (RFC 8725 §2.1)."""
        self.key = self.signing.as_pem(private=False)
        self.header = {"alg": "HS256", "kid": "one"}

    def close(self):
        self.listener.close()

    async def _discovery(self, request):
        self.asked.append("discovery")
        if self.fails:
            return Response("broken", self.fails)
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "jwks_uri": self.issuer + "/keys",
        }
        return JSONResponse({**told, **self.document})

    async def _keys(self, request):
        self.asked.append("keys")
        return JSONResponse({"keys": [self.signing.as_dict(private=False)]})

    async def _authorize(self, request):
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return RedirectResponse(asked["redirect_uri"] + "?" + urlencode(answer), 302)

    async def _token(self, request):
        self.asked.append("token")
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        scheme, _, basic = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(basic).decode().partition(":")
        right = (scheme, name, secret) == ("Basic", CLIENT, SECRET.replace(" ", "%20"))
        asked = self.codes.pop(form["code"], None)  # good once
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        shown = _text(challenge)
        if not right or asked is None or shown != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "x", "id_token": self._signed(asked["nonce"])})

    def _signed(self, nonce):
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        told = {**told, **self.person, **self.spoilt}
        told = {k: v for k, v in told.items() if v is not None}
        if isinstance(self.key, bytes):
            begun = f"{_part(self.header)}.{_part(told)}".encode()
            return f"{begun.decode()}.{_text(hmac.digest(self.key, begun, 'sha256'))}"
        return jwt.encode(self.header, told, self.key)

    def unsigned(self, nonce):
        """As one whose word is to be taken (RFC 8725 §2.1)."""
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        return f"{_part({'alg': 'none'})}.{_part({**told, **self.person})}."


def _part(value):
    return _text(json.dumps(value).encode())


def _text(value):
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
