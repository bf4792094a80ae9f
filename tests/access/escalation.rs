//! Nobody gets more authority by what it may write than it has.

use super::*;

const USERS: &str = "strongbox/authentication/userpass";

/// A house in which alice (policy ops) may write users, roles and policies, and read the issuers; `boss` may do more.
async fn with_writer() -> (House, String) {
    let house = House::new().await;
    let rules = json!([
        {"path": "strongbox/authentication/**", "operations": {"all": "allow"}},
        {"path": "strongbox/mounts/**", "operations": {"all": "allow"}},
        {"path": "policy/**", "operations": {"all": "allow"}},
        {"path": "strongbox/jwt-issuers/**", "operations": {"read": "allow"}},
    ]);
    house.policy(rules).await.unwrap();
    let boss = json!({"rest-api": {"rules": [{"path": "strongbox/transit-keys/**", "operations": {"all": "allow"}}]}});
    house.put(&house.root, "policy/policies/boss", boss).await.unwrap();
    let reader = json!({"rest-api": {"rules": [{"path": "strongbox/jwt-issuers/*", "operations": {"read": "allow"}}]}});
    house.put(&house.root, "policy/policies/reader", reader).await.unwrap();
    let chief = json!({"password": "pw", "token-policies": ["boss"]});
    house.put(&house.root, &format!("{USERS}/chief"), chief).await.unwrap();
    let alice = house.alice().await;
    (house, alice)
}

#[tokio::test]
async fn a_policy_is_handed_out_only_by_who_has_its_authority() {
    let (house, alice) = with_writer().await;
    let bob = format!("{USERS}/bob");
    let with = |policies: Value| json!({"password": "pw", "token-policies": policies});
    for (policies, said) in [
        (json!(["root"]), "'root'"),
        (json!(["boss"]), "'boss'"),
        (json!(["ops", "nobody-knows"]), "'nobody-knows'"),
    ] {
        let (status, message) = house.put(&alice, &bob, with(policies)).await.unwrap_err();
        assert!(status == 403 && message.contains(said), "{message}");
    }
    assert_eq!(code(&house.put(&alice, &bob, with(json!(["ops", "default"]))).await), 200, "held");
    assert_eq!(
        code(&house.put(&alice, &bob, with(json!(["reader"]))).await),
        200,
        "nothing that alice may not do"
    );
    assert_eq!(code(&house.patch(&alice, &bob, json!({"token-policies": ["root"]})).await), 403);
    assert_eq!(code(&house.put(&house.root, &bob, with(json!(["root"]))).await), 200);
    let whole = json!({"userpass": [{"name": "eve", "password": "pw", "token-policies": ["root"]}]});
    assert_eq!(code(&house.patch(&alice, "strongbox/authentication", whole).await), 403);
    let roles = json!({"token-policies": ["boss"]});
    assert_eq!(code(&house.put(&alice, "strongbox/authentication/approle/x", roles).await), 403);
}

#[tokio::test]
async fn neither_a_mount_nor_a_role_of_tokens_hands_out_what_its_writer_has_not() {
    let (house, alice) = with_writer().await;
    let mount = |policies: Value| {
        let user = json!({"name": "eve", "password": "pw", "token-policies": policies});
        json!({"type": "userpass", "userpass": {"scope": "mount", "users": [user]}})
    };
    let staff = "strongbox/mounts/auth/staff";
    assert_eq!(code(&house.put(&alice, staff, mount(json!(["root"]))).await), 403);
    assert_eq!(code(&house.put(&alice, staff, mount(json!(["ops"]))).await), 200);
    let role = "strongbox/authentication/token-roles/ci";
    assert_eq!(code(&house.put(&alice, role, json!({"allowed-policies": ["boss"]})).await), 403);
    assert_eq!(code(&house.put(&alice, role, json!({"allowed-policy-patterns": ["*"]})).await), 200);
    let asked = json!({"policies": ["boss"]});
    assert_eq!(
        code(&house.call(&alice, &format!("{role}/create-token"), asked).await),
        400,
        "alice has it not"
    );
}

#[tokio::test]
async fn who_changes_an_entry_has_the_authority_that_it_hands_out() {
    let (house, alice) = with_writer().await;
    let chief = format!("{USERS}/chief");
    assert_eq!(code(&house.patch(&alice, &chief, json!({"password": "mine"})).await), 403);
    assert_eq!(code(&house.patch(&alice, &chief, json!({"token-bound-cidrs": ["192.0.2.0/24"]})).await), 403);
    assert_eq!(code(&house.login("chief", "pw").await), 200, "nothing happened");
    let disarmed = json!({"password": "mine", "token-policies": ["ops"]});
    assert_eq!(code(&house.patch(&alice, &chief, disarmed).await), 200, "it hands out less now");
    assert_eq!(code(&house.delete(&alice, &chief).await), 200);
}

#[tokio::test]
async fn a_policy_is_written_only_by_who_has_its_authority() {
    let (house, alice) = with_writer().await;
    let with = |path: &str| json!({"rest-api": {"rules": [{"path": path, "operations": {"all": "allow"}}]}});
    for path in ["**", "strongbox/**", "strongbox/transit-keys/a", "strongbox/jwt-issuers/**"] {
        for name in ["ops", "mine"] {
            let (status, message) =
                house.put(&alice, &format!("policy/policies/{name}"), with(path)).await.unwrap_err();
            assert!(status == 403 && message.contains("all that it allows"), "{message}");
        }
    }
    assert_eq!(code(&house.put(&alice, "policy/policies/mine", with("policy/policies/mine")).await), 200);
    let rules = json!({"rest-api": {"rules": [{"path": "strongbox/**", "operations": {"read": "allow"}}]}});
    assert_eq!(code(&house.patch(&alice, "policy/policies/mine", rules).await), 403);
    assert_eq!(code(&house.delete(&alice, "policy/policies/boss").await), 200);
}

#[tokio::test]
async fn changing_the_keys_of_an_issuer_hands_out_all_of_its_roles() {
    let (house, alice) = with_writer().await;
    let pem = include_str!("../../src/services/jose/testdata/certificate.pem");
    let role = |name: &str, policies: Value| json!({"name": name, "bound-audiences": ["a"], "token-policies": policies});
    let issuer =
        json!({"public-keys": [pem], "roles": [role("low", json!(["ops"])), role("high", json!(["boss"]))]});
    let path = "strongbox/authentication/jwt-auth/corp";
    assert_eq!(code(&house.put(&alice, path, issuer.clone()).await), 403);
    house.put(&house.root, path, issuer).await.unwrap();
    assert_eq!(code(&house.patch(&alice, path, json!({"bound-issuer": "https://mine"})).await), 403);
    let low = format!("{path}/roles/low");
    assert_eq!(code(&house.patch(&alice, &low, json!({"bound-subject": "x"})).await), 200);
    let high = format!("{path}/roles/high");
    assert_eq!(code(&house.patch(&alice, &high, json!({"bound-subject": "x"})).await), 403);
    let group = json!({"groups-claim": "g", "group-policies": [{"group": "x", "policies": ["boss"]}]});
    assert_eq!(code(&house.patch(&alice, &low, group).await), 403);
    assert_eq!(code(&house.delete(&alice, &high).await), 200);
    assert_eq!(code(&house.patch(&alice, path, json!({"bound-issuer": "https://mine"})).await), 200);
}
