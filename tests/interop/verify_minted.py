"""Mints a token through the API and verifies it with PyJWT, knowing nothing but the issuer's discovery URL.

Usage: verify_minted.py ADDRESS TOKEN
"""

import json
import sys
import time
import urllib.request

import jwt

address, token = sys.argv[1:]


def call(method, path, body=None, authorized=True):
    request = urllib.request.Request(address + path, method=method)
    if authorized:
        request.add_header("Authorization", "Bearer " + token)
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, data) as answer:
        text = answer.read()
        return json.loads(text) if text else None


role = "/v1/config/strongbox/jwt-issuers/payments-api/roles/reader"
minted = call("POST", role.replace("config", "state") + "/mint", {
    "audiences": ["https://api.example.com"],
    "subject": "acme/alice",
    "ttl": "15m",
    "extra-claims": json.dumps({"scope": ["read:orders", "list:invoices"], "trace_id": "7c1a"}),
})

assert jwt.get_unverified_header(minted["jwt"]) == {"alg": "ES256", "typ": "JWT", "kid": "1"}
issuer = jwt.decode(minted["jwt"], options={"verify_signature": False})["iss"]
assert issuer == minted["issuer"], (issuer, minted)

discovery = json.load(urllib.request.urlopen(issuer + "/.well-known/openid-configuration"))
assert discovery["issuer"] == issuer, discovery
keys = jwt.PyJWKClient(discovery["jwks_uri"])
key = keys.get_signing_key_from_jwt(minted["jwt"])
claims = jwt.decode(minted["jwt"], key.key, algorithms=["ES256"], audience="https://api.example.com", issuer=issuer)

assert list(claims) == ["iss", "sub", "aud", "iat", "exp", "tier", "realm", "scope", "trace_id"], claims
assert claims["sub"] == "acme/alice"
assert claims["aud"] == ["https://api.example.com"]
assert claims["exp"] == claims["iat"] + 900
assert abs(claims["iat"] - time.time()) < 60
assert claims["tier"] == "gold" and claims["realm"] == "acme"
assert claims["scope"] == ["read:orders", "list:invoices"] and claims["trace_id"] == "7c1a"

# Another role's token is for another audience: it must not pass the same check.
call("PUT", role.replace("reader", "writer"), {"default-audiences": ["https://write.example.com"]})
other = call("POST", role.replace("config", "state").replace("reader", "writer") + "/mint", {})
try:
    jwt.decode(other["jwt"], key.key, algorithms=["ES256"], audience="https://api.example.com", issuer=issuer)
except jwt.InvalidAudienceError:
    pass
else:
    raise AssertionError("a token for another audience was accepted")

# After a rotation the new token has a new kid, and the old one still verifies.
call("POST", "/v1/state/strongbox/transit-keys/payments-signing/rotate")
rotated = call("POST", role.replace("config", "state") + "/mint", {})
assert rotated["kid"] == "2", rotated
fresh = jwt.PyJWKClient(discovery["jwks_uri"])
for text in (minted["jwt"], rotated["jwt"]):
    jwt.decode(text, fresh.get_signing_key_from_jwt(text).key, algorithms=["ES256"], audience="https://api.example.com")
print("verified", claims)
