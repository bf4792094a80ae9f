//! What the system tenant takes from a tenant, nobody in that tenant has.

use super::*;

#[tokio::test]
async fn a_tenant_stays_within_its_limits() {
    let house = House::new().await;
    let system = first::root_token(house.gate.engine(), &house.access, "test").await.unwrap();
    let system = system.expose_text().unwrap();
    let rules = json!([
        {"path": "**", "operations": {"all": "allow"}},
        {"path": "strongbox/transit-keys/**", "operations": {"all": "reject"}},
        {"path": "strongbox/authentication/**", "operations": {"all": "allow"}, "hide-fields": ["token-policies"]},
    ]);
    house.put(system, "policy/policies/small", json!({"rest-api": {"rules": rules}})).await.unwrap();
    assert_eq!(code(&house.get(&house.root, "strongbox/transit-keys").await), 200);
    house.put(system, "tenants/acme", json!({"policies": ["small"]})).await.unwrap();
    let (status, message) = house.get(&house.root, "strongbox/transit-keys").await.unwrap_err();
    assert_eq!((status, message.as_str()), (403, "read is refused: it is outside the limits of the tenant"));
    let alice = house.get(&house.root, "strongbox/authentication/userpass/alice").await.unwrap();
    assert!(alice.get("token-policies").is_none(), "{alice}");
    assert_eq!(
        code(&house.get(system, "strongbox/transit-keys").await),
        200,
        "the system tenant has no limits"
    );
    house.put(system, "tenants/acme", json!({"policies": ["gone"]})).await.unwrap();
    assert_eq!(code(&house.get(&house.root, "policy").await), 403, "limits that are not there allow nothing");
    house.put(system, "tenants/acme", json!({})).await.unwrap();
    assert_eq!(code(&house.get(&house.root, "strongbox/transit-keys").await), 200);
}

#[tokio::test]
async fn tenants_see_nothing_of_each_other() {
    let house = House::new().await;
    let system = first::root_token(house.gate.engine(), &house.access, "test").await.unwrap();
    let system = system.expose_text().unwrap();
    house.put(system, "tenants/other", json!({})).await.unwrap();
    let other = house.call(system, "tenants/other/create-token", json!({"ttl": "1h"})).await.unwrap();
    assert_eq!(other["expires-in"], 3600);
    let other = other["token"].as_str().unwrap();
    assert_eq!(house.get(other, "strongbox/authentication/userpass").await.unwrap(), json!([]));
    assert_eq!(house.get(other, "tenants").await.unwrap(), json!([]));
    let (status, message) = house.put(other, "tenants/mine", json!({})).await.unwrap_err();
    assert_eq!(status, 400, "{message}");
    assert!(message.contains("only the tenant 'system'"), "{message}");
}
