"""An identity provider in memory: signs tokens, and has the public keys that verify them."""

import time
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

ISSUER, AUDIENCE, KEY_ID = "https://issuer.example.com", "pixfleet", "key-1"


def _new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2048)


@dataclass(frozen=True)
class Issuer:
    """Signs tokens with RS256, unless told otherwise."""

    private_key: RSAPrivateKey = field(default_factory=_new_key)

    def token(
        self,
        *,
        key: object = None,
        algorithm: str = "RS256",
        key_id: str = KEY_ID,
        **claims: object,
    ) -> str:
        """Return a token; a claim of None is left out."""
        usual: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "ann@example.com",
            "exp": time.time() + 600,
        }
        kept = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        signing: object = self.private_key if key is None else key
        return jwt.encode(kept, signing, algorithm=algorithm, headers={"kid": key_id})  # type: ignore[arg-type] # any key

    def key_set(self) -> dict[str, list[dict[str, object]]]:
        """Return the key set as an issuer publishes it."""
        public = RSAAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def public_key(self) -> jwt.PyJWK:
        """Return the key that verifies tokens."""
        return jwt.PyJWK(self.key_set()["keys"][0], algorithm="RS256")

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        """Return the key that a token names, as `jwt.PyJWKClient` does."""
        if jwt.get_unverified_header(token).get("kid") != KEY_ID:
            raise jwt.PyJWKClientError("no such key")
        return self.public_key()
