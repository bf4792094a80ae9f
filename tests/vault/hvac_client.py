"""Drives the Vault dialect with hvac, unmodified: argument 1 is the address, argument 2 a root token of the tenant system."""

import sys

import hvac
from hvac import exceptions


def refused(kind, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind:
        return
    raise AssertionError(f"{call} was not refused with {kind}")


address, root = sys.argv[1:]
client = hvac.Client(url=address, token=root)

# sys
assert client.is_authenticated()
assert client.sys.is_initialized() and not client.sys.is_sealed()
assert client.sys.read_health_status(method="GET")["initialized"] is True
assert client.sys.read_health_status().status_code == 200
assert client.seal_status["t"] >= 1
assert client.sys.read_leader_status()["ha_enabled"] is False
assert client.key_status["term"] >= 1
client.sys.rotate_encryption_key()

# mounts
client.sys.enable_auth_method("userpass")
client.sys.enable_auth_method("approle", path="approle", description="machines")
refused(exceptions.InvalidRequest, client.sys.enable_auth_method, "userpass")
methods = client.sys.list_auth_methods()
assert methods["data"]["approle/"]["description"] == "machines" and methods["userpass/"]["type"] == "userpass"
client.sys.tune_auth_method("userpass", default_lease_ttl="1h", description="people")
assert client.sys.read_auth_method_tuning("userpass")["data"]["default_lease_ttl"] == 3600
assert "sys/" in client.sys.list_mounted_secrets_engines()["data"]
client.sys.enable_secrets_engine("jwt", path="signer", description="signs")
refused(exceptions.InvalidRequest, client.sys.enable_secrets_engine, "jwt", path="signer")
client.sys.tune_mount_configuration("signer", max_lease_ttl="2h", description="signs more")
assert client.sys.read_mount_configuration("signer")["data"]["max_lease_ttl"] == 7200
assert client.sys.list_mounted_secrets_engines()["data"]["signer/"]["description"] == "signs more"
client.write_data("sys/mounts/auth/userpass/tune", data={"max_lease_ttl": "9h"})
assert client.sys.read_auth_method_tuning("userpass")["data"]["max_lease_ttl"] == 9 * 3600
assert client.read("sys/internal/ui/mounts")["data"]["secret"]["signer/"]["type"] == "jwt"
assert client.read("sys/internal/ui/mounts/signer")["data"]["path"] == "signer/"
client.sys.disable_secrets_engine("signer")
assert "signer/" not in client.sys.list_mounted_secrets_engines()["data"]
assert "Request: " in client.read("sys/mounts?help=1")["help"]

# policies
text = 'path "sys/mounts" { capabilities = ["read"] }\npath "auth/token/create" { capabilities = ["update"] }\n'
client.sys.create_or_update_policy("reader", text)
assert client.sys.read_policy("reader")["data"]["rules"] == text
assert "reader" in client.sys.list_policies()["data"]["policies"]
client.sys.create_or_update_policy("dictionary", {"path": {"sys/auth": {"capabilities": ["read"]}}})
assert client.sys.list_acl_policies()["data"]["keys"][-1] == "root"
client.sys.create_or_update_acl_policy("other", text)
assert client.sys.read_acl_policy("other")["data"]["policy"] == text
client.sys.delete_acl_policy("other")
refused(exceptions.InvalidPath, client.sys.read_acl_policy, "other")
refused(exceptions.InvalidRequest, client.sys.create_or_update_policy, "broken", "path {")

# tokens
made = client.auth.token.create(policies=["reader"], ttl="1h", meta={"team": "blue"})
token, accessor = made["auth"]["client_token"], made["auth"]["accessor"]
assert made["auth"]["policies"] == ["default", "reader"] and made["auth"]["renewable"] is True
known = client.auth.token.lookup(token)["data"]
assert known["meta"] == {"team": "blue"} and known["ttl"] <= 3600
assert client.auth.token.lookup_accessor(accessor)["data"]["accessor"] == accessor
assert accessor in client.auth.token.list_accessors()["data"]["keys"]
reader = hvac.Client(url=address, token=token)
assert reader.auth.token.lookup_self()["data"]["id"] == token
assert "sys/" in reader.sys.list_mounted_secrets_engines()["data"]
refused(exceptions.Forbidden, reader.sys.list_auth_methods)
assert reader.sys.get_capabilities(["sys/mounts"])["capabilities"] == ["read"]
assert reader.auth.token.renew_self()["auth"]["lease_duration"] > 0
assert client.auth.token.renew(token)["auth"]["client_token"] == token
client.auth.token.revoke(token)
refused(exceptions.Forbidden, reader.auth.token.lookup_self)
assert not reader.is_authenticated()
refused(exceptions.InvalidRequest, client.auth.token.renew_self)
orphan = client.auth.token.create_orphan(policies=["reader"])["auth"]
assert orphan["orphan"] is True
assert client.auth.token.renew_accessor(orphan["accessor"])["auth"]["accessor"] == orphan["accessor"]
client.auth.token.revoke_accessor(orphan["accessor"])
refused(exceptions.Forbidden, client.auth.token.lookup, orphan["client_token"])
brief = hvac.Client(url=address, token=client.auth.token.create(policies=["reader"])["auth"]["client_token"])
brief.auth.token.revoke_self()
assert not brief.is_authenticated()

# userpass
people = client.auth.userpass
people.create_or_update_user("alma", "correct horse", policies=["reader"])
assert people.list_user()["data"]["keys"] == ["alma"] or "alma" in people.list_user()["data"]["keys"]
assert people.read_user("alma")["data"]["token_policies"] == ["reader"]
guest = hvac.Client(url=address, namespace="system")
let_in = guest.auth.userpass.login("alma", "correct horse")
assert let_in["auth"]["metadata"] is None or isinstance(let_in["auth"]["metadata"], dict)
assert guest.is_authenticated()
refused(exceptions.InvalidRequest, hvac.Client(url=address, namespace="system").auth.userpass.login, "alma", "wrong")
people.update_password_on_user("alma", "battery staple")
guest.auth.userpass.login("alma", "battery staple")
assert "password" in client.read("auth/userpass/users/alma?help=1")["help"]
people.delete_user("alma")

# approle
machines = client.auth.approle
machines.create_or_update_approle("ci", token_policies=["reader"], token_ttl="20m")
assert machines.list_roles()["data"]["keys"] == ["ci"] or "ci" in machines.list_roles()["data"]["keys"]
machines.update_role_id("ci", "the-ci")
assert machines.read_role_id("ci")["data"]["role_id"] == "the-ci"
secret = machines.generate_secret_id("ci", metadata={"host": "a"})["data"]
assert machines.read_secret_id("ci", secret["secret_id"])["data"]["metadata"] == {"host": "a"}
assert secret["secret_id_accessor"] in machines.list_secret_id_accessors("ci")["data"]["keys"]
assert machines.read_secret_id_accessor("ci", secret["secret_id_accessor"])["data"]["metadata"] == {"host": "a"}
assert machines.read_role("ci")["data"]["token_ttl"] == 1200
machine = hvac.Client(url=address, namespace="system")
assert machine.auth.approle.login("the-ci", secret["secret_id"])["auth"]["lease_duration"] == 1200
machines.destroy_secret_id("ci", secret["secret_id"])
refused(exceptions.InvalidRequest, hvac.Client(url=address, namespace="system").auth.approle.login, "the-ci", secret["secret_id"])
second = machines.generate_secret_id("ci")["data"]["secret_id_accessor"]
machines.destroy_secret_id_accessor("ci", second)
assert client.list("auth/approle/role/ci/secret-id") is None
machines.delete_role("ci")

# wrapping and what a token keeps for itself
wrapped = client.sys.wrap({"zip": "zap"}, ttl=60)["wrap_info"]["token"]
assert client.sys.unwrap(wrapped)["data"] == {"zip": "zap"}
refused(exceptions.InvalidRequest, client.sys.unwrap, wrapped)
wrapped = client.sys.wrap({"zip": "zap"}, ttl=60)["wrap_info"]["token"]
assert client.write_data("sys/wrapping/lookup", data={"token": wrapped})["data"]["creation_ttl"] == 60
again = client.write_data("sys/wrapping/rewrap", data={"token": wrapped})["wrap_info"]["token"]
assert client.sys.unwrap(again)["data"] == {"zip": "zap"}
wrapped = client.auth.token.create(ttl="5m", wrap_ttl="60s")["wrap_info"]["token"]
assert hvac.Client(url=address, token=wrapped).sys.unwrap()["auth"]["lease_duration"] == 300
client.write("cubbyhole/mine", value="x")
assert client.read("cubbyhole/mine")["data"] == {"value": "x"}
assert client.list("cubbyhole")["data"]["keys"] == ["mine"]
client.delete("cubbyhole/mine")
assert client.read("cubbyhole/mine") is None

client.sys.delete_policy("reader")
assert "reader" not in client.sys.list_policies()["data"]["policies"]
client.sys.disable_auth_method("approle")
assert "approle/" not in client.sys.list_auth_methods()["data"]
