//! What policies allow, show and refuse, through the gate.

use super::*;

const ISSUERS: &str = "strongbox/jwt-issuers";

/// Two users in acme, a rule for alice, and what she then sees.
async fn with_rules(rules: Value) -> (House, String) {
    let house = House::new().await;
    for name in ["bob", "carol"] {
        let user = json!({"name": name, "password": "pw", "token-policies": ["x"], "token-ttl": "1h"});
        let path = format!("strongbox/authentication/userpass/{name}");
        house.put(&house.root, &path, user).await.unwrap();
    }
    house.policy(rules).await.unwrap();
    let alice = house.alice().await;
    (house, alice)
}

const USERS: &str = "strongbox/authentication/userpass";

#[tokio::test]
async fn without_a_rule_everything_is_refused() {
    let house = House::new().await;
    let alice = house.alice().await;
    let (status, message) = house.get(&alice, ISSUERS).await.unwrap_err();
    assert_eq!(
        (status, message.as_str()),
        (403, "read is refused: no rule of the caller's policies allows it")
    );
    assert_eq!(code(&house.put(&alice, "policy/policies/ops", json!({})).await), 403);
    assert_eq!(code(&house.delete(&alice, "strongbox/authentication/userpass/alice").await), 403);
    assert_eq!(code(&house.patch(&alice, "strongbox/authentication/userpass/nobody", json!({})).await), 403);
}

#[tokio::test]
async fn a_list_shows_the_entries_that_may_be_read_without_what_is_hidden() {
    let (house, alice) = with_rules(json!([
        {"path": "strongbox/authentication/userpass/bob", "operations": {"read": "allow"},
         "hide-fields": ["token-policies", "password"]},
    ]))
    .await;
    let users = house.get(&alice, USERS).await.unwrap();
    assert_eq!(users, json!([{"name": "bob", "token-ttl": "1h"}]));
    assert_eq!(house.state(&alice, USERS).await.unwrap()[0]["name"], "bob");
    assert_eq!(code(&house.get(&alice, "strongbox/authentication/userpass/carol").await), 403);
    assert_eq!(code(&house.get(&alice, "strongbox/authentication/userpass/nobody").await), 403);
    assert_eq!(code(&house.get(&house.root, "strongbox/authentication/userpass/nobody").await), 404);
}

#[tokio::test]
async fn what_a_rule_rejects_cannot_be_seen_or_changed_from_above() {
    let (house, alice) = with_rules(json!([
        {"path": "**", "operations": {"all": "allow"}},
        {"path": "strongbox/authentication/userpass/carol", "operations": {"all": "reject"}},
        {"path": "strongbox/authentication/userpass/*/token-policies", "operations": {"update": "reject"}},
    ]))
    .await;
    let all = house.get(&alice, "/").await.unwrap();
    let names: Vec<&Value> = all["strongbox"]["authentication"]["userpass"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["name"])
        .collect();
    assert_eq!(names, ["alice", "bob"]);
    let with_carol = json!({"userpass": [{"name": "carol", "password": "pw", "token-ttl": "2h"}]});
    let (status, message) = house.patch(&alice, "strongbox/authentication", with_carol).await.unwrap_err();
    assert_eq!(status, 403, "{message}");
    assert_eq!(code(&house.delete(&alice, "strongbox/authentication").await), 403);
    let bob = "strongbox/authentication/userpass/bob";
    assert_eq!(code(&house.patch(&alice, bob, json!({"token-policies": ["root"]})).await), 403);
    house.put(&house.root, bob, json!({"name": "bob", "password": "pw"})).await.unwrap();
    assert_eq!(code(&house.patch(&alice, bob, json!({"token-ttl": "2h"})).await), 200);
}

#[tokio::test]
async fn a_put_that_creates_and_one_that_updates_are_two_things() {
    let (house, alice) = with_rules(json!([
        {"path": "strongbox/authentication/userpass/*", "operations": {"create": "allow"}},
    ]))
    .await;
    let user = |name: &str| json!({"name": name, "password": "pw"});
    assert_eq!(code(&house.put(&alice, &format!("{USERS}/bob"), user("bob")).await), 403);
    assert_eq!(code(&house.put(&alice, &format!("{USERS}/dave"), user("dave")).await), 200);
    assert_eq!(code(&house.post(&alice, &format!("{USERS}/erin"), user("erin")).await), 200);
    assert_eq!(code(&house.post(&alice, &format!("{USERS}/erin"), user("erin")).await), 409);
    assert_eq!(code(&house.delete(&alice, &format!("{USERS}/erin")).await), 403);
}

#[tokio::test]
async fn a_change_of_policy_holds_from_the_next_request_on() {
    let (house, alice) = with_rules(json!([{"path": "strongbox/**", "operations": {"read": "allow"}}])).await;
    assert_eq!(code(&house.get(&alice, USERS).await), 200);
    house.policy(json!([])).await.unwrap();
    assert_eq!(code(&house.get(&alice, USERS).await), 403);
    house.delete(&house.root, "policy/policies/ops").await.unwrap();
    assert_eq!(code(&house.get(&alice, USERS).await), 403);
}

#[tokio::test]
async fn a_rule_that_can_match_nothing_is_refused_and_says_why() {
    let house = House::new().await;
    for (path, said) in [
        ("strongbox/jwt-isuers/**", "the model has no node 'jwt-isuers' below /strongbox"),
        ("v1/config/strongbox/**", "leave 'v1' out"),
        (
            "strongbox/jwt-issuers/a,b",
            "does not name an entry of /strongbox/jwt-issuers, which has the keys name",
        ),
        ("strongbox/jwt-issuers/*/roles/*/mint/further", "the model has no node 'further'"),
    ] {
        let (status, message) =
            house.policy(json!([{"path": path, "operations": {"read": "allow"}}])).await.unwrap_err();
        assert!(status == 400 && message.contains(said), "{path}: {message}");
    }
    let hidden = |name: &str| json!([{"path": "**", "operations": {"read": "allow"}, "hide-fields": [name]}]);
    assert_eq!(code(&house.policy(hidden("signing-kee")).await), 400);
    assert_eq!(code(&house.policy(hidden("signing-key")).await), 200);
    for path in ["/strongbox/jwt-issuers/*/roles/*/mint", "**/mint", "strongbox/*/x", "login", "tenants/*"] {
        let rules = json!([{"path": path, "operations": {"update": "allow"}}]);
        assert_eq!(code(&house.policy(rules).await), 200, "{path}");
    }
}

#[tokio::test]
async fn what_get_returned_can_be_put_back_by_whoever_does_not_see_everything() {
    let (house, alice) = with_rules(json!([
        {"path": "strongbox/authentication/**", "operations": {"all": "allow"}, "hide-fields": ["token-policies"]},
        {"path": "strongbox/authentication/userpass/carol", "operations": {"read": "reject"}},
    ]))
    .await;
    let before = house.get(&house.root, "strongbox/authentication").await.unwrap();
    for path in ["strongbox/authentication", "strongbox/authentication/userpass/bob"] {
        let seen = house.get(&alice, path).await.unwrap();
        assert!(
            !seen.to_string().contains("token-policies") && !seen.to_string().contains("carol"),
            "{seen}"
        );
        house.put(&alice, path, seen).await.unwrap();
        assert_eq!(house.get(&house.root, "strongbox/authentication").await.unwrap(), before, "{path}");
    }
    house.put(&alice, "strongbox/authentication", json!({})).await.unwrap();
    let left = house.get(&house.root, "strongbox/authentication/userpass").await.unwrap();
    assert_eq!(left.as_array().unwrap().iter().map(|user| &user["name"]).collect::<Vec<_>>(), ["carol"]);
}
