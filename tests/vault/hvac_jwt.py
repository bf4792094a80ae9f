"""Drives log ins by JWT and by OIDC, and a secrets backend that signs, with hvac, unmodified. Argument 1 is the address,
argument 2 a root token of the tenant system."""

import json
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

import hvac
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hvac import exceptions

address, root = sys.argv[1:]
client = hvac.Client(url=address, token=root)
key = ec.generate_private_key(ec.SECP256R1())
pem = key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def refused(kind, said, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind as error:
        assert said in str(error), f"{call}: {error}"
        return
    raise AssertionError(f"{call} was not refused with {kind}")


def signed(**more):
    now = int(time.time())
    claims = {"iss": "https://issuer", "sub": "anna", "aud": "us", "iat": now, "exp": now + 300, **more}
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "1"})


def stranger():
    return hvac.Client(url=address, namespace="system")


# auth.jwt
client.sys.enable_auth_method("jwt", path="jwt", description="programs")
refused(exceptions.InvalidPath, "", client.auth.jwt.read_config)
refused(exceptions.InvalidRequest, "exactly one of 'jwt_validation_pubkeys'", client.auth.jwt.configure, bound_issuer="x")
assert client.auth.jwt.configure(
    jwt_validation_pubkeys=[pem], bound_issuer="https://issuer", jwt_supported_algs=["ES256"], default_role="Dev",
).status_code == 204
config = client.auth.jwt.read_config()["data"]
assert config["bound_issuer"] == "https://issuer" and config["default_role"] == "dev", config
assert [text.strip() for text in config["jwt_validation_pubkeys"]] == [pem.strip()], config
assert config["oidc_discovery_url"] == "" and config["provider_config"] == {} and config["jwt_supported_algs"] == ["ES256"]
role = client.auth.jwt.create_role(
    "Dev", "sub", ["http://localhost:8250/oidc/callback"], bound_audiences=["us"], bound_claims={"level": ["3", "4"], "kind": ["x"]},
    claim_mappings={"mail": "mail"}, groups_claim="groups", token_policies=["default"], token_ttl="10m", token_max_ttl="1h",
    expiration_leeway=10, not_before_leeway=20, clock_skew_leeway=30, user_claim_json_pointer=False,
)
assert role.status_code == 204
read = client.auth.jwt.read_role("dev")["data"]
assert read["bound_claims"] == {"level": ["3", "4"], "kind": ["x"]} and read["claim_mappings"] == {"mail": "mail"}, read
assert (read["token_ttl"], read["token_max_ttl"], read["role_type"]) == (600, 3600, "jwt")
assert (read["expiration_leeway"], read["not_before_leeway"], read["clock_skew_leeway"]) == (10, 20, 30)
assert client.auth.jwt.list_roles()["data"]["keys"] == ["dev"]
program = stranger()
issued = program.auth.jwt.jwt_login("dev", signed(level="4", kind="x", mail="anna@x", groups=["staff"]))
assert issued["auth"]["metadata"] == {"mail": "anna@x", "role": "dev"} and issued["auth"]["lease_duration"] == 600
assert program.token == issued["auth"]["client_token"] and program.is_authenticated()
assert program.auth.token.lookup_self()["data"]["path"] == "auth/jwt/login"
assert program.auth.token.lookup_self()["data"]["display_name"] == "jwt-anna"
assert stranger().auth.jwt.jwt_login(None, signed(level="4", kind="x", groups="staff"))["auth"]["orphan"] is True
refused(exceptions.InvalidRequest, "error validating claims", stranger().auth.jwt.jwt_login, "dev", signed(level="5", groups=[]))
refused(exceptions.InvalidRequest, 'role "none" could not be found', stranger().auth.jwt.jwt_login, "none", signed())
client.auth.jwt.delete_role("dev")
refused(exceptions.InvalidPath, "", client.auth.jwt.read_role, "dev")


# auth.oidc: a provider of this script's own; a real one is in `interop`.
class Provider(BaseHTTPRequestHandler):
    nonce = ""

    def log_message(self, *_):
        pass

    def answer(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        if self.path == "/keys":
            jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
            return self.answer({"keys": [{**jwk, "kid": "1", "alg": "ES256", "use": "sig"}]})
        return self.answer({
            "issuer": issuer, "jwks_uri": f"{issuer}/keys", "authorization_endpoint": f"{issuer}/auth",
            "token_endpoint": f"{issuer}/token"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        id_token = signed(iss=issuer, aud="client", nonce=Provider.nonce)
        self.answer({"access_token": "x", "token_type": "Bearer", "id_token": id_token})


server = HTTPServer(("127.0.0.1", 0), Provider)
issuer = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
client.sys.enable_auth_method("oidc", path="people/oidc")
callback = "http://localhost:8250/oidc/callback"
client.auth.oidc.configure(
    oidc_discovery_url=issuer, oidc_client_id="client", oidc_client_secret="s3cret", jwt_supported_algs=["ES256"],
    default_role="dev", path="people/oidc")
config = client.auth.oidc.read_config(path="people/oidc")["data"]
assert config["oidc_client_id"] == "client" and "oidc_client_secret" not in config and config["namespace_in_state"] is True
client.auth.oidc.create_role("dev", "sub", [callback], token_policies=["default"], path="people/oidc")
assert client.auth.oidc.read_role("dev", path="people/oidc")["data"]["role_type"] == "oidc"
person = stranger()
answer = person.auth.oidc.oidc_authorization_url_request("dev", callback, path="people/oidc")
sent = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer["data"]["auth_url"]).query))
assert sent["client_id"] == "client" and sent["redirect_uri"] == callback and sent["code_challenge_method"] == "S256"
Provider.nonce = sent["nonce"]
ended = person.auth.oidc.oidc_callback(sent["state"], sent["nonce"], "code", path="people/oidc")
assert ended["auth"]["metadata"] == {"role": "dev"} and ended["auth"]["client_token"], ended
refused(exceptions.InvalidRequest, "Expired or missing OAuth state.",
        person.auth.oidc.oidc_callback, sent["state"], sent["nonce"], "code", path="people/oidc")
elsewhere = person.auth.oidc.oidc_authorization_url_request("dev", "https://evil.example/", path="people/oidc")
assert elsewhere["data"]["auth_url"] == ""

# The secrets backend that signs has no class in hvac: its generic calls do.
client.sys.enable_secrets_engine("jwt", path="signer")
mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
private = mine.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()).decode()
client.write_data("signer/roles/webauth", data={"algorithm": "RS256", "key": private, "default_issuer": "Vault"})
assert client.read("signer/roles/webauth")["data"]["algorithm"] == "RS256"
assert "key" not in client.read("signer/roles/webauth")["data"]
assert client.list("signer/roles")["data"]["keys"] == ["webauth"]
made = client.write_data(
    "signer/issue/webauth", data={"audience": "Vault Client", "expiration": "4102444800", "claims": '{"a": [1]}'})["data"]
said = jwt.decode(made["token"], mine.public_key(), algorithms=["RS256"], audience="Vault Client", issuer="Vault")
assert said["jti"] == made["jti"] and said["exp"] == 4102444800 and said["a"] == [1], said
refused(exceptions.InvalidRequest, "Unknown role: none", client.write_data, "signer/issue/none", data={})
client.delete("signer/roles/webauth")
assert client.read("signer/roles/webauth") is None
client.sys.disable_secrets_engine("signer")
client.sys.disable_auth_method("people/oidc")
client.sys.disable_auth_method("jwt")
refused(exceptions.Forbidden, "permission denied", stranger().auth.jwt.jwt_login, "dev", signed())
