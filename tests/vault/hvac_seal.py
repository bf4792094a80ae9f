"""Initializes, unseals and seals a daemon that has no store yet, with hvac, unmodified. Argument 1 is its address."""

import sys

import hvac
from hvac import exceptions

client = hvac.Client(url=sys.argv[1])
assert client.sys.is_initialized() is False
assert client.sys.read_health_status(method="GET").status_code == 501
made = client.sys.initialize(secret_shares=3, secret_threshold=2)
assert len(made["keys"]) == len(made["keys_base64"]) == 3 and made["root_token"]
assert client.sys.is_initialized() and client.sys.is_sealed()
assert client.sys.read_health_status(method="GET").status_code == 503
try:
    client.sys.initialize()
    raise AssertionError("twice")
except exceptions.InvalidRequest as error:
    assert "Vault is already initialized" in str(error), error
try:
    hvac.Client(url=sys.argv[1], token=made["root_token"]).sys.list_auth_methods()
    raise AssertionError("sealed")
except exceptions.VaultDown as error:
    assert "Vault is sealed" in str(error), error

status = client.sys.submit_unseal_key(made["keys"][0])
assert (status["sealed"], status["progress"], status["t"], status["n"]) == (True, 1, 2, 3), status
assert client.sys.submit_unseal_key(reset=True)["progress"] == 0
status = client.sys.submit_unseal_keys([made["keys"][2], made["keys_base64"][1]])
assert status["sealed"] is False, status
client.token = made["root_token"]
assert client.is_authenticated() and client.sys.read_seal_status()["sealed"] is False
assert client.sys.seal().status_code == 204
assert client.sys.is_sealed()
