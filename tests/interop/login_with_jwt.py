"""PyJWT signs, strongbox lets in: keys made here, their JWK Set served here, found by URL and by discovery.

Arguments: the address of a daemon, the token of the admin of tenant acme.
"""

import base64
import hashlib
import hmac
import http.server
import json
import sys
import threading
import time
import urllib.error
import urllib.request

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ADDRESS, ADMIN = sys.argv[1:3]

KEYS = {
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "ed": ed25519.Ed25519PrivateKey.generate(),
}
ALGORITHMS = {
    "RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa",
    "ES256": "p256", "ES384": "p384", "ES512": "p521", "EdDSA": "ed",
}


def jwk(kid):
    algorithm = next(name for name, key in ALGORITHMS.items() if key == kid)
    public = jwt.algorithms.get_default_algorithms()[algorithm].to_jwk(KEYS[kid].public_key())
    return {**json.loads(public), "kid": kid, "use": "sig"}


class Issuer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        documents = {
            "/keys": {"keys": [jwk(kid) for kid in KEYS]},
            "/.well-known/openid-configuration": {"issuer": URL, "jwks_uri": URL + "/keys"},
        }
        body = json.dumps(documents.get(self.path, {})).encode()
        self.send_response(200 if self.path in documents else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
URL = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(method, path, body, token=None):
    request = urllib.request.Request(ADDRESS + path, json.dumps(body).encode(), method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or "null")


def configure(name, source):
    role = {"name": "dev", "bound-audiences": ["strongbox"], "user-claim": "email", "token-policies": ["payments"]}
    path = "/v1/config/strongbox/authentication/jwt-auth/" + name
    status, body = ask("PUT", path, {**source, "default-role": "dev", "roles": [role]}, ADMIN)
    assert status in (201, 204), body


def login(name, token):
    return ask("POST", "/v1/jwt-login", {"tenant": "acme", "jwt-auth": name, "jwt": token})


NOW = int(time.time())
CLAIMS = {"iss": URL, "sub": "1", "aud": "strongbox", "email": "carol@example.com", "iat": NOW, "exp": NOW + 60}


def signed(algorithm, **more):
    kid = ALGORITHMS[algorithm]
    return jwt.encode({**CLAIMS, **more}, KEYS[kid], algorithm=algorithm, headers={"kid": kid})


PEM = KEYS["p256"].public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
configure("jwks", {"jwks-url": URL + "/keys"})
configure("discovery", {"oidc-discovery-url": URL})
configure("static", {"public-keys": [PEM.decode()]})

for algorithm in ALGORITHMS:
    for name in ("jwks", "discovery"):
        status, body = login(name, signed(algorithm))
        assert status == 200 and body["policies"] == ["payments", "default"], (algorithm, name, body)
status, body = login("static", signed("ES256"))
assert status == 200, body
info = urllib.request.Request(ADDRESS + "/v1/state/strongbox/token/info")
info.add_header("Authorization", "Bearer " + body["token"])
assert json.load(urllib.request.urlopen(info))["user"] == "carol@example.com"

header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
payload = base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).rstrip(b"=")
tag = hmac.new(PEM, header + b"." + payload, hashlib.sha256).digest()
confused = (header + b"." + payload + b"." + base64.urlsafe_b64encode(tag).rstrip(b"=")).decode()
for name, token in {
    "static": confused,
    "jwks": signed("RS256", exp=NOW - 120, iat=NOW - 300),
    "discovery": signed("ES256", iss="https://other"),
}.items():
    status, body = login(name, token)
    assert (status, body["errors"][0]["error-message"]) == (401, "invalid credentials"), (name, body)
