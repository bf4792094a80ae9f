"""Gets identity tokens at the paths of Vault and verifies them with PyJWT, knowing nothing but the issuer.

Usage: verify_identity_token.py ADDRESS TOKEN
"""

import json
import sys
import urllib.request

import jwt

address, admin = sys.argv[1:]


def call(method, path, body=None, token=admin):
    request = urllib.request.Request(address + "/v1/" + path, method=method)
    request.add_header("Authorization", "Bearer " + token)
    request.add_header("Content-Type", "application/json")
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, data) as answer:
        text = answer.read()
        return json.loads(text) if text else None


# The administrator's token stands for nobody; one that somebody logged in for does.
user = {"password": "correct horse", "token-policies": ["root"]}
call("PUT", "config/strongbox/authentication/userpass/ida", user)
ida = call("POST", "login", {"username": "ida", "password": "correct horse"})["token"]

for algorithm in ["RS256", "ES256", "ES384", "ES512", "EdDSA"]:
    name = "key-" + algorithm
    call("POST", "identity/oidc/key/" + name, {"algorithm": algorithm, "allowed_client_ids": ["*"]})
    call("POST", "identity/oidc/role/" + name, {
        "key": name,
        "ttl": "1h",
        "template": '{"name": {{identity.entity.name}}, "groups": {{identity.entity.groups.names}} }',
    })

    issued = call("GET", "identity/oidc/token/" + name, token=ida)["data"]
    assert issued["ttl"] == 3600, issued
    header = jwt.get_unverified_header(issued["token"])
    assert set(header) == {"alg", "kid"} and header["alg"] == algorithm, header

    issuer = jwt.decode(issued["token"], options={"verify_signature": False})["iss"]
    discovery = json.load(urllib.request.urlopen(issuer + "/.well-known/openid-configuration"))
    assert discovery["issuer"] == issuer and algorithm in discovery["id_token_signing_alg_values_supported"], discovery

    def verify(text):
        keys = jwt.PyJWKClient(discovery["jwks_uri"])
        key = keys.get_signing_key_from_jwt(text)
        return jwt.decode(text, key.key, algorithms=[algorithm], audience=issued["client_id"], issuer=issuer)

    claims = verify(issued["token"])
    assert claims["exp"] == claims["iat"] + 3600 and claims["namespace"] == "root", claims
    assert claims["name"].startswith("entity_") and claims["groups"] == [], claims
    assert call("POST", "identity/oidc/introspect", {"token": issued["token"]}) == {"active": True}

    # The key that signs next is published already; after the rotation both tokens verify.
    kids = {key["kid"] for key in json.load(urllib.request.urlopen(discovery["jwks_uri"]))["keys"]}
    call("POST", f"identity/oidc/key/{name}/rotate")
    rotated = call("GET", "identity/oidc/token/" + name, token=ida)["data"]["token"]
    assert jwt.get_unverified_header(rotated)["kid"] in kids - {header["kid"]}
    verify(rotated)
    verify(issued["token"])

    # A key whose time is over at once no longer counts.
    call("POST", f"identity/oidc/key/{name}/rotate", {"verification_ttl": 0})
    told = call("POST", "identity/oidc/introspect", {"token": rotated})
    assert told == {"active": False, "error": "unable to validate the token signature"}, told
    call("DELETE", "identity/oidc/role/" + name)
    call("DELETE", "identity/oidc/key/" + name)
print("verified")
