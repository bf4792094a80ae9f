//! Entities behind tokens: how a log in finds or makes them, what they and their groups bring to a decision, and that
//! nobody gains authority by the way.

use super::*;

const TOP: &str = "strongbox/identity";

impl House {
    /// A policy of acme that allows to read the transit keys.
    async fn keys_policy(&self) {
        let rules = json!([{"path": "strongbox/transit-keys/**", "operations": {"read": "allow"}}]);
        let policy = json!({"rest-api": {"rules": rules}});
        self.put(&self.root, "policy/policies/keys", policy).await.unwrap();
    }

    /// The token of a fresh log in of alice, and her entity.
    async fn alice_with_entity(&self) -> (String, String) {
        let issued = self.login("alice", "hunter2").await.unwrap();
        let text = |name: &str| issued[name].as_str().unwrap().to_owned();
        (text("token"), text("entity"))
    }

    async fn may_read_keys(&self, token: &str) -> u16 {
        code(&self.get(token, "strongbox/transit-keys").await)
    }

    /// Why a body does not fit the model; nothing when it does.
    fn misfit(&self, path: &str, body: Value) -> String {
        let options = DecodeOptions::plain(Format::Json, Allow::Config);
        match decode(self.schema(), &self.path(path), body.to_string().as_bytes(), &options) {
            Ok(_) => String::new(),
            Err(violations) => violations.iter().map(|violation| violation.message.as_str()).collect(),
        }
    }

    async fn entity(&self, id: &str) -> Value {
        self.state(&self.root, &format!("{TOP}/entities/{id}")).await.unwrap()
    }

    async fn group(&self, id: &str, group: Value) -> Answer {
        self.put(&self.root, &format!("{TOP}/groups/{id}"), group).await
    }
}

#[tokio::test]
async fn a_log_in_makes_an_entity_once_and_finds_it_again() {
    let house = House::new().await;
    let (token, entity) = house.alice_with_entity().await;
    assert_eq!(house.alice_with_entity().await.1, entity);
    let info = house.state(&token, "strongbox/token/info").await.unwrap();
    assert_eq!(info["entity"], json!(entity));
    let stored = house.entity(&entity).await;
    assert!(stored["name"].as_str().unwrap().starts_with("entity_"), "{stored}");
    assert_eq!(stored["creation-time"], "2024-03-09T16:00:00.000000Z");
    assert!(stored["last-update-time"].as_str().unwrap().starts_with("2024-03-09T16:00:00.0000"), "{stored}");
    let alias = house.state(&house.root, &format!("{TOP}/entity-aliases/userpass,alice")).await.unwrap();
    assert_eq!(alias["entity"], json!(entity));
    let house = house.restarted().await;
    assert_eq!(house.alice_with_entity().await.1, entity);
}

#[tokio::test]
async fn log_ins_at_the_same_time_share_one_entity() {
    let house = House::new().await;
    let logins = futures_util::future::join_all((0..8).map(|_| house.alice_with_entity())).await;
    let first = &logins[0].1;
    assert!(logins.iter().all(|(_, entity)| entity == first), "{logins:?}");
    let entities = house.get(&house.root, &format!("{TOP}/entities")).await.unwrap();
    assert_eq!(entities.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn metadata_is_refreshed_on_that_alias_only_cve_2021_43998_cve_2022_40186() {
    let house = House::new().await;
    let user = |team: &str| json!({"metadata": [{"name": "team", "value": team}]});
    let alice = "strongbox/authentication/userpass/alice";
    house.patch(&house.root, alice, user("red")).await.unwrap();
    let (_, entity) = house.alice_with_entity().await;
    let other = json!({"entity": entity, "custom-metadata": [{"name": "team", "value": "own"}]});
    house.put(&house.root, &format!("{TOP}/entity-aliases/elsewhere,alice"), other).await.unwrap();
    house.patch(&house.root, alice, user("blue")).await.unwrap();
    house.alice_with_entity().await;
    let alias = |place: &str| format!("{TOP}/entity-aliases/{place},alice");
    let own = house.state(&house.root, &alias("userpass")).await.unwrap();
    assert_eq!(own["metadata"], json!([{"name": "team", "value": "blue"}]));
    let other = house.state(&house.root, &alias("elsewhere")).await.unwrap();
    assert_eq!(other.get("metadata"), None);
    assert_eq!(other["custom-metadata"], json!([{"name": "team", "value": "own"}]));
}

#[tokio::test]
async fn an_alias_of_the_same_name_elsewhere_is_somebody_else_cve_2021_41802() {
    let house = House::new().await;
    let admin = json!({"name": "admin", "policies": ["keys"]});
    house.keys_policy().await;
    house.put(&house.root, &format!("{TOP}/entities/admin"), admin).await.unwrap();
    let alias = json!({"entity": "admin"});
    house.put(&house.root, &format!("{TOP}/entity-aliases/approle,alice"), alias).await.unwrap();
    let (token, entity) = house.alice_with_entity().await;
    assert_ne!(entity, "admin");
    assert_eq!(house.may_read_keys(&token).await, 403);
}

#[tokio::test]
async fn policies_of_the_entity_and_its_groups_hold_from_the_next_request_on() {
    let house = House::new().await;
    house.keys_policy().await;
    let (token, entity) = house.alice_with_entity().await;
    let path = format!("{TOP}/entities/{entity}");
    assert_eq!(house.may_read_keys(&token).await, 403);
    house.patch(&house.root, &path, json!({"policies": ["keys"]})).await.unwrap();
    assert_eq!(house.may_read_keys(&token).await, 200);
    house.put(&house.root, &path, json!({"name": "alice"})).await.unwrap();
    assert_eq!(house.may_read_keys(&token).await, 403);

    house.group("staff", json!({"name": "staff", "member-entities": [entity]})).await.unwrap();
    let company = json!({"name": "company", "policies": ["keys"], "member-groups": ["staff"]});
    house.group("company", company).await.unwrap();
    assert_eq!(house.may_read_keys(&token).await, 200, "by a group of a group");
    let shown = house.entity(&entity).await;
    assert_eq!(shown["direct-groups"], json!(["staff"]));
    assert_eq!(shown["inherited-groups"], json!(["company"]));
    assert_eq!(shown["identity-policies"], json!(["keys"]));
    let staff = house.state(&house.root, &format!("{TOP}/groups/staff")).await.unwrap();
    assert_eq!(staff["parent-groups"], json!(["company"]));
    house.group("staff", json!({"name": "staff"})).await.unwrap();
    assert_eq!(house.may_read_keys(&token).await, 403);
}

#[tokio::test]
async fn nothing_is_allowed_to_an_entity_that_is_disabled_or_gone() {
    let house = House::new().await;
    house
        .policy(json!([{"path": "strongbox/transit-keys/**", "operations": {"read": "allow"}}]))
        .await
        .unwrap();
    let (token, entity) = house.alice_with_entity().await;
    assert_eq!(house.may_read_keys(&token).await, 200);
    let path = format!("{TOP}/entities/{entity}");
    house.patch(&house.root, &path, json!({"disabled": true})).await.unwrap();
    assert_eq!(house.may_read_keys(&token).await, 403);
    assert_eq!(code(&house.state(&token, "strongbox/token/info").await), 403);
    assert_eq!(code(&house.login("alice", "hunter2").await), 401);
    house.patch(&house.root, &path, json!({"disabled": false})).await.unwrap();
    assert_eq!(house.may_read_keys(&token).await, 200);
    let ids = json!({"ids": [entity, "nobody"]});
    house.call(&house.root, &format!("{TOP}/delete-entities"), ids).await.unwrap();
    assert_eq!(house.may_read_keys(&token).await, 403);
    let (again, other) = house.alice_with_entity().await;
    assert_ne!(other, entity);
    assert_eq!(house.may_read_keys(&again).await, 200);
}

#[tokio::test]
async fn root_never_comes_by_identity_cve_2025_5999() {
    let house = House::new().await;
    let (_, entity) = house.alice_with_entity().await;
    for name in ["root", "Root", "ROOT"] {
        let path = format!("{TOP}/entities/{entity}");
        let whys = [
            house.misfit(&path, json!({"policies": [name]})),
            house.misfit(&format!("{TOP}/groups/g"), json!({"name": "g", "policies": ["ops", name]})),
        ];
        assert!(whys.iter().all(|why| why.contains("nobody gets the policy 'root' by identity")), "{whys:?}");
    }
}

#[tokio::test]
async fn a_group_name_with_blanks_around_it_is_refused_cve_2025_64761() {
    let house = House::new().await;
    for name in [" root", "root ", " ", ""] {
        for group in [json!({"name": name}), json!({"name": "g", "policies": [name]})] {
            assert_ne!(house.misfit(&format!("{TOP}/groups/g"), group), "", "'{name}'");
        }
    }
}

#[tokio::test]
async fn no_group_is_in_itself() {
    let house = House::new().await;
    house.group("a", json!({"name": "a"})).await.unwrap();
    house.group("b", json!({"name": "b", "member-groups": ["a"]})).await.unwrap();
    house.group("c", json!({"name": "c", "member-groups": ["b"]})).await.unwrap();
    for (own, member) in [("a", "a"), ("a", "b"), ("a", "c")] {
        let refused = house.group(own, json!({"name": own, "member-groups": [member]})).await;
        let (status, why) = refused.unwrap_err();
        assert!(status == 400 && why.contains(&format!("'{member}' cannot be a member of '{own}'")), "{why}");
    }
    let kind = house.group("a", json!({"name": "a", "type": "external"})).await.unwrap_err();
    assert!(kind.1.contains("cannot be changed from 'internal' to 'external'"), "{kind:?}");
}

#[tokio::test]
async fn who_writes_identities_hands_out_no_authority_that_it_does_not_have() {
    let house = House::new().await;
    house.keys_policy().await;
    house.policy(json!([{"path": "strongbox/identity/**", "operations": {"all": "allow"}}])).await.unwrap();
    let (alice, entity) = house.alice_with_entity().await;
    house.group("staff", json!({"name": "staff"})).await.unwrap();
    let admins = json!({"name": "admins", "policies": ["keys"], "member-groups": ["staff"]});
    house.group("admins", admins).await.unwrap();
    let chief = json!({"name": "chief", "policies": ["keys"]});
    house.put(&house.root, &format!("{TOP}/entities/chief"), chief).await.unwrap();

    let own = format!("{TOP}/entities/{entity}");
    assert_eq!(code(&house.patch(&alice, &own, json!({"policies": ["keys"]})).await), 403);
    assert_eq!(code(&house.patch(&alice, &own, json!({"policies": ["ops"]})).await), 200, "held");
    let staff = format!("{TOP}/groups/staff");
    let members = json!({"member-entities": [entity]});
    assert_eq!(code(&house.patch(&alice, &staff, members).await), 403, "a group in a group with policies");
    let alias = json!({"entity": "chief"});
    assert_eq!(code(&house.put(&alice, &format!("{TOP}/entity-aliases/userpass,eve"), alias).await), 403);
    let merge = json!({"from": ["chief"], "into": entity});
    let merge_path = format!("{TOP}/merge-entities");
    assert_eq!(code(&house.call(&alice, &merge_path, merge).await), 200, "chief's policies go with chief");
    let harmless = json!({"name": "choir", "policies": ["ops"], "member-entities": [entity]});
    assert_eq!(code(&house.put(&alice, &format!("{TOP}/groups/choir"), harmless).await), 200);
}

#[tokio::test]
async fn merged_entities_are_one_and_their_tokens_are_its_tokens() {
    let house = House::new().await;
    house.keys_policy().await;
    let (token, old) = house.alice_with_entity().await;
    let new = json!({"name": "alice", "policies": ["keys"]});
    house.put(&house.root, &format!("{TOP}/entities/new"), new).await.unwrap();
    house.group("staff", json!({"name": "staff", "member-entities": [old]})).await.unwrap();
    let merge = |keep: Value| json!({"from": [old], "into": "new", "keep-aliases": keep});
    let path = format!("{TOP}/merge-entities");
    house.call(&house.root, &path, merge(json!([]))).await.unwrap();
    assert_eq!(house.may_read_keys(&token).await, 200);
    assert_eq!(house.alice_with_entity().await.1, "new");
    let shown = house.entity("new").await;
    assert_eq!((&shown["merged-ids"], &shown["direct-groups"]), (&json!([old]), &json!(["staff"])));
    let found = house.call(&house.root, &format!("{TOP}/lookup-entity"), json!({"id": old})).await.unwrap();
    assert_eq!(found, json!({"id": "new"}));

    let other = json!({"entity": "other", "id": "alias-2"});
    house.put(&house.root, &format!("{TOP}/entities/other"), json!({"name": "other"})).await.unwrap();
    house.put(&house.root, &format!("{TOP}/entity-aliases/userpass,bob"), other).await.unwrap();
    let merge = |keep: Value| json!({"from": ["other"], "into": "new", "keep-aliases": keep});
    let (status, why) = house.call(&house.root, &path, merge(json!([]))).await.unwrap_err();
    assert!(status == 400 && why.contains("both have an alias at 'userpass'"), "{why}");
    house.call(&house.root, &path, merge(json!(["alias-2"]))).await.unwrap();
    assert_ne!(house.alice_with_entity().await.1, "new", "alice's alias made way for bob's");
}

#[tokio::test]
async fn entities_and_groups_are_found_by_all_that_is_known_of_them() {
    let house = House::new().await;
    let (_, entity) = house.alice_with_entity().await;
    let alias = house.get(&house.root, &format!("{TOP}/entity-aliases/userpass,alice")).await.unwrap();
    let name = house.entity(&entity).await["name"].clone();
    let lookup = async |kind: &str, by: Value| {
        house.call(&house.root, &format!("{TOP}/lookup-{kind}"), by).await.unwrap()
    };
    for by in [
        json!({"id": entity}),
        json!({"name": name}),
        json!({"alias-id": alias["id"]}),
        json!({"alias-name": "alice", "alias-mount-accessor": "userpass"}),
    ] {
        assert_eq!(lookup("entity", by.clone()).await, json!({"id": entity}), "{by}");
    }
    assert_eq!(lookup("entity", json!({"name": "nobody"})).await, Value::Null);
    house.group("g", json!({"name": "choir", "type": "external"})).await.unwrap();
    let alias = json!({"group": "g", "id": "ga"});
    house.put(&house.root, &format!("{TOP}/group-aliases/jwt-auth%2Fcorp,singers"), alias).await.unwrap();
    for by in [
        json!({"id": "g"}),
        json!({"name": "choir"}),
        json!({"alias-id": "ga"}),
        json!({"alias-name": "singers", "alias-mount-accessor": "jwt-auth/corp"}),
    ] {
        assert_eq!(lookup("group", by.clone()).await, json!({"id": "g"}), "{by}");
    }
    house.call(&house.root, &format!("{TOP}/delete-groups"), json!({"ids": ["g"]})).await.unwrap();
    assert_eq!(lookup("group", json!({"name": "choir"})).await, Value::Null);
}
