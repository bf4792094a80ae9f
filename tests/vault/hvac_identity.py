"""Drives identity/ with hvac, unmodified: entities, aliases, groups, lookups and identity tokens. Argument 1 is the
address, argument 2 the token of an admin of the default tenant."""

import sys

import hvac
import jwt
from hvac import exceptions

address, root = sys.argv[1:]
client = hvac.Client(url=address, token=root)
identity = client.secrets.identity


def refused(kind, said, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind as error:
        assert said in str(error), f"{call}: {error}"
        return
    raise AssertionError(f"{call} was not refused with {kind}")


# Who logs in: hvac's own tests take approle for this too.
client.sys.enable_auth_method("approle")
client.sys.enable_auth_method("userpass")
approle = client.sys.list_auth_methods()["data"]["approle/"]["accessor"]
userpass = client.sys.list_auth_methods()["data"]["userpass/"]["accessor"]

# entities
made = identity.create_or_update_entity("anna", metadata={"team": "blue"}, policies=["default"])["data"]
anna = made["id"]
assert made["name"] == "anna" and made["aliases"] is None, made
read = identity.read_entity(anna)["data"]
assert read["metadata"] == {"team": "blue"} and read["policies"] == ["default"] and read["disabled"] is False
for name in ["creation_time", "last_update_time", "aliases", "direct_group_ids", "group_ids", "inherited_group_ids",
             "merged_entity_ids", "namespace_id", "bucket_key_hash"]:
    assert name in read or name == "bucket_key_hash", name
assert identity.read_entity_by_name("anna")["data"]["id"] == anna
assert identity.update_entity(anna, name="anna", metadata={"team": "red"}).status_code == 204
assert identity.read_entity(anna)["data"]["metadata"] == {"team": "red"}
assert identity.create_or_update_entity_by_name("anna", metadata={"team": "green"}).status_code == 204
bert = identity.create_or_update_entity_by_name("bert", disabled=True)["data"]["id"]
assert identity.read_entity(bert)["data"]["disabled"] is True
for method in ["LIST", "GET"]:
    assert set(identity.list_entities(method=method)["data"]["keys"]) >= {anna, bert}
    assert {"anna", "bert"} <= set(identity.list_entities_by_name(method=method)["data"]["keys"])

# entity aliases
alias = identity.create_or_update_entity_alias("anna-at-work", anna, userpass)["data"]
assert alias["canonical_id"] == anna
read = identity.read_entity_alias(alias["id"])["data"]
assert (read["name"], read["mount_accessor"]) == ("anna-at-work", userpass)
assert (read["mount_type"], read["mount_path"]) == ("userpass", "auth/userpass/"), read
identity.update_entity_alias(alias["id"], "anna-at-home", anna, userpass)
assert identity.read_entity_alias(alias["id"])["data"]["name"] == "anna-at-home"
assert alias["id"] in identity.list_entity_aliases()["data"]["keys"]
assert identity.read_entity(anna)["data"]["aliases"][0]["name"] == "anna-at-home"
refused(exceptions.InvalidRequest, 'invalid mount accessor "bad"', identity.create_or_update_entity_alias, "x", anna, "bad")
other = identity.create_or_update_entity_alias("bert-the-machine", bert, approle)["data"]["id"]

# merging: the aliases of the ones that go become those of the one that stays
merged = identity.merge_entities([bert], anna)
assert merged.status_code == 204
assert {alias["name"] for alias in identity.read_entity(anna)["data"]["aliases"]} == {"anna-at-home", "bert-the-machine"}
assert identity.read_entity(anna)["data"]["merged_entity_ids"] == [bert]
refused(exceptions.InvalidPath, "", identity.read_entity, bert)
assert identity.lookup_entity(entity_id=bert).status_code == 204
identity.delete_entity(bert)
assert identity.read_entity(anna)["data"]["name"] == "anna", "the old id is nobody's"
identity.delete_entity_alias(other)
refused(exceptions.InvalidPath, "", identity.read_entity_alias, other)

# groups
inner = identity.create_or_update_group("inner", member_entity_ids=[anna], policies=["default"], metadata={"a": "b"})["data"]
assert inner["name"] == "inner"
outer = identity.create_or_update_group_by_name("outer", member_group_ids=[inner["id"]])["data"]
read = identity.read_group(inner["id"])["data"]
assert (read["type"], read["member_entity_ids"], read["metadata"]) == ("internal", [anna], {"a": "b"}), read
assert read["parent_group_ids"] == [outer["id"]] and read["modify_index"] >= 1 and read["alias"] in ({}, None)
read = identity.read_entity(anna)["data"]
assert (read["direct_group_ids"], read["inherited_group_ids"]) == ([inner["id"]], [outer["id"]])
identity.update_group(inner["id"], "inner", metadata={"a": "c"}, member_entity_ids=[anna])
assert identity.read_group_by_name("inner")["data"]["metadata"] == {"a": "c"}
assert identity.read_group_by_name("inner")["data"]["policies"] == ["default"], "what is not said stays"
assert inner["id"] in identity.list_groups()["data"]["keys"]
assert {"inner", "outer"} <= set(identity.list_groups_by_name(method="GET")["data"]["keys"])

# group aliases
outside = identity.create_or_update_group("outside", group_type="external")["data"]["id"]
group_alias = identity.create_or_update_group_alias("admins", mount_accessor=approle, canonical_id=outside)["data"]["id"]
read = identity.read_group_alias(group_alias)["data"]
assert (read["name"], read["canonical_id"], read["mount_type"]) == ("admins", outside, "approle"), read
identity.update_group_alias(group_alias, "owners", mount_accessor=approle, canonical_id=outside)
assert identity.read_group(outside)["data"]["alias"]["name"] == "owners"
assert group_alias in identity.list_group_aliases()["data"]["keys"]

# lookups
assert identity.lookup_entity(name="anna")["data"]["id"] == anna
assert identity.lookup_entity(entity_id=anna)["data"]["name"] == "anna"
assert identity.lookup_entity(alias_id=alias["id"])["data"]["id"] == anna
assert identity.lookup_entity(alias_name="anna-at-home", alias_mount_accessor=userpass)["data"]["id"] == anna
assert identity.lookup_entity(name="nobody").status_code == 204
assert identity.lookup_group(name="inner")["data"]["id"] == inner["id"]
assert identity.lookup_group(group_id=outer["id"])["data"]["name"] == "outer"
assert identity.lookup_group(alias_id=group_alias)["data"]["id"] == outside
assert identity.lookup_group(alias_name="owners", alias_mount_accessor=approle)["data"]["id"] == outside
assert identity.lookup_group(name="nobody").status_code == 204

# identity tokens
answer = identity.configure_tokens_backend(issuer="https://example.com:1234")
assert answer["data"] is None and answer["warnings"][0].startswith('If "issuer" is set explicitly, '), answer
assert identity.read_tokens_backend_configuration()["data"]["issuer"] == "https://example.com:1234"
refused(exceptions.InvalidRequest, "invalid issuer", identity.configure_tokens_backend, issuer="https://example.com/x")
identity.configure_tokens_backend(issuer="")
identity.create_named_key("apps", rotation_period="12h", verification_ttl=43200, allowed_client_ids=["shop"], algorithm="ES256")
assert identity.read_named_key("apps")["data"] == {
    "algorithm": "ES256", "allowed_client_ids": ["shop"], "rotation_period": 43200, "verification_ttl": 43200}
identity.create_named_key("closed")
assert identity.list_named_keys()["data"]["keys"] == ["apps", "closed"]
identity.create_or_update_role("shop", "apps", template='{"color": {{identity.entity.metadata.team}}}', client_id="shop", ttl="1h")
assert identity.read_role("shop")["data"] == {
    "client_id": "shop", "key": "apps", "template": '{"color": {{identity.entity.metadata.team}}}', "ttl": 3600}
identity.create_or_update_role("shut", "closed")
assert identity.list_roles()["data"]["keys"] == ["shop", "shut"]
refused(exceptions.InvalidRequest, "no entity associated with the request's token", identity.generate_signed_id_token, "shop")

text = 'path "identity/oidc/token/*" { capabilities = ["read"] }\npath "identity/oidc/introspect" { capabilities = ["update"] }\n'
client.sys.create_or_update_policy("tokens", text)
client.auth.userpass.create_or_update_user("carla", password="correct horse battery", policies=["tokens"])
caller = hvac.Client(url=address)
caller.auth.userpass.login("carla", "correct horse battery")
carla = caller.auth.token.lookup_self()["data"]["entity_id"]
assert identity.lookup_entity(entity_id=carla)["data"]["aliases"][0]["name"] == "carla"
identity.update_entity(carla, metadata={"team": "green"})
issued = caller.secrets.identity.generate_signed_id_token("shop")["data"]
assert (issued["client_id"], issued["ttl"]) == ("shop", 3600)
refused(exceptions.InvalidRequest, "does not list the client ID of the role", caller.secrets.identity.generate_signed_id_token, "shut")
refused(exceptions.InvalidRequest, 'role "none" not found', caller.secrets.identity.generate_signed_id_token, "none")
token = issued["token"]
assert caller.secrets.identity.introspect_signed_id_token(token) == {"active": True}
assert caller.secrets.identity.introspect_signed_id_token(token, client_id="shop") == {"active": True}
other_client = caller.secrets.identity.introspect_signed_id_token(token, client_id="other")
assert other_client["active"] is False and "invalid audience claim (aud)" in other_client["error"], other_client

stranger = hvac.Client(url=address)
issuer = identity.read_well_known_configurations()["issuer"]
assert issuer.endswith("/v1/identity/oidc"), issuer
keys = identity.read_active_public_keys()["keys"]
# Three keys: the one that signs and the one after it, for each key that a role names.
assert len(keys) == 4 and {key["kty"] for key in keys} == {"EC", "RSA"}, keys
key = next(key for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"])
said = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["ES256"], audience="shop", issuer=issuer)
assert said["sub"] == carla and said["color"] == "green" and said["namespace"] == "root", said
assert stranger.adapter.get("/v1/identity/oidc/.well-known/keys")["keys"], "nobody needs a token for these"

# hvac posts its rotation to the key itself, which is an update of verification_ttl; the path that rotates is written by hand.
identity.rotate_named_key("apps", "1h")
assert identity.read_named_key("apps")["data"]["verification_ttl"] == 3600
client.write_data("identity/oidc/key/apps/rotate", data={"verification_ttl": 0})
gone = caller.secrets.identity.introspect_signed_id_token(token)
assert gone["active"] is False and gone["error"] == "unable to validate the token signature", gone
refused(exceptions.InvalidRequest, "currently referenced by these roles: shop", identity.delete_named_key, "apps")
identity.delete_role("shop")
identity.delete_role("shut")
identity.delete_named_key("apps")
identity.delete_named_key("closed")
refused(exceptions.InvalidPath, "", identity.read_named_key, "apps")

# and away with all of it
identity.delete_group_alias(group_alias)
identity.delete_group(outside)
identity.delete_group_by_name("outer")
identity.delete_group(inner["id"])
identity.delete_entity_by_name("anna")
refused(exceptions.InvalidPath, "", identity.read_entity, anna)
client.adapter.post("/v1/identity/entity/batch-delete", json={"entity_ids": [carla]})
refused(exceptions.Forbidden, "permission denied", caller.auth.token.lookup_self)
