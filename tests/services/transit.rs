//! Transit keys: versions come with the entry, with `rotate`, with `import` and with time, and go with `trim`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{House, START};

const KEY: &str = "strongbox/transit-keys/k";

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

fn versions(house: &House) -> Vec<u64> {
    let state = house.state(KEY);
    state["versions"].as_array().unwrap().iter().map(|version| version["version"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_key_has_its_first_version_as_soon_as_it_exists() {
    let house = House::new().await;
    for cipher in
        ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ed25519", "hmac-sha256", "aes256-gcm96"]
    {
        let path = format!("strongbox/transit-keys/{cipher}");
        house.put(&path, json!({ "cipher": cipher })).await.unwrap();
        let state = house.state(&path);
        assert_eq!(state["active-version"], 1, "{cipher}");
        assert_eq!(state["last-rotation"], "2024-03-09T16:00:00.000000Z", "{cipher}");
        let version = &state["versions"][0];
        assert_eq!(version["version"], 1);
        assert!(version["private-key"].is_string());
        let symmetric = cipher.starts_with("hmac") || cipher.starts_with("aes");
        assert_eq!(version["public-key"].is_null(), symmetric, "{cipher}");
        assert_eq!(version["jwk"].is_null(), symmetric, "{cipher}");
        if !symmetric {
            assert!(version["public-key"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
        }
    }
}

#[tokio::test]
async fn writing_a_key_again_keeps_its_versions() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519"})).await.unwrap();
    let before = house.state(KEY)["versions"].clone();
    house.put(KEY, json!({"cipher": "ed25519", "deletion-allowed": true})).await.unwrap();
    assert_eq!(house.state(KEY)["versions"], before);
}

#[tokio::test]
async fn rotate_makes_a_new_active_version_and_retires_the_old_one() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ecdsa-p256"})).await.unwrap();
    let signed = house.call(&format!("{KEY}/sign"), json!({"input": base64("m")})).await.unwrap();
    house.clock.advance(60);
    assert_eq!(house.call(&format!("{KEY}/rotate"), json!({})).await.unwrap(), json!({"version": 2}));
    let state = house.state(KEY);
    assert_eq!(state["active-version"], 2);
    assert_eq!(state["versions"][0]["retired-time"], "2024-03-09T16:01:00.000000Z");
    assert!(state["versions"][1]["retired-time"].is_null());
    let verify = |signature| json!({"input": base64("m"), "signature": signature});
    let again = house.call(&format!("{KEY}/sign"), json!({"input": base64("m")})).await.unwrap();
    assert_eq!(again["version"], 2);
    for (signed, version) in [(signed, 1), (again, 2)] {
        let found = house.call(&format!("{KEY}/verify"), verify(signed["signature"].clone())).await.unwrap();
        assert_eq!(found, json!({"valid": true, "version": version}));
    }
}

#[tokio::test]
async fn actions_that_are_only_validated_change_nothing() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519"})).await.unwrap();
    house.call(&format!("{KEY}/rotate"), json!({})).await.unwrap();
    assert_eq!(house.try_out(&format!("{KEY}/rotate"), json!({})).await.unwrap(), json!({"version": 3}));
    assert!(house.try_out(&format!("{KEY}/import"), json!({"private-key": "x"})).await.is_err());
    assert_eq!(
        house.try_out(&format!("{KEY}/trim"), json!({"before": 2})).await.unwrap(),
        json!({"removed": [1]})
    );
    assert_eq!(versions(&house), [1, 2]);
}

#[tokio::test]
async fn rotations_at_the_same_time_make_one_version_each() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519"})).await.unwrap();
    let path = format!("{KEY}/rotate");
    let rotate = || house.call(&path, json!({}));
    let (a, b, c) = tokio::join!(rotate(), rotate(), rotate());
    let mut made = [a, b, c].map(|made| made.unwrap()["version"].as_u64().unwrap());
    made.sort_unstable();
    assert_eq!(made, [2, 3, 4]);
    assert_eq!(versions(&house), [1, 2, 3, 4]);
}

#[tokio::test]
async fn sign_and_verify_say_what_the_key_cannot_do() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ecdsa-p256"})).await.unwrap();
    let sign = |input| async { house.call(&format!("{KEY}/sign"), input).await.unwrap_err().join("\n") };
    assert_eq!(
        sign(json!({"input": base64("m"), "algorithm": "RS256"})).await,
        "/strongbox/transit-keys/k/sign/algorithm: algorithm cannot be used: a key of cipher ecdsa-p256 does not sign with RS256; it does ES256"
    );
    assert_eq!(
        sign(json!({"input": base64("m"), "version": 7})).await,
        "/strongbox/transit-keys/k/sign/version: the key has no version '7'; it has 1"
    );
    let found = house
        .call(&format!("{KEY}/verify"), json!({"input": base64("m"), "signature": base64("nonsense")}))
        .await
        .unwrap();
    assert_eq!(found, json!({"valid": false}));
}

#[tokio::test]
async fn symmetric_keys_authenticate_or_refuse() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "hmac-sha512"})).await.unwrap();
    let signed = house.call(&format!("{KEY}/sign"), json!({"input": base64("m")})).await.unwrap();
    let input = json!({"input": base64("m"), "signature": signed["signature"]});
    assert_eq!(house.call(&format!("{KEY}/verify"), input).await.unwrap()["valid"], true);
    house.put("strongbox/transit-keys/a", json!({"cipher": "aes256-gcm96"})).await.unwrap();
    let refused =
        house.call("strongbox/transit-keys/a/sign", json!({"input": base64("m")})).await.unwrap_err();
    assert!(refused[0].contains("it does not sign"), "{refused:?}");
}

#[tokio::test]
async fn import_takes_pem_and_jwk_as_the_new_active_version() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519"})).await.unwrap();
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let path = format!("{KEY}/import");
    assert_eq!(house.call(&path, json!({"private-key": jwk})).await.unwrap(), json!({"version": 2}));
    let state = house.state(KEY);
    assert_eq!(state["versions"][1]["jwk"]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    assert_eq!(state["active-version"], 2);
    // RFC 8410 section 10.3.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    assert_eq!(house.call(&path, json!({"private-key": pem})).await.unwrap(), json!({"version": 3}));
    assert_eq!(
        house.state(KEY)["versions"][2]["public-key"],
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
    );
}

#[tokio::test]
async fn import_refuses_what_is_no_key_of_the_cipher_without_quoting_it() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ecdsa-p256"})).await.unwrap();
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    for (input, reason) in [(jwk, "not a key of cipher ecdsa-p256"), ("hunter2", "not PEM")] {
        let refused = house.call(&format!("{KEY}/import"), json!({"private-key": input})).await.unwrap_err();
        assert!(refused[0].contains(reason), "{refused:?}");
        assert!(!refused[0].contains("hunter2") && !refused[0].contains("nWGx"), "{refused:?}");
    }
    assert_eq!(versions(&house), [1]);
}

#[tokio::test]
async fn trim_removes_old_versions_and_never_the_active_one() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519"})).await.unwrap();
    for _ in 0..3 {
        house.call(&format!("{KEY}/rotate"), json!({})).await.unwrap();
    }
    let path = format!("{KEY}/trim");
    let refused = house.call(&path, json!({"before": 5})).await.unwrap_err();
    assert!(refused[0].contains("larger than the active version, which is 4"), "{refused:?}");
    assert_eq!(house.call(&path, json!({"before": 3})).await.unwrap(), json!({"removed": [1, 2]}));
    assert_eq!(versions(&house), [3, 4]);
    house.call(&path, json!({"before": 4})).await.unwrap();
    assert_eq!(house.call(&format!("{KEY}/rotate"), json!({})).await.unwrap(), json!({"version": 5}));
}

#[tokio::test]
async fn a_period_rotates_the_key_when_it_is_due() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519", "auto-rotate-period": "1h"})).await.unwrap();
    house.put("strongbox/transit-keys/still", json!({"cipher": "ed25519"})).await.unwrap();
    house
        .put("strongbox/transit-keys/never", json!({"cipher": "ed25519", "auto-rotate-period": "0s"}))
        .await
        .unwrap();
    house.clock.advance(3599);
    assert_eq!(house.transit.rotate_due(&house.engine).await, 0);
    house.clock.advance(1);
    assert_eq!(house.transit.rotate_due(&house.engine).await, 1);
    assert_eq!(house.transit.rotate_due(&house.engine).await, 0);
    assert_eq!(versions(&house), [1, 2]);
    assert_eq!(house.clock.now().seconds(), START + 3600);
}

#[tokio::test]
async fn cipher_and_exportable_stay_and_deletion_must_be_allowed() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519", "exportable": true})).await.unwrap();
    let refused = house.patch(KEY, json!({"cipher": "ecdsa-p256", "exportable": false})).await.unwrap_err();
    assert_eq!(
        refused,
        [
            "the cipher cannot be changed from 'ed25519' to 'ecdsa-p256'; make another key",
            "exportable cannot be changed from 'true' to 'false'; it stays true"
        ]
    );
    assert!(house.put(KEY, json!({"cipher": "ed25519"})).await.unwrap_err()[0].contains("exportable"));
    assert!(house.delete(KEY).await.unwrap_err()[0].contains("deletion-allowed is false"));
    house.patch(KEY, json!({"deletion-allowed": true})).await.unwrap();
    house.delete(KEY).await.unwrap();
    assert!(house.state(KEY).is_null());
}

#[tokio::test]
async fn a_key_does_not_disappear_with_what_is_around_it() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519"})).await.unwrap();
    assert!(house.put("strongbox", json!({})).await.unwrap_err()[0].contains("deletion-allowed is false"));
    assert_eq!(versions(&house), [1]);
}

#[tokio::test]
async fn a_key_that_is_made_again_is_another_key() {
    let house = House::new().await;
    house.put(KEY, json!({"cipher": "ed25519", "deletion-allowed": true})).await.unwrap();
    let before = house.state(KEY)["versions"][0]["public-key"].clone();
    house.delete(KEY).await.unwrap();
    house.put(KEY, json!({"cipher": "ecdsa-p256"})).await.unwrap();
    let after = house.state(KEY)["versions"][0]["public-key"].clone();
    assert!(after.is_string() && after != before);
    let signed = house.call(&format!("{KEY}/sign"), json!({"input": base64("m")})).await.unwrap();
    assert_eq!(STANDARD.decode(signed["signature"].as_str().unwrap()).unwrap().len(), 64);
}

#[tokio::test]
async fn versions_cannot_be_written_by_a_client() {
    let house = House::new().await;
    let body = json!({"cipher": "ed25519", "versions": [{"version": 1}], "active-version": 9});
    assert!(house.put(KEY, body).await.is_err());
}
