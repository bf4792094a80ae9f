//! What a token was obtained by: it is asked again when the token is refreshed, and the token goes with the mount that it
//! is below.

use super::*;

const STAFF: &str = "strongbox/mounts/auth/staff";
const ALMA: &str = "strongbox/mounts/auth/staff/userpass/users/alma";

impl House {
    /// A mount with a user of its own, who has logged in.
    async fn with_staff(&self) -> String {
        let user = json!({"name": "alma", "password": "pw", "token-ttl": "1h", "token-max-ttl": "4h"});
        let mount = json!({"type": "userpass", "userpass": {"scope": "mount", "users": [user]}});
        self.put(&self.root, STAFF, mount).await.unwrap();
        self.alma().await.unwrap()
    }

    async fn alma(&self) -> Result<String, (u16, String)> {
        let input = json!({"mount": "staff", "username": "alma", "password": "pw"});
        let answer = self.request(None, client(), |house| house.invoke("login", input)).await?;
        Ok(answer["token"].as_str().unwrap().to_owned())
    }

    /// Seconds that a token lives after a refresh.
    async fn refreshed(&self, token: &str) -> Result<u64, (u16, String)> {
        let which = json!({"token": token});
        let answer = self.call(&self.root, "strongbox/token/refresh", which).await?;
        Ok(answer["expires-in"].as_u64().unwrap())
    }
}

#[tokio::test]
async fn a_refresh_gives_what_the_source_says_by_then() {
    let house = House::new().await;
    let alma = house.with_staff().await;
    assert_eq!(house.refreshed(&alma).await, Ok(3_600));
    house.patch(&house.root, ALMA, json!({"token-ttl": "30m"})).await.unwrap();
    house.clock.advance(3_000);
    assert_eq!(house.refreshed(&alma).await, Ok(1_800));
    house.patch(&house.root, ALMA, json!({"token-max-ttl": "1h"})).await.unwrap();
    assert_eq!(house.refreshed(&alma).await, Ok(600), "an hour from the log in on");
    house.patch(&house.root, ALMA, json!({"token-max-ttl": "40m"})).await.unwrap();
    let (status, message) = house.refreshed(&alma).await.unwrap_err();
    assert!(status == 400 && message.contains("past its longest life"), "{message}");
    house.patch(&house.root, ALMA, json!({"token-max-ttl": null, "token-period": "20m"})).await.unwrap();
    assert_eq!(house.refreshed(&alma).await, Ok(1_200));
    house.patch(&house.root, STAFF, json!({"tuning": {"max-lease-ttl": "10m"}})).await.unwrap();
    house.patch(&house.root, ALMA, json!({"token-ttl": "5m", "token-period": null})).await.unwrap();
    let refused = house.refreshed(&alma).await.unwrap_err();
    assert_eq!(refused.0, 400, "the mount says no longer than ten minutes");
}

#[tokio::test]
async fn a_token_without_its_source_is_not_refreshed() {
    let house = House::new().await;
    let alma = house.with_staff().await;
    house.patch(&house.root, ALMA, json!({"token-policies": ["ops"]})).await.unwrap();
    let (_, message) = house.refreshed(&alma).await.unwrap_err();
    assert!(message.contains("policies of the user have changed"), "{message}");
    house.delete(&house.root, ALMA).await.unwrap();
    let (_, message) = house.refreshed(&alma).await.unwrap_err();
    assert!(message.contains("is gone"), "{message}");
    assert!(house.caller(&alma).await.is_ok(), "it lives on until it ends");
}

#[tokio::test]
async fn a_mount_takes_its_tokens_along_and_those_below_them() {
    let house = House::new().await;
    house
        .policy(json!([{"path": "strongbox/token/create-token", "operations": {"execute": "allow"}}]))
        .await
        .unwrap();
    let alma = house.with_staff().await;
    house.patch(&house.root, ALMA, json!({"token-policies": ["ops"]})).await.unwrap();
    let other = house.alma().await.unwrap();
    let below = house.call(&other, "strongbox/token/create-token", json!({})).await.unwrap();
    let below = below["token"].as_str().unwrap();
    let alice = house.alice().await;
    house.delete(&house.root, STAFF).await.unwrap();
    for gone in [alma.as_str(), &other, below] {
        assert!(house.caller(gone).await.is_err());
    }
    assert!(house.caller(&alice).await.is_ok() && house.caller(&house.root).await.is_ok());
    assert_eq!(house.alma().await, Err((401, "invalid credentials".to_owned())));
    let house = house.restarted().await;
    assert!(house.caller(below).await.is_err() && house.caller(&alice).await.is_ok());
}

#[tokio::test]
async fn an_orphan_lives_on_after_a_restart_too() {
    let house = House::new().await;
    let made = async |house: &House, token: &str| {
        let made =
            house.call(token, "strongbox/token/create-token", json!({"policies": ["root"]})).await.unwrap();
        (made["token"].as_str().unwrap().to_owned(), made["accessor"].clone())
    };
    let (first, accessor) = made(&house, &house.root).await;
    let (second, _) = made(&house, &first).await;
    let (third, _) = made(&house, &second).await;
    let which = json!({"accessor": accessor});
    house.call(&house.root, "strongbox/token/revoke-orphan", which).await.unwrap();
    assert!(house.caller(&first).await.is_err());
    let house = house.restarted().await;
    assert!(house.caller(&second).await.is_ok() && house.caller(&third).await.is_ok());
    house.call(&second, "strongbox/token/revoke", json!({})).await.unwrap();
    assert!(house.caller(&third).await.is_err(), "it still ends with the one above it");
}

#[tokio::test]
async fn roles_of_a_mount_are_found_by_their_id_after_a_restart() {
    let house = House::new().await;
    let role = json!({"name": "ci", "role-id": "the-ci", "bind-secret-id": false, "token-bound-cidrs": ["::/0", "0.0.0.0/0"]});
    let mount = json!({"type": "approle", "approle": {"scope": "mount", "roles": [role]}});
    house.put(&house.root, "strongbox/mounts/auth/robots", mount).await.unwrap();
    let house = house.restarted().await;
    let log_in = async |mount: Option<&str>| {
        let mut input = json!({"tenant": "acme", "role-id": "the-ci"});
        if let Some(mount) = mount {
            input["mount"] = mount.into();
        }
        code(&house.request(None, client(), |house| house.invoke("approle-login", input)).await)
    };
    assert_eq!(log_in(Some("robots")).await, 200);
    assert_eq!(log_in(Some("elsewhere")).await, 401);
    assert_eq!(log_in(None).await, 401);
    house.delete(&house.root, "strongbox/mounts/auth/robots/approle/roles/ci").await.unwrap();
    assert_eq!(log_in(Some("robots")).await, 401);
}
